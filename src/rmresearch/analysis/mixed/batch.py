"""`mixed_model` on arrays: every estimate of every cohort at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from rmresearch.analysis.base import CLUSTERS_IN_ALL, Codes
from rmresearch.analysis.base.batch import (
    Array,
    Estimates,
    Flags,
    Footings,
    Kernel,
    Panel,
    estimates,
    footings,
    held,
    valued,
)
from rmresearch.analysis.mixed.levels import ANSWERED, RESIDUAL
from rmresearch.errors import FitError, StudyError
from rmresearch.numerics import lmm
from rmresearch.numerics.lmm.designs import GROUPS
from rmresearch.numerics.lmm.robust import robust
from rmresearch.numerics.longitudinal import TIMES_FOR_SLOPE
from rmresearch.numerics.nested_shares import nested_shares
from rmresearch.numerics.shares import Shares
from rmresearch.study import ROLES, Design, Outcome

__all__ = ["KERNEL"]

#: options of `mixed_model` that the arrays answer too
OPTIONS = frozenset({"level", "slope"})


def refuse(design: Design, outcome: Outcome) -> None:
    """Raise ``StudyError`` where no cohort of this design could be asked."""
    if not design.linked:
        raise StudyError("answers carry no person ids, so nothing is known of anybody over time.")
    if len(outcome.waves or design.waves) < 2:
        raise StudyError(
            f"{outcome.name} is asked at one wave only, so its answers cannot vary over time."
        )


def answer(panel: Panel, options: Mapping[str, Any]) -> tuple[list[Estimates], Flags]:
    """Means of each arm at each wave and the variances; and which replicates it has answered.

    Left to `mixed_model`: a replicate without an answer of some arm at some wave, with few
    clusters or hardly more answers than effects, whose sets hold one person each where others'
    hold several, or whose models do not both converge.
    """
    nothing = np.zeros(len(panel.scores), bool)
    if panel.outcome.role not in ROLES or panel.sets is None:
        return [], nothing
    times = len({wave.months for wave in panel.design.waves})
    slope = bool(options.get("slope", True)) and times >= TIMES_FOR_SLOPE
    aligned, clear = _aligned(panel)
    clear &= _posed(aligned, slope)
    if not clear.any():
        return [], nothing
    inside = aligned.take(clear)
    try:
        model = _fitted(inside, slope)
    except FitError:
        return [], nothing
    fits = np.asarray(model.plain.converged & model.model.converged & (model.plain.sigma2 > 0))
    if not fits.any():
        return [], nothing
    clear[clear] = fits
    level = float(options.get("level", 0.95))
    return [*(one.take(fits) for one in _means(model, level)), *_varied(model, fits, level)], clear


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Both models as `levels.Model` has them, of all replicates; rows are people by wave.

    ``y`` (replicate, rows) and which of it is ``there`` (None: all), ``x`` (rows, p); ``cells``
    has the arm and the wave, by place, of each column of x.
    """

    panel: Panel
    units: tuple[str, ...]
    cells: tuple[tuple[int, int], ...]
    y: Array
    there: Flags | None
    x: Array
    plain: lmm.MixedFit
    model: lmm.MixedFit

    @property
    def cluster(self) -> Codes:
        """The unit of independence of each row."""
        return np.repeat(self.panel.cluster, self.panel.scores.shape[-1])


def _aligned(panel: Panel) -> tuple[Panel, Flags]:
    """The panel with one order of arms, clusters and sets, and which replicates follow it.

    Clusters may change places as wholes: sorted by arm and size they are one design, if as many
    of each size were assigned to each arm.
    """
    if (panel.arm == panel.arm[0]).all() or panel.sets is None:
        return panel, np.ones(len(panel.scores), bool)
    codes, size = np.unique(panel.cluster, return_inverse=True, return_counts=True)[1:]
    keys = [np.broadcast_to(key, panel.arm.shape) for key in (panel.sets, codes, size[codes])]
    order = np.lexsort((*keys, panel.arm), axis=-1)
    arm, cluster, sets = (
        np.take_along_axis(one, order, axis=-1) for one in (panel.arm, keys[1], keys[0])
    )
    cluster, sets = (np.cumsum(np.diff(one, prepend=-1) != 0, axis=-1) for one in (cluster, sets))
    alike = [(one == one[0]).all(axis=-1) for one in (arm, cluster, sets)]
    # whoever is in two arms would count twice
    alike += [cluster[:, -1] == size.size, sets[:, -1] == len(np.unique(panel.sets))]
    whole = replace(
        panel,
        scores=np.take_along_axis(panel.scores, order[..., None], axis=-2),
        arm=np.broadcast_to(arm[0], arm.shape),
        cluster=cluster[0],
        stratum=None,
        ran=None,
        sets=sets[0],
        partners=None,
    )
    return whole, np.logical_and.reduce(alike)


def _posed(panel: Panel, slope: bool) -> Flags:
    """Replicates of whose random part and of whose means the whole design tells."""
    there = np.isfinite(panel.scores)
    known = np.asarray(there.any(axis=-1))
    clear = (held(known, panel.cluster) > 0).sum(axis=-1) >= CLUSTERS_IN_ALL
    for arm in np.unique(panel.arm[0]):
        clear &= there[:, panel.arm[0] == arm].any(axis=1).all(axis=-1)
    units = [np.arange(known.shape[-1])]
    if panel.sets is not None and _several(panel.sets):
        clear &= (held(known, panel.sets) > 1).any(axis=-1)
        units.append(panel.sets)
    rows = there.sum(axis=(1, 2))
    for unit in units:
        count = (held(known, unit) > 0).sum(axis=-1)
        effects = 2 if slope and unit is units[-1] else 1
        # so many effects cannot be told from the residual; of few groups more valleys are tried
        clear &= (effects * count < rows) & ((count >= GROUPS) | (len(np.unique(unit)) < GROUPS))
    return np.asarray(clear)


def _several(sets: Codes) -> bool:
    return len(np.unique(sets)) < len(sets)


def _fitted(panel: Panel, slope: bool) -> _Model:
    people, waves = panel.scores.shape[1:]
    y = panel.scores.reshape(len(panel.scores), -1)
    known = np.isfinite(y)
    there = None if known.all() else known
    cells = tuple((int(arm), wave) for arm in np.unique(panel.arm[0]) for wave in range(waves))
    arm, at = np.repeat(panel.arm[0], waves), np.tile(np.arange(waves), people)
    x = np.column_stack([(arm == a) & (at == t) for a, t in cells]).astype(float)
    months = np.array([wave.months for wave in panel.design.waves])[at]
    one = np.ones((len(x), 1))
    terms = [lmm.Term(np.repeat(np.arange(people), waves), one)]
    units: tuple[str, ...] = ("person",)
    if panel.sets is not None and _several(panel.sets):
        terms.append(lmm.Term(np.repeat(panel.sets, waves), one))
        units = ("person", "set")
    plain = model = lmm.fit_many(y, lmm.design(x, terms), present=there)
    if slope:
        terms[-1] = replace(terms[-1], z=np.column_stack([one, months]))
        model = lmm.fit_many(y, lmm.design(x, terms), present=there)
    return _Model(panel, units, cells, y, there, x, plain, model)


def _means(model: _Model, level: float) -> Iterator[Estimates]:
    """The mean of each arm at each wave, by CR2 and by the model's own errors; none is tested."""
    panel, arms = model.panel, [arm.name for arm in model.panel.design.arms] or [""]
    sandwich = robust(model.model, model.y, model.x, model.cluster, present=model.there)
    singular = {"singular": np.asarray(model.plain.singular, float)}
    weights = np.eye(len(model.cells))
    own = model.model.kenward_roger_each([*weights])
    for column, (arm, wave) in enumerate(model.cells):
        who = np.asarray(np.isfinite(panel.scores[..., wave]) & (panel.arm == arm))
        ground = footings(who, panel.cluster, [who])
        key = _key(panel, panel.design.waves[wave].name, arms[arm])
        ends = {"": sandwich.contrast(weights[column]), "kenward-roger": own[column]}
        for term, contrast in ends.items():
            one = estimates((*key, term), level, contrast, ground, singular)
            yield replace(one, gives_p=np.zeros_like(one.gives_p))


def _varied(model: _Model, fits: Flags, level: float) -> Iterator[Estimates]:
    """Variances, shares and correlations by level, and the spread of courses, where models fit."""
    panel, singular = model.panel.take(fits), np.asarray(model.plain.singular, float)[fits]
    there = np.isfinite(panel.scores)
    known = np.asarray(there.any(axis=-1))
    ground = footings(known, panel.cluster, [known])
    sizes = np.column_stack(
        [*(one[fits, 0, 0] for one in model.plain.covariances), model.plain.sigma2[fits]]
    )
    sets = None if len(model.units) == 1 else panel.sets
    x = model.x.reshape(*there.shape[1:], -1)
    found = nested_shares(panel.scores, x, there, sets, sizes, level=level)
    for k, unit in enumerate((*model.units, RESIDUAL)):
        key = _key(panel, "", unit)
        yield valued((*key, "variance"), level, sizes[:, k], singular=singular)
        for term, (value, *ends) in _shares(found, k).items():
            one = valued((*key, term), level, value, singular=singular)
            low, high = (np.where(ground.interval, end, np.nan) for end in ends)
            yield replace(one, low=low, high=high, gives_interval=np.isfinite(low + high))
    if model.model is not model.plain:
        yield from _courses(model, fits, level, ground, singular)


def _shares(found: Shares, k: int) -> dict[str, tuple[Array, Array, Array]]:
    """The share of level k, and the correlation of two answers that have it in common."""
    own = found.value[:, k], found.low[:, k], found.high[:, k]
    last = found.value.shape[1] - 1
    if k == last:
        return {"variance-share": own}
    if k == last - 1:
        return {"variance-share": own, "icc": own}
    alike = found.value[:, k:last].sum(axis=1), 1.0 - found.high[:, last], 1.0 - found.low[:, last]
    return {"variance-share": own, "icc": alike}


def _courses(
    model: _Model, fits: Flags, level: float, ground: Footings, singular: Array
) -> Iterator[Estimates]:
    """The SD of courses, and the test of a course against none (see `levels`)."""
    key = _key(model.panel, "", model.units[-1])
    sd = np.sqrt(model.model.covariances[-1][fits, 1, 1])
    yield valued((*key, "slope-sd"), level, sd, singular=singular)
    gain = np.maximum(model.plain.criterion[fits] - model.model.criterion[fits], 0.0)
    p = 0.5 * special.chdtrc(1, gain) + 0.5 * special.chdtrc(2, gain)
    one = valued((*key, "slope-test"), level, gain, singular=singular)
    yield replace(one, p=np.where(ground.p_value, p, np.nan), gives_p=ground.p_value)


def _key(panel: Panel, wave: str, group: str) -> tuple[str, ...]:
    """`Estimate.key` without its term."""
    return (panel.outcome.role, panel.outcome.name, wave, "", group, ANSWERED)


#: `mixed_model` on arrays
KERNEL = Kernel(answer, refuse, OPTIONS, tried=True)
