"""`dyadic` on arrays: every estimate of every cohort at once, of people who stand in one pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rmresearch.analysis.base.batch import (
    Array,
    Estimates,
    Flags,
    Footings,
    Kernel,
    Panel,
    asked_twice,
    estimates,
    footings,
    valued,
)
from rmresearch.analysis.dyads.gains import BOTH
from rmresearch.analysis.dyads.partners import CLEAR, STARTED, TERMS
from rmresearch.errors import StudyError
from rmresearch.numerics.contrast import judged
from rmresearch.numerics.dyads import ACTOR, PARTNER
from rmresearch.numerics.fieller import fieller
from rmresearch.numerics.many_dyads import ManyDyads, many_dyads
from rmresearch.numerics.many_together import many_together
from rmresearch.study import ROLES, Design, Outcome

__all__ = ["KERNEL"]

#: options of `dyadic` that the arrays answer too
OPTIONS = frozenset({"junior_outcome", "level"})
#: pairs behind the correlation of residuals, in the estimate's words
STARTS = "pairs with both scores before"
#: level of an estimate that has no interval, as `Estimate` has it unless told
NO_INTERVAL = 0.95


def refuse(design: Design, outcome: Outcome) -> None:
    """Raise ``StudyError`` where no cohort of this design could be asked."""
    if not design.linked:
        raise StudyError(
            "answers carry no person ids, so nobody knows whose partner answered what."
        )
    if outcome.role not in {ROLES[0], "all"} or not asked_twice(design, outcome):
        raise StudyError(
            f"{outcome.name} is not asked of the role {ROLES[0]} in the same way before and after."
        )


def answer(panel: Panel, options: Mapping[str, Any]) -> tuple[list[Estimates], Flags]:
    """Each arm's pairs at the last wave, and how arms differ; and which replicates it has answered.

    Left to `dyadic`: people in several pairs, clusters of several pairs, several programme arms,
    one outcome for both roles, and a replicate in which a role did not answer a wave or an arm's
    model cannot be fitted.
    """
    couples = _couples(panel, options)
    if couples is None:
        return [], np.zeros(len(panel.scores), bool)
    level = float(options.get("level", 0.95))
    arms = [one for place in couples.arms if (one := _arm(couples, place, level)) is not None]
    clear = couples.answered & np.all([one.known for one in arms], axis=0)
    if not arms or not arms[0].programme or not clear.any():
        return [], np.zeros_like(clear)
    found = [estimate for one in arms for estimate in one.estimates()]
    if len(arms) == 2:
        found += _contrast(couples, arms[0], arms[1], level)
    return [one.take(clear) for one in found], clear


@dataclass(frozen=True, slots=True, eq=False)
class _Couples:
    """Pairs (replicate, pair, side), the senior first: scores ``before`` and ``after``.

    ``arms``: places of the programme's arm and, if there is one, the comparison's (0 without
    arms); ``paired`` (replicate, pair) which of them are pairs; ``answered`` (replicate,): both
    roles answered both waves.
    """

    panel: Panel
    outcomes: tuple[Outcome, Outcome]
    arms: tuple[int, ...]
    paired: Flags
    before: Array
    after: Array
    answered: Flags

    def key(
        self, side: int | None, group: str, estimand: str, term: str, contrast: str = ""
    ) -> Any:
        """`Estimate.key` of one role's outcome, or of both (``side`` None)."""
        first, second = self.outcomes
        outcome = f"{first.name} with {second.name}" if side is None else self.outcomes[side].name
        role = "all" if side is None else ROLES[side]
        return (role, outcome, self.panel.design.waves[-1].name, contrast, group, estimand, term)

    def named(self, place: int) -> str:
        """An arm's name, "" without arms."""
        arms = self.panel.design.arms
        return arms[place].name if arms else ""


def _couples(panel: Panel, options: Mapping[str, Any]) -> _Couples | None:
    """The pairs with both members' scores; None where arrays cannot be asked."""
    design, asked = panel.design, options.get("junior_outcome")
    if panel.partners is None or panel.outcome.role != ROLES[0] or asked is None:
        return None
    try:
        junior = asked if isinstance(asked, Outcome) else design.outcome(str(asked))
    except StudyError:
        return None
    if junior.role != ROLES[1] or not asked_twice(design, junior):
        return None
    partners = panel.partners()
    theirs = partners.scores(junior)
    one_pair = theirs is not None and theirs.shape[2] == 1
    programme = [k for k, arm in enumerate(design.arms) if arm.programme] if design.arms else [0]
    others = [k for k, arm in enumerate(design.arms) if not arm.programme]
    alone = len(np.unique(panel.cluster)) == len(panel.cluster)
    if theirs is None or not one_pair or not alone or len(programme) != 1 or len(others) > 1:
        return None
    start = next(place for place, wave in enumerate(design.waves) if wave.baseline)
    before, after = (
        np.stack([panel.scores[..., place], theirs[:, :, 0, place]], axis=-1)
        for place in (start, len(design.waves) - 1)
    )
    answered = np.isfinite(before).any(axis=1) & np.isfinite(after).any(axis=1)
    return _Couples(
        panel,
        (panel.outcome, junior),
        (*programme, *others),
        partners.paired,
        before,
        after,
        np.asarray(answered.all(axis=-1)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """One arm's answer: ``slopes`` by side and term, the others, and where it is ``known``."""

    programme: bool
    known: Flags
    slopes: Mapping[tuple[int, str], Estimates]
    beside: list[Estimates]
    gains: Estimates

    def estimates(self) -> Iterator[Estimates]:
        """All of them."""
        yield from self.slopes.values()
        yield from self.beside
        yield self.gains


def _arm(couples: _Couples, place: int, level: float) -> _Arm | None:
    """One arm's estimates; None where it has no pairs in any replicate."""
    inside = couples.paired & (couples.panel.arm == place)
    if not inside.any():
        return None
    name = couples.named(place)
    started = inside & np.isfinite(couples.before).all(axis=-1)
    there = started[..., None] & np.isfinite(couples.after)
    model = many_dyads(couples.after, couples.before, there)
    rows = there.swapaxes(1, 2).reshape(len(there), -1)
    ground = footings(rows, np.tile(couples.panel.cluster, 2), [rows])
    slopes = {
        (side, term): estimates(couples.key(side, name, STARTED, term), level,
                                model.fit.contrast(np.eye(6)[places[side]]), ground)
        for side in (0, 1) for term, places in TERMS.items()
    }  # fmt: skip
    beside = [_ratio(couples, slopes, model, ground, side, level) for side in (0, 1)]
    key = couples.key(None, name, STARTS, "residual-correlation")
    beside.append(valued(key, NO_INTERVAL, model.correlation))
    gains = _reciprocity(couples, inside, name, level)
    return _Arm(place == couples.arms[0], model.fit.known, slopes, beside, gains)


def _ratio(
    couples: _Couples,
    slopes: Mapping[tuple[int, str], Estimates],
    model: ManyDyads,
    ground: Footings,
    side: int,
    level: float,
) -> Estimates:
    """Partner's part over the own part, where that is clearly not 0, by Fieller."""
    actor, partner = slopes[side, "actor"], slopes[side, "partner"]
    value, low, high = (np.full(len(actor.value), np.nan) for _ in range(3))
    given = actor.gives_se & partner.gives_se
    top, bottom = PARTNER[side], ACTOR[side]
    for r in np.flatnonzero(given & (np.abs(actor.value) > CLEAR * actor.se)).tolist():
        found = fieller(
            float(partner.value[r]),
            float(actor.value[r]),
            top_variance=float(model.fit.vcov[r, top, top]),
            bottom_variance=float(model.fit.vcov[r, bottom, bottom]),
            covariance=float(model.fit.vcov[r, top, bottom]),
            df=float(min(actor.df[r], partner.df[r])),
            level=level,
        )
        value[r] = found.value
        if found.shape == "bounded" and ground.interval[r]:
            low[r], high[r] = found.low, found.high
    one = valued((*actor.key[:-1], "ratio"), level, value)
    return replace(one, low=low, high=high, gives_interval=np.isfinite(low))


def _reciprocity(couples: _Couples, inside: Flags, name: str, level: float) -> Estimates:
    """The correlation of the two members' gains."""
    gains = couples.after - couples.before
    four = inside & np.isfinite(gains).all(axis=-1)
    ground = footings(four, couples.panel.cluster, [four])
    found = many_together(gains[..., 0], gains[..., 1], four, level=level)
    one = valued(couples.key(None, name, BOTH, "reciprocity"), level, found.value)
    df, low, high = (
        np.where(ground.interval, number, np.nan) for number in (found.df, found.low, found.high)
    )
    p = np.where(ground.p_value, found.p, np.nan)
    return replace(one, df=df, low=low, high=high, p=p,
                   gives_interval=np.isfinite(low), gives_p=np.isfinite(p))  # fmt: skip


def _contrast(couples: _Couples, one: _Arm, other: _Arm, level: float) -> Iterator[Estimates]:
    """The programme's slopes and correlation of gains less the comparison's."""
    between = " - ".join(couples.named(place) for place in couples.arms)
    for (side, term), first in one.slopes.items():
        second = other.slopes[side, term]
        v, w = first.se**2, second.se**2
        with np.errstate(divide="ignore", invalid="ignore"):
            df = (v + w) ** 2 / (v**2 / first.df + w**2 / second.df)
        ground = Footings(
            rule=first.gives_se & second.gives_se,
            interval=first.gives_interval & second.gives_interval,
            p_value=first.gives_p & second.gives_p,
        )
        found = judged(first.value - second.value, v + w, np.nan_to_num(df), False)
        yield estimates(couples.key(side, "", STARTED, term, between), level, found, ground)
    first, second = one.gains, other.gains
    gap = first.value - second.value
    down = np.hypot(first.value - first.low, second.high - second.value)
    up = np.hypot(first.high - first.value, second.value - second.low)
    bare = valued(couples.key(None, "", BOTH, "reciprocity", between), level, gap)
    given = first.gives_interval & second.gives_interval
    low, high = (np.where(given, end, np.nan) for end in (gap - down, gap + up))
    yield replace(bare, low=low, high=high, gives_interval=given)


#: `dyadic` on arrays
KERNEL = Kernel(answer, refuse, OPTIONS, tried=True)
