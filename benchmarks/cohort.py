"""The data of the mixed-model rows: drawn once, written as files that every peer can read.

Nothing but numpy and pandas here: the peers' processes import this module too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = [
    "COURSE",
    "FORMULA",
    "MILLION",
    "PAIRS",
    "RANDOM",
    "SMALL",
    "compose",
    "draw",
    "outcomes",
    "place",
    "room",
    "write",
]

PAIRS, WAVES = 60, 3
#: the smaller of the two sizes that power is simulated at
SMALL = 20
#: outcome vectors on file for each model
STORED = 2_000
#: the first of them, which every peer fits before it is timed
CHECKED = 20
#: three strata, each fixed effect within one: arms differ by pair, roles by person
FORMULA = "score ~ wave + arm + role"
#: arms that are alike before the start, and apart at each wave from then on
COURSE = "score ~ wave + at1 + at2"
RANDOM = {"intercept": "(1 | pair)", "nested": "(1 | pair/person)", "slope": "(time | pair)"}
MILLION = "score ~ wave * arm"
#: standard deviations over the residual's, and what a pilot might find
SPREAD = {"pair": 0.7, "person": 0.6, "slope": 0.3}
MEANS = {"wave": 0.2, "arm": 0.4, "role": -0.3}
DRAWN = {"intercept": ("pair",), "nested": ("pair", "person"), "slope": ("pair", "slope")}


def rows(pairs: int = PAIRS) -> pd.DataFrame:
    """One row per person and wave, wave by wave: 3 waves x ``pairs`` x 2 people."""
    wave, pair, role = (one.ravel() for one in np.indices((WAVES, pairs, 2)))
    return pd.DataFrame(
        {"pair": pair, "person": 2 * pair + role, "wave": wave, "arm": pair % 2, "role": role}
    )


def mean(frame: pd.DataFrame) -> Any:
    """The fixed part (n,)."""
    return sum(effect * frame[name].to_numpy() for name, effect in MEANS.items())


def room(model: str, replicates: int, pairs: int = PAIRS) -> dict[str, Any]:
    """Arrays for one draw of ``replicates`` cohorts: the residuals and the model's effects."""
    sizes = {"pair": pairs, "person": 2 * pairs, "slope": pairs}
    made = {name: np.empty((replicates, sizes[name])) for name in DRAWN[model]}
    return made | {"residual": np.empty((replicates, pairs * 2 * WAVES))}


def draw(rng: np.random.Generator, made: dict[str, Any]) -> None:
    """The limit of any simulation: as many normal numbers as the cohorts have effects and rows."""
    for one in made.values():
        rng.standard_normal(out=one)


def compose(made: dict[str, Any], fixed: Any, spread: dict[str, float] = SPREAD) -> Any:
    """Outcomes (replicates, n) from drawn numbers, in the residuals' place; ``fixed`` (n,)."""
    y = made["residual"]
    people = np.repeat(spread["pair"] * made["pair"], 2, axis=1)
    if "person" in made:
        people += spread["person"] * made["person"]
    slopes = np.repeat(spread["slope"] * made["slope"], 2, axis=1) if "slope" in made else None
    for wave, there in enumerate(np.split(y, WAVES, axis=1)):
        there += people if slopes is None else people + (wave - 1.0) * slopes
    y += fixed
    return y


def outcomes(folder: Path, model: str) -> Any:
    """The stored outcomes of ``model`` (STORED, n)."""
    return np.fromfile(folder / f"{model}.bin", dtype="<f8").reshape(STORED, -1)


def place(folder: Path, pairs: int) -> Path:
    """Where the cohort of so many pairs lies."""
    return folder if pairs == PAIRS else folder / f"pairs-{pairs}"


def write(folder: Path, *, large: bool) -> None:
    """The small cohorts with their outcomes and, if ``large``, a million shuffled rows."""
    _cohort(folder, PAIRS, {model: seed for seed, model in enumerate(RANDOM)})
    place(folder, SMALL).mkdir()
    # of a first outcome whose effects are found often, and often not
    _cohort(place(folder, SMALL), SMALL, {"nested": 12})
    if large:
        million().to_csv(folder / "million.csv", index=False)


def _cohort(folder: Path, pairs: int, models: dict[str, int]) -> None:
    """Rows and outcomes of so many pairs; ``models`` brings each model's seed."""
    frame = rows(pairs)
    fixed = mean(frame)
    table = frame.assign(
        pair=_ids("p", frame["pair"]),
        person=_ids("e", frame["person"]),
        wave=_ids("w", frame["wave"]),
        time=frame["wave"] - 1.0,
        at1=frame["arm"] * (frame["wave"] == 1),
        at2=frame["arm"] * (frame["wave"] == 2),
    )
    table.to_csv(folder / "rows.csv", index=False)
    for model, seed in models.items():
        made = room(model, STORED, pairs)
        draw(np.random.default_rng(seed), made)
        compose(made, fixed).astype("<f8").tofile(folder / f"{model}.bin")


def million(size: int = 1_000_000) -> pd.DataFrame:
    """``size`` shuffled rows with text ids; wave and arm are numbers, which suits the peers best.

    With labels for them the two Rust peers need three to six times as long.
    """
    frame = rows(-(-size // (2 * WAVES)))
    rng = np.random.default_rng(3)
    levels = {"pair": frame["pair"].max() + 1, "person": frame["person"].max() + 1}
    score = 0.1 * frame["wave"] * frame["arm"] + rng.standard_normal(len(frame))
    for name, count in levels.items():
        score += SPREAD[name] * rng.standard_normal(count)[frame[name]]
    kept = rng.permutation(len(frame))[:size]
    named = frame.assign(
        pair=_ids("p", frame["pair"]), person=_ids("e", frame["person"]), score=score
    )
    return named.drop(columns="role").iloc[kept].reset_index(drop=True)


def _ids(letter: str, codes: pd.Series[int]) -> list[str]:
    return [f"{letter}{code:06d}" for code in codes]
