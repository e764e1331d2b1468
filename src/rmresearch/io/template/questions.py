"""What `rmresearch new` asks; light, as the command line reads it for its help."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Question", "questions"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the answer it has unless told otherwise; without ``ask`` a flag only."""

    help: str
    default: str
    ask: str = ""


@cache
def questions() -> Mapping[str, Question]:
    """Every question by the name of its flag, in the order in which they are asked.

    >>> list(questions())[:3]
    ['title', 'organisation', 'comparison']
    """
    # by the standard library alone: `rmresearch.files` would double what --help loads
    content = tomllib.loads(Path(__file__).with_name("questions.toml").read_text("utf-8"))
    return {name: Question(**one) for name, one in content.items()}
