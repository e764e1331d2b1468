"""Numbers of simulated studies, made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from rmresearch.explorer.seen import Mean, Seen
from rmresearch.world.cohort import design
from rmresearch.world.scenario import Scenario


def made(estimates: list[float], found: list[bool], **others: Any) -> Seen:
    """As `seen` gives them, of the default scenario's digital skill at its last wave."""
    scenario = others.pop("scenario", Scenario())
    declared = design(scenario)
    given: dict[str, Any] = {
        "scenario": scenario,
        "outcome": declared.outcome("digital_skill"),
        "wave": declared.waves[-1],
        "studies": len(estimates),
        "seed": 5,
        "estimates": np.array(estimates),
        "found": np.array(found, bool),
        "estimate": Mean(0.33, 0.008),
        "low": Mean(-0.03, 0.009),
        "high": Mean(0.69, 0.02),
        "true": Mean(0.24, 0.001),
        "reported": Mean(0.33, 0.001),
        "withheld": 0,
        "reversed": 0,
        "failures": {},
    }
    return Seen(**{**given, **others})
