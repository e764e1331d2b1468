"""S2: no two published sets tell a few people apart; tried by taking every difference by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmresearch.privacy import release
from rmresearch.privacy.crowds import Crowds
from rmresearch.privacy.differencing import Claim, Past, PastSet, refused
from rmresearch.privacy.subjects import Subject, Subjects
from rmresearch.result import Call, Cell, Estimate, Result, Table

from .studies import pilot

STUDY = pilot()
CROWDS = Crowds(STUDY)
SENIORS = tuple(f"s{i:02d}" for i in range(24))
AFTER = Subject("skill", ("after",))


def seniors(*span):
    return frozenset(SENIORS[slice(*span)])


def juniors(*span):
    return frozenset(one.replace("s", "j") for one in SENIORS[slice(*span)])


def kept(*sets, past=None, study=STUDY):
    """Which sets are published, asked one after the other."""
    claims = [Claim(*one) if isinstance(one, tuple) else Claim(AFTER, one) for one in sets]
    out = refused(dict.fromkeys(claims, 0), Crowds(study), past)
    return [claim not in out for claim in claims]


# --- by hand ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n, both", [(24, True), (23, False), (20, False), (19, True), (5, True)])
def test_nested_sets_differ_by_nobody_or_by_five(n, both):
    assert kept(seniors(24), seniors(n)) == [True, both]


def test_sets_that_overlap_differ_by_whom_one_of_them_lacks():
    # 12 people each, one of each is not in the other: two people's answers stand against each other
    assert kept(seniors(0, 12), seniors(1, 13)) == [True, False]
    assert kept(seniors(0, 12), seniors(3, 15)) == [True, True]  # six people differ
    assert kept(seniors(0, 6), seniors(6, 12)) == [True, True]


def test_five_of_each_kind_differ():
    # the second set adds six seniors and one junior, who would be alone
    assert kept(seniors(6), seniors(12) | juniors(1)) == [True, False]
    assert kept(seniors(6), seniors(12) | juniors(5)) == [True, True]
    # six more people are three pairs
    assert kept(seniors(6), seniors(9) | juniors(6, 9)) == [True, False]


def test_those_who_answered_count():
    sets = [(Subject("listens"), seniors(24)), (Subject("listens"), seniors(12))]
    assert kept(*sets, study=pilot(rater="boss")) == [True, False]  # one answered for all
    assert kept(*sets) == [True, True]  # each by their junior


def test_another_variable_or_wave_tells_nothing():
    near = seniors(23)
    assert kept(seniors(24), (Subject("use", ("after",)), near)) == [True, True]
    assert kept(seniors(24), (Subject("skill", ("before",)), near)) == [True, True]
    assert kept(seniors(24), (Subject("skill", ("before", "after")), near)) == [True, False]
    assert kept(seniors(24), (Subject("skill"), near)) == [True, False]  # at no wave named: at all
    assert kept((Subject("skill"), seniors(24)), (Subject("skill"), near)) == [True, False]


def test_the_planned_estimate_chooses_first():
    claims = {Claim(AFTER, seniors(23)): 3, Claim(AFTER, seniors(24)): 0}
    assert refused(claims, CROWDS) == {Claim(AFTER, seniors(23))}


def test_a_raised_threshold_holds_for_differences():
    assert kept(seniors(24), seniors(18), study=pilot(smallest_mean=7)) == [True, False]


def past(subject=AFTER, members=frozenset(), gone=0):
    strangers = np.arange(6) < gone
    return Past((PastSet(subject, CROWDS.people(members), strangers),), ("s",) * 6)


def test_what_was_published_before_counts():
    assert kept(seniors(24), past=past(members=seniors(23))) == [False]
    assert kept(seniors(24), past=past(members=seniors(24))) == [True]
    assert kept(seniors(24), past=past(Subject("use"), members=seniors(23))) == [True]
    # one person withdrew: the new mean beside the old one would tell the answer
    assert kept(seniors(23), past=past(members=seniors(23), gone=1)) == [False]
    # six withdrew, who are no longer known: they count as one pair
    assert kept(seniors(18), past=past(members=seniors(18), gone=6)) == [False]


# --- through the door ------------------------------------------------------------------------


def sets_of(*rows):
    """A release of means of the given sets, one row each."""
    told = [(Cell("x", "label"), Cell(3.3, "mean", None, who)) for who in rows]
    result = Result(
        Call("describe", (("outcome", "skill"),)), (), (Table("t", "T", ("group", "mean"), told),)
    )
    return release({"a": result}, STUDY)


people = st.frozensets(st.sampled_from([*SENIORS, *sorted(juniors(24))]), min_size=5, max_size=40)


@given(st.lists(people, min_size=1, max_size=8))
def test_an_attacker_who_takes_all_differences_finds_no_small_group(groups):
    groups += [group | {"s00", "j03"} for group in groups] + [group - {"s01"} for group in groups]
    made = sets_of(*groups).tables[0].rows
    shown = {who for who, row in zip(groups, made, strict=True) if not row[1].hidden}
    for one, other in combinations(shown, 2):
        assert len(one ^ other) >= 5
        for small, large in ((one, other), (other, one)):
            if small < large:
                more = large - small
                assert len({who[1:] for who in more}) >= 5  # pairs
                assert all(sum(w[0] == role for w in more) not in {1, 2, 3, 4} for role in "sj")


@given(st.lists(people, min_size=1, max_size=8, unique=True))
def test_no_set_is_refused_for_nothing(groups):
    taken = kept(*groups)
    for place, who in enumerate(groups):
        if not taken[place]:
            before = [one for one, free in zip(groups[:place], taken, strict=False) if free]
            assert any(
                len(who ^ one) < 5
                or ((who < one or one < who) and len({w[1:] for w in who ^ one}) < 5)
                or (
                    (who < one or one < who)
                    and any(sum(w[0] == role for w in who ^ one) in range(1, 5) for role in "sj")
                )
                for one in before
            )


def test_a_hidden_group_takes_its_difference_along():
    row = (
        Cell(3.0, "mean", None, seniors(0, 23)),
        Cell(2.0, "mean", None, juniors(0, 23)),
        Cell(1.0, "contrast", None, seniors(0, 23) | juniors(0, 23)),
    )
    whole = (Cell(3.1, "mean", None, seniors(24)), *[Cell("", "label")] * 2)
    tables = (Table("t", "T", ("a", "b", "difference"), (whole, row)),)
    made = release({"a": Result(Call("x", (("outcome", "skill"),)), (), tables)}, STUDY)
    assert [one.hidden for one in made.tables[0].rows[1]] == [True, False, True]
    assert {rule for _, rule in made.reasons} == {"S2", "S1"}
    assert any("few people's answers" in sentence for sentence in made.hidden)


def test_the_number_of_people_in_a_set_of_its_own_is_banded():
    rows = [
        (Cell(len(who), "count", None, who), Cell(3.3, "mean", None, who))
        for who in (seniors(24), seniors(23))
    ]
    tables = (Table("t", "T", ("people", "mean"), tuple(rows)),)
    made = release({"a": Result(Call("x", (("outcome", "skill"),)), (), tables)}, STUDY)
    first, second = made.tables[0].rows
    assert (first[0].value, first[1].value) == (24, 3.3)
    assert (second[0].value, second[1].hidden) == ("20 to 24", True)


def test_a_refused_estimate_is_in_no_table_either():
    record = Estimate(outcome="skill", wave="after", value=0.3, contrast="a - b",
                      members=seniors(24), n_people=24)  # fmt: skip
    other = Estimate(outcome="skill", wave="after", value=0.4321, contrast="a - b",
                     term="completers", members=seniors(23), n_people=23)  # fmt: skip
    row = (Cell("use", "label"), Cell(0.4321, "contrast", None, seniors(23)))
    tables = (Table("t", "T", ("x", "difference"), (row,)),)
    made = release({"a": Result(Call("compare_arms"), (other, record), tables)}, STUDY)
    assert [one.hidden for one in made.estimates] == [True, False]
    assert made.tables[0].rows[0][1].hidden


# --- what a number is about ------------------------------------------------------------------


@pytest.mark.parametrize(
    "function, fields, subject",
    [
        ("compare_arms", {"wave": "after"}, AFTER),
        ("compare_arms", {"wave": "After"}, AFTER),  # a label
        ("pre_post", {"wave": "after", "contrast": "after - before"},
         Subject("skill", ("after", "before"))),
        ("attrition", {"wave": "after", "contrast": "leavers - stayers"},
         Subject("skill", ("before",))),
        ("mixed_model", {"term": "variance"}, Subject("skill")),
        ("attrition", {"wave": "after", "term": "overall-attrition"}, None),
        ("missingness", {"wave": "after"}, None),
        ("missingness", {"wave": "after", "term": "imputed"}, AFTER),
    ],
)  # fmt: skip
def test_what_an_estimate_is_about(function, fields, subject):
    one = Estimate(outcome="skill", value=1.0, **fields)
    outcome = STUDY.design.outcomes[0]
    assert Subjects(STUDY.design).estimate(function, one, outcome) == subject


def about(table, columns, *labels, function="describe", asked="", outcome=True):
    row = [Cell(text, "label") for text in labels]
    row += [Cell(1.0, "mean")] * (len(columns) - len(labels))
    skill = STUDY.design.outcomes[0] if outcome else None
    return Subjects(STUDY.design).row((function, table), columns, row, skill, asked)


def test_what_a_row_is_about():
    assert about("t", ("wave", "mean"), "After")[1] == AFTER
    assert about("t", ("mean",), asked="after")[0] == AFTER
    assert about("t", ("wave", "item", "mean"), "after", "q1")[2] == Subject("q1", ("after",))
    assert about("baseline", ("sample", "mean"), "analysed")[1] == Subject("skill", ("before",))
    columns = ("characteristic", "mean")
    assert about("t", columns, "Age", outcome=False)[1] == Subject("Age")
    assert about("t", columns, "Digital skill, before")[1] == Subject("skill", ("before",))
    assert about("t", ("mean", "share answered"))[1] is None
    assert about("flow", ("stage", "x"), "met", function="attrition") == [None, None]
    both = about("t", ("mean before", "mean after", "change"), function="pre_post", asked="after")
    assert [one.waves for one in both] == [("before",), ("after",), ("before", "after")]
