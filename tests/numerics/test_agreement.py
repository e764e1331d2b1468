"""ICC(A,1): a published table, its definition, and its edges (R: analysis/test_scales.py)."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.numerics.agreement import icc_agreement


def test_shrout_and_fleiss_example() -> None:
    # Shrout and Fleiss 1979, table 2 (six targets, four judges); their table 4: ICC(2,1) = .29;
    # McGraw and Wong's interval for it is given by R's irr and psych as .019 to .761
    judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    icc, low, high = icc_agreement(judges)
    assert icc == pytest.approx(0.29, abs=0.005)  # printed with two digits
    assert (low, high) == pytest.approx((0.019, 0.761), abs=0.0005)  # with three


def test_a_shift_of_everybody_is_disagreement() -> None:
    scores = np.array([[1.0, 1], [3, 3], [5, 5], [2, 2.5]])
    moved = scores + np.array([0.0, 1.0])
    assert icc_agreement(moved)[0] < icc_agreement(scores)[0]
    # units and origin change nothing
    assert icc_agreement(10 * scores + 100) == pytest.approx(icc_agreement(scores))


def test_edges() -> None:
    assert np.isnan(icc_agreement([[1.0, 2]])).all()
    assert np.isnan(icc_agreement([[1.0], [2]])).all()
    assert np.isnan(icc_agreement([[4.2, 4.2], [4.2, 4.2], [4.2, 4.2]])).all()
    perfect = icc_agreement([[1.0, 1], [2, 2], [4, 4]])
    assert perfect[0] == pytest.approx(1.0)
    assert np.isnan(perfect[1:]).all()
    opposed = icc_agreement([[1.0, 3], [3, 1], [2, 2]])
    # rows and columns have equal means: only disagreement is left, (0 - 2) / (0 + 2 - 4/3) = -3
    assert opposed[0] == pytest.approx(-3.0)
    assert np.isnan(opposed[1:]).all()
