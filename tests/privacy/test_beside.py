"""S5 and S0 within a row: an attacker who inverts what stands beside a phrase learns nothing."""

from __future__ import annotations

from math import sqrt

import pytest

from rmresearch.privacy import release
from rmresearch.result import Call, Cell, Estimate, Result, Table

from .studies import pilot

STUDY = pilot()
PEOPLE = tuple(f"{role}{i:02d}" for role in "sj" for i in range(24))
Z = 1.959963984540054


def wilson(events, n):
    """The interval of a share as anybody can compute it [Wilson 1927]."""
    share = events / n
    middle = share + Z * Z / (2 * n)
    half = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return [(middle + side * half) / (1 + Z * Z / n) for side in (-1, 1)]


def let_out(columns, *row, function="answers", name="t", outcome="again", audience="leadership"):
    call = Call(function, (("study", "pilot"), ("outcome", outcome)))
    result = Result(call, (), (Table(name, "A table", columns, (row,)),))
    made = release({"answer": result}, STUDY, audience=audience)
    return [cell.value for cell in made.tables[0].rows[0]], made


def share(events, n=24, kind="proportion"):
    members = frozenset(PEOPLE[:n])
    ends = [Cell(end, kind, None, members) for end in wilson(events, n)]
    return [Cell(events / n, "proportion", events, members), *ends]


def guessed(low, high, n=24):
    """The numbers of events whose interval is rounded to this: what the attacker inverts."""
    ends = [[round(end, 2) for end in wilson(k, n)] for k in range(n + 1)]
    return [k for k in range(n + 1) if ends[k] == [low, high]]


SHARE = ("share", "share low", "share high")


def test_the_attack_that_an_interval_allows():
    # why the rule is there: to two decimals the interval of 24 tells the number of events
    assert all(guessed(*(round(e, 2) for e in wilson(k, 24))) == [k] for k in range(25))


@pytest.mark.parametrize("kind", ["proportion", "interval"])
@pytest.mark.parametrize("events", [0, 1, 2, 22, 23, 24])
def test_a_phrase_leaves_without_its_interval(events, kind):
    # S9: all who answered alike look as one or two who did not
    values, made = let_out(SHARE, *share(events, kind=kind))
    assert values == ["10% or fewer" if events < 5 else "90% or more", None, None]
    assert set(made.reasons) == {("answer", "S5")}


def test_a_number_keeps_its_interval():
    low, high = wilson(12, 24)
    assert let_out(SHARE, *share(12))[0] == [0.5, round(low, 2), round(high, 2)]


def test_what_a_phrase_does_not_bound_stays():
    columns = ("favourable", "favourable low", "favourable high", "effective n", "r", "r low")
    others = [Cell(v, "statistic", None, frozenset(PEOPLE)) for v in (24.0, 0.4, 0.1)]
    values, _ = let_out(columns, *share(24), *others)
    assert values == ["90% or more", None, None, 24.0, 0.4, 0.1]


def test_the_sd_of_yes_and_no_tells_the_share():
    # 23 of 24: SD = sqrt(23 / 24 / 24 * 24 / 23) = .204, and nothing else has it
    who = frozenset(PEOPLE[:24])
    cells = [Cell(23 / 24, "mean", None, who), Cell(sqrt(1 / 24), "sd", None, who)]
    cells += [Cell(end, "interval", None, who) for end in wilson(23, 24)]
    values, _ = let_out(("mean", "SD", "low", "high"), *cells, outcome="uses")
    assert values == ["90% or more", None, None, None]


@pytest.mark.parametrize("events", [0, 1, 3, 4])
def test_fewer_than_five_is_not_told_by_its_share(events):
    # 4 of 24 are 17%, and no other number of 24 is
    count = Cell(events, "administrative", None, frozenset(PEOPLE[:24]))
    values, made = let_out(("events", *SHARE), count, *share(events, kind="interval"))
    assert values[0] == "fewer than 5"
    assert values[1] in {"10% or fewer", None}
    assert values[2:] == [None, None]
    assert {rule for _, rule in made.reasons} <= {"S0", "S5"}
    exact, _ = let_out(
        ("events", "share"), count, Cell(1 / 6, "proportion", 4, frozenset(PEOPLE)),
        audience="technical",
    )  # fmt: skip
    assert exact == [events, 0.17]  # the analyst counts anyway


def test_who_took_part_is_no_secret_from_five_on():
    # the exact number stands beside it (S0), so its interval tells nothing
    count = Cell(24, "administrative", None, frozenset(PEOPLE[:24]))
    columns = ("met", "share of reported", "reported low", "reported high")
    values, _ = let_out(columns, count, *share(24), function="engagement", name="by-wave")
    assert values == [24, "90% or more", 0.86, "90% or more"]  # the upper end is 1 (S5)


THIRDS = ("improved", "no reliable change", "worsened")


@pytest.mark.parametrize(
    "counts, shown",
    [
        ((4, 13, 0), [0.24, None, "10% or fewer"]),  # 100 - 24 - 76: nobody got worse
        ((1, 15, 1), ["10% or fewer", 0.88, "10% or fewer"]),  # none and two, one and one, ...
        ((5, 7, 5), [0.29, 0.41, 0.29]),
        ((17, 0, 0), ["90% or more", "10% or fewer", "10% or fewer"]),
    ],
)
def test_the_other_shares_do_not_tell_a_phrase(counts, shown):
    who = frozenset(PEOPLE[:17])
    row = [Cell(k / 17, "proportion", k, who) for k in counts]
    assert let_out(THIRDS, *row, outcome="skill")[0] == shown


RECOMMEND = ("favourable", "net recommend", "net recommend low", "net recommend high")


@pytest.mark.parametrize(
    "promoters, detractors, shown",
    [
        (24, 0, False),  # everybody
        (22, 2, False),  # 83.33 beside "90% or more" is 22 and 2
        (0, 23, False),  # nearly everybody would not
        (12, 6, True),
    ],
)
def test_promoters_less_detractors_tell_no_unanimous_group(promoters, detractors, shown):
    who = frozenset(PEOPLE[:24])
    net = 100 * (promoters - detractors) / 24
    ends = [Cell(v, "statistic", None, who) for v in (net, net - 20.0, net + 10.0)]
    values, _ = let_out(RECOMMEND, Cell(promoters / 24, "proportion", promoters, who), *ends)
    assert [value is not None for value in values[1:]] == [shown] * 3


@pytest.mark.parametrize(
    "promoters, net, shown", [(24, 100.0, False), (22, 83.3, False), (0, -95.8, False),
                              (12, 25.0, True)]
)  # fmt: skip
def test_neither_do_they_as_estimates(promoters, net, shown):
    who = frozenset(PEOPLE[:24])
    form = {"outcome": "again", "role": "senior", "wave": "after", "n_people": 24, "members": who}
    both = (
        Estimate(value=promoters / 24, term="favourable", **form),
        Estimate(value=net, low=net - 9, high=net + 9, se=4.5, term="net-recommend", **form),
    )
    result = Result(Call("reaction", (("study", "pilot"), ("outcome", "again"))), both, ())
    one = release({"answer": result}, STUDY).estimates[1]
    assert (one.value is not None, one.low is not None) == (shown, shown)


@pytest.mark.parametrize("column", ["finding", "interval", "reading", "Reading"])
def test_words_read_from_hidden_numbers_are_hidden(column):
    # four people: the number may not leave, and neither may what it says
    number = Cell(0.4, "contrast", None, frozenset(PEOPLE[:4]))
    values, made = let_out((column, "difference"), Cell("holds 0", "label"), number)
    assert values == [None, None]
    assert made.reasons == (("answer", "S1"),)  # one number
    number = Cell(0.4, "contrast", None, frozenset(PEOPLE))
    assert let_out((column, "difference"), Cell("holds 0", "label"), number)[0][0] == "holds 0"
    number = Cell(0.4, "contrast", None, frozenset(PEOPLE[:4]))
    assert let_out(("role", "difference"), Cell("senior", "label"), number)[0][0] == "senior"


QUALITY = ("role", "arm", "outcome", "favourable", "mean",
           "warning low", "warning high", "action low", "action high")  # fmt: skip


def chart(*favourable, n=24):
    """The rounds of one question: limits of two and three standard errors around those before."""
    who, rows = frozenset(PEOPLE[:n]), []
    for i, events in enumerate(favourable):
        before = sum(favourable[:i]) / (n * i) if i else None
        width = sqrt(before * (1 - before) / n * (1 + 1 / i)) if i else 0.0
        ends = [before + k * width if i else None for k in (-2, 2, -3, 3)]
        named = [Cell(text, "label") for text in ("senior", "programme", "again")]
        numbers = [Cell(events / n, "proportion", events, who), Cell(3.3, "mean", None, who)]
        limits = [Cell(end, "proportion", None, who) for end in ends]
        rows.append((*named, *numbers, *limits))
    return Table("quality", "Questions on the way", QUALITY, tuple(rows))


def test_limits_do_not_tell_the_share_they_were_reckoned_from():
    # after a first round of 23 in 24 only 23 in 24 gives these limits, to a whole point
    call = Call("pulse", (("study", "pilot"),))
    made = release({"pulse": Result(call, (), (chart(23, 12, 12),))}, STUDY, audience="pulse")
    rows = [[cell.value for cell in row] for row in made.tables[0].rows]
    assert [row[3] for row in rows] == ["90% or more", 0.5, 0.5]
    assert all(row[5:] == [None] * 4 for row in rows)
    made = release({"pulse": Result(call, (), (chart(15, 12, 12),))}, STUDY, audience="pulse")
    rows = [[cell.value for cell in row] for row in made.tables[0].rows]
    assert all(None not in row[5:] for row in rows[1:])
