"""Figures: each draws typed results and returns a block with its picture, caption and alt text."""

from __future__ import annotations

from rmresearch.report.figures.balance import Difference, balance_plot
from rmresearch.report.figures.flow import Arm, Stage, flow_diagram
from rmresearch.report.figures.intervals import Interval, interval_plot
from rmresearch.report.figures.people import Answered, Meeting, meetings_bars, missing_map
from rmresearch.report.figures.waves import Curve, Point, Step, survival_steps, wave_lines

__all__ = [
    "Answered",
    "Arm",
    "Curve",
    "Difference",
    "Interval",
    "Meeting",
    "Point",
    "Stage",
    "Step",
    "balance_plot",
    "flow_diagram",
    "interval_plot",
    "meetings_bars",
    "missing_map",
    "survival_steps",
    "wave_lines",
]
