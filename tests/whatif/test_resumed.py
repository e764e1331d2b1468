"""Policies, required sizes and budgets go on where they were killed, to the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import rmresearch as rm
from rmresearch.errors import StudyError
from rmresearch.files import atomic

from . import decided
from .quick import quick
from .test_store import content

#: after how many tasks each is killed: in the middle of its work, and of a batch where it has two
KILLED = {"policies": 14, "one by one": 7, "required": 4, "budget": 2}


@pytest.mark.parametrize("name", decided.DECISIONS)
def test_killed_it_goes_on_to_the_same_bytes(name: str, tmp_path: Path) -> None:
    ask, after = decided.DECISIONS[name], KILLED[name]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    told: list[str] = []
    uninterrupted = ask(out=whole, say=told.append)
    assert len(told) > after

    command = [sys.executable, "-m", decided.__name__, name, str(parts)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as run:  # fmt: skip
        assert run.stdout is not None
        for _ in range(after):
            assert run.stdout.readline()
        os.killpg(run.pid, signal.SIGKILL)
    (parts / f".left.{atomic.TEMPORARY}").write_text("half")  # as a write that was cut leaves it

    again: list[str] = []
    resumed = ask(out=parts, say=again.append)
    assert len(again) < len(told)  # what was done is not done again
    pd.testing.assert_frame_equal(resumed, uninterrupted, check_exact=True)
    assert content(parts) == content(whole)
    pd.testing.assert_frame_equal(ask(), uninterrupted, check_exact=True)  # without a folder
    pd.testing.assert_frame_equal(ask(out=whole, say=told.append), uninterrupted, check_exact=True)


def test_a_scenario_that_was_mended_is_compared_with_what_the_base_drew(tmp_path: Path) -> None:
    """Its base has gone on meanwhile, and its batches are drawn once more."""
    whole = decided.one_by_one(mended, out=tmp_path / "whole")
    os.environ["BROKEN"] = "yes"
    try:
        with pytest.raises(StudyError, match="more cannot go on, so nothing is compared: KeyErr"):
            decided.one_by_one(mended, out=tmp_path / "parts")
    finally:
        del os.environ["BROKEN"]
    resumed = decided.one_by_one(mended, out=tmp_path / "parts")
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def mended(study: rm.Study, outcome: str) -> rm.Result:
    """Breaks in the second batch of the largest design, where the environment says so."""
    second = len(study.pairs) == 14 and 2.2 < study.measures["value"].max() < 2.26
    if second and os.environ.get("BROKEN"):
        raise KeyError("what nobody foresaw")
    return quick(study, outcome)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("policies", {"base": "usual"}, "holds another sweep: what is compared, 'base' differs"),
        (
            "policies",
            {"about": {"group": "programme"}},
            "holds another sweep: what is compared, 'estimate' differs",
        ),
        ("policies", {"seed": 8}, "seed is 8 here and 7 there"),
        ("required", {"power": 0.9}, "holds another search: power is 0.9 here and 0.8 there"),
        ("required", {"seed": 8}, "holds another search: seed is 8 here and 7 there"),
        ("required", {"bounds": (5, 90)}, "holds another search: bounds is"),
        ("budget", {"per_pair": 650}, "holds another sweep: scenario '14 pairs'"),
    ],
)
def test_another_call_s_folder_is_refused(
    name: str, change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    decided.DECISIONS[name](out=tmp_path / "out")
    before = content(tmp_path / "out")
    with pytest.raises(StudyError, match=said):
        decided.DECISIONS[name](out=tmp_path / "out", **change)
    assert content(tmp_path / "out") == before


@pytest.mark.parametrize("name", ["policies", "required", "budget"])
def test_one_kind_of_worker_is_enough(name: str) -> None:
    with pytest.raises(ValueError, match="one of workers"):
        decided.DECISIONS[name](workers=2, dask="tcp://127.0.0.1:1")
