"""Words: every sentence a report says, made from typed results and passed through one gate.

The texts stand in the folder ``en``, a file an audience; a translation is another such folder.
"""

from __future__ import annotations

from rmresearch.report.words.beside import (
    association,
    attrition,
    detectable,
    dose,
    exaggeration,
    lasting,
    missing,
    reaction,
    reliability,
    still_paired,
    unvaried,
)
from rmresearch.report.words.findings import (
    certainty,
    clearinghouse,
    course,
    headline,
    maryland,
    precision,
    question,
    reading,
    regression,
    sentences,
    standing,
    title,
)
from rmresearch.report.words.gate import chance_words, lint, say
from rmresearch.report.words.lost import bounds, nothing_to_overturn, tips
from rmresearch.report.words.match import asked_for, matched, matching, met_more, outstanding
from rmresearch.report.words.receipt import no_receipt, receipt, uncalibrated
from rmresearch.report.words.together import differs, equivalent, gains, partner, too_wide

__all__ = [
    "asked_for",
    "association",
    "attrition",
    "bounds",
    "certainty",
    "chance_words",
    "clearinghouse",
    "course",
    "detectable",
    "differs",
    "dose",
    "equivalent",
    "exaggeration",
    "gains",
    "headline",
    "lasting",
    "lint",
    "maryland",
    "matched",
    "matching",
    "met_more",
    "missing",
    "no_receipt",
    "nothing_to_overturn",
    "outstanding",
    "partner",
    "precision",
    "question",
    "reaction",
    "reading",
    "receipt",
    "regression",
    "reliability",
    "say",
    "sentences",
    "standing",
    "still_paired",
    "tips",
    "title",
    "too_wide",
    "uncalibrated",
    "unvaried",
]
