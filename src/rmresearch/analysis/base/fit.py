"""From arrays to estimates: the fit of record by two routes, and what its precision can show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from rmresearch.analysis.base import Codes, Footing, number
from rmresearch.errors import FitError
from rmresearch.numerics import effects
from rmresearch.numerics.contrast import Contrast
from rmresearch.numerics.dense_route import dense
from rmresearch.numerics.robust import Variance, fit
from rmresearch.result import Check, Estimate
from rmresearch.study import Outcome

__all__ = [
    "RoutesDisagreeError",
    "Sized",
    "Student",
    "agree",
    "exaggeration_check",
    "is_ordinal",
    "measured",
    "merged",
    "power_of",
    "sized",
    "valued",
    "varies",
]

Array = NDArray[np.float64]

#: an exaggeration ratio from here on is flagged (rule E6)
EXAGGERATION = 1.5
#: from here on its exact size says nothing more
UNUSABLE = 100

#: people up to whom an estimate of record is computed twice, and how far the routes may differ
SECOND_ROUTE, ROUTES_AGREE = 3_000, 1e-8


class Sized(Protocol):
    """A kernel's effect size with its own interval (``df`` and ``p`` where it has them)."""

    @property
    def value(self) -> float:
        """The effect size."""

    @property
    def se(self) -> float:
        """Its standard error."""

    @property
    def low(self) -> float:
        """The interval's lower end."""

    @property
    def high(self) -> float:
        """The interval's upper end."""


@dataclass(frozen=True, slots=True)
class Student:
    """A value with its standard error and the df of its t: an `Interval` from plain numbers."""

    estimate: float
    se: float
    df: float

    @property
    def p(self) -> float:
        """Two-sided, NaN where the standard error is not above 0."""
        if not self.se > 0:
            return np.nan
        return float(2.0 * special.stdtr(self.df, -abs(self.estimate / self.se)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The t interval."""
        half = float(special.stdtrit(self.df, 0.5 + level / 2.0)) * self.se
        return self.estimate - half, self.estimate + half


def is_ordinal(outcome: Outcome) -> bool:
    """Whether differences of means claim more than the answers: ordinal and single Likert items."""
    single = len(outcome.items) == 1 and outcome.kind in {"scale", "recommend"}
    return outcome.kind == "ordinal" or single


def varies(values: Array) -> bool:
    """Whether values differ by more than rounding leaves behind."""
    return bool(np.ptp(values) > 1e-12 * np.abs(values).max()) if len(values) else False


def valued(form: Estimate, value: Any, *, term: str, method: str) -> Estimate:
    """The template with a value that has no standard error, interval or p of its own."""
    bare = replace(form, se=None, low=None, high=None, df=None, p=None)
    return replace(bare, value=number(value), term=term, method=method)


class RoutesDisagreeError(FitError):
    """Two routes to one number gave two numbers: nothing is reported."""


def measured(
    y: Array,
    x: Array,
    cluster: Codes,
    weights: ArrayLike,
    ground: Footing,
    names: Sequence[str],
    *,
    of_record: bool = False,
) -> Contrast:
    """One contrast of a least-squares fit with CR2 by cluster.

    Where the clusters carry no CR2, the value still stands (its classical standard error is
    withheld by `base.inferred`). An estimate of record is computed by a second route, in plain
    dense matrices, up to 3,000 people; ``RoutesDisagreeError`` where they differ by more than
    1e-8 of the value.
    """
    kind: Variance = "CR2" if ground.rule else "classical"
    found = fit(y, x, cluster if ground.rule else None, vcov=kind, names=names).contrast(weights)
    if of_record and len(y) <= SECOND_ROUTE:
        again = dense(y, x, cluster if ground.rule else None, kind).contrast(weights)
        agree(found, again, rounding=1e-13 * float(np.abs(y).max()))
    return found


def agree(found: Contrast, again: Contrast, rounding: float) -> None:
    """Refuse two answers that differ by more than 1e-8 of the value and the outcome's rounding.

    ``RoutesDisagreeError`` shows both numbers.
    """
    se = float(found.se) if np.isfinite(found.se) else 0.0
    both = [
        (found.estimate, again.estimate, ROUTES_AGREE * max(abs(found.estimate), se) + rounding),
        (found.se, again.se, ROUTES_AGREE * se + rounding),
        (found.df, again.df, ROUTES_AGREE * found.df),
    ]
    for one, other, most in both:
        unknown = np.isnan(one) and np.isnan(other)
        if not unknown and not abs(one - other) <= most:
            raise RoutesDisagreeError(
                f"two routes to one estimate give {float(one)!r} and {float(other)!r}; nothing is "
                f"reported. Look for covariates that nearly determine one another or very large "
                f"numbers."
            )


def power_of(record: Estimate, smallest_effect: float | None) -> tuple[Estimate, ...]:
    """What a study of this precision could find: beside an estimate of record.

    The smallest detectable effect in the outcome's units, and, where the outcome declares a
    smallest effect of interest, how many times too large a significant estimate would be on
    average if that were the truth. Nothing where the record has no standard error.
    """
    if record.se is None or record.df is None:
        return ()
    detectable = effects.smallest_detectable(record.se, record.df)
    method = "(t.975 + t.80) x SE of the estimate of record"
    found = [valued(record, detectable, term="smallest-detectable", method=method)]
    if smallest_effect is not None:
        ratio = effects.exaggeration_ratio(record.se, record.df, smallest_effect)
        method = f"noncentral t, true effect = declared smallest effect {smallest_effect:g}"
        found.append(valued(record, ratio, term="exaggeration", method=method))
    return tuple(found)


def exaggeration_check(about: str, beside: Iterable[Estimate]) -> tuple[Check, ...]:
    """Whether a significant estimate could be believed in size (rule E6), where it can be said."""
    for estimate in beside:
        if estimate.term == "exaggeration" and estimate.value is not None:
            ratio = estimate.value
            times = f"{ratio:.1f}" if ratio < UNUSABLE else f"more than {UNUSABLE}"
            detail = (
                f"{about}: if the true effect were the declared smallest one, an estimate with "
                f"p < .05 would be {times} times too large on average"
            )
            passed = estimate.value < EXAGGERATION
            return (Check("precise enough to trust its size", passed, detail + "."),)
    return ()


def sized(form: Estimate, found: Sized, ground: Footing, **changes: Any) -> Estimate:
    """The template filled from an effect size that brings its own interval."""
    known = ground.rule and number(found.se) is not None
    return replace(
        form,
        value=number(found.value),
        se=number(found.se) if known else None,
        df=number(getattr(found, "df", None)) if known else None,
        low=number(found.low) if ground.interval else None,
        high=number(found.high) if ground.interval else None,
        p=number(getattr(found, "p", None)) if ground.p_value else None,
        **changes,
    )


def merged(checks: Iterable[Check], *, apart: Sequence[str] = ()) -> tuple[Check, ...]:
    """Checks of one name and verdict become one, which says how many more there are.

    Those named in ``apart`` belong to one contrast each and stay as they are.
    """
    found: dict[tuple[str, bool], list[Check]] = {}
    for check in checks:
        found.setdefault((check.name, check.passed), []).append(check)
    result: list[Check] = []
    for (name, _), same in found.items():
        if name in apart or len(same) == 1:
            result += same
        else:
            more = f" The same holds for {len(same) - 1} more of them."
            result.append(replace(same[0], detail=same[0].detail + more))
    return tuple(result)
