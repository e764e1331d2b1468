"""What a calibration hands over: the scenario, and what each of its numbers rests on."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rmresearch.display.grid import DIGITS, folded, from_frame, paragraph
from rmresearch.errors import ReportError, StudyError
from rmresearch.files import write_bytes
from rmresearch.world.scenario import Scenario
from rmresearch.world.scenario_file import read_scenario, scenario_text

__all__ = ["Calibration", "Parameter"]

INTERNAL = (
    "INTERNAL: few people stand behind these numbers. Keep this file where the study's data are."
)
AGGREGATES = "Aggregates of {people} people or more: nobody's answers, ids or dates are in it."
SYNTHETIC = "The study is synthetic: its people are invented."
WIDTH = 96


@dataclass(frozen=True, slots=True)
class Parameter:
    """One coefficient of nature: what the pilot says of it, and what the scenario has.

    ``estimate``, ``low`` and ``high`` (95%) are NaN where the pilot is silent. ``informed``: the
    estimate, rounded, is the scenario's ``value``; else that is the ``prior``, or what was given.
    ``why`` says what it was read from, or why the prior stays.
    """

    parameter: str
    estimate: float
    low: float
    high: float
    prior: float
    value: float
    informed: bool
    why: str

    @property
    def silent(self) -> bool:
        """Whether the pilot says nothing at all of it."""
        return not np.isfinite(self.estimate)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A scenario fitted to a pilot, ready to draw; ``parameters`` has a row for every coefficient.

    ``internal``: too few people stand behind the numbers for the file to be passed on.
    """

    scenario: Scenario
    parameters: tuple[Parameter, ...]
    notes: tuple[str, ...]
    study: str
    people: int
    internal: bool
    synthetic: bool

    def to_frame(self) -> pd.DataFrame:
        """A row a coefficient of nature, full precision, columns always the same."""
        columns = list(Parameter.__dataclass_fields__)
        rows = [[getattr(one, name) for name in columns] for one in self.parameters]
        return pd.DataFrame(rows, columns=columns)

    def lines(self) -> list[str]:
        """What was found, for a terminal: a line a coefficient that a pilot can inform."""
        told = [one for one in self.parameters if not one.silent or one.informed]
        made = [f"{'coefficient':<28}{'estimate':>9}  {'95% interval':<18}{'prior':>7}{'value':>7}"]
        made += [f"{_row(one)}  {'' if one.informed else _because(one)}".rstrip() for one in told]
        made += ["", "The pilot is silent on:"]
        reasons: dict[str, list[str]] = {}
        for one in self.parameters:
            if one.silent:
                reasons.setdefault(one.why, []).append(one.parameter)
        for why, names in reasons.items():
            made += textwrap.wrap(
                f"{', '.join(names)}: {why}.",
                WIDTH,
                initial_indent="- ",
                subsequent_indent="  ",
                break_on_hyphens=False,
            )
        made += [""] * bool(self.notes)
        for note in self.notes:
            made += textwrap.wrap(note, WIDTH, break_on_hyphens=False)
        return made

    def to_toml(self) -> str:
        """The scenario file: what it rests on as comments, then what differs from a preset."""
        return scenario_text(self.scenario, head="\n".join([*self._head(), "", *self.lines()]))

    def write(self, path: Path | str) -> Path:
        """Write the scenario file; ``rm.read_scenario`` and ``rmresearch simulate`` take it.

        A file that is there and no scenario is not replaced: ``ReportError``.
        """
        file = Path(path)
        if file.exists():
            try:
                read_scenario(file)
            except StudyError as error:
                raise ReportError(
                    f"{file} is there and no scenario file, so it is not replaced. "
                    f"Name another file."
                ) from error
        write_bytes(file, self.to_toml().encode())
        return file

    def _head(self) -> list[str]:
        found = [f"Calibrated by rmresearch to the study {self.study!r}."]
        if self.synthetic:
            return [*found, SYNTHETIC]
        return [*found, INTERNAL if self.internal else AGGREGATES.format(people=_band(self.people))]

    def __repr__(self) -> str:
        return "\n".join([*self._head(), "", *self.lines()])

    def _repr_html_(self) -> str:
        told = self.to_frame()
        told = told[told["informed"] | told["estimate"].notna()]
        table = from_frame(told, "Coefficients", ends_of="estimate", level="95%", digits=DIGITS)
        silent = ", ".join(one.parameter for one in self.parameters if one.silent)
        head = "".join(map(paragraph, (*self._head(), *self.notes)))
        rest = folded("Where the pilot is silent", paragraph(f"Silent, priors kept: {silent}."))
        return head + table.to_html() + rest


def _row(one: Parameter) -> str:
    if one.silent:
        return f"{one.parameter:<28}{'':>9}  {'':<18}{one.prior:>7.3g}{one.value:>7.3g}"
    ends = f"{one.low:.3g} to {one.high:.3g}"
    return f"{one.parameter:<28}{one.estimate:>9.3g}  {ends:<18}{one.prior:>7.3g}{one.value:>7.3g}"


def _because(one: Parameter) -> str:
    return one.why.partition(":")[0]


def _band(people: int) -> int:
    """Fifty, a hundred, ...: never the count itself."""
    return max(50 * (people // 50), 20)
