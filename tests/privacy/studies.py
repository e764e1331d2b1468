"""A pilot of the size that trust.md names, built by hand: 24 pairs, two arms, four departments."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rmresearch.study import Arm, Design, Outcome, PrivacySettings, Study, Wave

ARMS = (Arm("programme", "Programme", True), Arm("later", "Waiting list", False))
SCALE = Outcome("skill", "Digital skill", "senior", ("q1", "q2", "q3"), low=1, high=5)
ITEM = Outcome("again", "Would do it again", "senior", ("again",), low=1, high=5)
YES = Outcome("uses", "Uses the tool", "senior", ("uses",), kind="binary", low=0, high=1)
PROFIT = Outcome("profit", "Weekly profit", "junior", ("profit",), kind="amount", unit="Ksh")
PARTNER = Outcome("listens", "Listens", "senior", ("l1", "l2"), low=1, high=5, source="partner")
DEPARTMENTS = ("Sales", "Legal", "IT", "Care")


def text(values):
    return pd.Series(list(values), dtype="str")


def pilot(pairs: int = 24, rater: str | None = None, **privacy: int) -> Study:
    """``pairs`` pairs dealt in turn to arms and departments: people s00.. and j00.., pairs p00...

    Every senior has answers about ``listens`` from their junior, or all from ``rater``.
    """
    n = np.arange(pairs)
    seniors, juniors = [f"s{i:02d}" for i in n], [f"j{i:02d}" for i in n]
    arm = [ARMS[i % 2].name for i in n]
    department = [DEPARTMENTS[(i // 2) % 4] for i in n]
    participants = pd.DataFrame(
        {
            "person": text(seniors + juniors),
            "role": text(["senior"] * pairs + ["junior"] * pairs),
            "arm": text(arm * 2),
            "department": text(department * 2),
            "level": 1.0,
            "manager": text([None] * 2 * pairs),
            "stratum": text([None] * 2 * pairs),
            "crossover_date": pd.to_datetime([None] * 2 * pairs),
        }
    )
    couples = pd.DataFrame(
        {"pair": text(f"p{i:02d}" for i in n), "junior": text(juniors), "senior": text(seniors)}
    ).assign(start=pd.NaT, end=pd.NaT, reason=None, topic=None)
    measures = pd.DataFrame(
        {
            "person": text(seniors),
            "rater": text([rater] * pairs if rater else juniors),
            "pair": text(f"p{i:02d}" for i in n),
            "wave": "after",
            "item": "l1",
            "value": 3.0,
        }
    )
    meetings = pd.DataFrame({"pair": text([]), "date": pd.to_datetime([]), "wave": text([])})
    meetings = meetings.assign(held=pd.Series([], dtype=bool), minutes=pd.Series([], dtype=float))
    records = pd.DataFrame({"person": text([]), "date": pd.to_datetime([]), "kind": text([])})
    records = records.assign(value=pd.Series([], dtype=float))
    design = Design(
        name="pilot",
        title="The pilot",
        kind="waitlist",
        unit="pair",
        waves=(Wave("before", "Before", 0, baseline=True), Wave("after", "After", 6)),
        outcomes=(SCALE, ITEM, YES, PROFIT, PARTNER),
        arms=ARMS,
        privacy=PrivacySettings(**privacy),
    )
    return Study(participants, couples, measures, meetings, records, design)
