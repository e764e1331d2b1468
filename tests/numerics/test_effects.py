"""Effect sizes and what a study can show, against hand calculation, R, and published examples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rmresearch.numerics import effects

from .references import columns, outputs

R = outputs("measures")


def test_small_sample_correction_by_hand() -> None:
    assert effects.small_sample(48) == pytest.approx(1 - 3 / 183)
    assert np.isnan(effects.small_sample(3))


def test_hedges_g_of_two_groups_as_r() -> None:
    data = {k: np.array(v, dtype=float) for k, v in columns("changes").items()}
    one, none = data["after"][data["programme"] == 1], data["after"][data["programme"] == 0]
    sd = effects.pooled_sd(one, none)
    difference = one.mean() - none.mean()
    n = one.size + none.size
    se = sd * np.sqrt(1 / one.size + 1 / none.size)
    found = effects.hedges_g(difference, se, n - 2, sd, n)
    # effectsize::cohens_d is uncorrected; R prints 15 digits
    assert found.value / effects.small_sample(n) == pytest.approx(R["effectsize"]["d"], rel=1e-9)
    # Hedges and Olkin's large-sample variance, by hand: (n1+n0)/(n1 n0) + g^2/(2 (n-2))
    j = effects.small_sample(n)
    variance = j**2 * (1 / one.size + 1 / none.size) + found.value**2 / (2 * (n - 2))
    assert found.se == pytest.approx(np.sqrt(variance), rel=1e-9)
    half = stats.t.ppf(0.975, n - 2) * found.se
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half))


def test_hedges_g_without_a_scale() -> None:
    for sd, n in ((0.0, 20), (np.nan, 20), (1.0, 2)):
        found = effects.hedges_g(1.0, 0.3, 18, sd, n)
        assert np.isnan([found.value, found.se, found.low, found.high]).all()
    zero = effects.hedges_g(0.0, 0.3, 18, 1.0, 20)
    assert zero.low == -zero.high


def test_hedges_g_does_not_feel_units() -> None:
    one = effects.hedges_g(2.0, 0.5, 30, 4.0, 40)
    two = effects.hedges_g(2e6, 5e5, 30, 4e6, 40)
    assert (one.value, one.low, one.high) == pytest.approx((two.value, two.low, two.high))


def test_pooled_sd() -> None:
    a, b = [1.0, 2.0, np.nan, 4.0], [5.0, 9.0]
    by_hand = np.sqrt(((1 + 4 + 16) - 49 / 3 + 8) / 3)
    assert effects.pooled_sd(a, b) == pytest.approx(by_hand)
    assert effects.pooled_sd([1.0], [2.0, 4.0]) == pytest.approx(np.sqrt(2))
    assert np.isnan(effects.pooled_sd([1.0], [2.0]))
    assert np.isnan(effects.pooled_sd())


def test_paired_effects_as_r() -> None:
    data = {k: np.array(v, dtype=float) for k, v in columns("changes").items()}
    d_z, d_av = effects.paired_standardised(data["before"], data["after"])
    assert d_z == pytest.approx(R["effectsize"]["d_z"], rel=1e-9)
    sd = [np.std(data[k], ddof=1) for k in ("before", "after")]
    mean = (data["after"] - data["before"]).mean()
    assert d_av == pytest.approx(mean / np.sqrt((sd[0] ** 2 + sd[1] ** 2) / 2))
    with_gaps = np.r_[data["before"], np.nan], np.r_[data["after"], 3.0]
    assert effects.paired_standardised(*with_gaps) == (d_z, d_av)


def test_paired_effects_without_variance() -> None:
    assert np.isnan(effects.paired_standardised([1.0], [2.0])).all()
    d_z, d_av = effects.paired_standardised([1.0, 2, 3], [2.0, 3, 4])
    assert np.isnan(d_z)
    assert d_av == pytest.approx(1.0)
    assert np.isnan(effects.paired_standardised([2.0, 2], [2.0, 2])).all()


def test_reliable_change_of_jacobson_and_truax() -> None:
    """Their example (1991, p. 14): 32.5 to 47.5, SD 7.5, reliability .80: 15 / 4.74 = 3.16."""
    before, after = [32.5, 40, 40, 40], [47.5, 41, 30, np.nan]
    found = effects.reliable_change(before, after, sd=7.5, reliability=0.8)
    assert found.index[0] == pytest.approx(3.16, abs=0.005)
    assert found.threshold / 1.96 == pytest.approx(4.74, abs=0.005)
    assert (found.up, found.unchanged, found.down) == (1, 1, 1)
    assert np.isnan(found.index[3])
    with pytest.raises(ValueError, match="reliability"):
        effects.reliable_change([1.0], [2.0], sd=1.0, reliability=1.0)
    with pytest.raises(ValueError, match="sd"):
        effects.reliable_change([1.0], [1.0], sd=0.0, reliability=0.8)


def test_wilson_as_r_and_as_published() -> None:
    assert effects.wilson(7, 31) == pytest.approx(R["wilson"], rel=1e-9)  # prop.test
    # Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148, 0/20, 1/29
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (k, n), ends in published.items():
        assert effects.wilson(k, n) == pytest.approx(ends, abs=5e-5)
    assert effects.wilson(5, 5)[1] == 1.0
    assert np.isnan(effects.wilson(0, 0)).all()
    with pytest.raises(ValueError, match="between 0 and n"):
        effects.wilson(6, 5)


def test_clustered_proportion() -> None:
    answers = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0])
    alone = effects.proportion(answers)
    assert (alone.low, alone.high) == effects.wilson(6, 12)
    assert (alone.effective_n, alone.n_clusters, alone.k) == (12, 12, 6)
    # By hand: clusters of 3 with 2, 2, 1, 1 of 3; deviations from a half .5, .5, -.5, -.5
    codes = np.repeat(np.arange(4), 3)
    robust = 4 / 3 * (4 * 0.25) / 144
    effect = robust / (0.25 / 12)
    assert effect < 1
    assert effects.proportion(answers, codes).effective_n == 12  # clusters never narrow
    same = np.repeat([1, 0, 1, 0], 3)
    found = effects.proportion(same, codes)
    robust = 4 / 3 * (4 * 1.5**2) / 144
    assert found.effective_n == pytest.approx(12 / (robust / (0.25 / 12)))
    assert found.effective_n < 4
    assert found.high - found.low > alone.high - alone.low


def test_unanimous_and_empty_proportions() -> None:
    codes = np.repeat(np.arange(4), 3)
    found = effects.proportion(np.ones(12), codes)
    assert (found.low, found.high) == effects.wilson(4, 4)
    assert np.isnan(effects.proportion([]).value)
    one = effects.proportion([1, 0, 1], [5, 5, 5])
    assert one.effective_n == 1.0
    with pytest.raises(ValueError, match="0 and 1"):
        effects.proportion([1.0, np.nan])


def test_smallest_detectable_effect_of_the_design_page() -> None:
    """methods.md: 24 + 24 people, baseline correlation .6, SD 1: .66."""
    se = np.sqrt((1 - 0.6**2) * 2 / 24)
    assert effects.smallest_detectable(se, 45) == pytest.approx(0.66, abs=0.005)
    assert np.isnan(effects.smallest_detectable(0.0, 45))
    assert np.isnan(effects.smallest_detectable(1.0, 0))


def test_smallest_detectable_effect_has_its_power() -> None:
    """The power at that effect, from the noncentral t, is 80% (the formula is exact to .005)."""
    for df in (10, 45, 500):
        delta = effects.smallest_detectable(1.0, df)
        limit = stats.t.ppf(0.975, df)
        power = 1 - stats.nct.cdf(limit, df, delta) + stats.nct.cdf(-limit, df, delta)
        assert power == pytest.approx(0.80, abs=0.005 if df > 20 else 0.015)


def test_exaggeration_by_simulation() -> None:
    """methods.md: 24 + 24 people, r = .6, true effect .2 SD: 2.9 times.

    Its origin is simulated here from the definition: analysis of covariance with its own
    estimated standard error; 80,000 studies put the ratio's Monte Carlo error at .02.
    """
    rng = np.random.default_rng(1)
    arm = np.repeat([-0.5, 0.5], 24)
    pre = rng.normal(size=(80_000, 48))
    post = 0.6 * pre + 0.8 * rng.normal(size=pre.shape) + 0.2 * arm
    pre, post = (v - v.mean(axis=1, keepdims=True) for v in (pre, post))
    sxx, sxa, saa = (pre**2).sum(axis=1), pre @ arm, arm @ arm
    sxy, say = (pre * post).sum(axis=1), post @ arm
    bottom = sxx * saa - sxa**2
    effect, slope = (sxx * say - sxa * sxy) / bottom, (saa * sxy - sxa * say) / bottom
    rss = ((post - effect[:, None] * arm - slope[:, None] * pre) ** 2).sum(axis=1)
    se = np.sqrt(rss / 45 * sxx / bottom)
    found = np.abs(effect / se) > stats.t.ppf(0.975, 45)
    simulated = np.abs(effect[found]).mean() / 0.2
    assert simulated == pytest.approx(2.9, abs=0.1)
    # E(1 / (1 - r_xa^2)) = 1 + 1/45: the price of estimating the slope
    known = np.sqrt((1 - 0.6**2) * 2 / 24 * (1 + 1 / 45))
    assert effects.exaggeration_ratio(known, 45, 0.2) == pytest.approx(simulated, abs=0.06)
    assert effects.exaggeration_ratio(known, 45, 0.2) == pytest.approx(2.9, abs=0.1)


def test_exaggeration_as_published() -> None:
    """Gelman and Carlin 2014: true effect 0.1, standard error 3.28: "77 times too high"."""
    assert effects.exaggeration_ratio(3.28, 1e6, 0.1) == pytest.approx(77, abs=0.5)
    # an effect of ten standard errors is always significant, and not exaggerated
    assert effects.exaggeration_ratio(0.1, 50, 1.0) == pytest.approx(1.0, abs=1e-6)


def test_exaggeration_by_a_naive_integral() -> None:
    se, df, effect = 0.7, 12.3, -0.5
    rng = np.random.default_rng(3)
    z = rng.normal(effect, se, 400_000)
    s = se * np.sqrt(rng.chisquare(df, 400_000) / df)
    found = np.abs(z / s) > stats.t.ppf(0.975, df)
    # Monte Carlo error of the mean of about 40,000 significant estimates: .005
    naive = np.abs(z[found]).mean() / 0.5
    assert effects.exaggeration_ratio(se, df, effect) == pytest.approx(naive, abs=0.02)
    assert np.isnan(effects.exaggeration_ratio(se, df, 0.0))
    assert np.isnan(effects.exaggeration_ratio(0.0, df, 0.1))


def test_expected_regression_to_the_mean() -> None:
    assert effects.expected_regression(0.6, 3.0, 2.5) == pytest.approx(0.2)
    assert effects.expected_regression(1.0, 3.0, 2.5) == 0.0
    assert effects.expected_regression(0.0, 3.0, 3.5) == pytest.approx(-0.5)
    with pytest.raises(ValueError, match="correlation"):
        effects.expected_regression(1.2, 3.0, 2.5)
    # by simulation: a group chosen for low scores, retested without treatment
    rng = np.random.default_rng(0)
    true = rng.normal(3, np.sqrt(0.6), 400_000)
    first, second = (true + rng.normal(0, np.sqrt(0.4), true.size) for _ in range(2))
    low = first < 2.5
    expected = effects.expected_regression(0.6, 3.0, float(first[low].mean()))
    assert (second - first)[low].mean() == pytest.approx(expected, abs=0.01)


def test_holm_as_r() -> None:
    p = [0.012, 0.2, 0.004, 0.04, 0.012, 0.9]
    assert effects.holm(p) == pytest.approx(R["p_adjust"], rel=1e-12)
    assert effects.holm([]).size == 0
    assert effects.holm([0.03]) == pytest.approx([0.03])
    with_gap = effects.holm([0.01, np.nan, 0.02])
    assert with_gap[[0, 2]] == pytest.approx([0.03, 0.04])  # the family still has three tests
    assert np.isnan(with_gap[1])


def test_holm_intervals_match_holm_decisions() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        t = rng.normal(1.5, 1.5, size=5)
        p = 2 * stats.norm.sf(np.abs(t))
        rejected = effects.holm(p) <= 0.05
        levels = effects.holm_levels(p)
        excludes = np.abs(t) >= stats.norm.ppf(0.5 + levels / 2)
        assert (rejected == excludes).all()
    assert effects.holm_levels([]).size == 0
    assert effects.holm_levels([0.5, np.nan]) == pytest.approx([0.975, 0.975])


def test_cox_index_by_hand() -> None:
    logit = np.log(30 / 20) - np.log(20 / 30)
    found = effects.cox_index(30, 50, 20, 50)
    assert found == pytest.approx((1 - 3 / 391) * logit / 1.65)
    assert effects.cox_index(20, 50, 30, 50) == pytest.approx(-found)
    for k1, n1, k0, n0 in ((0, 10, 5, 10), (5, 10, 10, 10), (0, 0, 1, 2)):
        assert np.isnan(effects.cox_index(k1, n1, k0, n0))
