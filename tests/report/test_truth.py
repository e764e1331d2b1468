"""Truth stays out of reach: no command, analysis or report opens it, and none changes with it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.io.check import check
from rmresearch.report.build import build
from rmresearch.world import folder

opened: list[str] = []
watching = False


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if watching and event in {"open", "os.listdir", "os.scandir"} and arguments:
        opened.append(str(arguments[0]))


sys.addaudithook(_listen)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Every path that Python opens or lists meanwhile."""
    global watching
    opened.clear()
    watching = True
    try:
        yield opened
    finally:
        watching = False


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    return folder.write("default", tmp_path / "trial", seed=5, pairs=24)


def test_the_watch_sees_what_is_opened(trial: Path) -> None:
    with watched() as paths:
        (trial.parent / "trial.truth" / "truth.json").read_bytes()
    assert any("trial.truth" in path for path in paths)


def test_no_analysis_opens_the_truth(trial: Path) -> None:
    with watched() as paths:
        check(trial)
        study = rm.read_study(trial)
        for analysis in (rm.pre_post, rm.compare_arms, rm.mixed_model):
            analysis(study, "digital_skill")
        rm.evaluate(trial)
    assert any(path.endswith("participants.csv") for path in paths)
    assert not [path for path in paths if "truth" in Path(path).name or ".truth" in path]


def test_a_report_is_the_same_whatever_the_truth_says(trial: Path, tmp_path: Path) -> None:
    told = build(trial, tmp_path / "told")
    shutil.rmtree(trial.parent / "trial.truth")
    silent = build(trial, tmp_path / "silent")
    for page in (told, silent):
        assert page.is_file()
    one, other = (
        (tmp_path / name / "internal" / "results.json").read_bytes() for name in ("told", "silent")
    )
    assert one == other
