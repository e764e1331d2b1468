"""`compare_arms` on arrays: the estimate of record of every cohort at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rmresearch.analysis.base import AS_ASSIGNED, Codes
from rmresearch.analysis.base.batch import (
    RECORD,
    Array,
    Estimates,
    Flags,
    Kernel,
    Panel,
    asked_twice,
    estimates,
    footings,
    held,
)
from rmresearch.errors import FitError, StudyError
from rmresearch.numerics.contrast import Contrast
from rmresearch.numerics.lmm.designs import GROUPS
from rmresearch.numerics.longitudinal import fit_arms
from rmresearch.numerics.robust import fit
from rmresearch.study import Design, Outcome

__all__ = [
    "KERNEL",
    "OPTIONS",
    "comparison_place",
    "posed",
    "present_at",
    "programme_places",
    "refuse",
    "well_posed",
]

#: options of `compare_arms` that the arrays answer too; the others change no estimate of record
OPTIONS = frozenset({"level", "slope", "rerandomise", "seed"})
#: smallest eigenvalue of the design's correlations from which no column can count as determined
WELL_APART = 1e-4


def refuse(design: Design, outcome: Outcome) -> None:
    """Raise ``StudyError`` where no cohort of this design could be asked."""
    if design.comparison is None:
        raise StudyError(
            "the design has no comparison arm, so nothing can be compared; pre_post describes "
            "how one group changed."
        )
    if not asked_twice(design, outcome):
        raise StudyError(
            f"{outcome.name} is not asked in the same way before and after, so it has no baseline "
            f"to adjust for."
        )


def answer(panel: Panel, options: Mapping[str, Any]) -> tuple[list[Estimates], Flags]:
    """Each arm's difference at each follow-up; and which replicates it has answered.

    A replicate that loses an arm, a stratum or the baseline's variation at some wave, whose columns
    are nearly determined by one another, or whose answers are too few to tell even a random part
    without slopes, is left to `compare_arms`.
    """
    columns, clear = posed(panel)
    if not clear.any():
        return [], clear
    inside, level = panel.take(clear), float(options.get("level", 0.95))
    wanted = {(arm, place): _key(panel, arm, place) for place in columns
              for arm in programme_places(panel)}  # fmt: skip
    if "only" in options:
        wanted = {where: key for where, key in wanted.items() if key == options["only"]}
    if panel.design.randomised and len(columns) > 1:
        return _together(inside, wanted, level, slope=bool(options.get("slope", True)), clear=clear)
    course = _alone({place: (x[clear], y[clear]) for place, (x, y) in columns.items()}, inside)
    return [told(inside, *where, level, course) for where in wanted], clear


def _together(
    panel: Panel, wanted: Collection[tuple[int, int]], level: float, *, slope: bool, clear: Flags
) -> tuple[list[Estimates], Flags]:
    """By the model of all waves: with a slope where the answers tell one, without where they do
    not; ``clear`` says which replicates those of ``panel`` are."""
    known, found = np.zeros(len(panel.scores), bool), None
    for sloped in (True, False) if slope else (False,):
        rest = ~known
        course = _course(panel.take(rest), sloped, wanted) if rest.any() else None
        if course is None or not course.told.any():
            continue
        here = rest.copy()
        here[rest] = course.told
        own = [told(panel.take(rest), *where, level, course).take(course.told).placed(here)
               for where in wanted]  # fmt: skip
        found = own if found is None else [a.otherwise(b) for a, b in zip(found, own, strict=True)]
        known |= here
    clear = clear.copy()
    clear[clear] = known
    return [one.take(known) for one in found or ()], clear


def posed(panel: Panel) -> tuple[dict[int, tuple[Array, Array]], Flags]:
    """x and y of each follow-up by its place, and which replicates are well posed at all."""
    places = range(1, len(panel.design.waves))
    columns = {place: columns_of(panel, place) for place in places}
    held = [well_posed(panel, x, present_at(panel, place)) for place, (x, _) in columns.items()]
    return columns, np.all(held, axis=0)


def told(panel: Panel, arm: int, place: int, level: float, course: _Course) -> Estimates:
    """One arm at one follow-up: the contrast under its key, on the footing of the people behind."""
    sides = [panel.arm == side for side in (arm, comparison_place(panel))]
    ground = footings(present_at(panel, place) & (sides[0] | sides[1]), panel.cluster, sides)
    key = _key(panel, arm, place)
    return estimates(key, level, course.contrast(arm, place), ground, course.model)


def _key(panel: Panel, arm: int, place: int) -> tuple[str, ...]:
    """The key of an arm's difference at a follow-up."""
    names = (panel.design.arms[code].name for code in (arm, comparison_place(panel)))
    wave = panel.design.waves[place].name
    return (panel.outcome.role, panel.outcome.name, wave, " - ".join(names), "", AS_ASSIGNED, "")


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """The fits of all waves: ``contrast(arm, place)``, and how the model's search ended.

    ``told`` (replicate,): whose model is that of the analysis.
    """

    contrast: Callable[[int, int], Contrast]
    model: Mapping[str, Array]
    told: Flags


def _alone(columns: Mapping[int, tuple[Array, Array]], panel: Panel) -> _Course:
    """Covariance analysis of each follow-up by itself."""
    fits = {place: fit(y, x, panel.cluster) for place, (x, y) in columns.items()}

    def contrast(arm: int, place: int) -> Contrast:
        weights = np.zeros(fits[place].coef.shape[-1])
        weights[1 + programme_places(panel).index(arm)] = 1.0
        return fits[place].contrast(weights)

    return _Course(contrast, {}, np.ones(len(panel.scores), bool))


def _course(panel: Panel, slope: bool, wanted: Collection[tuple[int, int]]) -> _Course | None:
    """The constrained longitudinal model of all waves, CR2 by cluster; None where it cannot be.

    ``wanted``: the (arm, place) whose contrasts are asked for.
    """
    aligned = _aligned(panel)
    if aligned is None:
        return None
    order = [comparison_place(panel), *programme_places(panel)]
    marks = [np.zeros((aligned.cluster.size, 0)) if aligned.beside is None else aligned.beside]
    if aligned.stratum is not None:
        marks.append(aligned.stratum[:, None] == np.unique(aligned.stratum)[1:])
    try:
        found = fit_arms(
            aligned.scores,
            np.array([order.index(code) for code in aligned.arm[0]]),
            aligned.cluster,
            [wave.months for wave in panel.design.waves],
            covariates=[np.column_stack(marks)] * len(panel.design.waves),
            slope=slope,
        )
        rows = [found.weights(order.index(arm), place) for arm, place in wanted]
        records = dict(zip(wanted, found.record(rows), strict=True))
    except FitError:
        return None
    known = np.asarray(found.model.converged | found.model.exact)
    # where rows are too few for the columns, or variances cannot be told apart, there are none
    posed = np.isfinite(found.model.coef).all(axis=-1) & _enough(aligned, found.slope)

    def contrast(arm: int, place: int) -> Contrast:
        one = records[arm, place]
        return replace(one, estimate=np.where(known, one.estimate, np.nan))

    converged, singular = (np.asarray(flags, float) for flags in
                           (known, found.model.singular))  # fmt: skip
    return _Course(contrast, {"converged": converged, "singular": singular}, posed)


def _enough(panel: Panel, slope: bool) -> Flags:
    """Replicates whose answers tell the random part of the whole design, as they must alone."""
    there = np.isfinite(panel.scores)
    known, rows = np.asarray(there.any(axis=-1)), there.sum(axis=(1, 2))
    units, found = [np.arange(known.shape[-1])], np.ones(len(known), bool)
    if len(np.unique(panel.cluster)) < known.shape[-1]:
        found &= (held(known, panel.cluster) > 1).any(axis=-1)
        units.append(panel.cluster)
    for unit in units:
        count = (held(known, unit) > 0).sum(axis=-1)
        effects = 2 if slope and unit is units[-1] else 1
        # of few groups more valleys are tried, whoever else has more
        found &= (effects * count < rows) & ((count >= GROUPS) | (len(np.unique(unit)) < GROUPS))
    return found


def _aligned(panel: Panel) -> Panel | None:
    """The panel with one order of arms and strata in all replicates; None where there is none.

    Clusters of one size that were assigned whole may change places: sorted by arm and stratum they
    are one design. Where a replicate has fewer of a kind than another, the places that it leaves
    empty hold nobody's answers.
    """
    if (panel.arm == panel.arm[0]).all():
        return panel
    codes, size = np.unique(panel.cluster, return_inverse=True, return_counts=True)[1:]
    if np.ptp(size) or panel.beside is not None:
        return None
    people = np.argsort(codes, kind="stable").reshape(len(size), -1)
    stratum = np.zeros(panel.cluster.size, int) if panel.stratum is None else panel.stratum
    arm, strata = panel.arm[:, people], np.unique(stratum[people], return_inverse=True)[1]
    strata = strata.reshape(people.shape)
    if np.ptp(arm, axis=-1).any() or np.ptp(strata, axis=-1).any():
        return None
    many = int(strata.max()) + 1
    kinds, source = _places(arm[..., 0] * many + strata[:, 0])
    nobody = np.full((len(arm), 1, people.shape[1], panel.scores.shape[-1]), np.nan)
    held = np.concatenate([panel.scores[:, people], nobody], axis=1)
    scores = np.take_along_axis(held, source[..., None, None], axis=1)
    each = np.repeat(kinds, people.shape[1])
    return replace(
        panel,
        scores=scores.reshape(len(arm), each.size, -1),
        arm=np.broadcast_to(each // many, (len(arm), each.size)),
        cluster=np.repeat(np.arange(len(kinds)), people.shape[1]),
        stratum=None if panel.stratum is None else each % many,
        ran=None,
    )


def _places(kind: Codes) -> tuple[Codes, Codes]:
    """Places sorted by kind, as many of each as the replicate with the most has.

    ``kind`` (replicate, cluster). Gives the kind of each place, and which cluster stands there
    (replicate, place), their number where nobody does.
    """
    replicates, clusters = kind.shape
    counts = (kind[..., None] == np.arange(kind.max() + 1)).sum(axis=1)
    order = np.argsort(kind, axis=1, kind="stable")
    sorted_ = np.take_along_axis(kind, order, axis=1)
    rank = np.arange(clusters) - np.take_along_axis(counts.cumsum(axis=1) - counts, sorted_, axis=1)
    most = counts.max(axis=0)
    source = np.full((replicates, int(most.sum())), clusters)
    np.put_along_axis(source, (most.cumsum() - most)[sorted_] + rank, order, axis=1)
    return np.repeat(np.arange(most.size), most), source


def comparison_place(panel: Panel) -> int:
    """The place of the comparison arm among the design's."""
    return next(place for place, arm in enumerate(panel.design.arms) if not arm.programme)


def programme_places(panel: Panel) -> list[int]:
    """The places of the programme arms among the design's."""
    return [place for place, arm in enumerate(panel.design.arms) if arm.programme]


def present_at(panel: Panel, place: int) -> Flags:
    """Who answered before and at the wave, (replicate, person)."""
    return np.isfinite(panel.scores[..., 0]) & np.isfinite(panel.scores[..., place])


def columns_of(panel: Panel, place: int) -> tuple[Array, Array]:
    """Design (replicate, person, p) and outcome (replicate, person), rows of absent people 0.

    A row of zeros adds nothing to coefficients, CR2 or its df. Baseline, outcome and covariates are
    centred, which moves the intercept only.
    """
    there = present_at(panel, place)
    before, after = (_centred(panel.scores[..., wave], there) for wave in (0, place))
    columns = [there, *(there & (panel.arm == arm) for arm in programme_places(panel)), before]
    if panel.stratum is not None:
        columns += [there & (panel.stratum == code) for code in np.unique(panel.stratum)[1:]]
    if panel.beside is not None:
        columns += [_centred(np.broadcast_to(one, there.shape), there) for one in panel.beside.T]
    return np.stack(columns, axis=-1).astype(float), after


def _centred(scores: Array, there: Flags) -> Array:
    count = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    known = np.where(there, scores, 0.0)
    return np.where(there, known - known.sum(axis=-1, keepdims=True) / count, 0.0)


def well_posed(panel: Panel, x: Array, there: Flags) -> Flags:
    """Replicates with people in every arm and columns well apart from one another.

    ``x`` (replicate, person, p) with rows of zeros for those who are not ``there`` (replicate,
    person).
    """
    arms = [comparison_place(panel), *programme_places(panel)]
    several = np.all([(there & (panel.arm == arm)).sum(axis=-1) >= 2 for arm in arms], axis=0)
    length = np.linalg.norm(x, axis=-2)
    unit = x / np.where(length > 0, length, 1.0)[..., None, :]
    apart = np.linalg.eigvalsh(np.swapaxes(unit, -1, -2) @ unit)[..., 0] > WELL_APART
    return np.asarray(several & apart & (there.sum(axis=-1) > x.shape[-1]))


#: `compare_arms` on arrays
KERNEL = Kernel(answer, refuse, OPTIONS, terms=RECORD)
