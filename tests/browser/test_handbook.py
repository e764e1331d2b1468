"""The handbook as `make docs` left it, its pictures drawn: read on a desk and on a phone, by day
and by night. Pages older than their source, or never built, are skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import seen

pytestmark = pytest.mark.browser

#: a page of each kind
PAGES = (
    "index",
    "api",
    "choices/randomise",
    "choices/wait-list",
    "data-dictionary",
    "methods/equivalence",
    "methods/subgroups",
    "methods/wave-means",
    "study-file",
    "world",
)
PHONE, DESK = seen.WIDTHS[0], seen.WIDTHS[-1]
#: what all pages hang on beside their own text
SHARED = ("conf.py", "narrow.py", "shown.py", "_static/handbook.css")
#: letters of our pictures as the screen shows them, in pixels
LETTERS = """
() => [...document.querySelectorAll(".wide svg text, .narrow svg text")]
  .filter(one => one.checkVisibility()).map(one => {
    const svg = one.ownerSVGElement;
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return scale * parseFloat(getComputedStyle(one).fontSize);
  })
"""
#: texts that leave the screen where nothing lets a reader scroll to them
CUT = """
() => [...document.querySelectorAll("article *:not(.headerlink)")].filter(one => {
  const told = [...one.childNodes].some(part => part.nodeType === 3 && part.data.trim());
  if (!told || one.closest("svg") || !one.checkVisibility()) return false;
  const { left, right } = one.getBoundingClientRect();
  if (left >= -1 && right <= document.documentElement.clientWidth + 1) return false;
  for (let box = one; box.tagName !== "ARTICLE"; box = box.parentElement) {
    if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return false;
  }
  return true;
}).map(one => one.textContent.trim().slice(0, 60))
"""
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: pictures that are wider than the room they have
SCROLLED = """
() => [...document.querySelectorAll(".wide .picture, .narrow .picture")]
  .filter(one => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)
  .map(one => one.textContent.slice(0, 60))
"""


@pytest.fixture(params=PAGES)
def file(request: pytest.FixtureRequest, root: Path) -> Path:
    docs = root / "docs"
    built = docs / "_build" / "html" / f"{request.param}.html"
    sources = [docs / f"{request.param}.md", *(docs / name for name in SHARED)]
    if not built.is_file() or built.stat().st_mtime < max(one.stat().st_mtime for one in sources):
        pytest.skip("make docs has not built this page since it was changed")
    return built


def test_nothing_is_cut_and_pictures_are_read_at_any_width(browser: Any, file: Path) -> None:
    with seen.opened(browser, file, free=True) as page:
        for width in seen.WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(OVER) <= 0, width
            assert page.evaluate(CUT) == [], width
            assert page.evaluate(SCROLLED) == [], width
            assert min(page.evaluate(LETTERS), default=12.0) > 9.0, width
        assert seen.violations(page, ("scrollable-region-focusable",)) == []
        assert page.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_all_texts_stand_out(browser: Any, file: Path, width: int, scheme: str) -> None:
    with seen.opened(browser, file, width=width, scheme=scheme) as page:
        assert seen.faint(page) == []
