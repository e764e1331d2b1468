"""What looks doubtful in answers that break no rule: warnings for the data-quality page.

Shares at floor and ceiling are shown for the baseline only: before a plan is frozen nobody
should see how later waves turned out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem
from rmresearch.io.contract.tables import Everything, group_numbers
from rmresearch.study import Outcome

__all__ = ["quality_warnings"]

#: people below whom a correlation or a share says nothing
ENOUGH = 10
#: shares from which they are said
AT_THE_EDGE, STRAIGHT = 0.15, 0.05
#: correlations nearer to zero than this are noise, whatever their sign
AGAINST = -0.1


def quality_warnings(everything: Everything) -> Iterator[Problem]:
    """Items that run against their scale, people who answer all alike, floors and ceilings."""
    frame = everything.measures.frame
    for outcome in everything.design.outcomes:
        mine = frame[frame["item"].isin(outcome.items)]
        if outcome.kind == "amount" or not len(mine):
            continue
        for wave in outcome.waves:
            answers = _by_item(mine[mine["wave"] == wave], outcome)
            if len(answers) >= ENOUGH:
                yield from _against(answers, outcome, wave)
                yield from _straight(answers, outcome, wave)
                if wave == everything.design.baseline.name:
                    yield from _edges(answers, outcome, wave)


def _by_item(answers: pd.DataFrame, outcome: Outcome) -> NDArray[np.float64]:
    """Rows of (person, rater, pair), one column an item, in declared order, as coded."""
    groups = group_numbers(answers, ["person", "rater", "pair"], ["person"])
    if not len(answers):
        return np.empty((0, len(outcome.items)))
    item = pd.Index(outcome.items).get_indexer(pd.Index(answers["item"]))
    matrix = np.full((groups.max() + 1, len(outcome.items)), np.nan)
    matrix[groups[groups >= 0], item[groups >= 0]] = answers["value"].to_numpy()[groups >= 0]
    return matrix[~np.isnan(matrix).all(axis=1)]


def _turned(answers: NDArray[np.float64], outcome: Outcome) -> NDArray[np.float64]:
    turned = answers.copy()
    if outcome.low is not None and outcome.high is not None:
        reverse = [item in outcome.reverse for item in outcome.items]
        turned[:, reverse] = outcome.low + outcome.high - turned[:, reverse]
    return turned


def _against(answers: NDArray[np.float64], outcome: Outcome, wave: str) -> Iterator[Problem]:
    """Items that correlate negatively with the rest of their scale (two items show nothing)."""
    if outcome.kind != "scale" or len(outcome.items) < 3:
        return
    turned = _turned(answers, outcome)
    turned = turned[~np.isnan(turned).any(axis=1)]
    if len(turned) < ENOUGH:
        return
    total = turned.sum(axis=1)
    for i, item in enumerate(outcome.items):
        rest = total - turned[:, i]
        if turned[:, i].std() == 0 or rest.std() == 0:
            continue
        r = float(np.corrcoef(turned[:, i], rest)[0, 1])
        if r < AGAINST:
            how = "declared as reversed" if item in outcome.reverse else "not declared as reversed"
            found = (
                f"{item} of {outcome.name} runs against the other items at wave {wave} "
                f"(item-total correlation {r:.2f}, {how})"
            )
            fix = f"Check its wording and coding, and outcomes.{outcome.name}.reverse."
            yield Problem("item-total", found, fix, severity="warning")


def _straight(answers: NDArray[np.float64], outcome: Outcome, wave: str) -> Iterator[Problem]:
    """People who give one answer to everything, reversed items included."""
    if len(outcome.items) < 4 or not outcome.reverse:
        return
    whole = answers[~np.isnan(answers).any(axis=1)]
    if not len(whole):
        return
    alike = int((whole == whole[:, :1]).all(axis=1).sum())
    if alike >= 2 and alike / len(whole) >= STRAIGHT:
        found = (
            f"{outcome.name}: {alike} of {len(whole)} people ({alike / len(whole):.0%}) gave one "
            f"answer to all items at wave {wave}, reversed ones included"
        )
        fix = "Such answers carry little information: look at them before trusting the scale."
        yield Problem("straight-lining", found, fix, severity="warning")


def _edges(answers: NDArray[np.float64], outcome: Outcome, wave: str) -> Iterator[Problem]:
    """Scores at the lowest or highest possible value: they cannot move further."""
    if outcome.low is None or outcome.high is None or outcome.kind == "binary":
        return
    scores = np.nanmean(_turned(answers, outcome), axis=1)
    for edge, words in ((outcome.low, "lowest"), (outcome.high, "highest")):
        share = float(np.isclose(scores, edge).mean())
        if share >= AT_THE_EDGE:
            found = (
                f"{outcome.name}: {share:.0%} of {len(scores)} people have the {words} possible "
                f"score at wave {wave}"
            )
            fix = "A change in that direction cannot show among them; read results with that."
            yield Problem("edge", found, fix, severity="warning")
