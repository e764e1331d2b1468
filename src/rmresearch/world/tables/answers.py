"""The answers of a cohort, as they are typed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.world.instruments import GOALS, JUNIORS, REACTIONS, SENIOR, Instrument
from rmresearch.world.reception import PULSES, Pulses, pulse_months
from rmresearch.world.tables.base import One, Texts, frame, named
from rmresearch.world.truth import wave_name, wave_names

__all__ = ["measures"]


def measures(one: One) -> pd.DataFrame:
    """One row an answer."""
    drawn, asked = one.drawn, one.scenario.design.instruments
    parts = [frame("measures", {}, 0)]
    parts += [_scale(one, scale) for scale in one.scenario.scales]
    parts += [
        _reaction(one, item) for item in drawn.reactions if item in asked or item not in REACTIONS
    ]
    if drawn.further.goals is not None:
        parts.append(_goals(one, drawn.further.goals[one.replicate]))
    if drawn.further.pulses is not None:
        parts.append(_pulses(one, drawn.further.pulses))
    return pd.concat(parts, ignore_index=True)


def _scale(one: One, scale: Instrument) -> pd.DataFrame:
    """The answers to a scale; reverse items stand reversed."""
    drawn, r = one.drawn, one.replicate
    codes = drawn.answers[scale.name].happened[r].astype(np.int64)
    numbers = list(range(1, scale.items + 1)) * (scale.columns // scale.items)
    turned = [number in scale.reverse for number in numbers]
    codes[..., turned] = 6 - codes[..., turned]
    given = drawn.asked(scale)[r][..., None] & ~drawn.answers[scale.name].skipped[r]
    place, wave, column = np.nonzero(given)
    names = np.array(wave_names(one.scenario), object)
    described = (one.senior if scale.side == SENIOR else one.junior.ravel())[place]
    rater, pair = _raters(one, scale, described, place, column)
    columns = {
        "person": described,
        "rater": rater,
        "pair": pair,
        "wave": names[scale.at(len(names))][wave],
        "item": np.array([scale.item(number) for number in numbers], object)[column],
        "value": codes[given],
    }
    return frame("measures", columns, len(place))


def _raters(
    one: One,
    scale: Instrument,
    described: Texts,
    place: NDArray[np.intp],
    column: NDArray[np.intp],
) -> tuple[Texts, Texts | None]:
    """Who answers about people in these places, and in which pair."""
    juniors = one.junior.shape[1]
    raters = one.drawn.further.raters
    if scale.rater == "blind" and raters is not None:
        return named("B", raters[one.replicate][place, column // scale.items] + 1), None
    if scale.rater != "partner":
        return described, None
    if scale.side == SENIOR:  # the first junior of a set rates its senior
        return one.junior[place, 0], one.pair[place, 0]
    return one.senior[place // juniors], one.pair.ravel()[place]


def _reaction(one: One, item: str) -> pd.DataFrame:
    drawn, r = one.drawn, one.replicate
    given = drawn.response[r] & one.programme[:, None, None]
    given[..., 0] = False
    place, person, wave = np.nonzero(given)
    ids = one.person[place, person]
    columns = {
        "person": ids,
        "rater": ids,
        "wave": np.array(wave_names(one.scenario), object)[wave],
        "item": np.full(len(place), item, object),
        "value": drawn.reactions[item][r][given],
    }
    return frame("measures", columns, len(place))


def _goals(one: One, codes: NDArray[np.int8]) -> pd.DataFrame:
    """How far each pair's goal was reached, said by the junior of the senior at the last wave."""
    drawn, r = one.drawn, one.replicate
    given = drawn.response[r][:, JUNIORS, -1] & drawn.present()[r][:, :1, -1]
    place, junior = np.nonzero(given & one.programme[:, None])
    columns = {
        "person": one.senior[place],
        "rater": one.junior[place, junior],
        "pair": one.pair[place, junior],
        "wave": np.full(len(place), wave_names(one.scenario)[-1], object),
        "item": np.full(len(place), GOALS, object),
        "value": codes[place, junior],
    }
    return frame("measures", columns, len(place))


def _pulses(one: One, pulses: Pulses) -> pd.DataFrame:
    place, person, month = np.nonzero(pulses.answered[one.replicate])
    names = np.array([wave_name(number) for number in pulse_months(one.scenario)], object)
    each = len(PULSES)
    ids = one.person[place, person].repeat(each)
    columns = {
        "person": ids,
        "rater": ids,
        "wave": names[month].repeat(each),
        "item": np.tile(np.array(PULSES, object), len(place)),
        "value": pulses.codes[one.replicate][place, person, month].ravel(),
    }
    return frame("measures", columns, len(ids))
