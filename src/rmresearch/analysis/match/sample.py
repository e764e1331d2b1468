"""One role's programme people at one wave: their gains, their partners, and the model's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.base.fit import varies
from rmresearch.analysis.match.features import Feature, Recorded
from rmresearch.errors import FitError, StudyError, number_of
from rmresearch.result import Dropped
from rmresearch.study import Outcome, Study, Wave

__all__ = ["OTHER", "Columns", "Sample", "columns", "gone", "sample", "together", "wave_of"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.intp]
OTHER = {"senior": "junior", "junior": "senior"}


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Everybody of a role in a programme pair; arrays (n,) run over ``people``, NaN = no answer.

    ``own`` and ``other`` (pairs,) are codes of each pair's two people: ``own`` into ``people``,
    ``other`` into the partners; ``place`` (n,) finds a person among the role's traits.
    """

    study: Study
    outcome: Outcome
    wave: Wave
    people: People
    pairs: Recorded
    own: Codes
    other: Codes
    y: Array
    pre: Array

    @property
    def role(self) -> str:
        """Whose gains are asked about."""
        return self.people.role

    @property
    def about(self) -> str:
        """Who this is, for a sentence."""
        return self.study.design.role_label(self.role)

    def mean(self, of_pairs: Array) -> Array:
        """Each person's mean over their pairs; NaN where one of these has no number."""
        n = len(self.people)
        total = np.bincount(self.own, weights=of_pairs, minlength=n)
        return np.asarray(total / np.bincount(self.own, minlength=n))

    def fixed(self) -> tuple[Array, tuple[str, ...]]:
        """Intercept, other programme arms, and the score before, (n, q)."""
        arms = list(dict.fromkeys(sorted(str(arm) for arm in self.people.arm)))[1:]
        dummies = [(self.people.arm == arm).astype(float) for arm in arms]
        names = ("intercept", *(f"arm {arm}" for arm in arms), "score before")
        return np.column_stack([np.ones(len(self.people)), *dummies, self.pre]), names


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The model of one feature, of those with every number: ``x`` (rows, p), the feature last.

    ``keep`` flags these people; ``names`` the columns; ``scale`` is what the feature was divided
    by: its SD, or 1 where it is there or not. ``bare`` of the columns, the first, are neither
    traits nor feature.
    """

    feature: Feature
    keep: Flags
    y: Array
    x: Array
    names: tuple[str, ...]
    fit: Array
    scale: float
    bare: int
    people: People


def wave_of(study: Study, outcome: Outcome, wave: str | None) -> Wave:
    """The follow-up wave asked about: the last with answers unless one is named."""
    if outcome.timing != "repeated":
        raise StudyError(
            f"{outcome.name} is not asked the same way before and after, so it has no gain. Name "
            f"an outcome that is."
        )
    told = base.waves_with_answers(study, outcome)
    if not any(one.baseline for one in told):
        raise StudyError(f"{outcome.name}: nobody answered before the start, so there is no gain.")
    later = [one for one in told if not one.baseline]
    if wave is None:
        if not later:
            raise StudyError(f"{outcome.name}: nobody answered after the start.")
        return later[-1]
    found = study.design.wave(wave)
    if found not in later:
        raise StudyError(
            f"{outcome.name}: no answers after the start at wave {wave}. With answers: "
            f"{base.seen(later)}."
        )
    return found


def sample(study: Study, outcome: Outcome, wave: Wave, group: People, pairs: Recorded) -> Sample:
    """The role's people in programme pairs with their scores before and at ``wave``."""
    frame, codes = pairs.side(group.role)
    place = {person: i for i, person in enumerate(group.ids)}
    people = group.take(np.array([place[person] for person in frame["person"]], np.intp))
    wide = study.wide(outcome)
    found = Sample(
        study=study,
        outcome=outcome,
        wave=wave,
        people=people,
        pairs=pairs,
        own=codes,
        other=pairs.side(OTHER[group.role])[1],
        y=people.values(wide[wave.name]),
        pre=people.values(wide[study.design.baseline.name]),
    )
    both = np.isfinite(found.y) & np.isfinite(found.pre)
    if not both.any():
        raise FitError(
            f"{found.about}: nobody in a programme pair answered {outcome.name} both before and at "
            f"{wave.name}."
        )
    if both.sum() < 2:
        raise FitError(f"{found.about}: a single person has a gain, and nobody to compare it with.")
    if not varies(found.y[both]):
        raise FitError(
            f"{found.about}: all scores on {outcome.name} at {wave.name} are the same, so none "
            f"gained more than another."
        )
    return found


def gone(found: Sample) -> tuple[Dropped, ...]:
    """Who is paired but does not enter, and why."""
    no_pre, no_post = ~np.isfinite(found.pre), ~np.isfinite(found.y)
    return (
        *base.dropped(f"{found.about}: no answer before the start", no_pre),
        *base.dropped(f"{found.about}: no answer at {found.wave.name}", no_post & ~no_pre),
    )


def columns(found: Sample, feature: Feature) -> Columns:
    """The model's columns for one feature; what cannot be told from the rest: ``FitError``."""
    fixed, names = found.fixed()
    fit = found.mean(feature.pair)
    traits = [(f"own {feature.name}", feature.traits[found.role])]
    if not feature.additive:
        theirs = feature.traits[OTHER[found.role]][found.other]
        traits.append((f"partner's {feature.name}", found.mean(theirs)))
    keep = np.isfinite(found.y) & np.isfinite(found.pre) & np.isfinite(fit)
    for _, values in traits:
        keep &= np.isfinite(values)
    if not keep.any():
        raise FitError("nobody with a gain has a pair of whom both answered it")
    if not varies(fit[keep]):
        raise FitError("it is the same in every pair, so nothing can be said about it")
    # a trait that nobody differs in is part of the intercept; so is an outcome's own baseline
    told = [(name, values[keep]) for name, values in traits if varies(values[keep])]
    some = [j for j in range(fixed.shape[1]) if j == 0 or varies(fixed[keep, j])]
    scale = 1.0 if feature.yes_no else float(fit[keep].std(ddof=1))
    parts = [fixed[keep][:, some], *(values for _, values in told), fit[keep] / scale]
    x = np.column_stack(parts)
    labels = (*(names[j] for j in some), *(name for name, _ in told), feature.name)
    _enough(x, feature)
    people = found.people.take(keep)
    return Columns(feature, keep, found.y[keep], x, labels, fit[keep], scale, len(some), people)


def _enough(x: Array, feature: Feature) -> None:
    n, p = x.shape
    if n < p + 2:
        raise FitError(
            f"{number_of(n, 'person', 'people')} with a gain: too few for {p} coefficients (score "
            f"before, what the two people bring, the fit); it needs {p + 2} or more"
        )
    centred = x[:, 1:] - x[:, 1:].mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    if np.linalg.svd(centred / length, compute_uv=False)[-1] < 1e-7:
        raise FitError("it cannot be told from what the two people bring to it by themselves")


def together(found: Sequence[Columns]) -> tuple[Array, Array, Array, People] | None:
    """All features at once: y, x with and without the features, whose; None where too few."""
    keep = np.logical_and.reduce([one.keep for one in found])
    rows = [keep[one.keep] for one in found]
    first = found[0]
    bare = first.x[rows[0], : first.bare]
    traits = [one.x[row, one.bare : -1] for one, row in zip(found, rows, strict=True)]
    fits = [one.x[row, -1:] for one, row in zip(found, rows, strict=True)]
    without = np.column_stack([bare, *traits])
    x = np.column_stack([without, *fits])
    if len(x) < 5 * x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        return None
    return first.y[rows[0]], x, without, first.people.take(rows[0])
