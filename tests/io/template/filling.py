"""A new study's workbook filled in as a person would: a synthetic cohort, cell by cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd

import rmresearch as rm
from rmresearch.io.schema import StudyFile
from rmresearch.io.template.layout import HEADERS, SHEETS, survey
from rmresearch.io.toml import read_toml
from rmresearch.study import Study

#: what a template asks and the synthetic world knows too
ASKED = ("digital_skill", "leadership_confidence", "burden", "satisfaction", "recommend")
#: what only the template asks
COURSE = ("relationship", "safety", "time", "openness")


def cohort(pairs: int = 24, seed: int = 3) -> Study:
    """A waiting-list study in the world's own words."""
    design = rm.Scenario().design
    asked = type(design)(instruments=ASKED)
    return rm.simulate(rm.Scenario(pairs=pairs, design=asked), seed=seed).study


def open_book(folder: Path) -> Any:
    """The workbook without its example rows."""
    book = openpyxl.load_workbook(folder / "data" / "data.xlsx")
    for sheet in book.worksheets:
        if sheet.title not in {"Read me", "Questions", "Lists"}:
            for row in sheet.iter_rows(min_row=2, max_row=3):
                for cell in row:
                    cell.value = None
    return book


def write(sheet: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows under the sheet's headings, from row 2."""
    places = {cell.value: cell.column for cell in sheet[1]}
    for line, row in enumerate(rows, 2):
        for header, value in row.items():
            if value is not None and not pd.isna(value):
                sheet.cell(line, places[header]).value = value


def fill(folder: Path, study: Study) -> dict[str, str]:
    """The cohort in the folder's workbook, saved; which id each of its people has there."""
    file, _, _ = read_toml(folder / "study.toml")
    if file is None:
        raise ValueError("no study.toml to fill in")
    ids = {person: f"{number:04d}" for number, person in enumerate(study.participants["person"])}
    book = open_book(folder)
    people = study.participants.assign(
        arm=study.participants["arm"].replace("comparison", "waiting")
    )
    for table, frame in (
        ("participants", people),
        ("pairs", study.pairs),
        ("meetings", study.meetings.dropna(subset=["date"])),
        ("records", study.records),
    ):
        write(book[SHEETS[table]], _rows(frame, HEADERS[table], ids))
    for wave in file.waves:
        write(book[survey(wave.name)], _answers(study, file, wave.name, ids))
    book.save(folder / "data" / "data.xlsx")
    return ids


def _rows(
    frame: pd.DataFrame, headers: Mapping[str, str], ids: Mapping[str, str]
) -> Iterable[dict[str, Any]]:
    for row in frame.to_dict("records"):
        yield {theirs: _cell(row[ours], ids) for ours, theirs in headers.items() if ours in row}


def _cell(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, pd.Timestamp):
        return dt.datetime(value.year, value.month, value.day)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return ids.get(value, value) if isinstance(value, str) else value


def _answers(
    study: Study, file: StudyFile, wave: str, ids: Mapping[str, str]
) -> Iterable[dict[str, Any]]:
    """A row a person who answered at the wave, in the template's words."""
    rng = np.random.default_rng(5)
    told = study.measures[study.measures["wave"] == wave]
    known = {one.name: one for one in study.design.outcomes}
    programme = set(study.participants.loc[study.participants["arm"] == "programme", "person"])
    for person, mine in told.groupby("person", sort=True):
        values = dict(zip(mine["item"], mine["value"], strict=True))
        row: dict[str, Any] = {"Person": ids[str(person)]}
        for outcome in file.outcomes:
            words = {code: text for text, code in outcome.labels.items()}
            if outcome.name in known:
                codes = [values.get(item) for item in known[outcome.name].items]
            elif wave in outcome.waves and person in programme:
                codes = [float(rng.integers(2, 6))]
            else:
                continue
            for item, code in zip(outcome.items, codes, strict=True):
                row[item] = None if code is None else words.get(int(code), int(code))
        yield row
