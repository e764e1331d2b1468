"""Own and partner's start in both members' scores: the actor-partner model, and its ratio."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing
from rmresearch.analysis.base.fit import SECOND_ROUTE, Student, agree, valued
from rmresearch.analysis.dyads.sample import Couples, Members, members
from rmresearch.errors import FitError
from rmresearch.numerics.contrast import Contrast
from rmresearch.numerics.dense_route import dense_mixed
from rmresearch.numerics.dyads import ACTOR, PARTNER, DyadFit, fit_dyads
from rmresearch.numerics.fieller import fieller
from rmresearch.result import Check, Estimate

__all__ = ["Fitted", "apart", "fitted", "of_both", "ratios", "slopes"]

STARTED = "people whose own and partner's start are known"
METHOD = (
    "actor-partner model of both roles, two residual variances and a correlation (REML); CR2 by "
    "cluster, Satterthwaite df"
)
TERMS = {"actor": ACTOR, "partner": PARTNER}
#: an actor part below so many standard errors divides nothing
CLEAR = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The model of one arm's pairs, and what its clusters carry."""

    couples: Couples
    rows: Members
    model: DyadFit
    ground: Footing

    def contrast(self, weights: np.ndarray) -> Contrast:
        """A contrast of coefficients, by two routes up to 3,000 rows."""
        found = self.model.fit.contrast(weights)
        if len(self.model.y) <= SECOND_ROUTE and self.ground.rule and not self.model.fit.exact:
            again = dense_mixed(self.model.y, self.model.x, self.model.v, self.model.cluster)
            rounding = 1e-13 * float(np.abs(self.model.y).max())
            agree(found, again.contrast(weights), rounding)
        return found


def fitted(found: Couples) -> Fitted:
    """Fit the model, or ``FitError`` naming the pairs it cannot be fitted to."""
    rows = members(found)
    there = np.isfinite(rows.y)
    for side, outcome in enumerate(found.outcomes):
        starts = rows.x[there[:, 0] | there[:, 1], side, 0]
        if len(starts) > 4 and np.ptp(starts) <= 1e-12 * max(1.0, float(np.abs(starts).max())):
            raise FitError(
                f"everybody had the same score on {outcome.name} at {found.start.name}, so nothing "
                f"can go with it. Ask about an outcome on which people differed before."
            )
    model = fit_dyads(rows.y, rows.x, rows.cluster, rows.linked)
    return Fitted(found, rows, model, base.footing(model.cluster))


def slopes(found: Fitted, level: float) -> list[Estimate]:
    """Four estimates: each role's score against the own and the partner's start."""
    made = []
    behind = found.rows.behind()
    for side in (0, 1):
        for term, places in TERMS.items():
            form = found.couples.form(behind, side, estimand=STARTED, term=term, level=level,
                                      parameters=6, method=METHOD)  # fmt: skip
            made.append(base.inferred(form, found.contrast(_unit(places[side])), found.ground))
    return made


def ratios(found: Fitted, records: list[Estimate]) -> tuple[list[Estimate], list[Check]]:
    """Partner's part over the own part of each role, where the own part is clearly not 0.

    Kenny and Ledermann (2010, Journal of Family Psychology 24), Fieller's interval from CR2.
    """
    made, checks = [], []
    for side in (0, 1):
        actor, partner = records[2 * side], records[2 * side + 1]
        if actor.se is None or actor.df is None or partner.df is None or actor.value is None:
            continue
        who = found.couples.study.design.role_label(actor.role)
        if not abs(actor.value) > CLEAR * actor.se:
            detail = (
                f"{found.couples.about}: the {who}'s own part is {actor.value:.2f} with a standard "
                f"error of {actor.se:.2f}, too close to 0 to divide the partner's part by it."
            )
            checks.append(Check("own part clear enough for a ratio", False, detail))
            continue
        places = [PARTNER[side], ACTOR[side]]
        v = found.model.fit.vcov[np.ix_(places, places)]
        ratio = fieller(
            float(partner.value or 0.0),
            actor.value,
            top_variance=float(v[0, 0]),
            bottom_variance=float(v[1, 1]),
            covariance=float(v[0, 1]),
            df=min(actor.df, partner.df),
            level=actor.level,
        )
        method = "partner's part / own part, Fieller's interval from CR2"
        one = valued(actor, ratio.value, term="ratio", method=method)
        if ratio.shape != "bounded":
            detail = (
                f"{found.couples.about}, {who}: at this level the own part could be 0, so the "
                f"ratio has no limits."
            )
            checks.append(Check("ratio has an interval", False, detail))
        elif found.ground.interval:
            one = replace(one, low=ratio.low, high=ratio.high)
        made.append(one)
    return made, checks


def of_both(one: Estimate, other: Estimate, form: Estimate) -> Estimate:
    """Everybody of two arms behind one estimate, which carries the contrast of ``form``."""
    return replace(
        one,
        contrast=form.contrast,
        group="",
        n_people=one.n_people + other.n_people,
        n_pairs=one.n_pairs + other.n_pairs,
        n_clusters=one.n_clusters + other.n_clusters,
        members=one.members | other.members,
        parameters=one.parameters + other.parameters,
    )


def apart(first: list[Estimate], second: list[Estimate], form: Estimate) -> list[Estimate]:
    """How far the programme's slopes lie from those of pairs without it (Welch's df).

    The two arms' clusters are distinct.
    """
    made = []
    others = {(other.role, other.term): other for other in second}
    both = [(one, others[key]) for one in first if (key := (one.role, one.term)) in others]
    for one, other in both:
        method = "difference of two arms' slopes, each by CR2, Welch's df"
        bare = replace(of_both(one, other, form), method=method)
        gap = (one.value or 0.0) - (other.value or 0.0)
        if one.se is None or other.se is None or not one.df or not other.df:
            made.append(valued(bare, gap, term=one.term, method=bare.method))
            continue
        v, w = one.se**2, other.se**2
        df = (v + w) ** 2 / (v**2 / one.df + w**2 / other.df)
        found = Student(gap, float(np.sqrt(v + w)), df)
        shown = one.low is not None and other.low is not None
        tested = one.p is not None and other.p is not None
        low, high = found.interval(one.level)
        made.append(
            replace(
                bare,
                value=gap,
                se=found.se,
                df=df,
                low=low if shown else None,
                high=high if shown else None,
                p=found.p if tested else None,
            )
        )
    return made


def _unit(place: int) -> np.ndarray:
    weights = np.zeros(6)
    weights[place] = 1.0
    return weights
