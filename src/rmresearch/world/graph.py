"""The causal graph of the synthetic world, collected from the coefficients that carry its arrows.

A coefficient names the arrows that it is the strength of (`fields.coefficient`); what is here adds
only the few that have no number because they are definitions. The page docs/world.md, the figure
and the tests are made from what this module collects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Literal

from rmresearch.world.fields import Coefficient, Edge
from rmresearch.world.levers import Levers
from rmresearch.world.nature.learning import LearningNature
from rmresearch.world.nature.pairs import PairNature
from rmresearch.world.scenario import Scenario, entries

__all__ = [
    "BY_DEFINITION",
    "NODES",
    "Kind",
    "carriers",
    "edges",
    "forward",
    "kinds",
    "lever_of",
    "parts",
    "reached",
]

#: what a node is: a lever, given (a trait, an arm), between causes and outcomes, an outcome of the
#: programme, seen in a study only, or drawn in the other part of the graph
Kind = Literal["lever", "given", "between", "outcome", "seen", "elsewhere"]

#: arrows without a number: what the words mean
BY_DEFINITION: tuple[Edge, ...] = (
    Edge("programme", "meetings", "+"),
    Edge("learning", "own gain", "+"),
    Edge("early ending", "meetings", "-"),
    Edge("retention", "early ending", "-"),
    Edge("retention", "promotion", "+"),
    Edge("retention", "non-response", "-"),
    Edge("retention", "harm to juniors", "+"),
    Edge("retention", "pulse response", "+"),
    Edge("early ending", "pulse response", "-"),
)

#: levers whose nodes do not have the lever's own name
NODES: dict[str, tuple[str, ...]] = {
    "matching": ("matching effort", "self-selected matching"),
    "two_way": ("two-way exchange",),
    "format": ("group format", "reciprocal format", "team challenge"),
}


def edges(scenario: Scenario | None = None) -> tuple[Edge, ...]:
    """Which arrows does the causal graph have, in the order in which causes act?

    The signs are those of the scenario's values (default: the default scenario's): a coefficient
    of nature or design set to zero makes its arrow "0", one of the other sign turns it round.

    >>> next(str(edge) for edge in edges() if edge.effect == "mentoring skill")
    'training -> mentoring skill (+)'
    """
    found = {(one.cause, one.effect): one for one in reversed(_declared(scenario))}
    return tuple(reversed(found.values()))


def carriers(scenario: Scenario | None = None) -> dict[tuple[str, str], tuple[Coefficient, ...]]:
    """The coefficients that carry each arrow (cause, effect); none where it is a definition."""
    found: dict[tuple[str, str], tuple[Coefficient, ...]] = {}
    for entry in entries(scenario or Scenario()):
        for edge in entry.edges:
            key = edge.cause, edge.effect
            found[key] = (*found.get(key, ()), entry)
    return found | {(edge.cause, edge.effect): () for edge in BY_DEFINITION}


def _declared(scenario: Scenario | None) -> list[Edge]:
    now, default = (entries(one) for one in (scenario or Scenario(), Scenario()))
    found = [
        replace(edge, sign=_sign(edge.sign, entry, usual.value))
        for entry, usual in zip(now, default, strict=True)
        for edge in entry.edges
    ]
    return [*found, *BY_DEFINITION]


def _sign(sign: str, entry: Coefficient, usual: object) -> str:
    """The sign of an arrow at this value: a lever is a cause, the others are strengths."""
    value = entry.value
    strength = entry.block != "levers" and isinstance(value, float) and isinstance(usual, float)
    if not strength or value == usual:
        return sign
    if value == 0:
        return "0"
    same = (value > 0) == (usual >= 0)  # type: ignore[operator]
    base = sign if sign in "+-" else "+"
    return base if same else {"+": "-", "-": "+"}[base]


def reached(node: str, arrows: Iterable[Edge]) -> frozenset[str]:
    """Everything that a change in a node can change: its descendants, and itself.

    >>> sorted(reached("b", [Edge("a", "b", "+"), Edge("b", "c", "-")]))
    ['b', 'c']
    """
    targets: dict[str, list[str]] = {}
    for edge in arrows:
        targets.setdefault(edge.cause, []).append(edge.effect)
    found, waiting = {node}, [node]
    while waiting:
        new = set(targets.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return frozenset(found)


def forward(arrows: Iterable[Edge]) -> tuple[Edge, ...]:
    """The arrows without those that close a circle, in their order.

    What is left out acts a month later, or is selection: who takes part was somebody before.
    """
    kept: list[Edge] = []
    for edge in arrows:
        if edge.cause not in reached(edge.effect, kept):
            kept.append(edge)
    return tuple(kept)


def lever_of(node: str) -> str:
    """The lever that a node is, by its name in `Levers`; "" where it is none.

    >>> lever_of("two-way exchange"), lever_of("meetings")
    ('two_way', '')
    """
    for field in fields(Levers):
        if node in NODES.get(field.name, (field.name.replace("_", " "),)):
            return field.name
    return ""


def parts(arrows: Sequence[Edge]) -> tuple[tuple[Edge, ...], ...]:
    """The graph in four: people and their pairs, the months, what comes of them, what is seen.

    An arrow stands where its effect does: in the second part what a coefficient of meetings and
    learning moves, in the third what learning is for, in the fourth what only studies have, in the
    first the rest.
    """
    carrying = carriers().items()
    months = {effect for (_, effect), those in carrying if any(map(_of_months, those))}
    moving, seen = _moving_learning(arrows), _seen(arrows)
    found: tuple[list[Edge], ...] = ([], [], [], [])
    for edge in arrows:
        if edge.effect in seen:
            found[3].append(edge)
        elif edge.effect not in moving:
            found[2].append(edge)
        else:
            found[1 if edge.effect in months else 0].append(edge)
    return tuple(map(tuple, found))


def kinds(part: Sequence[Edge], whole: Sequence[Edge]) -> dict[str, Kind]:
    """What each node of a part of the graph is (see ``Kind``)."""
    made, here = ({edge.effect for edge in forward(whole) if edge in one} for one in (whole, part))
    changed = reached("learning", forward(whole)) - {"learning", "own gain"}
    seen = _seen(whole)
    found: dict[str, Kind] = {}
    for node in dict.fromkeys(node for edge in part for node in (edge.cause, edge.effect)):
        if lever_of(node):
            found[node] = "lever"
        elif node not in here:
            found[node] = "elsewhere" if node in made else "given"
        elif node in seen:
            found[node] = "seen"
        else:
            found[node] = "outcome" if node in changed else "between"
    return found


def _moving_learning(arrows: Sequence[Edge]) -> set[str]:
    """The nodes from which learning can be moved, along arrows that a coefficient carries."""
    carried = [edge for edge in arrows if edge not in BY_DEFINITION]
    nodes = {node for edge in arrows for node in (edge.cause, edge.effect)}
    return {node for node in nodes if "learning" in reached(node, carried)}


def _seen(arrows: Sequence[Edge]) -> set[str]:
    """The effects that only studies have: no coefficient of the world moves them."""
    carrying: dict[str, list[Coefficient]] = {edge.effect: [] for edge in arrows}
    for (_, effect), those in carriers().items():
        carrying.setdefault(effect, []).extend(those)
    levers = {node for node in carrying if lever_of(node)}
    worldly = {node for node, those in carrying.items() if any(map(_of_the_world, those))}
    return set(carrying) - worldly - levers - _moving_learning(arrows)


def _of_months(entry: Coefficient) -> bool:
    """Whether a coefficient is one of meetings and learning."""
    people = PairNature.__dataclass_fields__
    return entry.name in LearningNature.__dataclass_fields__ and entry.name not in people


def _of_the_world(entry: Coefficient) -> bool:
    """Whether a coefficient is one of people, pairs and months, not of studies."""
    return entry.name in LearningNature.__dataclass_fields__
