"""Who left, when, and could it explain the result?

By role:

- table "flow": assigned, started, answered and analysed, in people and clusters, by arm.
- table "attrition", by contrast and wave: overall and differential attrition, everybody assigned
  against those analysed; where arms were randomised also the class, low or high, by the cautious
  boundary of the What Works Clearinghouse, unrounded and interpolated, and the same in clusters
  where clusters were assigned. Terms "overall-attrition" and "differential-attrition" (0..1;
  "-clusters" behind them for clusters).
- table "leavers": leavers minus stayers at baseline, on the outcome (also by arm) and on each
  declared feature, with CR2 intervals, and standardised. No p-values: this describes.
- tables "pair-life" and "reasons": Kaplan-Meier of programme pairs by month, a planned end being a
  censoring (``base.pairs.PLANNED_REASONS``, or an end not before the design's), with Greenwood's
  log-log interval. Term "still-paired", by wave.
- table "pair-risk": Cox regression of ending early on what was known before the start (level gap,
  both sides' baseline scores, programme arm), cluster-robust, where 10 pairs a coefficient ended
  early; a check of proportional hazards. Term "hazard-ratio", by characteristic.

With ``effects``, where somebody is missing, what the difference between arms, or the change of a
single group, could be:

- table "otherwise": "answered" (covariance analysis on the baseline and strata), "weighted"
  (inverse probability of response), "lee-lower" and "lee-upper" (randomised arms only; among those
  who would answer in either arm), "worst-lower" and "worst-upper" (the scale's ends; of everybody
  who answered before, where it was asked).
- tables "tipping" and "tipping-grid": missing answers are imputed arm by arm (``missingness`` says
  how), then the programme arm's made worse: lower, or higher where less is better. Term
  "tipping-point": the smallest such amount from 0 to the scale's range at which the interval at
  ``level`` no longer lies on the side of 0 on which that of "answered" lies (0: imputing alone
  does it). Its value is None, for a reason that ``method`` gives, where none within the scale does
  it, or where the interval of "answered" holds 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.base.ask import within
from rmresearch.analysis.base.compared import compared
from rmresearch.analysis.base.gathered import Declared, Gathered
from rmresearch.analysis.base.imputed import imputed
from rmresearch.analysis.base.pairs import Pairs, pairs
from rmresearch.analysis.leavers import boundary, otherwise, pair_life, pair_risk, tipping, who
from rmresearch.analysis.leavers.flow import FLOW, Course, course, flow
from rmresearch.errors import StudyError, kindly
from rmresearch.result import Check, Result
from rmresearch.study import Outcome, Study, Wave

__all__ = ["attrition"]

#: table -> (title, columns, note)
TABLES: dict[str, Declared] = {
    "flow": (
        "From assignment to analysis",
        FLOW,
        "Analysed: answered at the wave and, where the outcome was asked then, before the start, "
        "and not crossed over. Started: in a pair that started.",
    ),
    "attrition": ("Attrition of each contrast", boundary.COLUMNS, boundary.NOTE),
    "leavers": (
        "Leavers against stayers, before the start",
        who.COLUMNS,
        "Leavers did not answer at the wave. Standardised: Hedges' g, interval by cluster.",
    ),
    "pair-life": ("How long pairs lived", pair_life.COLUMNS, pair_life.NOTE),
    "reasons": ("Why pairs ended", pair_life.REASONS, ""),
    "pair-risk": ("What goes with ending early", pair_risk.COLUMNS, pair_risk.NOTE),
    "otherwise": ("If the lost are not like the others", otherwise.COLUMNS, otherwise.NOTE),
    "tipping": ("Where the decision would tip", tipping.COLUMNS, tipping.NOTE),
    "tipping-grid": ("If both arms' lost did worse", tipping.GRID, tipping.GRID_NOTE),
}


@kindly
def attrition(
    study: Study,
    outcome: str | Outcome,
    *,
    wave: str | None = None,
    effects: bool = True,
    level: float = 0.95,
    imputations: int | None = None,
    seed: int = 20_240_901,
) -> Result:
    """Who was lost, when, did they differ, and could that explain the result?

    The module lists the tables and terms. ``wave`` limits the flow, contrasts and comparisons to
    one follow-up wave. ``effects`` (leave it out before the programme's end) adds how far the
    difference could move for those who are missing: weights, Lee's bounds, the worst case and the
    tipping point, with intervals at ``level`` (0..1). ``imputations`` is how often answers are
    imputed (50; 20 of more than 2,000 people), ``seed`` that of the imputations and of the
    bootstrap behind Lee's bounds.

    Raises ``StudyError`` for an unknown outcome or wave, an outcome without follow-up answers, or
    a survey without person ids.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> found = rm.attrition(study, "digital_skill", wave="month6")
    >>> [made.name for made in found.tables][-3:]
    ['otherwise', 'tipping', 'tipping-grid']
    """
    within(level=level)
    codebook = base.outcome_of(study, outcome)
    waves = _waves(study, codebook, wave)
    everyone, found = pairs(study), Gathered()
    for group in base.by_role(study, codebook):
        _one_role(study, codebook, course(study, codebook, group), everyone, waves, found)
        if effects:
            _could_be(study, codebook, group, waves, (level, imputations, seed), found)
    _pairs(study, codebook, everyone, found)
    found.checks += _design(study)
    return Result(
        call=base.call(
            "attrition", study, codebook.name, wave=wave, effects=effects, level=level,
            imputations=imputations, seed=seed,
        ),
        estimates=tuple(found.estimates),
        tables=found.tables(TABLES),
        checks=tuple(found.checks),
        dropped=tuple(found.dropped),
    )  # fmt: skip


def _could_be(
    study: Study,
    outcome: Outcome,
    group: People,
    waves: Sequence[Wave],
    options: tuple[float, int | None, int],
    found: Gathered,
) -> None:
    """What each difference of one role could be, were those who are missing otherwise."""
    level, imputations, seed = options
    given = imputed(study, outcome, group, imputations=imputations, seed=seed)
    found.checks += given.checks
    pairs = list(compared(study, outcome, group, waves))
    if not pairs and study.design.comparison is not None:
        said = (
            f"{group.role}: at no wave does each of two arms have people who have not crossed "
            f"over, so there is no difference that could be otherwise."
        )
        found.checks.append(Check("people in both arms", False, said))
    for one in pairs:
        other = otherwise.otherwise(one, randomised=study.design.randomised, level=level, seed=seed)
        answered = next((e for e in other.estimates if e.term == "answered"), None)
        tip = tipping.tipping(one, answered, given, study.design.baseline, level=level)
        found.estimates += [*other.estimates, *tip.estimates]
        found.checks += [*other.checks, *tip.checks]
        found.add("otherwise", *other.rows)
        found.add("tipping", *tip.rows)
        found.add("tipping-grid", *tip.grid)


def _waves(study: Study, outcome: Outcome, wave: str | None) -> tuple[Wave, ...]:
    """The follow-up waves in question; none, or a survey without ids, raises."""
    if not study.design.linked:
        raise StudyError(
            "answers carry no person ids, so nobody knows who left. Attrition needs ids that stay "
            "the same over the waves."
        )
    first = study.design.baseline.name
    known = base.waves_with_answers(study, outcome)
    waves = tuple(one for one in known if one.name != first)
    if wave is not None:
        wanted = study.design.wave(wave)
        waves = tuple(one for one in waves if one.name == wanted.name)
    if not waves:
        asked = f"wave {wave}" if wave else "a wave after the start"
        raise StudyError(
            f"outcome {outcome.name} has no answers at {asked} (waves with answers: "
            f"{base.seen(known)}), so nobody can be said to have left before it."
        )
    return waves


def _one_role(
    study: Study,
    outcome: Outcome,
    way: Course,
    everyone: Pairs,
    waves: Sequence[Wave],
    found: Gathered,
) -> None:
    waves = tuple(wave for wave in waves if wave.name in way.scores)
    found.add("flow", *flow(study, way, everyone, waves))
    for estimates, rows, checks in boundary.contrasts(study, outcome, way, waves):
        found.estimates += estimates
        found.add("attrition", *rows)
        found.checks += checks
    for wave in waves:
        estimates, rows, checks = who.on_outcome(study, outcome, way, wave)
        found.estimates += estimates
        found.add("leavers", *rows, *who.features(study, way, wave))
        found.checks += checks
    declared = not outcome.waves or way.baseline in outcome.waves
    if way.before is None and declared:
        needed = (
            f"{outcome.name}, {way.people.role}: nobody answered before the start, so leavers and "
            f"stayers cannot be compared on it. Ask it at baseline."
        )
        found.checks.append(Check("baseline answers", False, needed))
    if study.design.arms:
        reason = f"{way.people.role}: no arm recorded"
        found.dropped += base.dropped(reason, way.people.arm == "")


def _pairs(study: Study, outcome: Outcome, everyone: Pairs, found: Gathered) -> None:
    # no outcome is in it, and every outcome shows it
    life = study.once("pair-life", lambda: pair_life.lived(study, everyone))
    found.estimates += life.estimates
    found.add("pair-life", *life.rows)
    found.add("reasons", *life.reasons)
    found.checks += life.checks
    found.dropped += life.dropped
    if life.rows:
        risk = pair_risk.risk(study, outcome, life.pairs, life.months)
        found.estimates += risk.estimates
        found.add("pair-risk", *risk.rows)
        found.checks += risk.checks


def _design(study: Study) -> list[Check]:
    """Why there is no class, where there is none."""
    if study.design.comparison is None or not study.design.programme_arms:
        detail = "One group only: nothing is contrasted, so attrition has no class."
        return [Check("attrition class", False, detail)]
    if not study.design.randomised:
        detail = "Arms were not randomised: attrition is shown without a class, which needs chance."
        return [Check("attrition class", False, detail)]
    return []
