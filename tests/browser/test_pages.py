"""Every page in the real browser: silent, accessible, nothing cut, on screens and on paper."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pictures import empty, pictures

from . import seen
from .conftest import PAGES

pytestmark = pytest.mark.browser

#: bytes of a page beyond which axe would take minutes for its colours
LARGE = 500_000
BETWEEN = 768


@pytest.fixture(params=PAGES)
def file(request: pytest.FixtureRequest, made: Callable[[str], Path]) -> Path:
    return made(request.param)


def test_it_says_nothing_asks_nobody_and_every_picture_has_a_name(browser: Any, file: Path) -> None:
    with seen.opened(browser, file) as page:
        page.evaluate(seen.UNFOLD)
        page.wait_for_load_state("networkidle")
        assert page.asked == [file.as_uri()]
        assert page.said == []
        assert page.locator("svg").count() > 2
        assert seen.nameless(page) == []


def test_nothing_is_cut_faint_or_out_of_reach_at_any_width(browser: Any, file: Path) -> None:
    with seen.opened(browser, file, free=True) as page:
        page.evaluate(seen.UNFOLD)
        for width in seen.WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert seen.too_wide(page) == [], width
            if width == BETWEEN:  # the others have a layout of their own, and axe looks at them
                assert seen.violations(page, seen.PLACES) == []
                continue
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert seen.faint(page) == [], (width, scheme)
        page.emulate_media(media="print")
        assert seen.faint(page) == []


def test_at_a_desk_every_table_fits_its_room(browser: Any, file: Path) -> None:
    with seen.opened(browser, file) as page:
        page.evaluate(seen.UNFOLD)
        assert page.evaluate(seen.SCROLLED) == []


@pytest.mark.parametrize(
    ("width", "scheme", "medium"),
    [(1280, "light", "screen"), (375, "dark", "screen"), (768, "light", "print")],
)
def test_wcag_2_at_a_and_aa(browser: Any, file: Path, width: int, scheme: str, medium: str) -> None:
    without = ["target-size"] if medium == "print" else []  # nobody points at paper
    if file.stat().st_size > LARGE:
        # axe's own time grows with the square of a page; `seen.faint` looks at each of its texts
        without.append("color-contrast")
    with seen.opened(browser, file, width=width, scheme=scheme, free=True) as page:
        page.evaluate(seen.UNFOLD)
        page.emulate_media(media=medium)
        assert seen.violations(page, without=tuple(without)) == []


def test_on_paper_nothing_is_torn_and_no_sheet_is_empty(
    browser: Any, file: Path, tmp_path: Path
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine (poppler-utils)")
    with seen.opened(browser, file, scheme="dark") as page:
        sheets = seen.printed(page, tmp_path / "page.pdf")
        assert seen.torn(page, tmp_path / "marked.pdf") == []
    assert empty(pictures(tmp_path / "page.pdf", tmp_path / "pictures")) == []
    if "Internal." in sheets[0]:
        for sheet in sheets:
            assert sheet.strip().splitlines()[0].strip().endswith("Internal")
