"""S3 for counts: an attacker who knows the totals lists every table that fits."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmresearch.privacy import release
from rmresearch.privacy.bins import hidden_too
from rmresearch.result import Call, Cell, Result, Table

from .studies import pilot

STUDY = pilot()
SENIORS = tuple(f"s{i:02d}" for i in range(24))
BINS = ("1-2", "3", "4-5")


@pytest.mark.parametrize(
    "counts, hidden, more",
    [
        ((5, 9, 4), {2}, {0}),  # 4 is the total less 14: the next smallest goes too
        ((6, 3, 9), {1}, {0}),
        ((0, 0, 12, 6), {0, 1}, {3}),  # two hidden bins of nobody are no secret yet
        ((2, 3, 9), {0, 1}, set()),
        ((5, 9), set(), set()),
        ((1, 2), {0, 1}, set()),  # nothing is left to hide
    ],
)
def test_what_goes_beside_a_hidden_bin(counts, hidden, more):
    assert hidden_too(dict(enumerate(counts)), hidden) == more


def row(name, counts, start=0):
    """Bins of so many seniors, one after the other from ``start``."""
    sets, at = [], start
    for n in counts:
        sets.append(frozenset(SENIORS[at : at + n]))
        at += n
    everyone = frozenset().union(*sets)
    return [Cell(name, "label"), Cell(len(everyone), "administrative", None, everyone)], sets


def let_out(*rows):
    table = Table("t", "T", ("group", "people", *BINS), tuple(
        (*head, *(Cell(len(who), "count", None, who) for who in sets)) for head, sets in rows
    ))  # fmt: skip
    made = release({"a": Result(Call("x", (("outcome", "skill"),)), (), (table,))}, STUDY)
    return made, [[cell.value for cell in one[2:]] for one in made.tables[0].rows]


def test_a_published_total_does_not_tell_a_hidden_bin():
    made, shown = let_out(row("all", (5, 9, 4)))
    assert shown == [[None, 9, None]]
    assert sorted(rule for _, rule in made.reasons) == ["S1", "S3"]


def test_rows_that_hold_each_other_hide_the_same_bins():
    a, b = row("a", (2, 5, 5)), row("b", (6, 3, 3), start=12)
    both = [one | other for one, other in zip(a[1], b[1], strict=True)]
    _, shown = let_out(a, b, (row("all", (12, 6, 6))[0], both))
    assert shown == [[None, None, None]] * 3  # a lacks the first bin, b the others


#: twelve people in three bins
twelve = st.lists(st.integers(0, 12), min_size=2, max_size=2).map(
    lambda cuts: (min(cuts), max(cuts) - min(cuts), 12 - max(cuts))
)


@given(twelve, twelve)
def test_listing_all_tables_that_fit_leaves_five_possible_people(first, second):
    a, b = row("a", first), row("b", second, start=sum(first))
    both = [one | other for one, other in zip(a[1], b[1], strict=True)]
    totals = (sum(first), sum(second))
    head, _ = row("all", [x + y for x, y in zip(first, second, strict=True)])
    _, (shown_a, shown_b, shown_all) = let_out(a, b, (head, both))
    tables = [
        [t for t in product(range(total + 1), repeat=3)
         if sum(t) == total and all(s in (None, x) for s, x in zip(shown, t, strict=True))]
        for total, shown in zip(totals, (shown_a, shown_b), strict=True)
    ]  # fmt: skip
    fits = [
        (x, y)
        for x, y in product(*tables)
        if all(s in (None, i + j) for s, i, j in zip(shown_all, x, y, strict=True))
    ]
    for place, shown in product(range(3), (0, 1)):
        if (shown_a, shown_b)[shown][place] is None:
            values = [pair[shown][place] for pair in fits]
            assert max(values) - min(values) >= min(5, totals[shown])
