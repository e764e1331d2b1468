"""The page of a what-if: what simulated studies of some designs find, in pictures."""

from __future__ import annotations

from rmresearch.report.whatif.compared import compared
from rmresearch.report.whatif.decisions import bought, needed
from rmresearch.report.whatif.head import asked, opening
from rmresearch.report.whatif.listed import failures, numbers
from rmresearch.report.whatif.sections import detectable, power, sizes, truth, wrong
from rmresearch.whatif.decided import decided
from rmresearch.whatif.judgement import Judgement, judged, read_judgement
from rmresearch.whatif.sweep_file import read_sweep, sweep_of

__all__ = [
    "asked",
    "bought",
    "compared",
    "detectable",
    "failures",
    "found_in",
    "needed",
    "numbers",
    "opening",
    "power",
    "sizes",
    "truth",
    "wrong",
]

#: what the notebook shows by itself
SMALL = {
    "question": "How many pairs does a pilot need?",
    "outcome": "digital_skill",
    "replicates": 400,
    "analyses": ["compare_arms", "before_after"],
    "grid": {"pairs": [24, 48, 96, 192]},
}


def found_in(folder: str = "", sweep_file: str = "") -> Judgement:
    """The judgement that `rmresearch whatif` left in a folder, or of a sweep that is run here.

    Without either a small sweep of the default scenario is run.
    """
    if folder:
        return read_judgement(folder)
    asked_here = read_sweep(sweep_file) if sweep_file else sweep_of(SMALL)
    return judged(asked_here, decided(asked_here))
