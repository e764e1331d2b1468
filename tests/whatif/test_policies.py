"""Scenarios compared under the same luck: against a naive loop over batches, and known truths."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from scipy import stats

import rmresearch as rm
from rmresearch.errors import FitError, StudyError
from rmresearch.result import KEY, Result
from rmresearch.whatif.source import source
from rmresearch.world.lever_effects import levers_pulled
from whatif.quick import quick

#: the module; the package's own name for it is the function
module: Any = import_module("rmresearch.whatif.policies")

USUAL = rm.Gaussian(programme=9, people=1, drift=0.4)
BETTER = rm.Gaussian(programme=9, people=1, drift=0.7)
NOISY = rm.Gaussian(programme=9, people=1, drift=0.4, noise_sd=1.0)
MORE = rm.Gaussian(programme=14, people=1, drift=0.4)
ALL = {"usual": USUAL, "better": BETTER, "noisy": NOISY, "more": MORE}


def compared(scenarios: Any, analysis: Any = rm.pre_post, **given: Any) -> rm.Policies:
    options: dict[str, Any] = {"outcome": "score", "replicates": 500, "seed": 5}
    return rm.policies(scenarios, analysis, **{**options, **given})


def one(found: rm.Policies, scenario: str, figure: str, against: str = "latent") -> Any:
    rows = found.to_frame().query("scenario == @scenario and figure == @figure")
    rows = rows[rows["against"].isin(["", against])]
    assert len(rows) == 1
    return rows.iloc[0]


def test_every_figure_is_what_a_loop_over_batches_gives() -> None:
    found = compared(ALL)
    batches = {name: module._Batches(source(design)) for name, design in ALL.items()}
    raw = rm.sweep(batches, rm.pre_post, outcome="score", replicates=500, seed=5,
                   keep=True).estimates  # fmt: skip
    for name in ("better", "noisy", "more"):
        for figure in ("mean", "bias", "rejects", "coverage", "truth"):
            means = {}
            for scenario in (name, "usual"):
                rows = raw.query("scenario == @scenario").sort_values("replicate")
                values = {
                    "mean": rows["value"],
                    "bias": rows["value"] - rows["latent"],
                    "rejects": rows["p"] < 0.05,
                    "coverage": (rows["low"] <= rows["latent"]) & (rows["latent"] <= rows["high"]),
                    "truth": rows["latent"],
                }[figure].to_numpy(float)
                means[scenario] = [values[k * 50 : k * 50 + 50].mean() for k in range(10)]
            apart = np.subtract(means[name], means["usual"])
            error = np.std(apart, ddof=1) / np.sqrt(10)
            row = one(found, name, figure)
            assert row["value"] == pytest.approx(np.mean(means[name]), abs=1e-12)
            assert row["base"] == pytest.approx(np.mean(means["usual"]), abs=1e-12)
            # sums in another order
            assert row["difference"] == pytest.approx(np.mean(apart), abs=1e-12)
            assert row["error"] == pytest.approx(error, abs=1e-8)
            reach = stats.t.ppf(0.975, 9) * error
            assert row["low"] == pytest.approx(np.mean(apart) - reach, abs=1e-7)
            assert row["high"] == pytest.approx(np.mean(apart) + reach, abs=1e-7)


def test_what_luck_does_to_both_is_no_part_of_the_difference() -> None:
    found = compared(ALL)
    row = one(found, "better", "mean")
    # a drift of .3 more is .3 more in every cohort
    assert (row["difference"], row["error"]) == pytest.approx((0.3, 0.0), abs=1e-9)
    assert one(found, "better", "truth")["difference"] == pytest.approx(0.3, abs=1e-12)
    # power, by the noncentral t
    row = one(found, "better", "rejects")
    for drift, share in ((0.7, row["value"]), (0.4, row["base"])):
        ncp = drift / (0.7 * np.sqrt(2)) * 3
        exact = stats.nct.sf(stats.t.ppf(0.975, 8), 8, ncp)
        assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / 500)
    # noise of 1.0 and .7 by the same luck: the difference has .3, and both alone have 1.22
    assert one(found, "noisy", "mean")["error"] < 0.4 * np.sqrt(2 * 1.49 / 9 / 500)


def test_the_base_is_the_first_or_the_one_named_and_order_turns_the_sign() -> None:
    first, other = compared(ALL), compared(ALL, base="noisy")
    assert (first.base, other.base) == ("usual", "noisy")
    here, there = one(first, "noisy", "mean"), one(other, "usual", "mean")
    assert here["difference"] == -there["difference"]
    assert (here["low"], here["error"]) == pytest.approx((-there["high"], there["error"]))


def test_whoever_draws_the_numbers_are_the_same() -> None:
    two = {name: ALL[name] for name in ("usual", "noisy")}
    assert compared(two).to_frame().equals(compared(two, workers=2).to_frame())
    assert not compared(two).to_frame().equals(compared(two, seed=6).to_frame())


def test_failures_are_counted_and_leave_ratios_of_what_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # tasks of 25 and 5 to a batch
    monkeypatch.setattr(module, "BATCHES", 2)
    monkeypatch.setattr(module, "BATCH", 30)
    two = {"usual": USUAL, "better": BETTER}

    def forgetful(study: rm.Study, outcome: str) -> Result:
        last = study.measures.query("wave == 'wave1'")["value"].iloc[0]
        if last > 1.0:
            raise FitError("no answer today.")
        return quick(study, outcome)

    row = one(compared(two, forgetful, replicates=60), "better", "mean")
    raw = rm.sweep(
        {name: module._Batches(source(design)) for name, design in two.items()},
        forgetful, outcome="score", replicates=60, seed=5, keep=True,
    ).estimates  # fmt: skip
    raw = raw[raw["value"].notna()].assign(batch=raw["replicate"] // 30)
    counts = raw.groupby(["scenario", "batch"])["value"].agg(["sum", "count"])
    assert 0 < row["failed"] == 60 - counts.loc["better", "count"].sum()
    assert 0 <= row["base_failed"] == 60 - counts.loc["usual", "count"].sum()
    parts = []
    for name in ("better", "usual"):
        sums, n = counts.loc[name, "sum"].to_numpy(), counts.loc[name, "count"].to_numpy()
        parts.append((sums - sums.sum() / n.sum() * n) / n.mean())  # the delta method of a ratio
    error = np.std(parts[0] - parts[1], ddof=1) / np.sqrt(2)
    assert row["error"] == pytest.approx(error, rel=1e-9)


def test_levers_are_ranked_by_what_they_move() -> None:
    levers = levers_pulled(rm.Scenario(pairs=24, comparison="none"), "training", "confidentiality")
    found = compared(levers, outcome="digital_skill")
    ranked = found.ranked("truth")
    assert sorted(ranked["scenario"]) == sorted(list(levers)[1:])
    assert ranked["difference"].abs().is_monotonic_decreasing
    up = ranked.set_index("scenario")["difference"]
    assert up["training 1.0"] > 0 > up["training 0.0"]
    assert ranked["wave"].unique().tolist() == ["month6"]
    assert "as it stands" in found._repr_html_()
    with pytest.raises(ValueError, match="figure is 'size'; expected one of truth, mean"):
        found.ranked("size")


def test_levers_pulled_are_the_ends_that_lever_effects_knows() -> None:
    scenario = rm.Scenario(pairs=21)  # an odd number: no groups of two
    told = rm.lever_effects(scenario, replicates=2, seed=0)
    possible = told[told["note"] == ""][["lever", "value"]].drop_duplicates()
    names = [f"{lever} {value}" for lever, value in possible.itertuples(index=False)]
    assert list(levers_pulled(scenario)) == ["as it stands", *names]
    assert "format group" not in names
    with pytest.raises(ValueError, match="'colour': no lever; expected some of application"):
        levers_pulled(scenario, "colour")
    with pytest.raises(TypeError, match="expected a Scenario"):
        levers_pulled("forty")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scenarios", "given", "error", "said"),
    [
        (ALL, {"replicates": 120}, ValueError, "multiple of 50 from 500 on"),
        (ALL, {"replicates": 450}, ValueError, "multiple of 50 from 500 on"),
        (ALL, {"replicates": 5e2}, TypeError, "whole number"),
        (ALL, {"base": "nobody"}, ValueError, "base is 'nobody'; expected one of 'usual'"),
        (ALL, {"level": 95}, ValueError, "level must lie"),
        (ALL, {"level": "0.95"}, TypeError, "level is '0.95'; expected a number"),
        (ALL, {"about": ["wave"]}, TypeError, "expected fields, such as"),
        (ALL, {"about": {"group": "none"}}, StudyError, "nothing was run, because of usual"),
        (ALL, {"workers": 0}, ValueError, "workers is 0"),
        ({"usual": USUAL}, {}, ValueError, "one scenario only"),
        ({}, {}, ValueError, "grid is empty"),
    ],
)
def test_wrong_arguments_are_refused(
    scenarios: Any, given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        compared(scenarios, **given)


def test_several_analyses_and_a_scenario_that_breaks_are_refused() -> None:
    with pytest.raises(TypeError, match="expected one function"):
        compared(ALL, [rm.pre_post, rm.wave_means])

    def breaks(study: rm.Study, outcome: str) -> Result:
        if study.measures["value"].iloc[0] > 2.0:
            raise KeyError("what nobody foresaw")
        return quick(study, outcome)

    with pytest.raises(StudyError, match="usual cannot go on, so nothing is compared: KeyError"):
        compared({"usual": USUAL, "better": BETTER}, breaks)


def test_the_table_has_the_key_of_the_estimate() -> None:
    row = one(compared(ALL), "more", "mean")
    assert [row[name] for name in KEY][:4] == ["senior", "score", "wave1", "wave1 - start"]


@pytest.mark.validate
@pytest.mark.parametrize("other", ["noisy", "more"])
def test_the_interval_holds_as_often_as_it_says_whatever_the_shape(other: str) -> None:
    two = {"usual": USUAL, other: ALL[other]}
    runs, held = 400, 0
    for seed in range(runs):
        row = one(compared(two, seed=seed), other, "mean")
        held += row["low"] <= 0.0 <= row["high"]  # both drift by .4
    print(f"{other}: covers {held / runs:.3f}")
    assert abs(held / runs - 0.95) < 3 * np.sqrt(0.95 * 0.05 / runs)
