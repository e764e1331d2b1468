"""Draws the frozen inputs of lmm.R, once: python make_inputs.py (in this folder)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def write(name: str, columns: dict[str, np.ndarray], kept: np.ndarray) -> None:
    with (HERE / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        for i in np.flatnonzero(kept):
            out.writerow([columns[c][i] for c in columns])


def study(
    name: str,
    seed: int,
    pairs: int,
    months: list[int],
    *,
    pair_sd: float,
    slope_sd: float,
    mentored: int,
    per_department: int,
    missing: float,
) -> None:
    """Pairs of two people at some months; one pair in ``mentored`` is in the other arm."""
    rng = np.random.default_rng(seed)
    waves = len(months)
    pair = np.repeat(np.arange(pairs), 2 * waves)
    person = np.repeat(np.arange(2 * pairs), waves)
    wave = np.tile(np.arange(waves), 2 * pairs)
    month = np.array(months)[wave]
    arm = (pair % mentored == 0).astype(int)
    score = (
        3
        + 0.1 * month
        + 0.05 * month * arm
        + pair_sd * rng.standard_normal(pairs)[pair]
        + slope_sd * rng.standard_normal(pairs)[pair] * month
        + 0.7 * rng.standard_normal(2 * pairs)[person]
        + rng.standard_normal(pair.size)
    )
    columns = {
        "pair": pair + 1,
        "person": person + 1,
        "department": pair // per_department + 1,
        "month": month,
        "arm": arm,
        **{f"wave{k}": (wave == k).astype(int) for k in range(1, waves)},
        "score": np.round(score, 4),
    }
    write(name, columns, rng.random(pair.size) >= missing)


def crossed() -> None:
    """Juniors who meet several seniors of their set, and seniors several juniors."""
    rng = np.random.default_rng(5)
    rows = [
        (s, 4 * s + j, 3 * s + k, w)
        for s in range(9)
        for j in range(4)
        for k in range(3)
        for w in range(2)
    ]
    team, junior, senior, wave = np.array(rows).T
    arm = team % 3 == 0
    score = (
        2
        + 0.3 * wave * arm
        + 0.8 * rng.standard_normal(36)[junior]
        + 0.5 * rng.standard_normal(27)[senior]
        + rng.standard_normal(len(rows))
    )
    columns = {
        "team": team + 1,
        "junior": junior + 1,
        "senior": senior + 1,
        "arm": arm.astype(int),
        "wave1": wave,
        "score": np.round(score, 4),
    }
    # Not everybody meets everybody: sets of different shape.
    write("crossed", columns, rng.random(len(rows)) >= 0.35)


if __name__ == "__main__":
    common = {"mentored": 2, "per_department": 3, "missing": 0.2}
    study("nested", 12, 14, [0, 3, 6], pair_sd=0.6, slope_sd=0.0, **common)
    study(
        "slope", 15, 16, [0, 2, 4, 7], pair_sd=0.8, slope_sd=0.3,
        mentored=4, per_department=2, missing=0.15,
    )  # fmt: skip
    study("coarse", 3, 24, [0, 3, 6], pair_sd=0.6, slope_sd=0.0, **common)
    study("boundary", 4, 12, [0, 3, 6], pair_sd=0.0, slope_sd=0.0, **common)
    study(
        "tiny", 8, 5, [0, 3], pair_sd=0.8, slope_sd=0.0,
        mentored=2, per_department=1, missing=0.15,
    )  # fmt: skip
    crossed()
