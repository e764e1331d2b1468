"""A tour of the synthetic world in pictures, each made from cohorts drawn for it."""

from __future__ import annotations

from rmresearch.report.blocks import Head, Paragraph
from rmresearch.report.tour.answers import nothing_happened, reported_and_true
from rmresearch.report.tour.months import levers_ranked, rise_and_fade
from rmresearch.report.tour.people import formats, matching_policies, who_volunteers
from rmresearch.report.world_page import graphs
from rmresearch.world.presets import PRESETS

__all__ = [
    "formats",
    "graphs",
    "levers_ranked",
    "matching_policies",
    "nothing_happened",
    "opening",
    "reported_and_true",
    "rise_and_fade",
    "who_volunteers",
]


def opening(name: str) -> Head:
    """The head of the tour: which scenario it goes through; it brings the style of all figures."""
    return Head(
        "The world: levers and what they move",
        subtitle=f"A tour of the scenario “{name}”",
        kicker="Synthetic data",
        blocks=(
            Paragraph(PRESETS[name].about, "lead"),
            Paragraph(
                "Every number here is an invented organisation's. The pictures say what follows "
                "from the assumptions; they do not say whether reverse mentoring works."
            ),
        ),
    )
