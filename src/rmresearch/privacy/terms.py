"""What each term of an estimate is to the rules: points, a share of people, or a statistic."""

from __future__ import annotations

from collections.abc import Iterable

from rmresearch.privacy import rules
from rmresearch.result import CellKind, Estimate
from rmresearch.study import Outcome

__all__ = ["kind_of", "largest_of", "places_of"]

#: terms in the outcome's own units; what is in none of these lists is a statistic
IN_POINTS = frozenset(
    {
        "",
        "ancova",
        "answered",
        "change-score",
        "classical",
        "completers",
        "complier",
        "cr2",
        "difference-in-differences",
        "dose",
        "equivalence",
        "expected-regression",
        "gain",
        "growth",
        "growth-kenward-roger",
        "imputed",
        "kenward-roger",
        "lee-lower",
        "lee-upper",
        "lin-adjusted",
        "linear",
        "mean",
        "overlap-weighted",
        "paired-t",
        "post-only",
        "record",
        "reliability-corrected",
        "smallest-detectable",
        "subgroup",
        "subgroup-pooled",
        "weighted",
        "worst-lower",
        "worst-upper",
    }
)
#: terms that are shares of people or pairs, and questions whose estimates of record are
SHARES = frozenset(
    {
        "ever-met",
        "favourable",
        "met",
        "overall-attrition",
        "overall-attrition-clusters",
        "plan-reached",
        "reliably-improved",
        "reliably-worsened",
        "responded",
        "share",
        "still-paired",
    }
)
OF_PEOPLE = frozenset({"missingness", "reaction"})
#: whole numbers of people, sums of money (two digits: with the inputs they tell the gain), and the
#: questions whose differences are between shares of people where no outcome says otherwise
WHOLE = frozenset({"number-needed"})
MONEY = frozenset({"cost", "cost-per-point", "net-benefit"})
BETWEEN_SHARES = frozenset({"value", "workforce_outcomes"})


def kind_of(function: str, one: Estimate, outcome: Outcome | None) -> CellKind:
    """As which kind of cell an estimate of an analysis is judged."""
    if one.term in SHARES:
        return "proportion"
    if one.term not in IN_POINTS:
        return "statistic"
    if one.contrast:
        return "contrast"
    share = (function in OF_PEOPLE and one.term == "") or (
        outcome is not None and outcome.kind == "binary"
    )
    if share:
        return "proportion" if one.value is None or 0 <= one.value <= 1 else "statistic"
    return "mean" if outcome is None or len(outcome.items) > 1 else "item-mean"


def places_of(function: str, kind: CellKind, one: Estimate, outcome: Outcome | None) -> int:
    """S7's decimals of an estimate and its ends."""
    largest = largest_of([one.value, one.low, one.high])
    if one.term in WHOLE:
        return 0
    if one.term in MONEY:
        return rules.decimals("mean", None, largest)
    shares = function in BETWEEN_SHARES and outcome is None
    return rules.decimals("proportion" if shares and kind == "contrast" else kind, outcome, largest)


def largest_of(values: Iterable[float | int | str | None]) -> float:
    """The largest size among the numbers, 0 where there is none."""
    numbers = [abs(value) for value in values if isinstance(value, (int, float))]
    return float(max(numbers, default=0))
