"""The parts of a what-if page that decide: design against design, money, and how many pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rmresearch.display.numbers import NOTHING, count, number, percent
from rmresearch.numerics.proportions import wilson
from rmresearch.report.blocks import (
    Block,
    Callout,
    Column,
    Details,
    FigureBlock,
    Paragraph,
    Section,
    TableBlock,
)
from rmresearch.report.figures import Interval, interval_plot
from rmresearch.report.figures.curves import MOST, Line, Spot, curves_plot
from rmresearch.report.whatif.readings import ALONE, apart_from
from rmresearch.report.words import whatif as words
from rmresearch.whatif.budget import Bought
from rmresearch.whatif.decided import Needed, Purchase
from rmresearch.whatif.judgement import Design, Judgement
from rmresearch.whatif.tally import POWER

__all__ = ["bought", "needed"]

#: rows of a table that is not folded
SHORT = 9
Told = tuple[float, float, float]


def needed(found: Judgement) -> Section | None:
    """How many pairs does each design need? None where nobody asked."""
    if not found.needed:
        return None
    told = [one for one in found.needed if one.pairs is not None]
    first = next(iter(found.analyses))
    share = percent(found.needed[0].power)
    text = [words.tell("needed_text", analysis=words.analysis(first),
                       alpha=percent(found.alpha), share=share)]  # fmt: skip
    several = len(told) > 1
    text += [
        words.tell("needed_bent", where=_where(found, one.design) if several else "")
        for one in told
        if one.bent
    ]
    blocks: list[Block] = [*_needed_picture(found, told, share), Paragraph(" ".join(text))]
    silent = [(_called(found, one.design), one.reason) for one in found.needed if one.reason]
    return Section("needed", "How many pairs are needed", (*blocks, *map(_unanswered, silent)))


def _unanswered(told: tuple[str, str]) -> Callout:
    return Callout("caution", told[1][:1].upper() + told[1][1:], f"No answer: {told[0]}")


def _needed_picture(found: Judgement, told: Sequence[Needed], share: str) -> Iterator[Block]:
    if not told:
        return
    title, unit = _needed_title(found, told, share), f"pairs until {share} find a difference"
    curves = [_curve(found, one) for one in told]
    drawn = curves_plot(
        curves[:MOST],
        title=title if len(told) == 1 else "Power at the sizes that the numbers rest on",
        unit="share of studies that find a difference",
        along="pairs over all arms",
        caption=words.tell("needed_curve"),
        reference=told[0].power,
        share=True,
    )
    if len(told) == 1:
        yield drawn
        return
    rows = [
        Interval(label=_called(found, one.design), value=float(one.pairs or 0), low=one.low,
                 high=one.high)
        for one in told
    ]  # fmt: skip
    drawn_in_all = sum(one.cohorts for one in told)
    yield interval_plot(
        rows, title=title, unit=unit, reference=None,
        caption=words.tell("needed_lines", n=count(drawn_in_all)),
    )  # fmt: skip
    yield Details("The sizes that the numbers rest on", (drawn,))


def _needed_title(found: Judgement, told: Sequence[Needed], share: str) -> str:
    order = sorted(told, key=lambda one: one.pairs or 0)
    few, many = order[0], order[-1]
    parts = {"pairs": count(few.pairs), "most": count(many.pairs), "share": share}
    if len(order) == 1:
        parts |= {"low": count(few.low), "high": count(few.high)}
        return words.tell("needed_one", **parts, where=_where(found, few.design))
    if few.high is None or many.low is None or few.high >= many.low:
        return words.tell("needed_alike", **parts)
    parts |= {"where": _where(found, few.design), "other": _where(found, many.design)}
    return words.tell("needed_apart", **parts)


def _curve(found: Judgement, one: Needed) -> Line:
    spots = [
        Spot(float(pairs), hits / of, *wilson(hits, of, level=0.95))
        for pairs, hits, of in one.curve
    ]
    return Line(_called(found, one.design), tuple(spots))


def _shape(found: Judgement, name: str) -> Design:
    return next(one for one in found.shapes if one.name == name)


def _called(found: Judgement, name: str) -> str:
    return apart_from(_shape(found, name), None) or ALONE


def _where(found: Judgement, name: str) -> str:
    shape = _shape(found, name)
    return words.where(shape.named, shape.swept)


@dataclass(frozen=True, slots=True)
class _Deal:
    """What one budget buys of one design."""

    purchase: Purchase
    bought: Bought

    @property
    def power(self) -> Told | None:
        """How often a difference is found, with its Monte Carlo interval."""
        share, n = self.bought.power, self.bought.replicates - self.bought.failed
        return None if share is None else (share, *wilson(share * n, n, level=0.95))


def bought(found: Judgement) -> Section | None:
    """What does each budget buy of each design? None where nobody asked."""
    if not found.purchases:
        return None
    deals = [_Deal(one, part) for one in found.purchases for part in one.bought]
    deals.sort(key=lambda deal: deal.bought.budget)
    known = [deal for deal in deals if deal.power]
    text = words.tell(
        "bought_text", analysis=words.analysis(next(iter(found.analyses))), share=percent(POWER)
    )
    parts: list[Block] = [*_bought_picture(found, known), Paragraph(text)]
    if deals:
        table = _deals(found, deals)
        parts.append(Details("Every budget", (table,)) if len(deals) > SHORT else table)
    silent = [(_called(found, one.design), one.reason) for one in found.purchases if one.reason]
    return Section("bought", "What a budget buys", (*parts, *map(_unanswered, silent)))


def _bought_picture(found: Judgement, known: Sequence[_Deal]) -> Iterator[FigureBlock]:
    if not known:
        return
    title, unit = _bought_title(found, known), "share of studies that find a difference"
    n = count(max(deal.bought.replicates for deal in known))
    designs = list(dict.fromkeys(deal.purchase.design for deal in known))
    budgets = {deal.bought.budget for deal in known}
    if len(designs) <= MOST and len(budgets) > 1:
        lines = [
            Line(
                _called(found, name),
                tuple(
                    Spot(deal.bought.budget, *deal.power)
                    for deal in known
                    if deal.purchase.design == name and deal.power
                ),
            )
            for name in designs
        ]
        along = f"budget, {found.currency}" if found.currency else "budget"
        yield curves_plot(
            lines, title=title, unit=unit, along=along, share=True, reference=POWER,
            caption=words.tell("bought_curve", n=n),
        )  # fmt: skip
        return
    rows = [
        Interval(
            label=_called(found, deal.purchase.design),
            **dict(zip(("value", "low", "high"), deal.power or (), strict=False)),  # type: ignore[arg-type]
            group=_money(found, deal.bought.budget) if len(budgets) > 1 else "",
        )
        for deal in known
    ]
    yield interval_plot(
        rows, title=title, unit=unit, share=True, reference=POWER,
        caption=words.tell("bought_lines", n=n),
    )  # fmt: skip


def _money(found: Judgement, amount: float) -> str:
    whole = amount == int(amount)
    return number(amount, decimals=0 if whole else 2, unit=found.currency)


def _bought_title(found: Judgement, known: Sequence[_Deal]) -> str:
    """Of one design, from which budget on; of several, how far apart for most money."""
    top = max(deal.bought.budget for deal in known)
    last = sorted((d for d in known if d.bought.budget == top), key=lambda d: d.bought.power or 0.0)
    least, most = last[0], last[-1]
    parts: dict[str, Any] = {
        "share": percent(POWER), "most": percent(most.bought.power),
        "least": percent(least.bought.power), "money": _money(found, top),
        "where": _where(found, most.purchase.design),
        "other": _where(found, least.purchase.design),
    }  # fmt: skip
    if len({deal.purchase.design for deal in known}) == 1:
        enough = [deal for deal in known if deal.power and deal.power[1] >= POWER]
        if not enough:
            return words.tell("bought_never", **parts)
        return words.tell(
            "bought_from", **parts | {"money": _money(found, enough[0].bought.budget)}
        )
    low, high = least.power, most.power
    apart = low is not None and high is not None and low[2] < high[1]
    return words.tell("bought_apart" if apart else "bought_alike", **parts)


def _deals(found: Judgement, deals: Sequence[_Deal]) -> TableBlock:
    money = found.currency
    columns = (
        Column("Design", numeric=False), Column("A pair costs", money),
        Column("Pairs"), Column("Spent", money), Column("Found"),
        Column("Detectable", found.unit), Column("Covered"),
    )  # fmt: skip
    rows, groups, budget = [], [], None
    for index, deal in enumerate(deals):
        one = deal.bought
        if one.budget != budget:
            groups.append((index, _money(found, one.budget)))
            budget = one.budget
        rows.append(
            (
                _called(found, deal.purchase.design),
                number(deal.purchase.each, decimals=0),
                count(one.pairs),
                number(one.spent, decimals=0),
                _share(one.power, one.power_error),
                _size(one),
                _share(one.coverage, one.coverage_error),
            )
        )
    fixed = deals[0].purchase.fixed
    note = words.tell("bought_fixed", fixed=_money(found, fixed)) if fixed else ""
    note = f"{words.tell('plus_minus')} {note}".strip()
    return TableBlock("What each budget buys", columns, tuple(rows), note, tuple(groups))


def _size(one: Bought) -> str:
    if one.smallest_detectable is None:
        return NOTHING
    error = number(one.smallest_detectable_error, decimals=3)
    return f"{number(one.smallest_detectable, decimals=3)} ± {error}"


def _share(share: float | None, error: float | None) -> str:
    if share is None:
        return NOTHING
    beside = "" if error is None else f" ± {number(100 * error, decimals=1)}"
    return f"{number(100 * share, decimals=1)}{beside}%"
