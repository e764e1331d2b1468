"""People flow, groups before the start, meetings and who left: all words are the catalogue's.

The studies differ in what these sections have to say of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.io.pilot_files import Pilot
from tests.report.test_edges import one_group, three_waves
from tests.report.test_page_words import own
from tests.report.test_translation import translate

from rmresearch.analysis.leavers.flow import FLOW
from rmresearch.report.blocks import Section, Subsection
from rmresearch.report.evaluation import evaluate
from rmresearch.report.sections.cited import SOFTWARE, cited
from rmresearch.report.sections.flow import STANDARD
from rmresearch.report.sections.receipt import receipt
from rmresearch.report.words.phrases import catalogue

SAID = ("flow", "baseline", "meetings", "attrition")
CONSENT = 'file = "participants.csv"\nconsent = { column = "agreed", yes = ["yes"] }'


def refused() -> Pilot:
    """One pair and one senior do not consent, and some of the others leave."""
    pilot = Pilot().replace('file = "participants.csv"', CONSENT)
    for row in pilot.participants:
        row["agreed"] = "no" if row["person"] in {"J02", "S02", "S05"} else "yes"
    left = {"J03", "S03", "S09"}
    pilot.measures = [r for r in pilot.measures if r["wave"] == "pre" or r["person"] not in left]
    return pilot


def many_waves() -> Pilot:
    later = [f'[[waves]]\nname = "w{k}"\nlabel = "{k}"\nmonths = {7 + k}\n\n' for k in range(5)]
    first = '[[outcomes]]\nname = "skill"'
    pilot = Pilot().replace(first, "".join(later) + first)
    after = [row for row in pilot.measures if row["wave"] == "post"]
    pilot.measures += [{**row, "wave": f"w{k}"} for row in after for k in range(5)]
    return pilot


def early() -> Pilot:
    """Both groups before the planned end, pairs without dates."""
    pilot = Pilot().replace("end = 2026-07-12", "end = 2027-07-12")
    pilot.measures = [row for row in pilot.measures if row["wave"] == "pre"]
    pilot.pairs = [{**row, "start": "", "end": ""} for row in pilot.pairs]
    return pilot


STUDIES: dict[str, Callable[[], Pilot]] = {
    "refused": refused,
    "many waves": many_waves,
    "one group": lambda: one_group(three_waves()),
    "early": early,
}


def words_of(folder: Path) -> dict[str, set[str]]:
    """The words in Latin letters that code has said, by section."""
    made = evaluate(folder)
    found = made.findings
    paragraph = cited(found).split("\n")[0]
    for name in (*SOFTWARE, "Python", *(one.estimate.method for one in found.verdicts)):
        paragraph = paragraph.replace(name, "") if name else paragraph
    parts = {name: made.section(name) for name in SAID}
    parts["receipt"] = Section("receipt", "", (receipt(found),))
    parts["cited"] = Section("cited", "", (Subsection(paragraph, ()),))
    return {name: own(part, found) - set(STANDARD.split()) for name, part in parts.items()}


@pytest.mark.parametrize("name", STUDIES)
def test_sections_on_people_are_the_catalogue_s(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = STUDIES[name]().write(tmp_path)
    english = words_of(folder)
    assert all(english.values())  # a search that finds nothing must first find something
    translate(monkeypatch)
    # asked anew: reasons and names are found in the language of that moment
    assert {part: words for part, words in words_of(folder).items() if words} == {}


def test_every_stage_and_every_reason_has_its_words(tmp_path: Path) -> None:
    study = evaluate(refused().write(tmp_path)).findings
    reasons = {reason for reason, _ in study.study.excluded}
    assert len(reasons) >= 4
    assert reasons <= set(catalogue()["page_flow_reason"])
    result = study.result("attrition", "skill")
    assert result is not None
    at = FLOW.index("stage")
    stages = {str(row[at].value) for row in result.table("flow").rows}
    assert stages == set(catalogue()["page_flow_stage"])
