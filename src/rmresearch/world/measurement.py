"""Measurement apart from truth: what people answer, who answers at all, how they liked it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from rmresearch.world.course import Course
from rmresearch.world.instruments import INSTRUMENTS, RATERS, SENIOR, Instrument
from rmresearch.world.people import People
from rmresearch.world.scenario import Scenario
from rmresearch.world.scores import spilt
from rmresearch.world.streams import Streams

__all__ = ["PANEL", "Answers", "answers", "blind_raters", "coded", "reactions", "respond"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]
Ints = NDArray[np.int64]

LOW, HIGH = 1, 5
#: raters of demonstrations, of whom two see each
PANEL = 6


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to one scale, (replicate, person of the role, wave asked at, item), 1 to 5,
    reverse items turned back; where several rate, one rater's items after the other's.

    ``without`` the programme, ``with_it`` as people report it, ``honest`` with it if nobody
    flattered themselves, changed their standard or remembered wrongly, and ``happened``: what
    there was to be seen. All from the same chances. ``skipped`` marks items left out.
    """

    without: Codes
    with_it: Codes
    honest: Codes
    happened: Codes
    skipped: Flags


def answers(
    scenario: Scenario,
    scale: Instrument,
    people: People,
    course: Course,
    score: Floats,
    gain: Floats,
    streams: Streams,
) -> Answers:
    """What people answer on one scale, given true scores and what the programme adds to them."""
    at = scale.at(len(scenario.design.waves))
    shape = (*score[..., at].shape, scale.columns)
    noise, heard = _noise(scenario, scale, shape, streams)
    without = coded(noise + (heard * score[..., at])[..., None])
    # At the start nothing has been added yet, whatever comes.
    later = slice(1, None) if at.start in {None, 0} else slice(None)
    noise = noise[:, :, later]

    def said(true: Floats) -> Codes:
        codes = without.copy("K")
        codes[:, :, later] = coded(noise + (heard * true[..., at][..., later])[..., None])
        return codes

    treated = score + gain
    honest = with_it = said(treated)
    if _misjudged(scenario, scale, course, treated):
        with_it = said(treated)
    spilt_over = spilt(scenario, people, scale, gain)
    beside = without if spilt_over is None else said(score + spilt_over)
    programme = people.programme_of(scale.side)[..., None, None]
    return Answers(
        without=without,
        with_it=with_it,
        honest=honest,
        happened=np.where(programme, with_it, beside),
        skipped=_skipped(scenario, scale, shape, streams),
    )


def _misjudged(scenario: Scenario, scale: Instrument, course: Course, treated: Floats) -> bool:
    """Add to ``treated`` how programme people misjudge themselves; whether they do at all.

    They flatter themselves, but remember a start worse than it was; and seniors who learnt judge
    what they can by a stricter standard, as it is and as it was.
    """
    nature = scenario.nature
    if scale.rater != "self" or scale.direction < 0:
        return False
    flattery = -nature.recall_bias if scale.looks_back else nature.self_inflation
    shift = nature.response_shift if scale.role == "senior" and scale.kirkpatrick == 2 else 0.0
    if flattery:
        treated[..., 1:] += flattery
    if shift:
        for wave, month in enumerate(scenario.design.waves[1:], start=1):
            treated[..., wave] -= shift * course.learning[:, :, SENIOR, month - 1]
    return bool(flattery or shift)


def _skipped(
    scenario: Scenario, scale: Instrument, shape: tuple[int, ...], streams: Streams
) -> Flags:
    """Items left out; raters who are asked to rate leave none."""
    if scale.rater == "blind":
        return np.broadcast_to(np.False_, shape)
    return streams.chosen(f"items.skip.{scale.name}", shape, scenario.nature.item_skip)


def _noise(
    scenario: Scenario, scale: Instrument, shape: tuple[int, ...], streams: Streams
) -> tuple[Floats, float]:
    """What answers have besides the true score, in points, and the weight of that score."""
    nature = scenario.nature
    noise = streams.normal(f"items.noise.{scale.name}", shape)
    spread = nature.item_spread
    noise *= spread * np.sqrt(max(0.0, 1 - nature.item_reliability - nature.item_stable))
    # Who looks back is asked the same items.
    asked = scale.follows if scale.looks_back else scale.name
    own = streams.normal(f"items.own.{asked}", (*shape[:2], 1, scale.items))
    if scale.rater == "blind":  # what an item has of its own, each rater sees
        own = np.tile(own, RATERS)
    difficulty = np.linspace(-0.5, 0.5, scale.items) * nature.item_difficulty
    level = nature.item_center + np.tile(difficulty, scale.columns // scale.items)
    level = level + spread * np.sqrt(nature.item_stable) * own
    heard = spread * np.sqrt(nature.item_reliability)
    if scale.rater == "partner":
        level += heard * np.sqrt(nature.rater_share) * _leniency(scenario, scale, shape, streams)
        heard *= np.sqrt(1 - nature.rater_share)
    elif scale.rater == "blind":
        level -= heard * nature.blind_severity * _severity(shape, streams)
    noise += level
    return noise, float(heard)


def _leniency(
    scenario: Scenario, scale: Instrument, shape: tuple[int, ...], streams: Streams
) -> Floats:
    """The leniency of each person's rater, (replicate, person, 1, 1), one for all of a senior."""
    lenient = streams.normal(f"items.rater.{scale.name}", (shape[0], scenario.sets))
    each = lenient.repeat(shape[1] // scenario.sets, axis=1)
    return np.asarray(each[..., None, None])


def blind_raters(replicates: int, seniors: int, streams: Streams) -> Ints:
    """Two different raters of the panel for every senior, (replicate, senior, rater), from 0."""
    shape = (replicates, seniors)
    lots = streams.uniform("demonstration.raters", (*shape, RATERS))
    first = (lots[..., 0] * PANEL).astype(np.int64)
    other = 1 + (lots[..., 1] * (PANEL - 1)).astype(np.int64)
    return np.stack([first, (first + other) % PANEL], axis=-1)


def _severity(shape: tuple[int, ...], streams: Streams) -> Floats:
    """The severity of each senior's raters, (replicate, senior, 1, rater and item)."""
    panel = streams.whole.normal("demonstration.severity", (shape[0], PANEL))
    raters = blind_raters(shape[0], shape[1], streams)
    each = np.take_along_axis(panel[:, None], raters, axis=-1)
    return np.asarray(each.repeat(shape[-1] // RATERS, axis=-1)[:, :, None])


def coded(answer: Floats) -> Codes:
    """Rounded to the five answers, with a floor and a ceiling; ``answer`` is used up."""
    np.rint(answer, out=answer)
    return np.clip(answer, LOW, HIGH, out=answer).astype(np.int8)


def respond(
    scenario: Scenario, people: People, course: Course, gain: dict[str, Floats], streams: Streams
) -> Flags:
    """Who answers the survey of a wave: (replicate, set, person, wave).

    A probit with a person's own propensity, scaled so that the declared response holds exactly
    where nothing depends on quality or gain. People who left the employer do not answer.
    """
    nature, waves = scenario.nature, np.asarray(scenario.design.waves)
    shape = (*people.skill.shape, len(waves))
    person = streams.normal("response.person", shape[:3])
    wish = streams.normal("response.wave", shape)
    rates = np.full(len(waves), nature.response)
    rates[0] = nature.response_start
    spread = np.sqrt(1 + nature.response_person**2)
    wish += nature.response_person * person[..., None]
    wish += ndtri(rates) * spread
    pull = nature.quality_on_response * course.felt(waves[1:] - 1)
    for scale in (one for one in INSTRUMENTS if one.first):
        gained = gain[scale.name][..., 1:].reshape(*shape[:2], -1, len(waves) - 1)
        pull[:, :, scale.people] += nature.gain_on_response * gained
    programme = people.programme[..., None]
    wish[..., 1:] += pull * programme[..., None]
    left = np.where(programme, course.left[1], course.left[0])[..., None]
    return np.asarray((wish > 0) & ((left == 0) | (left > waves.astype(np.int8))))


def reactions(scenario: Scenario, course: Course, streams: Streams) -> dict[str, Codes]:
    """How programme people liked it, (replicate, set, person, wave), 0 at the start.

    Satisfaction (1-5) is J-shaped by its declared ends; the rest falls on 2, 3, 4 as 1:2:4.
    Recommending (0-10) follows it, skewed so that 9 and 10 have their declared share.
    """
    nature, after = scenario.nature, np.asarray(scenario.design.waves[1:]) - 1
    shape = (*course.learning.shape[:3], len(after))
    felt = np.sqrt(nature.satisfaction_quality) * course.felt(after)
    felt += np.sqrt(nature.rater_share) * streams.normal("reaction.person", shape[:3])[..., None]
    rest = np.sqrt(max(0.0, 1 - nature.rater_share - nature.satisfaction_quality))
    felt += rest * streams.normal("reaction.wave", shape)
    middle = 1 - nature.satisfaction_top - nature.satisfaction_bottom
    ends = nature.satisfaction_bottom + middle * np.array([0, 1 / 7, 3 / 7, 1])
    told = np.sqrt(0.7) * felt + np.sqrt(0.3) * streams.normal("reaction.recommend", shape)
    skew = np.log(1 - nature.promoters) / np.log(9 / 11)
    return {
        "satisfaction": _ranked(felt, ndtri(ends), 1),
        "recommend": _ranked(told, ndtri((np.arange(1, 11) / 11) ** skew), 0),
    }


def _ranked(felt: Floats, bounds: Floats, lowest: int) -> Codes:
    """``lowest`` and one more for every bound reached, by wave; 0 at the start."""
    codes = np.full_like(felt, lowest, np.int8)
    for bound in bounds:
        codes += felt >= bound
    return np.concatenate([np.zeros_like(codes[..., :1]), codes], axis=-1)
