"""The brief in the real browser: silent, accessible, nothing cut, two sheets of paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.pictures import empty, pictures
from tests.report.leadership.briefs import briefs
from tests.report.leadership.sheets import page, squeezed

from rmresearch.report.leadership.brief import Pages

from . import seen

pytestmark = pytest.mark.browser

NAMES = sorted(briefs())
CUT = ("all readings", "branded", "hebrew", "long names", "markup", "reactions")


@cache
def pages(name: str) -> Pages:
    return Pages.of(briefs()[name])


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(name: str) -> Path:
        file = tmp_path / f"{name.replace(' ', '-')}.html"
        file.write_text(page(pages(name)), "utf-8")
        return file

    return write


@pytest.mark.parametrize("name", NAMES)
def test_it_prints_on_two_sheets_the_first_of_which_ends_with_the_levels(
    browser: Any, written: Any, tmp_path: Path, name: str
) -> None:
    pdf = tmp_path / "printed.pdf"
    with seen.opened(browser, written(name)) as opened:
        sheets = [squeezed(text) for text in seen.printed(opened, pdf)]
    assert len(sheets) == 2
    brief = pages(name).brief
    if name not in {"hebrew", "arabic"}:
        assert all(squeezed(tile.asks) in sheets[0] for tile in brief.tiles)
        assert squeezed(brief.claims.title) in sheets[1]
    assert empty(pictures(pdf, tmp_path)) == []


@pytest.mark.parametrize("name", CUT)
def test_nothing_is_cut_and_nobody_is_asked(browser: Any, written: Any, name: str) -> None:
    file = written(name)
    with seen.opened(browser, file) as opened:
        for width in seen.WIDTHS:
            opened.set_viewport_size({"width": width, "height": 900})
            assert seen.too_wide(opened) == [], width
        asked = [url for url in opened.asked if not url.startswith("data:")]
        assert asked == [file.as_uri()]
        assert opened.said == []
        assert seen.nameless(opened) == []
        for scheme in ("light", "dark"):
            opened.emulate_media(color_scheme=scheme)
            assert seen.faint(opened) == [], scheme
        opened.emulate_media(media="print")
        assert seen.faint(opened) == []


@pytest.mark.parametrize(
    ("name", "width", "scheme", "medium"),
    [
        ("all readings", 1280, "light", "screen"),
        ("all readings", 375, "dark", "screen"),
        ("branded", 1280, "dark", "screen"),
        ("long names", 768, "light", "print"),
        ("hidden", 375, "light", "screen"),
    ],
)
def test_wcag_2_at_a_and_aa(
    browser: Any, written: Any, name: str, width: int, scheme: str, medium: str
) -> None:
    with seen.opened(browser, written(name), width=width, scheme=scheme, free=True) as opened:
        opened.emulate_media(media=medium, color_scheme=scheme)
        assert seen.violations(opened) == []


@pytest.mark.parametrize("width", seen.WIDTHS)
def test_marks_stand_where_the_axis_says(browser: Any, written: Any, width: int) -> None:
    """The dot's place is read off the axis: between its two neighbouring labels, as its value."""
    with seen.opened(browser, written("one"), width=width) as opened:
        places = opened.evaluate(
            """() => {
              const strip = document.querySelector(".answer .strip");
              const middle = one => { const box = one.getBoundingClientRect();
                return box.x + box.width / 2; };
              return [middle(strip.querySelector(".dot")), middle(strip.querySelector(".zero")),
                [...strip.querySelectorAll(".ticks span")].map(
                  one => [middle(one), one.textContent])];
            }"""
        )
    dot, zero, ticks = places
    labels = {float(text.replace("−", "-")): place for place, text in ticks}
    (low, first), (high, last) = min(labels.items()), max(labels.items())
    a_pixel = (high - low) / (last - first)
    assert zero == pytest.approx(labels[0.0], abs=1.5)
    # 1.3 of the smallest difference of 0.3, as released to two decimals
    assert low + (dot - first) * a_pixel == pytest.approx(0.39, abs=1.5 * a_pixel)
