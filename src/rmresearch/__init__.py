"""rmresearch: evaluate reverse-mentoring pilots honestly.

Public names are loaded on first use, so that ``import rmresearch`` and ``rmresearch --help``
stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rmresearch.analysis.arms import compare_arms
    from rmresearch.analysis.change import pre_post
    from rmresearch.analysis.dyads import dyadic
    from rmresearch.analysis.equivalence import equivalence
    from rmresearch.analysis.leavers import attrition
    from rmresearch.analysis.match import match_quality
    from rmresearch.analysis.means import wave_means
    from rmresearch.analysis.meetings import engagement
    from rmresearch.analysis.missing import missingness
    from rmresearch.analysis.mixed import mixed_model
    from rmresearch.analysis.pulse import pulse
    from rmresearch.analysis.reactions import reaction
    from rmresearch.analysis.scales import reliability
    from rmresearch.analysis.subgroups import subgroups
    from rmresearch.analysis.value import value
    from rmresearch.analysis.workforce import workforce_outcomes
    from rmresearch.errors import (
        FitError,
        PrivacyError,
        Problem,
        ReportError,
        RmError,
        StudyError,
    )
    from rmresearch.explorer import explore
    from rmresearch.io.check import check
    from rmresearch.io.read import read_study
    from rmresearch.models import lmm, ols
    from rmresearch.report.evaluation import evaluate
    from rmresearch.study import Design, Outcome, Study
    from rmresearch.whatif.budget import Budget, budget
    from rmresearch.whatif.calibrate import Calibration, calibrate
    from rmresearch.whatif.judge import judge
    from rmresearch.whatif.policies import Policies, policies
    from rmresearch.whatif.required import Required, required
    from rmresearch.whatif.sweep import sweep
    from rmresearch.world.cohort import Cohort, simulate
    from rmresearch.world.gaussian import Gaussian
    from rmresearch.world.lever_effects import lever_effects, levers_pulled
    from rmresearch.world.levers import Levers, Setting
    from rmresearch.world.nature import Nature
    from rmresearch.world.presets import preset
    from rmresearch.world.scenario import Scenario
    from rmresearch.world.scenario_file import read_scenario, write_scenario

__version__ = "0.1.0"

_HOME = {
    "Budget": "whatif.budget",
    "Calibration": "whatif.calibrate",
    "Cohort": "world.cohort",
    "Design": "study",
    "FitError": "errors",
    "Gaussian": "world.gaussian",
    "Levers": "world.levers",
    "Nature": "world.nature",
    "Outcome": "study",
    "PrivacyError": "errors",
    "Problem": "errors",
    "ReportError": "errors",
    "Policies": "whatif.policies",
    "Required": "whatif.required",
    "RmError": "errors",
    "Scenario": "world.scenario",
    "Setting": "world.levers",
    "Study": "study",
    "StudyError": "errors",
    "attrition": "analysis.leavers",
    "budget": "whatif.budget",
    "calibrate": "whatif.calibrate",
    "check": "io.check",
    "compare_arms": "analysis.arms",
    "dyadic": "analysis.dyads",
    "engagement": "analysis.meetings",
    "equivalence": "analysis.equivalence",
    "evaluate": "report.evaluation",
    "explore": "explorer",
    "lmm": "models",
    "judge": "whatif.judge",
    "lever_effects": "world.lever_effects",
    "levers_pulled": "world.lever_effects",
    "match_quality": "analysis.match",
    "missingness": "analysis.missing",
    "mixed_model": "analysis.mixed",
    "ols": "models",
    "policies": "whatif.policies",
    "pre_post": "analysis.change",
    "preset": "world.presets",
    "pulse": "analysis.pulse",
    "reaction": "analysis.reactions",
    "read_scenario": "world.scenario_file",
    "read_study": "io.read",
    "reliability": "analysis.scales",
    "required": "whatif.required",
    "simulate": "world.cohort",
    "subgroups": "analysis.subgroups",
    "sweep": "whatif.sweep",
    "value": "analysis.value",
    "wave_means": "analysis.means",
    "workforce_outcomes": "analysis.workforce",
    "write_scenario": "world.scenario_file",
}

__all__ = [
    "Budget",
    "Calibration",
    "Cohort",
    "Design",
    "FitError",
    "Gaussian",
    "Levers",
    "Nature",
    "Outcome",
    "Policies",
    "PrivacyError",
    "Problem",
    "ReportError",
    "Required",
    "RmError",
    "Scenario",
    "Setting",
    "Study",
    "StudyError",
    "attrition",
    "budget",
    "calibrate",
    "check",
    "compare_arms",
    "dyadic",
    "engagement",
    "equivalence",
    "evaluate",
    "explore",
    "judge",
    "lever_effects",
    "levers_pulled",
    "lmm",
    "match_quality",
    "missingness",
    "mixed_model",
    "ols",
    "policies",
    "pre_post",
    "preset",
    "pulse",
    "reaction",
    "read_scenario",
    "read_study",
    "reliability",
    "required",
    "simulate",
    "subgroups",
    "sweep",
    "value",
    "wave_means",
    "workforce_outcomes",
    "write_scenario",
]


if not TYPE_CHECKING:  # a checker would take any name for one that is here

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            from rmresearch.errors import did_you_mean

            hint = did_you_mean(name, __all__)
            # named, Python adds no hint of its own below ours
            raise AttributeError(f"module 'rmresearch' has no attribute {name!r}.{hint}", name=name)
        value = getattr(import_module(f"rmresearch.{_HOME[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted([*__all__, "__version__"])
