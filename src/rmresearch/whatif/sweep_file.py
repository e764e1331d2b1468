"""Sweep files: a what-if question as TOML, with the scenarios and analyses that it is put to.

Whatever is wrong with a file is said at once, and nothing runs before all is right.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from rmresearch.analysis.base.events import EVENTS
from rmresearch.errors import Problem, StudyError, number_of
from rmresearch.result import KEY
from rmresearch.whatif import sweep_tables as tables
from rmresearch.whatif.question import START, Ask, SweepFile, Variant, known_analyses
from rmresearch.whatif.run import TRIALS, Part, attempt
from rmresearch.whatif.sizes import fitting
from rmresearch.whatif.sweep_tables import flat, merged, near
from rmresearch.world import cohort
from rmresearch.world.scenario import Scenario
from rmresearch.world.scenario_file import TOP, document_of, known_key, scenario_from

__all__ = ["read_sweep", "sweep_of"]

Say = Callable[[str], None] | None
REPLICATES, SEED, ALPHA = 1_000, 1, 0.05
KEYS = (
    "question", "outcome", "replicates", "seed", "alpha", "analyses", "scenario", "grid",
    "scenarios", "pull", "base", "budget", "required",
)  # fmt: skip
#: what `pull` makes by itself
VARIED = ("grid", "scenarios", "base")
#: more scenarios than these are a slip of the keyboard rather than a question
MOST = 10_000
#: designs between two lines about how far the reading is
OFTEN = 250
ASK, ESTIMATE, NAME = "ask", "estimate", "name"


def read_sweep(path: Path | str, *, say: Say = None) -> SweepFile:
    """The sweep that a TOML file describes.

    ``question`` is its title; ``outcome``, ``replicates`` (1,000), ``seed`` (1) and ``alpha``
    (.05) stand beside it. ``analyses`` is a list of names of public analyses and of readings
    (``before_after``, ``post_only``, ``change_score``, ``completers``), or a table
    ``[analyses.NAME]`` each with ``ask``, options of that analysis, and ``estimate`` (which of its
    estimates is drawn, by the fields of its key). ``[scenario]`` is a scenario as its own file has
    it; its key ``file`` names such a file, beside this one, on top of which the other keys come.
    ``[grid]`` lists values by dotted name, every combination of them is a scenario;
    ``[[scenarios]]`` give a ``name`` and what differs, in the same form as [scenario]; with both,
    every combination is tried in each. ``pull`` names levers instead, each of which is moved from
    where the start has it to its ends, one at a time.

    ``[base]`` says what the others are compared with, by a ``name`` of [[scenarios]] or values of
    the grid. ``[budget]`` asks what ``budgets`` buy, at ``per_pair``, ``fixed``, ``per_wave``,
    ``per_month`` (and ``currency``); ``[required]`` how many pairs until ``power`` (.8) is reached,
    within ``bounds``. Both take ``designs``, by name, and ``replicates`` of their own.

    All problems are raised as one ``StudyError``, each with its place and what to do. ``say`` is
    told how far it is, where there are hundreds of designs.
    """
    document = tables.from_file(document_of(path), Path(path))
    return sweep_of(document, name=Path(path).name, say=say)


def sweep_of(document: Mapping[str, Any], *, name: str = "sweep", say: Say = None) -> SweepFile:
    """The sweep that a document describes, as `read_sweep`.

    >>> found = sweep_of({"outcome": "digital_skill", "analyses": ["compare_arms"],
    ...                   "grid": {"pairs": [24, 48]}})
    >>> [one.name for one in found.variants]
    ['pairs 24', 'pairs 48']
    """
    reading = _Reading(name, document, [], say)
    made = reading.read()
    if made is None or reading.problems:
        raise _refused(reading.problems)
    _fed(made, name)
    _drawn(made, name)
    _told_apart(made, name)
    return made


def _fed(made: SweepFile, name: str) -> None:
    """Raise ``StudyError`` where a design cannot feed an analysis: each reason once."""
    reasons: dict[str, list[str]] = {}
    try:
        made.plan()
    except (StudyError, ValueError, TypeError):
        for one in made.variants:
            try:
                replace(made, variants=(one,)).plan()
            except (StudyError, ValueError, TypeError) as error:
                words = str(error).partition(f"because {one.name}: ")[2] or str(error)
                reasons.setdefault(words, []).append(one.name)
    found = []
    for words, names in reasons.items():
        what, asked, nearest = words.partition(" Did you mean ")
        fix = f"Did you mean {nearest}" if asked else "Correct the scenario, or ask otherwise."
        others = len(names) - 1
        more = f" (and {number_of(others, 'other', 'others')})" if others else ""
        text = f"scenario {names[0]!r}{more}: {what.removesuffix('.')}"
        found.append(Problem("sweep", text, fix, file=name))
    if found:
        raise _refused(found)


def _drawn(made: SweepFile, name: str) -> None:
    """Raise ``StudyError`` where a few cohorts have estimates, but none that is to be drawn."""
    found = []
    for asked, ask in made.analyses.items():
        there = _estimates(made, asked) if ask.estimate else []
        if not there or _fitting(there, ask):
            continue
        values = {key: _listed(list(dict.fromkeys(one[key] for one in there)))
                  for key in ask.estimate}  # fmt: skip
        wanted = "; ".join(f"{key} = {value!r}" for key, value in ask.estimate.items())
        text = f"analyses.{asked}.{ESTIMATE}: {ask.analysis} has no estimate with {wanted}"
        fix = "There is " + "; ".join(f"{key} = {one}" for key, one in values.items()) + "."
        found.append(Problem("sweep", text, fix, file=name))
    if found:
        raise _refused(found)


def _told_apart(made: SweepFile, name: str) -> None:
    """Raise ``StudyError`` where what is compared, or decided by, could be several estimates."""
    decides = 1 if made.money or made.need else 0
    design, found = cohort.design(made.variants[0].scenario), list[Problem]()
    for asked, ask in list(made.analyses.items())[: None if made.against else decides]:
        keys = (tuple(one.values()) for one in _estimates(made, asked))
        fit = fitting(keys, ask.estimate, design)
        if len(fit) < 2:
            continue
        values = {key: _listed(list(dict.fromkeys(one)))
                  for key, one in zip(KEY, zip(*fit, strict=True), strict=True)
                  if len(set(one)) > 1}  # fmt: skip
        text = f"analyses.{asked}: {len(fit)} estimates of {ask.analysis} could be meant"
        fix = f'Write [analyses.{asked}] with ask = "{ask.analysis}" and an estimate, such as '
        fix += "; ".join(f"estimate = {{{key} = ...}}, of {one}" for key, one in values.items())
        found.append(Problem("sweep", text, f"{fix}.", file=name))
    if found:
        raise _refused(found)


def _estimates(made: SweepFile, asked: str) -> list[dict[str, str]]:
    """What an analysis estimates of the first cohorts of designs, until the one that is asked."""
    plan, found = replace(made, replicates=TRIALS).plan(), list[dict[str, str]]()
    alone = replace(plan, analyses={asked: plan.analyses[asked]})
    for task in alone.tasks():
        part = attempt(alone, task)
        if isinstance(part, Part):
            found += [dict(zip(KEY, one, strict=True)) for one in part.tallies[asked].moments]
        if _fitting(found, made.analyses[asked]):
            break
    return found


def _fitting(estimates: Sequence[Mapping[str, str]], ask: Ask) -> bool:
    return any(ask.estimate.items() <= one.items() for one in estimates)


@dataclass(slots=True)
class _Reading:
    """One file on its way to a sweep, and what was found wrong with it so far."""

    name: str
    document: Mapping[str, Any]
    problems: list[Problem]
    say: Say

    def read(self) -> SweepFile | None:
        for key in self.document:
            if key not in KEYS:
                self.wrong(f"{key} is not a known key", near(key, KEYS))
        question = self._text("question", "What if?")
        outcome = self._outcome()
        replicates = self._whole("replicates", REPLICATES, least=2)
        seed = self._whole("seed", SEED, least=0)
        alpha = self.document.get("alpha", ALPHA)
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < 1:
            self.wrong(f"alpha is {alpha!r}", "Give a number between 0 and 1, such as 0.05.")
        analyses = self._analyses()
        base, variants = self._scenarios()
        against = self._against(variants, replicates)
        money = need = None
        if "budget" in self.document and variants:
            money = tables.money(self.document["budget"], variants, replicates, self.wrong)
        if "required" in self.document and variants:
            need = tables.need(self.document["required"], variants, replicates, self.wrong)
        if need and need.power <= alpha:
            self.wrong(f"required.power is {need.power}", f"Give more than alpha, {alpha}.")
        if self.problems or base is None:
            return None
        pull = "pull" in self.document
        return SweepFile(
            question, outcome, replicates, seed, float(alpha), base, tuple(variants), analyses,
            against, pull, money, need,
        )  # fmt: skip

    def _against(self, variants: Sequence[Variant], replicates: int) -> dict[str, str]:
        """What each design is compared with, where anything says so."""
        given = {"name": START} if "pull" in self.document else self.document.get("base")
        if given is None or not variants:
            return {}
        return tables.against(given, variants, replicates, self.wrong)

    def wrong(self, found: str, fix: str) -> None:
        self.problems.append(Problem("sweep", found, fix, file=self.name))

    def _text(self, key: str, otherwise: str | None) -> str:
        value = self.document.get(key, otherwise)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if value is None:
            self.wrong(f"{key} is missing", f'Add a line such as {key} = "digital_skill".')
        else:
            self.wrong(f"{key} is {value!r}", "Give a text in quotes.")
        return ""

    def _outcome(self) -> str:
        outcome = self._text("outcome", None)
        if outcome in EVENTS:
            fix = "No test is about records: name a scale, or ask rm.sweep with workforce_outcomes."
            self.wrong(f"outcome is {outcome!r}, which is recorded", fix)
        return outcome

    def _whole(self, key: str, otherwise: int, *, least: int) -> int:
        value = self.document.get(key, otherwise)
        if type(value) is int and value >= least:
            return value
        self.wrong(f"{key} is {value!r}", f"Give a whole number, {least} or more.")
        return least

    def _analyses(self) -> dict[str, Ask]:
        given = self.document.get("analyses")
        if isinstance(given, list) and all(isinstance(one, str) for one in given):
            twice = [one for one in dict.fromkeys(given) if given.count(one) > 1]
            if twice:
                self.wrong(f"analyses lists {_listed(twice)} twice", "Leave the second out.")
            given = {one: {ASK: one} for one in given}
        if not isinstance(given, Mapping) or not given:
            fix = 'Write analyses = ["compare_arms"], or a table [analyses.NAME] with ask = "...".'
            self.wrong("analyses is missing, empty or no list of names", fix)
            return {}
        return {name: ask for name, one in given.items() if (ask := self._ask(name, one))}

    def _ask(self, name: str, given: Any) -> Ask | None:
        place, known = f"analyses.{name}", known_analyses()
        if not isinstance(given, Mapping) or not isinstance(given.get(ASK), str):
            self.wrong(f"{place} does not say what to ask", 'Write ask = "compare_arms" in it.')
            return None
        asked = given[ASK]
        if asked not in known:
            self.wrong(f"{place}: there is no analysis {asked!r}", near(asked, list(known)))
            return None
        estimate = given.get(ESTIMATE, {})
        if not isinstance(estimate, Mapping) or not set(estimate) <= set(KEY):
            legal = f"Write a table of texts with names among {', '.join(KEY)}."
            self.wrong(f"{place}.{ESTIMATE} is {estimate!r}", legal)
            return None
        options = {key: value for key, value in given.items() if key not in (ASK, ESTIMATE)}
        return Ask(asked, options, estimate) if self._fits(place, known[asked], options) else None

    def _fits(self, place: str, function: Callable[..., Any], options: Mapping[str, Any]) -> bool:
        """Whether the options are those of the analysis, and all that it needs."""
        known = list(inspect.signature(function).parameters.values())[2:]
        names = [one.name for one in known]
        strange = [key for key in options if key not in names]
        for key in strange:
            self.wrong(f"{place}.{key} is no option of {function.__name__}", near(key, names))
        lacking = [
            one.name
            for one in known
            if one.default is one.empty and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
            and one.name not in options
        ]  # fmt: skip
        if lacking:
            fix = f"Write it in a table [{place}]."
            self.wrong(f"{place}: {function.__name__} needs {_listed(lacking)}", fix)
        return not strange and not lacking

    def _scenarios(self) -> tuple[Scenario | None, list[Variant]]:
        document = self.document.get("scenario", {})
        if not isinstance(document, Mapping):
            self.wrong(f"scenario is {document!r}", "Write a section [scenario].")
            return None, []
        base = self._made(document, f"{self.name}, [scenario]")
        if "pull" in self.document:
            for key in VARIED:
                if key in self.document:
                    self.wrong(f"pull and {key} stand side by side", "Leave one of them out.")
            given = self.document["pull"]
            return base, [] if base is None else tables.pulled(given, base, self.wrong)
        grid, named = self._grid(), self._named()
        if base is None or grid is None or named is None:
            return base, []
        return base, self._combined(document, grid, named)

    def _made(self, document: Mapping[str, Any], place: str) -> Scenario | None:
        try:
            return scenario_from(document, name=place)
        except StudyError as error:
            told = [
                replace(one, fix=one.fix.replace(TOP, "outside [nature], [levers] and [design]"))
                for one in error.problems
            ]
            self.problems += told
            return None

    def _grid(self) -> dict[str, list[Any]] | None:
        """Values by dotted name; None where something is wrong."""
        given = self.document.get("grid", {})
        before = len(self.problems)
        if not isinstance(given, Mapping):
            self.wrong(f"grid is {given!r}", "Write a section [grid] with names and lists.")
            return None
        if not given and "grid" in self.document:
            self.wrong("grid is empty", "Give it a line such as pairs = [24, 48, 96].")
        listed = dict(flat(given))
        for key, values in listed.items():
            hint = known_key(key)
            if hint is not None:
                self.wrong(f"grid.{key} is no lever of a scenario", hint)
            elif not isinstance(values, list) or not values:
                fix = "Give a list of values, such as [24, 48, 96]."
                self.wrong(f"grid.{key} is {values!r}", fix)
            elif any(value in values[:index] for index, value in enumerate(values)):
                self.wrong(f"grid.{key} has a value twice", "Leave the second out.")
        return None if len(self.problems) > before else listed

    def _named(self) -> list[tuple[str, Mapping[str, Any]]] | None:
        """The entries of [[scenarios]]: names and what differs; one without a name if none."""
        given = self.document.get("scenarios", [{NAME: ""}])
        shaped = isinstance(given, list) and all(isinstance(one, Mapping) for one in given)
        if not shaped or not given:
            fix = "Write sections [[scenarios]], each with a name and what differs."
            self.wrong("scenarios is empty or no list of sections", fix)
            return None
        named: list[tuple[str, Mapping[str, Any]]] = [
            (one.get(NAME, ""), {k: v for k, v in one.items() if k != NAME}) for one in given
        ]
        names = [name for name, _ in named]
        before = len(self.problems)
        if "scenarios" in self.document:
            for number, name in enumerate(names, 1):
                if not isinstance(name, str) or not name.strip():
                    self.wrong(f"scenarios: number {number} has no name", 'Add name = "...".')
        for name in dict.fromkeys(map(str, names)):
            if names.count(name) > 1:
                self.wrong(f"two scenarios are called {name!r}", "Give each a name of its own.")
        return None if len(self.problems) > before else named

    def _combined(
        self,
        document: Mapping[str, Any],
        grid: Mapping[str, list[Any]],
        named: Sequence[tuple[str, Mapping[str, Any]]],
    ) -> list[Variant]:
        count = len(named) * math.prod(map(len, grid.values()))
        if count > MOST:
            self.wrong(f"the grid has {count:,} combinations", f"Keep it to {MOST:,} or fewer.")
            return []
        made, seen = [], {one.found for one in self.problems}
        for name, changes in named:
            for values in product(*grid.values()):
                swept = dict(zip(grid, values, strict=True))
                variant = Variant(name, dict(flat(changes)), swept, Scenario())
                held = merged(merged(document, changes), _nested(swept))
                before = len(self.problems)
                scenario = self._made(held, f"{self.name}, scenario {variant.name!r}")
                # what many combinations share is said of the first
                fresh = [one for one in self.problems[before:] if one.found not in seen]
                self.problems[before:] = fresh
                seen |= {one.found for one in fresh}
                if scenario is not None:
                    made.append(replace(variant, scenario=scenario))
                    if self.say and len(made) % OFTEN == 0:
                        self.say(f"read {len(made):,} of {count:,} designs")
        return made


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in flat.items():
        section, _, key = name.rpartition(".")
        (made.setdefault(section, {}) if section else made)[key] = value
    return made


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))


def _refused(found: Sequence[Problem]) -> StudyError:
    return StudyError("\n".join(str(one) for one in found), found)
