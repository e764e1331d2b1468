"""Write a synthetic cohort as users have theirs: the study into DIR, the truth into DIR.truth."""

from __future__ import annotations

import csv
import io
import os
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from rmresearch.errors import ReportError
from rmresearch.files import TEMPORARY, parse_toml, to_json, write_bytes
from rmresearch.files.atomic import unwritten
from rmresearch.privacy.tombstone import refuse_forgotten
from rmresearch.study import TABLES, Design
from rmresearch.world.cohort import Cohort
from rmresearch.world.documents import design_document, plan_document, tables_document
from rmresearch.world.toml import to_toml
from rmresearch.world.truth import Truth

__all__ = [
    "delimited",
    "documents",
    "places",
    "refuse_others",
    "study_files",
    "truth_json",
    "typed",
    "unfinished",
    "write_files",
    "write_study",
]

#: what may lie in a study folder that a new draw neither writes nor removes
OTHERS = frozenset({"plan.lock.json", "reports", ".rmresearch"})
DESCRIPTION = "study.toml"
#: what stands there while a study is written
UNFINISHED = b"""\
# This study is unfinished: what writes it is still at work, or was cut short. Run it again.
[study]
synthetic = true
"""


def write_study(cohort: Cohort, folder: Path | str) -> Path:
    """Write a cohort as a study folder, and its truth beside it in ``<folder>.truth``.

    The folder may be absent, empty, or hold a synthetic study with files of the same names,
    which are replaced; anything else raises ``ReportError`` and nothing is written. The same
    cohort gives the same bytes.
    """
    tables = [f"data/{name}.csv" for name in TABLES]
    return write_files(folder, study_files(cohort), cohort.truth, replaces=tables)


def study_files(cohort: Cohort) -> dict[str, bytes]:
    """Every file of the study folder: its path in the folder, and its bytes."""
    study = cohort.study
    tables = [name for name in TABLES if len(getattr(study, name))]
    files = documents(study.design, tables, "csv")
    for name in tables:
        frame = getattr(study, name).dropna(axis="columns", how="all")
        columns = {str(column): typed(frame[column]) for column in frame.columns}
        files[f"data/{name}.csv"] = delimited(columns)
    return files


def documents(design: Design, tables: Sequence[str], kind: str) -> dict[str, bytes]:
    """study.toml and plan.toml of a study with one file for each table, whose kind ends names."""
    document = design_document(design) | tables_document(design, tables, kind)
    return {
        "study.toml": to_toml(document).encode(),
        "plan.toml": to_toml(plan_document(design)).encode(),
    }


def typed(column: pd.Series[Any], *, day: str = "%Y-%m-%d", decimal: str = ".") -> list[str]:
    """A column's cells as people type them: whole numbers without a point, missing as nothing."""
    values = column.to_list()
    if pd.api.types.is_datetime64_any_dtype(column):
        return [value.strftime(day) if pd.notna(value) else "" for value in values]
    if pd.api.types.is_bool_dtype(column):
        return ["yes" if value else "no" for value in values]
    if pd.api.types.is_float_dtype(column):
        return ["" if pd.isna(value) else _number(value, decimal) for value in values]
    return ["" if pd.isna(value) else value for value in values]


def _number(value: float, decimal: str) -> str:
    text = str(int(value)) if value.is_integer() else repr(value)
    return text.replace(".", decimal)


def delimited(
    columns: Mapping[str, Sequence[str]], *, delimiter: str = ",", encoding: str = "utf-8"
) -> bytes:
    """A delimited text file's bytes, columns by header, lines ended by line feeds."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode(encoding)


def truth_json(truth: Truth) -> bytes:
    """truth.json: the rows by key, and the scenario and seed that made them.

    Numbers are rounded to nine decimals: the last bits of a sum depend on the processor.
    """
    content = {
        "seed": truth.seed,
        "scenario": asdict(truth.scenario),
        "rows": [
            {k: round(v, 9) if isinstance(v, float) else v for k, v in asdict(row).items()}
            for row in truth.rows
        ],
    }
    return to_json(content).encode()


def write_files(
    folder: Path | str,
    files: Mapping[str, bytes],
    truth: Truth,
    *,
    replaces: Collection[str] = (),
) -> Path:
    """Write a study's files into ``folder`` and its truth into ``<folder>.truth``.

    Files of the names ``replaces`` that an earlier study had and this one lacks are removed.
    study.toml comes last: a run that is cut short leaves no description of other data.
    """
    folder, beside = places(folder)
    refuse_others(folder, {*files, *replaces})
    refuse_others(beside, {"truth.json"})
    try:
        for place in {folder / name for name in files} | {beside / "truth.json"}:
            place.parent.mkdir(parents=True, exist_ok=True)
        unfinished(folder)
        for name in set(replaces) - set(files):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise unwritten(folder, error) from error
    for name in sorted(files, key=DESCRIPTION.__eq__):
        if name == DESCRIPTION:
            write_bytes(beside / "truth.json", truth_json(truth))
        write_bytes(folder / name, files[name])
    return folder


def places(folder: Path | str) -> tuple[Path, Path]:
    """The study's folder and that of its truth, which lies beside it, never within.

    A folder such as "." or ".." goes by its full path; the root of a disk, which has nothing
    beside it, raises ``ReportError``.
    """
    found = Path(folder)
    if found.name in {"", ".."}:
        found = Path(os.path.abspath(found))
    if not found.name:
        raise ReportError(f"{folder} has no place beside it for the truth. Name another folder.")
    return found, found.with_name(f"{found.name}.truth")


def unfinished(folder: Path) -> None:
    """Say in study.toml that the rest is on its way, and remove what killed runs left."""
    for place in (folder, folder / "data"):
        for leftover in place.glob(f".*{TEMPORARY}"):
            leftover.unlink(missing_ok=True)
    write_bytes(folder / DESCRIPTION, UNFINISHED)


def refuse_others(folder: Path, files: Collection[str]) -> None:
    """Replace only a synthetic study's own files, never anybody's data."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ReportError(f"{folder} is a file. Name a folder that is new or empty.")
    refuse_forgotten(folder)
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    there = [
        path.as_posix()
        for path in found
        if path.parts[0] not in OTHERS and not path.name.endswith(TEMPORARY)
    ]
    stranger = next((name for name in there if name not in files), None)
    if stranger is None and there and DESCRIPTION in files and not _synthetic(folder):
        # files of our names, but nothing says that they are ours
        stranger = "a study that is not synthetic" if DESCRIPTION in there else there[0]
    if stranger is not None:
        raise ReportError(
            f"{folder} holds {stranger}, which this would not replace. Name a folder that is new, "
            f"empty, or made by the same command."
        )


def _synthetic(folder: Path) -> bool:
    try:
        found = parse_toml((folder / DESCRIPTION).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    head = found.get("study")
    return isinstance(head, dict) and head.get("synthetic") is True
