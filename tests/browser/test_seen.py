"""The eyes are tried on pages that are wrong in one way each, so each of them can fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pictures import empty, ink, pictures
from report.gallery import FIGURES
from rmresearch.report.blocks import Callout, Page, Paragraph, Section
from rmresearch.report.html import render

from . import seen

pytestmark = pytest.mark.browser

GOOD = render(
    Page(
        "A page",
        sections=(
            Section("a", "First", (FIGURES["one interval"](), Paragraph("Words."))),
            Section("b", "Second", (Callout("note", "A remark."),)),
        ),
    )
)

NARROW = "width:2em;overflow:hidden;white-space:nowrap"


def wrong(folder: Path, old: str, new: str) -> Path:
    """The page with one thing changed."""
    assert old in GOOD
    path = folder / "page.html"
    path.write_text(GOOD.replace(old, new, 1), "utf-8")
    return path


def test_a_good_page_is_found_good(browser: Any, tmp_path: Path) -> None:
    with seen.opened(browser, wrong(tmp_path, "", ""), free=True) as page:
        assert seen.too_wide(page) == seen.faint(page) == seen.violations(page) == []
        assert seen.nameless(page) == []
        assert page.locator("svg text").count() > 3, "what axe need not see is there again"
        assert seen.torn(page, tmp_path / "page.pdf") == []
        assert page.said == []


@pytest.mark.parametrize(
    ("old", "new", "look", "told"),
    [
        ("<p>Words.</p>", '<p style="min-width:3000px">Words.</p>', seen.too_wide,
         "pixels too wide"),
        ("<p>Words.</p>", f'<p style="{NARROW}">Not broken</p>', seen.too_wide, "Not broken"),
        ("<p>Words.</p>", '<p style="height:1em;overflow:hidden">A<br>B<br>C</p>', seen.too_wide,
         "ABC"),
        ("<p>Words.</p>", '<p style="color:#999">Words.</p>', seen.faint, "Words."),
        ("<p>Words.</p>", '<p style="color:#999">Words.</p>', seen.violations, "color-contrast"),
        ('lang="en"', "", seen.violations, "html-has-lang"),
        ("<p>Words.</p>", '<img src="data:," alt="">', seen.nameless, "1 told of"),
        ('<svg role="img"', '<svg aria-hidden="true"', seen.nameless, "0 told of"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(
    browser: Any, tmp_path: Path, old: str, new: str, look: Any, told: str
) -> None:
    with seen.opened(browser, wrong(tmp_path, old, new), free=True) as page:
        assert any(told in one for one in look(page)), look(page)


def test_a_script_of_somebody_is_heard_and_what_is_asked_for_is_seen(
    browser: Any, tmp_path: Path
) -> None:
    calls = '<script>alert(1)</script><img alt="x" src="there.png">'
    with seen.opened(browser, wrong(tmp_path, "<p>Words.</p>", calls)) as page:
        assert any("Content Security Policy" in one for one in page.said)


def test_what_paper_tears_is_told(browser: Any, tmp_path: Path) -> None:
    tall = '<p style="height:2000px">Words.</p>'
    over = f'<div class="callout"><p>Head.</p>{tall}<p>Foot.</p></div>'
    with seen.opened(browser, wrong(tmp_path, "<p>Words.</p>", over)) as page:
        (told,) = seen.torn(page, tmp_path / "page.pdf")
        assert told.startswith("callout: Head.")
    alone = '<h3 style="break-after:page">Alone</h3><p>Words.</p>'
    with seen.opened(browser, wrong(tmp_path, "<p>Words.</p>", alone)) as page:
        (told,) = seen.torn(page, tmp_path / "page.pdf")
        assert told.startswith("after Alone (1 to 2)")


def test_an_empty_sheet_is_told(browser: Any, tmp_path: Path) -> None:
    blank = '<div style="break-before:page;height:10px"></div><p style="break-before:page">End.</p>'
    with seen.opened(browser, wrong(tmp_path, "<p>Words.</p>", blank)) as page:
        sheets = seen.printed(page, tmp_path / "page.pdf")
    found = pictures(tmp_path / "page.pdf", tmp_path / "pictures")
    assert len(found) == len(sheets)
    assert empty(found)
    assert 1 not in empty(found)
    assert {one.shape for one in found} == {(468, 331)}, "A4 at 40 dots to the inch"
    half = np.zeros((10, 10), dtype=np.uint8)
    half[:4] = 255
    assert ink(half) == 0.4
