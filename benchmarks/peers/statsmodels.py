"""statsmodels MixedLM, one outcome after another, on arrays that are made once."""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.formula.api as formulas
from statsmodels.regression.mixed_linear_model import MixedLM

from benchmarks import cohort
from benchmarks.serve import serve


def main(task: str, place: str, random: str, number: str) -> None:
    """``number`` nested fits a round; a unit is one."""
    folder, count = Path(place), int(number)
    y = cohort.outcomes(folder, random)
    frame = pd.read_csv(folder / "rows.csv").assign(score=y[0])
    made = formulas.mixedlm(
        cohort.FORMULA,
        frame,
        groups="pair",
        re_formula="1",
        vc_formula={"person": "0 + C(person)"},
    )
    at = made.exog_names.index("arm")
    vectors = cycle(y)

    def fit(one: Any) -> Any:
        model = MixedLM(
            one, made.exog, frame["pair"].to_numpy(), exog_re=made.exog_re, exog_vc=made.exog_vc
        )
        return model.fit()

    def work() -> float:
        for _ in range(count):
            fit(next(vectors))
        return count

    found = [fit(one) for one in y[: cohort.CHECKED]]
    check = {
        "criterion": [float(-2 * one.llf) for one in found],
        "estimate": [float(one.fe_params[at]) for one in found],
        "se": [float(np.sqrt(np.asarray(one.cov_params())[at, at])) for one in found],
    }
    serve(check, work)


if __name__ == "__main__":
    main(*sys.argv[1:])
