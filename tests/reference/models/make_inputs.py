"""Draw the frozen inputs of the R references: python make_inputs.py (numpy only).

Pairs of two people over several waves, some answers missing, with known nested, slope, crossed and
boundary structure. Run only to add a data set: the committed CSVs are the inputs.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SEED = 20260302


def write(name: str, columns: dict[str, np.ndarray]) -> None:
    with open(HERE / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns)
        rows.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))


def emptied(rng: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    """Values to four decimals as text, a share of them empty."""
    text = np.array([f"{value:.4f}" for value in values], dtype=object)
    text[rng.random(values.size) < share] = ""
    return text


def people(pairs: int, waves: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """pair, person within the pair (0, 1) and wave of every row."""
    cells = np.meshgrid(np.arange(pairs), [0, 1], np.arange(waves), indexing="ij")
    pair, person, wave = (cell.ravel() for cell in cells)
    return pair, person, wave


def scores(rng: np.random.Generator, kind: str, pairs: int, waves: int) -> dict[str, np.ndarray]:
    pair, person, wave = people(pairs, waves)
    who = 2 * pair + person
    arms = np.array(["mentor", "waitlist", "class"])
    arm = arms[rng.permutation(np.arange(pairs) % 3)][pair]
    age = rng.normal(45, 9, 2 * pairs)[who].round(1)
    pair_sd, person_sd, slope_sd = {
        "nested": (0.5, 0.4, 0.0),
        "slope": (0.4, 0.4, 0.3),
        "boundary": (0.0, 0.6, 0.0),
    }[kind]
    score = (
        3
        + 0.3 * wave * (arm == "mentor")
        + 0.1 * wave
        + 0.01 * age
        + pair_sd * rng.normal(size=pairs)[pair]
        + person_sd * rng.normal(size=2 * pairs)[who]
        # The two of a pair pull apart: less alike than strangers, which a variance calls 0.
        + (0.4 if kind == "boundary" else 0.0) * (2 * person - 1) * rng.normal(size=pairs)[pair]
        + slope_sd * rng.normal(size=2 * pairs)[who] * wave
        + 0.5 * rng.normal(size=pair.size)
    )
    return {
        "score": emptied(rng, score, 0.12),
        "wave": np.array([f"w{k}" for k in wave]),
        "t": wave,
        "arm": arm,
        "role": np.where(person == 0, "junior", "senior"),
        "age": age,
        "pair": pair + 1,
        "person": person + 1,
        "someone": np.array([f"p{k:02d}" for k in who]),
    }


def crossed(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Juniors who meet two or three seniors each, rated once a meeting."""
    juniors, seniors = 12, 8
    links = [(j, s) for j in range(juniors) for s in range(seniors) if (3 * j + 2 * s) % 7 < 3]
    junior, senior = (np.repeat(side, 2) for side in zip(*links, strict=True))
    rating = (
        5
        + 0.6 * rng.normal(size=juniors)[junior]
        + 0.5 * rng.normal(size=seniors)[senior]
        + 0.3 * (senior % 2)
        + 0.7 * rng.normal(size=junior.size)
    )
    return {
        "rating": emptied(rng, rating, 0.08),
        "format": np.array(["online", "room"])[senior % 2],
        "junior": np.array([f"j{k}" for k in junior]),
        "senior": np.array([f"s{k}" for k in senior]),
    }


def main() -> None:
    rng = np.random.default_rng(SEED)
    write("nested", scores(rng, "nested", 18, 3))
    write("slope", scores(rng, "slope", 24, 4))
    write("boundary", scores(rng, "boundary", 15, 3))
    write("crossed", crossed(rng))


if __name__ == "__main__":
    main()
