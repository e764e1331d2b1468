"""The model of record of each feature, and what stands beside it: shape, new pairs, meetings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing, inferred
from rmresearch.analysis.base.fit import measured, valued, varies
from rmresearch.analysis.base.mixed import Judged, judge
from rmresearch.analysis.match.sample import Columns, Sample, together
from rmresearch.errors import FitError, number_of
from rmresearch.numerics import lmm
from rmresearch.numerics.contrast import Contrast
from rmresearch.numerics.effects import holm
from rmresearch.numerics.surface import SURFACE, curve, left_out, polynomial
from rmresearch.result import Cell, Check, Estimate
from rmresearch.study import among

__all__ = ["Found", "adjusted", "asked", "dose", "new_pairs", "of_record", "shape", "surface"]

Array = NDArray[np.float64]

CHANCE = "pairs matched by chance"
OBSERVED = "association, observational"
MEETINGS = "Meetings held"
#: people from whom the shape is looked at, and pairs from whom the surface is fitted
PEOPLE_FOR_SHAPE, PAIRS_FOR_SURFACE = 40, 100
PERCENTILES = (10, 25, 50, 75, 90)
#: what the surface's numbers say
MEANS = {
    "a1": "slope where both answer alike",
    "a2": "bend where both answer alike",
    "a3": "slope where they differ",
    "a4": "bend where they differ",
}


@dataclass(frozen=True, slots=True)
class Found:
    """Estimates, checks and table rows of one role."""

    estimates: list[Estimate] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    rows: dict[str, list[tuple[Cell, ...]]] = field(default_factory=dict)

    def row(self, table: str, *cells: Cell) -> None:
        """Add a row to a table."""
        self.rows.setdefault(table, []).append(cells)


def asked(found: Sample, one: Columns, level: float) -> Estimate:
    """The key of a feature's estimates, with the people behind them."""
    smallest = len(one.y)
    if one.feature.yes_no:
        smallest = int(min((one.fit > 0).sum(), (one.fit <= 0).sum()))
    return base.template(
        one.people.behind(),
        role=found.role,
        outcome=found.outcome.name,
        wave=found.wave.name,
        contrast="1 - 0" if one.feature.yes_no else "+1 SD",
        group=one.feature.name,
        estimand=_estimand(found),
        level=level,
        parameters=one.x.shape[1],
        smallest_level=smallest,
    )


def _estimand(found: Sample) -> str:
    return CHANCE if found.study.design.matching.procedure == "random" else OBSERVED


def of_record(found: Sample, one: Columns, form: Estimate) -> list[Estimate]:
    """The feature's coefficient, and beside it Kenward and Roger's where people share a set."""
    last = np.eye(one.x.shape[1])[-1]
    ground = base.footing(one.people.cluster)
    model = _mixed(one)
    if model is None:
        contrast = _plain(one, last, ground)
        how = "least squares (nobody shares a set, so the mixed model is this), CR2 by cluster"
        return [inferred(form, contrast, ground, method=how)]
    contrast = model.robust(last) if ground.rule else model.model(last)
    record = inferred(form, contrast, ground, method="REML, (1 | set); CR2 by cluster")
    own = inferred(
        form, model.fitted.kenward_roger(last), ground, term="kenward-roger",
        method="REML, (1 | set); Kenward-Roger",
    )  # fmt: skip
    return [record, own]


def _plain(one: Columns, weights: Array, ground: Footing) -> Contrast:
    return measured(one.y, one.x, one.people.cluster, weights, ground, one.names, of_record=True)


def _mixed(one: Columns) -> Judged | None:
    """The mixed model where sets hold several of the people; else it is least squares."""
    codes = np.unique(one.people.cluster, return_inverse=True)[1]
    if int(codes.max()) + 1 == len(codes):
        return None
    if not codes.any():
        raise FitError(
            f"all {len(codes)} people are linked by pairs into one set, so that no two of them are "
            f"independent"
        )
    terms = (lmm.Term(codes, np.ones((len(codes), 1))),)
    fitted = lmm.fit(one.y, one.x, terms, names=one.names)
    if not fitted.converged and not fitted.exact:
        raise FitError("the mixed model did not converge, so it gives no estimate")
    return judge(fitted, one.y, one.x, terms, one.people.cluster)


def adjusted(records: Sequence[Estimate]) -> list[Estimate]:
    """Holm's p over the features of one role, of those that have a p at all."""
    tested = [one for one in records if one.p is not None]
    found = holm([one.p for one in tested if one.p is not None]) if tested else ()
    method = f"Holm over {len(tested)} features"
    return [
        replace(valued(one, p, term="holm", method=method), p=float(p))
        for one, p in zip(tested, found, strict=True)
    ]


def new_pairs(found: Sample, models: Sequence[Columns], level: float) -> list[Estimate]:
    """How much of what is left unexplained do the features predict in clusters not seen before?

    1 - (squared misses with the feature) / (without it), each cluster left out of the fit in
    turn; below 0 the feature predicts worse than nothing.
    """
    made = []
    method = "1 - squared misses with / without, each cluster left out in turn"
    for one in models:
        form = asked(found, one, level)
        value = _predicted(one.y, one.x, one.x[:, :-1], one.people.cluster)
        made.append(valued(form, value, term="out-of-sample-r2", method=method))
    whole = together(models) if len(models) > 1 else None
    if whole is not None:
        y, x, without, people = whole
        form = base.template(
            people.behind(), role=found.role, outcome=found.outcome.name, wave=found.wave.name,
            group="all features", estimand=_estimand(found), level=level, parameters=x.shape[1],
        )  # fmt: skip
        value = _predicted(y, x, without, people.cluster)
        made.append(valued(form, value, term="out-of-sample-r2", method=method))
    return [one for one in made if one.value is not None]


def _predicted(y: Array, x: Array, without: Array, cluster: NDArray[np.int64]) -> float | None:
    try:
        more, less = (float((left_out(y, part, cluster) ** 2).sum()) for part in (x, without))
    except FitError:
        return None
    return 1.0 - more / less if less > 0 else None


def shape(found: Sample, one: Columns, form: Estimate, into: Found) -> None:
    """Is the gain straight in the fit? A look: differences from the middle fit along a spline."""
    if one.feature.yes_no or len(one.y) < PEOPLE_FOR_SHAPE:
        return
    knots = np.percentile(one.fit, (10, 50, 90))
    ground = base.footing(one.people.cluster)
    # two knots in one place leave no room for a bend
    if not ground.rule or np.diff(knots).min() < 1e-6 * np.ptp(one.fit):
        return
    x = np.column_stack([one.x[:, :-1], curve(one.fit / one.scale, knots / one.scale)])
    bent = replace(one, x=x, names=(*one.names, "bend"))
    at = np.percentile(one.fit, PERCENTILES)
    columns = curve(at / one.scale, knots / one.scale)
    who = one.people.behind()
    for percentile, value, apart in zip(PERCENTILES, at, columns - columns[2], strict=True):
        weights = np.concatenate([np.zeros(x.shape[1] - 2), apart])
        ends: tuple[float | None, float | None] = (None, None)
        difference = 0.0
        if percentile != 50:
            try:
                contrast = _plain(bent, weights, ground)
            except FitError:
                return
            difference = float(contrast.estimate)
            ends = contrast.interval(form.level) if ground.interval else ends
        into.row(
            "shape",
            *(base.label(text) for text in (found.role, one.feature.name, f"{percentile}%")),
            base.cell(value, "interval", who),
            base.cell(difference, "contrast", who),
            *(base.cell(end, "interval", who) for end in ends),
        )


def surface(found: Sample, one: Columns, form: Estimate, into: Found) -> None:
    """Does it matter where the two agree, and how far apart they are? From 100 pairs on."""
    declared = one.feature.asked
    if declared is None or declared.compare != "close":
        return
    traits = one.feature.traits
    sides = [
        found.mean(traits[role][codes])[one.keep]
        for role, codes in (("senior", found.pairs.senior), ("junior", found.pairs.junior))
    ]
    name = "congruence as a response surface"
    pairs = one.people.behind().n_pairs
    if pairs < PAIRS_FOR_SURFACE:
        detail = (
            f"{found.about}, {one.feature.name}: {number_of(pairs, 'pair', 'pairs')} with a gain; "
            f"a surface has five coefficients more: fitted from {PAIRS_FOR_SURFACE} pairs on."
        )
        into.checks.append(Check(name, False, detail))
        return
    middle = (declared.low + declared.high) / 2.0
    x = np.column_stack([one.x[:, : one.bare], polynomial(sides[0], sides[1], middle)])
    curved = replace(one, x=x, names=(*one.names[: one.bare], "x", "y", "x^2", "xy", "y^2"))
    ground = base.footing(one.people.cluster)
    form = replace(form, contrast="", parameters=x.shape[1], smallest_level=len(one.y))
    for term, weights in SURFACE.items():
        whole = np.concatenate([np.zeros(one.bare), weights])
        try:
            contrast = _plain(curved, whole, ground)
        except FitError as error:
            detail = f"{found.about}, {one.feature.name}: {error}"
            into.checks.append(Check(name, False, detail))
            return
        method = f"polynomial regression about {middle:g} of both scales, CR2 by cluster"
        made = replace(inferred(form, contrast, ground, term=term, method=method), p=None)
        into.estimates.append(made)
        who = one.people.behind()
        into.row(
            "surface",
            *(base.label(text) for text in (found.role, one.feature.name, term, MEANS[term])),
            *(base.cell(v, "statistic", who) for v in (made.value, made.low, made.high)),
        )


def dose(found: Sample, level: float, into: Found) -> None:
    """Did those who met more gain more? Exploratory: who gains may also meet more."""
    log = found.study.meetings
    log = log[log["held"].astype(bool) & among(log["pair"], found.pairs.ids)]
    name = "meetings beside gains are exploratory"
    if log.empty:
        into.checks.append(Check(name, False, f"{found.about}: no meeting held is in the log."))
        return
    counts = log["pair"].value_counts()
    held = np.array([counts.get(pair, 0) for pair in found.pairs.ids], float)
    total: Array = np.bincount(found.own, weights=held, minlength=len(found.people)).astype(float)
    fixed, _ = found.fixed()
    keep = np.isfinite(found.y) & np.isfinite(found.pre)
    some = [j for j in range(fixed.shape[1]) if j == 0 or varies(fixed[keep, j])]
    x = np.column_stack([fixed[keep][:, some], total[keep]])
    people = found.people.take(keep)
    ground = base.footing(people.cluster)
    if not varies(total[keep]) or len(x) < x.shape[1] + 2:
        detail = f"{found.about}: all met equally often, or too few gains are known."
        into.checks.append(Check(name, False, detail))
        return
    form = base.template(
        people.behind(), role=found.role, outcome=found.outcome.name, wave=found.wave.name,
        contrast="+1 meeting", group=MEETINGS, estimand="association, exploratory", term="dose",
        level=level, parameters=x.shape[1],
    )  # fmt: skip
    names = tuple(f"column {j}" for j in range(x.shape[1]))
    weights = np.eye(x.shape[1])[-1]
    try:
        contrast = measured(found.y[keep], x, people.cluster, weights, ground, names)
    except FitError as error:
        into.checks.append(Check(name, False, f"{found.about}: {error}"))
        return
    method = "least squares, CR2 by cluster; exploratory, reverse causation possible"
    into.estimates.append(replace(inferred(form, contrast, ground, method=method), p=None))
    detail = (
        f"{found.about}: those who gain may meet more because they gain, and both may come of "
        f"something else; no share of a match's association is counted as mediated by meetings."
    )
    into.checks.append(Check(name, False, detail))
