"""Words: every sentence a report says, made from typed results and passed through one gate.

The sentences stand in ``en.toml``; a translation is another such file.
"""

from __future__ import annotations

from rmresearch.report.words.beside import (
    attrition,
    detectable,
    exaggeration,
    lasting,
    missing,
    reaction,
    reliability,
    still_paired,
)
from rmresearch.report.words.findings import (
    certainty,
    clearinghouse,
    course,
    first_sentence,
    headline,
    maryland,
    precision,
    question,
    regression,
    standing,
    title,
)
from rmresearch.report.words.gate import chance_words, lint, say

__all__ = [
    "attrition",
    "certainty",
    "chance_words",
    "clearinghouse",
    "course",
    "detectable",
    "exaggeration",
    "first_sentence",
    "headline",
    "lasting",
    "lint",
    "maryland",
    "missing",
    "precision",
    "question",
    "reaction",
    "regression",
    "reliability",
    "say",
    "standing",
    "still_paired",
    "title",
]
