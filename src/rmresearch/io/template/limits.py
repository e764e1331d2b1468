"""What a column of the workbook takes, as Excel and LibreOffice both hold it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from rmresearch.io.template.sheets import Column, Sheet
from rmresearch.io.template.words import catalogue

__all__ = ["DEPARTMENTS", "IDS", "ROWS", "fits", "rule"]

#: rows that lists and limits hold for; what stands below is read as well
ROWS = 5000
DEPARTMENTS = "Departments"
#: kinds of columns that hold ids
IDS = {"unique", "person", "once", "junior", "senior", "pair"}


def rule(place: int, column: Column, sheets: Sequence[Sheet], listed: str) -> dict[str, Any]:
    """The rule of the column in ``place`` (from 0) as xlsxwriter takes it.

    ``listed`` is the range that holds the column's options, if it has any.
    """
    refused = catalogue("texts")["refused"]
    if column.kind == "choice":
        return {"validate": "list", "source": listed, "error_message": refused["choice"]}
    if column.kind == "department":
        names = f"={DEPARTMENTS}!$A$2:$A$200"
        found = {"validate": "list", "source": names, "error_message": refused["department"]}
        return found | {"error_type": "warning"}
    if column.kind == "date":
        ends = {"minimum": dt.date(1950, 1, 1), "maximum": dt.date(2100, 12, 31)}
        found = {"validate": "date", "criteria": "between", "error_message": refused["date"]}
        return found | ends
    if column.kind in IDS:
        formula = f"={fits(place, column, sheets)}"
        return {"validate": "custom", "value": formula, "error_message": refused[column.kind]}
    if column.kind == "number" and column.low is not None and column.high is not None:
        whole = bool(column.role) and float(column.low).is_integer()
        said = refused["number"].format(low=f"{column.low:g}", high=f"{column.high:g}")
        found = {"validate": "integer" if whole else "decimal", "criteria": "between"}
        return found | {"minimum": column.low, "maximum": column.high, "error_message": said}
    return {"validate": "any"}


def fits(place: int, column: Column, sheets: Sequence[Sheet]) -> str:
    """The formula that says whether the id in row 2 fits; exact, so that 007 is not 7."""
    letter = xl_col_to_name(place)
    cell = f"${letter}2"
    once = f"SUMPRODUCT(--(${letter}$2:${letter}${ROWS + 1}={cell}))=1"
    if column.kind == "unique":
        return once
    table, ours = ("pairs", "pair") if column.kind == "pair" else ("participants", "person")
    home = next((sheet for sheet in sheets if sheet.table == table), None)
    ids = None if home is None else _range(home, ours)
    if home is None or ids is None:
        return "TRUE"
    found = f"MATCH({cell},{ids},0)"
    if column.kind == "once":
        return f"AND(ISNUMBER({found}),{once})"
    roles = _range(home, "role")
    told = {option for one in home.columns if one.ours == "role" for option in one.options}
    if column.kind in told and roles is not None:
        return f'IFERROR(INDEX({roles},{found})="{column.kind}",FALSE)'
    return f"ISNUMBER({found})"


def _range(sheet: Sheet, ours: str) -> str | None:
    """Where a sheet holds one of our columns."""
    for place, column in enumerate(sheet.columns):
        if column.ours == ours:
            letter = xl_col_to_name(place)
            return f"'{sheet.name}'!${letter}$2:${letter}${ROWS + 1}"
    return None
