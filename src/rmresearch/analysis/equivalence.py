"""Is there evidence of no meaningful effect: two one-sided tests of the estimates of record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from scipy import special

from rmresearch.analysis import base
from rmresearch.analysis.base.compared import score_range
from rmresearch.errors import StudyError, kindly
from rmresearch.result import Cell, Check, Estimate, Result, Table
from rmresearch.study import Outcome, Study

__all__ = ["FINDINGS", "equivalence", "finding"]

Finding = Literal[
    "no meaningful difference",
    "a difference",
    "a difference too small to matter",
    "no evidence of a difference",
    "could not have shown it",
    "not confirmed by other adjustments",
    "no interval",
]
#: what each finding is called in tables; three of them are the different sentences of rule E9
FINDINGS: dict[Finding, str] = {
    "no meaningful difference": "evidence of no meaningful difference",
    "a difference": "a difference; not shown to be too small to matter",
    "a difference too small to matter": "a difference, and too small to matter",
    "no evidence of a difference": "no evidence of a difference; cannot tell",
    "could not have shown it": "this study could not have shown it",
    "not confirmed by other adjustments": "other adjustments do not confirm it",
    "no interval": "no interval can be given",
}
#: the other two answers where chance did not form the arms
BRACKET = ("difference-in-differences", "reliability-corrected")
COLUMNS = (
    "who", "wave", "contrast", "smallest effect", "difference", "low", "high", "tests from",
    "tests to", "p", "finding",
)  # fmt: skip
SOURCES = ("compare_arms", "pre_post")


@kindly
def equivalence(
    study: Study,
    outcome: str | Outcome,
    *,
    of: Result,
    smallest_effect: float | None = None,
    alpha: float | None = None,
) -> Result:
    """Is there evidence of no meaningful effect?

    Two one-sided tests (Schuirmann 1987) of each estimate of record: that it lies above minus the
    smallest effect of interest, and below it, each by the record's own cluster-robust standard
    error and df. Both reject where the 1 - 2 alpha interval lies inside; an interval wider than
    twice the smallest effect could not have shown that, wherever it lies. Where chance did not
    form the arms, the other two adjusted answers must say the same.

    ``of`` is the answer of ``compare_arms`` or ``pre_post`` whose records are tested.
    ``smallest_effect`` in the outcome's units defaults to the declared one; ``alpha`` (0..0.5) is
    each test's level, by default what the record's interval leaves out: .05 at 95%, and less where
    records are read at a higher level because several were asked for.

    Estimates: by record, term "equivalence" (the 1 - 2 alpha interval; ``p`` the larger of the
    two) and "record" (the record with its own interval). Table "equivalence".

    Raises ``StudyError`` where no smallest effect is declared.

    >>> import rmresearch as rm
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> answer = rm.compare_arms(study, "digital_skill")
    >>> found = rm.equivalence(study, "digital_skill", of=answer)
    >>> [(one.term, round(one.level, 2)) for one in found.estimates[:2]]
    [('equivalence', 0.9), ('record', 0.95)]
    """
    codebook = base.outcome_of(study, outcome)
    margin = _margin(codebook, smallest_effect, alpha)
    if not isinstance(of, Result):
        raise TypeError(f"of is {of!r}; expected the answer of {' or '.join(SOURCES)}")
    if of.call.function not in SOURCES or dict(of.call.arguments)["outcome"] != codebook.name:
        raise ValueError(
            f"of= takes an answer of {' or '.join(SOURCES)} about {codebook.name}, not of "
            f"{of.call.function}"
        )
    tests = [_Test(one, _bracket(study, of, one), margin, _level(one, alpha))
             for one in of.estimates if one.term == ""]  # fmt: skip
    return Result(
        call=base.call(
            "equivalence",
            study,
            codebook.name,
            of=of.call.function,
            smallest_effect=margin,
            alpha=alpha,
        ),
        estimates=tuple(estimate for test in tests for estimate in test.estimates()),
        tables=(_table(study, codebook, tests),),
        checks=tuple(check for test in tests for check in test.checks(study)),
        dropped=of.dropped,
    )


def finding(test: Estimate, record: Estimate, margin: float) -> Finding:
    """What a record says against the smallest effect: ``test`` holds its 1 - 2 alpha interval."""
    if test.low is None or test.high is None or record.low is None or record.high is None:
        return "no interval"
    inside = -margin < test.low and test.high < margin
    seen = record.low > 0 or record.high < 0
    if inside:
        return "a difference too small to matter" if seen else "no meaningful difference"
    if seen:
        return "a difference"
    wide = test.high - test.low > 2 * margin
    return "could not have shown it" if wide else "no evidence of a difference"


@dataclass(frozen=True, slots=True)
class _Test:
    """The two tests of one record. ``others`` are the bracket's answers (None: not asked for)."""

    record: Estimate
    others: tuple[Estimate | None, ...]
    margin: float
    alpha: float

    @property
    def tested(self) -> Estimate:
        """The record with the tests' interval and p."""
        one = _at(self.record, 1 - 2 * self.alpha)
        p = None
        if one.p is not None and one.se and one.df is not None and one.value is not None:
            ends = ((one.value - self.margin) / one.se, (-self.margin - one.value) / one.se)
            p = float(special.stdtr(one.df, max(ends)))
        method = f"two one-sided tests against {self.margin:g}, of: {one.method}"
        return replace(one, term="equivalence", p=p, method=method)

    @property
    def finding(self) -> Finding:
        """The finding, held against the bracket where there is one."""
        said = finding(self.tested, self.record, self.margin)
        if said not in {"no meaningful difference", "a difference too small to matter"}:
            return said
        level = 1 - 2 * self.alpha
        for other in self.others:
            one = None if other is None else _at(other, level)
            low, high = (None, None) if one is None else (one.low, one.high)
            if low is None or high is None or not -self.margin < low <= high < self.margin:
                return "not confirmed by other adjustments"
        return said

    def estimates(self) -> tuple[Estimate, Estimate]:
        """The tests' interval, and the record's own."""
        return self.tested, replace(self.record, term="record")

    def checks(self, study: Study) -> tuple[Check, ...]:
        """Whether the study could have shown equivalence at all."""
        one = self.tested
        name = "narrow enough to show no meaningful effect"
        about = f"{study.design.role_label(one.role)}, {one.group or one.contrast} at {one.wave}"
        if one.low is None or one.high is None:
            return (Check(name, False, f"{about}: no interval, so nothing can be shown."),)
        width = one.high - one.low
        detail = (
            f"{about}: the {100 * one.level:.3g}% interval is {width:.2g} wide; to lie within the "
            f"smallest effect either way it must be narrower than {2 * self.margin:.2g}."
        )
        return (Check(name, width < 2 * self.margin, detail),)

    def row(self, study: Study) -> tuple[Cell, ...]:
        """The table's row."""
        one, record = self.tested, self.record
        who = base.Behind(one.members, one.n_pairs, one.n_clusters)
        about = study.design.role_label(one.role)
        ends = (record.low, record.high, one.low, one.high)
        return (
            base.label(f"{about}, {one.group}" if one.group else about),
            base.label(one.wave),
            base.label(one.contrast),
            base.label(f"{self.margin:g}"),
            base.cell(one.value, "contrast", who),
            *(base.cell(end, "interval", who) for end in ends),
            base.cell(one.p, "statistic", who),
            base.label(FINDINGS[self.finding]),
        )


def _level(record: Estimate, alpha: float | None) -> float:
    """Each test's level: as given, or what the record's own interval leaves out."""
    level = 1.0 - record.level if alpha is None else alpha
    if level >= 0.5:
        raise ValueError(f"a record read at {record.level} leaves no level to test at: give alpha=")
    return level


def _margin(outcome: Outcome, given: float | None, alpha: float | None) -> float:
    """The smallest effect that is tested against."""
    if alpha is not None and not 0.0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, not {alpha}")
    margin = outcome.smallest_effect if given is None else given
    if margin is None:
        raise StudyError(
            f"{outcome.name} declares no smallest_effect, so nobody can say which differences "
            f"are too small to matter. Declare it in study.toml, or give smallest_effect=."
        )
    if not 0.0 < margin < float("inf"):
        raise ValueError(f"smallest_effect must be a number above 0, not {margin}")
    ends = score_range(outcome)
    if ends is not None and margin >= ends[1] - ends[0]:
        raise StudyError(
            f"a smallest effect of {margin:g} is the whole range of {outcome.name}, {ends[0]:g} to "
            f"{ends[1]:g}: no difference could matter. Give the smallest one that does."
        )
    return margin


def _bracket(study: Study, answer: Result, record: Estimate) -> tuple[Estimate | None, ...]:
    """The other two adjusted answers, None for one that is missing; () where none is needed."""
    if study.design.randomised or answer.call.function != "compare_arms":
        return ()
    key = (record.role, record.wave, record.contrast)
    found: dict[str, Estimate] = {
        one.term: one for one in answer.estimates if (one.role, one.wave, one.contrast) == key
    }
    return tuple(found.get(term) for term in BRACKET)


def _at(one: Estimate, level: float) -> Estimate:
    """The estimate with its t interval at another level; one without interval stays so."""
    if one.low is None or one.se is None or one.df is None or one.value is None:
        return replace(one, level=level, low=None, high=None)
    half = float(special.stdtrit(one.df, 0.5 + level / 2.0)) * one.se
    return replace(one, low=one.value - half, high=one.value + half, level=level)


def _table(study: Study, outcome: Outcome, tests: Iterable[_Test]) -> Table:
    note = (
        "Tests from and to: the interval that the two one-sided tests read. A difference is shown "
        "to be too small to matter where all of it is closer to 0 than the smallest effect."
    )
    title = f"{outcome.label}: is there evidence of no meaningful effect?"
    return Table("equivalence", title, COLUMNS, tuple(t.row(study) for t in tests), note)
