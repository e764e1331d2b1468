"""S8: who left is counted in steps of five, by hand and by an attacker who subtracts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmresearch.privacy import release
from rmresearch.privacy.leavers import merged, tells_leavers
from rmresearch.result import Call, Cell, Estimate, Result, Table

from .studies import pilot

STUDY = pilot()
PAIRS = tuple(f"p{i:02d}" for i in range(24))
LIFE = (
    "arm", "month", "at risk", "ended early", "followed no longer", "share still paired", "low",
    "high",
)  # fmt: skip


def admin(n):
    return Cell(n, "administrative", None, frozenset(PAIRS[:n]))


def life(ended, lost=None, arm="programme"):
    """A table of 24 pairs of which so many ended early, and were followed no longer, by month."""
    rows, risk, share = [], 24, 1.0
    for month, (out, off) in enumerate(zip(ended, lost or [0] * len(ended), strict=True), 1):
        share *= 1 - out / max(risk, 1)
        rows.append(
            (
                Cell(arm, "label"), Cell(month, "label"), admin(risk), admin(out), admin(off),
                *[Cell(v, "proportion", None, frozenset(PAIRS)) for v in (share, share / 2, 0.99)],
            )
        )  # fmt: skip
        risk -= out + off
    return Table("pair-life", "How long pairs lived", LIFE, tuple(rows))


def plain(table, function="attrition"):
    out, veils = merged(function, table)
    return [tuple(cell.value for cell in row[1:5]) for row in out.rows], [len(v) for v in veils]


def test_months_are_joined_until_five_pairs_ended():
    assert plain(life([2, 3, 1, 4, 5])) == (
        [("1 to 2", 24, 5, 0), ("3 to 4", 19, 5, 0), (5, 14, 5, 0)],
        [0, 0, 0],
    )
    # the last one alone is no step: it joins the step before
    assert plain(life([5, 0, 6, 0, 1])) == ([(1, 24, 5, 0), ("2 to 5", 19, 7, 0)], [0, 0])
    # two who are followed no longer would be told by what is left at risk
    assert plain(life([5, 0, 5], [2, 3, 0])) == ([("1 to 2", 24, 5, 5), (3, 14, 5, 0)], [0, 0])


def test_fewer_than_five_are_one_row_without_a_share():
    assert plain(life([2, 0, 2])) == ([("1 to 3", 24, 4, 0)], [3])
    assert plain(life([0, 0, 0])) == ([("1 to 3", 24, 0, 0)], [3])
    # 21 of 24 ended: the three who stayed are few, too
    assert plain(life([21])) == ([(1, 24, 21, 0)], [3])


def test_arms_are_apart():
    both = life([5, 0]).rows + life([0, 2], arm="later").rows
    rows, veils = plain(Table("pair-life", "t", LIFE, both))
    assert rows == [("1 to 2", 24, 5, 0), ("1 to 2", 24, 2, 0)]
    assert veils == [0, 3]


def let_out(table, function="attrition", estimates=()):
    made = release({"a": Result(Call(function), tuple(estimates), (table,))}, STUDY)
    return made, [[cell.value for cell in row] for row in made.tables[0].rows]


def test_the_share_is_hidden_and_the_reason_is_said():
    made, rows = let_out(life([2, 0, 2]))
    assert rows == [["programme", "1 to 3", 24, "fewer than 5", "fewer than 5", None, None, None]]
    assert {rule for _, rule in made.reasons} == {"S8"}
    assert "would tell how many of a few left" in made.hidden[0]
    assert let_out(life([0, 0, 0]))[1] == rows  # S9: none looks as four


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=6),
    st.lists(st.integers(0, 3), min_size=6, max_size=6),
)
def test_subtracting_what_is_shown_finds_no_few(ended, lost):
    table = life(ended, lost[: len(ended)] if sum(ended) + sum(lost) <= 24 else None)
    _, rows = let_out(table)
    risks = [row[2] for row in rows]
    for before, after in itertools.pairwise(risks):
        gone = before - after if isinstance(after, int) else 5
        assert gone >= 5
    for row in rows:
        if row[5] is not None:
            assert row[3] >= 5
    whole = merged("attrition", table)[0].rows
    assert sum(row[3].value for row in whole) == sum(ended)  # nobody is lost


def reasons(*given_by):
    rows = tuple(
        (Cell("programme", "label"), Cell(word, "label"), admin(n),
         Cell(n / 24, "proportion", n, frozenset(PAIRS)))
        for word, n in given_by
    )  # fmt: skip
    return Table("reasons", "Why", ("arm", "reason", "pairs", "share of started"), rows)


@pytest.mark.parametrize(
    "given_by, expected",
    [
        ([("moved", 6), ("busy", 2), ("other", 3)], [("moved", 6, 0.25), ("other", 5, 5 / 24)]),
        ([("moved", 6), ("busy", 2)], [("other", 8, 1 / 3)]),  # two are joined by their neighbour
        ([("moved", 6), ("busy", 5)], [("moved", 6, 0.25), ("busy", 5, 5 / 24)]),
        ([("busy", 1), ("moved", 2)], [("other", 3, 0.125)]),
    ],
)
def test_rare_reasons_are_joined(given_by, expected):
    out, veils = merged("attrition", reasons(*given_by))
    assert [tuple(c.value for c in row[1:]) for row in out.rows] == [
        (word, n, pytest.approx(share)) for word, n, share in expected
    ]
    assert [bool(veil) for veil in veils] == [n < 5 for _, n, _ in expected]


def cadence(*months):
    """A table of running pairs, of these who met, and of pairs still meeting, by month."""
    columns = ("arm", "running", "met", "share of running", "still meeting", "share of followed")
    rows = tuple(
        (Cell("programme", "label"), admin(run), admin(met), Cell(0.5, "proportion"), admin(meet),
         Cell(0.5, "proportion"))
        for run, met, meet in months
    )  # fmt: skip
    return Table("cadence", "t", columns, rows)


def test_falling_numbers_are_shown_again_when_five_have_gone():
    months = [(24, 9, 24), (24, 9, 23), (22, 9, 20), (19, 9, 19), (19, 9, 14)]
    _, veils = merged("engagement", cadence(*months))
    assert veils == [set(), {4, 5}, {1, 3, 4, 5}, set(), set()]


@pytest.mark.parametrize("met, hidden", [(23, True), (21, True), (20, False), (9, False)])
def test_those_who_met_do_not_tell_how_few_had_ended(met, hidden):
    # 23 of 24 run, which is hidden; those who met were running, so 24 - met or fewer had ended:
    # anything from 0 to 4, five numbers, only while 20 or fewer met
    _, veils = merged("engagement", cadence((24, 24, 24), (23, met, 24)))
    assert (2 in veils[1]) == hidden


def test_other_tables_are_left_alone():
    table = reasons(("moved", 2))
    assert merged("describe", table) == (table, [frozenset()])


@pytest.mark.parametrize(
    "value, hidden",
    [(20 / 24, True), (19 / 24, False), (5 / 24, False), (4 / 24, True), (0.95, False)],
)
def test_a_share_still_paired_needs_five_who_left_and_five_who_stayed(value, hidden):
    one = Estimate(value=value, term="still-paired", n_pairs=24, n_people=48,
                   members=frozenset(PAIRS))  # fmt: skip
    assert tells_leavers(one) == hidden
    made, _ = let_out(life([0]), estimates=[one])
    assert made.estimates[0].hidden == hidden
    assert not tells_leavers(Estimate(value=value, term="met", n_pairs=24))


@pytest.mark.parametrize(
    "value, people, hidden",
    [(3 / 12, 12, True), (4 / 12, 12, True), (5 / 12, 12, False), (1 / 24, 24, False)],
)
def test_a_share_of_people_who_left_needs_five_of_them(value, people, hidden):
    # 25% of 12 are three; "10% or fewer" of 24 are none, one or two
    who = frozenset(f"s{i:02d}" for i in range(people))
    one = Estimate(value=value, term="share", outcome="left", n_people=people, members=who)
    assert tells_leavers(one) == hidden
    made, _ = let_out(life([0]), estimates=[one])
    assert made.estimates[0].hidden == hidden


ASKED = ("role", "arm", "wave", "who", "asked", "answered", "share answered")


def asked(started, finished):
    rows = []
    for who, n in (("starters", started), ("finishers", finished)):
        labels = [Cell(text, "label") for text in ("senior", "programme", "m6", who)]
        rate = Cell(10 / n, "proportion", 10, frozenset(PAIRS[:n]))
        rows.append((*labels, admin(n), admin(10), rate))
    return Table("reaction", "Reactions", ASKED, tuple(rows))


def test_how_many_finished_does_not_tell_how_few_did_not():
    for finished in (24, 23, 20):  # S9: none who left looks as one or four
        rows = let_out(asked(24, finished), "reaction")[1]
        assert rows[0][4] == 24
        # 20 of the starters answered: 16 of the finishers would be four who left, and no fewer
        assert rows[1][4:] == [None, None, None]
    assert let_out(asked(24, 19), "reaction")[1][1][4:6] == [19, 10]


def test_those_followed_no_longer_do_not_tell_how_few_ended():
    # 24 at risk, 20 followed no longer: the other four ended early
    rows = let_out(life([4], [20]))[1]
    assert rows == [["programme", 1, 24, "fewer than 5", None, None, None, None]]
    assert let_out(life([0], [24]))[1] == rows
    assert let_out(life([6], [18]))[1][0][2:5] == [24, 6, 18]
