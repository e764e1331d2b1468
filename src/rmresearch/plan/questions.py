"""plan.toml: the questions and their estimands, checked against what the study declares."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rmresearch.errors import Problem, StudyError
from rmresearch.files import parse_toml, sha256_text, to_json
from rmresearch.study import RECORD_KINDS, Design

__all__ = ["Plan", "Question", "plan_path", "read_plan", "read_toml"]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Analysis = Literal[
    "pre_post",
    "compare_arms",
    "reaction",
    "attrition",
    "reliability",
    "missingness",
    "engagement",
    "subgroups",
    "workforce_outcomes",
    "value",
]
Population = Literal["everyone-assigned", "people-who-met", "completers"]
Handling = Literal["as-assigned", "left-out", "until-then"]
Scale = Literal["points", "standardised", "proportion", "odds-ratio"]
#: analyses of what records hold too, declared as an outcome or not
OF_RECORDS = frozenset({"workforce_outcomes", "value"})
#: analyses whose contrast is between arms, and the one whose contrast is between waves
BETWEEN_ARMS, BETWEEN_WAVES = "compare_arms", "pre_post"
#: columns of participants that may tell groups apart beside declared features
MODERATORS = ("level", "department")


class Strict(BaseModel):
    """Unknown keys are errors; nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PlanHead(Strict):
    """[plan]: what the plan is called."""

    title: Text = "Evaluation plan"


class IntercurrentEntry(Strict):
    """[question.intercurrent]: what happens to people to whom something happened on the way.

    "as-assigned" keeps them with their arm whatever happened, "left-out" drops them,
    "until-then" keeps the waves before it happened.
    """

    never_met: Handling = "as-assigned"
    left: Handling = "as-assigned"
    crossed_over: Handling = "until-then"


class QuestionEntry(Strict):
    """[[question]]: one question and its estimand."""

    id: Name
    analysis: Analysis
    role: Literal["junior", "senior", "all"] = "all"
    outcome: str = ""
    wave: str = ""
    contrast: str = ""
    by: str = ""
    covariates: tuple[str, ...] = Field((), strict=False)
    population: Population = "everyone-assigned"
    scale: Scale = "points"
    primary: bool = False
    why: Text
    intercurrent: IntercurrentEntry = IntercurrentEntry()


class PlanFile(Strict):
    """The whole of plan.toml."""

    plan: PlanHead = PlanHead()
    question: Annotated[list[QuestionEntry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Question:
    """One pre-specified question: whose which outcome, when, against what, and why it is asked.

    ``contrast`` is "arm - comparison" or "wave - baseline"; "" stands for every contrast of the
    analysis; ``by`` the moderator whose groups are told apart (subgroups only); ``covariates``
    what else arms are made alike in (compare_arms only). ``never_met``, ``left`` and
    ``crossed_over`` say what happens to such people.
    """

    id: str
    analysis: str
    role: str
    outcome: str
    wave: str
    contrast: str
    population: str
    scale: str
    primary: bool
    why: str
    never_met: str
    left: str
    crossed_over: str
    by: str = ""
    covariates: tuple[str, ...] = ()

    @property
    def as_computed(self) -> bool:
        """Whether it asks for the estimand that the analyses estimate: everyone, as assigned."""
        return (
            self.population == "everyone-assigned"
            and self.never_met == "as-assigned"
            and self.left == "as-assigned"
            and self.crossed_over == "until-then"
        )

    def asks(self, analysis: str, *, role: str, outcome: str, wave: str, contrast: str) -> bool:
        """Whether this question is the one that such an estimate answers.

        What the question leaves open ("", or role "all") fits anything. A question about another
        population, or that treats people otherwise than the analyses do, is answered by none.
        """
        return (
            self.analysis == analysis
            and self.as_computed
            and self.role in {"all", role}
            and self.outcome in {"", outcome}
            and self.wave in {"", wave}
            and self.contrast in {"", contrast}
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The questions of a study; Holm's correction runs over all of them."""

    title: str
    questions: tuple[Question, ...]

    @property
    def primary(self) -> Question:
        """The one question that decides."""
        return next(question for question in self.questions if question.primary)

    @property
    def family(self) -> tuple[Question, ...]:
        """The questions that Holm's correction counts: all that are listed."""
        return self.questions

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain values: what is hashed, whatever the file's order and comments."""
        found = asdict(self)
        found["questions"] = sorted(found["questions"], key=lambda question: question["id"])
        for question in found["questions"]:
            for key in ("by", "covariates"):
                if not question[key]:  # a plan without any keeps the hash it always had
                    del question[key]
        return found

    @property
    def sha256(self) -> str:
        """The hash of what the plan says."""
        return sha256_text(to_json(self.as_dict()))


def plan_path(study: Path) -> Path:
    """Where a study's plan is: plan.toml in its folder, NAME.plan.toml beside a NAME.toml."""
    if study.suffix == ".toml" and study.name != "study.toml":
        return study.with_name(f"{study.stem}.plan.toml")
    return (study.parent if study.suffix == ".toml" else study) / "plan.toml"


def read_plan(study: Path, design: Design | None = None) -> Plan:
    """The plan of the study in a folder (or of a single study file).

    With ``design`` the questions are held against what the study declares. Everything that is
    wrong is named at once in ``StudyError.problems``.
    """
    path = plan_path(study)
    if not path.is_file():
        raise StudyError(
            f"{path.name} is not there. Write one [[question]] for each question that the study "
            f"is to answer, one of them with primary = true."
        )
    content = read_toml(path)
    try:
        file = PlanFile.model_validate(content)
    except ValidationError as error:
        _refuse(list(_wrong_keys(error, content, path.name)))
    plan = Plan(file.plan.title, tuple(_question(entry) for entry in file.question))
    problems = list(_wrong_questions(plan, path.name))
    if design is not None:
        problems += _unknown(plan, design, path.name)
    if problems:
        _refuse(problems)
    return plan


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's content, or ``StudyError`` saying where it is not TOML."""
    try:
        return parse_toml(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        found = f"is not TOML in UTF-8 ({error})"
        _refuse([Problem("toml", found, "Correct that place.", file=path.name)])


def _refuse(problems: list[Problem]) -> NoReturn:
    raise StudyError("\n".join(str(problem) for problem in problems), problems)


def _question(entry: QuestionEntry) -> Question:
    fields = entry.model_dump(exclude={"intercurrent"})
    return Question(**fields, **entry.intercurrent.model_dump())


def _wrong_keys(error: ValidationError, content: Mapping[str, Any], file: str) -> Iterator[Problem]:
    for one in error.errors(include_url=False):
        where, key = _place(one["loc"], content)
        given, kind = one["input"], one["type"]
        if kind == "extra_forbidden":
            known = _keys_at(one["loc"])
            found = f"{where}: {key} is not a known key"
            yield Problem("plan-key", found, _choose(key, known), file=file)
        elif kind == "missing":
            yield Problem("plan-key", f"{where}: {key} is missing", f"Add {key}.", file=file)
        elif kind == "literal_error":
            known = [part.strip("' ") for part in _literals(str(one["ctx"]["expected"]))]
            found = f"{where}: {key} is {given!r}"
            yield Problem("plan-value", found, _choose(str(given), known), file=file)
        else:
            fix = str(one["msg"]).replace("Input should", "It should").removesuffix(".")
            yield Problem("plan-value", f"{where}: {key} does not fit", f"{fix}.", file=file)


def _literals(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")


def _place(location: tuple[int | str, ...], content: Mapping[str, Any]) -> tuple[str, str]:
    """Which entry a pydantic location is in, in words, and the key itself."""
    key = str(location[-1])
    if len(location) > 1 and location[0] == "question" and isinstance(location[1], int):
        entry = content["question"][location[1]]
        name = entry.get("id") if isinstance(entry, dict) else None
        start = f"question {name}" if isinstance(name, str) else f"question {location[1] + 1}"
        return (f"{start}, intercurrent" if "intercurrent" in location[2:-1] else start), key
    return (f"[{location[0]}]" if len(location) > 1 else "the file"), key


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    inside = [part for part in location[:-1] if isinstance(part, str)]
    models: dict[tuple[str, ...], type[BaseModel]] = {
        (): PlanFile,
        ("plan",): PlanHead,
        ("question",): QuestionEntry,
        ("question", "intercurrent"): IntercurrentEntry,
    }
    return list(models[tuple(inside)].model_fields)


def _choose(given: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    return f"{hint}Known here: {', '.join(known) or 'none'}."


def _wrong_questions(plan: Plan, file: str) -> Iterator[Problem]:
    ids = [question.id for question in plan.questions]
    for name in dict.fromkeys(one for one in ids if ids.count(one) > 1):
        fix = "Give each question an id of its own."
        yield Problem("plan-id", f"{ids.count(name)} questions are called {name}", fix, file=file)
    primaries = [question for question in plan.questions if question.primary]
    if len(primaries) != 1:
        names = ", ".join(question.id for question in primaries) or "none"
        found = f"{len(primaries)} questions are primary ({names})"
        yield Problem("plan-primary", found, "Mark exactly one with primary = true.", file=file)
    for question in primaries:
        if question.population != "everyone-assigned":
            found = f"question {question.id} is primary and about {question.population}"
            fix = "The primary question is about everyone-assigned; ask the other one beside it."
            yield Problem("plan-population", found, fix, file=file)


def _unknown(plan: Plan, design: Design, file: str) -> Iterator[Problem]:
    """Questions about what the study does not declare."""
    for question in plan.questions:
        for key, given, known in _names(question, design):
            if given not in known:
                found = f"question {question.id}: the study has no {key} {given!r}"
                yield Problem("plan-unknown", found, _choose(given, known), file=file)
        if (question.analysis == "subgroups") != bool(question.by):
            found = f"question {question.id}: a moderator belongs to subgroups, which need one"
            fix = 'Name it with by, in a question with analysis = "subgroups" and no other.'
            yield Problem("plan-question", found, fix, file=file)
        if question.covariates and question.analysis != BETWEEN_ARMS:
            found = f"question {question.id}: covariates belong to compare_arms"
            yield Problem("plan-question", found, "Leave them out.", file=file)
        yield from _unfit(question, design, file)


def _names(question: Question, design: Design) -> Iterator[tuple[str, str, list[str]]]:
    waves = [wave.name for wave in design.waves]
    if question.outcome:
        recorded = RECORD_KINDS if question.analysis in OF_RECORDS else ()
        yield "outcome", question.outcome, [*(o.name for o in design.outcomes), *recorded]
    if question.scale == "odds-ratio" and question.analysis != "workforce_outcomes":
        yield "odds ratio from", question.analysis, ["workforce_outcomes"]
    if question.wave:
        yield "wave", question.wave, waves
    if question.by:
        yield "moderator", question.by, [*(name for name, _ in design.features), *MODERATORS]
    for name in question.covariates:
        yield "covariate", name, [*(name for name, _ in design.features), *MODERATORS]
    left, dash, right = question.contrast.partition(" - ")
    if dash and question.analysis == BETWEEN_ARMS:
        for name in (left, right):
            yield "arm", name, [arm.name for arm in design.arms]
    elif dash and question.analysis == BETWEEN_WAVES:
        for name in (left, right):
            yield "wave", name, waves


def _unfit(question: Question, design: Design, file: str) -> Iterator[Problem]:
    def problem(found: str, fix: str) -> Problem:
        return Problem("plan-question", f"question {question.id}: {found}", fix, file=file)

    if question.analysis not in {"attrition", "engagement", "missingness"} and not question.outcome:
        yield problem(f"{question.analysis} needs an outcome", "Add outcome.")
    if question.contrast and " - " not in question.contrast:
        fix = 'Write it as "arm - comparison arm" or "wave - earlier wave".'
        yield problem(f"contrast {question.contrast!r} is not a difference", fix)
    if question.analysis == BETWEEN_ARMS and len(design.arms) < 2:
        fix = "Ask with pre_post, or declare the arms."
        yield problem("the study has no arms to compare", fix)
    outcome = next((one for one in design.outcomes if one.name == question.outcome), None)
    if outcome is None:
        return
    if question.role not in {"all", outcome.role} and outcome.role != "all":
        fix = f"Ask about role {outcome.role}, or about another outcome."
        yield problem(f"outcome {outcome.name} is not asked of the role {question.role}", fix)
    asked = [wave.name for wave in design.waves if wave.name in outcome.waves or not outcome.waves]
    known = {wave.name for wave in design.waves}
    if question.wave in known and question.wave not in asked:
        fix = f"It was asked at {', '.join(asked)}."
        yield problem(f"outcome {outcome.name} was not asked at wave {question.wave}", fix)
    if question.analysis == BETWEEN_ARMS and question.wave == design.baseline.name:
        fix = f"Choose one of {', '.join(wave.name for wave in design.follow_ups)}."
        yield problem("the wave before the start cannot show what the programme did", fix)
    if question.analysis in {BETWEEN_ARMS, BETWEEN_WAVES}:
        if outcome.timing != "repeated" or outcome.kirkpatrick == 1:
            fix = "Ask about an outcome that was put in the same words before and after the start."
            yield problem(f"outcome {outcome.name} has no score from before to compare with", fix)
        if not _answerable(question, design):
            pairs = " or ".join(_contrasts(question, design)) or "none: the design has no such pair"
            found = f"no analysis gives the contrast {question.contrast!r}"
            yield problem(found, f"Write {pairs}.")


def _contrasts(question: Question, design: Design) -> tuple[str, ...]:
    """The differences that the question's analysis gives, later or programme first."""
    if question.analysis == BETWEEN_ARMS:
        other = design.comparison
        return tuple(f"{arm.name} - {other.name}" for arm in design.programme_arms if other)
    waves = [wave for wave in design.follow_ups if question.wave in {"", wave.name}]
    return tuple(f"{wave.name} - {design.baseline.name}" for wave in waves)


def _answerable(question: Question, design: Design) -> bool:
    """Whether a contrast of known names stands the way round that its analysis gives it."""
    left, dash, right = question.contrast.partition(" - ")
    arms = question.analysis == BETWEEN_ARMS
    known = {one.name for one in (design.arms if arms else design.waves)}
    if not dash or not {left, right} <= known:
        return True  # said elsewhere
    return question.contrast in _contrasts(question, design)
