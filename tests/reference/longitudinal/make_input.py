"""Draws drawn.csv: two studies of two or three arms at several waves, with answers missing.

"alone": 44 people in two strata and three arms, waves at 0, 2, 5 and 9 months, each person with a
course of their own. "sets": 26 sets of 1-3 people, two arms, waves at 0, 3 and 6 months, a
covariate, sets with a course of their own. About a fifth of the answers is missing, later ones more
often.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

rng = np.random.default_rng(20_261_126)
rows: list[tuple[object, ...]] = []
for i in range(44):
    arm, stratum = ("comparison", "long", "short")[i % 3], ("east", "west")[(i // 3) % 2]
    level, course = rng.normal(0, 0.7), rng.normal(0, 0.08)
    for months in (0, 2, 5, 9):
        gain = {"comparison": 0.0, "long": 0.06, "short": 0.03}[arm] * months
        value = 4 + level + (course + gain) * months + 0.3 * (stratum == "west")
        value += rng.normal(0, 0.5)
        if rng.random() > 0.05 + 0.03 * months:
            rows.append(
                ("alone", f"p{i:02d}", f"p{i:02d}", arm, stratum, 0, months, round(value, 2))
            )
person = 0
for g in range(26):
    arm = ("comparison", "programme")[g % 2]
    shared, course = rng.normal(0, 0.5), rng.normal(0, 0.06)
    for _ in range(1 + int(rng.integers(0, 3))):
        level, age = rng.normal(0, 0.5), int(rng.integers(25, 60))
        for months in (0, 3, 6):
            value = 4 + shared + level + (course + 0.05 * (arm == "programme")) * months
            value += 0.02 * (age - 40) + rng.normal(0, 0.6)
            if rng.random() > 0.05 + 0.04 * months:
                rows.append(
                    ("sets", f"q{person:02d}", f"g{g:02d}", arm, "", age, months, round(value, 2))
                )
        person += 1
with open(Path(__file__).with_name("drawn.csv"), "w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("study", "person", "set", "arm", "stratum", "age", "months", "value"))
    writer.writerows(rows)
