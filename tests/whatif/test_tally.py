"""Running sums: merged blocks say what all the values at once say."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.whatif.tally import Moments, Tally


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_merged_moments_are_those_of_everything(offset: float) -> None:
    rng = np.random.default_rng(4)
    values = offset + rng.standard_normal((1_000, 3))
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:300, 2] = np.nan  # a column that a whole block lacks
    values[:, 1] = np.nan
    merged = Moments.none(3)
    for block in np.split(values, [300, 310, 999]):
        merged = merged.merge(Moments.of(block))
    for column in (0, 2):
        known = values[~np.isnan(values[:, column]), column]
        assert merged.n[column] == len(known)
        # rounding of a mean of numbers of this size, and of squares about it
        assert merged.mean[column] == pytest.approx(known.mean(), rel=1e-14)
        assert merged.squares[column] == pytest.approx(known.var() * len(known), rel=1e-7)
    assert (merged.n[1], merged.mean[1], merged.squares[1]) == (0, 0.0, 0.0)


def test_tallies_add_reasons_and_keys() -> None:
    one = Tally(5, {"few": 2}, {})
    both = one.merge(Tally(4, {"none": 1, "few": 1}, {}))
    assert both.replicates == 9
    assert list(both.failures.items()) == [("few", 3), ("none", 1)]
