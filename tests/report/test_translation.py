"""A translation is a file: brief, deck and pulse say nothing but the catalogue's and the study's.

A made-up language stands in for a real one: every Latin letter of the catalogue becomes a Cyrillic
one. What can still be read in Latin letters afterwards is the study's own, or was written in code
and could never be translated.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

import openpyxl
import pytest
from pptx import Presentation
from tests.midway import midway
from tests.report.cyrillic import FIGURES
from tests.report.leadership.briefs import briefs
from tests.report.leadership.decks import notes, texts
from tests.report.leadership.released import names_of
from tests.report.leadership.sheets import displayed, page
from tests.report.test_pulse import PILOT, of, troubled

from rmresearch.io.read import read_study
from rmresearch.privacy.release import WHY
from rmresearch.privacy.rules import FEW, HIGH, LOW
from rmresearch.report.html import render
from rmresearch.report.leadership.brief import Pages
from rmresearch.report.leadership.deck import deck
from rmresearch.report.words.phrases import catalogue, kept_back, plural, spoken
from rmresearch.report.workbook import workbook
from rmresearch.study import Design

LATIN = "abcdefghijklmnopqrstuvwxyz"
OTHER = "абцдефгхийклмнопярстувщхыз"
LETTERS = str.maketrans(LATIN + LATIN.upper(), OTHER + OTHER.upper())
WORD = re.compile(r"[A-Za-z]{2,}")
#: releases that differ in what they have to say; the others differ in names
TOLD = ("one", "all readings", "reactions", "one group", "hidden", "nothing", "early",
        "no main question")  # fmt: skip


def foreign(text: str) -> str:
    """A sentence in the made-up language, its places kept."""
    parts = re.split(r"(\{[^{}]*\})", text)
    return "".join(part if part.startswith("{") else part.translate(LETTERS) for part in parts)


@pytest.fixture
def translated(monkeypatch: pytest.MonkeyPatch) -> None:
    translate(monkeypatch)


def translate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue in the made-up language, until the test ends."""
    for entries in catalogue().values():
        for key, text in entries.items():
            monkeypatch.setitem(entries, key, foreign(text))  # type: ignore[arg-type]


def left(several: Iterable[str], design: Design) -> set[str]:
    """The words in Latin letters that no name of the study explains."""
    roles = [label for _, label in design.role_labels]
    names = {*names_of(design), *roles, *map(plural, roles), design.organisation}
    names |= {one.unit for one in design.outcomes} | {design.currency}
    found: set[str] = set()
    for text in several:
        read = " ".join(text.split())
        for name in sorted(names - {""}, key=len, reverse=True):
            read = re.sub(re.escape(name), "", read, flags=re.IGNORECASE)
        found |= set(WORD.findall(read))
    return found


class _Read(HTMLParser):
    """All texts of a page, what is read aloud among them; no styles."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._inside += tag == "style"
        self.said += [value for name, value in attrs if name in {"aria-label", "alt", "title"}]

    def handle_endtag(self, tag: str) -> None:
        self._inside -= tag == "style"

    def handle_data(self, data: str) -> None:
        self.said += [] if self._inside else [data]


def read(html: str) -> list[str]:
    parser = _Read()
    parser.feed(html)
    return parser.said


def shown(slides: Any) -> Iterator[str]:
    """All that a deck's slides say, show to a screen reader, and note."""
    for slide in slides:
        yield from (*texts(slide), *notes(slide))
        yield from (one.get("descr", "") for one in slide._element.iter("{*}cNvPr"))


def in_book(content: bytes, *, codes: Iterable[str] = ("code", "items", "reversed")) -> list[str]:
    """All that a workbook says but what stands under these heads, which are codes of the data."""
    heads = {catalogue()["workbook_column"][key] for key in codes}
    found = []
    for sheet in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
        found += [sheet.title, sheet.oddFooter.left.text, sheet.oddFooter.right.text]
        skipped = {
            (cell.row, cell.column)
            for row in sheet.iter_rows()
            for head in row
            if head.value in heads
            for cell in sheet[head.column_letter][head.row :]
        }
        found += [
            cell.value
            for row in sheet.iter_rows()
            for cell in row
            if isinstance(cell.value, str) and (cell.row, cell.column) not in skipped
        ]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            part = archive.read(name).decode()
            if name.startswith("xl/charts/"):
                found += re.findall(r"<(?:a:t|c:v|c:f)>([^<]*)<", part)
            elif name.startswith("xl/drawings/"):
                found += re.findall(r'descr="([^"]*)"', part)
            elif name == "docProps/core.xml":
                found += re.findall(r"<dc:\w+>([^<]*)<", part)
    return [re.sub(r"&[PN]|\$[A-Z]+", "", one) for one in found]


def declared(name: str) -> Design:
    """The design that a release carries."""
    one = briefs()[name]
    assert one.codebook is not None
    return one.codebook.design(one.study, one.title)


def test_what_is_left_is_found() -> None:
    english = left(Pages.of(briefs()["one"]).story.texts(), declared("one"))
    assert {"plausible", "range", "certainty"} <= {word.lower() for word in english}


@pytest.mark.parametrize("count", ["12", "Fewer than 5"])
def test_why_values_are_kept_back_is_said_as_the_release_says_it(
    count: str, request: pytest.FixtureRequest
) -> None:
    written = [f"{count} values are not shown: {why}." for why in WHY.values()]
    assert list(map(kept_back, written)) == written
    request.getfixturevalue("translated")
    assert [text for text in map(kept_back, written) if WORD.search(text)] == []


@pytest.mark.parametrize(
    ("written", "foreign_one"),
    [(HIGH, foreign(HIGH)), (LOW, foreign(LOW)), (FEW, foreign(FEW)),
     ("20 to 24", foreign("{20} to {24}").replace("{", "").replace("}", "")),
     ("2025-08-25", "2025-08-25")],
)  # fmt: skip
def test_what_a_release_writes_for_a_number_is_said_in_the_reader_s_language(
    written: str, foreign_one: str, request: pytest.FixtureRequest
) -> None:
    assert spoken(written) == written
    request.getfixturevalue("translated")
    assert spoken(written) == foreign_one


@pytest.mark.usefixtures("translated")
@pytest.mark.parametrize("name", TOLD)
def test_brief_and_deck_are_the_catalogue_s(name: str) -> None:
    pages = Pages.of(briefs()[name])
    design = declared(name)
    assert left([*displayed(pages.brief), *read(page(pages))], design) == set()
    assert left(pages.story.texts(), design) == set()
    slides = Presentation(io.BytesIO(deck(pages.story, pages.brand))).slides
    assert left(shown(slides), design) == set()


@pytest.mark.usefixtures("translated")
@pytest.mark.parametrize("name", [*TOLD, "few", "branded"])
def test_the_workbook_is_the_catalogue_s(name: str) -> None:
    design = declared(name)
    assert left(in_book(workbook(briefs()[name], design)), design) == set()


def test_what_is_left_in_a_workbook_is_found() -> None:
    one = briefs()["reactions"]
    english = left(in_book(workbook(one, declared("reactions"))), declared("reactions"))
    assert {"sheets", "plausible", "months", "page", "comparison"} <= {w.lower() for w in english}


@pytest.mark.usefixtures("translated")
def test_the_pulse_is_the_catalogue_s() -> None:
    # made anew: what a pulse has worked out it keeps, in the language of that moment
    for pulse in (of(*midway()), of(*troubled()), of(read_study(PILOT))):
        # joined, as charts break names into lines
        assert left([" ".join(read(render(pulse.page())))], pulse.design) == set()


def test_every_kind_of_figure_is_drawn() -> None:
    kinds = set(catalogue()["reading"]) - {"name"}
    assert {draw().kind for draw in FIGURES.values()} == kinds


@pytest.mark.usefixtures("translated")
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_the_catalogue_s(name: str) -> None:
    figure = FIGURES[name]()
    said = [*read(figure.svg), figure.alt, figure.caption]
    assert {word for text in said for word in WORD.findall(text)} == set()


def test_every_text_of_figures_is_drawn_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that none of them asks for would be translated for nobody, or is not looked at."""
    asked = set()

    class Noting(dict[str, str]):
        def __init__(self, section: str, entries: Mapping[str, str]) -> None:
            super().__init__(entries)
            self.section = section

        def __getitem__(self, key: str) -> str:
            asked.add((self.section, key))
            return super().__getitem__(key)

    own = [name for name in catalogue() if name.partition("_")[0] == "figure"]
    for name in own:
        monkeypatch.setitem(catalogue(), name, Noting(name, catalogue()[name]))  # type: ignore[arg-type]
    for draw in FIGURES.values():
        draw().html()
    assert {(name, key) for name in own for key in catalogue()[name]} == asked
