"""Where simulated studies come from: one small protocol for scenarios and Gaussian designs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rmresearch.analysis.base.batch import Flags, Panel, Partners
from rmresearch.study import Design, Outcome, Study
from rmresearch.world import cohort, gaussian
from rmresearch.world.draw import Draw, draw
from rmresearch.world.gaussian import Gaussian, GaussianDraw, draw_gaussian
from rmresearch.world.instruments import JUNIORS, SENIOR
from rmresearch.world.scenario import Scenario
from rmresearch.world.truth import TruthRow, truths

__all__ = ["Cohorts", "Source", "after", "named", "source"]


class Cohorts(Protocol):
    """Cohorts that were drawn together."""

    def study(self, replicate: int) -> Study:
        """One of them as a study."""

    def truths(self, outcome: str | None = None) -> tuple[TruthRow, ...]:
        """What is true of them: rows whose numbers are arrays (replicate,).

        Where an ``outcome`` is named, at least those of it.
        """

    def panel(self, outcome: Outcome) -> Panel | None:
        """One outcome of all of them as arrays; None where that cannot be."""


@runtime_checkable
class Source(Protocol):
    """What cohorts can be drawn from. Replicate r is the same however many are drawn."""

    @property
    def design(self) -> Design:
        """What study.toml would declare about each of them."""

    @property
    def size(self) -> int:
        """About how many numbers one cohort is made of."""

    def cohorts(self, replicates: int, seed: np.random.SeedSequence) -> Cohorts:
        """Draw so many."""


def source(given: object) -> Source:
    """A source from whatever a sweep accepts; ``TypeError`` for anything else."""
    if isinstance(given, Scenario):
        return _Programme(given)
    if isinstance(given, Gaussian):
        return _Normal(given)
    if isinstance(given, Source):
        return given
    raise TypeError(
        f"{type(given).__name__} is no source of cohorts; give a Scenario, a Gaussian, or an "
        f"object with design, size and cohorts(replicates, seed)"
    )


def after(drawn: Cohorts, skip: int) -> Cohorts:
    """The cohorts after the first ``skip``, numbered anew."""
    return _After(drawn, skip) if skip else drawn


def named(scenarios: object) -> list[tuple[str, Source]]:
    """Scenarios with their names, in order.

    A mapping brings names, and so does a list of (name, scenario); a plain list is named after
    the coefficients in which its members differ. A single one is called "scenario".
    """
    if isinstance(scenarios, Mapping):
        return [(str(name), source(one)) for name, one in scenarios.items()]
    if isinstance(scenarios, (Scenario, Gaussian)) or not isinstance(scenarios, Iterable):
        return [("scenario", source(scenarios))]
    listed = list(scenarios)
    if all(isinstance(one, tuple) and len(one) == 2 for one in listed):
        return [(str(name), source(one)) for name, one in listed]
    return list(zip(_differences(listed), map(source, listed), strict=True))


def _differences(listed: list[object]) -> list[str]:
    """What each is called, by the coefficients in which some differ: "pairs 24, design.sites 2"."""
    flat = [_flat("", one) for one in listed]
    order = dict.fromkeys(name for one in flat for name in one)
    absent = object()
    differing = [k for k in order if any(one.get(k, absent) != flat[0].get(k, absent)
                                         for one in flat)]  # fmt: skip
    called = (", ".join(f"{k} {one[k]}" for k in differing if k in one) for one in flat)
    return [name or "scenario" for name in called]


def _flat(prefix: str, value: Any) -> dict[str, object]:
    if not is_dataclass(value):
        return {prefix.removesuffix("."): value}
    parts = (_flat(f"{prefix}{f.name}.", getattr(value, f.name)) for f in fields(value))
    return {name: entry for part in parts for name, entry in part.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _After:
    """The later ones of cohorts that were drawn together."""

    drawn: Cohorts
    skip: int

    def study(self, replicate: int) -> Study:
        return self.drawn.study(self.skip + replicate)

    def truths(self, outcome: str | None = None) -> tuple[TruthRow, ...]:
        return tuple(
            replace(row, latent=self._own(row.latent), as_reported=self._own(row.as_reported))
            for row in self.drawn.truths(outcome)
        )

    def _own(self, numbers: Any) -> Any:
        """A truth of the later cohorts; a single number holds for all."""
        return numbers if np.ndim(numbers) == 0 else numbers[self.skip :]

    def panel(self, outcome: Outcome) -> Panel | None:
        panel = self.drawn.panel(outcome)
        return panel and panel.take(np.arange(len(panel.scores)) >= self.skip)


@dataclass(frozen=True, slots=True)
class _Programme:
    """A scenario of the structural world."""

    scenario: Scenario

    @property
    def design(self) -> Design:
        return cohort.design(self.scenario)

    @property
    def size(self) -> int:
        items = sum(scale.items for scale in self.scenario.scales)
        return self.scenario.pairs * len(self.scenario.design.waves) * items

    def cohorts(self, replicates: int, seed: np.random.SeedSequence) -> Cohorts:
        return _ProgrammeCohorts(draw(self.scenario, replicates, seed))


@dataclass(frozen=True, slots=True, eq=False)
class _ProgrammeCohorts:
    drawn: Draw

    def study(self, replicate: int) -> Study:
        return cohort.study(self.drawn, replicate)

    def truths(self, outcome: str | None = None) -> tuple[TruthRow, ...]:
        return truths(self.drawn, outcome)

    def panel(self, outcome: Outcome) -> Panel | None:
        people, scenario = self.drawn.people, self.drawn.scenario
        scale = next((one for one in scenario.scales if one.name == outcome.name), None)
        whole = cohort.design(scenario)
        # of a design that has months of pulses too, the surveys are asked
        design = replace(whole, waves=tuple(w for w in whole.waves if w.name in outcome.waves))
        everywhere = scale is not None and len(design.waves) == len(scenario.design.waves)
        cluster = _clusters(self.drawn, scale.side) if scale is not None and everywhere else None
        if scale is None or cluster is None:
            return None
        by_pair = scale.rater == "partner" and people.juniors > 1
        each = 1 if scale.side == SENIOR else people.juniors
        return Panel(
            design=design,
            outcome=outcome,
            scores=self.drawn.observed(scale),
            arm=np.where(people.programme_of(scale.side), 0, 1),  # the programme is declared first
            cluster=cluster,
            stratum=np.repeat(people.site, each) if scenario.stratified else None,
            ran=_ran(self.drawn, scale.side),
            sets=None if by_pair else cluster,
            partners=lambda: _partners(self.drawn, scale.side),
        )


def _clusters(drawn: Draw, side: int) -> NDArray[np.int64] | None:
    """The set of each person of a role; None where units of independence differ by replicate.

    They do where departments are assigned, and where juniors of a group stand alone if they are
    not drawn for the programme.
    """
    scenario, people = drawn.scenario, drawn.people
    each = 1 if side == SENIOR else people.juniors
    alone = scenario.unpaired and each > 1
    if scenario.design.unit == "department" or (alone and scenario.comparison == "control"):
        return None
    together = np.repeat(np.arange(scenario.sets), each)
    own = scenario.sets + np.arange(len(together))
    return np.where(people.programme_of(side)[0], together, own) if alone else together


def _partners(drawn: Draw, side: int) -> Partners:
    """Whom the people of a role are paired with, and what the roster says of both."""
    people, scenario = drawn.people, drawn.scenario
    columns = {
        "interests": np.round(people.interests, 1),
        "level": people.level,
        "department": people.department,
    }

    def own(of_set: NDArray[Any]) -> NDArray[Any]:
        """(replicate, set, person, ...) to (replicate, person of the role, ...)."""
        mine = of_set[:, :, :1] if side == SENIOR else of_set[:, :, JUNIORS]
        return mine.reshape(len(mine), -1, *mine.shape[3:])

    def theirs(of_set: NDArray[Any]) -> NDArray[Any]:
        """The same to (replicate, person of the role, partner, ...)."""
        if side == SENIOR:
            return of_set[:, :, JUNIORS]
        return np.repeat(of_set[:, :, :1], people.juniors, axis=1)

    def scores(outcome: Outcome) -> NDArray[np.float64] | None:
        other = next((one for one in scenario.scales
                      if one.name == outcome.name and one.side != side), None)  # fmt: skip
        if other is None or (other.rater == "partner" and people.juniors > 1):
            return None
        found = drawn.observed(other)
        found = found.reshape(len(found), scenario.sets, -1, found.shape[-1])
        return found if side == SENIOR else np.repeat(found, people.juniors, axis=1)

    programme = people.programme_of(side)
    return Partners(
        own={name: own(one).astype(float) for name, one in columns.items()},
        theirs={name: theirs(one).astype(float) for name, one in columns.items()},
        paired=programme if scenario.unpaired else np.ones_like(programme),
        scores=scores,
    )


def _ran(drawn: Draw, side: int) -> Flags:
    """Whether all of a person's pairs ran to the planned end, (replicate, person of the role)."""
    whole = drawn.course.ended == 0
    if side == SENIOR:
        return np.asarray(whole.all(axis=-1))
    return np.asarray(whole.reshape(len(whole), -1))


@dataclass(frozen=True, slots=True)
class _Normal:
    """A Gaussian design."""

    given: Gaussian

    @property
    def design(self) -> Design:
        return self.given.design

    @property
    def size(self) -> int:
        return self.given.seniors * self.given.waves

    def cohorts(self, replicates: int, seed: np.random.SeedSequence) -> Cohorts:
        return _NormalCohorts(draw_gaussian(self.given, replicates, seed))


@dataclass(frozen=True, slots=True, eq=False)
class _NormalCohorts:
    drawn: GaussianDraw

    def study(self, replicate: int) -> Study:
        return self.drawn.study(replicate)

    def truths(self, outcome: str | None = None) -> tuple[TruthRow, ...]:
        return self.drawn.truths()  # there is one outcome only

    def panel(self, outcome: Outcome) -> Panel | None:
        if outcome.name != gaussian.OUTCOME:
            return None
        drawn = self.drawn
        arm = np.broadcast_to(drawn.arm, drawn.scores.shape[:2])
        alone = drawn.description.tie == "department"
        sets = np.arange(drawn.description.seniors) if alone else drawn.cluster
        return Panel(drawn.description.design, outcome, drawn.scores, arm, drawn.cluster, sets=sets)
