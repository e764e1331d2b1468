"""Coverage of own and partner's part, at few pairs: run by `make validate`.

    python -m pytest --validate -m validate -s tests/analysis/test_dyads_coverage.py

Gates as in methods.md: fail only where the 99.9% Monte Carlo interval lies outside .94 to .965.
"""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.errors import FitError
from rmresearch.numerics.dyads import fit_dyads

PAIRS = (8, 12, 20, 40)
#: correlation of the two members' residuals, share of later answers missing
WORLDS = {"alone": (0.0, 0.0), "together": (0.3, 0.0), "lost": (0.6, 0.2)}
TRUTH = {1: 0.5, 2: 0.0, 4: 0.5, 5: 0.0}


def held(pairs: int, world: str, replicates: int) -> np.ndarray:
    """Shares of intervals that hold the truth; residual SDs are 1 and 3."""
    rho, missing = WORLDS[world]
    rng = np.random.default_rng([pairs, replicates, len(world)])
    inside = []
    for _ in range(replicates):
        own = rng.normal(size=(pairs, 2))
        y = 0.5 * own + rng.multivariate_normal([0, 0], [[1, 3 * rho], [3 * rho, 9]], pairs)
        y[rng.random((pairs, 2)) < missing] = np.nan
        try:
            found = fit_dyads(y, np.stack([own, own[:, ::-1]], -1), np.arange(pairs)).fit
        except FitError:  # fewer than 5 of a role answered
            continue
        ends = [found.contrast(np.eye(6)[place]).interval() for place in TRUTH]
        inside.append([a <= b <= c for (a, c), b in zip(ends, TRUTH.values(), strict=True)])
    return np.asarray(inside)


@pytest.mark.validate
@pytest.mark.parametrize("pairs", PAIRS)
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth(pairs: int, world: str) -> None:
    inside = held(pairs, world, 2_000)
    share = inside.mean(axis=0)
    print(f"\n{pairs} pairs, {world}: {share.round(4).tolist()} of {len(inside)}")
    error = 3.29 * np.sqrt(share * (1 - share) / len(inside))
    assert (share + error >= 0.94).all()
    assert (share - error <= 0.965).all()
