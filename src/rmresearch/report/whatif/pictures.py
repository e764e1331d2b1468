"""One figure of every analysis in every design, drawn in the way that fits what was swept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rmresearch.display.numbers import count
from rmresearch.report.blocks import Block, Details, FigureBlock, Paragraph
from rmresearch.report.figures import Interval, interval_plot
from rmresearch.report.figures.curves import MOST, Line, curves_plot
from rmresearch.report.whatif.readings import (
    ALONE,
    LATENT,
    Reading,
    along,
    apart_from,
    band,
    readings,
    spot,
)
from rmresearch.report.words import whatif as words
from rmresearch.whatif.judgement import Judgement, Lever

__all__ = ["Measure", "failing", "picture"]

#: rows of a picture that is not folded, and rows of one picture
FEW, MANY = 16, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure to draw: its name in the verdict, the truth it is held to, and how it is shown."""

    name: str
    unit: str
    against: str = LATENT
    reference: float | None = None
    share: bool = False


def picture(found: Judgement, measure: Measure, title: str) -> tuple[Block, ...]:
    """A figure along the lever that was swept in numbers, else a row for every design.

    Where analyses and designs are more than lines that can be told apart, the first analysis is
    shown and the others are folded. Nothing where no design has the figure.
    """
    held = [one for one in readings(found) if band(one, measure.name, measure.against)]
    lever = along(found)
    if not held:
        return ()
    designs = {apart_from(one.design, lever) for one in held}
    if lever is None or len(designs) > MOST:
        return _folded(found, held, measure, title, None)
    if len(designs) * len(found.analyses) <= MOST:
        return (_curves(found, held, measure, title, lever),)
    return _folded(found, held, measure, title, lever)


def _folded(
    found: Judgement, held: Sequence[Reading], measure: Measure, title: str, lever: Lever | None
) -> tuple[Block, ...]:
    """Rows of all analyses together, or curves of the first with the others folded."""
    if lever is None and len(held) <= FEW:
        return (_rows(found, held, measure, title),)
    if lever is None and len(held) <= MANY:
        drawn = replace(_rows(found, held, measure, title), title="")
        return (Paragraph(title, "lead"), Details(f"Every design: {measure.unit}", (drawn,)))
    parts: list[Block] = []
    for analysis in dict.fromkeys(one.analysis for one in held):
        own = [one for one in held if one.analysis == analysis]
        called = title if not parts else f"{words.analysis(analysis)}: {measure.unit}"
        draw = _rows(found, own, measure, called) if lever is None else None
        parts.append(draw or _curves(found, own, measure, called, lever))  # type: ignore[arg-type]
    if len(parts) == 1:
        return tuple(parts)
    return (parts[0], Details("The other analyses", tuple(parts[1:])))


def _curves(
    found: Judgement, held: Sequence[Reading], measure: Measure, title: str, lever: Lever
) -> FigureBlock:
    analyses = list(dict.fromkeys(one.analysis for one in held))
    designs = list(dict.fromkeys(apart_from(one.design, lever) for one in held))
    lines = []
    for analysis in analyses:
        for design in designs:
            own = [one for one in held if one.analysis == analysis]
            own = [one for one in own if apart_from(one.design, lever) == design]
            spots = [spot(one, measure.name, lever, measure.against) for one in own]
            known = sorted((one for one in spots if one), key=lambda one: one.x)
            name = [words.analysis(analysis)] if len(analyses) > 1 else []
            name += [design] if design and len(designs) > 1 else []
            if known:
                lines.append(Line(", ".join(name) or words.analysis(analysis), tuple(known)))
    along = lever.what if lever.unit in ("pairs", "") else f"{lever.what} ({lever.unit})"
    return curves_plot(
        lines,
        title=title,
        unit=measure.unit,
        along=along,
        caption=_caption(found, held, "band"),
        reference=measure.reference,
        share=measure.share,
    )


def _rows(found: Judgement, held: Sequence[Reading], measure: Measure, title: str) -> FigureBlock:
    rows = []
    several = len({one.analysis for one in held}) > 1
    for one in held:
        value, low, high = band(one, measure.name, measure.against) or (None, None, None)
        called = apart_from(one.design, None) or ALONE
        group = words.analysis(one.analysis) if several else ""
        rows.append(Interval(label=called, value=value, low=low, high=high, group=group))
    return interval_plot(
        rows,
        title=title,
        unit=measure.unit,
        caption=_caption(found, held, "lines"),
        reference=measure.reference,
        share=measure.share,
    )


def _caption(found: Judgement, held: Sequence[Reading], what: str) -> str:
    return f"{words.tell(what, n=count(found.replicates))} {failing(held)}"


def failing(held: Sequence[Reading]) -> str:
    """How many studies gave no answer, as every figure says it."""
    worst = max(held, key=lambda one: one.failed / (one.studies + one.failed))
    if not worst.failed:
        return words.tell("no_failures")
    share = f"{worst.failed / (worst.studies + worst.failed):.1%}"
    return words.tell(
        "failures", share=share, analysis=words.analysis(worst.analysis),
        where=words.where(worst.design.named, worst.design.swept),
    )  # fmt: skip
