"""GPBoost: maximum likelihood only. Its criterion is worked out here from what it estimates."""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import gpboost
import numpy as np
import pandas as pd

from benchmarks import cohort
from benchmarks.serve import serve


def deviance(y: Any, x: Any, groups: list[Any], coef: Any, variances: Any) -> float:
    """-2 log likelihood, dense: the reported one is not always that of the reported estimates."""
    v = variances[0] * np.eye(len(y))
    for group, variance in zip(groups, variances[1:], strict=True):
        v += variance * (group[:, None] == group)
    left = y - x @ coef
    determinant = np.linalg.slogdet(v)[1]
    return float(determinant + left @ np.linalg.solve(v, left) + len(y) * np.log(2 * np.pi))


def main(task: str, place: str, random: str, number: str) -> None:
    """``number`` fits a round; a unit is one."""
    folder, count = Path(place), int(number)
    frame = pd.read_csv(folder / "rows.csv")
    y = cohort.outcomes(folder, random)
    names = ["pair", "person"] if random == "nested" else ["pair"]
    wave = frame["wave"]
    x = [np.ones(len(frame)), wave == "w000001", wave == "w000002", frame["arm"], frame["role"]]
    design = np.column_stack(x).astype(float)
    model = gpboost.GPModel(likelihood="gaussian", group_data=frame[names], num_parallel_threads=1)

    def criterion(one: Any) -> float:
        model.fit(y=one, X=design)
        coef, variances = (
            np.asarray(part).ravel() for part in (model.get_coef(), model.get_cov_pars())
        )
        return deviance(one, design, [frame[n].to_numpy() for n in names], coef, variances)

    vectors = cycle(y)

    def work() -> float:
        for _ in range(count):
            model.fit(y=next(vectors), X=design)
        return count

    serve({"criterion": [criterion(one) for one in y[: cohort.CHECKED]]}, work)


if __name__ == "__main__":
    main(*sys.argv[1:])
