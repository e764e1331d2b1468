"""Whether the two members of a pair gain together, and whether roles tell them apart at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing
from rmresearch.analysis.base.fit import valued
from rmresearch.analysis.dyads.partners import of_both
from rmresearch.analysis.dyads.sample import Couples
from rmresearch.errors import number_of
from rmresearch.numerics.dyad_tests import Together, distinguishable, together
from rmresearch.result import Check, Estimate

__all__ = ["likeness", "reciprocity", "reciprocity_apart"]

BOTH = "pairs in which both answered both waves"
#: the fewest pairs for the test of likeness
ENOUGH = 10


def reciprocity(found: Couples, level: float) -> tuple[Estimate, tuple[Check, ...]]:
    """The correlation of the two members' gains, over pairs, by cluster."""
    whole = _answered(found)
    gains = whole.after - whole.before
    ground = base.footing(whole.cluster)
    method = "correlation of gains over pairs; jackknife of Fisher's z by cluster"
    form = whole.form(
        whole.behind(), None, estimand=BOTH, term="reciprocity", level=level, method=method
    )
    form = replace(form, parameters=2)
    one = _correlated(form, together(gains[:, 0], gains[:, 1], whole.cluster, level=level), ground)
    if one.value is not None:
        return one, ()
    detail = (
        f"{found.about}: {number_of(len(whole), 'pair', 'pairs')} answered both waves, or one "
        f"side's gains do not vary: no correlation of gains."
    )
    return one, (Check("gains of both members", False, detail),)


def _correlated(form: Estimate, found: Together, ground: Footing) -> Estimate:
    """Ends on the correlation's own scale; ``se`` stays empty, since it belongs to Fisher's z."""
    shown = ground.interval
    return replace(
        form,
        value=base.number(found.value),
        df=base.number(found.df) if shown else None,
        low=base.number(found.low) if shown else None,
        high=base.number(found.high) if shown else None,
        p=base.number(found.p) if ground.p_value else None,
    )


def reciprocity_apart(one: Estimate, other: Estimate, form: Estimate) -> Estimate:
    """The difference of two arms' correlations (Zou 2007, Psychological Methods 12)."""
    method = "difference of two arms' correlations, interval from theirs (Zou 2007)"
    bare = of_both(one, other, form)
    if one.value is None or other.value is None:
        return valued(bare, None, term=one.term, method=method)
    gap = one.value - other.value
    done = valued(bare, gap, term=one.term, method=method)
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return done
    down = np.hypot(one.value - one.low, other.high - other.value)
    up = np.hypot(one.high - one.value, other.value - other.low)
    return replace(done, low=float(gap - down), high=float(gap + up))


def _answered(found: Couples) -> Couples:
    """The pairs with all four answers."""
    four = np.column_stack([found.before, found.after])
    return found.take(np.asarray(np.isfinite(four).all(axis=1)))


def likeness(found: Couples, level: float) -> tuple[list[Estimate], list[Check]]:
    """Likelihood-ratio test that roles do not tell the members apart (one outcome for both)."""
    name = "roles can be told apart"
    if found.outcomes[0].name != found.outcomes[1].name:
        detail = (
            f"{found.about}: not asked, since the two roles' outcomes are different scales "
            f"({found.outcomes[0].name}, {found.outcomes[1].name})."
        )
        return [], [Check(name, True, detail)]
    whole = found.take(
        found.alone & np.isfinite(found.before).all(axis=1) & np.isfinite(found.after).all(axis=1)
    )
    ground = base.footing(whole.cluster)
    independent = len(np.unique(whole.cluster)) == len(whole)
    if len(whole) < ENOUGH or not independent:
        detail = (
            f"{found.about}: {number_of(len(whole), 'pair', 'pairs')} with all four "
            f"answers that stand in no other pair; the test needs {ENOUGH}, each independent."
        )
        return [], [Check(name, True, detail)]
    test = distinguishable(whole.after, whole.before)
    method = (
        "likelihood ratio (ML), Bartlett-corrected, on 4 df: intercepts, own and partner's parts "
        "and variances alike"
    )
    form = whole.form(
        whole.behind(), None, estimand=BOTH, term="likeness", level=level, method=method
    )
    one = replace(
        valued(form, test.corrected, term="likeness", method=method),
        df=float(test.df),
        p=base.number(test.p) if ground.p_value else None,
        parameters=8,
    )
    checks = []
    if one.p is not None and one.p >= 0.05:
        detail = (
            f"{found.about}: nothing in these data tells the roles apart (likelihood ratio "
            f"{test.corrected:.1f} on 4 df). They are kept apart all the same."
        )
        checks.append(Check(name, False, detail))
    return [one], checks
