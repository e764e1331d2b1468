"""The programme and study of a pilot as levers and design, read from what the study declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from rmresearch.errors import StudyError
from rmresearch.study import Study
from rmresearch.whatif.calibrate.pilot import COMPARISON, PROGRAMME, Pilot
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario

__all__ = ["setup"]

KINDS = {"waitlist": "waitlist", "randomised": "control", "comparison": "pool"}
MONTH = 30.4375


def setup(pilot: Pilot, given: Mapping[str, float]) -> Scenario:
    """The pilot's scenario before anything is fitted: priors, and what is given instead.

    ``StudyError`` where the world cannot draw such a study.
    """
    study, waves = pilot.study, tuple(round(float(m)) for m in pilot.months)
    comparison, levers = _comparison(pilot), _levers(pilot)
    within = study.design.unit == "department" and not levers.other_department
    try:
        return Scenario(
            pairs=_pairs(pilot),
            comparison=comparison,  # type: ignore[arg-type]
            nature=replace(Nature(), **given),
            levers=levers,
            design=Setting(
                unit="department" if within and comparison == "waitlist" else "pair",
                waves=(0, *waves[1:]),
                programme_share=_share(pilot),
                sites=_count(study.participants["stratum"], 20, 1),
                departments=_count(study.participants["department"], 12, Setting().departments),
                start=study.design.start or Setting().start,
            ),
        )
    except ValueError as error:
        raise StudyError(f"no scenario can be drawn like this study: {error}") from error


def _comparison(pilot: Pilot) -> str:
    """Randomised pairs that wait are a waitlist, whatever they are promised for later."""
    if not pilot.compared:
        return "none"
    kind = KINDS.get(pilot.study.design.kind, "pool")
    paired = (pilot.arm[pilot.pairs] == COMPARISON).any()
    return "waitlist" if kind == "control" and paired else kind


def _pairs(pilot: Pilot) -> int:
    """Pairs over all arms; comparison people without a partner count as the pairs they could be."""
    arm = pilot.arm[pilot.pairs[:, 0]] if len(pilot.pairs) else np.empty(0)
    paired = int(np.isin(arm, (COMPARISON, PROGRAMME)).sum()) // _juniors(pilot) * _juniors(pilot)
    if (arm == COMPARISON).any() or not pilot.compared:
        return max(paired, 1)
    return paired + max(int((pilot.arm == COMPARISON).sum() / 2), 1)


def _juniors(pilot: Pilot) -> int:
    """Juniors to one senior, typically."""
    each = np.unique(pilot.pairs[:, 0], return_counts=True)[1]
    return int(np.clip(np.median(each), 1, 6)) if len(each) else 1


def _share(pilot: Pilot) -> float:
    if not pilot.compared:
        return Setting().programme_share
    share = float((pilot.arm == PROGRAMME).sum() / (pilot.arm >= 0).sum())
    return float(np.clip(round(share, 3), 0.05, 0.95))


def _levers(pilot: Pilot) -> Levers:
    months = _duration(pilot.study)
    duration = months if months else round(float(pilot.months[-1]))
    duration = int(np.clip(duration, 1, 24))
    planned = pilot.study.design.planned_meetings
    cadence = Levers().cadence if planned is None else round(planned / duration)
    both = pilot.pairs
    department = pilot.department[both]
    known = (department >= 0).all(axis=1)
    apart = bool((department[known, 0] != department[known, 1]).all()) if known.any() else True
    juniors = _juniors(pilot)
    return Levers(
        format="one-to-one" if juniors == 1 else "group",
        juniors=juniors,
        cadence=int(np.clip(cadence, 1, 8)),
        duration=duration,
        other_department=apart and len(np.unique(pilot.department[pilot.department >= 0])) > 1,
    )


def _duration(study: Study) -> int:
    """Months from the start to the pairs' planned end, else to the programme's; 0 if unknown."""
    start, end = study.design.start, study.design.end
    if start is None:
        return 0
    ends = study.pairs.loc[study.pairs["reason"] == "planned", "end"].dropna()
    if len(ends):
        end = pd.Timestamp(ends.median()).date()
    return 0 if end is None else round((end - start).days / MONTH)


def _count(column: pd.Series[str], most: int, missing: int) -> int:
    found = int(column.nunique())
    return min(found, most) if found else missing
