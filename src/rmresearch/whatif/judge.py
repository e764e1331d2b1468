"""How well an analysis did on simulated studies, each figure with its Monte Carlo error.

Definitions and Monte Carlo errors: Morris, White and Crowther (2019), Statistics in Medicine 38,
2074-2102, table 6; type S and M errors: Gelman and Carlin (2014), Perspectives on Psychological
Science 9, 641-651.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rmresearch.display.grid import DIGITS, Grid, folded, from_frame
from rmresearch.errors import kindly
from rmresearch.result import KEY
from rmresearch.whatif.sweep import Sweep
from rmresearch.whatif.tally import AGAINST, COLUMNS, Moments, Tally

__all__ = ["MEASURES", "Verdict", "judge"]

#: figures that carry a Monte Carlo error, in a column of their own named "... error"
MEASURES = (
    "mean", "truth", "bias", "rmse", "empirical_se", "model_se", "coverage", "coverage_given",
    "rejects", "rejects_given", "excludes_zero_given", "type_s", "type_m", "smallest_detectable",
    "converged", "singular",
)  # fmt: skip
#: figures that are seen first
MAIN = ("mean", "truth", "bias", "coverage", "rejects", "smallest_detectable")
#: what the figures are called where they are read
WORDS = {
    "mean": "mean estimate", "rmse": "root mean squared error",
    "empirical_se": "spread of estimates", "model_se": "standard error claimed",
    "rejects": "share with p < alpha", "type_s": "wrong sign (type S)",
    "type_m": "exaggeration (type M)", "coverage_given": "coverage where given",
    "rejects_given": "share with p < alpha where given",
    "excludes_zero_given": "share off 0 where given",
    "smallest_detectable": "smallest detectable effect",
}  # fmt: skip
NOTE = (
    "Each figure ± its Monte Carlo error; coverage is the share of intervals that hold the truth."
)
COUNTS = ("replicates", "failed", "se_withheld", "interval_withheld", "p_withheld")


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """A sweep's judgement: ``table``, a row a scenario, analysis, estimate, truth; ``failures``."""

    table: pd.DataFrame
    failures: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The judgement, full precision, columns always the same.

        ``against`` is the truth that bias, error, coverage, type S and type M are held to:
        "latent" (had nobody flattered themselves) or "as_reported". ``replicates`` were drawn, of
        which ``failed`` gave no such estimate; all else is about the others. ``se_withheld``,
        ``interval_withheld`` and ``p_withheld`` count estimates that came without. ``coverage``
        and ``rejects`` (power, or the false-positive rate where the truth is 0) are those of the
        method itself, withheld or not; with ``_given`` only of what the analysis lets through.
        ``model_se`` is the root of the mean squared standard error. ``type_s`` is the share of
        wrong signs and ``type_m`` the mean size over the true size, both among rejections.
        ``converged`` and ``singular`` are shares where the model reports them.
        """
        return self.table.copy()

    def __repr__(self) -> str:
        return "\n".join(grid.to_text() for grid in (self._grid(MAIN, COUNTS[:2]), *self._failed()))

    def _repr_html_(self) -> str:
        main, *failed = (grid.to_html() for grid in (self._grid(MAIN, COUNTS[:2]), *self._failed()))
        every = folded("All figures", self._grid(MEASURES, COUNTS).to_html())
        return "".join([main, *failed, every])

    def _failed(self) -> list[Grid]:
        return [from_frame(self.failures, "No answer")] if len(self.failures) else []

    def _grid(self, measures: Iterable[str], counts: Iterable[str]) -> Grid:
        names = ["scenario", "analysis", *KEY, "against"]
        shown = self.table[names].assign(
            **{name: self.table[name] for name in counts if self.table[name].any()}
        )
        for name in measures:
            if self.table[name].notna().any():
                said = WORDS.get(name, name)
                shown[[said, f"{said} error"]] = self.table[[name, f"{name} error"]]
        return from_frame(shown, note=NOTE, digits=DIGITS, shared=names)


@kindly
def judge(sweep: Sweep) -> Verdict:
    """How far off, how precise and how honest were the estimates?

    Every estimate is held to the truth of its own cohort, under the key that both share. An
    estimate without a truth (what stands beside the record) is judged by what needs none.

    >>> import rmresearch as rm
    >>> verdict = rm.judge(rm.sweep(rm.Scenario(pairs=24), rm.pre_post, outcome="digital_skill",
    ...                             replicates=20, seed=1))
    >>> verdict.to_frame()["against"].unique().tolist()
    ['latent', 'as_reported']
    """
    if not isinstance(sweep, Sweep):
        raise TypeError(f"sweep is {type(sweep).__name__}; expected what rm.sweep gives")
    rows = [row for names, tally in sweep.tallies.items() for row in _rows(names, tally)]
    columns = ["scenario", "analysis", *KEY, "against", *COUNTS]
    columns += [name for measure in MEASURES for name in (measure, f"{measure} error")]
    return Verdict(pd.DataFrame(rows, columns=columns), sweep.failures)


def _rows(names: tuple[str, str], tally: Tally) -> Iterator[dict[str, Any]]:
    for key, moments in tally.moments.items():
        seen = _Seen(moments)
        told = [truth for truth in AGAINST if seen.count(f"truth, {truth}")]
        for against in told or [""]:
            row: dict[str, Any] = {
                "scenario": names[0],
                "analysis": names[1],
                **dict(zip(KEY, key, strict=True)),
                "against": against,
            }
            row["replicates"] = tally.replicates
            row["failed"] = tally.replicates - seen.count("value")
            for what in ("se", "interval", "p"):
                row[f"{what}_withheld"] = seen.count("value") - seen.total(f"gives_{what}")
            for measure, (value, error) in _measures(seen, against).items():
                row |= {measure: value, f"{measure} error": error}
            yield row


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Moments by column name."""

    moments: Moments

    def count(self, name: str) -> int:
        return int(self.moments.n[COLUMNS.index(name)])

    def total(self, name: str) -> int:
        """How often a flag was set."""
        return round(self.mean(name)[0] * self.count(name)) if self.count(name) else 0

    def mean(self, name: str) -> tuple[float, float]:
        """A mean and its Monte Carlo error."""
        at = COLUMNS.index(name)
        n = int(self.moments.n[at])
        if n == 0:
            return np.nan, np.nan
        return float(self.moments.mean[at]), float(np.sqrt(self.variance(name) / n))

    def share(self, name: str) -> tuple[float, float]:
        """A share and its Monte Carlo error, sqrt(p (1 - p) / n)."""
        share, n = self.mean(name)[0], self.count(name)
        return share, float(np.sqrt(max(share * (1.0 - share), 0.0) / n)) if n else np.nan

    def variance(self, name: str) -> float:
        """The variance over replicates; NaN below two of them."""
        at = COLUMNS.index(name)
        n = int(self.moments.n[at])
        return float(self.moments.squares[at] / (n - 1)) if n > 1 else np.nan


def _measures(seen: _Seen, against: str) -> dict[str, tuple[float, float]]:
    found = {
        "mean": seen.mean("value"),
        "empirical_se": _empirical(seen),
        "model_se": _root(*seen.mean("variance")),
        "rejects": seen.share("rejects"),
        "rejects_given": seen.share("rejects_given"),
        "excludes_zero_given": seen.share("excludes_zero_given"),
        "smallest_detectable": seen.mean("smallest_detectable"),
        "converged": seen.share("converged"),
        "singular": seen.share("singular"),
    }
    if against:
        found |= {
            "truth": seen.mean(f"truth, {against}"),
            "bias": seen.mean(f"error, {against}"),
            "rmse": _root(*seen.mean(f"squared_error, {against}")),
            "coverage": seen.share(f"covers, {against}"),
            "coverage_given": seen.share(f"covers_given, {against}"),
            "type_s": seen.share(f"wrong_sign, {against}"),
            "type_m": _exaggeration(seen, against),
        }
    return found


def _root(mean: float, error: float) -> tuple[float, float]:
    """The root of a mean, its error by the delta method."""
    root = float(np.sqrt(mean))
    return root, error / (2.0 * root) if root > 0 else np.nan


def _empirical(seen: _Seen) -> tuple[float, float]:
    spread, n = float(np.sqrt(seen.variance("value"))), seen.count("value")
    return spread, spread / float(np.sqrt(2.0 * (n - 1))) if n > 1 else np.nan


def _exaggeration(seen: _Seen, against: str) -> tuple[float, float]:
    """Mean size found over mean true size, among rejections; the delta method for a ratio."""
    parts = [f"{name}, {against}" for name in ("found_size", "true_size", "both_sizes")]
    (found, _), (true, _), _ = (seen.mean(name) for name in parts)
    n = seen.count(parts[0])
    if n == 0:
        return np.nan, np.nan
    ratio = found / true
    one, other, both = (seen.variance(name) for name in parts)
    covariance = (both - one - other) / 2.0
    spread = one - 2.0 * ratio * covariance + ratio**2 * other
    return ratio, float(np.sqrt(max(spread, 0.0) / n)) / true
