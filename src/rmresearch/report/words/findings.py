"""The sentences on a result: what was seen, how sure, how precise, and what may be claimed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rmresearch.evidence import Evidence, Precision, Reason
from rmresearch.report.words.gate import Reader, say
from rmresearch.report.words.phrases import (
    amount,
    between,
    catalogue,
    fill,
    group_name,
    is_share,
    lower_first,
    matters,
    named,
    people,
    signed,
    way,
    within,
)
from rmresearch.result import Estimate
from rmresearch.study import Design, Outcome

__all__ = [
    "certainty",
    "clearinghouse",
    "course",
    "headline",
    "maryland",
    "precision",
    "question",
    "reading",
    "regression",
    "sentences",
    "standing",
    "title",
]

#: readings of an interval that see a difference, and whether for the better
SEEN = {
    Precision.CLEAR_GAIN: "gain",
    Precision.SOME_GAIN: "gain",
    Precision.CLEAR_HARM: "harm",
    Precision.SOME_HARM: "harm",
}
KEYS = {one: one.name.lower() for one in Precision}
#: what the reading of a change in one group is called
OF_CHANGE = {
    Precision.CLEAR_GAIN: "clear_change",
    Precision.CLEAR_HARM: "clear_change",
    Precision.SOME_GAIN: "some_change",
    Precision.SOME_HARM: "some_change",
    Precision.NO_DIFFERENCE: "no_change",
    Precision.NO_GAIN: "no_better",
}
RESULT = {
    Precision.CLEAR_GAIN: "clear",
    Precision.CLEAR_HARM: "clear",
    Precision.NO_DIFFERENCE: "clear",
    Precision.SOME_GAIN: "uncertain",
    Precision.SOME_HARM: "uncertain",
    Precision.CANNOT_TELL: "imprecise",
    Precision.NO_DIRECTION: "unconfirmed",
    Precision.NO_GAIN: "imprecise",
    Precision.NO_INTERVAL: "no_interval",
    Precision.TOO_EARLY: "too_early",
}


def headline(
    record: Estimate,
    evidence: Evidence,
    design: Design,
    *,
    expected: Estimate | None = None,
    reader: Reader = "technical",
) -> str:
    """The answer to one question in a few plain sentences, that this evidence allows.

    What was seen (with interval and unit, in the direction that is better), how large it is
    against the smallest difference that matters, what may be claimed about why, design and
    precision together, and whether it is exploratory. ``expected`` is the change that regression
    to the mean alone would produce (term "expected-regression"): the sentence on it stands beside
    every single-group change, whether or not it could be computed.
    """
    return " ".join(sentences(record, evidence, design, expected=expected, reader=reader))


def sentences(
    record: Estimate,
    evidence: Evidence,
    design: Design,
    *,
    expected: Estimate | None = None,
    reader: Reader = "technical",
) -> tuple[str, ...]:
    """The sentences of `headline`; the first says what was seen."""
    outcome = design.outcome(record.outcome)
    if evidence.precision is Precision.TOO_EARLY:
        told = [fill("too_early", "sentence", label=lower_first(outcome.label))]
    else:
        told = [*_seen(record, evidence, design, outcome), _size(evidence, outcome)]
        told += _why(evidence, outcome, expected)
    told.append(standing(evidence))
    if evidence.exploratory:
        told.append(fill("plan", "exploratory"))
    return tuple(say(one, evidence, reader=reader) for one in told if one)


def title(record: Estimate, evidence: Evidence, design: Design) -> str:
    """The finding in a few words, for a figure's title: no interval, no full stop."""
    outcome = design.outcome(record.outcome)
    parts = {"label": _heading(outcome), **_sides(record, design)}
    single, reading = evidence.facts.single_group, evidence.precision
    if reading in {Precision.TOO_EARLY, Precision.NO_INTERVAL}:
        key = KEYS[reading]
    elif reading in SEEN:
        own = outcome.source == "self"
        key = "changed" if single else "gain_self" if own else "gain"
        parts["way"] = _way(record)
    elif reading is Precision.NO_DIFFERENCE:
        key = "unchanged" if single else "none"
    else:
        key = "unclear_change" if single else "unclear"
    return say(fill("title", key, **parts), evidence)


def question(record: Estimate, design: Design, *, single: bool) -> str:
    """What an estimate answers, as a question; it says nothing of the result."""
    outcome = design.outcome(record.outcome)
    return say(
        fill(
            "question",
            "change" if single else "between",
            who=people(design, record.role),
            label=lower_first(outcome.label),
            **_sides(record, design),
        )
    )


def course(records: Sequence[Estimate], design: Design) -> str:
    """What became of a difference that earlier waves showed: "" where it still stands.

    ``records`` are one contrast's estimates in the order of waves. A difference counts as shown
    where its interval does not hold zero. Only what was seen is said, not why.
    """
    known = [one for one in records if one.low is not None and one.high is not None]
    if len(known) < 2 or known[-1].excludes_zero:
        return ""
    earlier = [one for one in known[:-1] if one.excludes_zero]
    if not earlier:
        return ""
    outcome, last = design.outcome(known[-1].outcome), known[-1]
    told = [
        fill("course", "then", wave=named(design.wave(one.wave).label), signed=signed(outcome, one),
             interval=within(outcome, one))
        for one in earlier
    ]  # fmt: skip
    return say(
        fill(
            "course",
            "faded",
            label=lower_first(outcome.label),
            then="; ".join(told),
            signed=signed(outcome, last),
            interval=within(outcome, last),
            **_sides(last, design),
        )
    )


def standing(evidence: Evidence) -> str:
    """Certainty of the design and precision of the result, always together."""
    result = catalogue()["standing"][RESULT[evidence.precision]]
    word = catalogue()["certainty"][evidence.certainty.word]
    return say(fill("standing", "both", certainty=word, result=result), evidence)


def certainty(evidence: Evidence, *, several: bool = False) -> str:
    """The certainty with the inputs that decided it, and the precision beside it.

    ``several``: the design stands behind results whose precision differs, so none is named.
    """
    word = catalogue()["certainty"][evidence.certainty.word]
    key = "several" if several else "line"
    line = fill("certainty", key, certainty=word, inputs=_because(evidence.reasons))
    own = "" if several else f" {precision(evidence)}"
    few = "" if evidence.significance else " " + fill("plan", "few_clusters")
    if few and evidence.precision not in {Precision.NO_INTERVAL, Precision.TOO_EARLY}:
        few += " " + fill("plan", "read_interval")
    return say(f"{line}{own}{few}", evidence)


def precision(evidence: Evidence) -> str:
    """What the interval says."""
    return say(fill("precision", "line", precision=reading(evidence)), evidence)


def reading(evidence: Evidence) -> str:
    """What the interval says, in a few words: no sentence."""
    key = KEYS[evidence.precision]
    if evidence.facts.single_group:
        key = OF_CHANGE.get(evidence.precision, key)
    return say(catalogue()["precision"][key], evidence)


def maryland(evidence: Evidence) -> str:
    """The level on the Maryland scale and why."""
    reason = _because(evidence.maryland_reasons)
    return say(fill("scales", "maryland", level=evidence.maryland, reason=reason), evidence)


def clearinghouse(evidence: Evidence) -> str:
    """The verdict of the What Works Clearinghouse's gates, and why."""
    reason = _because(evidence.wwc_reasons)
    verdict = fill("page_standards", evidence.wwc.replace(" ", "_"))
    return say(fill("scales", "clearinghouse", verdict=verdict, reason=reason), evidence)


def _because(reasons: Iterable[Reason]) -> str:
    """What decided a verdict."""
    told = []
    for one in reasons:
        parts = dict(one.parts)
        if "unit" in parts:
            parts["unit"] = fill("page_unit", parts["unit"])
        told.append(fill("page_reason", one.key, **parts))
    return catalogue()["phrase"]["semicolon"].join(told)


def regression(outcome: Outcome, expected: Estimate | None) -> str:
    """What regression to the mean alone would do, or that it cannot be computed (rule E3)."""
    if expected is None or expected.value is None:
        return say(fill("change", "regression_unknown"))
    return say(fill("change", "regression", expected=signed(outcome, expected)))


def _seen(record: Estimate, evidence: Evidence, design: Design, outcome: Outcome) -> list[str]:
    """What was seen, in the form that its reading asks for; then how that is to be read."""
    single, reading = evidence.facts.single_group, evidence.precision
    if record.value is None:
        key = "no_value"
    elif reading in SEEN:
        key = _form(outcome, single)
    elif evidence.could_not_show:
        key = "could_not_show"
    else:
        key = KEYS[reading]
    own = single and outcome.source == "self"
    section = "change" if single else "between"
    parts = {
        "who": people(design, record.role),
        "label": lower_first(outcome.label),
        "amount": amount(outcome, record),
        "signed": signed(outcome, record),
        "way": way(outcome, record),
        "worth": _worth(record, outcome),
        "matters": matters(outcome),
        "interval": within(outcome, record),
        "by": catalogue()["phrase"]["by_own_rating"] if own else "",
        **_sides(record, design),
    }
    more = [one for one in (f"{key}_more",) if one in catalogue()[section]]
    return [fill(section, one, **parts) for one in (key, *more)]


def _form(outcome: Outcome, single: bool) -> str:
    if is_share(outcome):
        return "share"
    if single:
        return "amount" if outcome.kind == "amount" else "changed"
    return outcome.source


def _sides(record: Estimate, design: Design) -> dict[str, str]:
    """The groups and waves of the sentence, by the names that the catalogue uses."""
    first, second = between(design, record)
    wave = named(design.wave(record.wave).label)
    arms = {arm.name: group_name(arm.label) for arm in design.arms}
    group = arms.get(record.group, "")
    return {
        "programme": first,
        "comparison": second,
        "baseline": second,
        "wave": wave,
        "group": fill("change", "group", programme=group) if group else "",
    }


def _way(record: Estimate) -> str:
    return catalogue()["phrase"]["lower" if (record.value or 0) < 0 else "higher"]


def _worth(record: Estimate, outcome: Outcome) -> str:
    """Whether it is for the better, where that does not go without saying."""
    good = (record.value or 0) * outcome.direction > 0
    if good and outcome.direction == 1:
        return ""
    return catalogue()["phrase"]["better" if good else "worse"]


def _size(evidence: Evidence, outcome: Outcome) -> str:
    """How large a difference that was seen is, against the smallest that matters."""
    if evidence.precision not in SEEN:
        return ""
    key = KEYS[evidence.precision]
    if evidence.facts.single_group:
        key = OF_CHANGE[evidence.precision]
    if outcome.smallest_effect is None:
        return fill("size", f"{key}_open")
    return fill("size", key, matters=matters(outcome))


def _why(evidence: Evidence, outcome: Outcome, expected: Estimate | None) -> list[str]:
    """What may be claimed about why."""
    if evidence.facts.single_group:
        return [fill("change", "alone"), regression(outcome, expected)]
    if evidence.precision in SEEN:
        return [fill("claim", evidence.certainty.word)]
    return []


def _heading(outcome: Outcome) -> str:
    return named(outcome.label.strip().rstrip(".:;"))
