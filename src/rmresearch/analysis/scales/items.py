"""Items one by one: how they are answered, how they hang together, whether they shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Behind, People, cell, label
from rmresearch.analysis.base.items import item_scores
from rmresearch.errors import FitError, number_of
from rmresearch.numerics.effects import holm
from rmresearch.numerics.robust import fit
from rmresearch.numerics.scales import cronbach_alpha
from rmresearch.result import Cell, Check
from rmresearch.study import Outcome, Study, Wave

__all__ = ["COLUMNS", "NOTE", "SHIFTS", "SHIFT_NOTE", "analysed", "ends", "shifts"]

COLUMNS = (
    "role", "wave", "item", "reversed", "answered", "mean", "sd", "item-rest correlation",
    "alpha without it", "at floor", "at ceiling",
)  # fmt: skip
NOTE = (
    "Items are turned the way they are scored. Item-rest correlation (with the sum of the other "
    "items) and alpha without the item: people who answered every item."
)
SHIFTS = (
    "role", "contrast", "item", "people", "shift", "shift of the others", "difference", "low",
    "high", "p (Holm)",
)  # fmt: skip
SHIFT_NOTE = (
    "People who answered every item at both waves, all arms together. An item that shifts against "
    "the others may be understood differently than before, or may truly have changed alone."
)
#: people at both waves from which shifts are tested
ENOUGH = 100
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def analysed(
    outcome: Outcome, group: People, wave: Wave, answers: Floats, about: str
) -> tuple[list[tuple[Cell, ...]], list[Check]]:
    """A row an item from ``answers`` (people, items, as scored), and what is odd about them."""
    whole: Flags = np.asarray(np.isfinite(answers).all(axis=1))
    complete, behind = answers[whole], group.take(whole).behind()
    rows, against = [], []
    for k, item in enumerate(outcome.items):
        given = np.isfinite(answers[:, k])
        own, who = answers[given, k], group.take(given).behind()
        rest = _item_rest(complete, k)
        if rest is not None and rest < -1e-9:  # below what rounding makes of 0
            against.append(item)
        rows.append(
            (
                *(label(text) for text in (group.role, wave.name, item)),
                label("yes" if item in outcome.reverse else "no"),
                cell(len(own), "administrative", who),
                cell(own.mean() if len(own) else None, "item-mean", who),
                cell(own.std(ddof=1) if len(own) > 1 else None, "sd", who),
                cell(rest, "statistic", behind),
                cell(_without(complete, k), "statistic", behind),
                *ends(outcome, own, who),
            )
        )
    never = [row[2].value for row in rows if row[4].value == 0]
    told = any(row[7].value is not None for row in rows)
    return rows, _odd(len(outcome.items), told, against, [str(item) for item in never], about)


def ends(outcome: Outcome, values: Floats, behind: Behind) -> tuple[Cell, Cell]:
    """Shares at the lowest and the highest possible value; empty without a range."""
    if outcome.low is None or outcome.high is None or not len(values):
        return cell(None, "proportion", behind), cell(None, "proportion", behind)
    low, high = (int(np.count_nonzero(values == end)) for end in (outcome.low, outcome.high))
    return (
        cell(low / len(values), "proportion", behind, numerator=low),
        cell(high / len(values), "proportion", behind, numerator=high),
    )


def _item_rest(complete: Floats, k: int) -> float | None:
    """Correlation (n, items) of item k with the sum of the others; None where one is flat."""
    if complete.shape[1] < 2 or len(complete) < 2:
        return None
    own, rest = complete[:, k], np.delete(complete, k, axis=1).sum(axis=1)
    if np.ptp(own) == 0 or np.ptp(rest) <= 1e-9:
        return None
    return float(np.corrcoef(own, rest)[0, 1])


def _without(complete: Floats, k: int) -> float | None:
    """Alpha of the other items; None where they have none."""
    if complete.shape[1] < 3:
        return None
    try:
        return cronbach_alpha(np.delete(complete, k, axis=1)).value
    except FitError:
        return None


def _odd(k: int, told: bool, against: list[str], never: list[str], about: str) -> list[Check]:
    """Whether the ``k`` items go with each other; ``told``: some could be held against the rest."""
    if k == 1:
        return []
    detail = f"{about}: every item goes with the others."
    if not told:
        detail = f"{about}: whether items go with the others cannot be said: nothing varies."
    if against:
        detail = (
            f"{about}: running against the other items: {base.seen(against)}. Declare as reverse, "
            f"or look at the wording."
        )
    checks = [Check("items run the same way", told and not against, detail)]
    if never:
        detail = f"{about}: nobody answered {base.seen(never)}, so nobody's answers are complete."
        checks.append(Check("every item answered", False, detail))
    return checks


def shifts(
    study: Study, outcome: Outcome, group: People, first: Wave, wave: Wave
) -> tuple[list[tuple[Cell, ...]], list[Check]]:
    """Each item's mean change against that of the other items, same people at both waves."""
    before, after = (item_scores(study, outcome, one, group) for one in (first, wave))
    change = after - before
    both: Flags = np.asarray(np.isfinite(change).all(axis=1))
    change, who = change[both], group.take(both)
    names = (group.role, f"{wave.name} - {first.name}")
    if not len(change):
        return [], []
    k = change.shape[1]
    others = (change.sum(axis=1, keepdims=True) - change) / (k - 1)
    gaps = change - others
    tested = len(change) >= ENOUGH and base.footing(who.cluster).p_value
    low, high, p = _tested(gaps, who) if tested else np.full((3, k), np.nan)
    adjusted, behind = holm(p) if tested else p, who.behind()
    rows = []
    for j, item in enumerate(outcome.items):
        rows.append(
            (
                *(label(text) for text in (*names, item)),
                cell(len(change), "administrative", behind),
                cell(change[:, j].mean(), "contrast", behind),
                cell(others[:, j].mean(), "contrast", behind),
                cell(gaps[:, j].mean(), "contrast", behind),
                cell(low[j], "interval", behind),
                cell(high[j], "interval", behind),
                cell(adjusted[j], "statistic", behind),
            )
        )
    return rows, [_invariant(outcome, names, len(change), tested, adjusted)]


def _tested(gaps: Floats, who: People) -> tuple[Floats, Floats, Floats]:
    """Intervals and p-values of the mean gaps (people, items), CR2 by cluster; NaN: not known."""
    found = fit(gaps.T, np.ones((len(gaps), 1)), who.cluster).contrast([1.0])
    return (*found.interval(), found.p)


def _invariant(
    outcome: Outcome, names: tuple[str, str], people: int, tested: bool, p: Floats
) -> Check:
    about = f"{outcome.name}, {', '.join(names)}"
    if not tested:
        detail = (
            f"{about}: {number_of(people, 'person', 'people')} answered every item twice; "
            f"shifts are shown, not tested (that takes {ENOUGH} people and enough clusters)."
        )
        return Check("measurement invariance", False, detail)
    moved = [item for item, q in zip(outcome.items, p, strict=True) if q < 0.05]
    detail = f"{about}: items that shifted against the others (Holm): {base.seen(moved)}."
    return Check("measurement invariance", not moved, detail)
