"""What is said about the missing, against truth: how far off, and how often intervals hold it.

Run under `make validate`; the figures are printed:

    python -m pytest --validate -m validate -s tests/analysis/test_leavers_coverage.py

Coverage fails only if its whole 99.9% Monte Carlo interval lies below .94. Replicates have streams
of their own, fixed before anything was looked at.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import rmresearch as rm
from rmresearch.numerics.proportions import wilson
from rmresearch.result import Estimate
from rmresearch.study import Study
from rmresearch.world.presets import preset

from .studies import make_study

EFFECT = 0.5


def drawn(seed: int) -> Study:
    """30 sets of two an arm; of the programme's, whoever is low in the middle mostly leaves."""
    rng = np.random.default_rng(np.random.SeedSequence(77, spawn_key=(seed,)))
    n = 120
    programme, sets = np.arange(n) < n // 2, np.arange(n) // 2
    shared = rng.normal(0, 0.5, n // 2)[sets]
    before = 4 + shared + rng.normal(0, 0.8, n)
    middle = before + EFFECT * programme + rng.normal(0, 0.8, n)
    later = middle + rng.normal(0, 0.5, n)
    gone = programme & (middle < 4.2) & (rng.random(n) < 0.8)
    items = {
        "before": before.tolist(),
        "after": middle.tolist(),
        "later": np.where(gone, np.nan, later).tolist(),
    }
    return make_study(
        {"skill": items},
        arm=np.where(programme, "programme", "comparison").tolist(),
        juniors=[f"j{k}" for k in sets],
        unit="set",
    )


def said(study: Study, outcome: str, wave: str) -> dict[str, Estimate]:
    """By term, what is estimated at a wave."""
    lost, imputed = rm.attrition(study, outcome, wave=wave), rm.missingness(study, outcome)
    return {
        one.term: one
        for one in (*lost.estimates, *imputed.estimates)
        if one.term and one.wave == wave and one.outcome == outcome and one.contrast
    }


def judged(found: list[tuple[dict[str, Estimate], float]]) -> pd.DataFrame:
    """Bias, its Monte Carlo error and coverage of each; bounds count by their interval."""
    rows = {}
    for term in ("answered", "weighted", "imputed", "lee", "worst"):
        ends = (f"{term}-lower", f"{term}-upper") if term in {"lee", "worst"} else (term, term)
        known = [(one[ends[0]], one[ends[1]], truth) for one, truth in found if ends[0] in one]
        known = [row for row in known if row[0].low is not None]
        low, high = (
            np.array([getattr(row[k], ("low", "high")[k]) for row in known]) for k in (0, 1)
        )
        truth = np.array([row[2] for row in known])
        middle = np.array([(row[0].value + row[1].value) / 2 for row in known]) - truth
        rows[term] = {
            "n": len(known),
            "bias": middle.mean(),
            "error": middle.std() / np.sqrt(len(known)),
            "coverage": ((low <= truth) & (truth <= high)).mean(),
        }
    table = pd.DataFrame(rows).T
    print("\n" + table.round(3).to_string())
    return table


def covers(table: pd.DataFrame, *terms: str) -> None:
    for term in terms:
        n, share = table.loc[term, "n"], table.loc[term, "coverage"]
        assert wilson(share * n, n, level=0.999)[1] >= 0.94, f"{term} {share:.3f}"


@pytest.mark.validate
def test_missing_at_random_given_what_is_known() -> None:
    """Leaving hangs on an answer in the middle: imputing undoes that, weights cannot."""
    found = [(said(drawn(seed), "skill", "later"), EFFECT) for seed in range(300)]
    table = judged(found)
    assert table.loc["answered", "bias"] > 5 * table.loc["answered", "error"]
    assert abs(table.loc["imputed", "bias"]) < table.loc["answered", "bias"] / 4
    assert abs(table.loc["imputed", "bias"]) < 3 * table.loc["imputed", "error"] + 0.02
    assert table.loc["worst", "coverage"] == 1.0
    covers(table, "imputed", "lee")
    assert table.loc["answered", "coverage"] < table.loc["imputed", "coverage"]


@pytest.mark.validate
@pytest.mark.parametrize("name", ["no-effect", "volunteers"])
def test_the_worlds_with_dropout_that_is_not_by_chance(name: str) -> None:
    """96 places drawn by lot in a world whose people leave and stay silent for reasons."""
    scenario = replace(preset(name, pairs=96), comparison="control")
    found = []
    for seed in range(150):
        cohort = rm.simulate(scenario, seed=seed)
        wave = cohort.study.design.waves[-1].name
        truth = cohort.truth.row("digital_skill", wave).as_reported
        found.append((said(cohort.study, "digital_skill", wave), truth))
    table = judged(found)
    assert table.loc["worst", "coverage"] == 1.0
    covers(table, "answered", "weighted", "imputed", "lee")
    for term in ("weighted", "imputed"):
        assert abs(table.loc[term, "bias"]) < abs(table.loc["answered", "bias"]) + 0.01
