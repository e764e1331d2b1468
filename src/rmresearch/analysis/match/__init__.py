"""Match quality: whether pairs that fit better by what was known before the start gain more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.base.ask import several, within
from rmresearch.analysis.base.fit import merged
from rmresearch.analysis.match import models
from rmresearch.analysis.match.chance import Draws, permuted
from rmresearch.analysis.match.features import Feature, Recorded, features_of, recorded
from rmresearch.analysis.match.models import Found
from rmresearch.analysis.match.sample import Columns, Sample, columns, gone, sample, wave_of
from rmresearch.errors import FitError, kindly
from rmresearch.result import Check, Dropped, Estimate, Result, Table
from rmresearch.study import Outcome, Study, Wave

__all__ = ["match_quality"]

LATER = (
    "Features are what was known of the two before the start. What people say later of their "
    "match or relationship is partly an outcome (a collider) and predicts nothing here."
)
#: table -> (title, columns)
TABLES = {
    "features": (
        "How well the pairs fit",
        ("role", "feature", "compared by", "pairs", "mean", "SD"),
    ),
    "associations": (
        "Match and gain",
        ("role", "match", "step", "people", "difference", "low", "high", "p", "Holm p",
         "permutation p", "predicted in new pairs"),
    ),
    "shape": (
        "Gain along the fit, against the middle fit",
        ("role", "match", "at", "fit", "difference", "low", "high"),
    ),
    "surface": (
        "Congruence as a response surface",
        ("role", "match", "term", "meaning", "value", "low", "high"),
    ),
}  # fmt: skip


@kindly
def match_quality(
    study: Study,
    outcome: str | Outcome,
    *,
    wave: str | None = None,
    features: str | Iterable[str] | None = None,
    draws: int = 9_999,
    seed: int = 0,
    level: float = 0.95,
) -> Result:
    """Do pairs that match better gain more?

    Programme pairs only, each role apart. Features are the study's [[matching.questions]], the
    level gap and whether both are of one department: what was known before the start. Of record,
    for each feature: the score at ``wave`` (default: the last) on the feature, the score before
    and the main effects of both people's traits behind it (their own numbers; for answers in words
    how well a person would fit with the others on average), by REML with (1 | set) where sets hold
    several of these people, which else is least squares; CR2 by cluster, Satterthwaite df. Beside
    the score before, the coefficient is that of the gain. A level gap is a sum of both levels, so
    only the own one stands beside it. People of several pairs: means over them.

    Estimates: ``group`` is the feature, ``contrast`` "+1 SD" of it or "1 - 0", in points;
    ``estimand`` says "association, observational" unless [matching] records procedure = "random".
    Terms: "" of record, "holm" its p over the role's features, "kenward-roger" beside (1 | set),
    "permutation" the p-value of re-arranging the pairs within [matching.rules] (random procedures
    only; exact up to 100,000 arrangements, else ``draws``, of large studies fewer, by ``seed``),
    "out-of-sample-r2" with each cluster left out in turn, "a1" to "a4" of the response surface
    (questions that compare numbers, from 100 pairs on; Edwards and Parry 1993), "dose" of meetings
    held: exploratory, reverse causation possible. Tables: "features", "associations", "shape"
    (a restricted cubic spline, from 40 people on), "surface". ``level`` (0..1): of the intervals.

    Raises ``StudyError`` where pairs, features, waves or ids are missing or a rating given later
    is asked for as a feature, ``FitError`` where no feature can be estimated for anybody.

    >>> import rmresearch as rm
    >>> result = rm.match_quality(rm.read_study("data/synthetic/pilot"), "digital_skill")
    >>> [e.group for e in result.estimates if e.term == ""]
    ['Interests', 'Level gap']
    """
    within(level=level)
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    codebook, wanted = base.outcome_of(study, outcome), several(features)
    pairs, compared = _compared(study, wanted)
    at = wave_of(study, codebook, wave)
    told = [
        _role(study, codebook, at, group, pairs, compared, Draws(draws, seed), level)
        for group in base.by_role(study, codebook)
    ]
    parts = [part for part, _ in told]
    return Result(
        call=base.call(
            "match_quality", study, codebook.name, wave=wave, features=wanted, draws=draws,
            seed=seed, level=level,
        ),
        estimates=_answered(parts),
        tables=_tables(codebook, parts),
        checks=_checks(parts),
        dropped=tuple(one for _, out in told for one in out),
    )  # fmt: skip


def _compared(study: Study, wanted: tuple[str, ...] | None) -> tuple[Recorded, tuple[Feature, ...]]:
    """The pairs and their features, the same for every outcome."""
    pairs = study.once("programme pairs", lambda: recorded(study))
    found = study.once(("match features", wanted), lambda: (*features_of(study, pairs, wanted),))
    return pairs, found


def _answered(parts: Sequence[Found]) -> tuple[Estimate, ...]:
    estimates = tuple(one for part in parts for one in part.estimates)
    if not any(one.term == "" for one in estimates):
        said = (check.detail for part in parts for check in part.checks)
        raise FitError(" ".join(dict.fromkeys(said)))
    return estimates


def _tables(outcome: Outcome, parts: Sequence[Found]) -> tuple[Table, ...]:
    found = []
    for name, (title, names) in TABLES.items():
        rows = tuple(row for part in parts for row in part.rows.get(name, ()))
        if rows:
            whole = f"{outcome.label}: {title[0].lower()}{title[1:]}"
            found.append(Table(name, whole, names, rows))
    return tuple(found)


def _checks(parts: Sequence[Found]) -> tuple[Check, ...]:
    every = [check for part in parts for check in part.checks]
    return (Check("known before the start", True, LATER), *merged(every))


def _role(
    study: Study,
    outcome: Outcome,
    wave: Wave,
    group: People,
    pairs: Recorded,
    compared: Sequence[Feature],
    draws: Draws,
    level: float,
) -> tuple[Found, tuple[Dropped, ...]]:
    """Everything about the gains of one role."""
    into = Found()
    try:
        found = sample(study, outcome, wave, group, pairs)
    except FitError as error:
        into.checks.append(Check("gains are known", False, str(error)))
        return into, ()
    fitted: list[Columns] = []
    records: list[Estimate] = []
    for feature in compared:
        try:
            one = columns(found, feature)
            made = models.of_record(found, one, models.asked(found, one, level))
        except FitError as error:
            detail = f"{found.about}, {feature.name}: {str(error).rstrip('.')}."
            into.checks.append(Check("feature can be estimated", False, detail))
            continue
        fitted.append(one)
        records.append(made[0])
        into.estimates.extend(made)
        models.shape(found, one, made[0], into)
        models.surface(found, one, made[0], into)
        if feature.additive:
            detail = (
                f"{found.about}, {feature.name}: it is the sum of what the two bring, so it "
                f"cannot be told from the partner's level by itself."
            )
            into.checks.append(Check("told from both people's traits", False, detail))
    if fitted:
        _beside(found, fitted, records, draws, level, into)
    return into, gone(found)


def _beside(
    found: Sample,
    fitted: list[Columns],
    records: list[Estimate],
    draws: Draws,
    level: float,
    into: Found,
) -> None:
    into.checks.extend(base.footing(fitted[0].people.cluster).checks(found.about))
    into.estimates.extend(models.adjusted(records))
    permuted(found, fitted, records, draws, into)
    into.estimates.extend(models.new_pairs(found, fitted, level))
    models.dose(found, level, into)
    beside = {(one.group, one.term): one.value for one in into.estimates}
    for one, record in zip(fitted, records, strict=True):
        _described(found, one, into)
        who = one.people.behind()
        terms = ("holm", "permutation", "out-of-sample-r2")
        into.row(
            "associations",
            *(base.label(text) for text in (found.role, record.group, record.contrast)),
            base.cell(who.n_people, "count", who),
            base.cell(record.value, "contrast", who),
            *(base.cell(end, "interval", who) for end in (record.low, record.high)),
            base.cell(record.p, "statistic", who),
            *(base.cell(beside.get((record.group, term)), "statistic", who) for term in terms),
        )


def _described(found: Sample, one: Columns, into: Found) -> None:
    who = one.people.behind()
    into.row(
        "features",
        base.label(found.role),
        base.label(one.feature.name),
        base.label(one.feature.compared),
        base.cell(who.n_pairs, "count", who),
        base.cell(one.fit.mean(), "mean", who),
        base.cell(one.fit.std(ddof=1), "sd", who),
    )
