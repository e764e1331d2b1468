"""What a pair is like at the start: intimidation, safety, disclosure, fit, level of its quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.instruments import JUNIORS
from rmresearch.world.levers import GROUPS
from rmresearch.world.people import People, similarity
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

__all__ = ["Pairs", "draw_pairs"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs just before the start; arrays (replicate, set, junior), each in its own SD.

    ``quality`` is the level around which relationship quality moves. ``busy`` is the mean time
    poverty of the two.
    """

    intimidation: Floats
    safety: Floats
    disclosure: Floats
    compatibility: Floats
    mentoring: Floats
    quality: Floats
    busy: Floats


def draw_pairs(scenario: Scenario, people: People, streams: Streams) -> Pairs:
    """What the pairs that ``people`` make are like.

    Levers act from their middle: a lever at one half leaves a pair as nature has it.
    """
    nature, levers = scenario.nature, scenario.levers
    shape = people.mentoring.shape
    intimidation = _intimidation(scenario, people)
    safety = _safety(scenario, people, intimidation)
    disclosure = nature.safety_on_disclosure * safety
    disclosure += DISCLOSURE_RESIDUAL * streams.normal("pairs.disclosure", shape)
    compatibility = _compatibility(scenario, people, streams)
    mentoring = people.mentoring + nature.training_on_mentoring * (levers.training - 0.5)
    together = people.department[..., :1] == people.department[..., JUNIORS]
    quality = (
        nature.compatibility_on_quality * compatibility
        + nature.disclosure_on_quality * disclosure
        + nature.mentoring_on_quality * mentoring
        + nature.communication_on_quality * (levers.communication_fit - 0.5)
        + nature.context_on_quality * together
        + nature.quality_residual * streams.normal("pairs.quality", shape)
    )
    return Pairs(
        intimidation=intimidation,
        safety=safety,
        disclosure=disclosure,
        compatibility=compatibility,
        mentoring=mentoring,
        quality=quality,
        busy=0.5 * (people.time_poverty[..., :1] + people.time_poverty[..., JUNIORS]),
    )


#: what safety leaves of disclosure, in SD
DISCLOSURE_RESIDUAL = 0.5


def _gap(people: People) -> NDArray[np.int64]:
    return np.asarray(people.level[..., :1] - people.level[..., JUNIORS])


def _intimidation(scenario: Scenario, people: People) -> Floats:
    nature = scenario.nature
    found = people.manner[..., JUNIORS] + nature.level_on_intimidation * (_gap(people) - 3)
    if scenario.levers.format in GROUPS:
        found += nature.group_on_intimidation
    return np.asarray(found)


def _safety(scenario: Scenario, people: People, intimidation: Floats) -> Floats:
    nature = scenario.nature
    together = people.department[..., :1] == people.department[..., JUNIORS]
    conflict = together | (_gap(people) < 2)
    return np.asarray(
        nature.confidentiality_on_safety * (scenario.levers.confidentiality - 0.5)
        + nature.intimidation_on_safety * intimidation
        + nature.resistance_on_safety * people.manner[..., :1]
        + nature.conflict_on_safety * conflict
    )


def _compatibility(scenario: Scenario, people: People, streams: Streams) -> Floats:
    """How the two would get on: mostly what nobody can know in advance."""
    nature = scenario.nature
    known = (
        (nature.values_on_compatibility, people.values),
        (nature.interests_on_compatibility, people.interests),
        (nature.background_on_compatibility, people.background),
    )
    rest = np.sqrt(max(0.0, 1 - sum(weight**2 for weight, _ in known)))
    found = rest * streams.normal("pairs.fit", people.mentoring.shape)
    for weight, trait in known:
        if weight:
            found += weight * similarity(trait)
    return np.asarray(found)
