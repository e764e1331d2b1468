"""How many pairs: against the noncentral t, and everything that has no answer."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import rmresearch as rm
from rmresearch.errors import FitError, StudyError
from rmresearch.result import Result
from rmresearch.whatif.sizes import resized
from rmresearch.world.presets import preset
from whatif.quick import quick

#: the module; the package's own name for it is the function
module: Any = import_module("rmresearch.whatif.required")


def needed(effect: float, power: float = 0.8) -> float:
    """Independent units for a two-sided one-sample t test, effect in SD of a unit."""

    def short(n: float) -> float:
        df, ncp = n - 1, effect * np.sqrt(n)
        return float(stats.nct.sf(stats.t.ppf(0.975, df), df, ncp) - power)

    return float(optimize.brentq(short, 3.0, 600.0))


def single(drift: float, **given: Any) -> rm.Gaussian:
    """One person a set: the change of each is normal, with sqrt(2) .7 for its SD."""
    return rm.Gaussian(programme=10, people=1, drift=drift, **given)


def asked(design: Any, analysis: Any = rm.pre_post, **given: Any) -> rm.Required:
    options: dict[str, Any] = {"outcome": "score", "replicates": 400, "seed": 3}
    return rm.required(design, analysis, **{**options, **given})


# The line's own error, at most 1% of the pairs, is small beside three half-widths of the interval.
@pytest.mark.parametrize(("drift", "power"), [(1.3, 0.8), (0.6, 0.8), (0.6, 0.9), (0.3, 0.5)])
def test_the_answer_is_what_the_noncentral_t_needs(drift: float, power: float) -> None:
    found = asked(single(drift), power=power)
    exact = needed(drift / (0.7 * np.sqrt(2)), power)
    spread = (found.high - found.low) / (2 * 1.96)
    assert abs(found.estimate - exact) < 4 * spread
    assert found.low < found.estimate < found.high
    assert found.pairs == int(np.ceil(found.estimate))
    assert not found.bent


def test_sets_are_what_counts_where_people_share_them() -> None:
    # two people a set: the mean change of a set has variance slope_sd^2 + noise_sd^2
    design = rm.Gaussian(programme=10, people=2, slope_sd=0.8, noise_sd=0.6, drift=0.5)
    found = asked(design, replicates=600)
    exact = 2 * needed(0.5 / 1.0)
    assert abs(found.estimate - exact) < 4 * (found.high - found.low) / (2 * 1.96)
    assert found.pairs % 2 == 0
    assert 0 <= found.pairs - found.estimate < 2


def test_the_curve_says_how_each_figure_came_about() -> None:
    found = asked(single(0.6))
    frame = found.to_frame()
    assert frame["power"].tolist() == (frame["found"] / frame["replicates"]).tolist()
    share = frame["power"].to_numpy()
    assert frame["power error"].to_numpy() == pytest.approx(np.sqrt(share * (1 - share) / 400))
    exact = [stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, 0.6 / (0.7 * 2**0.5) * n**0.5)
             for n in frame["pairs"]]  # fmt: skip
    assert np.abs(share - exact).max() < 4 * frame["power error"].max()
    assert frame["fitted"].to_numpy() == pytest.approx(exact, abs=0.04)
    assert found.cohorts <= 12 * 200 + 15 * 400
    assert f"{found.pairs} pairs" in found._repr_html_()
    assert found.key[0] == "senior"


def test_a_cohort_without_an_answer_finds_nothing() -> None:
    def forgetful(study: rm.Study, outcome: str) -> Result:
        if study.measures["value"].iloc[0] > 0.0:  # half of them
            raise FitError("no answer today.")
        return quick(study, outcome)

    kept: list[pd.DataFrame] = []

    def ask(scenarios: Any, **given: Any) -> rm.Sweep:
        done = rm.sweep(scenarios, forgetful, outcome="score", keep=True, **given)
        kept.append(done.estimates)
        return done

    search = module._Search(single(0.6), ask, {}, 0.8, 0.05, (4, 100), 1)
    look = search.look(18, 100, 1)
    (raw,) = kept
    assert (look.pairs, look.replicates, look.answered) == (18, 100, raw["value"].notna().sum())
    assert look.found == (raw["p"] < 0.05).sum()
    assert 0 < look.found < look.answered < 100
    assert look.power == look.found / 100
    assert look.p_withheld == 0
    assert look.error == pytest.approx(np.sqrt(look.power * (1 - look.power) / 100))


def test_the_same_seed_gives_the_same_answer_whoever_draws_and_wherever_it_starts() -> None:
    one, other = asked(single(0.6)), asked(single(0.6), workers=2)
    assert one.to_frame().equals(other.to_frame())
    assert (one.pairs, one.estimate) == (other.pairs, other.estimate)
    far = asked(resized(single(0.6), 160))
    assert far.low < one.high
    assert one.low < far.high
    assert not asked(single(0.6), seed=4).to_frame().equals(one.to_frame())


def test_a_programme_is_asked_in_sizes_that_divide_over_its_sites() -> None:
    search = module._Search(rm.Scenario(), rm.sweep, {}, 0.8, 0.05, (4, 150), 1)
    assert search.sizes(115.0) == [80, 96, 116, 136, 150]  # .7, .85, 1, 1.2 of it; the bound
    assert search.sizes(20.0) == [14, 17, 20, 24, 28]  # too few for steps of four but by chance
    tight = module._Search(rm.Scenario(), rm.sweep, {}, 0.8, 0.05, (8, 10), 1)
    assert tight.sizes(9.0) == [8, 9, 10]


@pytest.mark.validate
def test_a_programme_gets_an_answer() -> None:
    found = rm.required(rm.Scenario(pairs=48), rm.compare_arms, outcome="digital_skill",
                        replicates=400, seed=1)  # fmt: skip
    assert all(look.pairs % 4 == 0 for look in found.looks)
    assert found.key[2] == "month6"
    # other cohorts of the size that is said to be enough
    done = rm.sweep(rm.Scenario(pairs=-(-found.pairs // 4) * 4), rm.compare_arms,
                    outcome="digital_skill", replicates=1_000, seed=99)  # fmt: skip
    row = rm.judge(done).to_frame().query("wave == 'month6' and against == 'latent'").iloc[0]
    print(found.estimate, found.low, found.high, row["rejects"])
    assert abs(row["rejects"] - 0.8) < 0.06


def test_nothing_to_find_is_refused() -> None:
    with pytest.raises(StudyError, match=r"true effect on .* is 0, not to be told from 0"):
        asked(single(0.0))
    with pytest.raises(StudyError, match="not to be told from 0"):
        rm.required(preset("no-effect"), rm.compare_arms, outcome="digital_skill", seed=1)


def test_a_power_outside_the_bounds_is_refused_with_what_was_seen() -> None:
    with pytest.raises(StudyError, match="with 30 pairs, the most that bounds allow"):
        asked(single(0.2), bounds=(4, 30))
    with pytest.raises(StudyError, match="already with 40 pairs, the fewest that bounds allow"):
        asked(single(0.9), bounds=(40, 200))
    # too near to tell at the bound itself: the fitted line does
    with pytest.raises(StudyError, match=r"at about 23.* outside bounds 4 to 23"):
        asked(single(0.6), bounds=(4, 23), seed=2)


def test_an_estimate_that_is_not_told_apart_or_has_no_truth_is_refused() -> None:
    both = rm.Gaussian(programme=10, comparison=10, people=1, effect=0.9, drift=0.2)
    with pytest.raises(StudyError, match="group: 'programme', 'comparison'"):
        asked(both)
    assert asked(both, about={"group": "programme"}).key[4] == "programme"

    def renamed(study: rm.Study, outcome: str) -> Result:
        result = quick(study, outcome)
        told = tuple(replace(one, estimand="somebody else") for one in result.estimates)
        return replace(result, estimates=told)

    with pytest.raises(StudyError, match=r"no truth for .*somebody else"):
        asked(single(0.6), renamed)


def test_a_size_that_breaks_is_named() -> None:
    def breaks(study: rm.Study, outcome: str) -> Result:
        if study.measures["value"].iloc[0] > 2.0:
            raise KeyError("what nobody foresaw")
        return quick(study, outcome)

    with pytest.raises(StudyError, match="cohorts of 10 pairs cannot be analysed: KeyError"):
        asked(single(0.6), breaks)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"power": 0.04}, ValueError, "alpha < power"),
        ({"power": 1.0}, ValueError, "alpha < power"),
        ({"power": "0.8"}, TypeError, "power is '0.8'; expected a number"),
        ({"alpha": None}, TypeError, "alpha is None; expected a number"),
        ({"level": "0.9"}, TypeError, "level is '0.9'; expected a number"),
        ({"level": 95}, ValueError, "level must lie"),
        ({"bounds": 5}, TypeError, "bounds is 5; expected the fewest and the most"),
        ({"bounds": (4,)}, TypeError, "expected the fewest and the most"),
        ({"bounds": ("4", 9)}, TypeError, "the lower of bounds is '4'; expected a whole number"),
        ({"about": "month6"}, TypeError, "about is 'month6'; expected fields"),
        ({"about": {"arm": "x"}}, TypeError, "about has arm; an estimate has role"),
        ({"replicates": 100}, ValueError, "200 or more"),
        ({"bounds": (50, 50)}, ValueError, "room for two sizes"),
        ({"workers": 0}, ValueError, "workers is 0"),
        ({"seed": -1}, ValueError, "seed"),
        ({"outcome": None}, TypeError, "outcome= is needed"),
        ({"outcome": "nerve"}, StudyError, "nerve"),
    ],
)
def test_wrong_arguments_are_refused(given: dict[str, Any], error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        asked(single(0.6), **given)


def test_what_is_no_scenario_or_no_analysis_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a Scenario or a Gaussian"):
        asked("forty")
    with pytest.raises(TypeError, match="expected one function"):
        asked(single(0.6), [rm.pre_post])


@pytest.mark.validate
@pytest.mark.parametrize(("drift", "sets"), [(1.3, 10), (0.6, 10), (0.3, 60)])
def test_the_monte_carlo_interval_holds_as_often_as_it_says(drift: float, sets: int) -> None:
    exact, runs = needed(drift / (0.7 * np.sqrt(2))), 400
    design = rm.Gaussian(programme=sets, people=1, drift=drift)
    found = [asked(design, seed=seed, replicates=500) for seed in range(runs)]
    held = np.mean([one.low <= exact <= one.high for one in found])
    bias = np.mean([one.estimate for one in found]) / exact - 1
    print(f"{drift=}: covers {held:.3f}, off by {bias:+.4f}")
    # three standard errors of a share of .95 in 400
    assert abs(held - 0.95) < 3 * np.sqrt(0.95 * 0.05 / runs)
    assert abs(bias) < 0.01
