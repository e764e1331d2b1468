"""Judgements: each figure against a naive loop over the raw estimates, and against theory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import rmresearch as rm
from rmresearch.analysis.arms import batch as arms_batch
from rmresearch.result import Call, Check, Estimate, Result
from rmresearch.world.gaussian import Gaussian
from rmresearch.world.scenario import Scenario


def judged(done: Any, **wanted: Any) -> Any:
    frame = rm.judge(done).to_frame()
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


@pytest.mark.parametrize("against", ["latent", "as_reported"])
def test_every_figure_is_what_a_loop_over_the_estimates_gives(against: str) -> None:
    # few people: some p are withheld, some intervals miss
    done = rm.sweep(Scenario(pairs=22), rm.pre_post, outcome="digital_skill", replicates=300,
                    seed=6, keep=True)  # fmt: skip
    row = judged(done, against=against, group="programme")
    raw = done.estimates.query("group == 'programme'")
    raw = raw.to_dict("records")
    n = len(raw)
    value = [r["value"] for r in raw]
    truth = [r[against] for r in raw]
    error = [a - b for a, b in zip(value, truth, strict=True)]
    rejected = [r for r in raw if r["p"] < 0.05]
    covered = [r["low"] <= r[against] <= r["high"] for r in raw]
    given = [r for r in raw if r["gives_p"]]
    assert 0 < len(given) < n
    assert 20 < len(rejected) < n
    detectable = [(stats.t.ppf(0.975, r["df"]) + stats.t.ppf(0.8, r["df"])) * r["se"] for r in raw]
    size = np.array([abs(r["value"]) for r in rejected])
    true = np.array([abs(r[against]) for r in rejected])
    squared = np.square(error)
    wrong = np.mean([np.sign(r["value"]) != np.sign(r[against]) for r in rejected])
    shown = np.mean([r["p"] < 0.05 for r in given])
    excludes = [r["low"] > 0 or r["high"] < 0 for r in raw if r["gives_interval"]]
    mse, variances = float(squared.mean()), np.square([r["se"] for r in raw])
    # the figure and its Monte Carlo error; binomial shares, means, and roots by the delta method
    wanted: dict[str, tuple[float, float]] = {
        "mean": (np.mean(value), np.std(value, ddof=1) / n**0.5),
        "truth": (np.mean(truth), np.std(truth, ddof=1) / n**0.5),
        "bias": (np.mean(error), np.std(error, ddof=1) / n**0.5),
        "rmse": (mse**0.5, np.std(squared, ddof=1) / n**0.5 / (2 * mse**0.5)),
        "empirical_se": (np.std(value, ddof=1), np.std(value, ddof=1) / (2 * (n - 1)) ** 0.5),
        "model_se": (
            np.mean(variances) ** 0.5,
            np.std(variances, ddof=1) / n**0.5 / (2 * np.mean(variances) ** 0.5),
        ),
        "coverage": binomial(np.mean(covered), n),
        "rejects": binomial(len(rejected) / n, n),
        "rejects_given": binomial(shown, len(given)),
        "excludes_zero_given": binomial(np.mean(excludes), len(excludes)),
        "type_s": binomial(wrong, len(rejected)),
        "type_m": (
            size.mean() / true.mean(),
            np.std(size - size.mean() / true.mean() * true, ddof=1)
            / len(rejected) ** 0.5
            / true.mean(),
        ),
        "smallest_detectable": (np.mean(detectable), np.std(detectable, ddof=1) / n**0.5),
    }
    for name, both in wanted.items():
        # sums in another order
        assert (row[name], row[f"{name} error"]) == pytest.approx(both, rel=1e-9), name
    assert (row["replicates"], row["failed"]) == (300, 0)
    for what in ("se", "interval", "p"):
        assert row[f"{what}_withheld"] == sum(not r[f"gives_{what}"] for r in raw)
    assert np.isnan(row["converged"])


def binomial(share: float, n: int) -> tuple[float, float]:
    return float(share), float((share * (1 - share) / n) ** 0.5)


def test_power_and_errors_of_size_and_sign_are_those_of_the_noncentral_t() -> None:
    """One group of pairs: the mean change is a one-sample t, whose power is known."""
    effect, pairs = 0.5, 12
    given = Gaussian(programme=pairs, people=1, set_sd=0.3, person_sd=0.6, noise_sd=0.7,
                     drift=effect)  # fmt: skip
    row = judged(
        rm.sweep(given, rm.pre_post, outcome="score", replicates=8_000, seed=2), against="latent"
    )
    se = 0.7 * (2 / pairs) ** 0.5  # what does not change cancels
    limit, shift = stats.t.ppf(0.975, pairs - 1), effect / se
    above, below = (
        stats.nct.sf(limit, pairs - 1, shift), stats.nct.cdf(-limit, pairs - 1, shift),
    )  # fmt: skip

    def significant(z: float) -> float:
        chance = stats.chi2.cdf((pairs - 1) * (z / limit) ** 2, pairs - 1)
        return float(abs(z) * stats.norm.pdf(z - shift) * chance)

    size = integrate.quad(significant, shift - 9, shift + 9, limit=200)[0] / (above + below)
    truth = {
        "bias": 0.0, "empirical_se": se, "model_se": se, "coverage": 0.95,
        "rejects": above + below, "type_s": below / (above + below), "type_m": size / shift,
    }  # fmt: skip
    for name, value in truth.items():
        # a true value lies beyond 4 Monte Carlo errors once in 16,000; a share of hardly any
        # wrong signs has no error of its own: it gets that of its true value
        least = (value * (1 - value) / 2_000) ** 0.5 if name == "type_s" else 0.0
        assert abs(row[name] - value) <= 4 * max(row[f"{name} error"], least), name
    assert row["p_withheld"] == 0


def test_without_an_effect_there_is_no_sign_or_size_to_be_wrong_about() -> None:
    done = rm.sweep(Gaussian(programme=12), rm.pre_post, outcome="score", replicates=200, seed=1)
    row = judged(done, against="latent")
    assert np.isnan([row["type_s"], row["type_m"], row["type_m error"]]).all()
    assert row["coverage"] == pytest.approx(1 - row["rejects"])


def modelled(study: rm.Study) -> Result:
    """An estimate without a truth, from a model that reports itself."""
    mean = float(study.wide("score")["start"].mean())
    checks = (Check("variances above 0", mean > 0.1, ""),)
    return Result(Call("modelled"), (Estimate(term="start", value=mean, p=0.04),), checks=checks)


def test_an_estimate_without_a_truth_is_judged_by_what_needs_none() -> None:
    done = rm.sweep(Gaussian(programme=4), modelled, replicates=40, seed=1, keep=True)
    row = judged(done, term="start")
    start = done.estimates["value"]
    assert row["against"] == ""
    assert np.isnan([row["bias"], row["coverage"], row["model_se"]]).all()
    assert row["mean"] == pytest.approx(start.mean(), abs=1e-12)
    assert (row["rejects"], row["se_withheld"], row["interval_withheld"]) == (1.0, 40, 40)
    assert np.isnan(row["converged"])
    assert row["singular"] == pytest.approx((start <= 0.1).mean())
    assert 0 < row["singular"] < 1


def test_mixed_models_report_what_is_singular_on_arrays_and_on_studies() -> None:
    """Without a part that pairs share, their variance is estimated as zero about half the time."""
    given = Gaussian(programme=6, comparison=6, waves=3, set_sd=0.0)
    on_arrays = rm.sweep(given, partial(rm.compare_arms, slope=False), outcome="score",
                         replicates=200, seed=2)  # fmt: skip
    row = judged(on_arrays, wave="wave2", against="latent")
    assert row["converged"] == 1.0
    # sqrt(.25 / 200) is .035; a maximum at the boundary is somewhat likelier than one inside
    assert 0.4 < row["singular"] < 0.75
    few = rm.sweep(given, rm.mixed_model, outcome="score", replicates=4, seed=2)
    frame = rm.judge(few).to_frame()
    assert frame["singular"].isin([0.0, 0.25, 0.5, 0.75, 1.0]).any()


def test_a_search_that_does_not_end_is_a_failure_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = Gaussian(programme=6, comparison=6, waves=3)
    whole = arms_batch.fit_arms

    def stopped(*asked: Any, **options: Any) -> Any:
        found = whole(*asked, **options)
        ended = np.array(found.model.converged)
        ended[[1, 4, 5]] = False
        return replace(found, model=replace(found.model, converged=ended))

    monkeypatch.setattr(arms_batch, "fit_arms", stopped)
    done = rm.sweep(given, rm.compare_arms, outcome="score", replicates=10, seed=2)
    assert done.failures[["reason", "failed"]].to_numpy().tolist() == [
        ["FitError: the model did not converge", 3]
    ]
    row = judged(done, wave="wave1", against="latent")
    assert (row["failed"], row["replicates"], row["converged"]) == (3, 10, 0.7)


def test_one_replicate_has_no_monte_carlo_error() -> None:
    done = rm.sweep(Gaussian(programme=12), rm.pre_post, outcome="score", replicates=1, seed=1)
    row = judged(done, against="latent")
    assert np.isfinite(row["bias"])
    assert np.isnan([row["bias error"], row["empirical_se"], row["rmse error"]]).all()


def test_a_verdict_shows_itself_and_escapes_names() -> None:
    done = rm.sweep({"<b>": Gaussian(programme=12)}, rm.pre_post, outcome="score", replicates=3,
                    seed=1)  # fmt: skip
    page = rm.judge(done)._repr_html_()
    assert "&lt;b&gt;" in page
    assert "coverage" in page
    assert "converged" not in page
    assert "pre_post on 3 replicates" in done._repr_html_()


@pytest.mark.parametrize("given", [None, "sweep", pd.DataFrame()])
def test_what_is_no_sweep_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"expected what rm\.sweep gives"):
        rm.judge(given)
