"""The sentences of the pulse: how a programme runs, never what it does for anybody."""

from __future__ import annotations

from typing import Any

from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import catalogue, fill

__all__ = [
    "advice",
    "column",
    "level",
    "meaning",
    "missing",
    "risk",
    "round_name",
    "status",
    "tell",
    "why",
]


def tell(key: str, **parts: Any) -> str:
    """A sentence of the section, through leadership's gate."""
    return say(fill("pulse", key, **parts), reader="leadership")


def status(name: str) -> str:
    """What a sign's status is called.

    >>> status("watch")
    'watch'
    """
    return catalogue()["pulse_status"][name]


def level(name: str) -> str:
    """Which limit a status crossed.

    >>> level("act")
    'action'
    """
    return catalogue()["pulse_level"][name]


def risk(name: str) -> str:
    """What a risk is called.

    >>> risk("time")
    'Time poverty'
    """
    return catalogue()["pulse_risk"][name]


def round_name(kind: str) -> str:
    """What a round is called: a survey, or a few questions.

    >>> round_name("survey")
    'survey'
    """
    return catalogue()["pulse_round"][kind]


def column(name: str) -> str:
    """What a column of the pulse's tables is called.

    >>> column("warning low")
    'Warning limit below'
    """
    return catalogue()["pulse_column"][name.replace(" ", "_")]


def meaning(name: str) -> str:
    """What a sign of this risk may mean."""
    return say(catalogue()["pulse_meaning"][name], reader="leadership")


def advice(name: str) -> str:
    """What the owner can do about this risk, for the whole group."""
    return say(catalogue()["pulse_advice"][name], reader="leadership")


def missing(check: str) -> str:
    """What a pulse lacks, by the name of the check that failed."""
    return say(catalogue()["pulse_missing"][check.replace(" ", "_")], reader="leadership")


def why(part: str) -> str:
    """How limits are made, and what is hidden."""
    return say(catalogue()["pulse_why"][part], reader="leadership")
