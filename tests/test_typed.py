"""A user's typed script passes mypy's strict checks against the package as it is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

SCRIPT = '''\
"""A script as somebody writes it who has installed the package."""

import pandas as pd

import rmresearch as rm


def change(folder: str) -> pd.DataFrame:
    study: rm.Study = rm.read_study(folder)
    outcome: rm.Outcome = study.design.outcome("digital_skill")
    result = rm.pre_post(study, outcome)
    first: float | None = result.estimates[0].value
    print(first, result.table("change").to_latex(), result.to_latex())
    return result.to_frame()


def design(pairs: int) -> int:
    scenario = rm.Scenario(pairs=pairs, levers=rm.Levers(cadence=4), design=rm.Setting(sites=2))
    cohort: rm.Cohort = rm.simulate(scenario, seed=1)
    verdict = rm.judge(rm.sweep(scenario, rm.pre_post, replicates=10, seed=1))
    needed: rm.Required = rm.required(scenario, rm.compare_arms, outcome="digital_skill", seed=1)
    print(verdict.to_frame(), len(cohort.study.participants))
    return needed.pairs


def model(frame: pd.DataFrame) -> float:
    try:
        fit = rm.lmm("score ~ wave + (1 | pair)", frame)
    except rm.FitError as error:
        raise SystemExit(str(error)) from error
    return float(fit.to_frame()["estimate"].iloc[0]) + rm.ols("score ~ wave", frame).r2
'''
WRONG = """
rm.compare_arm(rm.read_study("x"), "y")
rm.pre_post(rm.read_study("x"), "y", basline="z")
rm.Scenario(pairs="many")
"""


def test_the_package_says_that_it_is_typed() -> None:
    assert files("rmresearch").joinpath("py.typed").is_file()


@pytest.mark.slow
def test_a_users_script_passes_strict_checks_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(SCRIPT, "utf-8")
    bad.write_text(SCRIPT + WRONG, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir",
         str(tmp_path / "cache"), str(good), str(bad)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in done.stdout.splitlines() if ": error:" in line]
    line = SCRIPT.count("\n") + 2
    assert [one.split(":")[:2] for one in said] == [["bad.py", str(line + k)] for k in range(3)], (
        done.stdout + done.stderr
    )
    assert [one.rsplit("[", 1)[1] for one in said] == ["attr-defined]", "call-arg]", "arg-type]"]
