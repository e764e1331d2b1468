"""What a reader does with a page: finds the way, unfolds, copies, keeps a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rmresearch.report.blocks import Page, Paragraph, Section
from rmresearch.report.html import wrap

from . import seen

pytestmark = pytest.mark.browser

CURRENT = "[...document.querySelectorAll('.contents a:target-current')].map(one => one.textContent)"
MARKED = """name => {
  const one = document.querySelector(`.contents a[href="#${name}"]`);
  return getComputedStyle(one).fontWeight;
}"""
TEXT = "Line one & <two>.\n\nReferences\nA. (2002). doi:10.1/x"


@pytest.fixture
def page(browser: Any, made: Callable[[str], Path]) -> Iterator[Any]:
    """The technical report, its own policy in force."""
    with seen.opened(browser, made("report")) as opened:
        yield opened


def test_the_contents_show_where_one_is(page: Any) -> None:
    for name, title in (("flow", "People flow"), ("plan", "Plan and deviations")):
        page.evaluate("name => document.getElementById(name).scrollIntoView()", name)
        assert seen.settled(page, CURRENT, [title]) == [title]
        assert int(page.evaluate(MARKED, name)) >= 600
    assert int(page.evaluate(MARKED, "flow")) < 600
    box = page.locator(".contents").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 900


def test_the_contents_and_the_links_on_headings_work_by_keyboard(page: Any) -> None:
    page.locator('.contents a[href="#methods"]').focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#methods")
    top = page.locator("#methods").bounding_box()["y"]
    assert 0 <= top <= 40
    page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "Link to: Methods"
    assert page.locator("#methods > .titled .anchor").is_visible()


def test_folded_tables_open_by_keyboard(page: Any) -> None:
    summary = page.locator("#flow > details > summary").first
    table = page.locator("#flow > details table").first
    assert not table.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert table.is_visible()
    page.keyboard.press("Space")
    assert not table.is_visible()


def test_no_part_is_longer_than_a_screen_and_a_half_until_it_is_unfolded(page: Any) -> None:
    assert page.evaluate(seen.LONG, 1.5 * 900) == []
    assert page.evaluate(seen.LONG, 500) != []  # parts are measured at all


def test_how_to_read_a_figure_is_folded_below_it(page: Any) -> None:
    reading = page.locator("#flow figure .reading").first
    assert not reading.locator("p").is_visible()
    reading.locator("summary").click()
    assert reading.locator("p").is_visible()


def test_a_table_is_kept_under_the_pages_own_policy(page: Any, tmp_path: Path) -> None:
    table = page.locator("#answer table").first
    shown = table.locator("tbody tr").first.locator("th, td").all_inner_texts()
    with page.expect_download() as download:
        page.locator("#answer .save a").first.click()
    name = download.value.suggested_filename
    assert name == "internal-all-planned-questions-at-month-6.csv"
    download.value.save_as(tmp_path / name)
    with (tmp_path / name).open(encoding="utf-8-sig", newline="") as file:
        _, first, *_ = csv.reader(file)
    assert first[0] == shown[0]
    assert len(first) == len(shown)
    assert page.asked[1:] == [one for one in page.asked[1:] if one.startswith("data:")]
    assert page.said == []


def test_one_click_selects_the_methods_and_nothing_else(browser: Any, tmp_path: Path) -> None:
    section = Section(
        "a", "A", (Paragraph("Before."), Paragraph(TEXT, "copy"), Paragraph("After."))
    )
    path = tmp_path / "page.html"
    path.write_text(
        wrap(Page("t", sections=(section,)).html(), title="t", files="internal"), "utf-8"
    )
    with seen.opened(browser, path) as page:
        page.locator(".copy").click()
        assert page.evaluate("getSelection().toString()").strip() == TEXT
        with page.expect_download() as download:
            page.locator(".save a").click()
        assert download.value.suggested_filename == "internal-methods.txt"
        assert Path(download.value.path()).read_text("utf-8") == f"{TEXT}\n"


def test_paper_has_what_is_folded_and_each_reading_once(page: Any, tmp_path: Path) -> None:
    text = " ".join(" ".join(seen.printed(page, tmp_path / "page.pdf")).split())
    assert "(folded; see the page on screen)" not in text
    assert "Month by month" in text  # within a folded part
    assert text.count("Read from top to bottom: each box says how many") == 1
    assert "Save as CSV" not in text
    assert "How to read this figure" not in text


def test_figures_stay_on_white_where_the_page_is_dark(
    browser: Any, made: Callable[[str], Path]
) -> None:
    with seen.opened(browser, made("report"), scheme="dark") as page:
        colour = "name => getComputedStyle(document.querySelector(name)).backgroundColor"
        assert page.evaluate(colour, "body") != "rgb(255, 255, 255)"
        assert page.evaluate(colour, ".picture") == "rgb(255, 255, 255)"
