"""Our side of the mixed-model rows, by the shipped functions: python -m benchmarks.ours TASK ..."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import rmresearch as rm
from benchmarks import cohort, swept
from benchmarks.machine import held
from benchmarks.serve import serve
from rmresearch.numerics import lmm
from rmresearch.numerics.lmm import balanced

#: cohorts at once: drawing is as quick in any batch, the others want many
BATCH = {"draw": 500, "judge": 2_000, "balanced": 2_000}
BATCH |= {"plain": 2_000, "sufficient": 10_000}
ARM = np.array([0.0, 0, 0, 1, 0])


def columns(pairs: int = cohort.PAIRS) -> tuple[Any, dict[str, list[lmm.Term]]]:
    """The fixed columns of cohort.FORMULA (n, 5) and each model's random terms."""
    frame = cohort.rows(pairs)
    wave, one = frame["wave"].to_numpy(), np.ones(len(frame))
    x = np.column_stack([one, wave == 1, wave == 2, frame["arm"], frame["role"]]).astype(float)
    pair, person = frame["pair"].to_numpy(), frame["person"].to_numpy()
    return x, {
        "intercept": [lmm.Term(pair, one)],
        "nested": [lmm.Term(pair, one), lmm.Term(person, one)],
        "slope": [lmm.Term(pair, np.column_stack([one, wave - 1.0]))],
    }


def fitting(
    model: str, pairs: int = cohort.PAIRS, *, reml: bool = True
) -> Callable[[Any], lmm.MixedFit]:
    """Fit outcomes (R, n) of the small cohort by the general path."""
    x, terms = columns(pairs)
    design = lmm.design(x, terms[model])
    return lambda y: lmm.fit_many(y, design, reml=reml)


def checked(found: lmm.MixedFit) -> dict[str, Any]:
    """What a peer must find too: criterion, the arms' difference and its standard error."""
    at = int(ARM.argmax())
    return {
        "criterion": found.criterion.tolist(),
        "estimate": found.coef[:, at].tolist(),
        "se": found.se[:, at].tolist(),
    }


def fits(model: str, folder: Path, *, reml: bool) -> None:
    """All stored outcomes in one batch; a unit is one fit."""
    fit, y = fitting(model, reml=reml), cohort.outcomes(folder, model)

    def work() -> float:
        fit(y)
        return len(y)

    serve(checked(fit(y[: cohort.CHECKED])), work)


def judging(task: str, model: str) -> Callable[[np.random.Generator], Any]:
    """Draw a batch of cohorts of ``model`` and, unless ``task`` is draw, test the arms' difference.

    judge: outcomes and the general path; balanced: outcomes and the closed form; plain: the same of
    the drawn residuals as they are, effects drawn but not put in; sufficient: no
    outcomes, only what the closed form needs of them.
    """
    x, terms = columns()
    made, fixed = cohort.room(model, BATCH[task]), cohort.mean(cohort.rows()).astype(float)
    if task == "draw":
        return lambda rng: cohort.draw(rng, made)
    even = balanced.strata(lmm.design(x, terms[model]))
    if task == "sufficient" and even is not None:
        coef = np.linalg.lstsq(x, fixed)[0]
        variances = [cohort.SPREAD[name] ** 2 for name in cohort.DRAWN[model]]
        return lambda rng: balanced.draw_balanced(
            even, coef, variances, 1.0, BATCH[task], rng
        ).contrast(ARM)
    general = fitting(model)

    def judge(rng: np.random.Generator) -> Any:
        cohort.draw(rng, made)
        y = made["residual"] if task == "plain" else cohort.compose(made, fixed)
        if task in {"balanced", "plain"} and even is not None:
            return balanced.fit_balanced(y, even).contrast(ARM)
        return general(y).contrast(ARM)

    return judge


def draws(task: str, model: str) -> None:
    """Twenty thousand cohorts a round, so that waking up is no part of it; a unit is one cohort."""
    rng, judge = np.random.default_rng(7), judging(task, model)
    times = max(1, 20_000 // BATCH[task])

    def work() -> float:
        for _ in range(times):
            judge(rng)
        return times * BATCH[task]

    serve({}, work)


def power(folder: Path, pairs: int, *, sufficient: bool, replicates: int = 1_000) -> None:
    """Simulate from the fit of the first stored outcome, fit and test; a unit is 1,000 of them."""
    fit, (x, terms) = fitting("nested", pairs), columns(pairs)
    start = fit(cohort.outcomes(folder, "nested")[0])
    sigma = float(np.sqrt(start.sigma2))
    variances = [float(one[0, 0]) for one in start.covariances]
    pair, person = (float(np.sqrt(one)) / sigma for one in variances)
    rng, made = np.random.default_rng(11), cohort.room("nested", replicates, pairs)
    even = balanced.strata(lmm.design(x, terms["nested"])) if sufficient else None

    def share() -> float:
        if even is not None:
            found = balanced.draw_balanced(
                even, start.coef, variances, sigma**2, replicates, rng
            ).contrast(ARM)
        else:
            cohort.draw(rng, made)
            spread = {"pair": pair, "person": person}
            found = fit(sigma * cohort.compose(made, x @ start.coef / sigma, spread)).contrast(ARM)
        return float((found.p < 0.05).mean())

    times = 50 if sufficient else 1

    def work() -> float:
        for _ in range(times):
            share()
        return times

    serve({"effect": float(start.coef @ ARM), "power": share()}, work)


def by_formula(random: str, folder: Path) -> None:
    """Formula, frame and fit of the million rows; a unit is one."""
    frame = pd.read_csv(folder / "million.csv")
    formula = f"{cohort.MILLION} + {cohort.RANDOM[random]}"
    first = rm.lmm(formula, frame)
    at = first.terms.index("arm")
    check = {
        "criterion": first.criterion,
        "estimate": first.kernel.coef[at],
        "se": first.kernel.se[at],
    }

    def work() -> float:
        rm.lmm(formula, frame)
        return 1.0

    serve({name: float(value) for name, value in check.items()}, work)


def memory(folder: Path) -> None:
    """Peak memory of one fit of the million rows above that with the frame loaded, and its size.

    Text lies in memory as one run of bytes and where each row's ends, which pandas counts.
    """
    frame = pd.read_csv(folder / "million.csv")
    rm.lmm("score ~ arm + (1 | pair)", cohort.rows().assign(score=np.arange(360) % 7))
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = held("VmRSS")
    rm.lmm(f"{cohort.MILLION} + {cohort.RANDOM['nested']}", frame)
    peak = held("VmHWM") - before
    size = int(frame.memory_usage().sum())
    serve({"peak": peak / 1e6, "input": size / 1e6}, lambda: 1.0)


def main(task: str, *rest: str) -> None:
    """Run one worker."""
    if task in swept.TASKS:
        swept.TASKS[task](*rest)
    elif task == "million":
        by_formula(rest[0], Path(rest[1]))
    elif task == "memory":
        memory(Path(rest[0]))
    elif task.startswith("power"):
        power(Path(rest[0]), int(rest[1]), sufficient=task == "power-sufficient")
    elif task in BATCH:
        draws(task, rest[0])
    else:
        fits(rest[0], Path(rest[1]), reml=task == "fit")


if __name__ == "__main__":
    main(*sys.argv[1:])
