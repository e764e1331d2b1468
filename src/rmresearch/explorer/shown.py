"""What the explorer says and shows of the numbers: sentences, tiles, picture."""

from __future__ import annotations

from collections.abc import Iterator

from rmresearch.display.numbers import NOTHING, count, number, percent
from rmresearch.explorer.picture import picture
from rmresearch.explorer.seen import ALPHA, Mean, Seen
from rmresearch.report.blocks import Block, Callout, Fact, Facts, FigureBlock, Paragraph
from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import fill, lower_first, named
from rmresearch.whatif.budget import Prices
from rmresearch.world.scenario import Scenario

__all__ = ["cost", "figures", "impossible", "nothing", "small_print", "tell", "tiles", "title"]

#: what is smaller than this is not told, in points
SMALL = 0.005


def tell(key: str, **parts: str) -> str:
    """A sentence of the explorer, through the gate."""
    return say(fill("explorer", key, **parts))


def impossible(base: Scenario, error: ValueError) -> str:
    """Why choices cannot go together, in plain words where the reason is known."""
    if base.design.unit == "department":
        reason = tell("departments")
    elif base.design.departments < 2:
        reason = tell("one_department")
    else:
        reason = str(error).partition(": ")[2] or str(error)
    return f"{fill('explorer', 'impossible', reason=reason)} {tell('kept')}"


def nothing(error: Exception) -> str:
    """Why nothing can be shown, in the words of whatever refused."""
    return fill("explorer", "nothing_shown", reason=str(error))


def title(found: Seen) -> str:
    """How many studies find something, or find something where there is nothing."""
    alone = "_alone" if found.scenario.comparison == "none" else ""
    power = found.power
    return tell(
        f"{'false' if found.nothing else 'found'}{alone}",
        share=percent(power.value),
        error=_points(power.error),
        n=count(found.studies),
    )


def tiles(found: Seen, before: Seen | None, prices: Prices) -> Facts:
    """Power, expected estimate, truth and cost; ``before`` is what was shown until now."""
    power, detail = found.power, tell("points", error=_points(found.power.error))
    if before is not None and before.nothing == found.nothing:
        detail += tell("before", share=percent(before.power.value))
    label = tell("size" if found.nothing else "power")
    return Facts(
        (
            Fact(label, percent(power.value), detail),
            _estimate(found),
            _true(found),
            cost(found.scenario, prices),
        )
    )


def cost(scenario: Scenario, prices: Prices) -> Fact:
    """What the study costs, and how that comes about."""
    detail = tell(
        "cost_detail",
        pairs=count(scenario.pairs),
        per_pair=count(prices.per_pair),
        waves=count(len(scenario.design.waves)),
        per_wave=count(prices.per_wave),
        fixed=count(prices.fixed),
    )
    return Fact(tell("cost"), count(prices.total(scenario)), detail)


def _estimate(found: Seen) -> Fact:
    mean, low, high = found.estimate, found.low, found.high
    if mean is None or low is None or high is None:
        return Fact(tell("estimate"), NOTHING, tell("estimate_none"))
    said = {"low": _number(low.value), "low_error": _error(low),
            "high": _number(high.value), "high_error": _error(high)}  # fmt: skip
    detail = tell("interval", error=_error(mean), unit=found.outcome.unit, **said)
    return Fact(tell("estimate"), number(mean.value, decimals=2, unit=found.outcome.unit), detail)


def _true(found: Seen) -> Fact:
    if found.true is None:
        return Fact(tell("true"), NOTHING, tell("true_unknown"))
    value = number(found.true.value, decimals=2, unit=found.outcome.unit)
    about = {"label": lower_first(found.outcome.label), "wave": lower_first(found.wave.label)}
    by_chance = {"error": _error(found.true), "unit": found.outcome.unit}
    error = tell("true_error", **by_chance) if found.true.error else ""
    return Fact(tell("true"), value, tell("true_detail", error=error, **about))


def figures(found: Seen) -> tuple[Block, ...]:
    """The picture under its finding, and what must be known to read it."""
    alone = "_alone" if found.scenario.comparison == "none" else ""
    outcome, head = found.outcome, title(found)
    unit = tell(f"unit{alone}", label=named(outcome.label),
                wave=lower_first(found.wave.label), unit=outcome.unit)  # fmt: skip
    numbers = {name: _number(mean.value) if mean else NOTHING for name, mean in
               (("estimate", found.estimate), ("low", found.low), ("high", found.high),
                ("true", found.true))}  # fmt: skip
    alt = tell("alt", title=head, n=count(found.studies), unit=unit, **numbers)
    figure = FigureBlock(picture(found, unit), alt, tell("caption", alpha=f"{ALPHA:g}"), head)
    return (figure, *(Callout("caution", text, "Read this with it") for text in _with_it(found)))


def _with_it(found: Seen) -> Iterator[str]:
    """What a figure hides, as one remark."""
    remarks = [*_off(found), *_counts(found)]
    if remarks:
        yield " ".join(remarks)


def _off(found: Seen) -> Iterator[str]:
    """How far studies are off on average: by flattery, and by the analysis or the design."""
    if found.estimate is None or found.true is None or found.reported is None:
        return
    unit = found.outcome.unit
    flattery = found.reported.value - found.true.value
    if abs(flattery) >= SMALL:
        way = fill("phrase", "higher" if flattery > 0 else "lower")
        yield tell("flattery", amount=_number(abs(flattery)), unit=unit, way=way)
    off = found.estimate.value - found.reported.value
    if abs(off) > max(SMALL, 3.0 * (found.estimate.error + found.reported.error)):
        key = {"none": "off_alone", "pool": "off_pool"}.get(found.scenario.comparison, "off")
        yield tell(key, amount=_number(off), unit=unit)


def _counts(found: Seen) -> Iterator[str]:
    if found.reversed:
        yield tell("reversed", count=count(found.reversed))
    if found.withheld:
        yield tell("withheld", share=percent(found.withheld / found.studies))
    silent = found.studies - len(found.estimates)
    if silent:
        yield tell("failed", count=count(silent), n=count(found.studies))
    if found.failures:
        reason = max(found.failures, key=lambda one: found.failures[one])
        yield fill("explorer", "reason", reason=reason)  # an analysis's own words, not the gate's


def small_print(found: Seen) -> Paragraph:
    """What an error is, what everything rests on, and from which seed it was drawn."""
    return Paragraph(tell("small_print", seed=str(found.seed)), "small")


def _points(share: float) -> str:
    """An error of a share in percentage points."""
    return number(100.0 * share, decimals=1)


def _number(value: float) -> str:
    return number(value, decimals=2)


def _error(mean: Mean) -> str:
    """A Monte Carlo error, to the decimal that says something."""
    return number(mean.error, decimals=3 if mean.error < 0.01 else 2)
