"""S3: an attacker who lists every dataset that fits what was published learns little of a group."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rmresearch.privacy import release
from rmresearch.privacy.complement import Level, narrowed, widths
from rmresearch.result import Call, Cell, Result, Table

from .studies import pilot

STUDY = pilot()
SENIORS = tuple(f"s{i:02d}" for i in range(24))
POINTS = (1.0, 5.0)


def group(*places, of=40):
    return np.isin(np.arange(of), places)


def shown(places, mean, half=0.05, rank=0):
    return Level(group(*places), mean, mean - half, mean + half, rank)


def secret(places, mean):
    return Level(group(*places), mean)


# --- by hand ---------------------------------------------------------------------------------


def test_a_total_and_all_other_groups_tell_the_last_one():
    # 3 of 12 are hidden; their mean is (12 m - 9 b) / 3, known to (12 + 9) * .05 / 3 = .35
    levels = [shown(range(12), 3.0), shown(range(3, 12), 3.0, rank=3), secret(range(3), 3.0)]
    assert widths(levels[:2], levels[2].people[None], POINTS, np.inf)[0] == pytest.approx(0.7)
    assert narrowed(levels, POINTS, 0.25, 5) == {1}  # the least planned gives way
    assert narrowed(levels, (-np.inf, np.inf), 0.25, 5) == {1}
    # 4 of 40: rounding alone leaves (40 + 36) * .05 / 4 = .95 to each side
    levels = [shown(range(40), 3.0), shown(range(4, 40), 3.0, rank=3), secret(range(4), 3.0)]
    assert widths(levels[:2], levels[2].people[None], POINTS, np.inf)[0] == pytest.approx(1.9)
    assert narrowed(levels, POINTS, 0.25, 5) == set()
    assert narrowed(levels, (-np.inf, np.inf), 0.25, 5) == {1}  # no range, and yet it is bound


def test_a_total_at_the_end_of_the_scale_tells_each_part():
    # 12 people at 4.85 or more have 58.2 points; six others at most 30, so these at least 28.2
    levels = [shown(range(12), 4.9), secret(range(6), 4.9)]
    found = widths(levels[:1], levels[1].people[None], POINTS, np.inf)
    assert found[0] == pytest.approx(5 - 28.2 / 6)
    assert narrowed(levels, POINTS, 0.25, 5) == {0}


def test_a_share_keeps_forty_points():
    # 20 people at 49.5 to 50.5%, ten of them too: the others at 50 +- 1.5
    half = shown(range(10), 0.5, 0.005, rank=1)
    levels = [shown(range(20), 0.5, 0.005), half, secret(range(10, 20), 0.5)]
    found = widths(levels[:2], levels[2].people[None], (0, 1), np.inf)
    assert found[0] == pytest.approx(0.03)
    assert narrowed(levels, (0, 1), 0.4, 5) == {1}


def test_what_nothing_published_touches_is_free():
    assert widths([], group(1)[None], POINTS, np.inf)[0] == np.inf
    assert narrowed([shown(range(5), 3.0), secret(range(5, 8), 3.0)], POINTS, 0.25, 5) == set()
    assert narrowed([secret(range(3), 3.0)], POINTS, 0.25, 5) == set()
    assert narrowed([], POINTS, 0.25, 5) == set()


def test_small_groups_that_nobody_tabulated_are_guarded_too():
    # the first person is all that two published groups share, who are known with everybody
    a, b, everyone = range(6), (0, *range(6, 11)), range(11)
    levels = [shown(a, 3.0), shown(b, 3.0), shown(everyone, 3.0, rank=1)]
    # sum(a) + sum(b) - sum(all) = 3 +- (6 + 6 + 11) * .05
    found = widths(levels, group(0)[None], POINTS, np.inf)[0]
    assert found == pytest.approx(2 * 23 * 0.05)
    assert narrowed(levels, POINTS, 0.25, 5) == set()  # rounding hides it on five points
    assert narrowed(levels, (1, 25), 0.25, 5) == {2}


def test_values_that_contradict_each_other_protect_nobody():
    levels = [shown(range(12), 3.0), shown(range(12), 3.5, rank=1), secret(range(3), 3.0)]
    assert widths(levels[:2], levels[2].people[None], POINTS, np.inf)[0] == 0
    assert narrowed(levels, POINTS, 0.25, 5) == {1}


def test_the_group_that_alone_sets_it_free_goes_before_one_that_does_not():
    # the department is planned less but tells nothing of the hidden three
    levels = [
        shown(range(12), 3.0, rank=1),
        shown(range(3, 12), 3.0, rank=0),
        shown((0, 1, *range(20, 38)), 3.0, rank=3),
        secret(range(3), 3.0),
    ]
    assert narrowed(levels, POINTS, 0.25, 5) == {0}


# --- against arithmetic by another route -----------------------------------------------------


@given(st.integers(1, 20), st.integers(1, 20), st.floats(1.1, 4.9), st.floats(0.001, 0.5))
def test_one_published_group_bounds_its_parts_as_arithmetic_says(part, rest, mean, half):
    n = part + rest
    most, least = n * min(5, mean + half), n * max(1, mean - half)
    expected = (min(5 * part, most - rest) - max(part, least - 5 * rest)) / part
    level = Level(group(*range(n), of=40), mean, mean - half, mean + half)
    found = widths([level], group(*range(part), of=40)[None], POINTS, np.inf)[0]
    assert found == pytest.approx(expected, abs=1e-6)  # the solver's tolerance


@st.composite
def systems(draw):
    answers = np.array(draw(st.lists(st.integers(1, 5), min_size=12, max_size=12)), float)
    sets = draw(st.lists(st.frozensets(st.integers(0, 11), min_size=3), min_size=1, max_size=5))
    levels = []
    for places in sets:
        people = group(*places, of=12)
        mean = float(answers[people].mean())
        levels.append(Level(people, mean, round(mean, 1) - 0.05, round(mean, 1) + 0.05))
    target = group(*draw(st.frozensets(st.integers(0, 11), min_size=1)), of=12)
    return answers, levels, target


@given(systems())
def test_the_quick_answer_never_promises_more_than_the_programme(system):
    answers, levels, target = system
    told = [Level(target, float(answers[target].mean()))]
    quick = widths(levels, target[None], POINTS, 0.0, told)[0]
    exact = widths(levels, target[None], POINTS, np.inf, told)[0]
    assert quick <= exact + 1e-6


# --- the attacker ----------------------------------------------------------------------------


def cross_table(sizes, answers):
    """Sets and true means of a two-by-two table with its margins, from scores of three items."""
    ends = np.cumsum(sizes)
    cells = [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    unions = {"a": (0, 1), "b": (2, 3), "c": (0, 2), "d": (1, 3), "all": (0, 1, 2, 3)}
    groups = {name: [p for i in parts for p in cells[i]] for name, parts in unions.items()}
    groups |= {f"cell {i}": list(cell) for i, cell in enumerate(cells)}
    return {name: (unions.get(name), places, answers[places].mean())
            for name, places in groups.items()}  # fmt: skip


def let_out(groups):
    rows = tuple(
        (Cell(name, "label"), Cell(mean, "mean", None, frozenset(SENIORS[p] for p in places)))
        for name, (_, places, mean) in groups.items()
    )
    table = Table("t", "T", ("group", "mean"), rows)
    made = release({"a": Result(Call("x", (("outcome", "skill"),)), (), (table,))}, STUDY)
    return {row[0].value: row[1].value for row in made.tables[0].rows}, made


@settings(max_examples=25)
@given(
    st.lists(st.integers(3, 4), min_size=4, max_size=4),
    st.sampled_from([(1, 1, 1, 1, 1), (0, 0, 0, 1, 6), (12, 1, 0, 0, 1), (0, 0, 0, 1, 30)]),
    st.integers(0, 2**20),
)
def test_listing_every_dataset_that_fits_does_not_tell_a_hidden_group(sizes, leaning, seed):
    rng = np.random.default_rng(seed)
    chance = np.array(leaning) / sum(leaning)
    answers = rng.choice(np.arange(1, 6), (sum(sizes), 3), p=chance).mean(axis=1)
    groups = cross_table(sizes, answers)
    values, _ = let_out(groups)
    # every possible sum of thirds of each of the four cells, all combinations of them
    sums = np.meshgrid(*[np.arange(3 * n, 15 * n + 1) for n in sizes], indexing="ij", sparse=True)
    fits = np.ones([12 * n + 1 for n in sizes], bool)
    for name, (parts, places, _) in groups.items():
        if values[name] is not None:
            total = sum(sums[i] for i in (parts or [int(name[-1])]))
            half = 3 * len(places) * 0.05 + 1e-6
            fits &= np.abs(total - 3 * len(places) * values[name]) <= half
    assert fits.any()
    for i, n in enumerate(sizes):
        left = np.flatnonzero(fits.any(axis=tuple(j for j in range(4) if j != i)))
        width = (left[-1] - left[0]) / (3 * n)
        # 25% of four points; whole answers may end up to a third of a point short on either side
        assert width >= 1 - 2 / (3 * n)


def test_without_the_rule_the_attacker_would_win():
    """What the release gives up is what would have told: eleven of twelve answered 5."""
    answers = np.full(12, 5.0)
    answers[0] = 4.0
    groups = cross_table([3, 3, 3, 3], answers)
    values, made = let_out(groups)
    assert "S3" in {rule for _, rule in made.reasons}
    published = {"a": 4.8, "b": None, "c": 4.8, "d": None, "all": 4.9}  # S5 hides what is all 5
    assert values["all"] is None
    fits = [
        sums
        for sums in product(range(9, 46), repeat=2)  # thirds of the cells of row a
        if abs((sums[0] + sums[1]) / 18 - published["a"]) <= 0.05
    ]
    assert min(sums[0] for sums in fits) / 9 > 4  # row a alone would tell its cells within a point
    assert values["a"] is None
    assert any("computed from them" in sentence for sentence in made.hidden)


def test_tables_in_the_middle_of_the_scale_keep_their_margins():
    rng = np.random.default_rng(3)
    answers = rng.choice(np.arange(1, 6), (16, 3)).mean(axis=1)
    values, made = let_out(cross_table([4, 4, 4, 4], answers))
    assert {rule for _, rule in made.reasons} == {"S1"}
    assert [name for name, value in values.items() if value is None] == [
        f"cell {i}" for i in range(4)
    ]
