"""The newcomer's walk (`notebooks/00_tour.ipynb`): one pilot, and how far it can be believed.

What a single call of the package shows by itself is not here; these are the pictures that set it
beside the truth, and the report at the end.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rmresearch.analysis.means import wave_means
from rmresearch.display.numbers import number, percent
from rmresearch.numerics.proportions import wilson
from rmresearch.report.blocks import Block, FigureBlock, Head, Paragraph
from rmresearch.report.build import build, leading
from rmresearch.report.figures import Interval, interval_plot
from rmresearch.report.figures.waves import Point, wave_lines
from rmresearch.report.wanted import wanted
from rmresearch.result import Result
from rmresearch.study import Study
from rmresearch.whatif.claims import before_after, completers
from rmresearch.whatif.judge import judge
from rmresearch.whatif.sweep import Sweep
from rmresearch.world.cohort import Cohort
from rmresearch.world.writing import write_study

__all__ = ["Pages", "before_after", "beside_truth", "completers", "found_anything", "found_by_size",
           "means", "off_by", "opening", "report", "your_own"]  # fmt: skip

Row = dict[Hashable, Any]
#: normal quantile of the range in which 95 in 100 studies' estimates lie
NORMAL = 1.959963984540054
CLAIMED = {
    "compare_arms": "arms compared, as assigned",
    "before_after": "before against after",
    "completers": "only pairs that did not stop",
}


def opening(cohort: Cohort) -> Head:
    """What the tour goes through; it brings the style of all that follows."""
    scenario = cohort.truth.scenario
    months = scenario.design.waves[-1]
    return Head(
        "One pilot, from its data to its report",
        subtitle=f"{scenario.pairs} pairs, asked until month {months}; seed {cohort.truth.seed}",
        kicker="Synthetic data",
        blocks=(
            Paragraph(
                "Nobody here exists. The people, their answers and what the programme did to them "
                "were drawn from stated assumptions, so that an answer can be held to the truth. "
                "Whether reverse mentoring works is not among the things that this can show."
            ),
        ),
    )


def means(study: Study, outcome: str) -> FigureBlock:
    """Where did each arm stand at each wave?"""
    about, waves = study.design.outcome(outcome), study.design.waves
    arms = {arm.name: arm.label for arm in study.design.arms}
    months = {wave.name: (wave.label, wave.months) for wave in waves}
    points = [
        Point(
            series=arms.get(one.group, one.group),
            wave=months[one.wave][0],
            months=months[one.wave][1],
            value=one.value,
            low=one.low,
            high=one.high,
            n=one.n_people,
        )
        for one in wave_means(study, about).estimates
    ]
    comparison = study.design.comparison
    last = " and ".join(
        f"{number(point.value, decimals=2)} ({point.series})"
        for point in points
        if point.wave == waves[-1].label
    )
    return wave_lines(
        points,
        title=f"{about.label}: means of {last} at {waves[-1].label}",
        unit=f"{about.label} ({about.unit})",
        caption="Means of those who answered at the wave, each with its 95% interval: not always "
        "the same people.",
        comparison=comparison.label if comparison else None,
    )


def beside_truth(cohort: Cohort, found: Result) -> FigureBlock:
    """How far is what the analysis found from what is true of these very people?"""
    rows = list[Interval]()
    design, title = cohort.study.design, ""
    about = design.outcome(found.estimates[0].outcome)
    for one in (one for one in found.estimates if one.term == ""):
        truth = cohort.truth.row(
            one.outcome, one.wave, one.contrast, one.group, one.estimand, role=one.role
        )
        wave = design.wave(one.wave).label
        rows += [
            Interval.of(one, "found in the answers", smallest=about.smallest_effect, group=wave),
            Interval(label="as people report it", value=truth.as_reported, group=wave),
            Interval(label="true", value=truth.latent, group=wave, main=True),
        ]
        told = [number(value, decimals=2, signed=True) for value in (one.value, truth.latent)]
        title = f"{wave}: {told[0]} points found, {told[1]} true"
    return interval_plot(
        rows,
        title=f"{about.label}, {title}",
        unit=f"{about.unit} more with the programme",
        sides=("less", "more with the programme"),
        caption="“True” leaves out what people rate themselves above what they have become. Only a "
        "simulation can draw the lower two of each three.",
    )


def off_by(done: Sweep, scenario: str) -> FigureBlock:
    """How far from the truth do ways to read the same studies lie, on average?"""
    rows = _last(done, scenario)
    worst = max(rows, key=lambda row: abs(row["bias"]))
    record = next(row for row in rows if row["analysis"] == "compare_arms")
    error = max(row["bias error"] for row in rows)
    drawn = [
        Interval(
            label=_claimed(row["analysis"]),
            value=row["bias"],
            low=row["bias"] - NORMAL * row["empirical_se"],
            high=row["bias"] + NORMAL * row["empirical_se"],
            detail=number(int(row["replicates"] - row["failed"])),
            main=row["analysis"] == "compare_arms",
        )
        for row in rows
    ]
    return interval_plot(
        drawn,
        title=f"{_claimed(worst['analysis']).capitalize()}: off by {_signed(worst['bias'])} points "
        f"on average; arms compared: {_signed(record['bias'])}",
        unit="points found minus points true",
        sides=("too low", "too high"),
        detail="studies",
        caption=f"Points: means over simulated studies (Monte Carlo error up to {error:.2f}). "
        "Lines: where 95 in 100 of the studies lie.",
    )


def found_anything(done: Sweep, scenario: str) -> FigureBlock:
    """How often does each way to read the same studies find a difference?"""
    rows = _last(done, scenario)
    return _shares({_claimed(row["analysis"]): row for row in rows})


def found_by_size(done: Sweep) -> FigureBlock:
    """How often do studies of each size find a difference?"""
    return _shares({row["scenario"]: row for row in _last(done)})


def _shares(rows: Mapping[str, Row]) -> FigureBlock:
    """The share of studies that find a difference, a row each."""
    nothing = not any(row["truth"] for row in rows.values())
    opened = "Nothing was put in, yet a difference is found" if nothing else "A difference is found"
    drawn = []
    for label, row in rows.items():
        studies = int(row["replicates"] - row["failed"])
        low, high = wilson(round(row["rejects"] * studies), studies)
        drawn.append(
            Interval(label=label, value=row["rejects"], low=float(low), high=float(high),
                     detail=number(studies), main=label == CLAIMED["compare_arms"])
        )  # fmt: skip
    told = "; ".join(f"{one.label} {percent(one.value)}" for one in drawn)
    return interval_plot(
        drawn,
        title=f"{opened}: {told}",
        unit="studies that find a difference (p below 0.05)",
        reference=0.05,
        share=True,
        detail="studies",
        caption="Lines: 95% Monte Carlo intervals. Vertical line: 5%, what chance alone makes.",
    )


def _last(done: Sweep, scenario: str = "") -> list[Row]:
    """The last wave of a scenario, or of all of them, held to what is true: a row an analysis."""
    rows = judge(done).to_frame()
    rows = rows[rows["against"].eq("latent") & rows["group"].eq("")]
    here = rows[rows["scenario"].eq(scenario)] if scenario else rows
    months = here["wave"].str.removeprefix("month").astype(int)
    return here[months == months.max()].to_dict("records")


def _claimed(analysis: str) -> str:
    return CLAIMED.get(analysis, analysis.replace("_", " "))


def _signed(value: float) -> str:
    return number(float(value), decimals=2, signed=True)


@dataclass(frozen=True, slots=True)
class Pages(Block):
    """Pages that were written, as links that open them in JupyterLab."""

    pages: tuple[tuple[str, Path], ...]

    def html(self) -> str:
        """A list of links; a page beyond the notebook's folder, which no link reaches, by name."""
        items = "".join(f"<li>{_link(name, path)}</li>" for name, path in self.pages)
        return f"<ul>{items}</ul>"

    def plain(self) -> str:
        """Where the pages are."""
        return "\n".join(str(path) for _, path in self.pages)


def _link(name: str, path: Path) -> str:
    place = os.path.relpath(path)
    if place.startswith(".."):
        return f"{escape(name)}: {escape(str(path))}"
    return f'<a href="{quote(Path(place).as_posix())}">{escape(name)}</a>'


READERS = {
    "technical": "The technical report, for the evaluation team",
    "leadership": "The brief, for a board",
    "pulse": "The pulse, for the programme's owner while it runs",
}


def report(cohort: Cohort, folder: Path | str) -> Pages:
    """Write the cohort as a study into ``folder``, evaluate it for everybody, link to the pages.

    The truth lies beside the study, in ``pilot.truth``; the reports never see it. In a notebook
    what is being done is shown meanwhile. Raises what `build` and `write_study` raise.
    """
    say, start = _shown(), time.perf_counter()
    place = Path(folder)
    study = write_study(cohort, place / "pilot")
    build(study, place / "report", audience="all", formats=("html",), say=say)
    say(f"Read, evaluated and written in {time.perf_counter() - start:.0f} seconds.")
    asked = wanted("all", ("html",))
    made = leading(place / "report", asked)
    return Pages(tuple(zip((READERS[name] for name in asked), made, strict=True)))


@dataclass(frozen=True, slots=True)
class Typed(Block):
    """Commands to be typed in a terminal, each below what it is for."""

    commands: tuple[tuple[str, str], ...]

    def html(self) -> str:
        """A ``pre`` that can be copied whole: what a command is for is a comment to the shell."""
        return f"<pre>{escape(self.plain())}</pre>"

    def plain(self) -> str:
        """The same lines."""
        return "\n".join(f"# {why}\n{command}" for command, why in self.commands)


NEXT = {
    "new {}": "a folder that explains itself, with a workbook to fill in",
    "check {}": "every problem at once, and what the study will be able to show",
    "plan freeze {}": "the questions, before the answers are known",
    "report {} --audience all": "what this tour has made, of your own people",
}


def your_own(name: str) -> Typed:
    """What to type for a study of one's own, in words that any terminal of this machine takes.

    A terminal of JupyterLab need not find what the shell that started it found: the program
    stands with its place.
    """
    program = Path(sysconfig.get_path("scripts"), "rmresearch")
    there = any(path.is_file() for path in (program, program.with_suffix(".exe")))
    typed = shlex.join([str(program)] if there else [sys.executable, "-m", "rmresearch"])
    place = shlex.quote(name)
    return Typed(tuple((f"{typed} {told.format(place)}", why) for told, why in NEXT.items()))


def _shown() -> Callable[[str], None]:
    """A line below the cell that is replaced by the next; nothing outside of notebooks."""
    import IPython

    if IPython.get_ipython() is None:
        return lambda message: None
    show: Any = IPython.display.display
    line = show(Paragraph("Starting", "small"), display_id=True)
    return lambda message: line.update(Paragraph(message, "small"))
