"""The tables of a sweep file that ask for a decision: what with what, for which money, how many.

Each reader is given what the file holds and tells what is wrong with it through ``wrong``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rmresearch.errors import Problem, StudyError, did_you_mean
from rmresearch.whatif.budget import Prices, sizes_of
from rmresearch.whatif.given import bounds_of
from rmresearch.whatif.policies import BATCH, BATCHES, in_batches
from rmresearch.whatif.question import START, Money, Need, Variant, said
from rmresearch.whatif.required import FEW
from rmresearch.whatif.sizes import step_of
from rmresearch.world.lever_effects import levers_pulled
from rmresearch.world.levers import Levers
from rmresearch.world.scenario import Scenario
from rmresearch.world.scenario_file import document_of, scenario_from

__all__ = ["against", "flat", "from_file", "merged", "money", "near", "need", "pulled"]

#: tells what was found and what to do
Wrong = Callable[[str, str], None]

ALL, NAME = "all", "name"
PAIRS = "pairs"
PRICES = tuple(field.name for field in dataclasses.fields(Prices))
MONEY = ("budgets", *PRICES, "currency", "designs", "replicates")
NEED = ("power", "bounds", "designs", "replicates")
POWER, BOUNDS = 0.8, (4, 2_000)


def flat(given: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and what they hold."""
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the changes in it, section by section."""
    made = dict(document)
    for key, value in changes.items():
        held = made.get(key)
        both = isinstance(held, Mapping) and isinstance(value, Mapping)
        made[key] = {**held, **value} if both else value  # type: ignore[dict-item]
    return made


def from_file(document: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """A sweep's document whose [scenario] starts from the scenario ``file`` that it names, if any.

    The file lies beside ``path``, the sweep's. ``StudyError`` where it cannot be read, or is wrong.
    """
    given = document.get("scenario")
    if not isinstance(given, Mapping) or "file" not in given:
        return document
    own = {key: value for key, value in given.items() if key != "file"}
    if not isinstance(given["file"], str):
        found = f"scenario.file is {given['file']!r}"
        fix = 'Name a scenario file, such as "ours.toml".'
        one = Problem("sweep", found, fix, file=path.name)
        raise StudyError(str(one), [one])
    start = document_of(path.parent / given["file"])
    scenario_from(start, name=given["file"])
    return {**document, "scenario": merged(start, own)}


def near(key: str, known: Sequence[str]) -> str:
    """The nearest of the known names, or all of them."""
    return did_you_mean(key, known).strip() or f"There are: {', '.join(known)}."


def pulled(given: Any, base: Scenario, wrong: Wrong) -> list[Variant]:
    """The start, and each of some levers (or of all) at each of its ends, one at a time."""
    known = [field.name for field in dataclasses.fields(Levers)]
    names = [] if given == ALL else given
    if not isinstance(names, list) or (given != ALL and not names):
        wrong(f"pull is {given!r}", f'Give a list of levers, such as ["training"], or "{ALL}".')
        return []
    strange = [one for one in names if one not in known]
    for one in strange:
        wrong(f"pull: there is no lever {one!r}", near(str(one), known))
    if strange:
        return []
    made = []
    for name, scenario in levers_pulled(base, *names).items():
        lever = next((one for one in known if name.startswith(f"{one} ")), "")
        if not lever:
            made.append(Variant(START, {}, {}, scenario))
            continue
        end = getattr(scenario.levers, lever)
        value = f"{end:g}" if isinstance(end, float) else said(end)
        called = f"{lever.replace('_', ' ')} {value}"
        made.append(Variant(called, {f"levers.{lever}": end}, {}, scenario))
    if len(made) == 1:
        wrong(f"pull is {given!r}", "None of these can be moved from here: name others.")
    return made


def against(
    given: Any, variants: Sequence[Variant], replicates: int, wrong: Wrong
) -> dict[str, str]:
    """The design that each is compared with: alike, but for what [base] says."""
    if not isinstance(given, Mapping) or not given:
        wrong("base is empty or no section", 'Write [base] with a line such as name = "...".')
        return {}
    fixed = dict(flat(given))
    grid = variants[0].swept
    legal = [*([NAME] if any(one.named for one in variants) else []), *grid]
    strange = [key for key in fixed if key not in legal]
    for key in strange:
        wrong(f"base.{key} is neither a name of [[scenarios]] nor in [grid]", near(key, legal))
    for key in (one for one in fixed if one not in strange):
        there = list(dict.fromkeys(repr(_of(one, key)) for one in variants))
        if repr(fixed[key]) not in there:
            wrong(f"base.{key} is {fixed[key]!r}", f"Expected one of {', '.join(there)}.")
            strange.append(key)
    if not in_batches(replicates):
        fix = f"Designs are compared in batches: a multiple of {BATCH} from {BATCH * BATCHES} on."
        wrong(f"replicates is {replicates!r}", fix)
    if strange:
        return {}
    found = {}
    for one in variants:
        wanted = (fixed.get(NAME, one.named), {k: fixed.get(k, v) for k, v in one.swept.items()})
        base = next(other for other in variants if (other.named, dict(other.swept)) == wanted)
        if base is not one:
            found[one.name] = base.name
    if not found:
        wrong("base leaves nothing to compare with it", "Add a design, or leave [base] out.")
    return found


def _of(variant: Variant, key: str) -> Any:
    return variant.named if key == NAME else variant.swept[key]


def money(given: Any, variants: Sequence[Variant], replicates: int, wrong: Wrong) -> Money | None:
    """[budget]: amounts, prices, and the designs that they are asked of."""
    told: list[str] = []

    def mine(found: str, fix: str) -> None:
        told.append(found)
        wrong(f"budget{found}", fix)

    if not _section(given, MONEY, "budgets = [20_000, 40_000]", mine):
        return None
    amounts = given.get("budgets")
    numbers = isinstance(amounts, list) and bool(amounts) and all(map(_amount, amounts))
    if not numbers:
        mine(f".budgets is {amounts!r}", "Give a list of amounts, such as [20_000, 40_000].")
    for key in PRICES:
        if key in given or key == PRICES[0]:
            one, least = given.get(key), "more than 0" if key == PRICES[0] else "0 or more"
            if not _amount(one) or one < 0 or (key == PRICES[0] and one == 0):
                mine(f".{key} is {one!r}", f"Give an amount, {least}.")
    currency = given.get("currency", "")
    if not isinstance(currency, str):
        mine(f".currency is {currency!r}", 'Give a text in quotes, such as "EUR".')
    studies = _whole(given, replicates, 2, mine)
    designs = _designs(given, variants, mine)
    if told:
        return None
    prices = Prices(**{key: float(given[key]) for key in PRICES if key in given})
    for one in designs:
        try:
            sizes_of(one.scenario, amounts, prices)
        except ValueError as error:
            mine(f", design {one.name!r}: {error}", "Give more, or lower the prices.")
    made = Money(tuple(map(float, amounts)), prices, currency, studies, designs)
    return None if told else made


def need(given: Any, variants: Sequence[Variant], replicates: int, wrong: Wrong) -> Need | None:
    """[required]: a power, and the designs whose pairs are looked for."""
    told: list[str] = []

    def mine(found: str, fix: str) -> None:
        told.append(found)
        wrong(f"required{found}", fix)

    if not _section(given, NEED, "power = 0.8", mine):
        return None
    power, bounds = given.get("power", POWER), given.get("bounds", list(BOUNDS))
    if not _amount(power) or not 0 < power < 1:
        mine(f".power is {power!r}", "Give a number between alpha and 1, such as 0.8.")
    if not (isinstance(bounds, list) and len(bounds) == 2 and all(type(n) is int for n in bounds)):
        mine(f".bounds is {bounds!r}", "Give the fewest and the most pairs, such as [4, 2000].")
    studies = _whole(given, max(replicates, FEW), FEW, mine)
    designs = _designs(given, variants, mine)
    if told:
        return None
    for one in designs:
        try:
            bounds_of((bounds[0], bounds[1]), step_of(one.scenario))
        except ValueError as error:
            mine(f".bounds, design {one.name!r}: {error}", "Set them further apart.")
    made = Need(float(power), (bounds[0], bounds[1]), studies, designs)
    return None if told else made


def _section(given: Any, known: Sequence[str], line: str, wrong: Wrong) -> bool:
    if not isinstance(given, Mapping):
        wrong(f" is {given!r}", f"Write a section with a line such as {line}.")
        return False
    for key in given:
        if key not in known:
            wrong(f".{key} is not a known key", near(key, known))
    return True


def _amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(given: Mapping[str, Any], otherwise: int, least: int, wrong: Wrong) -> int:
    value = given.get("replicates", otherwise)
    if type(value) is int and value >= least:
        return value
    wrong(f".replicates is {value!r}", f"Give a whole number, {least} or more.")
    return least


def _designs(
    given: Mapping[str, Any], variants: Sequence[Variant], wrong: Wrong
) -> tuple[Variant, ...]:
    """The designs that are named, each once whatever its pairs; all that are, where none is."""
    shapes: dict[str, Variant] = {}
    for one in variants:
        apart = {name: value for name, value in one.swept.items() if name != PAIRS}
        shape = dataclasses.replace(one, swept=apart)
        shapes.setdefault(shape.name, shape)
    names = list(dict.fromkeys(one.named or one.name for one in shapes.values()))
    if "designs" not in given:
        return (shapes[START],) if START in shapes else tuple(shapes.values())
    asked = given["designs"]
    if not isinstance(asked, list) or not asked:
        wrong(f".designs is {asked!r}", f"Give a list of names, of {', '.join(map(repr, names))}.")
        return ()
    for one in asked:
        if one not in names:
            wrong(f".designs: there is no design {one!r}", near(str(one), names))
    return tuple(one for one in shapes.values() if (one.named or one.name) in asked)
