"""A frozen plan: its hash, what was known when it was frozen, and what has changed since."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rmresearch.errors import StudyError
from rmresearch.files import sha256, sha256_text, to_json, write_json
from rmresearch.plan.questions import Plan, Question
from rmresearch.plan.reading import plan_path, read_plan, read_toml
from rmresearch.study import Design, Study

__all__ = [
    "CLOCK",
    "Lock",
    "PlanStatus",
    "describe",
    "follow_up_present",
    "freeze",
    "read_lock",
    "status",
]

CLOCK = (
    "The date comes from this computer's clock and the lock file can be rewritten, so a local "
    "record is no proof to others. Send the hash to somebody, or register the plan, to have a "
    "witness."
)
EXPLORATORY = "No plan was frozen: every result is exploratory."
#: parts of study.toml that name their entries, and the word for one entry
NAMED = {"outcomes": "outcome", "waves": "wave"}
#: parts that change how reports look and nothing else
LOOKS = {"brand"}


@dataclass(frozen=True, slots=True)
class Lock:
    """One frozen version of a plan.

    ``sha256`` is the hash of what the plan says, ``study_sha256`` of study.toml, ``data`` of the
    data files (path -> SHA-256). ``follow_up_present`` says whether answers from after the start
    were already there. ``plan`` and ``study`` are the contents, so that later changes can be told.
    """

    version: int
    date: str
    sha256: str
    study_sha256: str
    data: Mapping[str, str]
    follow_up_present: bool
    plan: Mapping[str, Any] = field(repr=False)
    study: Mapping[str, Any] = field(repr=False)

    def sentence(self) -> str:
        """What was frozen, and what was known then."""
        known = "were already there" if self.follow_up_present else "were not there yet"
        return (
            f"The plan was frozen on {self.date} (version {self.version}, SHA-256 "
            f"{self.sha256[:16]}…); follow-up answers {known}."
        )


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """Where the plan stands: frozen or not, its hash, and every change since, in sentences.

    ``hash`` and ``version`` are those of the latest frozen version ("" and 0 without one);
    ``follow_up_present`` is None without one. ``questions`` are the frozen questions that the
    plan still asks; everything else is exploratory. ``said`` is the lock's own
    sentence.
    """

    frozen: bool
    hash: str = ""
    version: int = 0
    date: str = ""
    follow_up_present: bool | None = None
    deviations: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    said: str = ""

    def planned(
        self, analysis: str, *, role: str, outcome: str, wave: str = "", contrast: str = ""
    ) -> bool:
        """Whether a frozen question asks for this; if not, the answer is exploratory."""
        key = {"role": role, "outcome": outcome, "wave": wave, "contrast": contrast}
        return any(question.asks(analysis, **key) for question in self.questions)

    @property
    def primary(self) -> Question | None:
        """The frozen primary question, if it still stands."""
        return next((question for question in self.questions if question.primary), None)

    @property
    def in_short(self) -> tuple[str, ...]:
        """When the plan was frozen, and whether anything changed since."""
        if not self.frozen:
            return (EXPLORATORY, *self.deviations)
        count = len(self.deviations)
        changed = f"{count} deviation{'s' if count != 1 else ''} from the plan: see Deviations."
        return (self.said, changed if count else "Nothing was changed since.")

    def sentences(self) -> tuple[str, ...]:
        """What page one says about the plan: also what a record of one's own is worth."""
        said, *more = self.in_short
        return (said, CLOCK, *more) if self.frozen else self.in_short


def follow_up_present(study: Study) -> bool:
    """Whether the study holds any answer from a wave after the start."""
    waves = [wave.name for wave in study.design.follow_ups]
    rows = study.measures
    return bool((rows["wave"].isin(waves) & rows["value"].notna()).any())


def freeze(
    study: Path,
    *,
    data: Mapping[str, str] | Sequence[tuple[str, str]],
    follow_up_present: bool,
    design: Design | None = None,
    today: dt.date | None = None,
) -> Lock:
    """Freeze the plan as it stands: writes plan.lock.json beside it, keeping earlier versions.

    ``data`` are the data files read, path -> SHA-256 (``Study.sources``). A plan and study.toml
    that say what the last frozen version said give that version again. A plan that is wrong
    raises ``StudyError`` and writes nothing.
    """
    plan = read_plan(study, design)
    declared = read_toml(_study_path(study))
    earlier = read_lock(study)
    fresh = Lock(
        version=len(earlier) + 1,
        date=(today or dt.date.today()).isoformat(),
        sha256=plan.sha256,
        study_sha256=sha256(_study_path(study)),
        data=dict(data),
        follow_up_present=follow_up_present,
        plan=json.loads(to_json(plan.as_dict())),
        study=json.loads(to_json(declared)),
    )
    if earlier and not list(_changes(earlier[-1], fresh)):
        return earlier[-1]
    versions = [asdict(version) for version in (*earlier, fresh)]
    write_json(lock_path(study), {"note": CLOCK, "versions": versions})
    return fresh


def lock_path(study: Path) -> Path:
    """Where the lock lies: beside the plan."""
    path = plan_path(study)
    return path.with_name(path.name.removesuffix(".toml") + ".lock.json")


def read_lock(study: Path) -> tuple[Lock, ...]:
    """The frozen versions, oldest first; none where nothing was frozen."""
    path = lock_path(study)
    if not path.is_file():
        return ()
    try:
        versions = json.loads(path.read_text("utf-8"))["versions"]
        locks = tuple(Lock(**version) for version in versions)
        kept = all(sha256_text(to_json(lock.plan)) == lock.sha256 for lock in locks)
    except (ValueError, KeyError, TypeError, AttributeError):
        locks, kept = (), False
    if not locks or not kept:
        raise StudyError(
            f"{path.name} is damaged or was edited: the plan in it does not have the hash that it "
            f"states. Restore it from version control or a backup."
        )
    return locks


def status(study: Path) -> PlanStatus:
    """Is the plan frozen, and what has been changed since?

    Every frozen version is compared with the one before, and the files as they are now with the
    last. A plan.toml that cannot be read raises ``StudyError``.
    """
    locks = read_lock(study)
    if not locks:
        return PlanStatus(frozen=False)
    last = locks[-1]
    deviations = [
        f"Version {after.version} ({after.date}, follow-up answers "
        f"{'there' if after.follow_up_present else 'not there yet'}): {change}"
        for before, after in itertools.pairwise(locks)
        for change in _changes(before, after)
    ]
    now = _now(study, last)
    since = f"Since version {last.version}, not frozen: "
    deviations += [since + change for change in _changes(last, now)]
    return PlanStatus(
        frozen=True,
        hash=last.sha256,
        version=last.version,
        date=last.date,
        follow_up_present=last.follow_up_present,
        deviations=tuple(deviations),
        questions=tuple(_standing(last, now)),
        said=last.sentence(),
    )


def describe(study: Path) -> str:
    """The plan, whether it is frozen and what has changed, as text for a terminal."""
    there = plan_path(study).is_file()
    state = status(study)
    lines = _plan_lines(read_plan(study)) if there else [f"No {plan_path(study).name}."]
    lines += ["", *state.sentences()]
    if state.deviations and state.frozen:
        lines += ["", "Deviations", *(f"- {change}" for change in state.deviations)]
    return "\n".join(lines)


def _plan_lines(plan: Plan) -> list[str]:
    lines = [plan.title]
    for question in plan.questions:
        parts = [question.role, question.outcome, question.wave, question.contrast]
        what = ", ".join(part for part in parts if part)
        mark = " (primary)" if question.primary else ""
        lines.append(f"- {question.id}{mark}: {question.analysis}, {what}. {question.why}")
    return lines


def _study_path(study: Path) -> Path:
    return study if study.suffix == ".toml" else study / "study.toml"


def _now(study: Path, last: Lock) -> Lock:
    """The files as they are now, in the shape of a lock that nobody froze."""
    path = _study_path(study)
    there = plan_path(study).is_file()
    plan = json.loads(to_json(read_plan(study).as_dict())) if there else {}
    declared = json.loads(to_json(read_toml(path))) if path.is_file() else {}
    return replace(last, plan=plan, study=declared)


def _questions(lock: Lock) -> list[dict[str, Any]]:
    return [dict(question) for question in lock.plan.get("questions", ())]


def _standing(last: Lock, now: Lock) -> Iterator[Question]:
    """The frozen questions still asked; rewording why, or the rank, changes no question."""
    current = {question["id"]: question for question in _questions(now)}
    for frozen in _questions(last):
        asked = current.get(frozen["id"], {})
        same = {"primary": asked.get("primary"), "why": asked.get("why")}
        if {**frozen, **same} == asked:
            told = {
                "primary": frozen["primary"] and asked["primary"],
                "covariates": tuple(frozen.get("covariates", ())),
            }
            yield Question(**{**frozen, **told})


def _changes(before: Lock, after: Lock) -> Iterator[str]:
    """What differs between two versions, one plain sentence each."""
    old = {question["id"]: question for question in _questions(before)}
    new = {question["id"]: question for question in _questions(after)}
    yield from (f"question {name} was removed." for name in old if name not in new)
    yield from (f"question {name} was added." for name in new if name not in old)
    was, is_now = _primary(old), _primary(new)
    if was != is_now:
        yield f"the primary question was {was} and is now {is_now}."
    for name in old:
        for key in {**old[name], **new[name]} if name in new else ():
            was_so, is_so = (question[name].get(key, "") for question in (old, new))
            if key != "primary" and was_so != is_so:
                yield f"question {name}: {key} {_from_to(was_so, is_so)}."
    if before.plan.get("title") != after.plan.get("title") and after.plan:
        yield "the plan's title was changed."
    yield from _study_changes(before.study, after.study)


def _primary(questions: Mapping[str, Mapping[str, Any]]) -> str:
    return next((name for name, question in questions.items() if question["primary"]), "none")


def _study_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What was changed in study.toml, by entry where entries have names."""
    for section in sorted({*old, *new} - LOOKS):
        before, after = old.get(section), new.get(section)
        if before == after:
            continue
        if section in NAMED:
            yield from _entry_changes(NAMED[section], before or [], after or [])
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from _key_changes(f"[{section}]", before, after)
        else:
            verb = "added" if before is None else "removed" if after is None else "changed"
            yield f"study.toml: [{section}] was {verb}."


def _entry_changes(word: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[str]:
    before = {entry.get("name"): entry for entry in old}
    after = {entry.get("name"): entry for entry in new}
    yield from (f"study.toml: {word} {name} was removed." for name in before if name not in after)
    yield from (f"study.toml: {word} {name} was added." for name in after if name not in before)
    for name, entry in before.items():
        yield from _key_changes(f"{word} {name}:", entry, after.get(name, entry))


def _key_changes(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield f"study.toml: {where} {key} {_from_to(old.get(key), new.get(key))}."


def _from_to(old: object, new: object) -> str:
    """The change of one value in words; long values are not repeated."""
    shown = [_brief(value) for value in (old, new)]
    if None in shown:
        return "was changed"
    return f"was {shown[0]} and is now {shown[1]}"


def _brief(value: object) -> str | None:
    if value is None or value == "":
        return "not given"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value).removesuffix(".")  # the sentence around it brings its own
    return text if isinstance(value, (str, int, float)) and len(text) <= 60 else None
