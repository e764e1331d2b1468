"""The report as something to read: titles that state findings, nothing twice, no idle column."""

from __future__ import annotations

import re
from collections import Counter

import pytest

import rmresearch as rm
from rmresearch.plan.frozen import CLOCK
from rmresearch.report.blocks import (
    Block,
    Column,
    Details,
    FigureBlock,
    Section,
    Subsection,
    TableBlock,
)
from rmresearch.report.evaluation import Evaluation, evaluate
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.sections.common import telling, without_repeats
from rmresearch.report.sections.units import differs_in, span_of
from rmresearch.result import Cell, Table
from rmresearch.study import Outcome

from .test_evaluation import PILOT, text_of

SKILL = Outcome("skill", "Skill", "senior", ("a",), unit="points", low=1, high=5)
USES = Outcome("uses", "Uses it", "senior", ("b",), kind="binary")
#: what a title says where there is no number to say
WITHOUT_NUMBER = ("no clear", "cannot", "none of", "precision", "moves")


@pytest.fixture(scope="module")
def pilot() -> Evaluation:
    return evaluate(PILOT)


def inside(block: Block, kind: type) -> list:
    """All blocks of a kind in a section, folded ones too."""
    below = [one for part in getattr(block, "blocks", ()) for one in inside(part, kind)]
    return [block, *below] if isinstance(block, kind) else below


@pytest.fixture(scope="module")
def sections(pilot: Evaluation) -> tuple[Section, ...]:
    return pilot.page().sections


def test_the_title_of_every_figure_states_what_it_found(sections: tuple[Section, ...]) -> None:
    titles = [figure.title for one in sections for figure in inside(one, FigureBlock)]
    assert len(titles) > 20
    for title in titles:
        apart = title.lower().replace("at month 3", "").replace("at month 6", "")
        assert re.search(r"\d", apart) or any(one in apart for one in WITHOUT_NUMBER), title


def test_a_figure_of_means_names_those_of_the_last_wave(pilot: Evaluation) -> None:
    study = pilot.findings.study
    means = {
        one.group: one.value
        for one in rm.wave_means(study, "digital_skill").estimates
        if one.wave == study.design.waves[-1].name
    }
    figures = inside(pilot.section("outcomes"), FigureBlock)
    title = next(one.title for one in figures if one.title.startswith("Digital skill at Month 6"))
    programme, waiting = (means[arm.name] for arm in study.design.arms)
    assert f"{programme:.2f} (Programme)" in title
    assert f"{waiting:.2f} (Waiting list)" in title


def test_a_figure_of_the_missing_names_the_bounds(pilot: Evaluation) -> None:
    result = pilot.findings.result("attrition", "digital_skill")
    last = {
        one.term: one.value
        for one in result.estimates
        if one.wave == pilot.findings.study.design.waves[-1].name
    }
    low, high = (f"{last[f'worst-{end}']:+.2f}".replace("-", "−") for end in ("lower", "upper"))
    figure = inside(pilot.section("lost"), FigureBlock)[0]
    assert f"{low} to {high} points, whatever the missing would say" in figure.title


@pytest.mark.parametrize(
    ("outcome", "values", "said"),
    [
        (SKILL, (0.204, 0.655), "+0.20 to +0.66 points"),
        (SKILL, (-0.061, 0.7), "−0.06 to +0.70 points"),
        (SKILL, (0.321, 0.324), "+0.32 points"),
        (USES, (-0.12, 0.08), "−12 to +8 percentage points"),
    ],
)
def test_a_span_has_signs_and_a_unit(outcome: Outcome, values: tuple, said: str) -> None:
    low, high = values
    assert (
        span_of([Interval(label="a", value=low), Interval(label="b", value=high)], outcome) == said
    )
    bounds = Interval(label="c", value=None, span=(low, high))
    nothing = Interval(label="d", value=None)
    assert span_of([bounds, nothing], outcome) == said


def test_an_axis_of_several_outcomes_names_the_unit_that_they_share() -> None:
    assert differs_in("Difference", [SKILL, SKILL]) == "Difference in points"
    assert differs_in("Difference", [SKILL, USES]) == "Difference, each in its own unit"


def test_no_sentence_stands_twice_in_a_section_nor_what_a_clock_proves_on_the_page(
    pilot: Evaluation, sections: tuple[Section, ...]
) -> None:
    assert text_of(pilot.page().html()).replace("&#x27;", "'").count(CLOCK) == 1
    for section in sections:
        open_html = section.html()
        for folded in inside(section, Details):
            open_html = open_html.replace(folded.html(), "")
        said = Counter(re.findall(r"<(?:p|li)>([^<]+)</(?:p|li)>", open_html))
        assert [text for text, times in said.items() if times > 1] == [], section.id


def test_a_baseline_difference_has_the_sign_that_its_figure_shows(pilot: Evaluation) -> None:
    figure, table = pilot.section("baseline").blocks
    assert isinstance(figure, FigureBlock)
    assert isinstance(table, TableBlock)
    assert table.columns[-1] == Column("Difference in SD")  # numbers stand to the right
    shown = {row[0]: row[-1] for row in table.rows}
    assert f"Digital skill (Programme − Waiting list) {shown['Digital skill']};" in figure.alt
    assert shown["Digital skill"].startswith("+")


def test_what_is_folded_has_no_heading_and_no_table_twice(pilot: Evaluation) -> None:
    # on paper a heading within a folded part would stand above the part's own name
    for section in pilot.page().sections:
        for folded in inside(section, Details):
            assert inside(folded, Subsection) == [], section.id
            captions = [one.caption for one in inside(folded, TableBlock)]
            assert len(set(captions)) == len(captions), section.id


def test_nobody_lost_has_a_table_of_one_wave_under_five_headings(pilot: Evaluation) -> None:
    first = inside(pilot.section("attrition"), TableBlock)[0]
    assert first.caption == "Who was lost by Month 6"
    assert first.groups == ()
    assert len(first.rows) == len(pilot.findings.study.design.outcomes) - 2  # less two reactions


def test_a_column_goes_where_its_heading_says_it_and_where_nothing_is_in_it() -> None:
    def row(*values: str | float | None) -> tuple[Cell, ...]:
        return tuple(Cell(value, "label") for value in values)

    columns = ("outcome", "role", "wave", "note", "low", "high")
    rows = (row("a", "senior", "m3", None, 0, 1), row("b", "junior", "m3", "", 0, 1))
    table = Table("t", "T", columns, rows, "")
    assert without_repeats(table, "role", "wave") == ["outcome", "role", "note"]
    assert without_repeats(table, "role", "wave", within="outcome") == ["outcome", "note"]
    assert telling(table, "role", within="outcome") == ["outcome", "wave"]
    both = Table("t", "T", columns, (*rows, row("a", "junior", "m3", "", 0, 1)), "")
    assert "role" in without_repeats(both, "role", within="outcome")
    assert without_repeats(Table("t", "T", columns, (), ""), "role")[:2] == ["outcome", "role"]
