"""The page in a real browser: silent, still, readable, printable."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rmresearch.report.html import INTERNAL, render

from .demo import demo

pytestmark = pytest.mark.browser

#: the contrast of every visible text with what is painted behind it (WCAG 2.2, 1.4.3)
CONTRAST = """
() => {
  const numbers = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = numbers(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("svg") || !e.checkVisibility()) continue;
    const words = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim());
    if (!words.length) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const [a, b] = [light(numbers(style.color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < (large ? 3 : 4.5)) bad.push(words[0].data.trim());
  }
  return bad;
}
"""
#: texts of figures that the browser's own fonts push over the edge (heights: test_figures.py)
OVERFLOW = """
() => [...document.querySelectorAll("svg")].flatMap(svg => {
  const [, , width] = svg.getAttribute("viewBox").split(" ").map(Number);
  return [...svg.querySelectorAll("text")].filter(text => {
    const box = text.getBBox();
    return box.x < -2 || box.x + box.width > width + 2; // boxes reach a pixel past the ink
  }).map(text => text.textContent);
})
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "demo.html"
    path.write_text(render(demo(), marks=(INTERNAL,)), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Any]:
    """The page with everything that it asked for and said."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.asked, page.said = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(file.as_uri())
    yield page
    page.close()


def test_it_asks_the_network_for_nothing_and_says_nothing(opened: Any, file: Path) -> None:
    opened.wait_for_load_state("networkidle")
    assert opened.asked == [file.as_uri()]
    assert opened.said == []


def test_the_policy_stops_a_script(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "scripted.html"
    scripted = render(demo()).replace("</body>", "<script>document.title = 'taken'</script></body>")
    path.write_text(scripted, "utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title() == "Reverse mentoring pilot"
    page.close()


def test_text_has_contrast_also_where_dark_is_preferred(opened: Any) -> None:
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        assert opened.evaluate(CONTRAST) == []


def test_texts_of_figures_stay_inside_in_the_browsers_fonts(opened: Any) -> None:
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert opened.evaluate(OVERFLOW) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_no_page_wider_than_its_screen(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_content_and_contents(opened: Any) -> None:
    opened.keyboard.press("Tab")
    focused = "document.activeElement.textContent"
    assert opened.evaluate(focused) == "Skip to content"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "main"
    opened.keyboard.press("Tab")
    assert opened.evaluate(focused) == "Who took part"
    opened.keyboard.press("Enter")
    assert opened.url.endswith("#flow")


def test_the_contents_stay_beside_the_text_on_a_wide_screen(opened: Any) -> None:
    nav, text = (opened.locator(name).bounding_box() for name in (".contents", "#flow"))
    assert nav["x"] + nav["width"] <= text["x"]
    opened.locator("#limits").scroll_into_view_if_needed()
    assert opened.locator(".contents").bounding_box()["y"] >= 0


@pytest.fixture(scope="module")
def paper(browser: Any, file: Path) -> list[str]:
    """The text of each printed page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine (poppler-utils)")
    page = browser.new_page()
    page.goto(file.as_uri())
    pdf = file.with_suffix(".pdf")
    page.pdf(path=str(pdf), prefer_css_page_size=True, print_background=True)
    page.close()
    command = ["pdftotext", "-layout", str(pdf), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return text.split("\f")[:-1]


def test_every_sheet_carries_the_mark_and_its_number(paper: list[str]) -> None:
    assert len(paper) > 5
    for number, sheet in enumerate(paper, start=1):
        lines = [line.strip() for line in sheet.splitlines() if line.strip()]
        assert lines[0].endswith("Internal")
        assert lines[-1].startswith("Reverse mentoring pilot")
        assert lines[-1].endswith(f"{number} / {len(paper)}")


def test_a_long_table_repeats_its_heads_on_paper(paper: list[str]) -> None:
    with_rows = [sheet for sheet in paper if "Outcome 1" in sheet or "Outcome 39" in sheet]
    assert len(with_rows) >= 2
    for sheet in with_rows:
        assert "(mean)" in sheet


def test_what_is_folded_is_printed_where_it_says_so(paper: list[str]) -> None:
    text = "\n".join(paper)
    assert "standard deviations" in text  # of the balance plot, inside the details
    assert "Only for those who unfold it." not in text
    assert "More of it (folded; see the page on screen)" in text
    assert "Skip to content" not in text


def test_a_print_needs_no_poppler(browser: Any, file: Path, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(file.as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert printed.startswith(b"%PDF-")
    assert len(printed) > 50_000
