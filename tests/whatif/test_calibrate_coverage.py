"""The intervals of a calibration hold the truth as often as they say: pilots of 200 pairs.

Gates are those of the methods: a coverage fails only if its whole 99.9% Monte Carlo interval lies
outside .94 to .98. 2,000 pilots of each world run under `make validate` (--validate), 60 in
`make test`; each pilot has a stream of its own, fixed before anything was looked at.

    python -m pytest --validate -m validate -s tests/whatif/test_calibrate_coverage.py

prints the lines of docs/calibration.md.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rmresearch as rm
from rmresearch.numerics.proportions import wilson
from rmresearch.whatif.calibrate.parameters import FITTED
from rmresearch.world.cohort import study
from rmresearch.world.draw import draw
from rmresearch.world.levers import Setting
from rmresearch.world.nature import Nature

MARGIN, MONTE_CARLO, SEED = (0.94, 0.98), 0.999, 99
#: the default, and a world in which every fitted coefficient has another value
WORLDS = {
    "default": rm.Scenario(pairs=200),
    "other": rm.Scenario(
        pairs=200,
        nature=Nature(
            pair_share=0.3, department_share=0.02, state_share=0.45, item_reliability=0.6,
            item_stable=0.05, item_center=3.7, item_spread=0.8, item_difficulty=0.3, trend=-0.02,
            response=0.65, response_start=0.85, response_person=0.5, meeting_rate=0.6,
            ending_rate=0.1, leaving_rate=0.02, promotion_rate=0.02, digital_skill_gain=1.3,
            inclusion_awareness_gain=0.1, leadership_confidence_gain=1.0, visibility_gain=0.0,
        ),
        design=Setting(departments=8, waves=(0, 2, 5)),
    ),
}  # fmt: skip


def found(scenario: rm.Scenario, replicates: int) -> pd.DataFrame:
    """How each coefficient fared over pilots: coverage, bias in SD of the estimate, width."""
    estimates = []
    for r in range(replicates):
        pilot = study(draw(scenario, 1, np.random.SeedSequence(SEED, spawn_key=(r,))))
        estimates.append(rm.calibrate(pilot).to_frame().assign(replicate=r))
    every = pd.concat(estimates)
    made = []
    for name in FITTED:
        one, truth = every[every["parameter"] == name], getattr(scenario.nature, name)
        known = one.dropna(subset=["estimate", "low", "high"])
        made.append(
            {
                "parameter": name,
                "true": truth,
                "n": len(known),
                "coverage": ((known["low"] <= truth) & (truth <= known["high"])).mean(),
                "mean": known["estimate"].mean(),
                "bias": (known["estimate"].mean() - truth) / known["estimate"].std(),
                "width": (known["high"] - known["low"]).median(),
                "used": known["informed"].mean(),
            }
        )
    return pd.DataFrame(made).set_index("parameter")


def rows(world: str, table: pd.DataFrame) -> list[str]:
    """The lines of the page."""
    return [
        f"| {world} | `{name}` | {row['true']:g} | {row['mean']:.4g} | {row['bias']:+.2f} | "
        f"{row['width']:.2g} | {row['coverage']:.3f} | {row['used']:.0%} |"
        for name, row in table.iterrows()
    ]


def gated(table: pd.DataFrame, replicates: int) -> None:
    assert set(table.index) == set(FITTED)
    # a rare pilot without an answer to a question may be silent, no more than one in a hundred
    assert (table["n"] >= 0.99 * replicates).all(), table["n"]
    outside = []
    for name, row in table.iterrows():
        held = min(row["coverage"] * row["n"], row["n"])
        low, high = wilson(held, row["n"], level=MONTE_CARLO)
        if high < MARGIN[0] or low > MARGIN[1]:
            outside.append(f"{name} {row['coverage']:.3f}")
    assert not outside


@pytest.mark.slow
def test_intervals_hold_the_truth_in_small() -> None:
    """60 pilots: only what covers less than some 85% can fail."""
    gated(found(WORLDS["other"], 60), 60)


@pytest.mark.validate
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth(world: str) -> None:
    replicates = 2_000
    table = found(WORLDS[world], replicates)
    print("\n" + "\n".join(rows(world, table)))
    gated(table, replicates)
    # A bias of a tenth of the standard error costs .2 points of coverage. The department share is
    # held at 0 from below, and self-ratings' gains carry what their inflation is off by.
    bias = table["bias"].drop("department_share").abs()
    assert (bias <= 0.1 + 3.29 / np.sqrt(replicates)).all(), bias[bias > 0.1]


def test_the_page_holds_every_coefficient_of_both_worlds(root: Path) -> None:
    text = (root / "docs" / "calibration.md").read_text("utf-8")
    cell = r" (.+?) \|"
    listed = [row for row in re.findall(rf"^\|{cell * 8}$", text, re.MULTILINE) if row[0] in WORLDS]
    assert [(world, name) for world, name, *_ in listed] == [
        (world, f"`{name}`") for world in WORLDS for name in FITTED
    ]
    for world in WORLDS:
        shares = {row[1].strip("`"): float(row[6]) for row in listed if row[0] == world}
        gated(pd.DataFrame({"coverage": shares, "n": 2_000}), 2_000)


def test_the_gate_can_fail() -> None:
    row = {"n": 2_000, "coverage": 0.95}
    fine = pd.DataFrame([row] * len(FITTED), index=pd.Index(list(FITTED)))
    gated(fine, 2_000)
    for wrong in (0.91, 0.998):
        spoilt = fine.copy()
        spoilt.loc["trend", "coverage"] = wrong
        with pytest.raises(AssertionError, match="trend"):
            gated(spoilt, 2_000)
    with pytest.raises(AssertionError):
        gated(fine.assign(n=1_900), 2_000)
