"""What a file asks beside its sweep: the same as the functions say, kept and gone on with."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import rmresearch as rm
from rmresearch.errors import StudyError
from rmresearch.files import sha256
from rmresearch.whatif.decided import Decided, decided
from rmresearch.whatif.judgement import judged, read_judgement
from rmresearch.whatif.question import SweepFile
from rmresearch.whatif.sweep_file import sweep_of
from rmresearch.world.levers import Levers

policies: Any = import_module("rmresearch.whatif.policies")

FILE: dict[str, Any] = {
    "outcome": "digital_skill",
    "analyses": ["compare_arms", "before_after"],
    "replicates": 30,
    "seed": 4,
    "scenario": {"preset": "strong", "pairs": 24},
    "scenarios": [{"name": "plain"}, {"name": "often", "levers": {"cadence": 4}}],
    "base": {"name": "plain"},
    "budget": {"budgets": [18_000, 30_000], "per_pair": 500, "per_wave": 50, "fixed": 900},
    "required": {"replicates": 100, "bounds": [8, 200], "designs": ["often"]},
}


@pytest.fixture(scope="module", autouse=True)
def few() -> Any:
    """Batches so small that a test is quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policies, "BATCH", 10)
        patch.setattr(policies, "BATCHES", 3)
        patch.setattr("rmresearch.whatif.required.FEW", 60)
        patch.setattr("rmresearch.whatif.sweep_tables.FEW", 60)
        yield


@pytest.fixture(scope="module")
def asked() -> SweepFile:
    return sweep_of(FILE)


TOLD: list[str] = []


@pytest.fixture(scope="module")
def whole(asked: SweepFile, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Decided]:
    """A run that nothing stopped, and (in ``TOLD``) what it said on the way."""
    folder = tmp_path_factory.mktemp("decided") / "out"
    return folder, decided(asked, out=folder, say=TOLD.append)


def content(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): sha256(path) for path in files}


def test_each_decision_is_what_its_function_says(
    asked: SweepFile, whole: tuple[Path, Decided]
) -> None:
    plain, often = (one.scenario for one in asked.variants)
    given: dict[str, Any] = {"outcome": "digital_skill", "seed": 4}
    found = whole[1]
    for name, ask in asked.analyses.items():
        there = rm.policies({"plain": plain, "often": often}, ask.call, replicates=30, **given)
        mine = found.differences[found.differences["analysis"].eq(name)]
        assert mine["with"].unique().tolist() == ["plain"]
        pd.testing.assert_frame_equal(
            mine.drop(columns=["analysis", "with"]).reset_index(drop=True), there.to_frame(),
            check_exact=True,
        )  # fmt: skip
    for one, scenario in zip(found.purchases, (plain, often), strict=True):
        there = rm.budget(scenario, rm.compare_arms, budgets=[18_000, 30_000], per_pair=500,
                          per_wave=50, fixed=900, replicates=30, **given)  # fmt: skip
        assert one.bought == there.bought
        assert (one.fixed, one.each) == (900.0, 650.0)  # three waves
    (need,) = found.needed
    answer = rm.required(often, rm.compare_arms, replicates=100, bounds=(8, 200), **given)
    assert (need.pairs, need.low, need.high) == (answer.pairs, answer.low, answer.high)
    assert need.curve == tuple((one.pairs, one.found, 100) for one in answer.looks)


def test_it_goes_on_where_it_was_stopped(
    asked: SweepFile, whole: tuple[Path, Decided], tmp_path: Path
) -> None:
    budget, search = (next(k for k, one in enumerate(TOLD) if one.startswith(what))
                      for what in ("budget, often", "required, often"))  # fmt: skip
    for number, stop in enumerate([3, budget, search + 2]):
        heard: list[str] = []

        def stopping(message: str, heard: list[str] = heard, stop: int = stop) -> None:
            heard.append(message)
            if len(heard) > stop:
                raise KeyboardInterrupt

        folder = tmp_path / str(number)
        with pytest.raises(KeyboardInterrupt):
            decided(asked, out=folder, say=stopping)
        again = decided(asked, out=folder)
        assert content(folder) == content(whole[0])
        assert again.needed == whole[1].needed


def test_a_folder_is_held_to_all_that_the_file_asks(
    asked: SweepFile, whole: tuple[Path, Decided]
) -> None:
    before = content(whole[0])
    dearer = sweep_of({**FILE, "budget": {**FILE["budget"], "per_pair": 510}})
    with pytest.raises(StudyError, match="holds another sweep: table 'budget' differs"):
        decided(dearer, out=whole[0])
    surer = sweep_of({**FILE, "required": {**FILE["required"], "power": 0.9}})
    with pytest.raises(StudyError, match="holds another sweep: table 'required' differs"):
        decided(surer, out=whole[0])
    with pytest.raises(StudyError, match="table 'required' is not in both"):
        decided(replace(asked, need=None), out=whole[0])
    assert content(whole[0]) == before


def test_a_judgement_holds_them(
    asked: SweepFile, whole: tuple[Path, Decided], tmp_path: Path
) -> None:
    judged(asked, whole[1]).write(tmp_path)
    before = content(tmp_path)
    found = read_judgement(tmp_path)
    found.write(tmp_path)
    assert content(tmp_path) == before
    assert found.purchases == whole[1].purchases
    assert found.needed == whole[1].needed
    assert found.differences is not None
    pd.testing.assert_frame_equal(found.differences, whole[1].differences)
    assert [one.name for one in found.shapes] == ["plain", "often"]


def test_pulled_levers_know_where_they_stood() -> None:
    asked = sweep_of(
        {"outcome": "digital_skill", "analyses": ["compare_arms"], "replicates": 30,
         "scenario": {"pairs": 24}, "pull": ["cadence", "matching"]}
    )  # fmt: skip
    found = judged(asked, decided(asked))
    usual = Levers()
    assert {(one.lever, one.now) for one in found.pulled} == {
        ("levers.cadence", usual.cadence),
        ("levers.matching", usual.matching),
    }
    ends = [(one.design, one.end) for one in found.pulled]
    assert ends[-2:] == [("cadence 1", 1), ("cadence 8", 8)]


def test_what_a_design_cannot_answer_is_told_in_its_place() -> None:
    asked = sweep_of(
        {"outcome": "digital_skill", "analyses": ["compare_arms"], "replicates": 20,
         "scenarios": [{"name": "nothing", "preset": "no-effect", "pairs": 24}],
         "required": {"replicates": 60}}
    )  # fmt: skip
    (need,) = decided(asked).needed
    assert need.pairs is None
    assert "not to be told from 0" in need.reason
