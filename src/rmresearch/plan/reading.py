"""plan.toml: read, checked key by key, and held against what the study declares."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rmresearch.errors import Problem, StudyError
from rmresearch.files import parse_toml
from rmresearch.plan.against import choose, unanswerable
from rmresearch.plan.questions import Plan, Question
from rmresearch.study import Design

__all__ = ["plan_path", "read_plan", "read_toml"]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Analysis = Literal[
    "pre_post",
    "compare_arms",
    "match_quality",
    "dyadic",
    "mixed_model",
    "reaction",
    "attrition",
    "reliability",
    "missingness",
    "engagement",
    "subgroups",
    "workforce_outcomes",
    "value",
    "equivalence",
]
Population = Literal["everyone-assigned", "people-who-met", "completers"]
Handling = Literal["as-assigned", "left-out", "until-then"]
Scale = Literal["points", "standardised", "proportion", "odds-ratio"]


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
    junior_outcome: str = ""
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
        problems += unanswerable(plan, design, path.name)
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
            yield Problem("plan-key", found, choose(key, known), file=file)
        elif kind == "missing":
            yield Problem("plan-key", f"{where}: {key} is missing", f"Add {key}.", file=file)
        elif kind == "literal_error":
            known = [part.strip("' ") for part in _literals(str(one["ctx"]["expected"]))]
            found = f"{where}: {key} is {given!r}"
            yield Problem("plan-value", found, choose(str(given), known), file=file)
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
