"""The validation table in small: every gate can fail, and what is stored is what is declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from rmresearch.errors import StudyError
from rmresearch.numerics.proportions import wilson
from rmresearch.result import Result
from rmresearch.study import Outcome, Study
from rmresearch.whatif.source import Cohorts
from rmresearch.whatif.tally import Key
from rmresearch.whatif.validation import measure as measuring
from rmresearch.whatif.validation.cells import AGAINST, CELLS, Cell
from rmresearch.whatif.validation.measure import (
    BIAS,
    COVERAGE,
    FAMILIES,
    MODEL_BASED,
    SIZE,
    families,
    measure,
    outside,
)
from rmresearch.whatif.validation.observe import (
    METHODS,
    SLOW,
    Answers,
    Method,
    observe,
    on_studies,
)
from rmresearch.whatif.validation.stored import Table, stored
from rmresearch.whatif.validation.worlds import PAIRS, WORLDS, world
from rmresearch.world.presets import PRESETS

#: of each method's replicates: 100 cohorts, whose own Monte Carlo error makes the gates wide
QUICK = 0.05


@pytest.fixture(scope="module")
def truth(root: Path) -> ModuleType:
    import sys

    sys.path.insert(0, str(root))
    from benchmarks import truth

    sys.path.remove(str(root))
    return truth


def some(method: str, place: str, against: str, **changes: object) -> Cell:
    found = next(
        cell
        for cell in CELLS
        if (cell.method, cell.world, cell.against) == (method, place, against)
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def test_the_table_holds_in_small() -> None:
    asked = [
        replace(cell, pairs=(12,))
        for cell in CELLS
        if cell.world in {"no-effect", "volunteers", "small-pilot", "nothing happens"}
        and METHODS[cell.asked].replicates > SLOW
    ]
    rows = list(measure(asked, share=QUICK))
    assert len(rows) == len(asked) > 15
    assert not [(row.method, row.world, row.against, row.failed) for row in rows if row.failed]
    # in the null world a single group's change is taken for an effect far too often
    tempted = next(r for r in rows if r.expected_rate is not None and r.world == "no-effect")
    assert tempted.expected_rate > 0.1


def spoilt(name: str, how: Callable[[Answers], Answers]) -> Mapping[str, Method]:
    """The methods with one that answers wrongly."""

    def answer(cohorts: Cohorts, outcome: Outcome, replicates: int) -> Mapping[Key, Answers]:
        return {
            key: how(one) for key, one in METHODS[name].answer(cohorts, outcome, replicates).items()
        }

    return {**METHODS, name: Method(answer, METHODS[name].replicates)}


def shifted(one: Answers) -> Answers:
    return replace(one, value=one.value + 0.3)


def too_sure(one: Answers) -> Answers:
    return replace(one, low=(one.low + one.value) / 2, high=(one.high + one.value) / 2)


def too_eager(one: Answers) -> Answers:
    return replace(one, p=one.p / 10)


def mute(one: Answers) -> Answers:
    return Answers(*(np.full_like(one.value, np.nan) for _ in range(5)))


@pytest.mark.parametrize(
    ("how", "failed"),
    [
        (shifted, {"bias"}),
        (too_sure, {"coverage"}),
        (too_eager, {"size"}),
        (mute, {"no answers"}),
    ],
)
def test_a_wrong_estimator_fails_its_gate(
    how: Callable[[Answers], Answers], failed: set[str]
) -> None:
    cell = some("pre_post", "nothing happens", "change as reported", pairs=(20,))
    (right,) = measure([cell], share=QUICK)
    (wrong,) = measure([cell], share=QUICK, methods=spoilt("pre_post", how))
    assert (right.failed, right.verdict) == ((), "holds")
    assert (set(wrong.failed), wrong.verdict) == (failed, "fails")


def test_a_documented_bias_is_not_valid_and_a_wrong_prediction_fails() -> None:
    cell = some("post-only", "volunteers", "effect as reported", pairs=(40,))
    claimed = replace(cell, predicted=None, why="")
    reversed_ = replace(cell, predicted=lambda given: -given.of_pool(0.0))
    tempted = some("pre_post", "no-effect", "effect as reported", pairs=(40,))
    wrong_rate = replace(tempted, rate=lambda given: 0.05)
    rows = list(measure([cell, claimed, reversed_, tempted, wrong_rate], share=QUICK))
    assert [row.failed for row in rows] == [(), ("bias",), ("bias",), (), ("rate",)]


def test_a_family_decided_one_by_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"nobody flatters": (12,), "no-effect": (12,)}
    (held, flattered) = families(share=0.03, sizes=both)
    assert (held.verdict, flattered.verdict) == ("holds", "holds")
    assert held.expected is None
    assert flattered.expected > 0.05
    # five outcomes one by one: about 1 - .95^5 = .23
    monkeypatch.setattr(measuring, "holm", lambda p: p)
    one_by_one = next(families(share=0.03, sizes=both))
    assert one_by_one.failed == ("family-wise error",)


def test_study_by_study_a_refusal_is_no_answer() -> None:
    calls = iter(range(3))

    def sometimes(study: Study, outcome: str) -> Result:
        if next(calls) == 1:
            raise StudyError("not this one")
        from rmresearch import pre_post

        return pre_post(study, outcome)

    here = world("small-pilot", 12)
    methods = {
        "sometimes": Method(on_studies(sometimes), 3),
        "pre_post": replace(METHODS["pre_post"], replicates=3),
    }
    seen = observe(here, "digital_skill", methods, seed=1)
    (key,) = seen.answers["pre_post"]
    by_one, whole = seen.answers["sometimes"][key], seen.answers["pre_post"][key]
    assert np.isfinite(by_one.value).tolist() == [True, False, True]
    # the kernel is the analysis, to 1e-10
    assert by_one.value[[0, 2]] == pytest.approx(whole.value[[0, 2]], rel=1e-10)


def test_what_is_declared_is_sound() -> None:
    keys = [(c.method, c.world, c.outcome, c.against) for c in CELLS]
    assert len(set(keys)) == len(keys)
    assert {cell.world for cell in CELLS} >= set(PRESETS)
    assert {cell.world for cell in CELLS} <= set(WORLDS)
    for cell in CELLS:
        assert cell.valid == (cell.why == ""), cell
        assert cell.against in AGAINST
        assert cell.asked in METHODS
        assert set(cell.pairs) <= set(PAIRS)
        assert cell.rate is None or not cell.valid


@pytest.fixture(scope="module")
def table() -> Table:
    return stored()


def test_the_stored_table_is_the_declared_one(table: Table) -> None:
    declared = {(c.method, c.world, c.outcome, c.against, n) for c in CELLS for n in c.pairs}
    assert {(r.method, r.world, r.outcome, r.against, r.n) for r in table.rows} == declared
    of = {(c.method, c.world, c.outcome, c.against): c for c in CELLS}
    for row in table.rows:
        cell = of[row.method, row.world, row.outcome, row.against]
        assert (row.valid, row.null, row.why) == (cell.valid, cell.null, cell.why)
        assert row.replicates == METHODS[cell.asked].replicates
    assert table.seed == measuring.SEED
    families_of = {(name, n) for name, sizes in FAMILIES.items() for n in sizes}
    assert {(one.world, one.n) for one in table.families} == families_of


def test_the_stored_verdicts_follow_from_the_stored_numbers(table: Table) -> None:
    for row in table.rows:
        off = abs(row.bias - row.predicted) - measuring.Z * row.error
        assert ("bias" in row.failed) == (off > BIAS), row
        if row.valid and row.coverage is not None:
            margin = MODEL_BASED if row.against == "alpha" else COVERAGE
            low, high = wilson(row.coverage * row.answered, row.answered, level=0.999)
            assert ("coverage" in row.failed) == (low > margin[1] or high < margin[0]), row
        if row.null:
            flags = np.arange(row.answered) < round((row.rate or 0.0) * row.answered)
            assert ("size" in row.failed) == outside(flags, SIZE), row
    assert not [one for one in (*table.rows, *table.families, *table.sentences) if one.failed]


def test_the_page_is_the_table(truth: ModuleType, table: Table, root: Path) -> None:
    assert (root / "docs" / "validation.md").read_text("utf-8") == truth.page(table)
    broken = replace(table, rows=(replace(table.rows[0], failed=("bias",)), *table.rows[1:]))
    assert "**1 rows fail.**" in truth.page(broken)
    assert "fails: bias" in truth.page(broken)


def test_a_table_is_read_as_it_was_written(table: Table, tmp_path: Path) -> None:
    table.write(tmp_path / "table.json")
    assert stored(tmp_path / "table.json") == table


def test_headlines_of_the_no_effect_world_are_read(truth: ModuleType) -> None:
    between, own, change = truth.sentences([(*one[:2], 1, one[3]) for one in truth.ASKED])
    assert [one.question.split(",")[0] for one in (between, own, change)] == [
        "compare_arms", "compare_arms", "pre_post",
    ]  # fmt: skip
    assert not [one for one in (between, own, change) if one.failed]
