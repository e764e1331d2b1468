"""Fit nature's coefficients to a pilot: every finding is an estimate, its interval, its basis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.whatif.calibrate import answers, events, scores
from rmresearch.whatif.calibrate.answers import Behind, Departments
from rmresearch.whatif.calibrate.events import Counts, Rate, Share
from rmresearch.whatif.calibrate.jackknife import LEVEL, Groups, Spread, interval, jackknifed
from rmresearch.whatif.calibrate.parameters import FITTED, GAINS, settled
from rmresearch.whatif.calibrate.pilot import COMPARISON, Pilot
from rmresearch.whatif.calibrate.reference import Course, course, selection
from rmresearch.whatif.calibrate.scores import Scores
from rmresearch.world.instruments import SENIOR, SKILL
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario

__all__ = ["Finding", "Findings", "fit"]

Array = NDArray[np.float64]

#: what learning and answering average to depends on what is being fitted: passes until it settles
PASSES = 2
PARTNER_RATED = "digital_use"
BY_DEPARTMENT = "the arms are whole departments, which are too few to tell a gain from"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a pilot says of one coefficient; without an estimate, ``basis`` says why not."""

    basis: str
    estimate: float = np.nan
    low: float = np.nan
    high: float = np.nan

    def helps(self, name: str) -> bool:
        """Whether it is precise enough to replace the prior of the coefficient of that name."""
        known = np.isfinite([self.estimate, self.low, self.high]).all()
        return bool(known) and FITTED[name].helps(self.low, self.high)


Findings = dict[str, Finding]


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """What is computed once from the answers of a pilot."""

    pilot: Pilot
    scenario: Scenario
    given: Mapping[str, float]
    groups: Groups
    counts: Counts
    found: list[Behind]
    rated: Behind | None
    together: Array | None
    apart: Departments | None
    held: Scores

    @property
    def df(self) -> int:
        """Degrees of freedom of what everybody informs."""
        return self.groups.count(self.pilot.arm >= 0) - 1

    @property
    def by_department(self) -> bool:
        """Whether the arms are whole departments, so that what these differ by is in a contrast."""
        return self.pilot.compared and self.pilot.study.design.unit == "department"

    @property
    def df_compared(self) -> int:
        """Degrees of freedom of what only people compared with inform."""
        return max(self.groups.count(self.pilot.arm == COMPARISON) - 1, 1)


def fit(pilot: Pilot, scenario: Scenario, given: Mapping[str, float]) -> tuple[Findings, Course]:
    """Findings by coefficient, for those of ``FITTED`` not given, and the months they imply.

    ``scenario`` has the priors, what is given, and the pilot's levers and design.
    """
    measured = _measured(pilot, scenario, given)
    before = _of_people(measured) | _of_items(measured)
    found = _of_answering(measured)
    now = scenario  # the priors first
    for _ in range(PASSES):
        months = course(now)
        found |= _of_months(measured, now.nature, months)
        found |= _of_learning(measured, now.nature, months)
        now = replace(scenario, nature=settled(scenario.nature, _useful(found, given))[0])
    found |= before
    return {name: found[name] for name in FITTED if name not in given}, months


def _useful(found: Findings, given: Mapping[str, float]) -> dict[str, float]:
    return {n: one.estimate for n, one in found.items() if n not in given and one.helps(n)}


def _measured(pilot: Pilot, scenario: Scenario, given: Mapping[str, float]) -> _Measured:
    groups = Groups.of(pilot.cluster, pilot.arm)
    found = [answers.behind(pilot, groups, one) for one in pilot.self_rated]
    partner = pilot.scale(PARTNER_RATED)
    of_pairs = Groups(groups.member[:, pilot.pairs[:, SENIOR]])
    together = answers.within_pairs(pilot, of_pairs, found)
    apart = answers.departments(pilot, found)
    held = scores.scores(
        pilot,
        found,
        None if "pair_share" in given else together,
        None if "department_share" in given else apart,
        selection(scenario),
        scenario.nature,
    )
    rated = None if partner is None else answers.behind(pilot, groups, partner)
    counts = events.counted(pilot, groups, scenario)
    return _Measured(pilot, scenario, given, groups, counts, found, rated, together, apart, held)


def _finding(
    basis: str, spread: Spread, df: int, back: Callable[[float], float] = float
) -> Finding:
    return Finding(basis, *interval(spread, df, back))


def _share_of(basis: str, values: Array, df: int) -> Finding:
    """A share of variance that chance can take below 0 or above 1; it is then 0 or 1."""
    return _finding(basis, jackknifed(values), df, lambda x: float(np.clip(x, 0.0, 1.0)))


def _of_people(m: _Measured) -> Findings:
    """Shares of the true score's variance."""
    basis = "what pairs have in common in answers before any programme"
    silent = "needs both people of a pair measured on self-rated scales"
    found = {
        "pair_share": Finding(silent)
        if m.together is None
        else _share_of(basis, m.held.pair_share, m.df),
        "department_share": _department(m),
    }
    if m.pilot.compared and np.isfinite(m.found[0].lasting[0, COMPARISON]).any():
        basis = (
            f"how much less two waves share than one, among people compared with; "
            f"state_monthly held at {m.scenario.nature.state_monthly:g}"
        )
        found["state_share"] = _share_of(basis, m.held.state_share, m.df_compared)
    else:
        silent = "needs people compared with: a programme's own changes look like states"
        found["state_share"] = Finding(silent)
    return found


def _department(m: _Measured) -> Finding:
    """An exact interval for balanced departments: Searle, Casella, McCulloch 1992, section 3.6."""
    if m.apart is None:
        return Finding("needs people of at least two departments")
    one, tail = m.apart, (1.0 - LEVEL) / 2.0
    ends = [special.fdtri(one.df, one.df_within, p) for p in (1.0 - tail, tail)]
    components = [max(0.0, one.within * (one.ratio / end - 1.0) / one.size) for end in ends]
    within = float(m.held.loudness[0]) - one.component
    low, high = (c / (c + within) for c in components)
    basis = "how far departments differ before the start"
    return Finding(basis, one.component / float(m.held.loudness[0]), low, high)


def _of_items(m: _Measured) -> Findings:
    """Reliability, spread, difficulty and center of items."""
    held, answered = m.held, "answers to self-rated items before the start"
    with np.errstate(all="ignore"):
        reliability = special.logit(held.loudness / held.spread**2)
        spread = np.log(held.spread)
    luck = _luck(m)
    share = float(held.loudness[0] / held.spread[0] ** 2)
    over_time = "what one item has over time beyond what two items have"
    return {
        "item_center": _center(m),
        "item_spread": _finding(
            answered, _wider(jackknifed(spread), luck * share / 2.0), m.df, np.exp
        ),
        "item_difficulty": _finding(
            f"{answered}: how far items differ",
            jackknifed(held.difficulty),
            m.df,
            lambda x: float(np.sqrt(max(x, 0.0))),
        ),
        "item_reliability": _finding(
            f"{answered}: what two items share",
            _wider(jackknifed(reliability), luck),
            m.df,
            special.expit,
        ),
        "item_stable": _share_of(over_time, held.stable, m.df),
    }


def _luck(m: _Measured) -> float:
    """Error of the true score's variance, as a part of it, from having drawn so few departments.

    Their variance is that of a chi-square with so many degrees of freedom, which leaving out
    pairs cannot see. It moves the log odds of a reliability by as much.
    """
    if m.apart is None:
        return 0.0
    return m.apart.component / float(m.held.loudness[0]) * float(np.sqrt(2.0 / m.apart.df))


def _wider(found: Spread, error: float) -> Spread:
    """With an independent error of its own added."""
    return Spread(found.value, float(np.hypot(found.se, error)))


def _center(m: _Measured) -> Finding:
    """Departments are a sample too: where there are several, they are what the mean varies by."""
    found = jackknifed(m.held.center)
    if m.apart is None:
        basis = "mean answer before the start; for these people's departments only"
        return _finding(basis, found, m.df)
    se = float(np.sqrt(m.apart.mean_variance))
    basis = "mean answer before the start, who volunteers taken into account; varies by department"
    return _finding(basis, Spread(found.value, se), m.apart.df)


def _of_answering(m: _Measured) -> Findings:
    """Response before the start, and how much people differ in answering."""
    found = {"response_start": _of_share("who answered before the start", m.counts.start)}
    r = events.propensity(m.pilot, m.groups) if m.pilot.compared else None
    if r is None:
        silent = "needs people compared with who answered at one wave and not at another"
        return found | {"response_person": Finding(silent)}
    with np.errstate(all="ignore"):
        z = jackknifed(np.arctanh(r))
    basis = "how often people compared with answer both of two waves, or neither"
    return found | {"response_person": _finding(basis, z, m.df_compared, _propensity)}


def _propensity(z: float) -> float:
    """A probit's SD of persons from the correlation that it makes, by Fisher's z."""
    r = max(float(np.tanh(z)), 0.0)
    return float(np.sqrt(r / (1.0 - r)))


def _of_share(basis: str, share: Share | None) -> Finding:
    if share is None:
        return Finding(f"nothing to count: {basis}")
    return Finding(basis, share.value, share.low, share.high)


def _of_months(m: _Measured, now: Nature, months: Course) -> Findings:
    """Response after the start, meetings, endings, leaving and promotion.

    A count is held against the world's own at the present guess, and the guess moves by what is
    between them: on the probit, the logit or the log scale.
    """
    found = {"response": _response(m, now, months)}
    held, basis = m.counts.held, m.counts.how
    if held is None:
        found["meeting_rate"] = Finding(f"cannot be read: {basis}")
    else:
        move = special.logit(now.meeting_rate) - special.logit(months.meeting)
        moved = (special.expit(special.logit(x) + move) for x in (held.value, held.low, held.high))
        found["meeting_rate"] = Finding(basis, *(float(x) for x in moved))
    per_rate = now.ending_rate / months.ending if months.ending > 0 else 1.0
    basis = "pairs that stopped early though nobody had left"
    found["ending_rate"] = _of_rate(basis, m.counts.ending, per_rate)
    return found | _careers(m, now, months)


def _response(m: _Measured, now: Nature, months: Course) -> Finding:
    share = m.counts.after
    if m.pilot.compared:
        return _of_share("who answered after the start, of people compared with", share)
    basis = "who answered after the start, less what quality and gain add at their priors"
    if share is None:
        return _of_share(basis, None)
    # where everybody answers, a probit knows no end
    here, drawn = np.clip([now.response, months.response[:, 1:].mean()], 0.001, 0.999)
    move = special.ndtri(here) - special.ndtri(drawn)
    moved = (special.ndtr(special.ndtri(x) + move) for x in (share.value, share.low, share.high))
    return Finding(basis, *(float(x) for x in moved))


def _of_rate(basis: str, rate: Rate, per_rate: float) -> Finding:
    if not rate.months > 0:
        return Finding(f"nobody was at risk: {basis}")
    low, high = rate.ends
    return Finding(basis, rate.value * per_rate, low * per_rate, high * per_rate)


def _careers(m: _Measured, now: Nature, months: Course) -> Findings:
    """Leaving and promotion, each arm and role held against the world's own chance."""
    found: Findings = {}
    for name, kind, world in (
        ("leaving_rate", "left", months.leaving),
        ("promotion_rate", "promoted", months.promotion),
    ):
        rates = m.counts.careers[kind]
        if rates is None:
            found[name] = Finding(f"nobody is recorded as {kind}, or when is not known")
            continue
        events_in_all = sum(one.events for one in rates.values())
        expected = sum(one.months * world[at] for at, one in rates.items()) / getattr(now, name)
        rate = Rate(events_in_all, float(expected))
        found[name] = _of_rate(f"people recorded as {kind}", rate, 1.0)
    return found


def _of_learning(m: _Measured, now: Nature, months: Course) -> Findings:
    """Self-inflation, the gains and the trend."""
    spillover = m.scenario.design.spillover
    flattered = _inflated(m, now, months)
    found: Findings = {"self_inflation": _inflation(flattered, now, m.df)}
    inflated = np.full_like(m.held.loudness, now.self_inflation)
    if (
        flattered is not None
        and "self_inflation" not in m.given
        and found["self_inflation"].helps("self_inflation")
    ):
        inflated = flattered
    trend = m.given.get("trend")
    made = scores.gains(m.pilot, m.found, m.held, months, spillover, inflated, now, trend)
    found |= {f"{name}_gain": _gain(m, values) for name, values in made.items()}
    for name in GAINS:
        found.setdefault(name, Finding("the study has no scale that stands for it"))
    if not m.pilot.compared:
        silent = "needs people compared with: a programme's people change for other reasons too"
        return found | {"trend": Finding(silent)}
    useful = {
        name: values
        if found[f"{name}_gain"].helps(f"{name}_gain") and f"{name}_gain" not in m.given
        else np.full_like(values, getattr(now, f"{name}_gain"))
        for name, values in made.items()
    }
    drift = scores.trend(m.pilot, m.found, m.held, months, spillover, useful)
    basis = "how people compared with changed, their return to the mean taken off"
    return found | {"trend": _finding(basis, jackknifed(drift), m.df_compared)}


def _gain(m: _Measured, values: Array) -> Finding:
    if m.by_department:
        return Finding(BY_DEPARTMENT)
    if not np.isfinite(values).all():
        return Finding(
            "no contrast: needs people compared with, or a trend that is given"
            if not m.pilot.compared
            else "no contrast: nobody of one arm answered this scale after the start"
        )
    basis = "programme against comparison, over what the world learns by then"
    if not m.pilot.compared:
        basis = "change less the given trend, over what the world learns by then"
    return _finding(basis, jackknifed(values), m.df)


def _inflated(m: _Measured, now: Nature, months: Course) -> Array | None:
    """How far self-ratings outrun partners', where both arms have both; else None."""
    skill = next((one for one in m.found if one.scale.instrument.name == SKILL), None)
    if skill is None or m.rated is None or not m.pilot.compared or m.by_department:
        return None
    moved = m.held.moved[m.found.index(skill)]
    made = scores.inflation(
        m.pilot, skill, moved, m.rated, m.held, months, m.scenario.design.spillover, now
    )
    return made if np.isfinite(made).all() else None


def _inflation(flattered: Array | None, now: Nature, df: int) -> Finding:
    if flattered is None:
        return Finding(
            "needs partners' ratings beside self-ratings, in both arms, before and after"
        )
    basis = f"self-ratings against partners', transfer held at {now.transfer:g}"
    return _finding(basis, jackknifed(flattered), df)
