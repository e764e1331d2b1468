"""Is this study fit to be read, and what could it show? Looks at everything, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from rmresearch.errors import Problem, StudyError, kindly
from rmresearch.files import to_json
from rmresearch.io.findings import numbered, some
from rmresearch.io.prospects import prospects
from rmresearch.io.read import LISTED, load
from rmresearch.plan import plan_path, read_lock, read_plan, status
from rmresearch.study import Study, Wave, among

__all__ = ["CheckReport", "abilities", "check"]

#: clusters in an arm below which no p-value is given (rule E6)
CLUSTERS_FOR_P = 10
#: rows of one column with the same problem from which on they are one line
FOLDED = 6


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check` found: problems stop the reading, warnings and notes are said in the report.

    ``problems`` are in the order file, sheet, row (the first 10,000); ``counts`` says how many
    lines there are in all and how many of each rule. ``abilities`` are sentences about what the
    study can and cannot show; without a readable study there are none.
    """

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    notes: tuple[str, ...]
    abilities: tuple[str, ...]
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many problems there are, listed or not."""
        return sum(self.counts.values())

    def as_json(self) -> str:
        """The same lists as JSON text: the first 200 problems and warnings, and the totals."""
        return to_json(
            {
                "ok": not self.problems,
                "total": self.total,
                "rules": dict(self.counts),
                "problems": [asdict(problem) for problem in self.problems[:LISTED]],
                "warnings": [asdict(problem) for problem in self.warnings[:LISTED]],
                "notes": list(self.notes),
                "abilities": list(self.abilities),
            }
        )

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> tuple[str, ...]:
        """Everything as lines of text, problems first."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.problems:
            yield f"{self.total:,} problem{'' if self.total == 1 else 's'}:"
            yield from (f"  {line}" for line in _folded(self.problems[:LISTED]))
            if self.total > LISTED:
                yield f"  and {self.total - LISTED:,} more"
                most = [f"{rule} {count:,}" for rule, count in self.counts.items()]
                yield f"  in all: {', '.join(most)}"
        else:
            yield "No problems."
        for title, entries in (
            ("Warnings", [str(problem) for problem in self.warnings]),
            ("Noted", list(self.notes)),
            ("What this study can show", list(self.abilities)),
        ):
            if entries:
                yield ""
                yield f"{title}:"
                yield from (f"  {entry}" for entry in entries[:LISTED])
                if len(entries) > LISTED:
                    yield f"  and {len(entries) - LISTED:,} more"


def _folded(problems: Sequence[Problem]) -> Iterator[str]:
    """A line a problem; what is wrong alike all down a column is one, with its rows.

    A column whose dates, say, are written another way has one cause and one remedy: a line a row
    would push everything else off the screen. What names a pair or a code keeps its line.
    """
    alike = [replace(one, row=None, value=None) for one in problems]
    rows: dict[Problem, list[int]] = {}
    for key, one in zip(alike, problems, strict=True):
        if one.row is not None and one.column and (one.value is None or one.rule == "date"):
            rows.setdefault(key, []).append(one.row)
    for key, one in zip(alike, problems, strict=True):
        found = rows.get(key, [])
        if len(found) < FOLDED or one.row not in found:
            yield str(one)
        elif one.row == found[0]:
            yield f"{one} The same in {numbered(found[1:])}."


@kindly
def check(path: str | Path, data: str | Path | None = None) -> CheckReport:
    """Name every problem in a study's files at once, then say what the study can show.

    ``path`` is the study's folder or its TOML file, ``data`` the folder with the data files
    (default: ``data`` beside it). Nothing is written, not even the key of the pseudonyms, and
    outcomes after the start are not looked at.

    >>> found = check("no-such-pilot")
    >>> found.problems[0].found, found.total, found.lines()[0]
    ('is not there', 1, '1 problem:')
    >>> '"ok": false' in found.as_json()
    True
    """
    loaded = load(path, data)
    found = loaded.findings
    for problem in _plan_problems(Path(path), loaded.study):
        found.add(problem)
    return CheckReport(
        problems=found.lines(),
        warnings=found.lines("warning"),
        notes=tuple(found.notes),
        abilities=() if loaded.study is None else abilities(loaded.study, frozen=_frozen(path)),
        counts=dict(found.rules()),
    )


def _plan_problems(path: Path, study: Study | None) -> Iterator[Problem]:
    """What is wrong with plan.toml, where there is one, so that the report does not end on it."""
    if not path.exists() or not plan_path(path).is_file():
        return
    try:
        read_plan(path, None if study is None else study.design)
        status(path)
    except StudyError as error:
        whole = Problem(
            "plan", str(error), "Mend plan.toml or its lock.", file=plan_path(path).name
        )
        yield from error.problems or (whole,)


def _frozen(path: str | Path) -> bool:
    """Whether a plan was frozen; a damaged lock counts as none here, the report refuses it."""
    try:
        return bool(read_lock(Path(path)))
    except StudyError:
        return False


def abilities(study: Study, *, frozen: bool = False) -> tuple[str, ...]:
    """Who is in the study, how it is built, and which questions that leaves open.

    Counts at the baseline only: how later waves turned out is not shown before a plan is frozen.
    """
    sentences = [
        *_people(study),
        *_pairs(study),
        study.describe_cluster() if study.design.linked else "",
        *_arms(study),
        *_waves(study),
        *_baseline(study, frozen),
        *_further(study),
        *prospects(study),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _people(study: Study) -> Iterator[str]:
    roles = study.participants["role"].value_counts()
    by_role = [
        f"{count} {study.design.role_label(str(role))}{'' if count == 1 else 's'}"
        for role, count in roles.items()
    ]
    n = len(study.participants)
    if study.design.linked:
        yield f"{_counted(n, 'person', 'people')}: {' and '.join(by_role)}."
    else:
        yield (
            f"{_counted(n, 'anonymous response')} ({' and '.join(by_role)}), not linked between "
            "waves: each wave is a sample of its own. Waves can be compared as groups; no change "
            "of a person can be shown."
        )
    for reason, count in study.excluded:
        yield f"Left out, {reason}: {count:,}."


def _pairs(study: Study) -> Iterator[str]:
    pairs = study.pairs
    if not study.design.linked:
        return
    if not len(pairs):
        yield "No pairs are given: nothing can be said about pairs, matching or meetings."
        return
    if len(pairs) == 1:
        yield (
            "One pair only: no average, no spread and no comparison can be given, and nothing may "
            "be published about two people; what they answered can be read in the file."
        )
        return
    yield f"{len(pairs)} pairs."
    for side in ("junior", "senior"):
        if pairs[side].isna().all():
            other = "senior" if side == "junior" else "junior"
            yield (
                f"The {side} of a pair was not studied: only {study.design.role_label(other)}s "
                "can be described."
            )


def _arms(study: Study) -> Iterator[str]:
    design = study.design
    if design.comparison is None:
        yield (
            "There is no comparison group: it can be described how scores changed, not what the "
            "programme caused."
        )
        return
    seen = _answering(study, design.baseline)
    arms = study.participants["arm"]
    clusters = study.clusters() if design.linked else None
    people = study.participants["person"]
    for arm in design.arms:
        mine = people[arms == arm.name]
        at_first = f", {int(among(mine, seen).sum())} with answers at {design.baseline.name}"
        yield f"Arm {arm.name} ({arm.label}): {_counted(len(mine), 'person', 'people')}{at_first}."
        if clusters is not None and 0 < (n := clusters[mine].nunique()) < CLUSTERS_FOR_P:
            yield f"Arm {arm.name} has only {_counted(n, 'cluster')}: no p-value will be given."
    if arms.nunique() == 1:
        yield "All people are in one arm: arms cannot be compared."
    if not design.randomised:
        yield "Arms were not assigned by chance: differences are shown with that reservation."


def _waves(study: Study) -> Iterator[str]:
    waves = study.design.waves
    if len(waves) == 1:
        yield (
            f"One wave ({waves[0].name}): answers can be described at that time; no change can "
            "be shown."
        )
        return
    places = [
        f"{w.name} (month {w.months:g}{', before the start' if w.baseline else ''})" for w in waves
    ]
    yield f"{len(waves)} waves: {', '.join(places)}."


def _baseline(study: Study, frozen: bool) -> Iterator[str]:
    design = study.design
    if not len(study.measures):
        yield "No answers were found: no outcome can be analysed, only people, pairs and meetings."
        return
    first = study.measures[study.measures["wave"] == design.baseline.name]
    counts = {
        outcome.name: int(first.loc[first["item"].isin(outcome.items), "person"].nunique())
        for outcome in design.outcomes
        if design.baseline.name in outcome.waves
    }
    given = [f"{name} {count}" for name, count in counts.items() if count]
    if given:
        yield f"People with answers at {design.baseline.name}: {some(given, 40)}."
    if counts and not any(counts.values()):
        yield (
            f"Nobody answered at {design.baseline.name}: no change can be shown, and arms can only "
            "be compared without adjusting for where people began."
        )
    if len(design.waves) > 1:
        before = "" if frozen else "freeze the plan first (rmresearch plan freeze), then "
        yield f"Outcomes after the start are not shown here: {before}make the report."


def _further(study: Study) -> Iterator[str]:
    if study.design.linked and len(study.pairs) and not len(study.meetings):
        yield "No meetings are given: whether those who meet more learn more cannot be asked."
    follow_ups = [wave.name for wave in study.design.follow_ups]
    if follow_ups and not study.measures["wave"].isin(follow_ups).any():
        yield "No wave after the start has answers yet: only the baseline can be described."


def _answering(study: Study, wave: Wave) -> pd.Series[str]:
    rows = study.measures["wave"] == wave.name
    return study.measures.loc[rows, "person"].drop_duplicates()


def _counted(n: int, one: str, many: str | None = None) -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
