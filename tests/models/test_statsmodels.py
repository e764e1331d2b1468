"""rm.lmm against statsmodels' MixedLM, where that converges: another search, in other code.

Both keep the same constants, so that log-likelihoods are compared as they stand. MixedLM stops at
a gradient of 1e-8 a row, on the square roots of variances that it does not profile; its standard
errors invert the whole second derivative, coefficients and variances together. Where groups are
all alike the two blocks do not touch, and its standard errors are ours; elsewhere they differ by
what the blocks share, in these data up to 1.8 percent.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM

from models.references import data
from models.test_mixed import frame
from rmresearch.models import lmm

PEOPLE = {"re_formula": "1", "vc_formula": {"who": "0 + C(person)"}}
#: data, fixed part, our random part, MixedLM's, and how far its standard errors may lie from ours
CASES: dict[str, tuple[str, str, str, dict[str, Any], float]] = {
    "pairs": ("even", "wave * arm", "(1 | pair)", {}, 1e-6),
    "people": ("even", "wave * arm", "(1 | pair/person)", PEOPLE, 1e-6),
    "slopes alone": ("even", "t", "(0 + t | pair)", {"re_formula": "0 + t"}, 1e-6),
    "pairs with gaps": ("gaps", "wave * arm", "(1 | pair)", {}, 0.02),
    "people with gaps": ("gaps", "t * arm + age", "(1 | pair/person)", PEOPLE, 0.02),
    "slopes alone with gaps": ("gaps", "t + arm", "(0 + t | pair)", {"re_formula": "0 + t"}, 0.02),
    "slopes": ("steep", "t * arm", "(1 + t | pair)", {"re_formula": "t"}, 0.02),
    "apart": ("steep", "t", "(t || pair)", {"vc_formula": {"a": "1", "b": "0 + t"}}, 0.02),
}


def rows_of(name: str) -> pd.DataFrame:
    if name == "even":
        return frame()
    if name == "gaps":
        return data("slope").dropna(subset=["score", "wave", "arm", "age", "pair"])
    rng = np.random.default_rng(4)
    made = pd.DataFrame({"pair": np.repeat(np.arange(30), 6), "t": np.tile([0.0, 1, 2], 60)})
    made["arm"] = np.where(made["pair"] % 2 == 1, "mentor", "control")
    made["score"] = 3 + 0.2 * made["t"] + rng.normal(0, 0.6, 30)[made["pair"]]
    made["score"] += rng.normal(0, 0.4, 30)[made["pair"]] * made["t"] + rng.normal(0, 0.5, 180)
    return made[rng.random(180) > 0.1]


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_as_mixedlm(name: str, reml: bool) -> None:
    which, fixed, random, options, apart = CASES[name]
    rows = rows_of(which)
    fit = lmm(f"score ~ {fixed} + {random}", rows, reml=reml)
    with warnings.catch_warnings():
        # It tells of every attempt that fails, and starts the next.
        warnings.simplefilter("ignore")
        model = MixedLM.from_formula(f"score ~ {fixed}", rows, groups="pair", **options)
        theirs = model.fit(reml=reml, method=["bfgs", "lbfgs"], gtol=1e-8, maxiter=1000)
    assert theirs.converged
    assert not fit.singular
    assert fit.loglik == pytest.approx(theirs.llf, abs=1e-6)
    table = fit.to_frame().set_index("term")
    gap = theirs.fe_params.reindex(table.index) - table["estimate"]
    # A millionth in the log-likelihood is about a thousandth of a standard error.
    assert (gap.abs() < 1e-3 * table["se"]).all()
    assert theirs.bse_fe.reindex(table.index).to_numpy() == pytest.approx(table["se"], rel=apart)
    wanted = sorted([theirs.scale, *np.diag(theirs.cov_re), *theirs.vcomp])
    assert sorted(fit.variances["variance"]) == pytest.approx(wanted, rel=2e-3)
