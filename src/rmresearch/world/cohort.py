"""A synthetic cohort: a study as any other, and beside it the truth that no analysis can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from rmresearch import study as s
from rmresearch.errors import kindly
from rmresearch.world import tables
from rmresearch.world.codebook import outcomes
from rmresearch.world.draw import Draw
from rmresearch.world.instruments import PULSE
from rmresearch.world.pages import as_html, as_text
from rmresearch.world.pieces import Truths, pieces
from rmresearch.world.reception import pulse_months
from rmresearch.world.scenario import Scenario
from rmresearch.world.truth import COMPARISON, PROGRAMME, Truth, truths, wave_name

__all__ = ["Cohort", "cohort", "design", "simulate", "study"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cohort:
    """A study and its truth, siblings: an analysis takes ``study`` and cannot reach ``truth``.

    >>> made = simulate(Scenario(pairs=20, comparison="none"), seed=7)
    >>> len(made.study.pairs), made.truth.seed
    (20, 7)
    """

    study: s.Study
    truth: Truth

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)


@kindly
def simulate(scenario: Scenario, *, seed: int) -> Cohort:
    """What would a pilot like this look like, and what would be true of it?

    The same scenario and seed give the same cohort; a large one is drawn in pieces (see `pieces`),
    and `write_parquet` writes it without holding it. Raises ``TypeError`` or ``ValueError`` for a
    seed that is no whole number from 0 on.

    >>> pilot = simulate(Scenario(pairs=20), seed=7)
    >>> pilot.study.participants["role"].value_counts().to_dict()
    {'senior': 20, 'junior': 20}
    >>> pilot.truth.row("digital_skill", "month6").latent > 0
    True
    """
    parts, rows = [], Truths()
    for piece in pieces(scenario, seed):
        parts.append(piece.tables())
        rows.add(piece.drawn)
    made = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in s.TABLES}
    return Cohort(_study(made, scenario), Truth(rows.known(), scenario, int(seed)))


def cohort(drawn: Draw, replicate: int = 0, *, seed: int) -> Cohort:
    """One cohort of a draw as study and truth; ``seed`` is what the draw was made from."""
    if not 0 <= replicate < drawn.replicates:
        raise ValueError(f"replicate is {replicate}; the draw has 0 to {drawn.replicates - 1}")
    rows = tuple(row.of(replicate) for row in truths(drawn) if row.people[replicate])
    return Cohort(study(drawn, replicate), Truth(rows, drawn.scenario, int(seed)))


def study(drawn: Draw, replicate: int = 0) -> s.Study:
    """One cohort of a draw as a study, without its truth."""
    return _study(tables.tables(drawn, replicate), drawn.scenario)


def _study(made: Mapping[str, pd.DataFrame], scenario: Scenario) -> s.Study:
    return s.Study(
        participants=made["participants"],
        pairs=made["pairs"],
        measures=made["measures"],
        meetings=made["meetings"],
        records=made["records"],
        design=design(scenario),
    )


def design(scenario: Scenario) -> s.Design:
    """What study.toml would declare about the cohort."""
    kinds = {
        "waitlist": "waitlist",
        "control": "randomised",
        "pool": "comparison",
        "none": "single-group",
    }
    days = tables.wave_days(scenario)
    arms = [s.Arm(PROGRAMME, "Programme", programme=True)]
    if scenario.comparison != "none":
        arms.append(s.Arm(COMPARISON, LABELS[scenario.comparison], programme=False))
    return s.Design(
        name="synthetic-pilot",
        title="A synthetic reverse-mentoring pilot",
        organisation="An invented organisation",
        synthetic=True,
        kind=kinds[scenario.comparison],  # type: ignore[arg-type]
        unit=_unit(scenario),
        start=scenario.design.start,
        end=days[-1],
        planned_meetings=scenario.levers.cadence * scenario.levers.duration,
        goals=("Seniors use digital tools with confidence", "Juniors see how decisions are made"),
        arms=tuple(arms),
        role_labels=(("senior", "senior mentee"), ("junior", "junior mentor")),
        waves=_waves(scenario),
        outcomes=outcomes(scenario),
        features=(("interests", "number"),),
        matching=_matching(scenario),
    )


def _matching(scenario: Scenario) -> s.Matching:
    """How pairs were made, for the record: by lot at a site under "random", no rule looked at.

    Under "rules" places were filled so that rules hold, which makes some of the pairs that they
    allow likelier than others.
    """
    policy, levers = scenario.levers.matching, scenario.levers
    ruled = policy not in {"random", "self-selected"}
    return s.Matching(
        procedure="score" if policy == "greedy" else policy,
        questions=(s.Likeness("Interests", "close", "interests", "interests", *INTERESTS),),
        level_gap=levers.level_gap if ruled else None,
        other_department=ruled and levers.other_department,
        # line managers lead a department at a site
        reporting_line=ruled and levers.other_department,
        same=("stratum",) if scenario.stratified else (),
    )


def _waves(scenario: Scenario) -> tuple[s.Wave, ...]:
    """The waves of the surveys, and between them the months of pulses."""
    months = set(scenario.design.waves)
    if PULSE in scenario.design.instruments:
        months |= set(pulse_months(scenario).tolist())
    return tuple(
        s.Wave(
            wave_name(month),
            f"Month {month}" if month else "Before the start",
            float(month),
            not month,
            tables.day(scenario, month),
        )
        for month in sorted(months)
    )


#: beyond these ends of the scale of interests nobody is expected
INTERESTS = (-6.0, 6.0)
#: what the people are called who are compared with
LABELS = {
    "waitlist": "Starts later",
    "control": "Applied, not drawn",
    "pool": "Eligible, not in the programme",
}


def _unit(scenario: Scenario) -> Literal["person", "pair", "set", "department"]:
    """What was assigned: people where the others have no partner."""
    if scenario.comparison != "waitlist":
        return "person"
    if scenario.design.unit == "department":
        return "department"
    return "pair" if scenario.levers.juniors == 1 else "set"
