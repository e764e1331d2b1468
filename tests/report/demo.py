"""A page with every block, as the tests of HTML, paper and browser read it."""

from __future__ import annotations

from functools import cache

from rmresearch.report.blocks import (
    Answer,
    Badge,
    Bullets,
    Callout,
    Column,
    Definitions,
    Details,
    Fact,
    Page,
    Paragraph,
    Section,
    Subsection,
    TableBlock,
)

from .gallery import FIGURES, LONG, NASTY

BADGES = (
    Badge("frozen 12 March 2026", "good", "Plan"),
    Badge("moderate", "caution", "Certainty"),
    Badge("weak", "weak", "Bracket"),
    Badge("imprecise", about="Result"),
    Badge("Internal", "internal"),
)
WIDE = TableBlock(
    "Every outcome at every wave",
    (Column("Outcome", numeric=False), *(Column(f"Month {k}", "mean") for k in range(1, 13))),
    tuple((f"Outcome {k}", *("3.14",) * 12) for k in range(40)),
    note=NASTY,
)


@cache
def demo() -> Page:
    """The page."""
    answer = Answer(
        "Did seniors' digital skill rise more than on the waitlist?",
        "Seniors in the programme rated their digital skill 0.52 points higher than the waitlist.",
        f"Some gain, size uncertain. {NASTY}",
        BADGES,
        (Fact("Assigned", "96", "48 pairs"), Fact("Answered", "80"), Fact("Plan", "9f3a61c2")),
    )
    outcomes = (
        Subsection(
            "Digital skill",
            (FIGURES["intervals"](), Paragraph(LONG), WIDE, FIGURES["two arms, three waves"]()),
            id="digital-skill",
        ),
        Subsection("Behaviour", (Callout("missing", "No outcome was declared."),)),
        Details("Every figure", tuple(draw() for draw in FIGURES.values()), printed=True),
        Details("More of it", (Paragraph("Only for those who unfold it."),)),
    )
    limits = (
        Callout("caution", "Fewer than 10 clusters: no p-values."),
        Bullets(("Self-rated.", NASTY)),
        Definitions((("Plan", "9f3a61c2"), ("Inputs", "3f2c" * 16), (NASTY, LONG))),
        Paragraph("Small print.", "small"),
    )
    sections = (
        Section("flow", "Who took part", (FIGURES["flow"](),), lead="80 of 96 answered."),
        Section("outcomes", f"Outcomes {NASTY}", outcomes),
        Section("limits", "What this study can show", limits),
    )
    return Page(
        "Reverse mentoring pilot",
        "Technical report",
        sections,
        kicker="Northwind",
        badges=BADGES,
        top=(answer,),
    )
