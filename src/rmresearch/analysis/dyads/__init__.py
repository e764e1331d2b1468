"""Junior and senior of a pair: whose score goes with whose, and whether they gain together.

Estimates of record, by role (the one whose score it is) and arm (``group``), in points of that
role's outcome per point before: "actor" (the own score before) and "partner" (the partner's score
before), from one actor-partner model for members told apart by role. Pairs that lack one later
score stay in. People in several pairs enter once, with their partners' mean before; no covariance
is assumed in such sets, and CR2 allows for what they share. Beside them:

- "ratio": partner over actor, only where abs(actor) > 2 standard errors;
- "reciprocity": the correlation of the two members' gains;
- "residual-correlation": what two members share beyond both scores before;
- "likeness": a test that nothing tells the roles apart (one outcome asked of both);
- "crossed-actor", "crossed-partner": one with many, by crossed effects of juniors and seniors,
  where people stand in several pairs. They become the record where too few clusters carry CR2;
- ``contrast``: the programme's slopes and correlation less those of matched pairs that did not
  start, where the comparison arm has pairs.

All of it is association: who is paired with whom, and what the two share, moves both.
Tables: parts, gains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rmresearch.analysis import base
from rmresearch.analysis.base.ask import within
from rmresearch.analysis.base.fit import RoutesDisagreeError, merged, valued
from rmresearch.analysis.base.pairs import programme_arms
from rmresearch.analysis.dyads.crossed import crossed
from rmresearch.analysis.dyads.gains import likeness, reciprocity, reciprocity_apart
from rmresearch.analysis.dyads.partners import Fitted, apart, fitted, ratios, slopes
from rmresearch.analysis.dyads.sample import Couples, couples
from rmresearch.errors import FitError, StudyError, kindly
from rmresearch.result import Cell, Check, Dropped, Estimate, Result, Table
from rmresearch.study import ROLES, Outcome, Study, Wave

__all__ = ["dyadic"]

PARTS = ("outcome of", "arm", "part", "people", "pairs", "estimate", "low", "high", "p")
GAINS = ("arm", "pairs", "correlation", "low", "high", "p")
NAMES = {"actor": "own score before", "partner": "partner's score before"}
OBSERVATIONAL = (
    "association, observational: who is paired with whom was not varied, and a pair's shared "
    "circumstances move both members"
)


@kindly
def dyadic(
    study: Study,
    senior_outcome: str | Outcome,
    junior_outcome: str | Outcome | None = None,
    *,
    wave: str | None = None,
    level: float = 0.95,
) -> Result:
    """Do junior and senior move together?

    Each member's score at a wave on the own and on the partner's score before, both roles in one
    model with two residual variances and a correlation (REML); CR2 by cluster, Satterthwaite df.
    Pairs of programme arms, whatever their meetings; the module says what stands beside.

    ``junior_outcome`` defaults to the same outcome, which then must be asked of both roles.
    ``wave`` is the follow-up (default: the last in which both roles answered); ``level`` the
    intervals' level in 0..1.

    Raises ``StudyError`` where there are no pairs with both members, an outcome was not asked of
    its role before and after, or no programme pair has answers; ``FitError`` where fewer than 5
    of a role can enter, starts do not vary, or the model leaves no residual.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> found = rm.dyadic(study, "digital_skill", "leadership_confidence")
    >>> [(one.role, one.term) for one in found.estimates[:2]]
    [('senior', 'actor'), ('senior', 'partner')]
    """
    within(level=level)
    outcomes = _outcomes(study, senior_outcome, junior_outcome)
    waves = _waves(study, outcomes, wave)
    answer = _Answer()
    programme = [
        one
        for arm in programme_arms(study)
        if (one := _arm(study, outcomes, waves, arm, level, answer))
    ]
    if not answer.estimates:
        reasons = " ".join(dict.fromkeys(answer.failed))
        said = f"{outcomes[0].name} with {outcomes[1].name}: no model of pairs. {reasons}"
        raise FitError(said) if answer.failed else StudyError(said)
    comparison = study.design.comparison
    if comparison is not None:
        other = _arm(study, outcomes, waves, comparison.name, level, answer, beside=True)
        for one in programme:
            _contrast(one, other, comparison.name, answer)
    return Result(
        call=base.call(
            "dyadic",
            study,
            outcomes[0].name,
            junior_outcome=outcomes[1].name,
            wave=waves[1].name,
            level=level,
        ),
        estimates=tuple(answer.estimates),
        tables=_tables(outcomes, waves, answer),
        checks=merged(answer.checks),
        dropped=tuple(answer.dropped),
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is gathered over arms; ``failed`` says why an arm has no model."""

    estimates: list[Estimate] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Arm:
    """One arm's answer."""

    couples: Couples
    slopes: list[Estimate]
    gains: Estimate


def _outcomes(
    study: Study, senior: str | Outcome, junior: str | Outcome | None
) -> tuple[Outcome, Outcome]:
    """The two outcomes, each asked of its role in the same words before and after."""
    if not study.design.linked:
        raise StudyError(
            "answers carry no person ids, so nobody knows whose partner answered what. Ids that "
            "stay the same over the waves are needed."
        )
    first = base.outcome_of(study, senior)
    second = first if junior is None else base.outcome_of(study, junior)
    wrong = []
    for outcome, role in zip((first, second), ROLES, strict=True):
        if outcome.role not in {role, "all"}:
            same = " (give junior_outcome=)" if junior is None else ""
            wrong.append(f"{outcome.name} is not asked of the role {role}{same}")
        if outcome.timing != "repeated":
            wrong.append(f"{outcome.name} was not put in the same words before (timing)")
    if wrong:
        fit = [
            base.seen(o.name for o in study.design.outcomes
                      if o.role in {role, "all"} and o.timing == "repeated")
            for role in ROLES
        ]  # fmt: skip
        raise StudyError(f"{'; '.join(wrong)}. Seniors have {fit[0]}; juniors have {fit[1]}.")
    return first, second


def _waves(study: Study, outcomes: tuple[Outcome, Outcome], asked: str | None) -> tuple[Wave, Wave]:
    """The baseline and a later wave, both answered by both roles."""
    start = study.design.baseline
    if study.pairs[list(ROLES)].dropna().empty:
        raise StudyError(
            "the study has no pair with both a junior and a senior, so nothing can be said about "
            "the two together. Add both members to the pairs table."
        )
    answered = []
    for outcome, role in zip(outcomes, ROLES, strict=True):
        here = base.waves_with_answers(study, replace(outcome, role=role))
        if start not in here:
            raise StudyError(
                f"{outcome.name} has no answers of the role {role} at {start.name}, the wave "
                f"before the start. Waves with answers: {base.seen(here)}."
            )
        answered.append(here)
    order = list(study.design.waves)
    both = [w for w in answered[0] if w in answered[1] and order.index(w) > order.index(start)]
    both = [wave for wave in both if not wave.baseline]
    if not both:
        raise StudyError(
            f"no wave after {start.name} has answers of both roles. Waves with answers: "
            f"{base.seen(answered[0])} ({outcomes[0].name}), {base.seen(answered[1])} "
            f"({outcomes[1].name})."
        )
    wave = both[-1] if asked is None else study.design.wave(asked)
    if wave not in both:
        raise StudyError(f"both roles answered in {base.seen(both)}, not in {wave.name}.")
    return start, wave


def _arm(
    study: Study,
    outcomes: tuple[Outcome, Outcome],
    waves: tuple[Wave, Wave],
    arm: str,
    level: float,
    answer: _Answer,
    *,
    beside: bool = False,
) -> _Arm | None:
    """One arm's estimates; None, with the reason, where its pairs carry no model.

    ``beside``: an arm without pairs is no failure, since nobody was to be matched there.
    """
    found, gone = couples(study, outcomes, waves, arm)
    if beside and not found.before.size:
        return None
    answer.dropped.extend(gone)
    many, unfit = _many(found, level)
    made: list[Estimate] = []
    unclear: list[Check] = []
    try:
        model = fitted(found)
        slope = slopes(model, level)
    except RoutesDisagreeError:
        raise
    except FitError as error:
        said = f"{found.about} at {waves[1].name}: {error}"
        answer.failed.append(said)
        answer.checks.append(Check("model of pairs can be fitted", False, said))
        if not many:
            return None
        slope, ground = [_record(one) for one in many], base.footing(found.cluster)
    else:
        ground = model.ground
        slope = slope if ground.rule else [_replaced(one, many) for one in slope]
        made, unclear = ratios(model, slope)
        made.append(_residual(model))
    gains, missing = reciprocity(found, level)
    alike, told = likeness(found, level)
    answer.estimates.extend([*slope, *made, gains, *alike, *many])
    answer.checks.extend([*ground.checks(found.about), *_sources(found), *_repeats(found)])
    answer.checks.extend([*unclear, *missing, *told, *unfit])
    return _Arm(found, slope, gains)


def _many(found: Couples, level: float) -> tuple[list[Estimate], list[Check]]:
    """Both roles by crossed effects."""
    parts = [crossed(found, side, level) for side in (0, 1)]
    return [e for made, _ in parts for e in made], [c for _, checks in parts for c in checks]


def _replaced(one: Estimate, many: Sequence[Estimate]) -> Estimate:
    """The record by crossed effects where clusters carry no CR2 and such a model fits."""
    same = [
        other for other in many if (other.role, other.term) == (one.role, f"crossed-{one.term}")
    ]
    return _record(same[0]) if same else one


def _record(crossed: Estimate) -> Estimate:
    method = f"{crossed.method}: CR2 is not possible here"
    return replace(crossed, term=crossed.term.removeprefix("crossed-"), method=method, p=None)


def _residual(model: Fitted) -> Estimate:
    form = model.couples.form(
        model.rows.behind(), None, estimand="pairs with both scores before", parameters=6
    )
    method = "correlation of the two members' residuals, REML"
    return valued(form, model.model.correlation, term="residual-correlation", method=method)


def _sources(found: Couples) -> list[Check]:
    """Said where one person's answers stand on both sides (partner-rated outcomes)."""
    rated = [o for o in found.outcomes if o.source == "partner"]
    if not rated:
        return []
    detail = (
        f"{found.about}: {base.seen(o.name for o in rated)} is answered by the partner, so scores "
        f"of the two members come from one person: same source."
    )
    return [Check("two sources", False, detail)]


def _repeats(found: Couples) -> list[Check]:
    several = int((~found.alone).sum())
    detail = (
        f"{found.about}: {several} of {len(found)} pairs hold people who stand in several pairs. "
        f"These enter once each, with their partners' mean before."
    )
    return [Check("everybody in one pair", False, detail)] if several else []


def _contrast(one: _Arm, other: _Arm | None, name: str, answer: _Answer) -> None:
    """The programme's arm less the comparison's, where no cluster holds people of both."""
    if other is None:
        return
    if set(one.couples.cluster.tolist()) & set(other.couples.cluster.tolist()):
        detail = f"{one.couples.about}: clusters reach into both arms, so they are not contrasted."
        answer.checks.append(Check("arms apart", False, detail))
        return
    form = Estimate(value=None, contrast=f"{one.couples.arm} - {name}")
    answer.estimates.extend(apart(one.slopes, other.slopes, form))
    answer.estimates.append(reciprocity_apart(one.gains, other.gains, form))


def _tables(
    outcomes: tuple[Outcome, Outcome], waves: tuple[Wave, Wave], answer: _Answer
) -> tuple[Table, ...]:
    parts, gains = [], []
    for one in answer.estimates:
        who = base.Behind(one.members, one.n_pairs, one.n_clusters)
        arm = one.contrast or one.group or "all pairs"
        ends = [base.cell(x, "statistic", who) for x in (one.value, one.low, one.high, one.p)]
        pairs = base.cell(one.n_pairs, "administrative", who)
        if one.term in NAMES:
            people = base.cell(one.n_people, "administrative", who)
            named = [base.label(text) for text in (one.role, arm, NAMES[one.term])]
            parts.append((*named, people, pairs, *ends))
        elif one.term == "reciprocity":
            gains.append((base.label(arm), pairs, *ends))
    names = " and ".join(dict.fromkeys(outcome.label for outcome in outcomes))
    rows: list[tuple[str, str, tuple[str, ...], list[tuple[Cell, ...]]]] = [
        ("parts", f"{names} at {waves[1].label}: own and partner's part", PARTS, parts),
        ("gains", f"{names}: correlation of the two members' gains", GAINS, gains),
    ]
    return tuple(
        Table(name, title, columns, tuple(cells), f"{OBSERVATIONAL[0].upper()}{OBSERVATIONAL[1:]}.")
        for name, title, columns, cells in rows
    )
