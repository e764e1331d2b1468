"""mixedlm (Rust, with a formula): refits, powerSim, a million rows."""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import mixedlm
import numpy as np
import pandas as pd

from benchmarks import cohort
from benchmarks.serve import serve


def found(fit: Any) -> tuple[float, float, float]:
    """Criterion, the arms' difference and its standard error."""
    at = list(fit.fixef()).index("arm")
    return float(fit.REMLcrit()), float(fit.beta[at]), float(np.sqrt(fit.vcov()[at, at]))


def model(folder: Path, random: str, formula: str = cohort.FORMULA) -> Any:
    """The model of the first stored outcome, ready to be refitted."""
    y = cohort.outcomes(folder, random)
    frame = pd.read_csv(folder / "rows.csv").assign(score=y[0])
    return mixedlm.lmer(f"{formula} + {cohort.RANDOM[random]}", frame), y


def fits(folder: Path, random: str, count: int) -> None:
    """``count`` refits a round; a unit is one."""
    start, y = model(folder, random)
    check = zip(*(found(start.refit(one)) for one in y[: cohort.CHECKED]), strict=True)
    vectors = cycle(y)

    def work() -> float:
        for _ in range(count):
            start.refit(next(vectors))
        return count

    serve(dict(zip(("criterion", "estimate", "se"), map(list, check), strict=True)), work)


def power(folder: Path, count: int, formula: str, term: str) -> None:
    """powerSim with its Wald test; a unit is 1,000 replicates, of which ``count`` are run."""
    start, _ = model(folder, "nested", formula)
    check = mixedlm.powerSim(start, term, nsim=200, seed=5)

    def work() -> float:
        mixedlm.powerSim(start, term, nsim=count, seed=6)
        return count / 1_000

    serve({"effect": check.effect_size, "power": check.power}, work)


def million(folder: Path) -> None:
    """Formula, frame and fit; a unit is one."""
    frame = pd.read_csv(folder / "million.csv")

    def fit() -> Any:
        return mixedlm.lmer(f"{cohort.MILLION} + {cohort.RANDOM['nested']}", frame)

    criterion, estimate, se = found(fit())
    check = {"criterion": [criterion], "estimate": [estimate], "se": [se]}
    serve(check, lambda: 1.0 if fit() else 0.0)


def main(task: str, place: str, *rest: str) -> None:
    """Run one worker."""
    folder = Path(place)
    if task == "million":
        million(folder)
    elif task == "power":
        power(folder, int(rest[0]), rest[1], rest[2])
    else:
        fits(folder, rest[0], int(rest[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
