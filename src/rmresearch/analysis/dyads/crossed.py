"""One with many: where people stand in several pairs, crossed effects of juniors and seniors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Codes, Footing
from rmresearch.analysis.base.by_pair import wide_by_pair
from rmresearch.analysis.dyads.sample import Array, Couples
from rmresearch.errors import FitError
from rmresearch.numerics.lmm import MixedFit, Term, fit
from rmresearch.result import Check, Estimate
from rmresearch.study import ROLES, Outcome

__all__ = ["crossed"]

CROSSED = "crossed effects fit"
SCORED = "people in several pairs included"


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """One role's scores with own and partner's start, and who stands behind each (n, 2)."""

    y: Array
    x: Array
    people: NDArray[np.object_]
    cluster: Codes


def crossed(found: Couples, side: int, level: float) -> tuple[list[Estimate], list[Check]]:
    """Own and partner's part of one role by ``(1 | senior) + (1 | junior)``, Kenward-Roger.

    Only where somebody stands in several pairs. Rows are pairs where the outcome was answered
    pair by pair, else people: then everybody needs a single partner, who may be shared.
    """
    if found.alone.all() or not len(found):
        return [], []
    who = found.study.design.role_label(ROLES[side])
    about = f"{found.about}, {who}"
    by_pair = _by_pair(found, found.outcomes[side])
    several = len(np.unique(found.people[:, side].astype(str))) < len(found)
    if several and not by_pair:
        detail = (
            f"{about}: some stand in several pairs, and the outcome is not answered pair by pair, "
            f"so which of their partners a score belongs to is unknown. Their partners' mean is "
            f"taken and CR2 allows for what sets share."
        )
        return [], [Check(CROSSED, False, detail)]
    rows = _pair_rows(found, side) if several else _person_rows(found, side)
    terms, names = _terms(rows)
    if not terms or len(rows.y) < 10:
        detail = f"{about}: {len(rows.y)} scores, nothing shared by several of them."
        return [], [Check(CROSSED, False, detail)]
    design = np.column_stack([np.ones(len(rows.y)), rows.x - rows.x.mean(axis=0)])
    try:
        model = fit(rows.y, design, terms, names=("intercept", "own start", "partner's start"))
        if not model.converged or model.exact:
            raise FitError("the model did not converge, or leaves no residual")
    except FitError as error:
        return [], [Check(CROSSED, False, f"{about}: {error}.")]
    return _told(found, side, rows, model, names, level), []


def _by_pair(found: Couples, outcome: Outcome) -> bool:
    rows = found.study.measures
    rows = rows[rows["item"].isin(outcome.items) & rows["value"].notna()]
    return bool(len(rows) and rows["pair"].notna().all())


def _person_rows(found: Couples, side: int) -> _Rows:
    keep = np.isfinite(found.before).all(axis=1) & np.isfinite(found.after[:, side])
    some = found.take(keep)
    x = np.column_stack([some.before[:, side], some.before[:, 1 - side]])
    return _Rows(some.after[:, side], x, some.people, some.cluster)


def _pair_rows(found: Couples, side: int) -> _Rows:
    """Scores pair by pair."""
    study, outcome = found.study, found.outcomes[side]
    wide = wide_by_pair(study, outcome, found.ids, ROLES[side])
    after = wide[found.wave.name].to_numpy(float)
    own = wide[found.start.name].to_numpy(float)
    keep = np.isfinite(own) & np.isfinite(after) & np.isfinite(found.before[:, 1 - side])
    keep &= np.isfinite(found.after[:, side])
    some = found.take(keep)
    x = np.column_stack([own[keep], some.before[:, 1 - side]])
    return _Rows(after[keep], x, some.people, some.cluster)


def _terms(rows: _Rows) -> tuple[list[Term], list[str]]:
    """An intercept for each side whose people stand in several rows, but not in all."""
    terms, names = [], []
    for side, role in enumerate(ROLES):
        codes = pd.factorize(rows.people[:, side])[0]
        levels = len(np.unique(codes))
        if 1 < levels < len(codes):
            terms.append(Term(codes, np.ones((len(codes), 1))))
            names.append(f"(1 | {role})")
    return terms, names


def _told(
    found: Couples, side: int, rows: _Rows, model: MixedFit, names: Sequence[str], level: float
) -> list[Estimate]:
    members = frozenset(str(person) for person in rows.people.ravel())
    behind = base.Behind(members, len(rows.y), len(np.unique(rows.cluster)))
    method = f"crossed effects {' + '.join(names)}, REML, Kenward-Roger"
    ground: Footing = base.footing(rows.cluster)
    made = []
    for place, term in ((1, "crossed-actor"), (2, "crossed-partner")):
        weights = np.zeros(3)
        weights[place] = 1.0
        one = model.kenward_roger(weights)
        low, high = one.interval(level)
        wide = behind.n_people >= base.PEOPLE_FOR_INTERVAL
        made.append(
            replace(
                found.form(behind, side, estimand=SCORED, term=term, level=level, method=method),
                value=base.number(one.estimate),
                se=base.number(one.se),
                df=base.number(one.df),
                low=base.number(low) if wide else None,
                high=base.number(high) if wide else None,
                p=base.number(one.p) if ground.p_value else None,
                parameters=3,
            )
        )
    return made
