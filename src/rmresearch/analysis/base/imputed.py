"""Answers that are missing, imputed many times: wide by pair, arm by arm, clusters kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Codes, People
from rmresearch.analysis.base.compared import Compared, Model
from rmresearch.numerics.imputation import FEWEST, impute
from rmresearch.numerics.robust import influence
from rmresearch.numerics.rubin import Pooled, pool
from rmresearch.result import Check
from rmresearch.study import ROLES, Outcome, Study, Wave

__all__ = ["METHOD", "Imputed", "completed", "imputed", "pooled"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: how often, for up to so many people of a role; beyond them chance in the draws weighs less
IMPUTATIONS, FEW_PEOPLE, IMPUTATIONS_OF_MANY = 50, 2_000, 20
#: clusters that answered for each column that predicts
EACH = 4
METHOD = (
    "multiple imputation by arm (chained equations, clusters kept, partner's scores among the "
    "predictors), Rubin's rules, Barnard-Rubin df, CR2 within"
)


@dataclass(frozen=True, slots=True, eq=False)
class Imputed:
    """The scores of one role at several waves, (m, n) by wave's name, gaps filled m times.

    A score that could not be imputed is NaN in all of them, for the reason in ``checks``.
    """

    people: People
    scores: dict[str, Array]
    checks: tuple[Check, ...]


def imputed(
    study: Study, outcome: Outcome, group: People, *, imputations: int | None, seed: int
) -> Imputed:
    """Impute every wave of one role, each arm by itself; once a study, however often it is asked.

    ``imputations`` times: by default 50, for more than 2,000 people 20.

    A score is predicted by the same person's at other waves (baseline first, then the nearest)
    and by the mean of the partners' at the same wave, as many of them as there are four answering
    clusters for. The partners' scores are those on the same outcome or, where their role has
    none, on the first repeated outcome of their role. Scores after a crossover count as missing.
    Fewer than two imputations raise ``ValueError``.
    """
    usual = IMPUTATIONS if len(group) <= FEW_PEOPLE else IMPUTATIONS_OF_MANY
    times = usual if imputations is None else imputations
    if times < 2:
        raise ValueError(f"imputations is {times}; it takes two or more")
    return study.once(
        ("imputed", outcome, group.role, times, seed),
        lambda: _imputed(study, outcome, group, times, seed),
    )


def _imputed(study: Study, outcome: Outcome, group: People, imputations: int, seed: int) -> Imputed:
    wide = study.wide(outcome).reindex(pd.Index(group.ids))
    given = {wave: wide[wave.name].to_numpy(float) for wave in study.design.waves}
    waves = [wave for wave, scores in given.items() if np.isfinite(scores).any()]
    if not waves:
        return Imputed(group, {}, ())
    own = np.stack([_own(study, group, wave, given[wave]) for wave in waves], axis=1)
    theirs = _partners(study, outcome, group, waves)
    filled = np.repeat(own[None], imputations, axis=0)
    checks = []
    names = [arm.name for arm in study.design.arms] or [""]
    for k, name in enumerate(names):
        inside = group.arm == name if study.design.arms else np.ones(len(group), bool)
        if not inside.any():
            continue
        key = (ROLES.index(group.role) if group.role in ROLES else len(ROLES), k)
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
        filled[:, inside] = _one_arm(
            own[inside], theirs[inside], group.cluster[inside], waves, imputations, rng
        )
        left = np.isnan(filled[0, inside]).any(axis=0)
        if left.any():
            about = f"{group.role}, {name}" if name else group.role
            which = base.seen([wave for wave, gap in zip(waves, left, strict=True) if gap])
            said = (
                f"{about}: fewer than {FEWEST} independent clusters answered {outcome.name} at "
                f"{which}, too few to learn from how the others would have answered."
            )
            checks.append(Check("answers to impute from", False, said))
    scores = {wave.name: filled[:, :, j] for j, wave in enumerate(waves)}
    return Imputed(group, scores, tuple(checks))


def completed(one: Compared, given: Imputed, baseline: Wave) -> Model | None:
    """The difference's model in every completed data set, or None where gaps are left."""
    place = pd.Index(given.people.ids).get_indexer(pd.Index(one.people.ids))
    if one.wave.name not in given.scores:
        return None
    after = given.scores[one.wave.name][:, place]
    before = given.scores.get(baseline.name)
    before = np.full(after.shape, np.nan) if before is None else before[:, place]
    if not np.isfinite(after).all() or not (np.isfinite(before).all() or np.isnan(before).all()):
        return None
    return one.model(before, after)


def pooled(model: Model, cluster: Codes | None) -> Pooled:
    """Rubin's rules over the completed data sets, CR2 within (``None``: classical)."""
    found = influence(model.y, model.x, cluster, model.weights, model.names)
    return pool(found.estimate, found.variance, float(np.mean(found.df)))


def _own(study: Study, group: People, wave: Wave, scores: Array) -> Array:
    return np.where(base.crossed_over(study, group, wave), np.nan, scores)


def _partners(study: Study, outcome: Outcome, group: People, waves: Sequence[Wave]) -> Array:
    """The mean score of each person's partners at each wave (n, waves), NaN where there is none."""
    found = np.full((len(group), len(waves)), np.nan)
    other = next((role for role in ROLES if role != group.role), None)
    theirs = _theirs(study, outcome, other)
    if theirs is None or group.role not in ROLES:
        return found
    wide = study.wide(theirs)
    both = study.pairs[[group.role, other]].dropna()
    for j, wave in enumerate(waves):
        by_partner = wide[wave.name].reindex(pd.Index(both[other])).to_numpy(float)
        known = np.isfinite(by_partner)
        means = pd.Series(by_partner[known]).groupby(both[group.role].to_numpy()[known]).mean()
        found[:, j] = group.values(means)
    return found


def _theirs(study: Study, outcome: Outcome, role: str | None) -> Outcome | None:
    if outcome.role == "all":
        return outcome
    return next(
        (
            one
            for one in study.design.outcomes
            if one.role == role and one.timing == "repeated" and one.kirkpatrick > 1
        ),
        None,
    )


def _one_arm(
    own: Array,
    theirs: Array,
    cluster: Codes,
    waves: Sequence[Wave],
    imputations: int,
    rng: np.random.Generator,
) -> Array:
    """The own scores of one arm (n, waves), gaps filled where enough answered: (m, n, waves)."""
    k = own.shape[1]
    columns = np.hstack([own, theirs])
    answering = [len(pd.unique(cluster[np.isfinite(column)])) for column in columns.T]
    kept = [j for j in range(2 * k) if answering[j] >= FEWEST]
    found = np.repeat(own[None], imputations, axis=0)
    if not any(j < k for j in kept):
        return found
    uses = []
    for j in kept:
        most = max(1, answering[j] // EACH)
        wanted = [other for other in _predictors(j, waves) if other in kept][:most]
        uses.append([kept.index(other) for other in wanted])
    filled = impute(columns[:, kept], cluster, uses, imputations=imputations, rng=rng)
    for at, j in enumerate(kept):
        if j < k:
            found[:, :, j] = filled[:, :, at]
    return found


def _predictors(column: int, waves: Sequence[Wave]) -> Iterator[int]:
    """What predicts a column, best first; own scores come first (0..k-1), then the partner's."""
    k = len(waves)
    side, at = divmod(column, k)
    near = sorted(range(k), key=lambda j: (abs(waves[j].months - waves[at].months), j))
    mine = [side * k + j for j in near if j != at]
    first = next((j for j in range(k) if waves[j].baseline), 0)
    ordered = [side * k + first] if first != at else []
    ordered += [j for j in mine if j not in ordered]
    yield from ordered[:2]
    yield (1 - side) * k + at
    yield from ordered[2:]
