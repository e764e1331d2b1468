"""A kernel held to its analysis, asked of one study after another: every estimate of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rmresearch.analysis.base.batch import GIVEN, Estimates, Flags, Panel
from rmresearch.result import Result
from rmresearch.whatif.plan import Asked
from rmresearch.whatif.run import _on_studies
from rmresearch.whatif.source import Cohorts, source

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Both:
    """What the kernel says by key, and which replicates it answers; what their studies say."""

    fast: Mapping[Key, Estimates]
    clear: Flags
    slow: Mapping[Key, Estimates]


def drawn(scenario: Any, replicates: int, seed: int = 1) -> Cohorts:
    return source(scenario).cohorts(replicates, np.random.SeedSequence(seed))


def panel_of(scenario: Any, outcome: str, replicates: int = 4, seed: int = 1) -> Panel:
    found = drawn(scenario, replicates, seed).panel(source(scenario).design.outcome(outcome))
    assert found is not None
    return found


def asked_both_ways(
    analysis: Callable[..., Result],
    scenario: Any,
    outcome: str,
    replicates: int = 2,
    seed: int = 1,
    **options: Any,
) -> Both:
    asked, cohorts = Asked(analysis, options), drawn(scenario, replicates, seed)
    codebook = source(scenario).design.outcome(outcome)
    panel = cohorts.panel(codebook)
    assert panel is not None
    assert asked.kernel is not None
    answers, clear = asked.kernel.answer(panel, options)
    fast = {one.key: one.placed(clear) for one in answers}
    assert len(fast) == len(answers)
    slow, failures = _on_studies(asked, cohorts, codebook, clear)
    assert failures == {}
    return Both(fast, clear, slow)


def agree(
    both: Both,
    rel: float,
    ends: Mapping[str, float] | None = None,
    terms: frozenset[str] | None = None,
) -> None:
    """The same keys, and the same numbers where the analysis gives them; nothing elsewhere.

    ``rel`` of each number, or of 1e-2 if that is more; the ends of intervals of terms named in
    ``ends`` to so much, absolute. Only the ``terms`` named where the kernel has no others.
    """
    assert {key for key in both.slow if terms is None or key[-1] in terms} <= set(both.fast)
    for key, fast in both.fast.items():
        if key not in both.slow:
            assert np.isnan(fast.value).all(), key
            continue
        slow = both.slow[key]
        assert fast.level == slow.level
        for name in GIVEN:
            assert getattr(fast, name).tolist() == getattr(slow, name).tolist(), (key, name)
        given = np.isfinite(slow.value)
        assert np.isfinite(fast.value).tolist() == given.tolist(), key
        shown = {"value": given, "singular": np.isfinite(slow.singular), "se": slow.gives_se,
                 "df": slow.gives_se, "p": np.isfinite(slow.p), "low": np.isfinite(slow.low),
                 "high": np.isfinite(slow.high)}  # fmt: skip
        for name, where in shown.items():
            left, right = getattr(fast, name)[where], getattr(slow, name)[where]
            end = (ends or {}).get(key[-1]) if name in {"low", "high"} else None
            near = {"rel": rel, "abs": 1e-2 * rel} if end is None else {"abs": end}
            assert left == pytest.approx(right, nan_ok=True, **near), (key, name)
