"""Programme against comparison: how much more the programme arms changed, wave by wave.

Estimator of record (term ""):

- randomised arms and several follow-ups: one model of all waves, the baseline among the outcomes,
  the arms sharing its mean (constrained longitudinal analysis). Everybody with an answer at any
  wave that counts is in it. CR2 takes the weights of the answers as known; as they are estimated,
  its variance is multiplied by what Kenward and Roger's adjustment multiplies the model's own
  with (without that, 6-7% of true nulls are rejected at a nominal 5% with 8 clusters an arm:
  measured). Beside it "cr2" (without the allowance), "kenward-roger" (the model's own errors)
  and "ancova";
- one follow-up, or arms that were not randomised (equal means before the start cannot be assumed
  then): covariance analysis on the baseline, at each follow-up by itself. People without an answer
  at baseline or at the wave are dropped and counted.

A wave at or after a person's crossover date never counts. Beside the record, by term, each from
one wave by itself:

- "classical" (ANCOVA's classical standard error), "post-only" (no baseline in the model),
  "change-score" (outcome minus baseline), "lin-adjusted" (slopes by arm), "win-probability"
  (single items and ordinal outcomes, unadjusted), "completers" (pairs that ran as planned against
  everybody in the comparison: not comparable), "wild-bootstrap" (an arm of 10 or 11 clusters),
  "kenward-roger" (a model with (1 | cluster), where clusters hold several people and the record
  is not from all waves);
- "complier" (randomised arms of which some people never took part): those who take part if
  assigned, by two-stage least squares; "overlap-weighted" (others): people of whom either could
  have been in the other arm;
- "rerandomisation": its value is the share of possible assignments with as large an ANCOVA
  difference, a p-value that few clusters withhold; "rerandomisation-smallest" is the least that
  it could be;
- "baseline-difference", of those analysed and, at the baseline wave, of everybody;
- the bracket, where arms were not randomised: "difference-in-differences" and
  "reliability-corrected", with the check "bracket agrees": all three intervals lie above 0, all
  below it, or all hold it.

From the record itself: "standardised" (over the pooled baseline SD), "smallest-detectable" and
"exaggeration".

Tables: waves, baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rmresearch.analysis import base
from rmresearch.analysis.arms.alternatives import alternatives, kenward_roger
from rmresearch.analysis.arms.bracket import AGREES, bracket
from rmresearch.analysis.arms.contrast import adjusted, beside, standardised
from rmresearch.analysis.arms.rerandomisation import Draws, rerandomisation
from rmresearch.analysis.arms.sample import Roster, Sample, roster, sample
from rmresearch.analysis.arms.tables import (
    Row,
    baseline_estimate,
    baseline_rows,
    tables,
    wave_row,
)
from rmresearch.analysis.arms.waves import Course, course
from rmresearch.analysis.base import Footing
from rmresearch.analysis.base.ask import several, within
from rmresearch.analysis.base.fit import RoutesDisagreeError, exaggeration_check, merged, power_of
from rmresearch.errors import FitError, StudyError, kindly
from rmresearch.result import Call, Check, Dropped, Estimate, Result
from rmresearch.study import Arm, Outcome, Study, Wave

__all__ = ["compare_arms"]

UNFITTED = "model can be fitted"


@kindly
def compare_arms(
    study: Study,
    outcome: str | Outcome,
    *,
    waves: str | Sequence[str] | None = None,
    covariates: str | Sequence[str] = (),
    programme: str | Sequence[str] | None = None,
    level: float = 0.95,
    slope: bool = True,
    rerandomise: bool = True,
    baseline_reliability: float | None = None,
    seed: int = 20_240_901,
) -> Result:
    """How much more did the programme arms change than the comparison arm?

    Everyone assigned, as assigned, whatever the meetings. Randomised arms with several follow-ups:
    one mixed model of all waves in which the arms share the mean before the start, a difference
    for each arm at each follow-up, ``covariates`` (features of participants) and strata with
    effects of their own at each wave. Otherwise, at each follow-up: least squares of the score on
    arm, baseline score, covariates and strata. All arms in one model; CR2 by cluster, Satterthwaite
    df. The module says what stands beside.

    ``waves`` limits the follow-ups that enter (default: all with answers), ``programme`` the arms
    that are reported (default: all), ``level`` is the intervals' level in 0..1. ``slope`` lets
    people (or clusters with several people) differ in their course over the months, where three
    distinct times tell it; without it a failed check says what that can do. ``rerandomise`` adds
    the re-randomisation test of the assignment (randomised designs), with ``seed`` where there are
    more than 100,000 arrangements. ``baseline_reliability`` (0..1) is the reliability of a single
    item's baseline for the bracket; a scale brings its alpha.

    Raises ``StudyError`` where there is no comparison arm, no baseline, no follow-up before the
    crossover, or too few people; ``FitError`` where columns cannot be told apart or two routes to
    one number disagree.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> result = rm.compare_arms(study, study.design.outcomes[0].name)
    >>> [table.name for table in result.tables]
    ['waves', 'baseline']
    """
    within(level=level, baseline_reliability=baseline_reliability)
    codebook = base.outcome_of(study, outcome)
    asked = _waves(study, codebook, several(waves))
    draws = Draws(seed) if rerandomise and study.design.randomised else None
    options = _Options(
        level, several(covariates) or (), several(programme), slope, baseline_reliability, draws
    )
    for name in options.shown or ():
        _programme_arm(study, name)
    answer = _answered(study, codebook, asked, options)
    return Result(
        call=_call(study, codebook, asked, options, rerandomise, seed),
        estimates=tuple(answer.estimates),
        tables=tables(codebook, answer.baseline, answer.waves),
        checks=merged(answer.checks, apart=(AGREES,)),
        dropped=tuple(answer.dropped),
    )


@dataclass(frozen=True, slots=True)
class _Options:
    level: float
    covariates: tuple[str, ...]
    shown: tuple[str, ...] | None
    slope: bool
    reliability: float | None
    draws: Draws | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is gathered over roles, waves and arms."""

    estimates: list[Estimate] = field(default_factory=list)
    waves: list[Row] = field(default_factory=list)
    baseline: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def _answered(study: Study, outcome: Outcome, waves: Sequence[Wave], options: _Options) -> _Answer:
    """Every role's contrasts, or why there is none."""
    answer = _Answer()
    for group in base.by_role(study, outcome):
        found, gone = roster(study, outcome, group, options.covariates)
        answer.dropped.extend(gone)
        _compare(found, waves, options, answer)
    if any(estimate.term == "" for estimate in answer.estimates):
        return answer
    failed = [check for check in answer.checks if not check.passed]
    reasons = " ".join(check.detail for check in merged(failed))
    said = f"{outcome.name}: no wave allows a comparison of arms. {reasons}"
    unfitted = any(check.name == UNFITTED for check in failed)
    raise FitError(said) if unfitted else StudyError(said)


def _call(
    study: Study,
    outcome: Outcome,
    waves: Sequence[Wave],
    options: _Options,
    rerandomise: bool,
    seed: int,
) -> Call:
    return base.call(
        "compare_arms",
        study,
        outcome.name,
        waves=[wave.name for wave in waves],
        covariates=options.covariates,
        programme=options.shown,
        level=options.level,
        slope=options.slope,
        rerandomise=rerandomise,
        baseline_reliability=options.reliability,
        seed=seed,
    )


def _programme_arm(study: Study, name: str) -> Arm:
    arm = study.design.arm(name)
    if not arm.programme:
        raise StudyError(
            f"{name} is the comparison arm; programme= takes programme arms: "
            f"{base.seen(study.design.programme_arms)}."
        )
    return arm


def _waves(study: Study, outcome: Outcome, asked: Sequence[str] | None) -> tuple[Wave, ...]:
    """The follow-ups to compare at, or why there is none."""
    if outcome.timing != "repeated":
        raise StudyError(
            f"{outcome.name} was not asked in the same way at every wave (timing = "
            f"{outcome.timing!r}), so it has no baseline to adjust for; compare an outcome with "
            f"timing = 'repeated'."
        )
    answered = base.waves_with_answers(study, outcome)
    start = study.design.baseline
    if start not in answered:
        raise StudyError(
            f"{outcome.name} has no answers at {start.name}, the baseline wave, so arms cannot "
            f"be compared with adjustment for it. Waves with answers: {base.seen(answered)}."
        )
    order = list(study.design.waves)
    follow_ups = [w for w in answered if not w.baseline and order.index(w) > order.index(start)]
    if asked is None:
        chosen = follow_ups
    else:
        chosen = [study.design.wave(name) for name in asked]
        wrong = [wave.name for wave in chosen if wave not in follow_ups]
        if wrong:
            raise StudyError(
                f"{outcome.name} cannot be compared at {base.seen(wrong)}: a baseline wave is no "
                f"outcome, and it has follow-up answers in {base.seen(follow_ups)}."
            )
    if not chosen:
        raise StudyError(f"{outcome.name} has no answers after {start.name}: nothing to compare.")
    return tuple(chosen)


def _compare(found: Roster, waves: Sequence[Wave], options: _Options, answer: _Answer) -> None:
    """All waves of one role."""
    wide = found.study.wide(found.outcome)
    samples: list[Sample] = []
    gone: list[Dropped] = []
    for wave in waves:
        here, lost = sample(found, wave, found.people.values(wide[wave.name]))
        gone.extend(lost)
        answer.checks.extend(_missing(found, wave, here, options))
        samples += [] if here is None else [here]
    together = found.study.design.randomised and len(samples) > 1
    whole = _whole(found, samples, options, answer) if together else None
    answer.dropped.extend(map(_alone, gone) if together else gone)
    for here in samples:
        _wave(here, options, answer, whole, together=together)
    answer.baseline.extend(baseline_rows(found, samples))
    present = set(found.people.arm.tolist())
    for arm in found.programme:
        asked = options.shown is None or arm.name in options.shown
        if samples and asked and arm.name in present:
            answer.estimates.append(baseline_estimate(found, None, arm, options.level))


def _whole(
    found: Roster, samples: Sequence[Sample], options: _Options, answer: _Answer
) -> Course | None:
    """The model of all waves; where it cannot be fitted there is no estimate of record."""
    try:
        whole, gone = course(found, samples, slope=options.slope)
    except RoutesDisagreeError:
        raise
    except FitError as error:
        said = (
            f"{found.about}, all waves: {str(error).rstrip('.')}. Name one wave (waves=) to "
            f"compare the arms there by itself."
        )
        answer.checks.append(Check(UNFITTED, False, said))
        return None
    answer.dropped.extend(gone)
    answer.checks.extend(whole.checks())
    return whole


def _alone(gone: Dropped) -> Dropped:
    """Who is not in the analyses of one wave by itself, beside a record that uses all waves."""
    who, _, reason = gone.reason.partition(": ")
    return replace(gone, reason=f"{who}, analysed by itself: {reason}")


def _missing(found: Roster, wave: Wave, here: Sample | None, options: _Options) -> list[Check]:
    """Which contrasts the wave cannot give, and why."""
    gone = [arm for arm in found.programme if here is None or arm not in here.arms]
    gone = [arm for arm in gone if options.shown is None or arm.name in options.shown]
    crossed = base.crossed_over(found.study, found.people, wave).any()
    why = " (people who have crossed over no longer count)" if crossed else ""
    return [
        Check(
            "people in both arms",
            False,
            f"{found.about}, {arm.name} - {found.comparison.name} at {wave.name}: fewer than 2 "
            f"people in an arm have answers at baseline and at the wave{why}.",
        )
        for arm in gone
    ]


def _alike(here: Sample, arm: Arm) -> tuple[Check, ...]:
    """Said where the baseline cannot be adjusted for, because all had the same."""
    if here.adjusts:
        return ()
    said = f"{here.about(arm)}: everybody had the same baseline, so nothing is adjusted for it."
    return (Check("baseline varies", False, said),)


def _strata(here: Sample) -> str:
    """What to do where strata took up what there was to compare."""
    count = sum(name.startswith("stratum = ") for name in here.names)
    if not count:
        return ""
    return (
        f" The {len(here.people)} people analysed are spread over {count + 1} strata: declare "
        f"fewer, larger ones, as the randomisation used them."
    )


def _wave(
    here: Sample, options: _Options, answer: _Answer, whole: Course | None, *, together: bool
) -> None:
    """All contrasts of one wave: ``together``, the record comes from the model of all waves."""
    for arm in here.arms:
        if options.shown is not None and arm.name not in options.shown:
            continue
        ground = here.footing(arm)
        alone = _by_itself(here, arm, ground, options, answer)
        main = alone
        if together:
            main = None if whole is None else whole.record(here, arm, ground, options.level)
        if main is not None:
            _told(here, arm, ground, main, options, answer, whole)
        if main is not None and whole is not None:
            answer.estimates.extend(whole.beside(here, arm, ground, options.level))
        if alone is None:
            continue
        if together:
            method = f"this wave by itself: {alone.method}"
            answer.estimates.append(replace(alone, term="ancova", method=method))
        else:
            answer.estimates.extend(kenward_roger(here, arm, ground, alone))
        _others(here, arm, ground, alone, options, answer)


def _by_itself(
    here: Sample, arm: Arm, ground: Footing, options: _Options, answer: _Answer
) -> Estimate | None:
    """The adjusted difference of one wave, or None where its model cannot be fitted."""
    try:
        return adjusted(here, arm, ground, options.level)
    except RoutesDisagreeError:
        raise
    except FitError as error:
        said = f"{here.about(arm)}: {error}{_strata(here)}"
        answer.checks.append(Check(UNFITTED, False, said))
        return None


def _told(
    here: Sample,
    arm: Arm,
    ground: Footing,
    main: Estimate,
    options: _Options,
    answer: _Answer,
    whole: Course | None,
) -> None:
    """The estimate of record with what follows from it."""
    size = standardised(here, arm, ground, main)
    power = power_of(main, here.roster.outcome.smallest_effect)
    answer.estimates.extend((main, size, *power))
    answer.estimates.append(baseline_estimate(here.roster, here, arm, options.level))
    answer.checks.extend(_alike(here, arm))
    answer.checks.extend(ground.checks(here.about(arm)))
    answer.checks.extend(exaggeration_check(here.about(arm), power))
    answer.waves.append(wave_row(here, arm, main, size.value, whole))


def _others(
    here: Sample, arm: Arm, ground: Footing, alone: Estimate, options: _Options, answer: _Answer
) -> None:
    """What stands beside: other analyses of this wave by itself."""
    others, checks = beside(here, arm, ground, alone)
    more, judged = alternatives(here, arm, ground, alone)
    others, checks = others + more, checks + judged
    if not here.roster.study.design.randomised:
        more, judged = bracket(here, arm, ground, alone, options.reliability)
        others, checks = others + more, checks + judged
    if options.draws is not None:
        more, judged = rerandomisation(here, arm, ground, alone, options.draws)
        others, checks = others + more, checks + judged
    answer.estimates.extend(others)
    answer.checks.extend(checks)
