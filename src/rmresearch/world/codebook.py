"""What study.toml declares about a cohort's outcomes: the codebook of each instrument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rmresearch.declared import Process
from rmresearch.study import Outcome
from rmresearch.world.instruments import (
    ASKABLE,
    ASKED,
    GOALS,
    HARM,
    MATCH,
    PERFORMANCE,
    PULSE,
    REACTIONS,
    TOOL_USE,
)
from rmresearch.world.levers import Setting
from rmresearch.world.reception import LEAST, MATCHES, MOST, PULSES, pulse_months
from rmresearch.world.scenario import Scenario
from rmresearch.world.truth import wave_name, wave_names

__all__ = ["askable", "outcomes"]

#: who answers, by an outcome's source
SOURCES = {
    "self": "each of themselves",
    "partner": "the other of the pair",
    "blind": "two raters who do not know the arm",
    "record": "records",
}


def askable() -> Iterator[tuple[str, str, str, str, str, str]]:
    """What a study can ask: the name that `design.instruments` takes, what it is, of whom, who
    answers, when, and whether it is asked unless told otherwise.

    >>> list(askable())[-1][:4]
    ('harm', 'Reported harm', 'juniors', 'records')
    """
    for name in ASKABLE:
        alone = Scenario(design=Setting(instruments=(name,)))
        found = outcomes(alone)
        labels = "; ".join(one.label for one in found)
        whom = "both" if found[0].role == "all" else f"{found[0].role}s"
        default = "yes" if name in ASKED else ""
        yield name, labels, whom, SOURCES[found[0].source], _when(alone, found[0]), default


def _when(scenario: Scenario, outcome: Outcome) -> str:
    names = wave_names(scenario)
    known = {
        names: "every wave",
        names[1:]: "after the start",
        names[-1:]: "the last wave",
        (names[0], names[-1]): "the first and the last wave",
    }
    return known.get(outcome.waves, "every month of the programme")


def outcomes(scenario: Scenario) -> tuple[Outcome, ...]:
    """The outcomes of a scenario's instruments: repeated scales, what is asked once, records."""
    found = {one.name: one for one in _scales(scenario)}  # one outcome for both roles
    others = (*_reactions(scenario), *_of_pairs(scenario), *_recorded(scenario))
    return (*found.values(), *others)


def _scales(scenario: Scenario) -> Iterator[Outcome]:
    names = wave_names(scenario)
    for scale in scenario.scales:
        related = scale.follows if scale.looks_back else ""
        yield Outcome(
            name=scale.outcome,
            label=scale.label,
            role="all" if scale.shared else scale.role,
            items=tuple(scale.item(number) for number in range(1, scale.items + 1)),
            low=1.0,
            high=5.0,
            reverse=frozenset(scale.item(number) for number in scale.reverse),
            waves=names[scale.at(len(names))],
            source=scale.rater,
            kirkpatrick=scale.kirkpatrick,
            direction=scale.direction,
            smallest_effect=scale.smallest_effect,
            timing="retrospective" if scale.looks_back else "repeated",
            related=related if related in scenario.design.instruments else None,
        )


def _reactions(scenario: Scenario) -> Iterator[Outcome]:
    """How programme people liked it, and how well they say that they match."""
    satisfied = Outcome(
        name="satisfaction",
        label="Satisfied with the programme",
        role="all",
        items=("satisfaction",),
        kind="ordinal",
        low=1.0,
        high=5.0,
        waves=wave_names(scenario)[1:],
        kirkpatrick=1,
        favourable=4.0,
    )
    recommends = replace(
        satisfied,
        name="recommend",
        label="Would recommend the programme to a colleague",
        items=("recommend",),
        kind="recommend",
        low=0.0,
        high=10.0,
        favourable=9.0,
    )
    match = replace(
        satisfied, name=MATCH, label="Says that the two match", items=MATCHES, kind="scale"
    )
    for one, name in zip((satisfied, recommends, match), (*REACTIONS, MATCH), strict=True):
        if name in scenario.design.instruments:
            yield one


def _of_pairs(scenario: Scenario) -> Iterator[Outcome]:
    """Goal attainment once, at the end; pulses every month, one outcome a question."""
    if GOALS in scenario.design.instruments:
        yield Outcome(
            name=GOALS,
            label="How far the pair's goal was reached, rated by the junior",
            role="senior",
            items=(GOALS,),
            kind="ordinal",
            low=float(LEAST),
            high=float(MOST),
            waves=wave_names(scenario)[-1:],
            source="partner",
            timing="gain",
        )
    if PULSE in scenario.design.instruments:
        for item, (label, process) in zip(PULSES, ASKED_MONTHLY, strict=True):
            yield Outcome(
                name=item,
                label=label,
                role="all",
                items=(item,),
                kind="ordinal",
                low=1.0,
                high=5.0,
                waves=tuple(wave_name(month) for month in pulse_months(scenario).tolist()),
                kirkpatrick=1,
                favourable=4.0,
                process=process,
            )


ASKED_MONTHLY: tuple[tuple[str, Process], ...] = (
    ("Pulse: we get on", "relationship"),
    ("Pulse: I can say what I do not know", "safety"),
    ("Pulse: we find the time to meet", "time"),
)


def _recorded(scenario: Scenario) -> Iterator[Outcome]:
    """Outcomes from records: their kinds are their items."""
    names, asked = wave_names(scenario), scenario.design.instruments
    use = Outcome(
        name=TOOL_USE,
        label="Use of the tools taught, as counted",
        role="senior",
        items=(TOOL_USE,),
        kind="amount",
        waves=names,
        source="record",
        kirkpatrick=3,
        smallest_effect=2.0,
        unit="times a month",
    )
    rated = Outcome(
        name=PERFORMANCE,
        label="Performance, rated by the line manager",
        role="all",
        items=(PERFORMANCE,),
        kind="ordinal",
        low=1.0,
        high=5.0,
        waves=names[-1:],
        source="record",
        kirkpatrick=4,
    )
    hurt = Outcome(
        name=HARM,
        label="Reported harm",
        role="junior",
        items=(HARM,),
        kind="binary",
        low=0.0,
        high=1.0,
        waves=names[1:],
        source="record",
        kirkpatrick=4,
        direction=-1,
    )
    yield from (one for one in (use, rated, hurt) if one.name in asked)
