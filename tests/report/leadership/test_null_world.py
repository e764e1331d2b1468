"""Where the programme does nothing, how often does the brief tell leadership of a gain?

The world `no-effect` keeps everything that makes a programme look as if it helped: people who
flatter themselves, low scorers who drift back, leavers. Each study has 48 pairs and a plan of five
questions, frozen before the answers; it goes through the whole evaluation, the release and the
story. The plan's family is held at 5% on both sides (rule E4), so that gains alone, of any
question, or the programme's part in them, may be claimed in 2.5% of studies. What people say of
themselves is told as that (rule E2) and counted beside: in this world the programme does make them
kinder to themselves.

    python -m pytest --validate -m validate -s tests/report/leadership/test_null_world.py

prints the counts. One study runs in ``make test``, to see that all of it can be read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binom
from tests.report.test_words import DESIGN, RCT, READINGS, SKILL

import rmresearch as rm
from rmresearch.evidence import Facts, Precision
from rmresearch.plan import freeze
from rmresearch.report.leadership import Story, story
from rmresearch.study import Study
from rmresearch.world.presets import preset
from rmresearch.world.writing import write_study

from .released import judged, made
from .test_reading import no_receipt

STUDIES, PAIRS = 100, 48
#: two sides at 5% over the plan's family: one side at half of it
NOMINAL, MONTE_CARLO = 0.025, 0.999
#: how a brief tells of a gain, of a gain in people's own eyes, and of a lead that nobody planned;
#: written apart from the code that chooses among them
GAIN = re.compile(r"a gain is seen|[Tt]he gain is clear|gains? (?:is|are) seen|[Tt]here is a gain"
                  r"|were rated [\d.]+ \S+ higher|[Tt]heir partners rated .* higher")  # fmt: skip
OWN = re.compile(r"rated themselves (?:better(?!, as a lead)|[\d.]+ \S+ higher)")
LEAD = re.compile(r"better, as a lead only")
CAUSE = re.compile(r"can claim.* that the programme made|it was the programme that made it so")
#: most studies that may claim a gain, were the share of them all exactly what is allowed
MOST = int(binom.ppf(MONTE_CARLO, STUDIES, NOMINAL))


def told(number: int, folder: Path) -> Story:
    """The story of the study that this seed draws, its plan frozen before anything was known."""
    cohort = rm.simulate(preset("no-effect", pairs=PAIRS), seed=number)
    study = write_study(cohort, folder / f"study{number}")
    drawn: Study = cohort.study
    freeze(study, data={}, follow_up_present=False, today=dt.date(2020, 1, 1), design=drawn.design)
    evaluation = rm.evaluate(study)
    return story(evaluation.released, evaluation.findings.study.design)


def claims(found: Story) -> Counter[str]:
    """Which of the three a brief tells, in any of its texts."""
    kinds = {"gain": GAIN, "own": OWN, "lead": LEAD, "cause": CAUSE}
    return Counter(
        kind for kind, words in kinds.items() if any(map(words.search, found.texts()))
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "kind"), [("blind", "gain"), ("partner", "gain"), ("self", "own")]
)
def test_what_is_told_of_a_gain_is_seen(source: Any, kind: str) -> None:
    outcome = replace(SKILL, source=source)
    design = replace(DESIGN, outcomes=(outcome,))

    def brief(reading: Precision, facts: Facts) -> Counter[str]:
        verdict = judged(outcome, READINGS[reading], facts, primary=True)
        return claims(story(made(design, verdicts=[verdict]), design))

    for reading in (Precision.SOME_GAIN, Precision.CLEAR_GAIN):
        assert brief(reading, RCT)[kind] == brief(reading, RCT)["cause"] == 1
        assert brief(reading, replace(RCT, planned=False))["lead"] == 1
    for reading in (Precision.CANNOT_TELL, Precision.NO_GAIN, Precision.NO_DIFFERENCE):
        assert not brief(reading, RCT)


def counted(studies: int, folder: Path) -> tuple[Counter[str], int]:
    """What so many studies tell, and how many of them show an answer at all."""
    total, shown = Counter[str](), 0
    with pytest.MonkeyPatch.context() as patched:
        # what a receipt simulates is no text of the brief
        patched.setattr("rmresearch.report.asking.receipt", no_receipt)
        patched.setattr("rmresearch.report.asking.prepare", no_receipt)
        for number in range(studies):
            found = told(number, folder)
            total += claims(found)
            shown += found.answer.state not in {"hidden", "no answer"}
    return total, shown


def test_one_study_can_be_read(tmp_path: Path) -> None:
    _, shown = counted(1, tmp_path)
    assert shown == 1


@pytest.mark.validate
def test_no_more_gains_are_claimed_than_chance_allows(tmp_path: Path) -> None:
    total, shown = counted(STUDIES, tmp_path)
    print(f"of {STUDIES} studies {shown} show an answer; told: {dict(total)}; at most {MOST}")
    assert shown > 0.9 * STUDIES
    assert total["gain"] + total["cause"] <= MOST
    # every question is planned, so that nothing is left to be a lead
    assert total["lead"] == 0
