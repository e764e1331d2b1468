"""What stands around the blocks of a page: links, readings of figures, files to keep."""

from __future__ import annotations

import base64
import csv
import io
import re
from html import unescape
from pathlib import Path

import pytest

from rmresearch.report import figures
from rmresearch.report.blocks import Column, Page, Paragraph, Section, Subsection, TableBlock
from rmresearch.report.furniture import as_csv, cell, furnished, linked
from rmresearch.report.html import render, wrap
from rmresearch.report.words.phrases import catalogue

from .gallery import FIGURES, NASTY

FIGURE_FILES = sorted(Path(figures.__file__).parent.glob("*.py"))
ROWS = (("Digital skill", "−0.08", "1,234"), ("=SUM(A1)", "+0.31", "12 of 20"), (NASTY, "–", "99%"))
TABLE = TableBlock(
    "Who, and how far?",
    (Column("Outcome", numeric=False), Column("Change", "points"), Column("People")),
    ROWS,
    note="A note.",
)
GROUPED = TableBlock(
    "Who, and how far?", TABLE.columns, ROWS, groups=((0, "Seniors"), (2, "@Juniors"))
)


def saved(html: str) -> dict[str, str]:
    """Each file that a page holds, by its name."""
    found = re.findall(r'<a download="([^"]+)" href="data:[^"]*;base64,([^"]+)"', html)
    return {name: base64.b64decode(data).decode() for name, data in found}


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_table_is_kept_as_it_is_shown() -> None:
    (content,) = saved(furnished(TABLE.html(), files="internal")).values()
    assert content.startswith("\ufeff")
    assert read(content) == [
        ["Outcome", "Change (points)", "People"],
        ["Digital skill", "-0.08", "1234"],
        ["'=SUM(A1)", "0.31", "12 of 20"],
        [NASTY, "–", "99%"],
    ]


def test_headings_of_groups_are_a_column() -> None:
    (content,) = saved(furnished(GROUPED.html(), files="internal")).values()
    assert [row[0] for row in read(content)] == ["", "Seniors", "Seniors", "'@Juniors"]
    assert [row[1] for row in read(content)][1:] == ["Digital skill", "'=SUM(A1)", NASTY]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_text_begins_like_a_formula(start: str) -> None:
    for text in (f"{start}cmd|' /C calc'!A0", f"{start}1+1", f" {start}x"):
        assert cell(text) == f"'{text}"
        table = f"<table><tr><td>{text}</td></tr></table>"
        assert read(as_csv(table))[0][0].startswith("'")


@pytest.mark.parametrize(
    ("shown", "kept"),
    [("−5", "-5"), ("-5", "-5"), ("+0.50", "0.50"), ("12,345,678.9", "12345678.9"), ("007", "007"),
     ("1,23", "1,23"), ("−0.5 points", "−0.5 points"), ("–", "–"), ("", "")],
)  # fmt: skip
def test_only_whole_numbers_are_numbers(shown: str, kept: str) -> None:
    assert cell(shown) == kept


def test_file_names_say_whose_they_are_and_never_clash() -> None:
    names = list(saved(furnished(TABLE.html() * 3 + GROUPED.html(), files="internal")))
    assert names == [f"internal-who-and-how-far{end}.csv" for end in ("", "-2", "-3", "-4")]
    long = TableBlock("<b>" + "Größe / " * 40, TABLE.columns, ROWS)
    (name,) = saved(furnished(long.html(), files="table"))
    assert re.fullmatch(r"table-[\w-]+\.csv", name)
    assert len(name) <= 64


def test_the_paragraph_to_copy_is_a_text_file() -> None:
    text = f"First <line> & “more”.\n\nReferences\n{NASTY} doi:10.1/(a)<b>"
    html = furnished(Paragraph(text, "copy").html(), files="internal")
    assert saved(html) == {"internal-methods.txt": f"{text}\n"}


def test_without_files_nothing_can_be_kept() -> None:
    assert furnished(TABLE.html()) == TABLE.html()
    assert "download" not in render(Page("t", sections=(Section("a", "A", (TABLE,)),)))


def test_every_figure_has_a_kind_and_every_kind_says_how_it_is_read() -> None:
    words = dict(catalogue()["reading"])
    assert words.pop("name")
    drawn = [path.read_text("utf-8") for path in FIGURE_FILES]
    named = [kind for text in drawn for kind in re.findall(r'\bkind="(\w+)"', text)]
    assert len(named) == sum(text.count("return FigureBlock(") for text in drawn)
    assert sorted(named) == sorted(words)
    assert {draw().kind for draw in FIGURES.values()} <= set(words)
    for text in words.values():
        assert len(text) < 300
        assert 1 <= text.count(".") <= 3


def test_a_reading_is_folded_and_printed_once_for_each_kind() -> None:
    one = FIGURES["intervals"]().html()
    html = furnished(one + one + FIGURES["flow"]().html())
    found = re.findall(r'<details class="(reading[^"]*)">.*?<p>(.*?)</p></details></figure>', html)
    words = catalogue()["reading"]
    assert [style for style, _ in found] == ["reading printed", "reading", "reading printed"]
    wanted = [words["intervals"], words["intervals"], words["flow"]]
    assert [unescape(text) for _, text in found] == wanted


def test_a_figure_of_no_kind_says_nothing() -> None:
    bare = '<figure><div class="picture"><svg ></svg></div></figure>'
    known = FIGURES["flow"]().html()
    assert furnished(bare + known).startswith(bare)
    assert furnished(bare) == bare


def test_headings_link_to_themselves() -> None:
    inner = Subsection("B & <b>", (Paragraph("x"),), id="b")
    html = linked(Section("a", 'A "quoted"', (inner,)).html() + '<h2 id="c">C <em>c</em></h2>')
    links = re.findall(r'<a class="anchor" href="#(\w)" aria-label="Link to: ([^"]*)">#</a>', html)
    said = [("a", 'A "quoted"'), ("b", "B & <b>"), ("c", "C c")]
    assert [(name, unescape(text)) for name, text in links] == said
    untitled = Subsection("no id", (Paragraph("x"),)).html()
    assert linked(untitled) == untitled


def test_a_page_of_one_section_needs_no_links() -> None:
    section = Section("a", "A", (TABLE,))
    assert 'class="anchor"' not in wrap(section.html(), title="t")
    two = section.html() + Section("b", "B").html()
    assert wrap(two, title="t").count('class="anchor"') == 2
