"""The files behind a table: found inside the data root, read once, renamed, filtered, consented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem, did_you_mean
from rmresearch.files import sha256
from rmresearch.io.findings import Findings, some
from rmresearch.io.mapping.cells import Column
from rmresearch.io.schema import TableSource
from rmresearch.io.sources import RawTable, read_raw

__all__ = ["EXAMPLES", "Files", "Opened", "opened"]

Flags = NDArray[np.bool_]
#: rules of a file that holds nothing: what it would have answered stays open, the rest is read
EMPTY = {"empty-file", "empty-sheet", "no-rows"}
YET = "Fine if there is nothing yet; otherwise fill it in, or take the table out of study.toml."
#: what only a new study's example rows say: ids of a senior, a junior and a pair, free text; all
#: else there is nothing that its column takes, so that a row typed over in part is found as well
EXAMPLES = ("EX-SENIOR-1", "EX-JUNIOR-1", "EX-PAIR-1", "e.g. Sales", "e.g. IT", "e.g. chat tools")
#: our columns in which they stand
NAMING = ("person", "pair", "junior", "senior", "department", "topic")


@dataclass(slots=True, eq=False)
class Files:
    """The data root of one reading: every file is read once, however many tables use it."""

    root: Path
    findings: Findings
    sums: dict[str, str] = field(default_factory=dict)
    raws: dict[tuple[str | None, ...], RawTable | None] = field(default_factory=dict)
    used: dict[tuple[str | None, str | None], set[str]] = field(default_factory=dict)
    broken: dict[tuple[str | None, str | None], int] = field(default_factory=dict)

    def raw(self, name: str, source: TableSource, *, needed: bool) -> RawTable | None:
        """The table in a file, or None with the problem noted.

        A file that holds nothing is an error only where the table is ``needed``; elsewhere it is
        said, and the table has no rows.
        """
        key = (name, source.sheet, source.delimiter, source.encoding)
        if key not in self.raws:
            self.raws[key] = self._read(name, source, needed)
        return self.raws[key]

    def _read(self, name: str, source: TableSource, needed: bool) -> RawTable | None:
        place = self.inside(name)
        if isinstance(place, Problem):
            self.findings.add(place)
            return None
        raw = read_raw(
            place,
            name=name,
            sheet=source.sheet,
            delimiter=source.delimiter,
            encoding=source.encoding,
        )
        if name not in self.sums and "file" not in {problem.rule for problem in raw.problems}:
            self.sums[name] = sha256(place)
        nothing = {problem.rule for problem in raw.problems} & EMPTY
        for problem in raw.problems:
            if problem.rule in EMPTY and not needed:
                wave = source.constants.get("wave")
                found = problem.found if wave is None else f"{problem.found} (wave {wave})"
                problem = replace(problem, severity="warning", found=found, fix=YET)
            self.findings.add(problem)
        if raw.problems:
            self.broken[raw.file, raw.sheet] = len(raw.problems)
        for note in raw.notes:
            self.findings.note(note)
        return raw if len(raw.frame.columns) or nothing else None

    def awaited(self, sources: Iterable[TableSource], waves: Iterable[str]) -> frozenset[str]:
        """Of these waves, those whose answers a file was to bring that holds nothing yet."""
        known, found = set(waves), set[str]()
        for source in sources:
            files = [source.file] if isinstance(source.file, str) else source.file
            raws = [self.raw(name, source, needed=False) for name in files]
            if any(raw is not None and not len(raw.frame.columns) for raw in raws):
                fixed = source.constants.get("wave")
                found |= {str(fixed)} if fixed is not None else set(source.waves) or known
        return frozenset(found & known)

    def inside(self, name: str) -> Path | Problem:
        """The file's path, if it is a file and truly lies inside the data root."""
        fix = "Give the file's path inside the data folder."
        shape = PurePosixPath(name.replace("\\", "/"))
        windows = PureWindowsPath(name)
        if not name or "\0" in name or shape.is_absolute() or windows.drive or windows.root:
            return Problem("path", "is not a path inside the data folder", fix, file=name)
        if ".." in shape.parts or shape.parts[:1] == ("~",):
            return Problem("path", "leads out of the data folder", fix, file=name)
        path = self.root.joinpath(*shape.parts)
        try:
            inside = path.resolve().is_relative_to(self.root.resolve())
            there = path.is_file()
        except (OSError, RuntimeError):  # a name that is too long, links in a circle
            return Problem("path", "is not a path that can be followed", fix, file=name[:80])
        if not inside:
            return Problem("path", "is a link that leads out of the data folder", fix, file=name)
        if not there:
            files = sorted(p.name for p in self.root.iterdir() if p.is_file())
            hint = f" The folder has {some(files)}.{did_you_mean(name, files)}" if files else ""
            found = "is a folder" if path.is_dir() else "is not in the data folder"
            return Problem("file", found, f"Correct file in study.toml.{hint}", file=name)
        return path

    def say_unused(self) -> None:
        """Note, by file, how many columns no table asked for."""
        seen = set()
        for (name, sheet, *_), raw in self.raws.items():
            if raw is None or (name, sheet) in seen:
                continue
            seen.add((name, sheet))
            used = self.used.get((raw.file, raw.sheet), set())
            unused = [c for c in raw.frame.columns if str(c) not in used]
            if unused:
                count = f"{len(unused)} of {len(raw.frame.columns)}"
                self.findings.note(f"{name}: columns not used: {count} ({some(unused, 6)}).")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """One file of one source: the rows that ``where`` keeps, with the columns as renamed.

    ``frame`` is indexed by the file's row numbers; ``original`` gives a renamed column's name in
    the file; ``refused`` marks the rows of people who did not consent.
    """

    key: str
    source: TableSource
    place: int
    frame: pd.DataFrame
    labels: Mapping[str, Mapping[float | str, str]]
    original: Mapping[str, str]
    files: Files
    refused: Flags

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The rows as the file counts them."""
        return self.frame.index.to_numpy(np.int64)

    @property
    def where(self) -> tuple[str | None, str | None]:
        """The file and the sheet."""
        return self.files.findings.places[self.place]

    @property
    def columns(self) -> list[str]:
        """The headers as renamed."""
        return [str(c) for c in self.frame.columns]

    def only(self, rows: Flags) -> Opened:
        """The same file with some of its rows."""
        return replace(self, frame=self.frame[rows], refused=self.refused[rows])

    def column(self, name: str, missing: tuple[str, ...] = ()) -> Column:
        """A column that is there."""
        original = self.original.get(name, name)
        self.files.used.setdefault(self.where, set()).add(original)
        codes = (*self.source.missing, *missing)
        return Column.of(self.frame[name], codes, self.labels.get(original))

    def need(self, name: str, key: str) -> Column | None:
        """A column that study.toml names; where it is absent the problem says what is there."""
        if name in self.frame.columns:
            return self.column(name)
        file, sheet = self.where
        found = f"there is no column {name!r}, which {key} names"
        fix = f"Correct {key}; the file has {some(self.columns)}.{did_you_mean(name, self.columns)}"
        self.files.findings.add(Problem("unknown-column", found, fix, file=file, sheet=sheet))
        return None


def opened(files: Files, table: str, sources: list[TableSource]) -> Iterator[Opened | None]:
    """Every file of every source of a table; None stands for one that could not be used."""
    for i, source in enumerate(sources):
        key = f"tables.{table}" + (f"[{i + 1}]" if len(sources) > 1 else "")
        for name in [source.file] if isinstance(source.file, str) else source.file:
            needed = table == "participants"
            raw = files.raw(name, source, needed=needed)
            if raw is not None and len(raw.frame.columns):
                yield _prepared(files, key, source, name, raw)
            elif raw is None or needed:
                yield None


def _prepared(
    files: Files, key: str, source: TableSource, name: str, raw: RawTable
) -> Opened | None:
    findings = files.findings
    place = findings.place(raw.file, raw.sheet, key)
    names = source.rename.get("*", {}) | source.rename.get(name, {})
    headers = [str(c) for c in raw.frame.columns]
    absent = [old for old in source.rename.get(name, {}) if old not in headers]
    for old in absent:
        found = f"there is no column {old!r}, which {key}.rename names"
        fix = f"Correct the old name; the file has {some(headers)}.{did_you_mean(old, headers)}"
        findings.add(Problem("unknown-column", found, fix, file=raw.file, sheet=raw.sheet))
    renamed = [names.get(header, header) for header in headers]
    twice = sorted({new for new in renamed if renamed.count(new) > 1} & set(names.values()))
    if twice:
        found = f"{key}.rename gives two columns the name {some(twice)}"
        fix = "Give each column a name of its own."
        findings.add(Problem("duplicate-header", found, fix, file=raw.file, sheet=raw.sheet))
        return None
    frame = raw.frame.set_axis(renamed, axis=1) if names else raw.frame
    frame = frame[frame.notna().any(axis=1)]
    original = dict(zip(renamed, headers, strict=True))
    whole = Opened(key, source, place, frame, raw.labels, original, files, np.empty(0, bool))
    return _filtered(whole)


def _filtered(whole: Opened) -> Opened | None:
    """Only the rows that ``where`` keeps, with those without consent marked."""
    source, findings = whole.source, whole.files.findings
    keep = np.ones(len(whole), dtype=bool)
    usable = True
    for name, values in source.where.items():
        column = whole.need(name, f"{whole.key}.where")
        usable = usable and column is not None
        if column is not None:
            keep &= column.holds(values)
    if usable and len(whole) and not keep.any():
        file, sheet = whole.where
        found, fix = f"{whole.key}.where keeps no row", "Compare its values with the file's."
        findings.add(Problem("no-rows", found, fix, file=file, sheet=sheet, severity="warning"))
    refused = np.zeros(len(whole), dtype=bool)
    if source.consent is not None:
        answer = whole.need(source.consent.column, f"{whole.key}.consent.column")
        usable = usable and answer is not None
        if answer is not None:
            refused = ~answer.holds(source.consent.yes)
    if not usable:
        return None
    keep &= ~_examples(whole, keep)
    return replace(whole, frame=whole.frame[keep], refused=refused[keep])


def _examples(whole: Opened, kept: Flags) -> Flags:
    """Rows that `rmresearch new` wrote as examples: errors, and never read any further."""
    found = np.zeros(len(whole), dtype=bool)
    for name in NAMING:
        header = whole.source.columns.get(name, name)
        if not isinstance(header, str) or header not in whole.frame.columns:
            continue
        if whole.frame[header].dtype.kind == "O":  # text, or cells of many kinds
            found |= whole.frame[header].isin(EXAMPLES).to_numpy(bool) & kept
    file, sheet = whole.where
    for row in whole.rows[found].tolist():
        words = "an example row of the new study is still there"
        fix = "Clear or delete it: nothing is evaluated before."
        whole.files.findings.add(
            Problem("example-row", words, fix, file=file, sheet=sheet, row=row)
        )
    return found
