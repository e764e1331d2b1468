"""How the programme was received: favourable answers, recommendation, and the mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import People, cell, label
from rmresearch.analysis.base.describe import Share, averaged, shared, thin
from rmresearch.analysis.base.pairs import Pairs, pairs, programme_arms
from rmresearch.errors import kindly
from rmresearch.result import Cell, CellKind, Check, Dropped, Estimate, Result, Table
from rmresearch.study import Outcome, Study, Wave

__all__ = ["reaction"]

NOT_EVIDENCE = (
    "Reaction is not evidence of effect: liking a programme and gaining from it are two things, "
    "and those who left early answer less often."
)
COLUMNS = (
    "role", "arm", "wave", "who", "asked", "answered", "share answered", "favourable",
    "favourable low", "favourable high", "effective n", "net recommend", "net recommend low",
    "net recommend high", "mean", "mean low", "mean high",
)  # fmt: skip
#: answers on 0..10 from which, and up to which, a person counts (Reichheld 2003)
PROMOTER, DETRACTOR = 9.0, 6.0


@kindly
def reaction(study: Study, outcome: str | Outcome, *, wave: str | None = None) -> Result:
    """How was it received, among all who started and among those who finished?

    Per programme arm, role and wave (``wave``: only that one): the share of favourable answers
    (score at or above the codebook's ``favourable``, after reversing) with Wilson's interval on
    the effective n, clustered by the unit of independence; for an outcome of kind "recommend"
    (0-10) the net recommend score, promoters (9-10) minus detractors (0-6) in points from -100 to
    100; and the mean score, both with CR2 intervals, that of the net score cut off at the ends of
    its scale, beyond which no score can lie. Estimates: the share has no term, the others
    "net-recommend" and "mean"; ``estimand`` says whose. Starters are people in a pair that
    started, finishers those in one that did not end early; asked counts all of them, answered
    those with a score. People of a comparison arm are never asked; their answers are dropped.

    Raises ``StudyError`` for an unknown outcome or wave, or where nobody has the role.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> rm.reaction(study, "recommend").table("reaction").to_frame()["who"].unique().tolist()
    ['starters', 'finishers']
    """
    codebook = base.outcome_of(study, outcome)
    asked_at = (study.design.wave(wave),) if wave else base.waves_with_answers(study, codebook)
    everyone, scores = pairs(study), study.wide(codebook)
    estimates: list[Estimate] = []
    rows: list[tuple[Cell, ...]] = []
    dropped: list[Dropped] = []
    few: list[Check] = []
    for group in base.by_role(study, codebook):
        dropped += _outside(study, group, everyone, scores)
        for one in asked_at:
            for who in _populations(study, group, everyone):
                made, row, checks = _received(scores, codebook, one, who)
                estimates += made
                few += checks
                rows.append(row)
    return Result(
        call=base.call("reaction", study, codebook.name, wave=wave),
        estimates=tuple(estimates),
        tables=(Table("reaction", codebook.label, COLUMNS, tuple(rows), note=NOT_EVIDENCE),),
        checks=(*_checks(study, codebook, everyone, rows), *few),
        dropped=tuple(dropped),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Who:
    """One population whose answers stand side by side with another's."""

    name: str
    arm: str
    people: People
    asked: bool


def _populations(study: Study, group: People, everyone: Pairs) -> Iterator[_Who]:
    """Starters and finishers of each programme arm; one population where an arm has no pairs."""
    for arm in programme_arms(study):
        inside = group.arm == arm if arm else np.ones(len(group), bool)
        own = everyone.take(everyone.arm == arm) if arm else everyone
        if not len(own) or not study.design.linked:
            name = "assigned" if study.design.linked else "anonymous"
            yield _Who(name, arm, group.take(inside), study.design.linked)
            continue
        yield _Who("starters", arm, group.take(inside & _in(group, own, own.started)), True)
        finished = own.started & ~own.early
        yield _Who("finishers", arm, group.take(inside & _in(group, own, finished)), True)


def _in(group: People, everyone: Pairs, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Who is in one of the wanted pairs, one flag a person."""
    members = everyone.take(wanted).behind().members
    return np.array([person in members for person in group.ids], bool)


def _received(
    scores: pd.DataFrame, outcome: Outcome, wave: Wave, who: _Who
) -> tuple[list[Estimate], tuple[Cell, ...], tuple[Check, ...]]:
    values = who.people.values(scores[wave.name])
    answered = who.people.take(np.isfinite(values))
    values = values[np.isfinite(values)]
    form = base.template(
        answered.behind(),
        role=who.people.role,
        outcome=outcome.name,
        wave=wave.name,
        group=who.arm,
        estimand=f"{who.name} who answered",
    )
    liked = Share(form, 0, None)
    if outcome.favourable is not None:
        liked = shared(liked.estimate, values >= outcome.favourable, answered.cluster)
    net = replace(form, term="net-recommend")
    if outcome.kind == "recommend":
        points = 100.0 * ((values >= PROMOTER) * 1.0 - (values <= DETRACTOR) * 1.0)
        net = _on_scale(averaged(net, points, answered.cluster))
    mean = averaged(replace(form, term="mean"), values, answered.cluster)
    found = [liked.estimate, net, mean]
    found = [one for one in found if one.value is not None]
    about = f"{who.people.role}, {who.arm or 'all'}, {wave.name}, {who.name}"
    row = _row(outcome, wave, who, answered, liked, net, mean)
    return found, row, thin(about, answered.cluster)


def _on_scale(net: Estimate) -> Estimate:
    """A net score's interval within the scale: what few answers leave beyond it cannot be true."""
    if net.low is None or net.high is None:
        return net
    return replace(net, low=max(net.low, -100.0), high=min(net.high, 100.0))


def _row(
    outcome: Outcome,
    wave: Wave,
    who: _Who,
    answered: People,
    liked: Share,
    net: Estimate,
    mean: Estimate,
) -> tuple[Cell, ...]:
    asked, behind = who.people.behind(), answered.behind()
    known = who.asked and len(who.people) > 0
    rate = len(answered) / len(who.people) if known else None
    share = liked.estimate
    return (
        label(who.people.role),
        label(who.arm),
        label(wave.name),
        label(who.name),
        cell(len(who.people) if who.asked else None, "administrative", asked),
        cell(len(answered), "administrative", behind),
        cell(rate, "proportion", asked, numerator=len(answered)),
        cell(share.value, "proportion", behind, numerator=liked.numerator),
        *_ends(share, "proportion", behind),
        cell(liked.effective_n, "statistic", behind),
        cell(net.value, "statistic", behind),
        *_ends(net, "statistic", behind),
        cell(mean.value, base.mean_kind(outcome), behind),
        *_ends(mean, "interval", behind),
    )


def _ends(found: Estimate, kind: CellKind, behind: base.Behind) -> tuple[Cell, Cell]:
    return cell(found.low, kind, behind), cell(found.high, kind, behind)


def _outside(
    study: Study, group: People, everyone: Pairs, scores: pd.DataFrame
) -> Iterator[Dropped]:
    """Who answered without being asked, or was assigned without ever starting."""
    flags = np.isin(group.ids.astype(str), scores.index.to_numpy(str))
    programme = np.isin(group.arm, programme_arms(study))
    if study.design.arms:
        reason = f"{group.role}: answered, but is in no programme arm"
        yield from base.dropped(reason, flags & ~programme)
    if study.design.linked and len(everyone):
        with_pairs = np.isin(group.arm, list(dict.fromkeys(everyone.arm.tolist())))
        idle = programme & with_pairs & ~_in(group, everyone, everyone.started)
        yield from base.dropped(f"{group.role}: assigned, but in no pair that started", idle)


def _checks(
    study: Study, outcome: Outcome, everyone: Pairs, rows: list[tuple[Cell, ...]]
) -> tuple[Check, ...]:
    answered = any(row[COLUMNS.index("answered")].value for row in rows)
    checks = [
        Check("not evidence of effect", True, NOT_EVIDENCE),
        Check(
            "answers",
            answered,
            f"{outcome.name} has answers from the programme."
            if answered
            else f"Nobody in a programme arm answered {outcome.name}: ask it after the start.",
        ),
    ]
    if outcome.favourable is None and outcome.kind != "recommend":
        needed = f"Give outcome {outcome.name} a `favourable` code in study.toml to see the share."
        checks.append(Check("favourable declared", False, needed))
    if not study.design.linked:
        needed = "The survey carries no person ids, so nobody knows how many were asked."
        checks.append(Check("both denominators", False, needed))
    elif not len(everyone):
        needed = "Without a pairs table starters and finishers cannot be told apart."
        checks.append(Check("both denominators", False, needed))
    return tuple(checks)
