"""Who applied to a programme, under their own ids: what `rmresearch match` works on.

Everything else in this package sees pseudonyms (`read_study`). Here the programme team has to
know who is meant, so this reading is apart: it opens the participants and the pairs only, keeps
the columns that [matching] names and no answers, and its result is no `Study`: nothing that
analyses or reports accepts it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from rmresearch.errors import Problem
from rmresearch.io.contract.declared import declaration_problems
from rmresearch.io.contract.people import check_people, check_roles
from rmresearch.io.contract.tables import Everything, like_ids
from rmresearch.io.findings import PLACE, ROW, Findings
from rmresearch.io.mapping.layouts import Measures
from rmresearch.io.mapping.opening import Files, opened
from rmresearch.io.mapping.tables import Mapped, build, empty, refusing
from rmresearch.io.read import LISTED, holding, places, unreadable
from rmresearch.io.schema import MatchingEntry, StudyFile, to_design
from rmresearch.io.toml import read_toml
from rmresearch.numerics.likeness import listed
from rmresearch.study import ROLES, TABLES, Design

__all__ = ["Applications", "read_applications"]


@dataclass(frozen=True, slots=True, eq=False)
class Applications:
    """The applicants, how they are to be matched, and the pairs that there were before.

    ``people`` has a row a person, ordered by id whatever the order of the files: person, role,
    arm, department, level, manager, stratum and the declared features. ``earlier`` are the
    (senior, junior) ids of the table of pairs. ``sources`` are the SHA-256 of the files read,
    ``notes`` sentences without ids, ``excluded`` counts people who were left out, by reason.
    """

    design: Design
    matching: MatchingEntry
    people: pd.DataFrame = field(repr=False)
    earlier: tuple[tuple[str, str], ...] = field(repr=False)
    sources: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    excluded: tuple[tuple[str, int], ...]

    def side(self, role: str) -> pd.DataFrame:
        """The seniors or the juniors."""
        return self.people[self.people["role"] == role].reset_index(drop=True)


def read_applications(path: str | Path, *, data: str | Path | None = None) -> Applications:
    """Read who applied and how [matching] wants them paired; nothing is written.

    ``path`` is a folder with study.toml, or the TOML file itself; ``data`` the folder with the
    data files (default: ``data`` beside it). Tables other than participants and pairs are not
    opened: they may be declared before they exist. Everything wrong raises one ``StudyError``.

    >>> found = read_applications("data/synthetic/pilot")
    >>> found.side("senior").shape[0], found.matching.rules.reporting_line
    (48, True)
    """
    findings = Findings()
    found = places(Path(path), None if data is None else Path(data), findings)
    if found is None:
        raise unreadable(findings)
    toml, root = found
    file, _, problems = read_toml(toml)
    for problem in [*problems, *(declaration_problems(file, toml.name) if file else ())]:
        findings.add(problem)
    if file is None or root is None:
        raise unreadable(findings)
    if not file.study.linked:
        fix = "Set linked = true and give [tables.participants] with an id for everybody."
        findings.add(Problem("unlinked", "linked = false: nobody has an id to match by", fix))
        raise unreadable(findings)
    made = _Reading(file, to_design(file), Files(root, findings), findings).applications()
    if findings.count():
        raise unreadable(findings)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    file: StudyFile
    design: Design
    files: Files
    findings: Findings

    def applications(self) -> Applications:
        matching, findings = self.file.matching, self.findings
        asked = list(opened(self.files, "participants", self.file.tables.participants))
        refused = frozenset(refusing(asked))
        people, gone = build(
            "participants",
            asked,
            findings,
            features=dict(self.design.features),
            leave_out=holding(refused, "person"),
        )
        pairs, _ = build(
            "pairs", list(opened(self.files, "pairs", self.file.tables.pairs)), findings
        )
        unread = {"participants": 0, "pairs": 0}
        none = Mapped(empty("records"))
        everything = Everything(
            people, pairs, Measures(empty("measures")), none, none, self.design, unread
        )
        check_people(everything, findings)
        check_roles(everything, findings)
        _check_columns(people, matching, findings)
        frame = _in_arms(people.frame, matching.arms)
        _check_values(frame, matching, findings)
        everybody = pd.concat([people.frame["person"], *(gone[c] for c in gone if c == "person")])
        _check_lists(frame, everybody.dropna(), matching, findings)
        _both_sides(frame, findings)
        both = pairs.frame[["senior", "junior"]].dropna()
        counts = {
            "people who did not consent": len(refused) or len(gone),
            "people of arms that are not matched": len(people.frame) - len(frame),
        }
        warnings = [f"{one.found}. {one.fix}" for one in findings.lines("warning", LISTED)]
        plain = frame.drop(columns=[c for c in frame.columns if str(c).startswith("_")])
        return Applications(
            design=self.design,
            matching=matching,
            people=plain.sort_values("person", ignore_index=True),
            earlier=tuple(zip(both["senior"], both["junior"], strict=True)),
            sources=tuple(sorted(self.files.sums.items())),
            notes=(*findings.notes, *warnings),
            excluded=tuple((reason, n) for reason, n in counts.items() if n),
        )


def _in_arms(frame: pd.DataFrame, arms: list[str]) -> pd.DataFrame:
    return frame[frame["arm"].isin(arms)] if arms else frame


def _check_columns(people: Mapped, matching: MatchingEntry, findings: Findings) -> None:
    """Columns of ours that a rule needs are in the files (features are missed when mapped)."""
    rules = matching.rules
    needed = [
        ("level", "matching.rules.level_gap", rules.level_gap is not None),
        ("department", "matching.rules.other_department", rules.other_department),
        ("arm", "matching.arms", bool(matching.arms)),
        *((column, "matching.rules.same", True) for column in rules.same),
        *(
            (column, f"matching.questions[{question.name}]", True)
            for question in matching.questions
            for column in question.columns()
        ),
    ]
    # on by default: only somebody who wrote it down has to give managers
    wanted = rules.reporting_line and "reporting_line" in rules.model_fields_set
    needed.append(("manager", "matching.rules.reporting_line", wanted))
    for column, key, asked in needed:
        if asked and column in TABLES["participants"] and column not in people.declared:
            fix = f"Name it in tables.participants.columns, or take it out of {key}."
            findings.add(Problem("unknown-column", f"no column gives {column}", fix))
    if rules.reporting_line and not wanted and "manager" not in people.declared:
        findings.note("No column gives line managers: reporting lines could not be looked at.")


def _check_values(frame: pd.DataFrame, matching: MatchingEntry, findings: Findings) -> None:
    for question in matching.questions:
        if question.range is None:
            continue
        low, high = question.range
        for role, column in zip(ROLES, question.columns(), strict=True):
            if not _numbers(frame, column):
                continue
            values = frame[column]
            wrong = ((values < low) | (values > high)) & (frame["role"] == role)
            found = f"the answer lies outside {low:g} to {high:g}, the range of {question.name!r}"
            problem = Problem("range", found, "Correct it, or the range.", column=column)
            findings.each(frame, wrong.to_numpy(bool), problem, value=column)
    for places_for in (matching.juniors_per_senior, matching.seniors_per_junior):
        if isinstance(places_for, str) and _numbers(frame, places_for):
            values = frame[places_for]
            wrong = values.notna() & ((values < 0) | (values % 1 != 0))
            found, fix = "the number of partners is no whole number from 0 on", "Correct it."
            problem = Problem("places", found, fix, column=places_for)
            findings.each(frame, wrong.to_numpy(bool), problem, value=places_for)


def _numbers(frame: pd.DataFrame, column: str | None) -> bool:
    """Whether there is such a column of numbers (anything else was found in study.toml)."""
    return column in frame and frame[column].dtype.kind == "f"


def _check_lists(
    frame: pd.DataFrame, known: pd.Series[str], matching: MatchingEntry, findings: Findings
) -> None:
    """A misspelt refusal would be passed over in silence; a wish may name anybody.

    Line managers need not be participants, but one who differs from a participant in zeros or
    capitals alone is a misspelling that would switch the rule off.
    """
    ids, hint = set(known), like_ids(known)
    column, wishes = matching.rules.refusals, matching.wishes
    if matching.rules.reporting_line:
        unlike = [
            isinstance(one, str) and one not in ids and bool(hint(one)) for one in frame["manager"]
        ]
        found, fix = "the line manager's id is almost a participant's", "Write both alike."
        problem = Problem("unknown-person", found, fix, column="manager")
        findings.grouped(frame, np.array(unlike, bool), "manager", problem, hint=hint)
    if column is not None and column in frame:
        for place, row, cell in zip(frame[PLACE], frame[ROW], frame[column], strict=True):
            strange = [one for one in listed(cell, matching.separator) if one not in ids]
            if strange:
                file, sheet = findings.places[place]
                # the words themselves are not shown: somebody may have written a name
                hints = "".join(dict.fromkeys(map(hint, strange)))
                found = f"{_counted(len(strange), 'refusal')} of an id that participants lack"
                fix = f"Write ids as in participants, and remove what is none.{hints}"
                problem = Problem("unknown-person", found, fix, file, sheet, int(row), column)
                findings.add(problem)
    if wishes is not None and wishes in frame:
        wanted = [one for cell in frame[wishes] for one in listed(cell, matching.separator)]
        if n := sum(one not in ids for one in wanted):
            findings.note(f"{_counted(n, 'wish', 'wishes')} for somebody who did not apply.")


def _counted(n: int, one: str, many: str | None = None) -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _both_sides(frame: pd.DataFrame, findings: Findings) -> None:
    for role in ROLES:
        if not findings.count() and not (frame["role"] == role).any():
            found = f"no {role} among {_counted(len(frame), 'person', 'people')} who applied"
            fix = "Pairs need both: check values.role, and matching.arms if it is set."
            findings.add(Problem("no-role", found, fix))
