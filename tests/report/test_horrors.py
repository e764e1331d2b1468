"""One study with everything odd in it at once, through every format of every audience."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from pptx import Presentation
from tests.io.pilot_files import Pilot
from tests.pictures import crossing

from rmresearch.report.build import build
from rmresearch.report.wanted import AUDIENCES, FOLDERS

TITLE = "برنامج الإرشاد & <script>alert(1)</script> 2025"
MARKUP = '=1+1 </svg> #import "x" $a$ *b* `c` @SUM \\[x\\] {{y}}'
HEBREW = "מיומנות (דיגיטלית)"
#: 60 characters
DEPARTMENT = "Department of Digital Transformation & International Affairs"
UNASKED = "Answered by nobody"
MORE = """
[[outcomes]]
name = "unasked"
label = "Answered by nobody"
role = "senior"
range = [1, 5]

[tables.participants]"""
PLAN = """
[plan]
title = "Plan"

[[question]]
id = "by-department"
analysis = "subgroups"
role = "senior"
outcome = "skill"
wave = "post"
by = "department"
primary = true
why = "Offices differ."
"""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inside = ""
        self.shown: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.inside = tag
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts.append(data)
        elif self.inside != "style":
            self.shown.append(data)


def _plain(text: str) -> str:
    """Without spaces, which lines put elsewhere, and marks without width."""
    return re.sub("[\\s\u200b\u200e]", "", text)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("horrors")
    pilot = Pilot().replace('title = "Twelve pairs"', f"title = '{TITLE}'")
    pilot = pilot.replace('label = "Digital skill"', f"label = '''{MARKUP}'''")
    pilot = pilot.replace('label = "Confidence"', f'label = "{HEBREW}"')
    pilot = pilot.replace('label = "Later"', "label = '<b>קבוצת המתנה</b>'")
    pilot = pilot.replace("\n[tables.participants]", MORE)
    for row in pilot.participants:
        row["department"] = DEPARTMENT if row["department"] == "Sales" else "=HYPERLINK(1)"
    (pilot.write(folder / "study") / "plan.toml").write_text(PLAN, "utf-8")
    build(folder / "study", folder / "out", audience="all")
    return folder / "out"


def _file(out: Path, audience: str, form: str) -> Path:
    return out / FOLDERS[audience] / AUDIENCES[audience][form]


def test_every_format_is_there(out: Path) -> None:
    made = {path.name for folder in FOLDERS.values() for path in (out / folder).iterdir()}
    assert made >= {name for files in AUDIENCES.values() for name in files.values()}


@pytest.mark.parametrize("audience", sorted(AUDIENCES))
def test_pages_show_names_as_they_were_given(out: Path, audience: str) -> None:
    page = _Page()
    page.feed(_file(out, audience, "html").read_text("utf-8"))
    shown = _plain("".join(page.shown))
    assert not [script for script in page.scripts if "alert" in script]
    names = [
        TITLE,
        "<b>קבוצת המתנה</b>",
        *([] if audience == "pulse" else [MARKUP, HEBREW]),
        # names so long leave two pages no room for what nobody answered; slides have it
        *([UNASKED] if audience == "technical" else []),
    ]
    assert [name for name in names if _plain(name) not in shown] == []
    assert not re.search(r"\b(nan|inf|NaT)\b", " ".join(page.shown))
    assert (_plain(DEPARTMENT) in shown) == (audience == "technical")  # whole


@pytest.mark.parametrize("audience", ["technical", "leadership"])
def test_papers_show_them_and_no_word_stands_on_another(out: Path, audience: str) -> None:
    file = _file(out, audience, "pdf")
    text = _plain("".join(page.extract_text() for page in pypdf.PdfReader(file).pages))
    assert _plain(MARKUP) in text
    assert "script>alert(1)</script>" in text
    assert crossing(file) == []


def test_slides_show_them(out: Path) -> None:
    show = Presentation(io.BytesIO(_file(out, "leadership", "pptx").read_bytes()))
    texts = [
        *(shape.text_frame.text for s in show.slides for shape in s.shapes if shape.has_text_frame),
        *(cell.text for s in show.slides for shape in s.shapes if shape.has_table
          for row in shape.table.rows for cell in row.cells),
    ]  # fmt: skip
    shown = _plain("\n".join(texts))
    assert [name for name in (TITLE, MARKUP, HEBREW, UNASKED) if _plain(name) not in shown] == []
    assert _plain(DEPARTMENT) not in shown


def test_the_workbook_holds_them_as_texts(out: Path) -> None:
    book = openpyxl.load_workbook(_file(out, "leadership", "xlsx"))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    held = _plain("\n".join(str(cell.value) for cell in cells))
    names = (TITLE, MARKUP, HEBREW, UNASKED, DEPARTMENT)  # one with as many people as it takes
    assert [name for name in names if _plain(name) not in held] == []
