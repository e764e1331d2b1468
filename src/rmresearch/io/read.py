"""From a study folder to a Study: read, held against the input contract, pseudonymised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem, StudyError, kindly
from rmresearch.io.brand import read_brand
from rmresearch.io.contract.answers import check_answers
from rmresearch.io.contract.declared import declaration_problems
from rmresearch.io.contract.people import check_tables
from rmresearch.io.contract.quality import quality_warnings
from rmresearch.io.contract.tables import Everything
from rmresearch.io.findings import BAD, PLACE, ROW, Findings, some
from rmresearch.io.mapping.codes import Codebook
from rmresearch.io.mapping.layouts import Measures, Setting
from rmresearch.io.mapping.measures import read_measures
from rmresearch.io.mapping.opening import Files, Opened, opened
from rmresearch.io.mapping.tables import Mapped, build, empty, refusing
from rmresearch.io.schema import StudyFile, to_design
from rmresearch.io.toml import read_toml
from rmresearch.plan import follow_up_present, freeze
from rmresearch.privacy.pseudonyms import Pseudonyms, pseudonymise
from rmresearch.privacy.tombstone import tombstone
from rmresearch.study import TABLES, Design, Study

__all__ = [
    "LISTED",
    "Loaded",
    "freeze_plan",
    "holding",
    "load",
    "places",
    "read_study",
    "unreadable",
]

Flags = NDArray[np.bool_]
#: lines that are listed before the total is given
LISTED = 200


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A study with the ids of its files (None if anything is wrong), and all that was found."""

    study: Study | None
    findings: Findings


@kindly
def read_study(path: str | Path, *, data: str | Path | None = None) -> Study:
    """Read a study from its files, with pseudonyms for all ids.

    ``path`` is a folder with study.toml, or the TOML file itself; ``data`` is the folder with the
    data files (default: ``data`` beside study.toml). Anything wrong raises ``StudyError``, whose
    ``problems`` hold every line and whose message lists the first 200 and the total. Nothing is
    written but, at the first read of a study with real people, the key of its pseudonyms in
    ``.rmresearch`` beside study.toml.

    >>> read_study("no-such-pilot")
    Traceback (most recent call last):
    rmresearch.errors.StudyError: 1 problem
    no-such-pilot: is not there. Check the path.
    """
    study = _readable(path, data)
    design, path = study.design, Path(path)
    folder = path if path.is_dir() else path.parent
    pseudonyms = Pseudonyms.of(folder, design.name, synthetic=design.synthetic)
    return pseudonymise(study, pseudonyms)


def freeze_plan(path: str | Path, *, data: str | Path | None = None) -> str:
    """Freeze the study's plan with the hashes of its data files; says what was known then.

    Writes plan.lock.json beside plan.toml and nothing else. Raises ``StudyError`` where the
    study cannot be read or the plan does not fit it.
    """
    study = _readable(path, data)
    lock = freeze(
        Path(path),
        data=study.sources,
        follow_up_present=follow_up_present(study),
        design=study.design,
    )
    return lock.sentence()


def _readable(path: str | Path, data: str | Path | None) -> Study:
    """The study with the ids of its files, or all that is wrong with it as an error."""
    loaded = load(path, data)
    if loaded.study is not None:
        return loaded.study
    raise unreadable(loaded.findings)


def unreadable(findings: Findings) -> StudyError:
    """Everything that was found as one error: the first 200 lines and the total."""
    count = findings.count()
    problems = findings.lines()
    lines = [f"{count:,} problem{'' if count == 1 else 's'}"]
    lines += [str(problem) for problem in problems[:LISTED]]
    if count > LISTED:
        lines.append(f"and {count - LISTED:,} more")
    return StudyError("\n".join(lines), problems)


def load(path: str | Path, data: str | Path | None = None) -> Loaded:
    """Read and check a study without writing anything; ids are those of the files."""
    findings = Findings()
    found = places(Path(path), None if data is None else Path(data), findings)
    if found is None:
        return Loaded(None, findings)
    toml, root = found
    file, _, problems = read_toml(toml)
    for problem in problems:
        findings.add(problem)
    if file is None:
        return Loaded(None, findings)
    for problem in declaration_problems(file, toml.name):
        findings.add(problem)
    brand, problems = read_brand(file.brand, toml)
    for problem in problems:
        findings.add(problem)
    if root is None:
        return Loaded(None, findings)
    files = Files(root, findings)
    reading = _Reading(file, to_design(file, brand), files, findings)
    everything, excluded = reading.tables()
    check_tables(everything, findings)
    check_answers(everything, findings)
    if findings.count():
        return Loaded(None, findings)
    for problem in quality_warnings(everything):
        findings.add(problem)
    files.say_unused()
    return Loaded(_study(everything, files, findings, excluded), findings)


def places(path: Path, data: Path | None, findings: Findings) -> tuple[Path, Path | None] | None:
    """The TOML file and the data root; what is missing is noted."""

    def problem(where: Path, found: str, fix: str) -> None:
        findings.add(Problem("path", found, fix, file=where.name or str(where)))

    toml = path / "study.toml" if path.is_dir() else path
    if not path.exists():
        problem(path, "is not there", "Check the path.")
        return None
    if not toml.is_file():
        others = sorted(one.name for one in path.glob("*.toml"))
        hint = f" The folder has {some(others)}: name one of them." if others else ""
        problem(path, "has no study.toml", f"Give the folder that holds study.toml.{hint}")
        return None
    if toml.suffix.lower() != ".toml":
        problem(path, "is not a TOML file", "Give the study's folder, or its .toml file.")
        return None
    if stone := tombstone(toml.parent):
        problem(toml, stone.found, stone.fix)
        return None
    root = toml.parent / "data" if data is None else data
    if root.is_dir():
        return toml, root
    if data is None:
        fix = "Put the data files into a folder named data beside it, or say --data FOLDER."
        problem(toml, "has no data folder beside it, and none was given", fix)
    else:
        problem(root, "is not a folder", "Give the folder with the data files.")
    return toml, None


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """One reading of a study's tables, in the order that consent asks for."""

    file: StudyFile
    design: Design
    files: Files
    findings: Findings

    def tables(self) -> tuple[Everything, tuple[tuple[str, int], ...]]:
        """All tables without those who did not consent, and how many that left out."""
        found = {
            table: list(opened(self.files, table, getattr(self.file.tables, table)))
            for table in TABLES
        }
        linked = self.design.linked
        asked = [one for table in ("participants", "measures", "records") for one in found[table]]
        refused = frozenset(refusing(asked) if linked else ())
        features = dict(self.design.features)
        measures = self._measures(found["measures"], refused, features)
        if linked:
            participants, gone = build(
                "participants",
                found["participants"],
                self.findings,
                features=features,
                leave_out=holding(refused, "person"),
            )
            _forget_managers(participants.frame, refused)
        else:
            participants, gone = _respondents(measures, features), pd.DataFrame()
        no_pairs, leave_pairs = frozenset[str](), holding(refused, "junior", "senior")
        pairs, gone_pairs = build("pairs", found["pairs"], self.findings, leave_out=leave_pairs)
        if "pair" in gone_pairs:
            no_pairs = frozenset(gone_pairs["pair"].dropna())
        meetings, gone_meetings = build(
            "meetings", found["meetings"], self.findings, leave_out=holding(no_pairs, "pair")
        )
        records, gone_records = build(
            "records", found["records"], self.findings, leave_out=holding(refused, "person")
        )
        people = len(refused) if linked else measures.refusals
        counts = {
            "people who did not consent": people or len(gone),
            "pairs with somebody who did not consent": len(gone_pairs),
            "answers of people who did not consent": measures.left_out,
            "meetings of such pairs": len(gone_meetings),
            "records of people who did not consent": len(gone_records),
        }
        excluded = tuple((reason, n) for reason, n in counts.items() if n)
        unread = {table: self._unread(found[table]) for table in ("participants", "pairs")}
        _only_arm(participants.frame, self.design)
        return (
            Everything(participants, pairs, measures, meetings, records, self.design, unread),
            excluded,
        )

    def _measures(
        self, found: list[Opened | None], refused: frozenset[str], features: Mapping[str, str]
    ) -> Measures:
        setting = Setting(
            Codebook.of(self.file.outcomes),
            [wave.name for wave in self.file.waves],
            self.findings,
            Measures(empty("measures")),
            linked=self.design.linked,
            refused=refused,
            features={} if self.design.linked else features,
        )
        setting.made.awaited = self.files.awaited(self.file.tables.measures, setting.waves)
        return read_measures(found, setting)

    def _unread(self, found: Iterable[Opened | None]) -> int:
        places = {one.where for one in found if one is not None}
        return sum(self.files.broken.get(place, 0) for place in places)


def holding(ids: frozenset[str], *columns: str) -> Callable[[pd.DataFrame], Flags]:
    """Which rows hold one of the ids in one of the columns."""

    def rows(frame: pd.DataFrame) -> Flags:
        held = np.zeros(len(frame), dtype=bool)
        for column in columns:
            if ids and column in frame:
                held |= frame[column].isin(ids).to_numpy(bool)
        return held

    return rows


def _forget_managers(frame: pd.DataFrame, refused: frozenset[str]) -> None:
    """Nothing of somebody who did not consent is kept, not even whom they manage."""
    if refused:
        frame.loc[frame["manager"].isin(refused), "manager"] = np.nan


def _only_arm(frame: pd.DataFrame, design: Design) -> None:
    """In a study with one declared arm everybody is in it."""
    if len(design.arms) == 1 and frame["arm"].isna().all():
        frame["arm"] = pd.Series(design.arms[0].name, index=frame.index, dtype="str")


def _respondents(measures: Measures, features: Mapping[str, str]) -> Mapped:
    """The participants of an unlinked study: everybody who answered, once a wave."""
    table = empty("participants", features)
    if measures.people is None or not len(measures.people):
        return Mapped(table, complete=measures.complete)
    people = measures.people.reindex(columns=table.columns)
    people = people.astype(dict(table.dtypes))
    given = frozenset(str(c) for c in people.columns if people[c].notna().any())
    return Mapped(people, given, measures.complete)


def _study(
    everything: Everything,
    files: Files,
    findings: Findings,
    excluded: tuple[tuple[str, int], ...],
) -> Study:
    def plain(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[[c for c in frame.columns if c not in (PLACE, ROW, BAD)]].reset_index(
            drop=True
        )

    # warnings carry no ids in their words; row and value stay behind in the files
    warnings = [
        f"{problem.file + ': ' if problem.file else ''}{problem.found}. {problem.fix}"
        for problem in findings.lines("warning", LISTED)
    ]
    measures = everything.measures.frame
    return Study(
        participants=plain(everything.participants.frame),
        pairs=plain(everything.pairs.frame),
        measures=plain(measures[list(TABLES["measures"])]),
        meetings=plain(everything.meetings.frame),
        records=plain(everything.records.frame),
        design=everything.design,
        sources=tuple(sorted(files.sums.items())),
        notes=(*findings.notes, *warnings),
        excluded=excluded,
    )
