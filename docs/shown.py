"""Pictures of the handbook: what simulated studies found, beside what is true of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from narrow import Interval, Line, Spot, TwoWidths, curves_plot, interval_plot

import rmresearch as rm
from rmresearch.whatif.judge import Verdict
from rmresearch.whatif.policies import Policies

__all__ = ["changes", "curves", "errors", "found", "picked", "shares"]

#: 95% of a normal distribution lie this many standard deviations about its mean
NORMAL = 1.959964


def picked(sweep: object, against: str = "as_reported", **about: str) -> pd.DataFrame:
    """One row of the judgement a scenario and analysis: the last wave's, or those ``about`` names.

    ``against`` is the truth that estimates are held to; ``about`` narrows by columns of
    `rm.judge(sweep).to_frame()`. Raises ``ValueError`` where a scenario and analysis keep several.
    """
    verdict = sweep if isinstance(sweep, Verdict) else rm.judge(sweep)  # type: ignore[arg-type]
    rows = verdict.to_frame()
    rows = rows[rows["against"] == against]
    about = {"term": "", "group": "", **about}
    for column, value in about.items():
        rows = rows[rows[column] == value]
    if "wave" not in about:
        # in the order of the design: month12 comes after month9; each scenario has its own last
        last = rows.groupby(["scenario", "analysis"])["wave"].transform("last")
        rows = rows[rows["wave"] == last]
    twice = rows.duplicated(["scenario", "analysis"])
    if rows.empty or twice.any():
        kept = rows[["scenario", "analysis", "wave", "contrast", "estimand"]].to_string()
        raise ValueError(f"one row a scenario and analysis is wanted; narrow by columns:\n{kept}")
    return rows.reset_index(drop=True)


def errors(
    rows: pd.DataFrame, title: str, labels: Mapping[str, str] | None = None, unit: str = "points"
) -> TwoWidths:
    """Estimates of many studies minus the truth: their mean, and where 95 in 100 of them lie."""
    drawn = [
        Interval(
            label=label,
            value=row["bias"],
            low=row["bias"] - NORMAL * row["empirical_se"],
            high=row["bias"] + NORMAL * row["empirical_se"],
            detail=f"{row['replicates']:,}",
        )
        for label, (_, row) in zip(_labels(rows, labels), rows.iterrows(), strict=True)
    ]
    error = rows["bias error"].max()
    return interval_plot(
        drawn,
        title=title,
        unit=f"estimate minus truth, {unit}",
        sides=("too low", "too high"),
        detail="studies",
        level=None,  # where estimates fall is no confidence interval
        caption="Dots: mean over simulated studies (Monte Carlo standard error at most "
        f"{error:.2g}). Lines: where 95 in 100 studies' estimates fall, by their"
        " standard deviation.",
    )


def shares(
    rows: pd.DataFrame,
    measure: str,
    title: str,
    *,
    unit: str,
    reference: float,
    labels: Mapping[str, str] | None = None,
) -> TwoWidths:
    """A share of simulated studies (``coverage``, ``rejects``), its 95% Monte Carlo interval."""
    drawn = [
        Interval(
            label=label,
            value=row[measure],
            low=max(0.0, row[measure] - NORMAL * row[f"{measure} error"]),
            high=min(1.0, row[measure] + NORMAL * row[f"{measure} error"]),
            detail=f"{row['replicates']:,}",
        )
        for label, (_, row) in zip(_labels(rows, labels), rows.iterrows(), strict=True)
    ]
    return interval_plot(
        drawn,
        title=title,
        unit=unit,
        reference=reference,
        share=True,
        detail="studies",
        caption=f"Dots: share of simulated studies. Lines: 95% Monte Carlo interval. "
        f"Vertical line: {100 * reference:g}%.",
    )


def curves(
    rows: pd.DataFrame,
    measure: str,
    title: str,
    *,
    unit: str,
    along: str,
    reference: float | None = None,
    share: bool = False,
) -> TwoWidths:
    """A measure along what was varied, in its 95% Monte Carlo band.

    ``rows`` are those of `picked` with the columns "x", the number that was varied, and "line".
    """
    lines: dict[str, list[Spot]] = {}
    for _, row in rows.sort_values("x").iterrows():
        value, half = row[measure], NORMAL * row[f"{measure} error"]
        ends = (max(0.0, value - half), min(1.0, value + half)) if share else (
            value - half, value + half)  # fmt: skip
        lines.setdefault(row["line"], []).append(Spot(float(row["x"]), value, *ends))
    return curves_plot(
        [Line(name, tuple(spots)) for name, spots in lines.items()],
        title=title,
        unit=unit,
        along=along,
        caption=f"{rows['replicates'].min():,} simulated studies each."
        f" Bands: 95% Monte Carlo intervals.{_across(reference, share)}",
        reference=reference,
        share=share,
    )


def _across(reference: float | None, share: bool) -> str:
    """What the line across stands for; zero needs no words."""
    return f" Line across: {100 * reference:g}%." if reference and share else ""


def changes(
    compared: Policies,
    title: str,
    *,
    figure: str = "truth",
    unit: str = "points",
    labels: Mapping[str, str] | None = None,
    **drawn: Any,
) -> TwoWidths:
    """What each policy changes against the base, with the interval of the paired difference."""
    rows = compared.to_frame()
    rows = rows[(rows["figure"] == figure) & rows["against"].isin(["latent", ""])]
    return interval_plot(
        [
            Interval(
                label=(labels or {}).get(row["scenario"], row["scenario"]),
                value=row["difference"],
                low=row["low"],
                high=row["high"],
            )
            for _, row in rows.iterrows()
        ],
        title=title,
        unit=unit,
        caption=f"Against: {(labels or {}).get(compared.base, compared.base)}. Dots: the mean"
        f" difference over {compared.replicates:,} simulated studies each, under the same luck."
        " Lines: 95% Monte Carlo intervals.",
        **drawn,
    )


def found(row: Any, measure: str = "rejects") -> str:
    """A share with its Monte Carlo error, for a sentence."""
    return f"{100 * row[measure]:.0f}% (±{100 * row[f'{measure} error']:.1f})"


def _labels(rows: pd.DataFrame, labels: Mapping[str, str] | None) -> list[str]:
    """What tells the rows apart: analyses, scenarios, or both."""
    several = {name for name in ("scenario", "analysis") if rows[name].nunique() > 1}
    parts = [
        [str(row[name]) for name in ("scenario", "analysis") if name in several or not several]
        for _, row in rows.iterrows()
    ]
    given = labels or {}
    return [", ".join(given.get(part, part) for part in some) for some in parts]
