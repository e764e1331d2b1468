"""What the numbers behind the answers say of true scores: shares, change and gains.

The world's untreated score of a person is what the pair and the department share, a stable part
and a state that comes and goes; volunteers differ from the eligible in their current own part. The
moments below are the world's own (world/scores.py), for people selected on that part; everything
runs along the jackknife's axis first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.whatif.calibrate.answers import Behind, Departments, wave_pairs
from rmresearch.whatif.calibrate.pilot import COMPARISON, PROGRAMME, Pilot
from rmresearch.whatif.calibrate.reference import Course, Selection
from rmresearch.world.instruments import SENIOR
from rmresearch.world.nature import Nature

__all__ = ["Scores", "gains", "inflation", "scores", "trend"]

Array = NDArray[np.float64]

#: shares, loudness and selection depend on one another: passes until they agree to 1e-8 or so
PASSES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What holds of the true scores before any programme, (jackknife,).

    ``loudness`` is the variance of an item that is due to the true score, in points² among the
    eligible; the shares are of the true score's variance there. ``moved`` (jackknife, arm, wave)
    by scale: the mean true score of these people without a programme or trend, in SD.
    """

    loudness: Array
    spread: Array
    stable: Array
    pair_share: Array
    department_share: Array
    state_share: Array
    center: Array
    difficulty: Array  # squared
    moved: tuple[Array, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Shares:
    """A guess at how the true score's variance is made up, (jackknife,)."""

    pair: Array
    department: Array
    state: Array

    @property
    def own(self) -> Array:
        return 1.0 - self.pair - self.department

    @property
    def kept(self) -> Array:
        """The state's share of what is a person's own, within what the world allows."""
        return np.clip(self.state / self.own, 0.0, 0.99)


def scores(
    pilot: Pilot,
    found: list[Behind],
    together: Array | None,
    apart: Departments | None,
    selected: Selection,
    nature: Nature,
) -> Scores:
    """Shares and sizes from the covariances behind the answers.

    ``together`` is the covariance within pairs and ``apart`` the departments; without them, and
    without a comparison for the state, ``nature`` has the say.
    """
    some = np.ones_like(found[0].spread)
    shares = _Shares(
        nature.pair_share * some, nature.department_share * some, nature.state_share * some
    )
    lost = 0.0 if apart is None else apart.component * apart.concentration
    for _ in range(PASSES):
        expected = [_covariance(pilot, one, shares, selected, nature) for one in found]
        of_start = [_of_start(pilot, one, r) for one, r in zip(found, expected, strict=True)]
        heard = [(one.shared + lost) / r for one, r in zip(found, of_start, strict=True)]
        loudness = np.mean(heard, axis=0)
        pair, department = shares.pair, shares.department
        if together is not None:
            beside = 0.0 if apart is None else apart.component * apart.together
            pair = (together - beside) / loudness
        if apart is not None:
            department = apart.component / loudness
        state = _state(pilot, found, expected, loudness, lost, shares, nature)
        shares = _Shares(pair, department, shares.state if state is None else state)
    spread2 = [
        one.spread**2 + lost + loudness * (1.0 - r) for one, r in zip(found, of_start, strict=True)
    ]
    spread = np.sqrt(np.mean(spread2, axis=0))
    moved = tuple(_means(pilot, one, shares, selected, nature) for one in found)
    return Scores(
        loudness=loudness,
        spread=spread,
        stable=_own(pilot, found) / spread**2,
        pair_share=shares.pair,
        department_share=shares.department,
        state_share=shares.state,
        center=_center(pilot, found, moved, loudness),
        difficulty=np.mean([_difficulty(one) for one in found], axis=0),
        moved=moved,
    )


def _covariance(
    pilot: Pilot, one: Behind, shares: _Shares, selected: Selection, nature: Nature
) -> Array:
    """Covariances of the untreated true score at two waves, (jackknife, arm, wave, wave).

    With c = sqrt(1 - k) T + sqrt(k) S the current own part, selected to variance v, the stable T
    has variance (1 - k) v + k, the state S variance k v + 1 - k, and their covariance is
    sqrt(k (1 - k)) (v - 1).
    """
    k = shares.kept[:, None, None, None]
    own = np.maximum(shares.own, 0.05)[:, None, None, None]
    v = selected.variance[:, one.scale.side][None, :, None, None]
    kept = nature.state_monthly ** np.asarray(pilot.months, float)
    apart = np.abs(np.subtract.outer(pilot.months, pilot.months))
    lag = nature.state_monthly**apart
    stable = (1.0 - k) * v + k
    if not one.scale.instrument.first:
        r = nature.outcome_correlation**2
        stable = r * stable + 1.0 - r
        return 1.0 - own + own * ((1.0 - k) * stable + k * lag)
    both = np.add.outer(kept, kept)
    product = np.multiply.outer(kept, kept)
    state = product * (k * v + 1.0 - k) + lag - product
    mixed = k * (1.0 - k) * (v - 1.0) * both
    return np.asarray(1.0 - own + own * ((1.0 - k) * stable + mixed + k * state))


def _means(
    pilot: Pilot, one: Behind, shares: _Shares, selected: Selection, nature: Nature
) -> Array:
    """Mean untreated true scores of selected people (jackknife, arm, wave), trend aside."""
    k = shares.kept[:, None, None]
    own = np.sqrt(np.maximum(shares.own, 0.05))[:, None, None]
    m = selected.mean[:, one.scale.side][None, :, None]
    if not one.scale.instrument.first:
        flat = own * (1.0 - k) * nature.outcome_correlation * m
        return np.asarray(flat * np.ones(len(pilot.months)))
    kept = nature.state_monthly ** np.asarray(pilot.months, float)
    return np.asarray(own * m * (1.0 - k + k * kept))


def _of_start(pilot: Pilot, one: Behind, expected: Array) -> Array:
    """The expected variance before the start, over the arms that the pilot has."""
    weights = _weights(pilot, one)
    return np.asarray(expected[:, :, 0, 0] @ weights)


def _weights(pilot: Pilot, one: Behind) -> Array:
    """The arms' shares (arm,) of those who answered before the start."""
    answered = np.isfinite(one.deviations[:, 0]).any(axis=1)
    counts = np.array([(answered & (pilot.arm == arm)).sum() for arm in (COMPARISON, PROGRAMME)])
    return np.asarray(counts / counts.sum())


def _state(
    pilot: Pilot,
    found: list[Behind],
    expected: list[Array],
    loudness: Array,
    lost: float,
    shares: _Shares,
    nature: Nature,
) -> Array | None:
    """The state's share by least squares: how much less two waves share than one.

    Unselected, two waves share 1 - state (1 - state_monthly^lag); what selection changes of that
    is taken from the present guess. None without anybody untreated at two waves.
    """
    above, below = [], []
    guess = shares.kept * shares.own
    for one, r in zip(found, expected, strict=True):
        for number, (a, b) in enumerate(wave_pairs(pilot)):
            lasting, n = one.lasting[:, COMPARISON, number], one.people[COMPARISON, number]
            if not np.isfinite(lasting[0]):
                continue
            fades = 1.0 - nature.state_monthly ** (pilot.months[b] - pilot.months[a])
            selection = r[:, COMPARISON, a, b] - (1.0 - guess * fades)
            above.append(n * fades * (1.0 - (lasting + lost) / loudness + selection))
            below.append(n * fades**2)
    return np.asarray(np.sum(above, axis=0) / np.sum(below)) if below else None


def _own(pilot: Pilot, found: list[Behind]) -> Array:
    """What an item has of its own over time, in points², weighted by people."""
    parts, weights = [], []
    for one in found:
        for arm in (COMPARISON, PROGRAMME):
            for number in range(len(wave_pairs(pilot))):
                if np.isfinite(one.own[0, arm, number]):
                    parts.append(one.own[:, arm, number])
                    weights.append(one.people[arm, number])
    if not parts:
        return np.full_like(found[0].spread, np.nan)
    return np.asarray(np.average(parts, axis=0, weights=weights))


def _center(pilot: Pilot, found: list[Behind], moved: tuple[Array, ...], loudness: Array) -> Array:
    """The eligible's mean item before the start: the pilot's less what selection moved it by."""
    every = []
    for one, m in zip(found, moved, strict=True):
        items = np.nan_to_num(one.items[:, :, 0].mean(axis=-1))
        every.append((items - np.sqrt(loudness)[:, None] * m[:, :, 0]) @ _weights(pilot, one))
    return np.asarray(np.mean(every, axis=0))


def _difficulty(one: Behind) -> Array:
    """The squared range of items' means, were they evenly spaced: 12 (k - 1) / (k + 1) variances.

    Over the arms that there are, before the start.
    """
    with_answers = np.isfinite(one.items[0, :, 0]).all(axis=-1)
    items = one.items[:, with_answers, 0].mean(axis=1)
    k = items.shape[1]
    return np.asarray(items.var(axis=1) * 12.0 * (k - 1) / (k + 1))


def _contrast(
    pilot: Pilot,
    one: Behind,
    moved: Array,
    loudness: Array,
    course: Course,
    trend: float | None = None,
) -> Array:
    """How much more the programme's people moved than selection moves them, (jackknife, wave).

    In SD: between arms, adjusted for the difference before the start; in a single group the
    change, less ``trend`` (a month). Who volunteers and who answers is taken off.
    """
    level = one.items.mean(axis=-1) / np.sqrt(loudness)[:, None, None] - moved
    level[:, PROGRAMME] -= course.behind[one.scale.instrument.name]
    if not pilot.compared:
        drift = np.nan if trend is None else trend * np.asarray(pilot.months)
        return np.asarray(level[:, PROGRAMME] - level[:, PROGRAMME, :1] - drift)
    apart = level[:, PROGRAMME] - level[:, COMPARISON]
    return np.asarray(apart - _slope(pilot, one) * apart[:, :1])


def _slope(pilot: Pilot, one: Behind) -> Array:
    """The regression of a later mean of items on the first (wave,): any slope is unbiased.

    Taken from the untreated, the same in every part of the jackknife.
    """
    k = one.scale.codes.shape[2]
    variance = one.shared[0] + (one.spread[0] ** 2 - one.shared[0]) / k
    slope = np.zeros(len(pilot.months))
    for number, (a, b) in enumerate(wave_pairs(pilot)):
        if a == 0:
            later = one.lasting[0, COMPARISON, number] + one.own[0, COMPARISON, number] / k
            slope[b] = np.clip(np.nan_to_num(later / variance, nan=0.5), 0.0, 1.0)
    return slope


def _net(course: Course, name: str, spillover: float) -> Array:
    """What a gain of 1 adds to the programme's people who answer, over the others, by wave."""
    return np.asarray(course.learned_of_answering[name] - spillover * course.learned[name])


def gains(
    pilot: Pilot,
    found: list[Behind],
    held: Scores,
    course: Course,
    spillover: float,
    inflated: Array,
    nature: Nature,
    trend: float | None,
) -> dict[str, Array]:
    """The gain of each scale at full learning, (jackknife,), flattery taken off.

    Least squares over the waves after the start, through what the world makes of a gain of 1.
    """
    made: dict[str, Array] = {}
    for one, moved in zip(found, held.moved, strict=True):
        name = one.scale.instrument.name
        apart = _contrast(pilot, one, moved, held.loudness, course, trend) + _stricter(
            one, course, nature
        )
        reached = _net(course, name, spillover if pilot.compared else 0.0)
        made[name] = _through(apart - inflated[:, None], reached)
    return made


def _stricter(one: Behind, course: Course, nature: Nature) -> Array:
    """By how much seniors who learnt judge themselves more strictly (wave,), in SD."""
    judged = one.scale.side == SENIOR and one.scale.instrument.kirkpatrick == 2
    return np.asarray(nature.response_shift * course.learning * judged)


def _through(values: Array, reached: Array) -> Array:
    """The slope through the origin of (jackknife, wave) on (wave,), over waves that were asked."""
    known = np.isfinite(values[0]) & (np.arange(len(reached)) > 0)
    used = reached[known]
    if not (np.abs(used) > 0.01).any():
        return np.full(len(values), np.nan)
    return np.asarray(values[:, known] @ used / (used @ used))


def inflation(
    pilot: Pilot,
    skill: Behind,
    moved: Array,
    rated: Behind,
    held: Scores,
    course: Course,
    spillover: float,
    nature: Nature,
) -> Array:
    """How far self-ratings of the first skill outrun what partners' ratings allow, (jackknife,).

    Partners hear ``transfer`` of the skill, and so much less as their own leniency takes.
    """
    own = _contrast(pilot, skill, moved, held.loudness, course) + _stricter(skill, course, nature)
    loud = held.loudness * (1.0 - nature.rater_share)
    seen = _contrast(pilot, rated, nature.transfer * moved, loud, course)
    reached = _net(course, rated.scale.instrument.name, spillover)
    gain = _through(seen, nature.transfer * reached)
    known = np.isfinite(own[0]) & (np.arange(own.shape[1]) > 0)
    net = _net(course, skill.scale.instrument.name, spillover)
    return np.asarray((own[:, known] - gain[:, None] * net[known]).mean(axis=1))


def trend(
    pilot: Pilot,
    found: list[Behind],
    held: Scores,
    course: Course,
    spillover: float,
    gain: dict[str, Array],
) -> Array:
    """What everybody gains in a month, in SD, from the people compared with."""
    above, below = [], []
    for one, moved in zip(found, held.moved, strict=True):
        name = one.scale.instrument.name
        level = one.items[:, COMPARISON].mean(axis=-1) / np.sqrt(held.loudness)[:, None]
        level = level - moved[:, COMPARISON]
        level = level - spillover * gain[name][:, None] * course.learned[name]
        for wave in range(1, len(pilot.months)):
            if np.isfinite(level[0, wave]):
                above.append(pilot.months[wave] * (level[:, wave] - level[:, 0]))
                below.append(pilot.months[wave] ** 2)
    if not below:
        return np.full_like(held.loudness, np.nan)
    return np.asarray(np.sum(above, axis=0) / np.sum(below))
