"""Draws arms.csv: 3 arms, unequal sets of 1-4 people, 2 strata, a scale score before and after."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

rng = np.random.default_rng(20_240_817)
rows = []
for g in range(42):
    arm, stratum = ("comparison", "long", "short")[g % 3], ("east", "west")[(g // 3) % 2]
    shared = rng.normal(0, 0.5)
    for _ in range(1 + int(rng.integers(0, 4))):
        before = np.clip(4 + shared + rng.normal(0, 1), 1, 7)
        gain = {"comparison": 0.1, "long": 0.7, "short": 0.3}[arm]
        after = np.clip(before + gain + shared / 2 + rng.normal(0, 0.8), 1, 7)
        rows.append((f"p{len(rows):03d}", g, arm, stratum, round(before, 2), round(after, 2)))
with open(Path(__file__).with_name("arms.csv"), "w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("person", "cluster", "arm", "stratum", "before", "after"))
    writer.writerows(rows)
