"""The graph is the domain's, and the code obeys it: what is no descendant never changes."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.world.nodes import FIVE, NUMBERS, SCORES, Array, beside_number, effect, number, parts

from rmresearch.world.draw import Draw, draw
from rmresearch.world.fields import Coefficient, Edge
from rmresearch.world.graph import BY_DEFINITION, carriers, edges, forward, lever_of, reached
from rmresearch.world.instruments import ASKABLE
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario, entries

#: the arrows of the domain's table, each as the path of arrows that is the same in the code
DOMAIN: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("baseline performance", "volunteers", "+", ("baseline performance", "volunteering")),
    ("baseline performance", "own gain", "-", ("baseline performance", "own gain")),
    ("time poverty", "volunteers", "-", ("time poverty", "volunteering")),
    ("time poverty", "meetings", "-", ("time poverty", "meetings")),
    ("senior sponsorship", "volunteers", "+", ("sponsor", "volunteering")),
    ("matching effort", "true compatibility", "+",
     ("matching effort", "value similarity", "compatibility")),
    ("matching effort", "true compatibility", "+",
     ("matching effort", "interest similarity", "compatibility")),
    ("interest similarity", "relationship quality", "+",
     ("interest similarity", "compatibility", "relationship quality")),
    ("value similarity", "relationship quality", "+",
     ("value similarity", "compatibility", "relationship quality")),
    ("demographic similarity", "relationship quality", "0",
     ("demographic similarity", "compatibility", "relationship quality")),
    ("level gap", "intimidation", "+", ("level gap", "intimidation")),
    ("level gap >= 2", "conflict of interest", "-", ("level gap", "conflict of interest")),
    ("other department", "conflict of interest", "-",
     ("other department", "conflict of interest")),
    ("other department", "shared context", "-", ("other department", "shared context")),
    ("confidentiality", "psychological safety", "+", ("confidentiality", "psychological safety")),
    ("intimidation", "psychological safety", "-", ("intimidation", "psychological safety")),
    ("resistance", "psychological safety", "-", ("resistance", "psychological safety")),
    ("psychological safety", "disclosure", "+", ("psychological safety", "disclosure")),
    ("disclosure", "relationship quality", "+", ("disclosure", "relationship quality")),
    ("training", "mentoring skill", "+", ("training", "mentoring skill")),
    ("mentoring skill", "relationship quality", "+", ("mentoring skill", "relationship quality")),
    ("goal clarity", "learning per meeting", "+", ("goal clarity", "learning per meeting")),
    ("cadence", "meetings", "+", ("cadence", "meetings")),
    ("communication fit", "relationship quality", "+",
     ("communication fit", "relationship quality")),
    ("meetings", "relationship quality", "+", ("meetings", "relationship quality")),
    ("relationship quality", "meetings", "+", ("relationship quality", "meetings")),
    ("relationship quality", "early ending", "-", ("relationship quality", "early ending")),
    # meetings x quality -> senior skill, delayed and saturating
    ("meetings", "senior skill", "+",
     ("meetings", "dose per person", "learning", "own gain", "senior skill")),
    ("quality", "senior skill", "+",
     ("relationship quality", "learning per meeting", "dose per person", "learning", "own gain",
      "senior skill")),
    ("stopping", "skill retained", "-", ("early ending", "learning")),
    ("two-way exchange", "junior leadership self-efficacy", "+",
     ("two-way exchange", "junior leadership confidence")),
    ("two-way exchange", "visibility", "+", ("two-way exchange", "junior visibility")),
    ("mentoring others", "junior's own performance", "?",
     ("learning", "junior's own performance")),
    ("relationship quality", "engagement", "+", ("relationship quality", "engagement")),
    ("visibility", "engagement", "+", ("junior visibility", "engagement")),
    ("engagement", "retention", "+", ("engagement", "retention")),
    ("group format", "intimidation", "-", ("group format", "intimidation")),
    ("group format", "dose per person", "-", ("group format", "dose per person")),
    ("programme", "self-rated skill beyond true skill", "+",
     ("programme", "self-rated skill beyond true skill")),
    # low quality and low gain make people silent: quality and gain make them less so
    ("low quality", "non-response", "+", ("relationship quality", "non-response")),
    ("low gain", "non-response", "+", ("senior skill", "non-response")),
    ("low gain", "non-response", "+", ("junior leadership confidence", "non-response")),
    ("treated colleagues in the department", "control spillover", "+",
     ("senior skill", "comparison people's score")),
    ("retrospective pre-test", "apparent gain", "+", ("retrospective pre-test", "apparent gain")),
    ("relationship support", "reported match quality", "+",
     ("relationship support", "reported match quality")),
)  # fmt: skip

GRAPH = edges()
SIGNS = {(edge.cause, edge.effect): edge.sign for edge in GRAPH}


@pytest.mark.parametrize(
    ("cause", "effect", "sign", "path"), DOMAIN, ids=[f"{row[0]} - {row[1]}" for row in DOMAIN]
)
def test_every_arrow_of_the_domain_is_in_the_code_with_its_sign(
    cause: str, effect: str, sign: str, path: tuple[str, ...]
) -> None:
    signs = [SIGNS[step] for step in pairwise(path)]
    if {"0", "?"} & set(signs):
        found = next(one for one in signs if one in "0?")
    else:
        found = "+" if signs.count("-") % 2 == 0 else "-"
    if cause.startswith("low "):
        found = {"+": "-", "-": "+"}[found]
    assert found == sign


def test_arrows_that_two_coefficients_carry_have_one_sign() -> None:
    for arrow, those in carriers().items():
        own = [edge for one in those for edge in one.edges if (edge.cause, edge.effect) == arrow]
        assert len({edge.sign for edge in own}) <= 1, arrow
    assert set(carriers()) == set(SIGNS)


def test_signs_follow_the_scenarios_values() -> None:
    nothing = {str(edge) for edge in edges(PRESETS["no-effect"].scenario)}
    assert "own gain -> senior skill (0)" in nothing
    assert "volunteering -> senior skill at the start (-)" in nothing
    turned = Scenario(nature=Nature(time_on_meetings=0.4, junior_performance_gain=-0.1,
                                    background_on_compatibility=0.1))  # fmt: skip
    found = {str(edge) for edge in edges(turned)}
    assert {
        "time poverty -> meetings (+)",
        "learning -> junior's own performance (-)",
        "demographic similarity -> compatibility (+)",
    } <= found
    # a lever is a cause: none of it does not take its arrow away
    assert edges(Scenario(levers=Levers(two_way=0.0))) == GRAPH


def test_arrows_that_close_circles_act_later() -> None:
    kept = forward(GRAPH)
    later = {str(edge) for edge in GRAPH if edge not in kept}
    assert later == {
        "relationship quality -> meetings (+)",
        "early ending -> meetings (-)",
        "retention -> early ending (-)",
        "volunteering -> senior skill at the start (-)",
        "volunteering -> junior confidence at the start (+)",
        "volunteering -> baseline performance (+)",
        "volunteering -> time poverty (-)",
    }
    for edge in kept:  # naively: no walk along the arrows comes back
        seen: set[str] = set()
        front = {edge.effect}
        while front:
            assert edge.cause not in front
            seen |= front
            front = {one.effect for one in kept if one.cause in front} - seen


def test_every_lever_is_a_node_or_says_why_not() -> None:
    nodes = {node for edge in GRAPH for node in (edge.cause, edge.effect)}
    without = {field.name for field in dataclasses.fields(Levers)} - {lever_of(n) for n in nodes}
    assert without == {"juniors"}  # how large a group is; that it is one is "group format"
    assert nodes - {lever_of(node) and node for node in nodes} - set(NUMBERS) == set()


# The code obeys the graph.

#: everybody has something of everything: pairs in one department and in two, waves after the end,
#: promotions and leavers often enough, answers that see what happens
FULL = Levers(
    other_department=False, level_gap=1, confidentiality=1.0, training=1.0, goal_clarity=1.0,
    communication_fit=1.0, agenda=1.0, pulse_and_adapt=1.0, two_way=1.0, sponsor=1.0,
)  # fmt: skip
#: what people of a department have in common moves when people move: luck, not an effect
WORLD = Scenario(
    pairs=1200,
    nature=Nature(promotion_rate=0.05, leaving_rate=0.02, harm_rate=0.01, harm_added=0.02,
                  department_share=0.0),
    levers=FULL,
    design=Setting(waves=(0, 3, 6, 12), spillover=0.2, instruments=ASKABLE),
)  # fmt: skip
#: where what an arrow needs to be seen is not in that world: the format, the application
ASSIGNED = replace(WORLD, levers=replace(FULL, application="assigned"))
#: more people, for what happens to few of them
MANY = replace(WORLD, pairs=6000, design=replace(WORLD.design, waves=(0, 6)))
RARE = {
    ("engagement", "retention"),
    ("junior's own performance", "promotion"),
    ("junior's own performance", "performance rating"),
    ("learning", "junior's own performance"),
    ("senior skill", "non-response"),
    ("junior leadership confidence", "non-response"),
    ("junior leadership confidence", "junior leadership behaviour"),
    ("junior background", "junior burden"),
    ("learning per meeting", "dose per person"),
}
FORMATS = {
    "group format": ("group", 2),
    "team challenge": ("team challenge", 2),
    "reciprocal format": ("reciprocal", 1),
}
POLICIES = {"matching effort": "greedy", "self-selected matching": "self-selected"}
SMALLER = 240  # of worlds in which everybody is held against everybody


def world_of(edge: Edge) -> Scenario:
    """A world in which an arrow can be seen."""
    if edge.cause in FORMATS:
        format_, juniors = FORMATS[edge.cause]
        levers = replace(FULL, format=format_, juniors=juniors)  # type: ignore[arg-type]
        return replace(WORLD, levers=levers)
    if edge.cause in POLICIES:
        policy = replace(FULL, matching=POLICIES[edge.cause])  # type: ignore[arg-type]
        return replace(WORLD, pairs=SMALLER, levers=policy)
    if edge.cause == "volunteering":
        return MANY
    if edge.effect == "volunteering":
        return replace(
            ASSIGNED, pairs=2500
        )  # else places go by who applies, and who has one changes as well
    if (edge.cause, edge.effect) in RARE:
        return with_value(MANY, "nature", "junior_performance_gain", 1.0)
    if edge == Edge("early ending", "learning", "-"):  # while the programme runs
        return replace(WORLD, design=replace(WORLD.design, waves=(0, 3, 6)))
    if edge.cause == "own standard":
        return with_value(WORLD, "nature", "response_shift", 0.5)
    return WORLD


def with_value(scenario: Scenario, block: str, name: str, value: Any) -> Scenario:
    part = replace(getattr(scenario, block), **{name: value})
    return replace(scenario, **{block: part})


@lru_cache(maxsize=16)
def drawn(scenario: Scenario, seed: int = 11) -> Draw:
    return draw(scenario, 1, seed=seed)


def strengths() -> list[Coefficient]:
    """The coefficients of nature and design that carry arrows."""
    return [one for one in entries(WORLD) if one.edges and one.block in {"nature", "design"}]


#: rare events, and what shows only in them or in the marks of pairs, need a strong arrow
FAINT = {
    "retention", "promotion", "harm to juniors", "value similarity", "performance rating",
    "junior's own performance", "non-response", "early ending", "demonstrated skill",
    "junior leadership behaviour", "goal attainment",
}  # fmt: skip


def switched(entry: Coefficient, scenario: Scenario, effect: str) -> tuple[Scenario, Scenario]:
    """The world with a coefficient off, or as low as it goes, and on."""
    value = entry.value
    if entry.name == "eligible":
        off, on = 1, 8
    else:
        low, high = next(
            field.metadata["legal"]
            for field in dataclasses.fields(getattr(scenario, entry.block))
            if field.name == entry.name
        )
        off, on = max(0.0, low), value or min(0.5, high)
        if effect in FAINT:
            on = low if on < 0 else high
    return (
        with_value(scenario, entry.block, entry.name, off),
        with_value(scenario, entry.block, entry.name, on),
    )


def unchanged(before: Draw, after: Draw, affected: frozenset[str]) -> list[str]:
    """The arrays that changed although none of their nodes could."""
    pairs = zip(parts(before), parts(after), strict=True)
    return [
        name
        for (name, nodes, old), (_, _, new) in pairs
        if not nodes & affected and not np.array_equal(old, new)
    ]


def everything_after(arrows: tuple[Edge, ...]) -> frozenset[str]:
    return frozenset().union(*(reached(edge.effect, GRAPH) for edge in arrows))


STRENGTHS = strengths()


class Move(NamedTuple):
    """A lever from its low to its high end, in a world, and the nodes it is."""

    lever: str
    low: Any
    high: Any
    nodes: tuple[str, ...]
    juniors: int = 1


MOVES = (
    Move("application", "assigned", "volunteer", ("application",)),
    Move("sponsor", 0.0, 1.0, ("sponsor",)),
    Move("level_gap", 0, 5, ("level gap",)),
    Move("other_department", False, True, ("other department",)),
    Move("communication_fit", 0.0, 1.0, ("communication fit",)),
    Move("training", 0.0, 1.0, ("training",)),
    Move("goal_clarity", 0.0, 1.0, ("goal clarity",)),
    Move("confidentiality", 0.0, 1.0, ("confidentiality",)),
    Move("two_way", 0.0, 1.0, ("two-way exchange",)),
    Move("cadence", 1, 4, ("cadence",)),
    Move("agenda", 0.0, 1.0, ("agenda",)),
    Move("pulse_and_adapt", 0.0, 1.0, ("pulse and adapt",)),
    Move("duration", 3, 9, ("duration",)),
    Move("format", "one-to-one", "reciprocal", ("reciprocal format",)),
    Move("format", "group", "team challenge", ("team challenge",), juniors=2),
)


def moved(move: Move) -> tuple[Scenario, Scenario]:
    start = replace(FULL, two_way=0.5)  # less than the full exchange of reciprocal mentoring
    ends = (
        replace(start, **{move.lever: end, "juniors": move.juniors,
                          "format": "group" if move.juniors > 1 else "one-to-one"}
                | ({"format": end} if move.lever == "format" else {}))
        for end in (move.low, move.high)
    )  # fmt: skip
    low, high = (replace(WORLD, levers=levers) for levers in ends)
    return low, high


@pytest.mark.parametrize("move", MOVES, ids=[f"{one.lever} {one.high}" for one in MOVES])
def test_levers_change_nothing_but_their_descendants(move: Move) -> None:
    low, high = (drawn(one) for one in moved(move))
    affected = frozenset().union(*(reached(node, GRAPH) for node in move.nodes))
    assert unchanged(low, high, affected) == []
    assert unchanged(low, high, frozenset()) != []


def test_every_lever_is_moved_or_says_why_not() -> None:
    assert {field.name for field in dataclasses.fields(Levers)} - {m.lever for m in MOVES} == {
        "matching",  # below: who meets whom
        "juniors",  # a group of another size is other people
    }


BEFORE = ("people.", "untreated.")


@pytest.mark.parametrize("policy", ["greedy", "optimal", "self-selected"])
def test_matching_moves_juniors_and_nobody_else(policy: Any) -> None:
    """Juniors come with all that they are; seniors and what is theirs stay to the bit."""
    made = [
        drawn(replace(WORLD, pairs=SMALLER, levers=replace(FULL, matching=one)))
        for one in ("rules", policy)
    ]
    names = [f.name for f in dataclasses.fields(made[0].people)]
    crowd = made[0].people.skill.shape
    for name in names:
        old, new = (getattr(one.people, name) for one in made)
        if policy == "self-selected" and name in {"department", "level"}:
            continue  # there no rule holds, and places are filled without them
        if old.shape[:3] != crowd:
            np.testing.assert_array_equal(np.sort(old, axis=None), np.sort(new, axis=None), name)
            continue
        np.testing.assert_array_equal(old[..., :1], new[..., :1], name)
        np.testing.assert_array_equal(np.sort(old[..., 1]), np.sort(new[..., 1]), name)
    for name in FIVE:
        if name not in {"leadership_confidence", "visibility"}:
            old, new = (one.untreated[name] for one in made)
            np.testing.assert_array_equal(old, new, name)


def z(edge: Edge, off: Draw, on: Draw) -> float:
    """How many standard errors the effect moves the way its cause does.

    D = the effect with the arrow minus without it, set by set, from the same luck. Where the cause
    differs between sets the slope of D on it, else (a lever that is fully on) the mean of D.
    """
    scale = {SCORES[name]: name for name in FIVE}.get(edge.cause)
    if edge.effect == "comparison people's score" and scale:
        change = (beside_number(scale, on) - beside_number(scale, off)).ravel()
        weight = np.ones(len(change))  # what colleagues gained: no set's own
    else:
        after, before = (effect(edge.cause, edge.effect, one) for one in (on, off))
        change, weight = (after - before).ravel(), _weight(edge, on)
    products = weight * change
    error = products.std() / math.sqrt(len(products))
    return float(products.mean() / error) if error > 1e-12 else math.copysign(99, products.mean())


def _weight(edge: Edge, on: Draw) -> Array:
    if lever_of(edge.cause) and edge.cause != "level gap":
        return np.ones(on.people.programme.size)
    cause = number(edge.cause, on).ravel()
    return np.ones(len(cause)) if np.ptp(cause) == 0 else cause - cause.mean()


CARRIED = [(one, edge) for one in STRENGTHS for edge in one.edges]


@pytest.mark.parametrize(
    ("entry", "edge"), CARRIED, ids=[f"{one.name}: {edge.effect}" for one, edge in CARRIED]
)
def test_each_arrow_points_its_way_and_what_is_no_descendant_does_not_change_by_a_bit(
    entry: Coefficient, edge: Edge
) -> None:
    off, on = switched(entry, world_of(edge), edge.effect)
    if edge.cause not in POLICIES:  # there, who meets whom changes: see below
        assert unchanged(drawn(off), drawn(on), everything_after(entry.edges)) == []
    sign = next(
        one.sign for one in edges(on) if (one.cause, one.effect) == (edge.cause, edge.effect)
    )
    if edge.cause == "volunteering":  # eligible people of their own: not the same luck
        assert {"+": 1, "-": -1}[sign] * selection(edge, off, on) > 4
        return
    assert {"+": 1, "-": -1}[sign] * z(edge, drawn(off), drawn(on)) > 4


def selection(edge: Edge, off: Scenario, on: Scenario) -> float:
    without, with_ = (number(edge.effect, drawn(one)).ravel() for one in (off, on))
    error = math.sqrt(without.var() / len(without) + with_.var() / len(with_))
    return float((with_.mean() - without.mean()) / error)


PULLED = [
    (move, edge)
    for move in MOVES
    for edge in GRAPH
    if edge.cause in move.nodes
]  # fmt: skip


@pytest.mark.parametrize(
    ("move", "edge"), PULLED, ids=[f"{m.lever} {m.high}: {e.effect}" for m, e in PULLED]
)
def test_each_lever_pulls_the_way_of_its_arrows(move: Move, edge: Edge) -> None:
    low, high = (drawn(one) for one in moved(move))
    after, before = (effect(edge.cause, edge.effect, one) for one in (high, low))
    change = (after - before).ravel()
    error = change.std() / math.sqrt(len(change))
    found = change.mean() / error if error > 1e-12 else math.copysign(99, change.mean())
    assert {"+": 1, "-": -1}[edge.sign] * found > 4


@pytest.mark.parametrize("edge", [e for e in GRAPH if lever_of(e.cause) == "matching"], ids=str)
def test_matching_makes_pairs_alike_the_way_of_its_arrows(edge: Edge) -> None:
    """Random pairs against pairs by score or by choice; many small cohorts, as luck differs."""
    policy = POLICIES[edge.cause]
    made = []
    for one in ("random", policy):
        levers = replace(FULL, matching=one, level_gap=3, other_department=True)  # type: ignore[arg-type]
        asked = with_value(WORLD, "nature", "values_asked", 0.9)
        made.append(draw(replace(asked, pairs=60, levers=levers), 60, seed=3))
    low, high = (number(edge.effect, one).mean(axis=1) for one in made)
    change = high - low
    error = change.std() / math.sqrt(len(change))
    if edge.sign == "?":  # the gap is as wide as the rule says, whatever it would have been
        assert abs(change.mean()) > 4 * error
        return
    assert {"+": 1, "-": -1}[edge.sign] * change.mean() > 4 * error


def test_definitions_hold() -> None:
    assert {str(edge) for edge in BY_DEFINITION} == {
        "programme -> meetings (+)",
        "learning -> own gain (+)",
        "early ending -> meetings (-)",
        "retention -> early ending (-)",
        "retention -> promotion (+)",
        "retention -> non-response (-)",
        "retention -> harm to juniors (+)",
        "retention -> pulse response (+)",
        "early ending -> pulse response (-)",
    }
    made = drawn(WORLD)
    course, month = made.course, np.arange(1, WORLD.months + 1)
    ended = course.ended[..., 0]
    after = (ended[..., None] > 0) & (month > ended[..., None])
    assert course.slots[~after].any()
    assert not course.slots[after].any()
    left = course.left[1]
    first = np.where(left > 0, left, 99).min(axis=-1)
    assert (ended[first < FULL.duration] > 0).all()
    assert (ended[first < FULL.duration] <= first[first < FULL.duration]).all()
    assert not ((course.promoted[1] > left) & (left > 0)).any()
    gone = (left[..., None] > 0) & (left[..., None] <= np.asarray(WORLD.design.waves))
    assert not made.response[gone & made.people.programme[..., None, None]].any()
    nothing = course.learning[..., 2] == 0
    assert nothing.any()
    assert not made.gain["digital_skill"][..., 1][nothing[..., 0]].any()
