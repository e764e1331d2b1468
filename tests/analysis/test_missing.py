"""Missing answers: counts by naive loops, patterns by hand, the baseline difference by formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rmresearch.analysis.missing import missingness
from rmresearch.errors import StudyError
from rmresearch.study import Outcome, Study, Wave

from .programmes import failed, found, relabelled, row, rows, same, shuffled
from .studies import SKILL, make_study

#: eight people, three waves; by hand: four answered all, one stopped after the first, one after
#: the second, one left out the second only, one never answered
BEFORE = [3.0, 4, 5, 6, 2, 7, 4, None]
AFTER = [4.0, 5, 5, 6, None, 6, None, None]
LATER = [4.0, 5, 6, 6, None, None, 5, None]
ARM = ["programme", "comparison"] * 4


def eight(**options: object) -> Study:
    items = {"skill": {"before": BEFORE, "after": AFTER, "later": LATER}}
    return make_study(items, arm=ARM, paired=False, **options)  # type: ignore[arg-type]


def test_response_with_both_denominators() -> None:
    result = missingness(eight(), "skill")
    values = {"before": BEFORE, "after": AFTER, "later": LATER}
    for arm in ("programme", "comparison"):
        mine = [i for i in range(8) if ARM[i] == arm]
        first = [i for i in mine if BEFORE[i] is not None]
        for wave, answers in values.items():
            got = row(result.table("response"), arm=arm, wave=wave)
            here = [i for i in mine if answers[i] is not None]
            both = [i for i in first if answers[i] is not None]
            assert (got["assigned"], got["answered"]) == (4, len(here))
            assert got["share of assigned"] == len(here) / 4
            assert (got["answered before"], got["answered both"]) == (len(first), len(both))
            assert got["share of those before"] == len(both) / len(first)
            share = found(result, wave=wave, group=arm, contrast="")
            assert (share.value, share.n_people) == (len(here) / 4, 4)


def test_patterns_and_whether_they_are_monotone() -> None:
    result = missingness(eight(), "skill")
    table = result.table("patterns").to_frame()
    counts = dict(zip(table["answered"], table["people"], strict=True))
    assert counts == {
        "before, after, later": 4,
        "before, after": 1,
        "before": 1,
        "before, later": 1,
        "none": 1,
    }
    assert table["answered"].iloc[0] == "before, after, later"  # the commonest first
    falls = dict(zip(table["answered"], table["monotone"], strict=True))
    assert [key for key, value in falls.items() if value == "no"] == ["before, later"]
    assert "1 of 8 people answered again" in failed(result, "monotone missingness")[0]
    people = {r[2].value: r[3].members for r in result.table("patterns").rows}
    assert people["before, later"] == {"s006"}


def test_monotone_missingness_passes() -> None:
    items = {"skill": {"before": [1.0, 2, 3], "after": [1.0, 2, None], "later": [1.0, None, None]}}
    result = missingness(make_study(items), "skill")
    check = next(c for c in result.checks if c.name == "monotone missingness")
    assert check.passed


def test_rare_patterns_share_a_row() -> None:
    # all 2^4 = 16 patterns of four waves; one of them twice
    flags = [[bool(k >> w & 1) for w in range(4)] for k in range(16)] + [[True] * 4]
    waves = [Wave(f"w{w}", f"W{w}", w, baseline=w == 0) for w in range(4)]
    items = {"skill": {f"w{w}": [1.0 if f[w] else None for f in flags] for w in range(4)}}
    result = missingness(make_study(items, waves=waves), "skill")
    table = result.table("patterns").to_frame()
    assert len(table) == 12
    assert (table["answered"].iloc[0], table["people"].iloc[0]) == ("w0, w1, w2, w3", 2)
    assert table["answered"].iloc[-1] == "other patterns"
    assert table["people"].sum() == 17


def test_items_left_out_by_those_who_answered_the_scale() -> None:
    scale = Outcome("skill", "Skill", "senior", ("a", "b", "c"), low=1, high=7)
    items = {
        "a": {"before": [1.0, 2, None, None]},
        "b": {"before": [1.0, None, 3, None]},
        "c": {"before": [1.0, 2, 3, None]},
    }
    result = missingness(make_study(items, outcomes=[scale]), "skill")
    table = rows(result.table("items"))
    assert list(table["answered any"]) == [3, 3, 3]
    assert list(table["left out"]) == [1, 1, 0]
    assert list(table["share left out"]) == [1 / 3, 1 / 3, 0]
    # two of three items are enough for a score: three people answered
    assert row(result.table("response"), wave="before")["answered"] == 3


def test_those_who_answered_later_against_those_who_did_not() -> None:
    rng = np.random.default_rng(3)
    before = rng.normal(4, 1, 40)
    stayed = np.arange(40) % 3 > 0
    after = [4.0 if flag else None for flag in stayed]
    study = make_study({"skill": {"before": list(before), "after": after}}, paired=False)
    result = missingness(study, "skill")
    inside, outside = before[stayed], before[~stayed]
    points = found(result, contrast="answered - missing", term="")
    assert points.value == pytest.approx(inside.mean() - outside.mean())
    # everybody alone: CR2 is HC2, whose variance of a difference is s1^2/n1 + s2^2/n2
    hc2 = inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside)
    assert points.se == pytest.approx(np.sqrt(hc2))
    assert points.p is None
    pooled = (
        inside.var(ddof=1) * (len(inside) - 1) + outside.var(ddof=1) * (len(outside) - 1)
    ) / 38
    g = found(result, contrast="answered - missing", term="standardised")
    assert g.value == pytest.approx(points.value / np.sqrt(pooled) * (1 - 3 / (4 * 40 - 9)))
    assert g.low < g.value < g.high
    shown = row(result.table("baseline"), wave="after")
    assert (shown["answered"], shown["missing"]) == (stayed.sum(), (~stayed).sum())
    assert shown["mean missing"] == pytest.approx(outside.mean())


def test_no_difference_where_nobody_is_missing() -> None:
    items = {"skill": {"before": [1.0, 2, 3], "after": [1.0, 2, 3]}}
    result = missingness(make_study(items), "skill")
    assert not [one for one in result.estimates if one.contrast]
    shown = row(result.table("baseline"), wave="after")
    assert (shown["mean missing"], shown["difference"]) == (None, None)


def test_equal_baselines_have_no_standardised_difference() -> None:
    after = [1.0] * 8 + [None] * 8
    items = {"skill": {"before": [0.1 + 0.2] * 16, "after": after}}
    result = missingness(make_study(items, paired=False), "skill")
    # 0 up to what adding sixteen times .3 rounds
    assert found(result, contrast="answered - missing", term="").value == pytest.approx(
        0, abs=1e-12
    )
    assert not [one for one in result.estimates if one.term == "standardised"]


def test_waves_that_nobody_answered_are_not_taken_as_missing() -> None:
    items = {"skill": {"before": [1.0, 2], "after": [None, None]}}
    result = missingness(make_study(items), "skill")
    assert "no answers at after, later" in failed(result, "answers at every wave")[0]
    assert set(result.table("response").to_frame()["wave"]) == {"before"}
    assert not failed(result, "monotone missingness")
    nobody = missingness(make_study({"skill": {"before": [None, None]}}), "skill")
    assert (nobody.tables, nobody.estimates) == ((), ())
    assert failed(nobody, "answers at every wave")


def test_an_arm_that_was_not_asked_is_not_missing() -> None:
    items = {"skill": {"after": [4.0, 5, None, None, None]}}
    arm = ["programme"] * 3 + ["comparison"] * 2
    result = missingness(make_study(items, arm=arm, paired=False), "skill")
    assert "in comparison" in failed(result, "answers in every arm")[0]
    assert set(result.table("response").to_frame()["arm"]) == {"programme"}
    assert result.table("patterns").to_frame()["people"].sum() == 3


def test_what_the_codebook_does_not_ask_is_no_failing() -> None:
    liked = replace(SKILL, kirkpatrick=1, waves=("after",))
    items = {"skill": {"after": [4.0, 5, None, None]}}
    arm = ["programme", "programme", "comparison", "comparison"]
    result = missingness(make_study(items, arm=arm, outcomes=[liked], paired=False), "skill")
    assert all(check.passed for check in result.checks)
    assert row(result.table("response"))["assigned"] == 2


def test_an_outcome_first_asked_later_has_no_baseline() -> None:
    result = missingness(make_study({"skill": {"after": [1.0, None]}}), "skill")
    assert "Ask it at baseline" in failed(result, "baseline answers")[0]
    got = row(result.table("response"), wave="after")
    assert (got["answered before"], got["share of those before"]) == (None, None)


def test_all_outcomes_at_once_and_people_without_an_arm() -> None:
    other = replace(SKILL, name="other", items=("other",))
    items = {"skill": {"before": [1.0, 2, 3]}, "other": {"before": [1.0, None, 3]}}
    study = make_study(
        items, outcomes=[SKILL, other], arm=["programme", "comparison", None], paired=False
    )
    result = missingness(study)
    assert set(result.table("response").to_frame()["outcome"]) == {"skill", "other"}
    assert list(rows(result.table("response"), outcome="skill")["arm"]) == [
        "programme",
        "comparison",
        "",
    ]
    assert list(rows(result.table("response"), outcome="other")["arm"]) == ["programme", ""]
    with pytest.raises(StudyError, match="no outcome"):
        missingness(study, "thrid")


def test_anonymous_answers_show_items_only() -> None:
    scale = Outcome("skill", "Skill", "senior", ("a", "b"), low=1, high=7)
    items = {"a": {"before": [1.0, None]}, "b": {"before": [1.0, 2]}}
    result = missingness(make_study(items, outcomes=[scale], linked=False), "skill")
    assert [made.name for made in result.tables] == ["items"]
    assert failed(result, "person ids")


def test_order_and_names_change_nothing() -> None:
    result = missingness(eight(), "skill")
    same(result, missingness(shuffled(eight()), "skill"))
    study, names = relabelled(eight())
    same(result, missingness(study, "skill"), names)
