"""Profile intervals of many replicates at once, against `shares` of one and a grid of shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rmresearch.numerics import lmm
from rmresearch.numerics.nested_shares import nested_shares
from rmresearch.numerics.shares import EDGE, shares

#: `shares` ends its search within 1e-7 of a share, in steps that stop at 2e-9 of the criterion
NEAR = 1e-6


def drawn(
    people: int, waves: int, size: int, person_sd: float, set_sd: float, replicates: int = 12,
    seed: int = 5,
) -> Any:  # fmt: skip
    """Answers, which there are, two arms' means, sets of ``size`` people, and REML's variances."""
    rng = np.random.default_rng(seed)
    sets = np.arange(people) // size
    y = 4.0 + 0.7 * rng.normal(size=(replicates, people, waves))
    y += person_sd * rng.normal(size=(replicates, people, 1))
    y += set_sd * rng.normal(size=(replicates, sets[-1] + 1))[:, sets][..., None]
    there = rng.random(y.shape) < 0.75
    arm = sets % 2
    x = np.stack([(arm[:, None] == a) * np.eye(waves)[t] for a in (0, 1) for t in range(waves)], -1)
    terms = [lmm.Term(np.repeat(np.arange(people), waves), np.ones((people * waves, 1)))]
    if size > 1:
        terms.append(lmm.Term(np.repeat(sets, waves), np.ones((people * waves, 1))))
    design = lmm.design(x.reshape(-1, 2 * waves), terms)
    flat = np.where(there, y, 0.0).reshape(replicates, -1)
    found = lmm.fit_many(flat, design, present=there.reshape(replicates, -1))
    assert found.converged.all()
    sizes = np.column_stack([*(one[:, 0, 0] for one in found.covariances), found.sigma2])
    return y, x, there, sets if size > 1 else None, sizes


def alone(given: Any, r: int, **options: float) -> Any:
    y, x, there, sets, sizes = given
    rows = there[r].ravel()
    person, wave = (one[rows] for one in np.indices(y.shape[1:]).reshape(2, -1))
    groups = [person] if sets is None else [person, sets[person]]
    return shares(y[r][person, wave], x[person, wave], groups, groups[-1], sizes[r], **options)


@pytest.mark.parametrize(
    ("people", "waves", "size", "person_sd", "set_sd"),
    [(24, 3, 1, 0.5, 0.0), (20, 2, 1, 0.0, 0.0), (18, 3, 3, 0.4, 0.4), (16, 4, 4, 1.5, 1.5)],
    ids=["people", "nothing shared", "sets", "much shared"],
)  # fmt: skip
def test_each_replicate_is_as_if_alone(
    people: int, waves: int, size: int, person_sd: float, set_sd: float
) -> None:
    given = drawn(people, waves, size, person_sd, set_sd, replicates=2)
    found = nested_shares(*given)
    for r in range(2):
        one = alone(given, r)
        assert found.value[r] == pytest.approx(one.value, abs=1e-12)
        assert found.low[r] == pytest.approx(one.low, abs=NEAR)
        assert found.high[r] == pytest.approx(one.high, abs=NEAR)


def test_the_level_is_the_one_asked_for() -> None:
    given = drawn(24, 3, 1, 0.5, 0.0, replicates=2)
    found = nested_shares(*given, level=0.6)
    for r in range(2):
        assert found.low[r] == pytest.approx(alone(given, r, level=0.6).low, abs=NEAR)


def dense(given: Any, r: int, share: Any) -> float:
    """-2 x the restricted log-likelihood with every matrix written out."""
    y, x, there, sets, _ = given
    rows = there[r].ravel()
    person, wave = (one[rows] for one in np.indices(y.shape[1:]).reshape(2, -1))
    v = share[-1] * np.eye(rows.sum()) + share[0] * (person[:, None] == person)
    v = v + share[1] * (sets[person][:, None] == sets[person])
    x, y = x[person, wave], y[r][person, wave]
    inverse = np.linalg.inv(v)
    gram = x.T @ inverse @ x
    left = y - x @ np.linalg.solve(gram, x.T @ inverse @ y)
    logs = np.linalg.slogdet(v)[1] + np.linalg.slogdet(gram)[1]
    return float(logs + (len(y) - x.shape[1]) * np.log(left @ inverse @ left))


def test_ends_are_where_the_profile_on_a_grid_crosses_the_limit() -> None:
    """Valleys that end at a bound are found too: here sets, or people, have no variance."""
    given = drawn(18, 3, 3, 0.0, 0.3, replicates=6)
    found, sizes = nested_shares(*given), given[-1]
    parts = np.append(np.linspace(0.0, 1.0 - EDGE, 201), 1.0 - EDGE)
    seen = 0
    for r in range(6):
        best = dense(given, r, sizes[r] / sizes[r].sum())
        for end in (found.low[r, 2], found.high[r, 2]):
            if 0.0 < end < 1.0:
                profile = min(dense(given, r, [(1 - end) * u, (1 - end) * (1 - u), end])
                              for u in parts)  # fmt: skip
                # 1.959964^2, chi-square's 95% quantile on 1 df; a step of the grid costs 1e-3
                assert profile - best == pytest.approx(3.841459, abs=2e-3)
                seen += 1
    assert seen >= 6


def test_a_person_more_or_less_in_another_order_changes_nothing() -> None:
    y, x, there, sets, sizes = drawn(24, 3, 3, 0.4, 0.4, replicates=3)
    order = np.random.default_rng(1).permutation(24)
    found = nested_shares(y, x, there, sets, sizes)
    again = nested_shares(
        1e3 + 10 * y[:, order], x[order], there[:, order], sets[order] * 7, 100 * sizes
    )
    for name in ("value", "low", "high"):
        # ends are searched to 1e-9
        assert getattr(again, name) == pytest.approx(getattr(found, name), abs=1e-7)


def test_a_residual_variance_is_needed() -> None:
    y, x, there, _, _ = drawn(20, 2, 1, 0.5, 0.0, replicates=1)
    with pytest.raises(ValueError, match="residual variance above 0"):
        nested_shares(y, x, there, None, [[1.0, 0.0]])
