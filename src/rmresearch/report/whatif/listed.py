"""What gave no answer, and every figure with its Monte Carlo error, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.display.numbers import NOTHING, count, number
from rmresearch.report.blocks import Column, Details, Paragraph, Section, TableBlock
from rmresearch.report.whatif.readings import (
    ALONE,
    LATENT,
    REPORTED,
    SHARES,
    Reading,
    apart_from,
    readings,
)
from rmresearch.report.words import whatif as words
from rmresearch.whatif.judgement import Judgement

__all__ = ["failures", "numbers"]


def failures(found: Judgement) -> Section:
    """What gave no answer, how often and why."""
    columns = (*(Column(name, numeric=False) for name in ("Design", "Analysis", "Reason")),
               Column("Studies"))  # fmt: skip
    rows = [*_reasons(found), *_unexplained(found)]
    if not rows:
        return Section("failures", "What gave no answer", (Paragraph(words.tell("failed_none")),))
    return Section(
        "failures",
        "What gave no answer",
        (
            Paragraph(words.tell("failed_some")),
            TableBlock("Without an answer", columns, tuple(rows)),
        ),
    )


def _reasons(found: Judgement) -> list[tuple[str, ...]]:
    called = {one.name: apart_from(one, None) for one in found.designs}
    return [
        (called.get(scenario, scenario) or ALONE,
         words.analysis(name) if name else "every analysis", reason,
         f"{count(failed)} of {count(of)}")
        for scenario, name, reason, failed, of in found.failures
    ]  # fmt: skip


def _unexplained(found: Judgement) -> list[tuple[str, ...]]:
    """Studies that were answered, but had no estimate of the kind that is drawn."""
    told: dict[tuple[str, str], int] = {}
    for scenario, name, _, failed, _ in found.failures:
        told[scenario, name] = told.get((scenario, name), 0) + failed
    rows: list[tuple[str, ...]] = []
    for one in readings(found):
        silent = one.failed - told.get((one.design.name, one.analysis), 0)
        if silent > 0:
            rows.append(
                (apart_from(one.design, None) or ALONE, words.analysis(one.analysis),
                 words.tell("silent"), f"{count(silent)} of {count(one.studies + one.failed)}")
            )  # fmt: skip
    return rows


Columns = tuple[tuple[str, str, int], ...]
#: columns of the two tables of numbers, which side by side no page is wide enough for: a figure of
#: the verdict, its head, its decimals
FIGURES: dict[str, Columns] = {
    "what it finds": (
        ("truth", "Truth", 3), ("mean", "Mean found", 3), ("bias", "Off by", 3),
        ("empirical_se", "Spread", 3), ("model_se", "Standard error", 3),
    ),
    "what it tells apart": (
        ("coverage", "Covered", 3), ("rejects", "Found", 3),
        ("smallest_detectable", "Detectable", 3), ("type_m", "Type M", 2), ("type_s", "Type S", 3),
    ),
}  # fmt: skip
#: figures that count in the outcome's own unit
MEASURED = frozenset({"truth", "mean", "bias", "empirical_se", "model_se", "smallest_detectable"})


def numbers(found: Judgement) -> Section:
    """Every figure with its Monte Carlo error, folded."""
    parts = []
    for against, what in ((LATENT, "what is true"), (REPORTED, "what people report")):
        for analysis in found.analyses:
            held = [one for one in readings(found) if one.analysis == analysis]
            held = [one for one in held if against in one.rows or against == LATENT]
            if held:
                caption = f"{words.analysis(analysis)}, held to {what}"
                parts += [
                    _numbers(held, against, f"{caption}: {said}", columns, found.unit)
                    for said, columns in FIGURES.items()
                ]
    return Section(
        "numbers",
        "The numbers",
        (
            Details("Every figure, ± its Monte Carlo standard error", tuple(parts)),
            Paragraph(words.tell("limits"), "small"),
        ),
    )


def _numbers(
    held: Sequence[Reading], against: str, caption: str, columns: Columns, unit: str
) -> TableBlock:
    shown = [(name, head, places) for name, head, places in columns
             if any(name in one.row(against) and one.number(name, against) is not None
                    for one in held)]  # fmt: skip
    rows = tuple(
        (
            apart_from(one.design, None) or ALONE,
            count(one.studies),
            count(one.failed),
            *(_figure(one, name, against, places) for name, _, places in shown),
        )
        for one in held
    )
    heads = (Column("Design", numeric=False), Column("Studies"), Column("No answer"))
    figures = (Column(head, unit if name in MEASURED else "") for name, head, _ in shown)
    return TableBlock(caption, (*heads, *figures), rows)


def _figure(one: Reading, name: str, against: str, places: int) -> str:
    value, error = one.number(name, against), one.number(f"{name} error", against)
    if value is None:
        return NOTHING
    if name in SHARES:
        places, value, error = 1, 100 * value, None if error is None else 100 * error
    unit = "%" if name in SHARES else ""
    told = f" ± {number(error, decimals=places)}" if error is not None else ""
    return f"{number(value, decimals=places)}{told}{unit}"
