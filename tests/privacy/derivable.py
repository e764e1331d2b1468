"""An attacker who knows who is in which group: what do the published means say of the others?

Nothing here is taken from `rmresearch.privacy` but the release that is attacked. What a cell is the
mean of is found by taking means of the raw answers; then every answer is an unknown of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from scipy.optimize import linprog

from rmresearch.privacy import Release
from rmresearch.result import Result
from rmresearch.study import Study

#: what trust.md leaves a hidden mean of its range, and the people that two sets differ by
SHARE, SMALLEST = 0.25, 5
LEVELS = frozenset({"mean", "item-mean"})
#: (outcome or item, wave)
Variable = tuple[str, str]
#: a set of people with the least and the greatest mean that the printed number allows
Printed = dict[frozenset[str], tuple[float, float]]


def answers(study: Study) -> dict[Variable, dict[str, float]]:
    """Everybody's score by outcome and wave."""
    found = {}
    for outcome in study.design.outcomes:
        wide = study.wide(outcome)
        for wave in wide.columns:
            found[outcome.name, str(wave)] = wide[wave].dropna().to_dict()
    return found


def levels(
    results: Mapping[str, Result], released: Release, study: Study, *, raw: bool = False
) -> tuple[dict[Variable, Printed], dict[Variable, set[frozenset[str]]]]:
    """The means that were printed of each variable, and the sets of the hidden ones.

    ``raw`` is the attack on what would be printed without any rule but rounding.
    """
    known, printed, hidden = answers(study), {}, {}
    for name, result in results.items():
        for table in result.tables:
            if not any(cell.kind in LEVELS for row in table.rows for cell in row):
                continue
            out = released.table(name, table.name)
            for row, shown in zip(table.rows, out.rows, strict=True):
                labels = {str(cell.value) for cell in row if cell.kind == "label"}
                for cell, left in zip(row, shown, strict=True):
                    if cell.kind not in LEVELS or cell.value is None or not cell.members:
                        continue
                    for about in _is_mean_of(cell, name, labels, known):
                        value = round(cell.value, 1) if raw else left.value
                        if value is None:
                            hidden.setdefault(about, set()).add(cell.members)
                        else:
                            ends = (value - 0.05, value + 0.05)
                            printed.setdefault(about, {})[cell.members] = ends
    return printed, hidden


def _is_mean_of(cell, name, labels, known) -> Iterator[Variable]:
    """The variables of the result's outcome that this is the mean of, at the waves it may mean."""
    outcome = name.partition(":")[2]
    waves = [wave for variable, wave in known if variable == outcome]
    for wave in [one for one in waves if one in labels] or waves:
        scores = known[outcome, wave]
        if cell.members <= scores.keys():
            mean = sum(scores[one] for one in cell.members) / len(cell.members)
            if abs(mean - cell.value) < 1e-9:
                yield outcome, wave


def told(printed: Printed, hidden: set[frozenset[str]], low: float, high: float) -> Iterator[str]:
    """What of one variable the printed means tell too well.

    Sets that nearly hold each other, and groups of fewer than five people (between printed sets,
    or hidden ones) whose mean keeps less than its share of the range.
    """
    for one, other in combinations(printed, 2):
        if one < other or other < one:
            apart = len(one ^ other)
            if apart < SMALLEST:
                yield f"sets of {len(one)} and {len(other)} people tell {apart}"
    people = sorted(frozenset().union(*printed))
    cut: dict[tuple[bool, ...], set[str]] = {}
    for one in people:
        cut.setdefault(tuple(one in group for group in printed), set()).add(one)
    groups = [group for group in cut.values() if len(group) < SMALLEST]
    groups += [group for group in hidden if len(group) < SMALLEST and group <= set(people)]
    for group in groups:
        width = feasible(printed, people, group, low, high)
        if width < SHARE * (high - low) - 1e-6:  # the solver's tolerance
            yield f"the mean of {len(group)} people is known to {width:.2f}"


def feasible(printed: Printed, people, group, low: float, high: float) -> float:
    """How far apart a group's least and greatest mean are, every answer an unknown of its own."""
    sums = np.array([[one in members for one in people] for members in printed], float)
    sizes = sums.sum(axis=1)
    ends = np.array(list(printed.values()))
    aim = np.array([one in group for one in people]) / len(group)
    found = [
        linprog(
            sign * aim,
            A_ub=np.vstack([sums, -sums]),
            b_ub=np.concatenate([ends[:, 1] * sizes, -ends[:, 0] * sizes]) + 1e-9,
            bounds=(low, high),
        ).fun
        for sign in (1, -1)
    ]
    return -found[1] - found[0]
