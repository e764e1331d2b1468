"""What leadership gets of many outcomes, of several groups and of no result: told apart, whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pptx.oxml.ns import qn
from tests.report.test_words import DESIGN, RCT, READINGS, SKILL

from rmresearch.declared import Arm
from rmresearch.evidence import Precision
from rmresearch.report.leadership.brief import Pages
from rmresearch.report.leadership.deck import deck_of
from rmresearch.report.words.phrases import catalogue

from .briefs import briefs, named
from .decks import box, charts, opened
from .released import judged, made

GAIN = READINGS[Precision.SOME_GAIN]
ARMS = (Arm("one", "Tandem", True), Arm("two", "E-learning", True), Arm("rest", "Later", False))


def _of_three_arms() -> Any:
    design = replace(DESIGN, arms=ARMS)
    verdicts = []
    for arm in ("one", "two"):
        made_of = judged(SKILL, GAIN, RCT)
        made_of["estimate"]["contrast"] = f"{arm} - rest"
        verdicts.append(made_of)
    return made(design, verdicts=verdicts)


def test_results_of_several_groups_are_told_apart() -> None:
    story = Pages.of(_of_three_arms()).story
    both = story.both
    assert both.grid is not None
    assert both.chart is not None
    names = ["Digital skill (Tandem)", "Digital skill (E-learning)"]
    assert [row[0].text for row in both.grid.rows] == names
    assert [row.label for row in both.chart.rows] == names
    assert all(one in both.chart.alt for one in ("Tandem", "E-learning"))
    assert "digital skill (Tandem); digital skill (E-learning)" in both.said[0].text


def test_one_comparison_needs_no_name_of_its_group() -> None:
    story = Pages.of(briefs()["one"]).story
    assert story.both.grid is not None
    assert story.both.grid.rows[0][0].text == SKILL.label


def test_a_sentence_names_eight_outcomes_and_says_that_there_are_others() -> None:
    design = named("Outcome", many=18)
    design = replace(design, outcomes=tuple(replace(o, role="senior") for o in design.outcomes))
    verdicts = [judged(one, READINGS[Precision.CLEAR_GAIN], RCT) for one in design.outcomes]
    story = Pages.of(made(design, verdicts=verdicts)).story
    said = " ".join(one.text for one in story.both.said)
    assert [f"utcome {k}" in said for k in range(18)] == [k < 8 for k in range(18)]
    assert "utcome 7 and others" in said
    assert story.both.grid is not None
    assert len(story.both.grid.rows) == 18


@pytest.mark.parametrize("name", ["twenty-five", "long names"])
def test_where_rows_are_close_numbers_stand_behind_their_intervals(name: str) -> None:
    """A label is shifted from the end of its bar, in shares of the chart: along, never up."""
    crowded = [one for one in charts(opened(deck_of(briefs()[name]))) if len(_rows(one)) > 6]
    assert crowded
    for shape in crowded:
        space = shape.chart._chartSpace
        scale = shape.chart.value_axis
        inner = next(space.iter(qn("c:plotArea"))).find(f"{qn('c:layout')}/{qn('c:manualLayout')}")
        wide = float(inner.find(qn("c:w")).get("val"))
        shifts = {
            int(one.find(qn("c:idx")).get("val")): [
                float(next(one.iter(qn(f"c:{way}"))).get("val")) for way in "xy"
            ]
            for one in space.iter(qn("c:dLbl"))
        }
        for place, (value, high) in _rows(shape).items():
            right, down = shifts[place]
            behind = (high - value) * wide / (scale.maximum_scale - scale.minimum_scale)
            assert down == 0.0
            assert right > behind >= 0.0
            # a number of five signs in 12 points is some 35 points wide
            end = (high - scale.minimum_scale) * wide / (scale.maximum_scale - scale.minimum_scale)
            left, _, edge, _ = box(shape)
            assert (
                left + (float(inner.find(qn("c:x")).get("val")) + end) * (edge - left) < edge - 30
            )


def _rows(shape: Any) -> dict[int, tuple[float, float]]:
    """Estimates and upper ends by place, read from the chart's sheet."""
    from io import BytesIO

    from openpyxl import load_workbook

    book = load_workbook(BytesIO(shape.chart.part.chart_workbook.xlsx_part.blob))
    rows = list(book.active.iter_rows(min_row=2, values_only=True))
    return {
        place: (row[1], row[3] or row[1]) for place, row in enumerate(rows) if row[1] is not None
    }


@pytest.mark.parametrize("name", ["nothing", "early", "few"])
def test_no_card_of_a_slide_is_empty(name: str) -> None:
    size = catalogue()["deck"]["size"]
    found = [
        shape.text_frame.text
        for slide in opened(deck_of(briefs()[name])).slides
        for shape in slide.shapes
        if shape.name == size
    ]
    assert all(text.strip() != size for text in found)
