"""Likelihood ratios: R's statistics, the mixtures of the boundary, and refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from models.references import R, close, data
from models.test_mixed import frame
from rmresearch.errors import FitError
from rmresearch.models import lmm
from rmresearch.numerics import lmm as kernel


@pytest.mark.parametrize("name", R["ratios"])
def test_as_anova_of_lme4(name: str) -> None:
    want = R["ratios"][name]
    small, large = (
        lmm(want[size], data(want["data"]), reml=want["reml"]) for size in ("smaller", "larger")
    )
    found = large.compare(small)
    close(found.statistic, want["statistic"], 1e-6, 1.0)
    assert list(found.df) == want["df"]
    close(found.p, want["p"], 1e-5)
    assert (found.smaller, found.larger) == (want["smaller"], want["larger"])
    assert small.compare(large) == found


def test_nothing_gained_is_no_evidence() -> None:
    """At a statistic of 0 all of the null distribution lies above or at it."""
    rows = data("boundary")
    nested = lmm("score ~ wave + arm + (1 | pair/person)", rows)
    found = nested.compare(lmm("score ~ wave + arm + (1 | pair:person)", rows))
    assert (found.statistic, found.p, found.df) == (pytest.approx(0.0, abs=1e-9), 1.0, (0, 1))


def test_two_effects_and_a_third() -> None:
    """q = 2 effects and one more: half chi-square on 2 df, half on 3 (Stram and Lee 1994)."""
    rows = data("slope")
    two = lmm("score ~ t + (1 + t | pair)", rows)
    three = lmm("score ~ t + (1 + t + I(t^2) | pair)", rows)
    found = three.compare(two)
    ratio = two.criterion - three.criterion
    assert found.df == (2, 3)
    assert found.p == pytest.approx((stats.chi2.sf(ratio, 2) + stats.chi2.sf(ratio, 3)) / 2)
    assert "one variance and 2 covariances added" in found.method


def test_the_same_effects_in_other_words_are_the_same() -> None:
    """Full covariances span: (1 + t) and (1 + I(t - 1)) are one term, and nothing is added."""
    rows = data("slope")
    pair = lmm("score ~ t + (1 + t | pair)", rows)
    both = lmm("score ~ t + (1 + I(t - 1) | pair) + (1 | someone)", rows)
    assert both.compare(pair).df == (0, 1)


def test_a_singular_smaller_model_is_said() -> None:
    """Two who pull apart leave their pair no variance (make_inputs.py); persons have some."""
    rows = data("boundary")
    person, nested, slope = (
        lmm(f"score ~ wave + {random}", rows)
        for random in (
            "(1 | pair:person)",
            "(1 | pair/person)",
            "(1 | pair) + (1 + t | pair:person)",
        )
    )
    assert nested.singular
    assert "the smaller model is itself singular" in slope.compare(nested).method
    assert not person.singular
    assert "itself singular" not in nested.compare(person).method


@pytest.mark.parametrize(
    ("one", "other", "options", "words"),
    [
        ("arm + (1 | pair)", "wave + arm + (1 | pair)", {}, "fit both with reml=False"),
        ("arm + (1 | pair)", "C(arm) + (t | pair)", {"reml": True}, ""),
        ("t + (1 | pair)", "I(2*t) + (1 | pair/person)", {}, "write them alike"),
        ("arm + (1 | pair)", "t + (1 | pair)", {"reml": False}, "as many parameters"),
        ("arm + (1 | pair)", "t + C(person) + (1 | pair)", {"reml": False}, "fixed part .* within"),
        ("arm + (1 | pair)", "arm + t + (1 | pair/person)", {"reml": False}, "differ at once"),
        ("t + (1 | who)", "t + (t | pair)", {}, "random part .* does not lie within"),
        ("t + (1 | who)", "t + (1 | pair) + (0 + t | pair)", {}, "does not lie within"),
        ("t + (1 | who)", "t + (1 | who) + (t | pair)", {}, "grow from 0 to 2"),
        ("t + (1 | pair)", "t + (wave | pair)", {}, "grow from 1 to 3"),
        ("t + (1 | who)", "t + (t || pair) + (1 | who)", {}, "2 terms are added at once"),
    ],
)
def test_what_cannot_be_compared(one: str, other: str, options: dict[str, Any], words: str) -> None:
    first, second = (lmm(f"score ~ {text}", frame(), **options) for text in (one, other))
    if not words:
        assert first.compare(second).df == (1, 2)
        return
    with pytest.raises(ValueError, match=words):
        first.compare(second)


def test_fits_of_other_data_or_by_other_means() -> None:
    rows = frame()
    fit = lmm("score ~ arm + (1 | pair)", rows)
    formula = "score ~ arm + (1 | pair/person)"
    with pytest.raises(ValueError, match=r"72 and 71 rows \(0 and 1 dropped\)"):
        fit.compare(lmm(formula, rows.assign(score=rows["score"].where(rows.index != 3))))
    with pytest.raises(ValueError, match="different rows"):
        fit.compare(lmm(formula, rows[::-1]))
    with pytest.raises(ValueError, match="different outcomes"):
        fit.compare(lmm(formula, rows.assign(score=rows["score"] ** 2)))
    with pytest.raises(ValueError, match="one model is fitted by REML"):
        fit.compare(lmm(formula, rows, reml=False))
    with pytest.raises(TypeError, match=r"takes a second fit of rm\.lmm, not str"):
        fit.compare("score ~ arm")  # type: ignore[arg-type]
    lost = replace(fit.kernel, converged=np.False_)
    with pytest.raises(FitError, match="did not converge"):
        lmm(formula, rows).compare(replace(fit, kernel=lost))


@pytest.mark.parametrize("larger", ["(1 | pair) + (1 | who)", "(1 + t | who)"])
def test_a_true_null_is_rejected_as_often_as_said(larger: str) -> None:
    """2,000 outcomes without the added variance: p <= .05 in 5%, within 4 binomial errors."""
    pair, person, t = (
        cell.ravel() for cell in np.meshgrid(range(60), range(2), range(3), indexing="ij")
    )
    who = 2 * pair + person
    rng = np.random.default_rng(11)
    y = rng.normal(size=pair.size) + 0.7 * rng.normal(size=120)[who]
    rows = pd.DataFrame({"y": y, "pair": pair, "who": who, "t": t})
    fits = [lmm(f"y ~ t + {random}", rows) for random in ("(1 | who)", larger)]
    drawn = fits[0].simulate(2000, seed=1)
    criteria = []
    for fit in fits:
        design = kernel.design(fit.rows.x, fit.rows.terms)
        criteria.append(kernel.fit_many(drawn, design).criterion)
    p = []
    for pair_of_criteria in zip(*criteria, strict=True):
        small, large = (
            replace(fit, kernel=replace(fit.kernel, criterion=value))
            for fit, value in zip(fits, pair_of_criteria, strict=True)
        )
        p.append(large.compare(small).p)
    rejected = float(np.mean(np.array(p) <= 0.05))
    assert abs(rejected - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 2000)


def test_a_comparison_says_which_models_and_how() -> None:
    small, large = (
        lmm(f"score ~ {fixed} + (1 | pair)", frame(), reml=False) for fixed in ("1", "arm")
    )
    found = large.compare(small)
    assert repr(found).splitlines() == [
        small.formula,
        f"within {large.formula}",
        "",
        f"statistic {found.statistic:.4g}, p = {found.p:.4g} ({found.method})",
    ]
