"""What must not change an answer: row order, ids, units, names of arms, empty levels, more columns.

Every analysis of `registry.CASES` is put through all of them. Ends of intervals, errors and
p-values are held too. The tolerance 1e-8 is trust.md's, section 3.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

import rmresearch as rm
from rmresearch.result import Cell, Estimate, Result
from rmresearch.study import TABLES, Arm, Outcome, Study

from .programmes import relabelled, shuffled
from .registry import CASES


def public() -> set[str]:
    """The public functions that answer with a Result."""
    named = {name: getattr(rm, name) for name in rm.__all__}
    return {
        name
        for name, one in named.items()
        if inspect.isfunction(one) and inspect.signature(one).return_annotation == "Result"
    }


def test_every_public_analysis_is_asked() -> None:
    assert public() <= {case.function for case in CASES.values()}


@cache
def plain(name: str) -> Result:
    """What the case says of its study as it is."""
    return CASES[name].ask(CASES[name].study(), 0.0, 1.0)


def unchanged(estimate: Estimate) -> Estimate:
    return estimate


def same(
    found: Result, expected: Result, change: Callable[[Estimate], Estimate], *, checks: bool = True
) -> None:
    """Every estimate equal to what ``change`` makes of the expected one."""
    got = {estimate.key: estimate for estimate in found.estimates}
    assert len(got) == len(found.estimates) == len(expected.estimates) > 0
    for before in expected.estimates:
        wanted = change(before)
        one = got[wanted.key]
        for name in ("value", "se", "low", "high", "df", "p"):
            a, b = getattr(one, name), getattr(wanted, name)
            # numbers near 0 are held to 1e-8 of a scale point
            assert (a is None) == (b is None), (wanted.key, name)
            if b is not None:
                assert a == pytest.approx(b, rel=1e-8, abs=1e-8), (wanted.key, name)
        assert (one.n_people, one.n_pairs, one.n_clusters) == (
            wanted.n_people, wanted.n_pairs, wanted.n_clusters,
        ), wanted.key  # fmt: skip
    if checks:
        assert {(c.name, c.passed) for c in found.checks} == {
            (c.name, c.passed) for c in expected.checks
        }
    assert sum(d.people for d in found.dropped) == sum(d.people for d in expected.dropped)


def same_tables(found: Result, expected: Result) -> None:
    """The same tables, row by row."""
    assert [t.name for t in found.tables] == [t.name for t in expected.tables]
    for one, other in zip(found.tables, expected.tables, strict=True):
        assert len(one.rows) == len(other.rows), one.name
        for row, wanted in zip(one.rows, other.rows, strict=True):
            for cell, before in zip(row, wanted, strict=True):
                assert _alike(cell, before), (one.name, row, wanted)


def _alike(cell: Cell, before: Cell) -> bool:
    if isinstance(before.value, (int, float)) and isinstance(cell.value, (int, float)):
        return bool(cell.value == pytest.approx(before.value, rel=1e-8, abs=1e-8))
    return bool(cell.value == before.value)


@pytest.mark.parametrize("name", CASES)
def test_row_order(name: str) -> None:
    case = CASES[name]
    found = case.ask(shuffled(case.study()), 0.0, 1.0)
    same(found, plain(name), unchanged)
    same_tables(found, plain(name))


@pytest.mark.parametrize("name", CASES)
def test_relabelled_ids(name: str) -> None:
    case = CASES[name]
    other, new = relabelled(case.study())
    found = case.ask(other, 0.0, 1.0)
    same(found, plain(name), unchanged)
    same_tables(found, plain(name))
    old = {estimate.key: estimate.members for estimate in plain(name).estimates}
    for estimate in found.estimates:
        assert estimate.members == {new[person] for person in old[estimate.key]}


def moved(study: Study, outcome: str, shift: float, scale: float) -> Study:
    """The study with the answers to one outcome (or all) measured otherwise, and declared so."""

    def measured(one: Outcome) -> Outcome:
        if outcome not in ("", one.name):
            return one
        place = {
            name: None if (value := getattr(one, name)) is None else value * scale + shift
            for name in ("low", "high", "favourable")
        }
        smallest = None if one.smallest_effect is None else one.smallest_effect * scale
        return replace(one, smallest_effect=smallest, **place)

    touched = [item for one in study.design.outcomes if outcome in ("", one.name)
               for item in one.items]  # fmt: skip
    value = study.measures["value"]
    turned = value.where(~study.measures["item"].isin(touched), value * scale + shift)
    return replace(
        study,
        measures=study.measures.assign(value=turned),
        design=replace(study.design, outcomes=tuple(map(measured, study.design.outcomes))),
    )


@pytest.mark.parametrize("shift, scale", [(1e3, 1.0), (-300.0, 0.01)])
@pytest.mark.parametrize("name", CASES)
def test_origin_and_unit_of_scores(name: str, shift: float, scale: float) -> None:
    case = CASES[name]

    def rescaled(estimate: Estimate) -> Estimate:
        factor = scale ** case.power(estimate)
        origin = shift if estimate.term in case.moves else 0.0
        parts = {
            k: None if (v := getattr(estimate, k)) is None else v * factor + (k != "se") * origin
            for k in ("value", "se", "low", "high")
        }
        return replace(estimate, **parts)

    other = moved(case.study(), case.outcome, shift, scale)
    same(case.ask(other, shift, scale), plain(name), rescaled)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.mirror is not None])
def test_swapped_arms_turn_the_sign(name: str) -> None:
    case = CASES[name]
    study = case.study()
    turned = tuple(replace(arm, programme=not arm.programme) for arm in study.design.arms)
    swapped = replace(study, design=replace(study.design, arms=turned))

    def mirrored(estimate: Estimate) -> Estimate:
        first, _, second = estimate.contrast.partition(" - ")
        if not second:  # about one arm
            return estimate
        estimate = replace(estimate, contrast=f"{second} - {first}")
        if estimate.term in (case.mirror or ()) or estimate.value is None:
            return estimate
        if estimate.term == "win-probability":
            low, high = (None if e is None else 1 - e for e in (estimate.high, estimate.low))
            return replace(estimate, value=1 - estimate.value, low=low, high=high)
        low, high = (None if e is None else -e for e in (estimate.high, estimate.low))
        return replace(estimate, value=-estimate.value, low=low, high=high)

    same(case.ask(swapped, 0.0, 1.0), plain(name), mirrored)


@pytest.mark.parametrize("name", CASES)
def test_an_arm_and_an_outcome_that_nobody_has(name: str) -> None:
    case = CASES[name]
    study = case.study()
    design = study.design
    empty = replace(design.outcomes[0], name="never_asked", items=("never_1", "never_2"), waves=())
    more = replace(
        study,
        design=replace(
            design,
            arms=(*design.arms, Arm("empty", "Nobody", True)),
            outcomes=(*design.outcomes, empty),
        ),
    )
    same(case.ask(more, 0.0, 1.0), plain(name), unchanged, checks=False)


@pytest.mark.parametrize("name", CASES)
def test_columns_that_nobody_asks_for(name: str) -> None:
    case = CASES[name]
    study = case.study()
    more = {
        table: getattr(study, table).assign(shoe_size=range(len(getattr(study, table))), motto="x")
        for table in TABLES
    }
    found = case.ask(replace(study, **more), 0.0, 1.0)
    same(found, plain(name), unchanged)
    same_tables(found, plain(name))
