"""What leadership reads, word by word: nothing forbidden in any preset, reading age 14."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from tests.report.test_evaluation import text_of
from tests.report.test_words import DESIGN, DESIGNS, OUTCOMES, READINGS

import rmresearch as rm
from rmresearch.errors import StudyError
from rmresearch.evidence import Precision
from rmresearch.privacy import read_release
from rmresearch.report import words
from rmresearch.report.evaluation import SECTIONS, Evaluation
from rmresearch.report.leadership import Story, story
from rmresearch.report.leadership.brief import Pages
from rmresearch.report.words.phrases import catalogue
from rmresearch.report.workbook import workbook
from rmresearch.world.presets import PRESETS, preset
from rmresearch.world.writing import write_study

from .reading import WORD, forbidden, grade, own, sentences
from .released import held_to, judged, made
from .sheets import displayed, page, read_page, read_pdf, said_on, squeezed

#: Flesch and Kincaid's grade of readers of 14, and what no single sentence may pass
AGE_14, LONGEST = 9.0, 40


@dataclass(frozen=True)
class Drawn:
    """A preset's evaluation with what leadership gets of it."""

    evaluation: Evaluation
    story: Story

    @property
    def causal(self) -> bool:
        """Whether any result may be told in words of causation."""
        return any(one.evidence.causal for one in self.evaluation.findings.verdicts)


#: those of the same design as another read much alike: they are read by make validate
ALIKE = frozenset({"default", "no-effect", "rct"})
EVERY = [pytest.param(name, marks=[pytest.mark.validate] * (name in ALIKE)) for name in PRESETS]


#: a body's name, not a claim
STANDARDS = "What Works Clearinghouse"


def no_receipt(*_: object) -> None:
    raise StudyError("No receipt here: what it simulates is no text.")


@cache
def drawn(name: str) -> Drawn:
    """A small study of a preset, through the whole evaluation and read back."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr("rmresearch.report.asking.receipt", no_receipt)
        cohort = rm.simulate(preset(name, pairs=12), seed=3)
        study = write_study(cohort, Path(folder) / "study")
        evaluation = rm.evaluate(study)
    design = evaluation.findings.study.design
    again = read_release(evaluation.released.to_json())
    assert again == evaluation.released
    found = story(again, design)
    assert found == story(evaluation.released, design)
    return Drawn(evaluation, found)


@pytest.mark.parametrize("name", EVERY)
def test_the_story_of_every_preset(name: str) -> None:
    one = drawn(name)
    design = one.evaluation.findings.study.design
    assert held_to(one.story, one.evaluation.released, design) > 30
    assert forbidden(one.story.texts(), design, causal=one.causal) == []
    read = sentences((said.text for said in one.story.said()), design)
    assert grade(read) < AGE_14
    assert [text for text in read if len(WORD.findall(text)) > LONGEST] == []


@pytest.mark.parametrize("name", EVERY)
def test_the_brief_of_every_preset(name: str) -> None:
    one = drawn(name)
    pages = Pages.of(one.evaluation.released)
    assert pages.story == one.story  # what was declared travels with the release
    paper, screen = said_on(pages.pdf()), read_page(page(pages))
    texts = list(displayed(pages.brief))
    for said in (squeezed(paper), squeezed("".join(screen.said))):
        assert [text for text in texts if squeezed(text) not in said] == []
    assert len(read_pdf(pages.pdf()).pages) == 2
    design = one.evaluation.findings.study.design
    lines = [" ".join(paper.split()), *texts, *screen.said, *screen.labels]
    assert forbidden(lines, design, causal=one.causal) == []


@pytest.mark.parametrize("name", EVERY)
def test_the_workbook_of_every_preset(name: str) -> None:
    one = drawn(name)
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(one.evaluation.released, one.evaluation.findings.study.design))
    )
    told = [
        cell.value for sheet in book for row in sheet for cell in row if isinstance(cell.value, str)
    ]
    told += book.sheetnames
    for text in told:
        assert words.chance_words(text) == (), text
        assert one.causal or words.lint(text) == (), text


@pytest.mark.parametrize("name", EVERY)
def test_the_technical_page_of_every_preset(name: str) -> None:
    one = drawn(name)
    # methods holds the titles of what it cites, in their authors' words
    sections = tuple(section for section in SECTIONS if section != "methods")
    page = text_of(one.evaluation.page(sections).html())
    page = own(page, one.evaluation.findings.study.design).replace(STANDARDS, "it")
    assert one.causal or words.lint(page) == ()


def test_every_sentence_of_the_catalogue_for_leadership() -> None:
    texts = [
        text for name, entries in catalogue().items() if name.startswith("brief")
        for text in entries.values()
    ]  # fmt: skip
    assert len(texts) > 200
    assert forbidden(texts, DESIGN, causal=False) == []
    assert [text for text in texts if words.lint(text) or words.chance_words(text)] == []


def test_every_reading_of_every_design() -> None:
    read = []
    for place, facts in enumerate(DESIGNS):
        for turn, ends in enumerate(READINGS.values()):
            outcome = OUTCOMES[(place + turn) % len(OUTCOMES)]
            release = made(verdicts=[judged(outcome, ends, facts, primary=True)])
            found = story(release, DESIGN)
            assert forbidden(found.texts(), DESIGN, causal=False) == []
            read += sentences((said.text for said in found.said()), DESIGN)
    kept = list(dict.fromkeys(read))
    assert grade(kept) < AGE_14
    assert [text for text in kept if len(WORD.findall(text)) > LONGEST] == []


PLANTED = (
    "a significant gain",
    "the difference is non-significant",
    "p = .03",
    "its p-value is small",
    "a mixed model by REML",
    "CR2 errors",
    "the ICC is high",
    "a 95% confidence interval",
    "the effect size",
    "two standard deviations",
    "mentoring works",
    "it led to better scores",
    "proven impact",
    "caused by the programme",
    "the effect of mentoring",
)


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_word_is_found_wherever_it_stands(text: str) -> None:
    ends = READINGS[Precision.SOME_GAIN]
    found = story(made(verdicts=[judged(OUTCOMES[0], ends, DESIGNS[0], primary=True)]), DESIGN)
    assert forbidden(found.texts(), DESIGN, causal=False) == []
    said = replace(found.answer.sentence, text=f"{found.answer.sentence} {text}.")
    assert found.answer.chart is not None
    places = (
        replace(found, answer=replace(found.answer, sentence=said)),
        replace(found, lost=replace(found.lost, title=text)),
        replace(found, tiles=(replace(found.tiles[0], title=text), *found.tiles[1:])),
        replace(found, asked=(replace(found.asked[0], question=text), *found.asked[1:])),
        replace(found, answer=replace(found.answer, chart=replace(found.answer.chart, alt=text))),
        replace(found, next=replace(found.next, notes=(said,))),
    )
    for planted in places:
        assert forbidden(planted.texts(), DESIGN, causal=False) != []


def test_a_name_that_the_study_gave_is_not_the_report_s_word() -> None:
    outcome = replace(OUTCOMES[0], label="What works: effect of REML")
    design = replace(DESIGN, outcomes=(outcome,))
    ends = READINGS[Precision.SOME_GAIN]
    found = story(made(design, verdicts=[judged(outcome, ends, DESIGNS[0], primary=True)]), design)
    assert any("What works" in text for text in found.texts())
    assert forbidden(found.texts(), design, causal=False) == []


def test_grades_are_flesch_and_kincaid_s() -> None:
    # 6 words, 6 syllables, 1 sentence: 0.39 x 6 + 11.8 x 1 - 15.59
    assert grade(["The cat sat on the mat."]) == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    # 5 words, 12 syllables: me-di-cine, pre-vents, (i), ter-ri-ble, ill-ness-es
    hard = grade(["Medicine prevents a terrible illness."])
    assert hard == pytest.approx(0.39 * 5 + 11.8 * 11 / 5 - 15.59)
