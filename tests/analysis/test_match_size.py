"""The permutation of pairings holds its size where chance matched, and is silent elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.errors import FitError
from rmresearch.numerics.repair import pairings, studentised
from rmresearch.world.levers import Levers
from rmresearch.world.scenario import Scenario


@pytest.mark.validate
@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("n", [8, 12, 20, 40])
def test_size_under_random_matching_within_rules(n: int, missing: float) -> None:
    """2,000 pilots whose outcomes hang on the seniors alone, with heavy, uneven tails.

    The pairs are drawn from those that a level gap of 3 allows. The test's own level is at most
    5%; the gate fails if the 99.9% Monte Carlo interval lies above 5.5% or below 3.5%.
    """
    rng = np.random.default_rng(1000 * n + int(10 * missing))
    own, rejected, tried = np.arange(n), 0, 0
    while tried < 2_000:
        above, below = rng.integers(5, 9, n), rng.integers(1, 4, n)
        allowed = above[:, None] - below >= 3
        start = np.empty(n, np.intp)
        start[np.argsort(above)] = np.argsort(below)
        if not allowed[own, start].all():
            continue
        made = pairings(own, start, allowed, rng=rng, draws=1, limit=1).made[1].astype(np.intp)
        senior, junior = rng.normal(size=n), rng.normal(size=n)
        fit = -np.abs(senior[:, None] - junior)
        y = 0.8 * senior + rng.standard_t(5, n) * (1 + 0.5 * (senior > 0))
        y[rng.random(n) < missing] = np.nan
        fixed = np.column_stack([np.ones(n), senior])
        arranged = pairings(own, made, allowed, rng=rng, draws=199, limit=1)
        try:
            p = arranged.test(studentised(y, fixed, own, fit, junior)).p
        except FitError:
            continue  # too few outcomes are left for the model
        tried += 1
        rejected += p <= 0.05
    size = rejected / tried
    margin = 3.29 * np.sqrt(size * (1 - size) / tried)
    assert size - margin <= 0.055
    assert size + margin >= 0.035


def test_no_permutation_p_in_worlds_that_match_by_fit() -> None:
    """People who choose one another, or are chosen to fit, get no p however they are asked."""
    for policy in ("self-selected", "greedy", "optimal", "rules"):
        scenario = Scenario(pairs=40, levers=Levers(matching=policy))  # type: ignore[arg-type]
        study = rm.simulate(scenario, seed=4).study
        result = rm.match_quality(study, "digital_skill")
        assert not [e for e in result.estimates if e.term == "permutation"]
        matching = replace(study.design.matching, procedure="unknown")
        unsaid = replace(study, design=replace(study.design, matching=matching))
        assert not [
            e
            for e in rm.match_quality(unsaid, "digital_skill").estimates
            if e.term == "permutation"
        ]
