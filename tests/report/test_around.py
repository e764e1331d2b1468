"""What a page says around its blocks, on the screen and on paper, is the catalogue's.

The catalogue is turned into a made-up language (`test_translation`), and the blocks are given
Cyrillic texts: whatever can still be read in Latin letters was written in code.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.report.cyrillic import FIGURES

from rmresearch.declared import Brand
from rmresearch.report.blocks import Callout, Column, Page, Paragraph, Section, TableBlock
from rmresearch.report.html import INTERNAL, marked, to_html, wrap
from rmresearch.report.pdf import to_pdf

from .test_html import display, notebook
from .test_pdf import read as read_pdf
from .test_translation import WORD, foreign, read, translated  # noqa: F401

TABLE = TableBlock("Таблица", (Column("Кто", numeric=False), Column("Сколько")), (("А", "1"),))
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


def page() -> Page:
    """One of each block around which, or in which, the page has words of its own."""
    blocks = (
        *(Callout(kind, "Замечание.") for kind in ("note", "caution", "missing")),
        TABLE,
        Paragraph("Метод.", "copy"),
        next(iter(FIGURES.values()))(),
    )
    return Page(
        "Доклад",
        sections=(Section("one", "Первая", blocks), Section("two", "Вторая")),
        marks=(INTERNAL,),
        language="ru",
        brand=Brand(name="Фирма"),
    )


def on_screen() -> list[str]:
    made = page()
    html = wrap(made.html(), title=made.title, marks=made.marks, brand=made.brand, files="internal")
    return read(html)


def in_a_notebook() -> list[str]:
    """Others' table and picture, which say nothing of themselves."""
    table = display({"text/html": "<table><tr><td>1</td></tr></table>"})
    return read(to_html(notebook(table, display({"image/svg+xml": PICTURE})), title="Доклад"))


def on_paper() -> list[str]:
    return [sheet.extract_text() for sheet in read_pdf(to_pdf(page())).pages]


def as_plain_text() -> list[str]:
    return [section.plain() for section in page().sections]


MADE = {"screen": on_screen, "notebook": in_a_notebook, "paper": on_paper, "plain": as_plain_text}
#: what each must say in English: a list that finds nothing foreign must first find something
SAID = {
    "screen": ("Skip to content", "Internal.", "Contents", "Note.", "Caution.", "Save as CSV",
               "Not in these data.", "Link to: Первая", "Save as CSV: Таблица", "Save as text",
               "How to read this figure"),
    "notebook": ("Internal.", "Table", "Picture without a description"),
    "paper": ("Internal.", "Contents", "Note.", "Caution.", "Page 1 of", "How to read this figure"),
    "plain": ("Section: Первая",),
}  # fmt: skip


@pytest.mark.parametrize("where", MADE)
def test_all_of_it_can_be_translated(where: str, request: pytest.FixtureRequest) -> None:
    make: Callable[[], list[str]] = MADE[where]
    english = " ".join(" ".join(make()).split())
    assert [said for said in SAID[where] if said not in english] == []
    request.getfixturevalue("translated")
    told = " ".join(" ".join(make()).split())
    assert WORD.findall(told) == []
    names = ("Первая", "Таблица")
    parts = [[foreign(part) for part in said.split()] for said in SAID[where]]
    assert [part for some in parts for part in some if part not in names and part not in told] == []


def test_a_mark_of_ones_own_is_shown_as_it_is() -> None:
    assert marked((INTERNAL, "Draft")) == [
        ("Internal", "For the evaluation team only. It shows small groups that a released report "
         "hides."),
        ("Draft", ""),
    ]  # fmt: skip
