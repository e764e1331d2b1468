"""What each person compared gained, and what they took of the programme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Footing, People
from rmresearch.analysis.base.compared import Compared, compared
from rmresearch.analysis.base.events import counted, dated, known
from rmresearch.analysis.base.fit import Student, measured
from rmresearch.analysis.base.pairs import wave_day
from rmresearch.analysis.value.inputs import Inputs
from rmresearch.errors import FitError, StudyError, number_of
from rmresearch.result import Check
from rmresearch.study import Outcome, Study, Wave

__all__ = ["Sides", "contrasts", "sides_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Everybody analysed in a contrast, and the model that gains and costs share.

    ``gain`` are points for the better; ``share`` is which part of the arm's cost falls on a
    person, ``hours`` what their pairs took (a number of pairs, where hours a pair are an input):
    both 0 in the comparison arm.
    """

    one: Compared
    gain: Array
    share: Array
    hours: Array
    x: Array
    names: tuple[str, ...]
    ground: Footing

    @property
    def smallest(self) -> int | None:
        """Of a yes or no, the smallest count of either in an arm; None for other outcomes."""
        if self.one.outcome.kind != "binary":
            return None
        said = self.one.after != 0.0
        arms = self.one.programme
        return min(int((side & (said == one)).sum()) for side in (arms, ~arms) for one in (0, 1))

    def cost(self, inputs: Inputs, **places: int) -> Array:
        """What each person cost, inputs at the places of `Inputs.at`."""
        at = inputs.at(**places)
        hours = self.hours * (at["hours"] if "hours" in inputs.spans else 1.0)
        return np.asarray(at["programme_cost"] * self.share + at["hourly_cost"] * hours)

    def contrast(self, y: Array, *, of_record: bool = False) -> Student:
        """The arms' difference in ``y``, CR2 by cluster; se 0 where y is the arms' own number."""
        weights = np.zeros(len(self.names))
        weights[1] = 1.0
        cluster = self.one.people.cluster
        found = measured(y, self.x, cluster, weights, self.ground, self.names, of_record=of_record)
        se = float(found.se) if np.isfinite(found.p) else 0.0
        return Student(float(found.estimate), se, float(found.df))

    def covariance(self, first: Array, other: Array) -> float:
        """The CR2 covariance of the differences in two outcomes, from the variance of their sum.

        CR2's weights depend on the columns alone, so its variance is a quadratic form in the
        residuals. Both are brought to a standard error of 1 first, so that nothing cancels.
        """
        sizes = self.contrast(first).se, self.contrast(other).se
        if min(sizes) == 0.0:
            return 0.0
        both = self.contrast(first / sizes[0] + other / sizes[1]).se
        return (both**2 - 2.0) / 2.0 * sizes[0] * sizes[1]


def contrasts(study: Study, outcome: Outcome, group: People, wave: Wave) -> Iterator[Compared]:
    """Each programme arm against the comparison arm; what records hold stands where scores do."""
    if not dated(study, outcome):
        yield from compared(study, outcome, group, [wave])
        return
    comparison = study.design.comparison
    found = known(study, outcome, wave, group)
    before = np.full(len(group), np.nan)
    if counted(outcome):
        before = known(study, outcome, study.design.baseline, group).value
    inside = ~np.logical_or.reduce(list(found.out.values()))
    names = np.unique(group.stratum.astype(str))[1:]
    strata = np.array([group.stratum == name for name in names], float).reshape(-1, len(group)).T
    for arm in study.design.programme_arms:
        ours = group.arm == arm.name
        theirs = group.arm == (comparison.name if comparison is not None else None)
        if comparison is not None and (ours & inside).any() and (theirs & inside).any():
            yield Compared(
                group, outcome, wave, f"{arm.name} - {comparison.name}", True, ours, before,
                found.value, strata,
            ).take((ours | theirs) & inside)  # fmt: skip


def sides_of(study: Study, one: Compared, inputs: Inputs) -> tuple[Sides, tuple[Check, ...]]:
    """Those of a contrast who answered. An arm's cost is shared by all assigned to it."""
    kept = one.take(one.answered)
    inside = kept.programme
    if min(int(inside.sum()), int((~inside).sum())) < 2:
        raise FitError("fewer than 2 people in an arm have answers. More of them are needed.")
    arm = base.people(study, one.people.role)
    assigned = int(np.count_nonzero(arm.arm == one.contrast.split(" - ")[0]))
    hours = np.array([len(kept.people.pairs.get(str(who), ())) for who in kept.people.ids], float)
    checks: tuple[Check, ...] = ()
    if "hours" not in inputs.spans and "hourly_cost" in inputs.spans:
        by_pair, checks = _logged(study, kept.wave, one.about)
        mine = (kept.people.pairs.get(str(who), ()) for who in kept.people.ids)
        hours = np.array([sum(by_pair.get(pair, 0.0) for pair in pairs) for pairs in mine])
    model = kept.model()
    sides = Sides(
        one=kept,
        gain=kept.outcome.direction * model.y,
        share=inside / assigned,
        hours=np.where(inside, hours, 0.0),
        x=model.x,
        names=model.names,
        ground=kept.ground(),
    )
    return sides, checks


def _logged(study: Study, wave: Wave, about: str) -> tuple[dict[str, float], tuple[Check, ...]]:
    """The hours that each pair's meetings up to a wave took, both people together."""
    log, day = study.meetings, wave_day(study, wave)
    names = [one.name for one in study.design.waves]
    until = names[: names.index(wave.name) + 1]
    by_then = log["wave"].isin(until)
    if day is not None:
        by_then |= log["date"] <= day
    rows = log[log["held"] & by_then & log["pair"].notna()]
    known_minutes = rows["minutes"].notna()
    if not known_minutes.any():
        raise StudyError(
            "the log of meetings has no minutes up to the wave, so nobody knows what hours the "
            "programme took. Declare hours in [value] of study.toml, or give them as an input."
        )
    minutes = rows["minutes"].fillna(rows["minutes"].mean())
    by_pair = (2.0 * minutes.groupby(rows["pair"]).sum() / 60.0).to_dict()
    missing = int((~known_minutes).sum())
    filled = f" {missing} of "
    filled += f"{number_of(len(rows), 'meeting', 'meetings')} without minutes counted as the mean."
    detail = (
        f"{about}: hours are those of the meeting log, both people together; preparing and "
        f"training are not among them. Declare hours to count all.{filled if missing else ''}"
    )
    return {str(pair): float(hours) for pair, hours in by_pair.items()}, (
        Check("all working hours counted", False, detail),
    )
