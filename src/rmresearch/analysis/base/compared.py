"""One difference at one wave among everybody assigned, with the answers that are missing kept as
gaps: what bounds, weights and imputations start from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing, People
from rmresearch.analysis.base.fit import varies
from rmresearch.result import Estimate
from rmresearch.study import Outcome, Study, Wave

__all__ = ["Compared", "Model", "compared", "score_range"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A linear model whose contrast ``weights`` (p,) is the difference: ``y`` (n,), ``x`` (n, p).

    Completed data sets put their number first: (m, n) and (m, n, p).
    """

    y: Array
    x: Array
    weights: Array
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Everybody assigned who is compared at a wave; arrays run over ``people``.

    ``between`` arms, ``programme`` flags the programme arm; in a single group it flags everybody
    and the difference is the mean change since the baseline. ``before`` and ``after`` are scores,
    NaN where there is no answer; nobody has crossed over. ``strata`` (n, q) are 0 and 1.
    """

    people: People
    outcome: Outcome
    wave: Wave
    contrast: str
    between: bool
    programme: Flags
    before: Array
    after: Array
    strata: Array

    @property
    def asked_before(self) -> bool:
        """Whether anybody answered before the start."""
        return bool(np.isfinite(self.before).any())

    @property
    def answered(self) -> Flags:
        """Who is analysed: answered at the wave and, where it was asked then, before."""
        now = np.isfinite(self.after)
        return now & np.isfinite(self.before) if self.asked_before else now

    @property
    def sides(self) -> NDArray[np.object_]:
        """Which side everybody is on, for the cluster rule."""
        return np.where(self.programme, "programme", "comparison").astype(object)

    @property
    def about(self) -> str:
        """Which difference this is, for a sentence."""
        return f"{self.people.role}, {self.contrast} at {self.wave.name}"

    def ground(self) -> Footing:
        """What inference the clusters carry that answered."""
        kept = self.answered
        return base.footing(self.people.cluster[kept], self.sides[kept] if self.between else None)

    def take(self, keep: Flags) -> Compared:
        """The same difference among those flagged."""
        return Compared(
            self.people.take(keep), self.outcome, self.wave, self.contrast, self.between,
            self.programme[keep], self.before[keep], self.after[keep], self.strata[keep],
        )  # fmt: skip

    def model(self, before: Array | None = None, after: Array | None = None) -> Model:
        """The difference as a linear model: the scores here, or completed ones (..., n).

        Between arms: intercept, arm, baseline (unless nobody answered it or all had the same),
        strata. One group: the change on an intercept.
        """
        then = self.before if before is None else before
        now = self.after if after is None else after
        n = len(self.people)
        if not self.between:
            return Model(now - then, np.ones((n, 1)), np.ones(1), ("change",))
        marks = self.strata[:, self.strata.any(axis=0) & ~self.strata.all(axis=0)]
        columns = [np.ones(n), self.programme.astype(float), *marks.T]
        names = ["intercept", "arm", *(f"stratum {j + 1}" for j in range(marks.shape[1]))]
        known = then[np.isfinite(then)]
        if varies(known):
            columns.append(then)
            names.append("baseline")
        shape = (*np.broadcast_shapes(now.shape, *(c.shape for c in columns)),)
        x = np.stack([np.broadcast_to(column, shape) for column in columns], axis=-1)
        weights = np.zeros(len(columns))
        weights[1] = 1.0
        return Model(now, x, weights, tuple(names))

    def form(self, kept: Flags, *, level: float, parameters: int) -> Estimate:
        """The key of the difference's estimates, with those flagged behind them."""
        counts = [int((kept & side).sum()) for side in (self.programme, ~self.programme)]
        return base.template(
            self.people.take(kept).behind(),
            role=self.people.role,
            outcome=self.outcome.name,
            wave=self.wave.name,
            contrast=self.contrast,
            estimand=base.AS_ASSIGNED,
            level=level,
            parameters=parameters,
            smallest_level=min(counts) if self.between else None,
        )


def compared(
    study: Study, outcome: Outcome, group: People, waves: Sequence[Wave]
) -> Iterator[Compared]:
    """At each wave each programme arm against the comparison arm; a single group against its start.

    Nothing where one of the two has nobody left who has not crossed over, or where a single group
    was not asked before the start.
    """
    wide, design = study.wide(outcome), study.design
    before, strata = group.values(wide[design.baseline.name]), _strata(group)
    comparison = design.comparison if design.programme_arms else None
    for wave in waves:
        after, within = group.values(wide[wave.name]), ~base.crossed_over(study, group, wave)
        if comparison is None:
            one = Compared(
                group, outcome, wave, f"{wave.name} - {design.baseline.name}", False,
                np.ones(len(group), bool), before, after, strata,
            ).take(within)  # fmt: skip
            if one.asked_before:
                yield one
            continue
        for arm in design.programme_arms:
            ours = group.arm == arm.name
            theirs = (group.arm == comparison.name) & within
            if (ours & within).any() and theirs.any():
                yield Compared(
                    group, outcome, wave, f"{arm.name} - {comparison.name}", True,
                    ours, before, after, strata,
                ).take((ours & within) | theirs)  # fmt: skip


def score_range(outcome: Outcome) -> tuple[float, float] | None:
    """The least and the largest score there can be; None for an amount without an end."""
    if outcome.kind == "binary":
        return 0.0, 1.0
    if outcome.low is None or outcome.high is None:
        return None
    return outcome.low, outcome.high


def _strata(group: People) -> Array:
    """One column of 0 and 1 a stratum but the most frequent one (n, q)."""
    names, counts = np.unique(group.stratum.astype(str), return_counts=True)
    others = np.delete(names, int(counts.argmax())) if len(names) else names
    return np.array([group.stratum == name for name in others], float).reshape(-1, len(group)).T
