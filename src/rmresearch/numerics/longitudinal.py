"""The constrained longitudinal model: arms that chance formed share one mean before the start.

All answers are outcomes, those before the start included: a mean for each wave, a difference to
the comparison arm for each programme arm at each follow-up, covariates with an effect of their own
at each wave. Whoever answered at all is in it. Liang and Zeger (2000), Sankhya B 62, section 3; Liu
and others (2009), Statistics in Medicine 28, 2509-2530.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rmresearch.errors import FitError
from rmresearch.numerics import lmm
from rmresearch.numerics.basis import Array
from rmresearch.numerics.contrast import Contrast
from rmresearch.numerics.lmm.confounded import refuse_confounded
from rmresearch.numerics.lmm.robust import robust
from rmresearch.numerics.lmm.weights import allowing

__all__ = ["ArmsFit", "Grid", "fit_arms", "grid", "random_terms"]

Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]

#: distinct times that tell a slope from what else varies
TIMES_FOR_SLOPE = 3


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Fixed part over all people x waves, rows by person: ``x`` (people x waves, p), ``names`` (p).

    ``columns`` says where (arm, wave) stands in x: the arm's difference to the comparison there.
    """

    x: Array
    names: tuple[str, ...]
    columns: dict[tuple[int, int], int]

    def weights(self, arm: int, wave: int) -> Array:
        """The difference of an arm to the comparison at a follow-up, as weights (p,)."""
        if (arm, wave) not in self.columns:
            raise ValueError(f"the model has no difference of arm {arm} at wave {wave}")
        weights = np.zeros(len(self.names))
        weights[self.columns[arm, wave]] = 1.0
        return weights


@dataclass(frozen=True, slots=True, eq=False)
class ArmsFit:
    """The fitted model with the rows it was fitted to.

    ``y`` (..., n), ``x`` (n, p), ``terms`` and ``cluster`` (n,) are the rows; ``present`` (..., n)
    which of them count in which replicate (None: all). ``slope``: whether the random part has a
    slope over time; ``no_slope`` says why the data do not allow one that was asked for.
    """

    model: lmm.MixedFit
    grid: Grid
    y: Array
    x: Array
    terms: tuple[lmm.Term, ...]
    cluster: Codes
    present: Flags | None
    slope: bool
    no_slope: str

    def weights(self, arm: int, wave: int) -> Array:
        """The difference of an arm to the comparison at a follow-up, as weights (p,)."""
        return self.grid.weights(arm, wave)

    def record(self, rows: Sequence[Array]) -> tuple[Contrast, ...]:
        """Contrasts by CR2 with an allowance for weights that were estimated (``allowing``)."""
        sandwich = robust(self.model, self.y, self.x, self.cluster, present=self.present)
        return tuple(
            allowing(sandwich.contrast(row), self.model.contrast(row), adjusted)
            for row, adjusted in zip(rows, self.model.kenward_roger_each(rows), strict=True)
        )


def fit_arms(
    y: ArrayLike,
    arm: ArrayLike,
    sets: ArrayLike,
    months: ArrayLike,
    *,
    covariates: Sequence[ArrayLike] = (),
    baseline: bool = True,
    slope: bool = True,
    names: tuple[Sequence[str], Sequence[str]] | None = None,
) -> ArmsFit:
    """Fit all waves at once by REML: ``y`` (..., people, waves), NaN where there is no answer.

    ``arm`` (people,) codes, 0 = comparison; ``sets`` (people,) codes of the unit of independence;
    ``months`` (waves,); ``covariates`` one (people, s) array a wave, finite where y is, a column
    that does not vary at a wave being left out there. ``baseline``: the first wave lies before the
    start, so that arms share its mean. ``names``: of waves and of arms, for messages.

    Random part by rule, never by a test: (1 | person), with (1 | set) where some set has several
    people, and a slope over months of the coarsest of them where ``slope`` and at least three
    distinct times allow it. A slope that the rows cannot tell from the rest, or of which the fixed
    part leaves nothing, is left out, and ``no_slope`` says why. With leading axes (replicates),
    rows missing in a replicate are left out of it. Raises ``FitError`` as ``lmm.fit`` does, and
    where what the fixed part leaves cannot tell the variances apart.

    Arms that were alike before differ by their means afterwards, 8 and 4:

    >>> import numpy as np
    >>> y = np.array([[1.0, 2, 4], [2, 3, 3], [3, 5, 5], [3, 6, 7], [2, 5, 9], [1, 6, 8]])
    >>> found = fit_arms(y, [0, 0, 0, 1, 1, 1], range(6), [0, 3, 6], slope=False)
    >>> found.grid.names
    ('0', '1', '2', '1 at 1', '1 at 2')
    >>> round(float(found.model.contrast(found.weights(1, 2)).estimate), 9)
    4.0
    """
    outcome, arms, units = np.asarray(y, float), np.asarray(arm), np.asarray(sets)
    times = np.asarray(months, float)
    _fits(outcome, arms, units, times)
    there = np.isfinite(outcome)
    anywhere = there.reshape(-1, *outcome.shape[-2:]).any(axis=0)
    fixed = grid(arms, anywhere, covariates, baseline=baseline, names=names)
    lead = outcome.shape[:-2]
    rows = np.flatnonzero(anywhere.ravel())
    flat = outcome.reshape(*lead, -1)[..., rows]
    known = there.reshape(*lead, -1)[..., rows]
    person = rows // times.size
    frame = _Frame(flat, fixed, fixed.x[rows], None if known.all() else known)
    by_month = times[rows % times.size]
    asked = slope and len(np.unique(by_month)) >= TIMES_FOR_SLOPE
    reason = ""
    if slope and not asked:
        reason = f"answers at fewer than {TIMES_FOR_SLOPE} distinct times tell no slope"
    if asked:
        try:
            return frame.fitted(person, units[person], by_month, "")
        except FitError as error:
            reason = str(error)
    return frame.fitted(person, units[person], None, reason)


def random_terms(person: Codes, unit: Codes, months: Array | None) -> tuple[lmm.Term, ...]:
    """(1 | person), (1 | unit) where units have several people, a slope of the coarser of the two.

    All three (n,). Intercept and slope are correlated, so that the origin of time is nothing.
    """
    one = np.ones((person.size, 1))
    coarse = one if months is None else np.column_stack([one, months])
    several = len(np.unique(unit)) < len(np.unique(person))
    if not several:
        return (lmm.Term(person, coarse),)
    return (lmm.Term(person, one), lmm.Term(unit, coarse))


def grid(
    arm: Codes,
    answered: Flags,
    covariates: Sequence[ArrayLike] = (),
    *,
    baseline: bool = True,
    names: tuple[Sequence[str], Sequence[str]] | None = None,
) -> Grid:
    """The fixed part for ``arm`` (people,) and ``answered`` (people, waves): see ``fit_arms``.

    An arm without an answer at a wave, or at a wave where the comparison has none, has no
    difference there; a wave without any answer no mean.
    """
    people, waves = answered.shape
    called = ([str(t) for t in range(waves)], [str(a) for a in range(int(arm.max()) + 1)])
    wave_names, arm_names = names or called
    columns: list[Array] = []
    labels: list[str] = []
    places: dict[tuple[int, int], int] = {}

    def add(values: ArrayLike, wave: int, label: str) -> None:
        column = np.zeros((people, waves))
        column[:, wave] = values
        columns.append(column.ravel())
        labels.append(label)

    seen = [t for t in range(waves) if answered[:, t].any()]
    for t in seen:
        add(1.0, t, wave_names[t])
    for t in [t for t in seen if not (baseline and t == 0)]:
        inside = set(arm[answered[:, t]].tolist())
        for a in sorted(inside - {0}) if 0 in inside else ():
            places[a, t] = len(columns)
            add(arm == a, t, f"{arm_names[a]} at {wave_names[t]}")
    for t in seen if len(covariates) else ():
        given = np.asarray(covariates[t], float).reshape(people, -1)
        for j in np.flatnonzero(np.ptp(given[answered[:, t]], axis=0) > 0):
            # rows without an answer are left out: what stands in them must only be finite
            values = np.where(answered[:, t], given[:, j], 0.0)
            add(values, t, f"covariate {j + 1} at {wave_names[t]}")
    return Grid(np.column_stack(columns), tuple(labels), places)


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Rows with an answer in some replicate, ready to be fitted with one random part or another."""

    y: Array
    grid: Grid
    x: Array
    present: Flags | None

    def fitted(self, person: Codes, unit: Codes, months: Array | None, no_slope: str) -> ArmsFit:
        terms = random_terms(person, unit, months)
        design = lmm.design(self.x, terms, self.grid.names)
        if self.present is None:  # else each replicate that cannot tell them has no estimates
            refuse_confounded(design)
        model = lmm.fit_many(self.y, design, present=self.present)
        return ArmsFit(
            model, self.grid, self.y, self.x, terms, unit, self.present, months is not None,
            no_slope,
        )  # fmt: skip


def _fits(y: Array, arm: Codes, sets: Codes, months: Array) -> None:
    if y.ndim < 2 or arm.shape != y.shape[-2:-1] or sets.shape != arm.shape:
        raise ValueError(f"y {y.shape} (..., people, waves), arm {arm.shape}, sets {sets.shape}")
    if months.shape != y.shape[-1:] or not np.isfinite(months).all():
        raise ValueError(f"months must be {y.shape[-1]} finite numbers, one a wave of y")
    if np.isinf(y).any():
        raise FitError("answers must be finite; NaN marks one that is missing")
    if arm.dtype.kind not in "iu" or arm.min() < 0 or not (arm == 0).any():
        raise ValueError("arm must hold codes from 0 on, 0 being the comparison")
