"""Who is in which declared group, and the columns of the model that lets groups differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.base.covariates import Covariate, covariates
from rmresearch.analysis.base.fit import varies
from rmresearch.result import Dropped, Estimate
from rmresearch.study import Arm, Outcome, Study, Wave

__all__ = ["Compared", "changed", "compared"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
#: a number with more values than this is a slope, not groups
VALUES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One role at one wave, split by one moderator: arrays run over ``people``.

    ``y`` (n,) is the outcome (or the change), ``treated`` (n,) who is in the programme arm (None:
    one group's change), ``codes`` (n,) the group of each, ``levels`` their names (() where the
    moderator is a number, ``number`` (n,) then), ``beside`` (n, s) baseline and strata.
    """

    study: Study
    outcome: Outcome
    by: str
    wave: Wave
    contrast: str
    group: str
    estimand: str
    people: People
    y: Array
    treated: Flags | None
    codes: NDArray[np.intp]
    levels: tuple[str, ...]
    number: Array | None
    beside: Array

    @property
    def about(self) -> str:
        """What is compared, for a sentence."""
        who = self.study.design.role_label(self.people.role)
        arm = f", {self.group}" if self.group else ""
        return f"{who}{arm}, by {self.by} at {self.wave.name}"

    @property
    def x(self) -> Array:
        """The columns: first those of the groups' contrasts (or of the slope), then the others."""
        one = np.ones(len(self.y))
        if self.number is not None:
            z = self.number - self.number.mean()
            if self.treated is None:
                return np.column_stack([z, one, self.beside])
            return np.column_stack([z * self.treated, one, self.treated, z, self.beside])
        marks = (self.codes[:, None] == np.arange(len(self.levels))).astype(float)
        if self.treated is None:
            return np.column_stack([marks, self.beside])
        return np.column_stack([marks * self.treated[:, None], marks, self.beside])

    @property
    def arms(self) -> NDArray[np.object_]:
        """Each person's side of the contrast."""
        if self.treated is None:
            return np.full(len(self.y), "", object)
        return np.where(self.treated, "in", "out").astype(object)

    def form(self, keep: Flags, level: float, smallest: int, **key: object) -> Estimate:
        """An estimate's key, with the flagged people behind it."""
        return base.template(
            self.people.take(keep).behind(),
            role=self.people.role,
            outcome=self.outcome.name,
            wave=self.wave.name,
            contrast=self.contrast,
            estimand=self.estimand,
            level=level,
            parameters=self.x.shape[1],
            smallest_level=smallest,
            **{"group": self.by, **key},
        )


def compared(
    study: Study, outcome: Outcome, people: People, arm: Arm, wave: Wave, by: str
) -> tuple[Compared | None, tuple[Dropped, ...]]:
    """One programme arm against the comparison at a wave, split by a moderator.

    None where an arm has fewer than 2 people who can enter.
    """
    comparison = study.design.comparison
    names = [arm.name] if comparison is None else [arm.name, comparison.name]
    people = people.take(np.isin(people.arm.astype(str), names))
    wide = study.wide(outcome)
    before, after = (people.values(wide[one.name]) for one in (study.design.baseline, wave))
    about = f"{study.design.role_label(people.role)}, {wave.name}"
    reasons = {
        "already crossed over": base.crossed_over(study, people, wave),
        "no answer at the wave": ~np.isfinite(after),
        "no answer at baseline": ~np.isfinite(before),
        f"no {by}": ~covariates(study, people, [by])[0].known,
    }
    gone: list[Dropped] = []
    out = np.zeros(len(people), bool)
    for reason, flags in reasons.items():
        gone += base.dropped(f"{about}: {reason}", flags & ~out)
        out = out | flags
    people, before, after = people.take(~out), before[~out], after[~out]
    treated = people.arm.astype(str) == arm.name
    if min(int(treated.sum()), int((~treated).sum())) < 2:
        return None, tuple(gone)
    own, *strata = covariates(study, people, [by])
    codes, levels, number, inside, lost = _split(own, treated, about)
    adjusted = [before[inside]] if varies(before[inside]) else []
    kept = Compared(
        study=study,
        outcome=outcome,
        by=by,
        wave=wave,
        contrast=" - ".join(names),
        group="",
        estimand=base.AS_ASSIGNED,
        people=people.take(inside),
        y=after[inside],
        treated=treated[inside],
        codes=codes,
        levels=levels,
        number=number,
        beside=np.column_stack([np.empty((int(inside.sum()), 0)), *adjusted]),
    )
    return _with_strata(kept, strata, inside), (*gone, *lost)


def changed(
    study: Study, outcome: Outcome, people: People, waves: tuple[Wave, Wave], by: str
) -> tuple[Compared, tuple[Dropped, ...]]:
    """One group's change between two waves, split by a moderator."""
    wide = study.wide(outcome)
    before, after = (people.values(wide[wave.name]) for wave in waves)
    own = covariates(study, people, [by])[0]
    name = study.design.role_label(people.role)
    both = np.isfinite(before) & np.isfinite(after)
    gone = (
        *base.dropped(f"{name}: not answered both waves", ~both),
        *base.dropped(f"{name}: no {by}", both & ~own.known),
    )
    keep = both & own.known
    people, change = people.take(keep), (after - before)[keep]
    own = covariates(study, people, [by])[0]
    codes, levels, number, inside, lost = _split(own, None, f"{name}, {waves[1].name}")
    kept = Compared(
        study=study,
        outcome=outcome,
        by=by,
        wave=waves[1],
        contrast=f"{waves[1].name} - {waves[0].name}",
        group="",
        estimand="people who answered both waves",
        people=people.take(inside),
        y=change[inside],
        treated=None,
        codes=codes,
        levels=levels,
        number=number,
        beside=np.empty((int(inside.sum()), 0)),
    )
    return kept, (*gone, *lost)


def _split(
    own: Covariate, treated: Flags | None, about: str
) -> tuple[NDArray[np.intp], tuple[str, ...], Array | None, Flags, tuple[Dropped, ...]]:
    """Each person's group; people of groups with fewer than 2 in an arm are left out."""
    n = len(own.values)
    if own.number and len(np.unique(own.values.astype(float))) > VALUES:
        everyone = np.ones(n, bool)
        return np.zeros(n, np.intp), (), own.values.astype(float), everyone, ()
    texts = [f"{value:g}" if own.number else str(value) for value in own.values]
    names, codes = np.unique(texts, return_inverse=True)
    sides = [np.ones(n, bool)] if treated is None else [treated, ~treated]
    counts = np.array([np.bincount(codes[side], minlength=len(names)) for side in sides])
    enough = np.asarray((counts >= 2).all(axis=0))
    inside = enough[codes] if n else np.zeros(0, bool)
    gone = base.dropped(f"{about}: group of {own.name} with fewer than 2 in an arm", ~inside)
    again = np.cumsum(enough) - 1
    levels = tuple(str(name) for name in names[enough])
    return again[codes[inside]].astype(np.intp), levels, None, inside, gone


def _with_strata(kept: Compared, strata: Sequence[Covariate], inside: Flags) -> Compared:
    """Strata of the randomisation enter unless the moderator's groups already tell them."""
    for one in strata:
        for column in one.columns(inside):
            wider = replace(kept, beside=np.column_stack([kept.beside, column.values]))
            if np.linalg.matrix_rank(wider.x) == wider.x.shape[1]:
                kept = wider
    return kept
