"""Means of each arm at each wave, or its straight line over the months, from the mixed model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import inferred
from rmresearch.analysis.mixed.frame import Frame, Part, random_part
from rmresearch.analysis.mixed.levels import ANSWERED, Fixed, Found, Model
from rmresearch.numerics.contrast import Contrast
from rmresearch.result import Check, Estimate

__all__ = ["fixed_part", "told"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

LINEAR = "growth in a straight line is exploratory"


def fixed_part(made: Frame, time: str) -> Fixed:
    """A column for each part at each wave, or an intercept and a slope over months for each."""
    columns, names = [], []
    for part, wave, flags in _cells(made):
        if time == "wave":
            columns.append(flags.astype(float))
            names.append(f"{_called(part)} at {made.waves[wave].name}")
    for number, part in enumerate(made.parts) if time == "linear" else ():
        inside = made.part == number
        columns += [inside.astype(float), np.where(inside, made.months, 0.0)]
        names += [f"{_called(part)} at month 0", f"{_called(part)} by month"]
    return Fixed(np.column_stack(columns), tuple(names))


def told(model: Model, time: str, level: float) -> Found:
    """The means or straight lines with their intervals."""
    return _means(model, level) if time == "wave" else _growth(model, level)


def _cells(made: Frame) -> Iterator[tuple[Part, int, Flags]]:
    """The parts and waves with answers, in the order of the columns."""
    for number, part in enumerate(made.parts):
        for wave in range(len(made.waves)):
            flags = (made.part == number) & (made.wave == wave)
            if flags.any():
                yield part, wave, flags


def _called(part: Part) -> str:
    return f"{part.role}, {part.arm}" if part.arm else part.role


def _means(model: Model, level: float) -> Found:
    found, made = Found(), model.made
    kind = base.mean_kind(made.outcome)
    for column, (part, wave, flags) in enumerate(_cells(made)):
        form = _form(model, part, flags, level, parameters=len(made.waves))
        form = replace(form, wave=made.waves[wave].name)
        weights = np.eye(model.fixed.x.shape[1])[column]
        one, own = _judged(model, form, weights, flags, "")
        found.estimates.extend([one, own])
        who = made.people.take(np.unique(made.person[flags])).behind()
        found.rows.append(
            (
                *(base.label(text) for text in (part.role, part.arm, form.wave)),
                base.cell(who.n_people, "count", who),
                base.cell(one.value, kind, who),
                base.cell(one.low, "interval", who),
                base.cell(one.high, "interval", who),
            )
        )
    return found


def _growth(model: Model, level: float) -> Found:
    found, made = Found(), model.made
    for number, part in enumerate(made.parts):
        flags = made.part == number
        form = _form(model, part, flags, level, parameters=2)
        weights = np.eye(model.fixed.x.shape[1])[2 * number + 1]
        one, own = _judged(model, form, weights, flags, "growth")
        found.estimates.extend([one, own])
        who = made.people.take(np.unique(made.person[flags])).behind()
        found.rows.append(
            (
                *(base.label(text) for text in (part.role, part.arm)),
                base.cell(who.n_people, "count", who),
                base.cell(one.value, "contrast", who),
                base.cell(one.low, "interval", who),
                base.cell(one.high, "interval", who),
            )
        )
    said = f"{made.about}: the waves' means come first; a straight line assumes an even course."
    found.checks.append(Check(LINEAR, False, said))
    return found


def _form(model: Model, part: Part, flags: Flags, level: float, *, parameters: int) -> Estimate:
    """Everybody whose answers make this mean; it shares no fixed effect with another part."""
    made = model.made
    people = made.people.take(np.unique(made.person[flags]))
    return base.template(
        people.behind(),
        role=part.role,
        outcome=made.outcome.name,
        group=part.arm,
        estimand=ANSWERED,
        level=level,
        parameters=parameters,
        smallest_level=len(people),
    )


def _judged(
    model: Model, form: Estimate, weights: Array, flags: Flags, term: str
) -> tuple[Estimate, Estimate]:
    """By CR2, and by the model's own errors; a mean is described, so neither has a p-value."""
    ground = base.footing(model.made.people.cluster[np.unique(model.made.person[flags])])
    contrast = model.judged.robust(weights) if ground.rule else model.judged.model(weights)
    how = f"REML, random part {model.random_part}"
    one = inferred(form, contrast, ground, term=term, method=f"{how}; CR2 by cluster")
    judged = model.model.kenward_roger(weights)
    own = inferred(
        form,
        judged,
        ground,
        term=f"{term}-kenward-roger".lstrip("-"),
        method=f"{how}; Kenward-Roger",
    )
    if not ground.rule and _crossed(model):
        one, own = (_told_crossed(each, judged) for each in (one, own))
    return replace(one, p=None), replace(own, p=None)


def _crossed(model: Model) -> bool:
    """Whether the random part says all that people share, of units enough to judge by.

    Pair, person and partner, each of at least as many as the cluster rule asks of clusters: two
    partners leave about one degree of freedom, and an interval wider than the scale.
    """
    made = model.made
    if made.partner is None or not set(random_part(made, None)) <= set(model.units):
        return False
    return min(len(np.unique(made.unit(unit))) for unit in model.units) >= base.CLUSTERS_IN_ALL


def _told_crossed(one: Estimate, judged: Contrast) -> Estimate:
    """Sets too few for CR2: crossed effects say what people share, by the model's own errors."""
    low, high = judged.interval(one.level)
    wide = one.n_people >= base.PEOPLE_FOR_INTERVAL
    return replace(
        one,
        se=base.number(judged.se),
        df=base.number(judged.df),
        low=base.number(low) if wide else None,
        high=base.number(high) if wide else None,
        method=one.method.replace("CR2 by cluster", "Kenward-Roger: CR2 is not possible here"),
    )
