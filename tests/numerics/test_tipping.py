"""Shifted imputations: against refitting at every shift; tipping points by a naive search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rmresearch.numerics.robust import fit
from rmresearch.numerics.rubin import Pooled, pool
from rmresearch.numerics.tipping import shifted, tipping_point


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    n, m = 48, 6
    arm, cluster = np.arange(n) % 2, np.arange(n) // 3
    gap = rng.random(n) < 0.25
    before = rng.normal(size=(m, n))
    y = np.where(gap, rng.normal(0.4, 1, (m, n)), rng.normal(0.4, 1, n)) + 1.1 * arm
    x = np.stack([np.ones((m, n)), np.broadcast_to(arm, (m, n)), before], axis=-1)
    groups = (gap & (arm == 1), gap & (arm == 0))
    return {"y": y, "x": x, "cluster": cluster, "weights": [0, 1, 0], "groups": groups}


def refitted(data: dict[str, Any], first: float, second: float) -> Pooled:
    """The same by six separate fits of the shifted data."""
    ours, theirs = data["groups"]
    found = [
        fit(y + first * ours + second * theirs, x, data["cluster"]).contrast(data["weights"])
        for y, x in zip(data["y"], data["x"], strict=True)
    ]
    return pool(
        [one.estimate for one in found],
        [one.se**2 for one in found],
        float(np.mean([one.df for one in found])),
    )


@pytest.mark.parametrize("first, second", [(0, 0), (-1.3, 0), (0, 2.2), (-3.0, 1.7), (4, -4)])
def test_every_shift_as_if_fitted_again(data: dict[str, Any], first: float, second: float) -> None:
    got, want = shifted(**data).at(first, second), refitted(data, first, second)
    for name in ("estimate", "se", "df", "share"):
        # the same numbers through a polynomial: rounding
        assert getattr(got, name) == pytest.approx(getattr(want, name), rel=1e-9), name


def test_tips_where_a_naive_search_finds_it(data: dict[str, Any]) -> None:
    surface = shifted(**data)
    assert surface.at(0.0).interval()[0] > 0
    want = next(d for d in np.arange(0, 4, 0.1) if refitted(data, -d, 0.0).interval()[0] <= 0)
    got = tipping_point(surface, 1, -4.0)
    assert got is not None
    assert want - 0.1 < -got <= want
    # just before it the decision still holds
    assert refitted(data, got + 1e-6, 0.0).interval()[0] > 0
    assert refitted(data, got - 1e-6, 0.0).interval()[0] < 0


def test_within_a_small_range_nothing_tips(data: dict[str, Any]) -> None:
    assert tipping_point(shifted(**data), 1, -0.1) is None


def test_a_shift_that_helps_never_tips(data: dict[str, Any]) -> None:
    assert tipping_point(shifted(**data), 1, 4.0) is None


def test_what_does_not_hold_from_the_start_tips_at_once(data: dict[str, Any]) -> None:
    assert tipping_point(shifted(**data), -1, -4.0) == 0.0


def test_without_clusters_the_variance_is_classical(data: dict[str, Any]) -> None:
    got = shifted(**{**data, "cluster": None}).at(-1.0)
    ours = data["groups"][0]
    each = [
        fit(y - ours, x, vcov="classical").contrast(data["weights"]).se ** 2
        for y, x in zip(data["y"], data["x"], strict=True)
    ]
    assert got.within == pytest.approx(np.mean(each), rel=1e-9)
