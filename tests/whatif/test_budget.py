"""What a budget buys: sums by hand, certainty by the noncentral t."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

import rmresearch as rm
from rmresearch.errors import StudyError

DESIGN = rm.Gaussian(programme=10, people=1, drift=0.6)


def bought(design: Any = DESIGN, analysis: Any = rm.pre_post, **given: Any) -> rm.Budget:
    options: dict[str, Any] = {"outcome": "score", "budgets": [10_000, 25_000], "per_pair": 900,
                               "fixed": 1_000, "replicates": 400, "seed": 2}  # fmt: skip
    return rm.budget(design, analysis, **{**options, **given})


def test_money_is_spent_on_whole_pairs() -> None:
    rows = bought().to_frame()
    # (10,000 - 1,000) / 900 = 10; (25,000 - 1,000) / 900 = 26.67
    assert rows["pairs"].tolist() == [10, 26]
    assert rows["spent"].tolist() == [10_000, 24_400]
    arms = rm.Gaussian(programme=2, comparison=3, people=2, effect=0.6)
    assert bought(arms, rm.compare_arms, budgets=[28_500]).bought[0].pairs == 30  # in tens
    # in cents three tenths buy three, though 0.3 / 0.1 is a little less than 3
    assert bought(budgets=[0.3], per_pair=0.1, fixed=0.0).bought[0].pairs == 3


def test_certainty_is_what_theory_says() -> None:
    for row in bought().bought:
        n, sd = row.pairs, 0.7 * np.sqrt(2)
        df, ncp = n - 1, 0.6 / sd * np.sqrt(n)
        power = stats.nct.sf(stats.t.ppf(0.975, df), df, ncp)
        reach = stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)
        # the mean of a sample SD over its true SD
        c4 = np.sqrt(2 / df) * np.exp(special.gammaln(n / 2) - special.gammaln(df / 2))
        for seen, error, exact in (
            (row.power, row.power_error, power),
            (row.standard_error, row.standard_error_error, sd / np.sqrt(n)),
            (row.smallest_detectable, row.smallest_detectable_error, reach * c4 * sd / np.sqrt(n)),
            (row.coverage, row.coverage_error, 0.95),
        ):
            assert abs(seen - exact) < 4 * error
        assert (row.failed, row.replicates) == (0, 400)


def test_it_is_what_a_sweep_of_these_sizes_says() -> None:
    found = bought()
    sizes = {f"{n} pairs": rm.Gaussian(programme=n, people=1, drift=0.6) for n in (10, 26)}
    done = rm.sweep(sizes, rm.pre_post, outcome="score", replicates=400, seed=2)
    rows = rm.judge(done).to_frame().query("against == 'latent'")
    assert found.to_frame()["power"].tolist() == rows["rejects"].tolist()
    assert found.to_frame()["coverage_error"].tolist() == rows["coverage error"].tolist()
    assert "What each budget buys" in found._repr_html_()


def test_two_budgets_for_one_size_have_one_answer() -> None:
    one, other = bought(budgets=[10_000, 10_500]).bought
    assert (one.power, one.spent) == (other.power, other.spent)
    assert (one.budget, other.budget) == (10_000, 10_500)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"budgets": []}, "budgets is empty"),
        ({"per_pair": 0, "fixed": -1}, "per_pair is 0; .*; fixed is -1"),
        ({"budgets": [float("nan")]}, "a budget is nan"),
        ({"budgets": [500, 1_500]}, "a budget of 500 .* for 1,900; a budget of 1,500 buys no"),
        ({"replicates": 0}, "replicates is 0"),
    ],
)
def test_impossible_money_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bought(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"budgets": 9_000}, "budgets is 9000; expected a list of amounts"),
        ({"budgets": ["9000"]}, "a budget is '9000'; expected an amount"),
        ({"per_pair": "500"}, "per_pair is '500'; expected an amount"),
        ({"per_wave": None}, "per_wave is None; expected an amount"),
        ({"about": {"arm": "x"}}, "about has arm; an estimate has role"),
    ],
)
def test_what_is_no_amount_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        bought(**given)


def test_a_scenario_that_cannot_be_so_small_says_why() -> None:
    with pytest.raises(ValueError, match=r"buys no study: .*arm empty"):
        bought(rm.Scenario(), rm.compare_arms, outcome="digital_skill", budgets=[2_000])


def test_what_is_not_told_apart_or_has_no_pairs_is_refused() -> None:
    both = rm.Gaussian(programme=5, comparison=5, people=1)
    with pytest.raises(StudyError, match="name one by group"):
        bought(both)
    with pytest.raises(TypeError, match="expected one function"):
        bought(DESIGN, [rm.pre_post, rm.compare_arms])
    with pytest.raises(TypeError, match="expected a Scenario or a Gaussian"):
        bought("forty")
