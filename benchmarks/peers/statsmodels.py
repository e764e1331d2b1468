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

#: replicates that tell whether the same is simulated: a fit takes long
FEW = 40


def model(folder: Path, random: str, formula: str) -> tuple[Any, Any]:
    """The nested model's arrays, and how one outcome is fitted on them."""
    y = cohort.outcomes(folder, random)
    frame = pd.read_csv(folder / "rows.csv").assign(score=y[0])
    made = formulas.mixedlm(
        formula,
        frame,
        groups="pair",
        re_formula="1",
        vc_formula={"person": "0 + C(person)"},
    )

    def fit(one: Any) -> Any:
        model = MixedLM(
            one, made.exog, frame["pair"].to_numpy(), exog_re=made.exog_re, exog_vc=made.exog_vc
        )
        return model.fit()

    return made, fit


def fits(folder: Path, random: str, count: int) -> None:
    """``count`` nested fits a round; a unit is one."""
    y = cohort.outcomes(folder, random)
    made, fit = model(folder, random, cohort.FORMULA)
    at = made.exog_names.index("arm")
    vectors = cycle(y)

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


def power(folder: Path, count: int, formula: str, term: str) -> None:
    """Draw from the first outcome's fit, fit and test (z); a unit is 1,000 of them."""
    made, fit = model(folder, "nested", formula)
    at = made.exog_names.index(term)
    start = fit(cohort.outcomes(folder, "nested")[0])
    sigma = float(np.sqrt(start.scale))
    spread = {"pair": float(start.cov_re[0, 0]), "person": float(start.vcomp[0])}
    spread = {name: float(np.sqrt(one)) / sigma for name, one in spread.items()}
    fixed = made.exog @ start.fe_params / sigma
    room = cohort.room("nested", 1, len(fixed) // (2 * cohort.WAVES))
    rng = np.random.default_rng(5)

    def share(replicates: int) -> float:
        found = 0
        for _ in range(replicates):
            cohort.draw(rng, room)
            found += fit(sigma * cohort.compose(room, fixed, spread)[0]).pvalues[at] < 0.05
        return found / replicates

    def work() -> float:
        share(count)
        return count / 1_000

    check = {"effect": float(start.fe_params[at]), "power": share(FEW), "replicates": FEW}
    serve(check, work)


def main(task: str, place: str, *rest: str) -> None:
    """Run one worker."""
    if task == "power":
        power(Path(place), int(rest[0]), rest[1], rest[2])
    else:
        fits(Path(place), rest[0], int(rest[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
