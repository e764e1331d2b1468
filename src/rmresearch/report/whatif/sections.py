"""The parts of a what-if page, each from a judgement: figure, then sentence, then table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rmresearch.display.numbers import number, percent
from rmresearch.report.blocks import Block, Details, Paragraph, Section
from rmresearch.report.whatif.pictures import Measure, picture
from rmresearch.report.whatif.readings import (
    LATENT,
    REPORTED,
    Reading,
    along,
    band,
    readings,
)
from rmresearch.report.words import whatif as words
from rmresearch.whatif.judgement import Judgement, Lever
from rmresearch.whatif.tally import POWER

__all__ = ["detectable", "power", "sizes", "truth", "wrong"]


def truth(found: Judgement) -> Section:
    """What does the programme do in each design, as the model has it?"""
    held = [one for one in _first(found) if one.number("truth") is not None]
    ends = _extremes(held, "truth")
    if ends is None:
        return Section("truth", "What is true", (Paragraph(words.tell("truth_unknown")),))
    low, least, high, most = ends
    text = words.tell("truth_text")
    if _amount(found, least) == _amount(found, most):
        said = Paragraph(f"{words.tell('truth_same', most=_amount(found, most))} {text}")
        return Section("truth", "What is true", (said,))
    title = words.tell(
        "truth" if _apart(low, high, "truth") else "truth_alike",
        most=_amount(found, most),
        least=_amount(found, least),
        where=_where(high),
        other=_where(low),
    )
    measure = Measure(name="truth", unit=f"true difference, in {found.unit}", reference=0.0)
    alone = replace(found, analyses=dict([next(iter(found.analyses.items()))]))
    return Section(
        "truth",
        "What is true",
        (*picture(alone, measure, title), Paragraph(f"{text} {words.tell('truth_luck')}")),
    )


def power(found: Judgement) -> Section:
    """How often would a study find a difference?"""
    measure = Measure(
        name="rejects",
        unit="share of studies that find a difference",
        reference=POWER if _put_in(found) else found.alpha,
        share=True,
    )
    blocks = picture(found, measure, _power_title(found))
    text = [words.tell("power_text", alpha=percent(found.alpha)), *_false(found)]
    held = readings(found)
    withheld = max(held, key=_withheld, default=None)
    if withheld is not None and _withheld(withheld):
        text.append(
            words.tell("withheld", share=percent(_withheld(withheld)), where=_where(withheld))
        )
    return Section("power", "How often a difference is found", (*blocks, Paragraph(" ".join(text))))


def _withheld(one: Reading) -> float:
    return float(one.row()["p_withheld"]) / max(one.studies, 1)


def _nothing(one: Reading) -> bool:
    """Whether the programme does nothing there, as far as it can be told."""
    return "truth" in one.row() and one.number("truth") == 0.0


def _put_in(found: Judgement) -> bool:
    """Whether there is anything to be found."""
    return not all(map(_nothing, readings(found)))


def _false(found: Judgement) -> list[str]:
    """What analyses find where there is nothing, beside designs where there is something."""
    empty = [one for one in readings(found) if _nothing(one) and one.number("rejects") is not None]
    if not empty or not _put_in(found):
        return []
    worst = max(empty, key=lambda one: one.number("rejects") or 0.0)
    share = percent(worst.number("rejects"))
    called = words.analysis(worst.analysis)
    return [words.tell("false", where=_where(worst), most=share, analysis=called)]


def _power_title(found: Judgement) -> str:
    """Of the analysis that stands first: from where on, or between what."""
    first = [one for one in readings(found) if one.analysis == next(iter(found.analyses))]
    told = [(one, held) for one in first if (held := band(one, "rejects"))]
    if not told:
        return ""
    most = max(told, key=lambda pair: pair[1][0])
    least = min(told, key=lambda pair: pair[1][0])
    parts = {"analysis": words.analysis(first[0].analysis), "share": percent(POWER)}
    ends = {"most": percent(most[1][0]), "least": percent(least[1][0])}
    if not _put_in(found):
        return words.tell("power_none", **parts, most=ends["most"], where=_where(most[0]))
    lever = along(found)
    if lever is not None:
        enough = [one for one, held in told if held[1] >= POWER]
        if not enough:
            return words.tell("power_never", **parts, most=ends["most"], where=_where(most[0]))
        if len(enough) == len(told):
            return words.tell("power_always", **parts)
        from_here = min(enough, key=lambda one: float(one.design.swept[lever.name]))
        where = words.where(from_here.design.named, _others(from_here, lever))
        return words.tell(
            "power_from", **parts, value=words.value_of(from_here.design.swept[lever.name]),
            lever=words.lever(lever.name), where=where,
        )  # fmt: skip
    if len(told) == 1:
        return words.tell("power_one", **parts, **ends)
    if not _apart(least[0], most[0], "rejects"):
        # compared pair by pair, designs may well be told apart: that section says so
        key = "power_alike" if found.differences is None else "power_range"
        return words.tell(key, **parts, **ends)
    return words.tell("power_best", **parts, **ends, where=_where(most[0]), other=_where(least[0]))


def _others(one: Reading, lever: Lever) -> dict[str, Any]:
    return {name: value for name, value in one.design.swept.items() if name != lever.name}


def _where(one: Reading) -> str:
    return words.where(one.design.named, one.design.swept)


def _extremes(
    held: Sequence[Reading], measure: str, against: str = LATENT
) -> tuple[Reading, float, Reading, float] | None:
    """Where a figure is smallest and where largest."""
    known = [(one, value) for one in held if (value := one.number(measure, against)) is not None]
    if not known:
        return None
    order = sorted(known, key=lambda pair: pair[1])
    return (*order[0], *order[-1])


def _apart(low: Reading, high: Reading, measure: str, against: str = LATENT) -> bool:
    """Whether two figures lie further apart than their Monte Carlo intervals reach."""
    one, other = band(low, measure, against), band(high, measure, against)
    return one is not None and other is not None and one[2] < other[1]


def _first(found: Judgement) -> list[Reading]:
    return [one for one in readings(found) if one.analysis == next(iter(found.analyses))]


def detectable(found: Judgement) -> Section:
    """How small a difference would most studies tell from none?"""
    ends = _extremes(_first(found), "smallest_detectable")
    if ends is None:
        return Section("detectable", "The smallest difference that is found")
    low, least, high, most = ends
    same = _amount(found, least) == _amount(found, most)
    key = "detectable" if _apart(low, high, "smallest_detectable") else "detectable_alike"
    key = "detectable_one" if same else key
    title = words.tell(
        key, share=percent(POWER), least=_amount(found, least), most=_amount(found, most),
        where=_where(low), other=_where(high),
    )  # fmt: skip
    truths = [value for one in readings(found) if (value := _truth(one)) is not None]
    top = max(truths, default=None, key=abs)
    measure = Measure(
        name="smallest_detectable",
        unit=f"smallest difference found by {percent(POWER)} of studies, in {found.unit}",
        reference=abs(top) if top else None,
    )
    text = words.tell("detectable_text", share=percent(POWER), truth=number(top), unit=found.unit)
    return Section(
        "detectable",
        "The smallest difference that is found",
        (*picture(found, measure, title), Paragraph(text)),
    )


def _truth(one: Reading) -> float | None:
    return one.number("truth", REPORTED) if "truth" in one.row(REPORTED) else None


def _amount(found: Judgement, value: float) -> str:
    return number(value, decimals=2, unit=found.unit)


def _off(found: Judgement, value: float) -> str:
    return number(value, decimals=2, unit=found.unit, signed=True)


def wrong(found: Judgement) -> Section:
    """How far off are the analyses, and do their intervals hold the truth?"""
    held = [one for one in readings(found) if one.number("bias") is not None]
    if not held:
        return Section("wrong", "How far off")
    text = words.tell("bias_text")
    flattered = max(held, key=_flattery)
    if _flattery(flattered) >= 0.005:
        amount = number(_flattery(flattered), decimals=2)
        text += " " + words.tell("flattery", amount=amount, unit=found.unit)
    return Section(
        "wrong",
        "How far off",
        (
            *picture(found, _bias(found, LATENT, "what is true"), _bias_title(found, held)),
            Paragraph(text),
            *picture(found, _coverage(LATENT, "the truth"), _coverage_title(held)),
            *_as_reported(found, held),
        ),
    )


def _bias(found: Judgement, against: str, what: str) -> Measure:
    unit = f"mean difference from {what}, in {found.unit} (0: not off)"
    return Measure(name="bias", unit=unit, against=against, reference=0.0)


def _coverage(against: str, what: str) -> Measure:
    unit = f"share of 95% intervals that hold {what}"
    return Measure(name="coverage", unit=unit, against=against, reference=0.95, share=True)


def _flattery(one: Reading) -> float:
    said, true = one.number("truth", REPORTED), one.number("truth", LATENT)
    return abs((said or 0.0) - (true or 0.0))


def _as_reported(found: Judgement, held: Sequence[Reading]) -> tuple[Block, ...]:
    """The same against what people report, where that is something else."""
    if max(map(_flattery, held)) < 0.005:
        return ()
    said = "what people report"
    return (
        Details(
            "Against what people report: the analysis alone, without flattery",
            (
                *picture(found, _bias(found, REPORTED, said), "How far off what people report"),
                *picture(found, _coverage(REPORTED, said), "Do intervals hold what people report?"),
            ),
        ),
    )


def _bias_title(found: Judgement, held: Sequence[Reading]) -> str:
    """Which analysis is furthest off, and which of the others is nearest in the same design."""
    worst = max(held, key=_size_of_bias)
    beside = min((one for one in held if one.design == worst.design), key=_size_of_bias)
    own = sorted((one for one in held if one.analysis == worst.analysis), key=_bias_of)
    key = "bias_one"
    if beside is not worst:
        near, far = sorted((beside, worst), key=_bias_of)
        key = "bias_spread" if _apart(near, far, "bias") else "bias_alike"
    return words.tell(
        key,
        analysis=words.analysis(worst.analysis),
        most=_off(found, _bias_of(worst)),
        where=_where(worst) if _apart(own[0], own[-1], "bias") else "",
        other=words.analysis(beside.analysis),
        least=_off(found, _bias_of(beside)),
    )


def _bias_of(one: Reading) -> float:
    return one.number("bias") or 0.0


def _size_of_bias(one: Reading) -> float:
    return abs(_bias_of(one))


def _coverage_title(held: Sequence[Reading]) -> str:
    ends = _extremes(held, "coverage")
    if ends is None:
        return ""
    low, least, high, most = ends
    several = len({one.analysis for one in held}) > 1
    other = f" for {words.analysis(high.analysis)}" if several else ""
    key = "coverage" if several or _apart(low, high, "coverage") else "coverage_one"
    parts = {"analysis": words.analysis(low.analysis), "other": f"{other}{_where(high)}"}
    shares = {"least": percent(least), "most": percent(most)}
    share = " to ".join(dict.fromkeys(shares.values()))
    return words.tell(key, share=share, where=_where(low), **shares, **parts)


def sizes(found: Judgement) -> Section:
    """How much do studies that find a difference exaggerate it?"""
    ends = _extremes(_first(found), "type_m")
    if ends is None:
        return Section(
            "sizes", "How large it looks when it is found", (Paragraph(words.tell("sizes_none")),)
        )
    low, least, high, most = ends
    title = words.tell(
        "sizes" if _apart(low, high, "type_m") else "sizes_one", most=number(most, decimals=1),
        least=number(least, decimals=1), where=_where(high), other=_where(low),
    )  # fmt: skip
    size = Measure(name="type_m", unit="size found over true size, among studies that find any",
                   reference=1.0)  # fmt: skip
    sign = Measure(
        name="type_s", unit="share with the wrong sign, among studies that find any", share=True
    )
    return Section(
        "sizes",
        "How large it looks when it is found",
        (
            *picture(found, size, title),
            Paragraph(words.tell("sizes_text")),
            Details("Wrong signs", picture(found, sign, "How often the sign is wrong")),
        ),
    )
