"""What each node of the causal graph is in the arrays of a draw.

Whoever adds a node adds it to ``NUMBERS``; whoever adds an array to a draw says in ``BELONGS`` to
which nodes it belongs. The tests of the graph refuse arrays and nodes that are not listed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.course import engaged
from rmresearch.world.draw import Draw
from rmresearch.world.instruments import FURTHER, INSTRUMENTS, JUNIORS, SENIOR
from rmresearch.world.people import similarity
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams
from rmresearch.world.topics import INCLUSION, of_pairs

Array = NDArray[Any]

START = ("senior skill at the start", "junior confidence at the start")
#: what the programme adds to a scale
SCORES = {
    "digital_skill": "senior skill",
    "inclusion_awareness": "inclusion awareness",
    "digital_use": "senior behaviour",
    "leadership_confidence": "junior leadership confidence",
    "visibility": "junior visibility",
    "demonstration": "demonstrated skill",
    "leadership_seen": "junior leadership behaviour",
    "senior_engagement": "engagement",
    "junior_engagement": "engagement",
    "burden": "junior burden",
    "digital_skill_before": "",
}
#: the scales by which the world goes
FIVE = tuple(scale.name for scale in INSTRUMENTS)
#: scales that go by another one, and so move with how closely they do
FOLLOWING = {"digital_use", "demonstration", "leadership_seen"}
#: nodes of arrays; a pair where the senior's part belongs to one node, the juniors' to another
BELONGS: dict[str, str | tuple[str, str]] = {
    "people.programme": "programme",
    "people.site": "",
    "people.department": "other department",
    "people.level": "level gap",
    "people.applied": "volunteering",
    "people.applicants": "volunteering",
    "people.skill": START,
    "people.stable": START,
    "people.time_poverty": "time poverty",
    "people.performance": "baseline performance",
    "people.values": "value similarity",
    "people.interests": "interest similarity",
    "people.background": "demographic similarity",
    "people.manner": ("resistance", "intimidation"),
    "people.mentoring": "mentoring skill",
    "pairs.intimidation": "intimidation",
    "pairs.safety": "psychological safety",
    "pairs.disclosure": "disclosure",
    "pairs.compatibility": "compatibility",
    "pairs.mentoring": "mentoring skill",
    "pairs.quality": "relationship quality",
    "pairs.busy": "time poverty",
    "course.slots": "meetings",
    "course.quality": "relationship quality",
    "course.learning": "learning",
    "course.ended": "early ending",
    "course.reason": "early ending",
    "course.promoted": "promotion",
    "response": "non-response",
    "reactions.satisfaction": "satisfaction",
    "reactions.recommend": "satisfaction",
    **{f"reactions.reported_match_{n}": "reported match quality" for n in (1, 2, 3)},
    "further.raters": "",
    "further.goals": "goal attainment",
    "further.pulses.codes": "relationship quality; psychological safety; time poverty",
    "further.pulses.answered": "pulse response",
    "further.recorded.tool_use.without": "tool use",
    "further.recorded.tool_use.with_it": "tool use",
    "further.recorded.tool_use.happened": "tool use; comparison people's score",
    "further.recorded.performance.without": "performance rating",
    "further.recorded.performance.with_it": "performance rating",
    "further.recorded.performance.happened": "performance rating",
}
#: what happens with and without the programme, the world first
WORLDS = {"course.left": "retention", "further.harm": "harm to juniors"}


def arrays(value: Any, path: str = "") -> Iterator[tuple[str, Array]]:
    """Every array of a draw with its path."""
    if isinstance(value, np.ndarray):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from arrays(part, f"{path}.{name}".removeprefix("."))
    elif dataclasses.is_dataclass(value) and not isinstance(value, Scenario | Streams):
        for field in dataclasses.fields(value):
            yield from arrays(getattr(value, field.name), f"{path}.{field.name}".removeprefix("."))


def parts(drawn: Draw) -> Iterator[tuple[str, frozenset[str], Array]]:
    """Every array of a draw, or its parts, with the nodes that it shows."""
    for path, array in arrays(drawn):
        if path in WORLDS:
            yield f"{path} without the programme", frozenset(), array[0]
            yield path, frozenset({WORLDS[path]}), array[1]
            continue
        nodes = _of_scale(path) or BELONGS[path]
        if isinstance(nodes, tuple):
            yield f"{path} of seniors", frozenset({nodes[0]}), array[..., :1]
            yield f"{path} of juniors", frozenset({nodes[1]}), array[..., JUNIORS]
        else:
            yield path, frozenset(nodes.split("; ")) - {""}, array


def _of_scale(path: str) -> str:
    """The nodes of what is drawn scale by scale."""
    kind, _, rest = path.partition(".")
    name, _, answered = rest.partition(".")
    scale = next((one for one in (*INSTRUMENTS, *FURTHER) if one.name == name), None)
    if scale is None:
        return ""
    before = START[scale.side] + (f"; {SCORES[name]}" if name in FOLLOWING else "")
    honest = f"{before}; {SCORES[name]}"
    told = honest + "; self-rated skill beyond true skill"
    if scale.looks_back:
        told += "; apparent gain"
    return {
        "untreated": before,
        "gain": SCORES[name] or "; ",
        "answers without": before,
        "answers honest": honest,
        "answers with_it": told,
        "answers happened": f"{told}; comparison people's score",
        "answers skipped": "; ",
    }[f"{kind} {answered}".strip()]


def _gap(drawn: Draw) -> Array:
    return np.asarray(drawn.people.level[..., :1] - drawn.people.level[..., JUNIORS])


def _together(drawn: Draw) -> Array:
    return np.asarray(drawn.people.department[..., :1] == drawn.people.department[..., JUNIORS])


def _rate(drawn: Draw) -> Array:
    """What a meeting of a pair teaches, written out: (replicate, set, junior, month)."""
    nature, levers = drawn.scenario.nature, drawn.scenario.levers
    format_ = {"one-to-one": 0.0, "reciprocal": nature.reciprocal_on_dose}
    power = nature.clarity_on_learning * (levers.goal_clarity - 0.5)
    power += format_.get(levers.format, nature.group_on_dose)
    return np.asarray(np.exp(power + nature.quality_on_learning * drawn.course.quality))


def _dose(drawn: Draw) -> Array:
    held = drawn.course.slots.sum(axis=-1)[:, :, None]
    return np.asarray((held * _rate(drawn)).sum(axis=-1))


def _gained(name: str) -> Callable[[Draw], Array]:
    return lambda drawn: _by_set(drawn, drawn.gain[name][..., 1:])


def _by_set(drawn: Draw, values: Array) -> Array:
    """(replicate, person of the role, ...) -> (replicate, set, ...)."""
    return values.reshape(*drawn.people.programme.shape, -1)


def _answered(name: str) -> Callable[[Draw], Array]:
    """What programme people answer at the last wave."""
    return lambda drawn: _by_set(drawn, drawn.answers[name].with_it[..., -1, :])


def _apparent(drawn: Draw) -> Array:
    now, before = (_answered(name)(drawn) for name in ("digital_skill", "digital_skill_before"))
    return np.asarray(now.mean(axis=-1) - before.mean(axis=-1))


def _match(drawn: Draw) -> Array:
    items = (drawn.reactions[f"reported_match_{number}"] for number in (1, 2, 3))
    return np.concatenate([item[..., 1:] for item in items], axis=-1)


def _pulse_months(drawn: Draw) -> Array:
    return _ones(drawn) * drawn.further.pulses.answered.shape[-1]


def _topic(drawn: Draw) -> Array:
    return of_pairs(drawn.scenario, drawn.streams, drawn.replicates) == INCLUSION


def _own_gain(drawn: Draw) -> Array:
    names = [scale.name for scale in INSTRUMENTS if scale.rater == "self"]
    return np.asarray(sum(_gained(name)(drawn).mean(axis=-1) for name in names))


def _engagement(drawn: Draw) -> Array:
    months = np.arange(drawn.scenario.months)
    learned, felt = drawn.course.learning, drawn.course.felt(months)
    each = [engaged(drawn.scenario, learned[..., m], felt[..., m]) for m in months]
    return np.asarray(np.mean(each, axis=0))


def _flattery(drawn: Draw) -> Array:
    rated = [
        scale.name
        for scale in drawn.scenario.scales
        if scale.rater == "self" and scale.kirkpatrick == 2 and not scale.looks_back
    ]
    told = [drawn.answers[n].with_it.astype(float) - drawn.answers[n].honest for n in rated]
    return np.concatenate([_by_set(drawn, one) for one in told], axis=-1)


def beside(name: str) -> Callable[[Draw], Array]:
    """What comparison people answer on a scale above what they would with nobody beside them."""

    def found(drawn: Draw) -> Array:
        given = drawn.answers[name]
        spilt = (given.happened.astype(float) - given.without).mean(axis=(-1, -2))
        each = _by_set(drawn, spilt)
        return np.where(drawn.people.programme[..., None], 0.0, each)

    return found


def _ones(drawn: Draw) -> Array:
    return np.ones(drawn.people.programme.shape)


#: nodes that a draw does not hold show in the first one it does hold
SHOWN_IN = {
    "learning per meeting": "learning",
    "dose per person": "learning",
    "relationship support": "reported match quality",
    "two-way exchange": "junior visibility",
    "other department": "shared context",
}

#: each node as a number of every set (the mean over what comes after the first two axes)
NUMBERS: dict[str, Callable[[Draw], Array]] = {
    "programme": _ones,
    "volunteering": lambda d: d.people.applied,
    "senior skill at the start": lambda d: d.people.skill[..., SENIOR],
    "junior confidence at the start": lambda d: d.people.skill[..., JUNIORS],
    "time poverty": lambda d: d.people.time_poverty,
    "baseline performance": lambda d: d.people.performance,
    "value similarity": lambda d: similarity(d.people.values),
    "interest similarity": lambda d: similarity(d.people.interests),
    "demographic similarity": lambda d: similarity(d.people.background),
    "level gap": _gap,
    "shared context": _together,
    "conflict of interest": lambda d: _together(d) | (_gap(d) < 2),
    "resistance": lambda d: d.people.manner[..., SENIOR],
    "intimidation": lambda d: d.pairs.intimidation,
    "psychological safety": lambda d: d.pairs.safety,
    "disclosure": lambda d: d.pairs.disclosure,
    "compatibility": lambda d: d.pairs.compatibility,
    "mentoring skill": lambda d: d.pairs.mentoring,
    "relationship quality": lambda d: d.course.quality,
    "meetings": lambda d: d.course.slots.sum(axis=-1),
    "early ending": lambda d: d.course.ended > 0,
    "learning per meeting": _rate,
    "dose per person": _dose,
    "learning": lambda d: d.course.learning,
    "own gain": _own_gain,
    **{node: _gained(name) for name, node in SCORES.items() if name in FIVE},
    "junior's own performance": lambda d: (
        d.scenario.nature.junior_performance_gain * d.course.learning[..., JUNIORS, :]
    ),
    "engagement": _engagement,
    "retention": lambda d: d.course.left[1] == 0,
    "promotion": lambda d: d.course.promoted[1] > 0,
    "non-response": lambda d: ~d.response[..., 1:],
    "satisfaction": lambda d: d.reactions["satisfaction"][..., 1:],
    "self-rated skill beyond true skill": _flattery,
    "comparison people's score": lambda d: sum(beside(name)(d) for name in FIVE),
    "own standard": lambda d: -_flattery(d),
    "retrospective pre-test": _ones,
    "apparent gain": _apparent,
    "demonstrated skill": _answered("demonstration"),
    "junior leadership behaviour": _answered("leadership_seen"),
    "goal attainment": lambda d: d.further.goals,
    "teaching inclusion": _topic,
    "junior background": lambda d: d.people.background[..., JUNIORS],
    "junior burden": _gained("burden"),
    "harm to juniors": lambda d: d.further.harm[1],
    "tool use": lambda d: d.further.recorded["tool_use"].with_it,
    "performance rating": lambda d: d.further.recorded["performance"].with_it,
    "relationship support": lambda d: d.course.learning,
    "reported match quality": _match,
    "months of pulses": _pulse_months,
    "pulse response": lambda d: d.further.pulses.answered,
}


def _added(name: str) -> Callable[[Draw], Array]:
    """What the programme adds to the answers of the last wave."""

    def found(drawn: Draw) -> Array:
        given = drawn.answers[name]
        return _by_set(drawn, (given.with_it.astype(float) - given.without)[..., -1, :])

    return found


def _recorded(kind: str, *juniors: slice) -> Callable[[Draw], Array]:
    def found(drawn: Draw) -> Array:
        record = drawn.further.recorded[kind]
        return (record.with_it.astype(float) - record.without)[(..., *juniors)]

    return found


#: what a gain does to what follows it is seen best in what the programme adds there
ADDED: dict[tuple[str, str], Callable[[Draw], Array]] = {
    ("senior skill", "demonstrated skill"): _added("demonstration"),
    ("junior leadership confidence", "junior leadership behaviour"): _added("leadership_seen"),
    ("senior behaviour", "tool use"): _recorded("tool_use"),
    ("junior's own performance", "performance rating"): _recorded("performance", JUNIORS),
    ("learning", "junior's own performance"): _recorded("performance", JUNIORS),
    ("junior's own performance", "promotion"): lambda d: (
        (d.course.promoted[1] > 0).astype(float) - (d.course.promoted[0] > 0)
    )[..., JUNIORS],
}  # fmt: skip


def effect(cause: str, node: str, drawn: Draw) -> Array:
    """What a cause moves, as one number of every set, (replicate, set)."""
    return _each_set(ADDED.get((cause, node), NUMBERS[SHOWN_IN.get(node, node)])(drawn))


def number(node: str, drawn: Draw) -> Array:
    """A node as one number of every set, (replicate, set)."""
    return _each_set(NUMBERS[node](drawn))


def _each_set(values: Array) -> Array:
    return np.asarray(values, float).reshape(*values.shape[:2], -1).mean(axis=-1)


def beside_number(name: str, drawn: Draw) -> Array:
    """What spills over of one scale, (replicate, set)."""
    return _each_set(beside(name)(drawn))
