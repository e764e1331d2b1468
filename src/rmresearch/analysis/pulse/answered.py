"""Who answers, wave by wave and arm by arm; and what programme people say of the way it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People, cell, label
from rmresearch.analysis.base.describe import Share, averaged, shared
from rmresearch.analysis.base.pairs import Pairs, programme_arms
from rmresearch.analysis.pulse.charts import LIMITS, Limits, charted
from rmresearch.result import Cell, Estimate
from rmresearch.study import Outcome, Study, Wave

__all__ = ["QUALITY", "RESPONSE", "Found", "asked_on_the_way", "quality", "response"]

RESPONSE = (
    "arm", "round", "wave", "assigned", "answered", "share", "share low", "share high",
    "limits from", *LIMITS, "below",
)  # fmt: skip
QUALITY = (
    "role", "arm", "outcome", "process", "wave", "answered", "favourable", "favourable low",
    "favourable high", "mean", "mean low", "mean high", *LIMITS, "below",
)  # fmt: skip
#: rounds at which an outcome is asked, and those of a few reactions
SURVEY, SHORT = "survey", "short"
Flags = NDArray[np.bool_]
#: estimates and rows of one table
Found = tuple[list[Estimate], list[tuple[Cell, ...]]]


def response(study: Study, smallest: int) -> Found:
    """A row an arm and wave: of everybody assigned, who answered anything.

    Surveys are charted apart from short rounds of a few reactions, which fewer answer anyway.
    """
    everybody = base.people(study)
    found: list[Estimate] = []
    rows: list[tuple[Cell, ...]] = []
    for arm in _arms(study):
        own = everybody.take(everybody.arm == arm) if arm else everybody
        for kind, waves in _rounds(study).items():
            gave = [(wave, _answering(study, own, kind, wave)) for wave in waves]
            # a wave at which nobody of the arm answers was not put to it, or not yet
            asked = [(wave, flags) for wave, flags in gave if flags.any()]
            shares = [_responded(own, arm, wave, flags) for wave, flags in asked]
            found += [share.estimate for share in shares]
            first = bool(asked) and asked[0][0].baseline
            limits = charted(shares, smallest, joined=first)
            rows += [
                _response(own, (arm, kind, wave.name), flags, share, ends)
                for (wave, flags), share, ends in zip(asked, shares, limits, strict=True)
            ]
    return found, rows


def _arms(study: Study) -> tuple[str, ...]:
    return tuple(arm.name for arm in study.design.arms) or ("",)


def _surveyed(study: Study, kind: str) -> tuple[Outcome, ...]:
    """What people answer themselves in a survey, or in a short round."""
    asked = [one for one in study.design.outcomes if one.source in {"self", "partner"}]
    return tuple(one for one in asked if (one.kirkpatrick > 1) == (kind == SURVEY))


def _rounds(study: Study) -> dict[str, list[Wave]]:
    """The waves by kind: those at which an outcome is asked, and those with reactions alone."""
    full = {wave for one in _surveyed(study, SURVEY) for wave in one.waves}
    return {
        SURVEY: [wave for wave in study.design.waves if wave.name in full],
        SHORT: [wave for wave in study.design.waves if wave.name not in full],
    }


def _answering(study: Study, own: People, kind: str, wave: Wave) -> Flags:
    """Who answered any question at a wave, about themselves or about a partner."""
    items = {item for one in _surveyed(study, kind) for item in one.items}
    table = study.measures
    rows = table[(table["wave"] == wave.name) & table["item"].isin(items) & table["value"].notna()]
    who = rows["rater"].where(rows["rater"].notna(), rows["person"])
    return _among(own, frozenset(who.unique()))


def _among(own: People, known: frozenset[str]) -> Flags:
    """Which of the people are known: a set, as numpy compares thousands of texts pair by pair."""
    return np.fromiter((person in known for person in own.ids), bool, len(own))


def _response(
    own: People, names: tuple[str, ...], gave: Flags, share: Share, limits: Limits
) -> tuple[Cell, ...]:
    behind = own.behind()
    return (
        *(label(name) for name in names),
        cell(len(own), "administrative", behind),
        cell(int(gave.sum()), "administrative", own.take(gave).behind()),
        *_share(share, behind),
        label(limits.source),
        *_limits(limits, behind),
    )


def _responded(own: People, arm: str, wave: Wave, gave: Flags) -> Share:
    form = base.template(
        own.behind(), wave=wave.name, group=arm, estimand=base.AS_ASSIGNED, term="responded"
    )
    return shared(form, gave, own.cluster)


def asked_on_the_way(study: Study) -> tuple[Outcome, ...]:
    """The reactions, those about the programme's course first; nothing that is an outcome."""
    asked = [one for one in study.design.outcomes if one.kirkpatrick == 1]
    return tuple(sorted(asked, key=lambda one: one.process is None))


def quality(study: Study, outcome: Outcome, everyone: Pairs, smallest: int) -> Found:
    """A row a role, programme arm and wave: what those in a pair that started say."""
    wide = study.wide(outcome)
    found: list[Estimate] = []
    rows: list[tuple[Cell, ...]] = []
    for who in _starters(study, outcome, everyone):
        rounds = []
        for wave in study.design.follow_ups:
            values = who.people.values(wide[wave.name])
            answered = np.isfinite(values)
            if answered.any():
                people = who.people.take(answered)
                rounds.append(_round(outcome, who.arm, wave, people, values[answered]))
        limits = charted([one.liked for one in rounds], smallest)
        for one, ends in zip(rounds, limits, strict=True):
            found += [e for e in (one.liked.estimate, one.mean) if e.value is not None]
            rows.append(_row(outcome, one, ends))
    return found, rows


@dataclass(frozen=True, slots=True, eq=False)
class _Who:
    """The people of one role in one programme arm who are in a pair that started."""

    arm: str
    people: People


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """What one group said at one wave."""

    wave: Wave
    people: People
    liked: Share
    mean: Estimate


def _starters(study: Study, outcome: Outcome, everyone: Pairs) -> Iterator[_Who]:
    """Everybody of the arm where it has no pairs, or the answers carry no ids."""
    present = set(study.participants["role"].dropna().unique())
    if not present & ({"senior", "junior"} if outcome.role == "all" else {outcome.role}):
        return
    for group in base.by_role(study, outcome):
        for arm in programme_arms(study):
            inside = group.arm == arm if arm else np.ones(len(group), bool)
            own = everyone.take(everyone.arm == arm) if arm else everyone
            if len(own) and study.design.linked:
                inside &= _among(group, own.take(own.started).behind().members)
            yield _Who(arm, group.take(inside))


def _round(
    outcome: Outcome, arm: str, wave: Wave, people: People, values: NDArray[np.float64]
) -> _Round:
    form = base.template(
        people.behind(),
        role=people.role,
        outcome=outcome.name,
        wave=wave.name,
        group=arm,
        estimand="starters who answered",
    )
    liked = Share(replace(form, term="favourable"), 0, None)
    if outcome.favourable is not None and outcome.direction == 1:
        liked = shared(liked.estimate, values >= outcome.favourable, people.cluster)
    return _Round(wave, people, liked, averaged(replace(form, term="mean"), values, people.cluster))


def _row(outcome: Outcome, one: _Round, limits: Limits) -> tuple[Cell, ...]:
    behind = one.people.behind()
    return (
        label(one.people.role),
        label(one.mean.group),
        label(outcome.name),
        label(outcome.process or ""),
        label(one.wave.name),
        cell(len(one.people), "administrative", behind),
        *_share(one.liked, behind),
        cell(one.mean.value, base.mean_kind(outcome), behind),
        cell(one.mean.low, "interval", behind),
        cell(one.mean.high, "interval", behind),
        *_limits(limits, behind),
    )


def _share(share: Share, behind: base.Behind) -> tuple[Cell, Cell, Cell]:
    one = share.estimate
    return (
        cell(one.value, "proportion", behind, numerator=share.numerator),
        cell(one.low, "proportion", behind),
        cell(one.high, "proportion", behind),
    )


def _limits(limits: Limits, behind: base.Behind) -> tuple[Cell, ...]:
    ends = (cell(end, "proportion", behind) for end in limits.ends)
    return (*ends, cell(limits.below, "statistic", behind))
