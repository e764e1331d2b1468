"""What leadership is told: one typed story from a release and the declared design alone."""

from __future__ import annotations

from rmresearch.report.leadership.content import (
    Asked,
    Chart,
    Claims,
    Grid,
    Headline,
    Part,
    Said,
    Shown,
    Story,
    Tile,
)
from rmresearch.report.leadership.story import story

__all__ = [
    "Asked",
    "Chart",
    "Claims",
    "Grid",
    "Headline",
    "Part",
    "Said",
    "Shown",
    "Story",
    "Tile",
    "story",
]
