"""The fitted models of one group, and how the variance divides among levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.analysis import base
from rmresearch.analysis.base import Behind, Footing, number
from rmresearch.analysis.base.mixed import Judged, judge, slope_check
from rmresearch.analysis.mixed.frame import LEVELS, Frame
from rmresearch.errors import FitError
from rmresearch.numerics import lmm
from rmresearch.numerics.longitudinal import TIMES_FOR_SLOPE
from rmresearch.numerics.shares import Shares, shares
from rmresearch.result import Cell, Check, Estimate

__all__ = ["ANSWERED", "Fixed", "Found", "Model", "fitted", "varied"]

Array = NDArray[np.float64]

ANSWERED = "everyone who answered, as assigned"
RESIDUAL = "residual"
CROSSED = "crossed effects have none"
#: answers of a set up to which crossed shares get an interval: each needs thousands of likelihoods
CROSSED_ANSWERS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """The fixed part: ``x`` (n, p) and what its columns are called."""

    x: Array
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Estimates, table rows and checks of one question about the model."""

    estimates: list[Estimate] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """``plain``: with the units' levels only; ``model``: with courses too, where they can be told.

    The same object where they cannot; ``no_slope`` says why.
    """

    made: Frame
    fixed: Fixed
    units: tuple[str, ...]
    plain: lmm.MixedFit
    model: lmm.MixedFit
    judged: Judged
    slope: bool
    no_slope: str

    @property
    def random_part(self) -> str:
        """The random part in lme4's words."""
        plain = [f"(1 | {unit})" for unit in self.units]
        if self.slope:
            plain[-1] = f"(1 + months | {self.units[-1]})"
        return " + ".join(plain)

    def checks(self) -> list[Check]:
        """Whether there is a course in the random part, and whether a variance is at its edge."""
        found = [slope_check(self.made.about, self.random_part, self.slope, self.no_slope)]
        edge = bool(self.plain.singular)
        said = "a level's variance is estimated as 0: the data show none, which is no proof of none"
        detail = f"{self.made.about}: {said if edge else 'every level has a variance above 0'}."
        return [*found, Check("variances above 0", not edge, detail), *self._partners()]

    def _partners(self) -> list[Check]:
        """Said where people have several partners, so that a score belongs to none of them."""
        if self.made.pair is not None:
            return []
        detail = (
            f"{self.made.about}: some people are in several pairs. A score is the person's, with "
            f"no single partner, so crossed effects of juniors and seniors cannot be told; "
        )
        stands = "the set of linked pairs stands for what partners share."
        if self.made.one_set:
            stands = (
                "all are linked in one set, so what they share cannot be told from the means and "
                "no interval is given."
            )
        return [Check("one partner each", False, detail + stands)]


def fitted(made: Frame, units: Sequence[str], fixed: Fixed, *, slope: bool) -> Model:
    """Both models; ``FitError`` in the units' names where the first one cannot be fitted."""
    units = tuple(units)
    codes = [made.unit(unit) for unit in units]
    one = np.ones((made.y.size, 1))
    flat = tuple(lmm.Term(code, one) for code in codes)
    plain = _named(made, fixed, flat, units)
    if not plain.converged and not plain.exact:
        raise FitError(f"{made.about}: the model did not converge, so it gives no estimate.")
    why = CROSSED if made.partner is not None else _few_times(made)
    terms, model, why = flat, plain, why if slope else ""
    if slope and not why:
        coarse = lmm.Term(codes[-1], np.column_stack([one, made.months]))
        sloped = (*flat[:-1], coarse)
        try:
            found = _named(made, fixed, sloped, units)
            why = "" if found.converged or found.exact else "the model with one did not converge"
        except FitError as error:
            why = str(error)
        if not why:
            terms, model = sloped, found
    judged = judge(model, made.y, fixed.x, terms, made.cluster)
    return Model(made, fixed, units, plain, model, judged, model is not plain, why)


def _few_times(made: Frame) -> str:
    enough = len(np.unique(made.months)) >= TIMES_FOR_SLOPE
    return "" if enough else f"answers at fewer than {TIMES_FOR_SLOPE} distinct times tell none"


def _named(
    made: Frame, fixed: Fixed, terms: Sequence[lmm.Term], units: Sequence[str]
) -> lmm.MixedFit:
    try:
        return lmm.fit(made.y, fixed.x, terms, names=fixed.names)
    except FitError as error:
        said = str(error)
        for place, unit in enumerate(units):
            said = said.replace(f"random term {place}", f"the random term of the {unit}")
            said = said.replace(f"term {place}", f"the term of the {unit}")
        raise FitError(f"{made.about}: {said}") from None


def varied(model: Model, level: float) -> Found:
    """Variances, shares and correlations by level, and the spread of courses."""
    found, made = Found(), model.made
    ground = base.footing(made.people.cluster)
    behind = made.people.behind()
    form = _form(model, behind, level)
    sizes = np.array([float(c[0, 0]) for c in model.plain.covariances] + [model.plain.sigma2])
    known = sizes[-1] > 0 and not model.plain.exact
    share = _shares(model, sizes, ground, level) if known else None
    for k, unit in enumerate((*model.units, RESIDUAL)):
        one = replace(form, group=unit)
        method = f"REML, random part without courses: {_levels(model)}"
        own = replace(one, term="variance", value=number(sizes[k]), method=method)
        part = replace(
            one,
            term="variance-share",
            value=number(share.value[k]) if share else None,
            low=number(share.low[k]) if share else None,
            high=number(share.high[k]) if share else None,
            method=f"{method}; profile likelihood",
        )
        found.estimates.extend([own, part])
        if share and unit != RESIDUAL:
            found.estimates.append(
                _alike(replace(part, term="icc"), share, k, made.partner is not None)
            )
        found.rows.append(
            (
                base.label(made.role),
                base.label(LEVELS.get(unit, "within a person")),
                base.cell(own.value, "statistic", behind),
                base.cell(np.sqrt(sizes[k]), "statistic", behind),
                *(base.cell(x, "statistic", behind) for x in (part.value, part.low, part.high)),
            )
        )
    found.estimates.extend(_courses(model, form, ground))
    return found


def _shares(model: Model, sizes: Array, ground: Footing, level: float) -> Shares:
    """The shares, with intervals (NaN: none) where the clusters carry them."""
    made = model.made
    largest = int(np.bincount(made.cluster).max())
    if not ground.interval or (made.partner is not None and largest > CROSSED_ANSWERS):
        none = np.full(sizes.size, np.nan)
        return Shares(sizes / sizes.sum(), none, none)
    groups = [made.unit(unit) for unit in model.units]
    return shares(made.y, model.fixed.x, groups, made.cluster, sizes, level=level)


def _alike(form: Estimate, share: Shares, k: int, crossed: bool) -> Estimate:
    """The correlation of two answers that share level k: its share and those of all coarser ones.

    Levels that are ``crossed`` hold none but the finest: each of the others is its own share. For
    the finest level that is what the residual leaves, for the coarsest its own share; a level
    between them has no interval.
    """
    last = share.value.size - 2
    if k == last or (crossed and k > 0):
        return form
    one = replace(form, value=number(share.value[k:-1].sum()), low=None, high=None)
    if k > 0 or form.low is None:
        return one
    return replace(one, low=number(1.0 - share.high[-1]), high=number(1.0 - share.low[-1]))


def _levels(model: Model) -> str:
    return " + ".join(f"(1 | {unit})" for unit in model.units)


def _form(model: Model, behind: Behind, level: float) -> Estimate:
    made = model.made
    return base.template(
        behind,
        role=made.role,
        outcome=made.outcome.name,
        estimand=ANSWERED,
        level=level,
        parameters=model.fixed.x.shape[1] + len(model.units) + 1,
    )


def _courses(model: Model, form: Estimate, ground: Footing) -> list[Estimate]:
    """The SD of courses, and the test of a course against none.

    Added to an intercept, a slope brings a variance at the edge of its space and a covariance:
    the statistic follows an equal mixture of chi-square on 1 and 2 df (Stram and Lee 1994).
    """
    if not model.slope or model.model.exact:
        return []
    unit = replace(form, group=model.units[-1], parameters=form.parameters + 2)
    sd = float(np.sqrt(model.model.covariances[-1][1, 1]))
    gain = max(float(model.plain.criterion - model.model.criterion), 0.0)
    p = 0.5 * float(special.chdtrc(1, gain)) + 0.5 * float(special.chdtrc(2, gain))
    method = "restricted likelihood ratio; 50:50 mixture of chi-square on 1 and 2 df"
    return [
        replace(unit, term="slope-sd", value=number(sd), method=f"REML, {model.random_part}"),
        replace(unit, term="slope-test", value=number(gain), method=method,
                p=p if ground.p_value else None),
    ]  # fmt: skip
