"""mixedlm-rs (Rust; one grouping factor): its refit core on arrays, a million rows by formula."""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path

import mixedlm_rs
import numpy as np
import pandas as pd
from mixedlm_rs import LmmCore

from benchmarks import cohort
from benchmarks.serve import serve


def fits(folder: Path, count: int) -> None:
    """``count`` refits of the random-intercept core a round; a unit is one."""
    frame = pd.read_csv(folder / "rows.csv")
    y = cohort.outcomes(folder, "intercept")
    wave = frame["wave"]
    x = [np.ones(len(frame)), wave == "w000001", wave == "w000002", frame["arm"], frame["role"]]
    design = np.column_stack(x).astype(float)
    codes = pd.factorize(frame["pair"])[0].astype(np.int64)
    data = (design, np.ones((len(frame), 1)), codes)
    core = LmmCore(y[0], *data, codes.max() + 1)
    solved = [core.with_response(one, *data).fit([1.0]) for one in y[: cohort.CHECKED]]
    check = {
        "criterion": [one["deviance"] for one in solved],
        "estimate": [one["beta"][3] for one in solved],
        "se": [float(np.sqrt(one["cov_beta"][3, 3])) for one in solved],
    }
    vectors = cycle(y)

    def work() -> float:
        for _ in range(count):
            core.with_response(next(vectors), *data).fit([1.0])
        return count

    serve(check, work)


def million(folder: Path) -> None:
    """Formula, frame and fit with the pair's intercept alone; a unit is one."""
    frame = pd.read_csv(folder / "million.csv")

    def fit() -> mixedlm_rs.MixedLMResults:
        return mixedlm_rs.mixedlm(cohort.MILLION, frame, groups="pair").fit()

    first = fit()
    at = first.model.exog_names.index("arm")
    check = {"criterion": -2 * first.llf, "estimate": first.fe_params[at], "se": first.bse_fe[at]}
    serve({k: [float(v)] for k, v in check.items()}, lambda: 1.0 if fit() else 0.0)


def main(task: str, place: str, *rest: str) -> None:
    """Run one worker."""
    if task == "million":
        million(Path(place))
    else:
        fits(Path(place), int(rest[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
