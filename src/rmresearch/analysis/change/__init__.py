"""Before and after: how one group changed, and how much of that selection alone would produce.

Estimator of record (term ""): the mean change of the people who answered both waves, each arm and
role apart. Beside it, by term: "standardised" (over the SD before, Hedges-corrected), "paired-t"
and "wilcoxon" (pingouin, complete pairs, people taken as independent; the latter's value is the
matched-pairs rank-biserial correlation), "wild-bootstrap" (10 or 11 clusters), "win-probability"
(single items and ordinal outcomes), "reliably-improved" and "reliably-worsened" (shares: Jacobson
and Truax 1991, with alpha before within arms, or the untreated retest correlation of a single
item), "expected-regression", "smallest-detectable" and "exaggeration". In an unlinked study the
estimate is the difference of two independent samples' means, and nothing is said about anybody's
change. Tables: change, expected_regression, reliable_change.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from rmresearch.analysis import base
from rmresearch.analysis.base.ask import correlation, within
from rmresearch.analysis.change.linked import linked
from rmresearch.analysis.change.sample import Answer, Options, samples
from rmresearch.analysis.change.unlinked import unlinked
from rmresearch.errors import StudyError, kindly
from rmresearch.result import Result, Table
from rmresearch.study import Outcome, Study, Wave

__all__ = ["pre_post"]

CHANGE = (
    "role", "group", "people before", "people after", "mean before", "SD before", "mean after",
    "SD after", "change", "low", "high",
)  # fmt: skip
REGRESSION = (
    "role", "group", "retest correlation", "where from", "expected change", "observed change",
    "left over",
)  # fmt: skip
RELIABLE = (
    "role", "group", "people", "threshold", "improved", "no reliable change", "worsened",
    "reliability", "where from",
)  # fmt: skip


@kindly
def pre_post(
    study: Study,
    outcome: str | Outcome,
    *,
    wave: str | None = None,
    baseline: str | None = None,
    arm: str | None = None,
    untreated_retest: float | None = None,
    pool_mean: float | None = None,
    level: float = 0.95,
) -> Result:
    """Did scores change between two waves?

    Mean change of the people who answered both waves, CR2 by cluster with Satterthwaite df, each
    arm and role apart. A change is not an effect: beside it stands the change that selection alone
    would produce, (1 - r)(mu - x), x the group's mean before. The module says what else does.

    ``wave`` is the follow-up (default: the last with answers), ``baseline`` the wave before,
    ``arm`` limits the answer to one arm. ``untreated_retest`` is r, the correlation (-1..1) over
    the same interval without a programme; without it a table shows r = .4, .6 and .8.
    ``pool_mean`` is mu, the baseline mean of everybody who was eligible; without it the expected
    change cannot be computed. Both default to the codebook's. ``level`` is the intervals' level
    in 0..1.

    Raises ``StudyError`` where the outcome was asked in one wave only, asks for the gain itself
    or for the past in retrospect, or nobody can be compared; ``FitError`` where two routes to the
    same number disagree.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> result = rm.pre_post(study, study.design.outcomes[0].name)
    >>> result.estimates[0].contrast
    'month6 - start'
    """
    within(level=level)
    correlation(untreated_retest=untreated_retest)
    codebook = base.outcome_of(study, outcome)
    before, after = _two_waves(study, codebook, baseline, wave)
    if untreated_retest is None:
        untreated_retest = codebook.untreated_retest
    if pool_mean is None:
        pool_mean = codebook.pool_mean
    options = Options(level, untreated_retest, pool_mean)
    if arm is not None:
        study.design.arm(arm)
    answers = _answers(study, codebook, (before, after), arm, options)
    given = {"untreated_retest": untreated_retest, "pool_mean": pool_mean, "level": level}
    named = {"wave": after.name, "baseline": before.name, "arm": arm, **given}
    return Result(
        call=base.call("pre_post", study, codebook.name, **named),
        estimates=tuple(chain.from_iterable(part.estimates for part in answers)),
        tables=_tables(codebook, before, after, answers),
        checks=tuple(chain.from_iterable(part.checks for part in answers)),
        dropped=tuple(chain.from_iterable(part.dropped for part in answers)),
    )


def _answers(
    study: Study, outcome: Outcome, waves: tuple[Wave, Wave], arm: str | None, options: Options
) -> list[Answer]:
    """Every role's and arm's answer, or why there is none."""
    answer = linked if study.design.linked else unlinked
    answers = [
        answer(sample, options)
        for group in base.by_role(study, outcome)
        for sample in samples(study, outcome, group, waves, arm)
    ]
    if not any(part.estimates for part in answers):
        raise StudyError(
            f"{outcome.name}: fewer than 2 people in each group have an answer at both "
            f"{waves[0].name} and {waves[1].name}, so no change can be estimated."
        )
    return answers


def _two_waves(
    study: Study, outcome: Outcome, baseline: str | None, wave: str | None
) -> tuple[Wave, Wave]:
    """The two waves to compare, or why these scores cannot be subtracted."""
    other = _related(study, outcome)
    beside = f" Its related outcome is {other}; two different scales are never subtracted."
    beside = beside if other else ""
    if outcome.timing != "repeated":
        asks = "the change itself" if outcome.timing == "gain" else "the past in retrospect"
        raise StudyError(
            f"{outcome.name} asks for {asks}, so no difference between waves can be taken."
            f"{beside} Describe it by itself, or ask about an outcome with timing = 'repeated'."
        )
    answered = base.waves_with_answers(study, outcome)
    if len(answered) < 2:
        where = f"in wave {answered[0].name} only" if answered else "in no wave"
        raise StudyError(
            f"{outcome.name} was answered {where}, so there is no change to look at.{beside}"
        )
    before = study.design.wave(baseline) if baseline is not None else study.design.baseline
    order = list(study.design.waves)
    later = [w for w in answered if order.index(w) > order.index(before) and not w.baseline]
    if before not in answered or not later:
        raise StudyError(
            f"{outcome.name} has answers in {base.seen(answered)}; a change needs them in "
            f"{before.name} and in a later follow-up.{beside} Choose baseline= and wave= among "
            f"those."
        )
    after = study.design.wave(wave) if wave is not None else later[-1]
    if after not in answered or order.index(after) <= order.index(before):
        raise StudyError(
            f"{outcome.name} cannot be compared between {before.name} and {after.name}: it has "
            f"answers in {base.seen(answered)}, and the second wave must come later."
        )
    return before, after


def _related(study: Study, outcome: Outcome) -> str | None:
    if outcome.related:
        return outcome.related
    return next((o.name for o in study.design.outcomes if o.related == outcome.name), None)


def _tables(
    outcome: Outcome, before: Wave, after: Wave, answers: Sequence[Answer]
) -> tuple[Table, ...]:
    title = f"{outcome.label}: {before.label} to {after.label}"
    note = "(1 - r)(mu - x): the change that selection alone would produce, without a programme."
    rows = chain.from_iterable
    made = [Table("change", title, CHANGE, tuple(rows(part.change for part in answers)))]
    regression = tuple(rows(part.regression for part in answers))
    reliable = tuple(rows(part.reliable for part in answers))
    if regression:
        caption = f"{outcome.label}: expected regression to the mean"
        made.append(Table("expected_regression", caption, REGRESSION, regression, note))
    if reliable:
        caption = f"{outcome.label}: change beyond measurement error"
        made.append(Table("reliable_change", caption, RELIABLE, reliable))
    return tuple(made)
