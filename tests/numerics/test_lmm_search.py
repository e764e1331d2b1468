"""240 random small designs: no multistart search finds a deeper valley.

Few groups, few rows and covariates at random, where boundaries and second valleys live; the judge
minimises a criterion of n x n matrices from several starts.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize
from tests.numerics.test_lmm import dense, parameters

from rmresearch.errors import FitError
from rmresearch.numerics.lmm import Term, design, fit, fit_many

Array = NDArray[np.float64]


def small_design(seed: int) -> tuple[Array, Array, list[Term]]:
    """9 to 30 rows: one factor, two crossed, two nested, a slope, an uncorrelated slope."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(9, 31))
    one = np.ones((n, 1))
    columns = [rng.normal(size=n) if rng.random() < 0.5 else rng.integers(0, 2, n) for _ in "ab"]
    x = np.column_stack([one[:, 0], *columns[: int(rng.integers(0, 3))]]).astype(float)
    a, b = rng.integers(0, rng.integers(3, 8), n), rng.integers(0, rng.integers(2, 6), n)
    slope = np.column_stack([one[:, 0], rng.normal(size=n)])
    terms = [
        [Term(a, one)],
        [Term(a, one), Term(b, one)],
        [Term(a, one), Term(a * 10 + b, one)],
        [Term(a, slope)],
        [Term(a, slope, correlated=False)],
    ][seed % 5]
    y = rng.normal(size=n) + rng.choice([0.0, 1.0, 3.0]) * rng.normal(size=10)[a]
    return y + rng.choice([0.0, 1.0]) * rng.normal(size=10)[b], x, terms


def deepest(y: Array, x: Array, terms: list[Term], rng: np.random.Generator) -> float:
    start = parameters(terms)
    return min(
        optimize.minimize(
            lambda t: dense(t, y, x, terms)[0],
            scale * (start + 0.1 * rng.normal(size=start.size)),
            method="L-BFGS-B",
        ).fun
        for scale in (0.05, 0.4, 1.0, 5.0)
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_no_multistart_search_finds_a_deeper_valley(part: int) -> None:
    fitted = 0
    for seed in range(30 * part, 30 * part + 30):
        y, x, terms = small_design(seed)
        try:
            found = fit(y, x, terms)
        except FitError:  # two terms that such a design cannot tell apart
            continue
        best = deepest(y, x, terms, np.random.default_rng(seed))
        assert found.criterion <= best + 1e-8 * max(1.0, abs(best)), seed
        if not found.converged:
            # Hardly more rows than groups: the criterion falls as the residual variance vanishes.
            assert found.sigma2 < 1e-5 * found.covariances[0][0, 0], seed
            continue
        fitted += 1
    assert fitted >= 24


@pytest.mark.parametrize(("seed", "replicate"), [(3, 85), (109, 79), (184, 59), (287, 18)])
def test_hardly_more_rows_than_effects_have_several_valleys(seed: int, replicate: int) -> None:
    """24 people at three waves, a third of the rows lost, a slope each: one start ends too high."""
    rng = np.random.default_rng(seed)
    person, wave = (a.ravel() for a in np.meshgrid(np.arange(24), np.arange(3), indexing="ij"))
    keep = rng.random(person.size) > 0.3
    person, wave = person[keep], wave[keep].astype(float)
    one, arm = np.ones(person.size), person % 2
    later = [wave == 1, wave == 2]
    x = np.column_stack([one, *later, *(arm * part for part in later)]).astype(float)
    terms = [Term(person, np.column_stack([one, wave]))]
    y = rng.normal(size=(100, person.size))
    best = deepest(y[replicate], x, terms, rng)
    assert fit(y[replicate], x, terms).criterion <= best + 1e-8 * abs(best)
    together = fit_many(y[replicate - 1 : replicate + 1], design(x, terms))
    assert together.criterion[1] <= best + 1e-8 * abs(best)
