"""A branded page in the real browser: read in all colours that are let in, dark and on paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from report.demo import demo
from rmresearch.report.html import INTERNAL, render
from rmresearch.study import Brand, Logo

from .seen import faint, nameless, opened, printed, too_wide, violations

pytestmark = pytest.mark.browser

#: a wide mark, as a company's name in one line is
MARK = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 90">'
    b'<path d="M0 0h900v90H0z" fill="#8a1538"/></svg>'
)
LOGO = Logo("mark.svg", "svg", MARK, "0" * 64, 900.0, 90.0)
NAME = "Nordwind Energie und Wasserversorgungsgesellschaft der Vereinigten Gemeinden"
BRAND = Brand(name=NAME, logo=LOGO, accent="#8a1538", ink="#22262b")


def written(folder: Path, brand: Brand) -> Path:
    path = folder / "branded.html"
    whole = demo()  # in part: axe looks at every word on the page
    short = replace(whole, brand=brand, sections=(whole.section("flow"), whole.section("limits")))
    path.write_text(render(short, marks=(INTERNAL,)), "utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(browser: Any, tmp_path: Path, scheme: str) -> None:
    """In the lightest yellow that is let in, and a bright ink."""
    file = written(tmp_path, Brand(name=NAME, logo=LOGO, accent="#886c00", ink="#5b3a8c"))
    with opened(browser, file, scheme=scheme, free=True) as page:
        assert faint(page) == []
        assert violations(page) == []


@pytest.mark.parametrize("width", [375, 1280])
def test_the_logo_shows_fits_and_asks_for_nothing(browser: Any, tmp_path: Path, width: int) -> None:
    file = written(tmp_path, BRAND)
    with opened(browser, file, width=width) as page:
        assert page.said == []
        assert [url for url in page.asked if not url.startswith("data:")] == [file.as_uri()]
        shown = page.evaluate(
            "(one => [one.naturalWidth, one.clientWidth, one.clientHeight])"
            "(document.querySelector('.brand img'))"
        )
        # drawn, and no wider than 13 times, no higher than 2.75 times the letters of 16 pixels
        assert shown[0] > 0
        assert 0 < shown[1] <= 208
        assert 0 < shown[2] <= 44
        assert nameless(page) == []
        assert too_wide(page) == []


def test_figures_and_headings_wear_the_accent(browser: Any, tmp_path: Path) -> None:
    wine, dark = "rgb(138, 21, 56)", "prefers-color-scheme: dark"
    with opened(browser, written(tmp_path, BRAND)) as page:
        style = "getComputedStyle(document.querySelector('.rmr .head'))"
        assert page.evaluate(f"{style}.borderTopColor") == wine
        painted = page.evaluate(
            "[...document.querySelectorAll('figure svg *')].flatMap(one => "
            "[getComputedStyle(one).fill, getComputedStyle(one).stroke])"
        )
        assert wine in painted
        assert "rgb(18, 67, 109)" not in painted  # the house's
    with opened(browser, written(tmp_path, BRAND), scheme="dark") as page:
        assert page.evaluate(f"matchMedia('({dark})').matches")
        assert page.evaluate(f"{style}.borderTopColor") != wine


def test_paper_has_the_name(browser: Any, tmp_path: Path) -> None:
    with opened(browser, written(tmp_path, BRAND)) as page:
        first = printed(page, tmp_path / "branded.pdf")[0]
    assert "Nordwind Energie und Wasserversorgungsgesellschaft" in first
