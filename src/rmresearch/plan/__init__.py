"""Questions written down before the answers are known: read, frozen, and held against later."""

from __future__ import annotations

from rmresearch.plan.frozen import (
    CLOCK,
    Lock,
    PlanStatus,
    describe,
    follow_up_present,
    freeze,
    read_lock,
    status,
)
from rmresearch.plan.questions import Plan, Question
from rmresearch.plan.reading import plan_path, read_plan

__all__ = [
    "CLOCK",
    "Lock",
    "Plan",
    "PlanStatus",
    "Question",
    "describe",
    "follow_up_present",
    "freeze",
    "plan_path",
    "read_lock",
    "read_plan",
    "status",
]
