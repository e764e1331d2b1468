"""How far the difference could move for those who were lost: weights, Lee's bounds, worst case."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Behind, Footing, cell, inferred, label, number
from rmresearch.analysis.base.compared import Compared, score_range
from rmresearch.analysis.base.fit import measured, valued
from rmresearch.errors import FitError
from rmresearch.numerics.bounds import around, extremes, trimming_bounds
from rmresearch.numerics.response import Weights, response_weights
from rmresearch.numerics.robust import fit
from rmresearch.result import Cell, Check, Estimate

__all__ = ["COLUMNS", "NOTE", "Otherwise", "otherwise"]

COLUMNS = (
    "role", "contrast", "wave", "answer", "people", "effective n", "difference", "up to", "low",
    "high",
)  # fmt: skip
NOTE = (
    "Answered: those analysed, adjusted for the baseline. Weighted: each answer stands for those "
    "like it (arm and baseline) who did not answer. Lee's bounds: among those who would answer in "
    "either arm, if the assignment moves answering in one direction for everybody. Worst case: "
    "all that is missing at the end of the scale that makes the difference smallest, then largest; "
    "nothing is assumed. Low and high of bounds hold the true difference wherever it lies between "
    "them."
)
#: missing people for each coefficient of the response model, for one that has it
EACH, FEWEST = 5, 5
#: weights above are cut
MOST_WEIGHT = 5.0
#: standard errors below this share of the scores are rounding
ROUNDING = 1e-12
#: bootstrap draws of Lee's bounds: most, least, and draws times people in between
DRAWS, FEWEST_DRAWS, WORK = 1_000, 200, 4_000_000
Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(slots=True)
class Otherwise:
    """What the parts add up to."""

    estimates: list[Estimate] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def otherwise(one: Compared, *, randomised: bool, level: float, seed: int) -> Otherwise:
    """The difference as answered, weighted, and within bounds."""
    found = Otherwise()
    kept, ground = one.answered, one.ground()
    if kept.all():
        said = f"{one.about}: everybody answered, so nothing could be otherwise."
        found.checks.append(Check("somebody is missing", True, said))
        return found
    sides = (one.programme, ~one.programme) if one.between else (one.programme,)
    if min(int((kept & side).sum()) for side in sides) < 2:
        said = f"{one.about}: fewer than 2 people of a group answered, so nothing can be compared."
        found.checks.append(Check("people who answered", False, said))
        return found
    seen = one.take(kept)
    model = seen.model()
    form = one.form(kept, level=level, parameters=model.x.shape[1])
    try:
        plain = measured(model.y, model.x, seen.people.cluster, model.weights, ground, model.names)
    except FitError as error:
        found.checks.append(Check("model can be fitted", False, f"{one.about}: {error}"))
        return found
    method = "adjusted for the baseline, CR2" if one.between else "mean change, CR2"
    _told(one, found, inferred(form, plain, ground, term="answered", method=method), "answered")
    _weighted(one, found, form, ground)
    if randomised and one.between:
        _lee(one, found, form, ground, seed)
    _worst(one, found, form, ground)
    return found


def _told(
    one: Compared, found: Otherwise, estimate: Estimate, answer: str, effective: float | None = None
) -> None:
    """An estimate that is one value, with its row."""
    found.estimates.append(estimate)
    behind = _behind(estimate)
    found.rows.append(
        (
            *(label(text) for text in (one.people.role, one.contrast, one.wave.name, answer)),
            cell(behind.n_people, "administrative", behind),
            cell(effective, "statistic", behind),
            cell(estimate.value, "contrast", behind),
            cell(None, "contrast", behind),
            cell(estimate.low, "interval", behind),
            cell(estimate.high, "interval", behind),
        )
    )


def _between(one: Compared, found: Otherwise, ends: tuple[Estimate, Estimate], answer: str) -> None:
    """Two bounds, with their row."""
    found.estimates += ends
    behind = _behind(ends[0])
    found.rows.append(
        (
            *(label(text) for text in (one.people.role, one.contrast, one.wave.name, answer)),
            cell(behind.n_people, "administrative", behind),
            cell(None, "statistic", behind),
            *(cell(end.value, "contrast", behind) for end in ends),
            cell(ends[0].low, "interval", behind),
            cell(ends[1].high, "interval", behind),
        )
    )


def _behind(estimate: Estimate) -> Behind:
    return Behind(estimate.members, estimate.n_pairs, estimate.n_clusters)


def _weighted(one: Compared, found: Otherwise, form: Estimate, ground: Footing) -> None:
    known = one.take(np.isfinite(one.before)) if one.asked_before else None
    if known is None:
        said = f"{one.about}: nobody answered before the start, so nothing says who answers later."
        found.checks.append(Check("answers to weigh by", False, said))
        return
    kept = known.answered
    gone = min(int((~kept).sum()), int(kept.sum()))
    if gone < FEWEST:
        said = (
            f"{one.about}: of those with a baseline {int((~kept).sum())} did not answer and "
            f"{int(kept.sum())} did. From fewer than {FEWEST} of a kind nobody can learn who "
            f"answers, so nothing is weighted."
        )
        found.checks.append(Check("answers to weigh by", False, said))
        return
    try:
        weights = _weights(known, gone)
        model = known.take(kept).model()
        root = np.sqrt(weights.values[kept])
        contrast = measured(
            root * model.y, root[:, None] * model.x, known.people.cluster[kept], model.weights,
            ground, model.names,
        )  # fmt: skip
    except FitError as error:
        found.checks.append(Check("answers to weigh by", False, f"{one.about}: {error}"))
        return
    method = (
        f"weighted by the stabilised inverse chance of answering (logit), effective n "
        f"{weights.effective:.1f}, CR2 with the weights taken as known"
    )
    estimate = inferred(form, contrast, ground, term="weighted", method=method)
    _told(one, found, estimate, "weighted", weights.effective)
    found.checks.append(_extreme(one, weights, int(kept.sum())))


def _weights(known: Compared, gone: int) -> Weights:
    """Weights of the answers; an arm in which everybody answered needs no model and weighs 1."""
    kept = known.answered
    sides = (known.programme, ~known.programme)
    part = np.any([side & ~(kept | ~side).all() for side in sides], axis=0)
    one_arm = known.between and bool((part & sides[0]).any() != (part & sides[1]).any())
    inside = replace(known.take(part), between=known.between and not one_arm)
    found = response_weights(
        inside.answered, inside.programme, _response(inside, gone), most=MOST_WEIGHT
    )
    values = np.ones(len(kept))
    values[part] = found.values
    return replace(
        found, values=values, effective=float(values.sum() ** 2 / (values * values).sum())
    )


def _response(known: Compared, gone: int) -> Array:
    """Arm, baseline, and the arm's own slope where enough are missing; nothing constant."""
    spread = float(known.before.std())
    score = (known.before - known.before.mean()) / spread if spread > 0 else known.before * 0.0
    columns = [np.ones(len(score))]
    if known.between:
        columns.append(known.programme.astype(float))
    if spread > 0:
        columns.append(score)
        if known.between and gone >= EACH * (len(columns) + 1):
            columns.append(score * known.programme)
    return np.column_stack(columns)


def _extreme(one: Compared, weights: Weights, answered: int) -> Check:
    fine = weights.trimmed == 0 and weights.effective >= 0.5 * answered
    said = (
        f"{one.about}: the weights of {answered} answers are worth {weights.effective:.1f} equal "
        f"ones; the largest is {weights.values.max():.2f}, {weights.trimmed} were cut to "
        f"{MOST_WEIGHT:g}."
    )
    return Check("weights not extreme", fine, said)


def _lee(one: Compared, found: Otherwise, form: Estimate, ground: Footing, seed: int) -> None:
    """Lee's bounds, the scores less what the baseline explains of those who answered."""
    inside = one.take(np.isfinite(one.before)) if one.asked_before else one
    kept = inside.answered
    seen = inside.take(kept).model()
    rest = np.where(kept, inside.after, np.nan)
    slope = 0.0
    if "baseline" in seen.names:
        slope = float(fit(seen.y, seen.x, vcov="classical").coef[seen.names.index("baseline")])
        rest = rest - slope * (inside.before - inside.before.mean())
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(7,)))
    draws = max(FEWEST_DRAWS, min(DRAWS, WORK // len(kept))) if ground.rule else 0
    lee = trimming_bounds(rest, inside.programme, inside.people.cluster, draws=draws, rng=rng)
    ends: tuple[float | None, float | None] = (None, None)
    # where the baseline and the arm explain every score, what is left is rounding
    spread = min(lee.low_se, lee.high_se) > ROUNDING * np.abs(inside.after[kept]).max()
    if ground.interval and spread:
        df = float(ground.total - 2)
        ends = around(lee.low, lee.high, lee.low_se, lee.high_se, df, form.level)
    side = "programme" if lee.trimmed > 0 else "comparison"
    method = (
        f"Lee bounds, {100 * abs(lee.trimmed):.1f}% of the {side} arm's answers trimmed, baseline "
        f"slope {slope:.3g} taken as known; interval: Imbens and Manski, cluster bootstrap"
    )
    pair = tuple(
        replace(
            valued(form, value, term=f"lee-{name}", method=method),
            se=number(se) if ground.rule and spread else None,
            low=number(ends[0]) if name == "lower" else None,
            high=number(ends[1]) if name == "upper" else None,
        )
        for name, value, se in (("lower", lee.low, lee.low_se), ("upper", lee.high, lee.high_se))
    )
    _between(one, found, (pair[0], pair[1]), "Lee's bounds")
    said = (
        f"{one.about}: Lee's bounds assume that the assignment moves answering in one direction "
        f"for everybody; {100 * abs(lee.trimmed):.1f}% of the {side} arm's answers are surplus. "
        f"This cannot be checked."
    )
    found.checks.append(Check("one direction of answering (assumed)", True, said))


def _worst(one: Compared, found: Otherwise, form: Estimate, ground: Footing) -> None:
    """The least and the largest difference that any answers of those missing could give."""
    ends = score_range(one.outcome)
    if ends is None:
        said = (
            f"{one.about}: {one.outcome.name} has no least and largest score, so there is neither "
            f"a worst case nor a tipping point. Declare low and high."
        )
        found.checks.append(Check("scale with two ends", False, said))
        return
    inside = one.take(np.isfinite(one.before)) if one.asked_before else one
    model = inside.model(after=np.where(np.isnan(inside.after), 0.0, inside.after))
    if model.x.shape[0] <= model.x.shape[1] or np.linalg.matrix_rank(model.x) < model.x.shape[1]:
        return
    weight = np.linalg.pinv(model.x).T @ model.weights
    shift = inside.before if not inside.between else np.zeros(len(weight))
    filled = extremes(weight, inside.after, *ends)
    sides = inside.sides if inside.between else None
    everyone = base.footing(inside.people.cluster, sides)
    cluster = inside.people.cluster
    both = measured(
        np.stack(filled) - shift, model.x, cluster, model.weights, everyone, model.names
    )
    low, high = (None, None)
    if ground.interval and everyone.interval:
        df, (least, most), errors = float(both.df.min()), both.estimate, both.se
        if df > 0:
            low, high = around(least, most, errors[0], errors[1], df, form.level)
    method = "worst case on the scale's range; interval: Imbens and Manski, CR2 of the filled data"
    everybody = np.ones(len(weight), bool)
    all_of_them = inside.form(everybody, level=form.level, parameters=model.x.shape[1])
    pair = tuple(
        replace(
            valued(all_of_them, value, term=f"worst-{name}", method=method),
            se=number(se) if everyone.rule else None,
            low=number(low) if name == "lower" else None,
            high=number(high) if name == "upper" else None,
        )
        for name, value, se in zip(("lower", "upper"), both.estimate, both.se, strict=True)
    )
    _between(one, found, (pair[0], pair[1]), "worst case")
