"""How scores vary across pairs and over time: levels of variance, means and courses.

One restricted-likelihood mixed model for each role (or for both together), every answer a row.
Fixed part: a mean for each arm at each wave, or a straight line for each arm. Random part by rule,
never by a test: the person; the pair (or connected set) where any holds several of the people
analysed; a course over the months of the coarser of them where three distinct times tell one.
People in several pairs have no single partner that a score could belong to: their connected set
stands for all of them. Where every answer names its pair, rows are pairs (up to 500) and pair,
person and partner crossed effects without courses; where sets are too few for CR2, these models'
Kenward-Roger errors are of record. Their shares have intervals where no set has over 200 answers.

Estimates, by term: "" (the mean of ``group`` at a wave) or "growth" (points a month), by CR2 with
Satterthwaite df, and the same by the model's own errors, "kenward-roger" and
"growth-kenward-roger". From the model without a course, whose levels are the same at every wave:
"variance" and "variance-share" of each level (``group``: person, pair, partner, set, residual), the
share with its profile-likelihood interval, and "icc", the correlation of two answers that share
the level. From the model with it: "slope-sd", the SD of courses in points a month, and
"slope-test", the likelihood-ratio statistic of a course against none, whose p allows for the
boundary.

Tables: variances, means or growth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rmresearch.analysis import base
from rmresearch.analysis.base import People
from rmresearch.analysis.base.ask import several, within
from rmresearch.analysis.base.fit import merged
from rmresearch.analysis.mixed.courses import fixed_part, told
from rmresearch.analysis.mixed.frame import frame, random_part
from rmresearch.analysis.mixed.levels import fitted, varied
from rmresearch.errors import StudyError, kindly
from rmresearch.result import Cell, Check, Dropped, Estimate, Result, Table
from rmresearch.study import Outcome, Study

__all__ = ["mixed_model"]

VARIANCES = ("role", "level", "variance", "SD", "share", "low", "high")
MEANS = ("role", "arm", "wave", "people", "mean", "low", "high")
GROWTH = ("role", "arm", "people", "growth", "low", "high")
TIMES = ("wave", "linear")
NOTE = "From the mixed model, so that people who missed a wave count by their other answers."
SHARES = (
    "Levels of a model without courses; the share's interval by profile likelihood. Within a "
    "person: change from wave to wave, and error."
)

Rows = tuple[tuple[Cell, ...], ...]


@kindly
def mixed_model(
    study: Study,
    outcome: str | Outcome,
    *,
    random: str | Sequence[str] | None = None,
    time: Literal["wave", "linear"] = "wave",
    slope: bool = True,
    roles: Literal["apart", "together"] = "apart",
    level: float = 0.95,
) -> Result:
    """How do scores vary across pairs and over time?

    ``random`` names the units whose answers may be alike (person, pair, partner, set; default: by
    rule, see the module), ``time`` a mean for each wave or a straight line over the months, which
    is exploratory; ``slope`` lets units differ in their course. ``roles`` "together" takes juniors
    and seniors into one model, person within pair, for an outcome that both were asked. ``level``
    is the intervals' level in 0..1.

    The means are descriptions: arms are compared by `compare_arms`. Answers after a crossover do
    not count. Raises ``StudyError`` without person ids, with answers at fewer than two waves or an
    outcome of one role for both; ``FitError`` where units cannot be told apart or a model cannot be
    fitted.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> result = rm.mixed_model(study, study.design.outcomes[0].name)
    >>> [table.name for table in result.tables]
    ['variances', 'means']
    """
    within(level=level)
    if time not in TIMES:
        raise ValueError(f"time must be one of {', '.join(TIMES)}, not {time!r}")
    codebook, asked = base.outcome_of(study, outcome), several(random)
    if not study.design.linked:
        raise StudyError("answers carry no person ids, so nothing is known of anybody over time.")
    estimates: list[Estimate] = []
    checks: list[Check] = []
    dropped: list[Dropped] = []
    rows: tuple[list[tuple[Cell, ...]], list[tuple[Cell, ...]]] = ([], [])
    for group, about in _groups(study, codebook, roles):
        made, gone = frame(study, codebook, group, about, group.role)
        dropped += gone
        model = fitted(made, random_part(made, asked), fixed_part(made, time), slope=slope)
        for part, into in zip((told(model, time, level), varied(model, level)), rows, strict=True):
            estimates += part.estimates
            checks += part.checks
            into += part.rows
        checks += model.checks()
    return Result(
        call=base.call(
            "mixed_model", study, codebook.name, random=asked, time=time, slope=slope,
            roles=roles, level=level,
        ),
        estimates=tuple(estimates),
        tables=_tables(codebook, time, *map(tuple, rows)),
        checks=merged(checks),
        dropped=tuple(dropped),
    )  # fmt: skip


def _tables(outcome: Outcome, time: str, told: Rows, varied: Rows) -> tuple[Table, ...]:
    """How the variance divides, then the means or straight lines."""
    first = Table("variances", f"{outcome.label}: how scores vary", VARIANCES, varied, SHARES)
    if time == "wave":
        title = f"{outcome.label}: mean of each arm at each wave"
        return first, Table("means", title, MEANS, told, NOTE)
    return first, Table("growth", f"{outcome.label}: points a month", GROWTH, told, NOTE)


def _groups(study: Study, outcome: Outcome, roles: str) -> list[tuple[People, str]]:
    """Whom each model is about, and what they are called."""
    if roles == "apart":
        return [(g, study.design.role_label(g.role)) for g in base.by_role(study, outcome)]
    if roles != "together":
        raise ValueError(f"roles must be apart or together, not {roles!r}")
    if outcome.role != "all":
        raise StudyError(
            f"{outcome.name} was asked of the role {outcome.role} only; both roles together need "
            f"an outcome of role 'all'."
        )
    return [(base.people(study), "both roles")]
