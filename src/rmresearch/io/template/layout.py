"""What the workbook's sheets and columns are called: study.toml and the workbook both use it."""

from __future__ import annotations

from collections.abc import Mapping

from rmresearch.declared import Wave

__all__ = ["FILE", "HEADERS", "SHEETS", "columns", "survey"]

FILE = "data.xlsx"
#: table -> its sheet
SHEETS: Mapping[str, str] = {
    "participants": "Participants",
    "pairs": "Pairs",
    "meetings": "Meetings",
    "records": "Events",
}
#: table -> our column -> the sheet's
HEADERS: Mapping[str, Mapping[str, str]] = {
    "participants": {
        "person": "Person",
        "role": "Role",
        "arm": "Group",
        "department": "Department",
        "level": "Level",
        "manager": "Line manager",
        "crossover_date": "Starts later on",
    },
    "pairs": {
        "pair": "Pair",
        "junior": "Junior",
        "senior": "Senior",
        "start": "Started",
        "end": "Ended",
        "reason": "Why it ended",
        "topic": "Topic",
    },
    "measures": {"person": "Person"},
    "meetings": {"pair": "Pair", "date": "Date", "held": "Held", "minutes": "Minutes"},
    "records": {"person": "Person", "date": "Date", "kind": "Event"},
}


def survey(wave: Wave | str) -> str:
    """The sheet of a wave's answers; Excel's names have 31 characters at most."""
    return f"Survey {wave if isinstance(wave, str) else wave.name}"[:31]


def columns(table: str, *, kind: str, departments: bool) -> Mapping[str, str]:
    """The columns of a table that a study of this kind (as in [design]) needs."""
    unneeded = set() if departments else {"department"}
    unneeded |= {"arm"} if kind == "single-group" else set()
    unneeded |= set() if kind == "waitlist" else {"crossover_date"}
    return {ours: theirs for ours, theirs in HEADERS[table].items() if ours not in unneeded}
