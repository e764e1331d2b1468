"""The handbook builds without a warning, and its pages hold together and fetch nothing.

Built without running the pages' code, which takes minutes: tests/test_handbook_pages.py has it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tests.browser.seen import opened, settled, violations

pytest.importorskip("sphinx", reason="the handbook needs the extra docs")
pytestmark = pytest.mark.slow

#: attributes that make a browser fetch something, by element; links that are clicked do not
FETCHED = {
    **dict.fromkeys(("audio", "embed", "iframe", "script", "source", "track"), ("src",)),
    "img": ("src", "srcset"),
    "link": ("href",),
    "object": ("data",),
    "video": ("src", "poster"),
}
#: links of a page's head that name another page and fetch nothing
RELATED = {"author", "canonical", "copyright", "index", "next", "prev", "search"}
#: pages that the builder makes, without any text of ours
MADE = {"genindex.html", "search.html", "py-modindex.html"}


class Page(HTMLParser):
    """What a page fetches, where it links to, what can be linked to, its title and language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.language = self.title = self._open = ""
        self.heads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._open = tag if tag in ("title", "h1") else self._open
        if tag == "h1":
            self.heads.append("")
        if tag == "html":
            self.language = given.get("lang", "")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag != "link" or given.get("rel") not in RELATED:
            self.fetched += [given[name] for name in FETCHED.get(tag, ()) if name in given]
        self.fetched += re.findall(r"url\(([^)]*)\)", given.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        if self._open == "title":
            self.title += data
        elif self._open == "h1":
            self.heads[-1] += data


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The handbook as HTML, its code not run; any warning fails."""
    place = tmp_path_factory.mktemp("handbook")
    # cells that were not run have no lexer of their own: the one warning that says nothing
    off = ("-D", "nb_execution_mode=off", "-D", "suppress_warnings=myst-nb.lexer")
    aside, where = ("-d", str(place / "doctrees")), (str(root / "docs"), str(place / "html"))
    made = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", *off, *aside, *where],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return place / "html"


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[str, Page]:
    """Every page by its path."""
    found = sorted(built.rglob("*.html"))
    return {path.relative_to(built).as_posix(): Page(path.read_text("utf-8")) for path in found}


def sources(root: Path) -> list[str]:
    """The pages as they are written, by the path of what is built of them."""
    docs = root / "docs"
    found = [path.relative_to(docs) for path in docs.rglob("*.md")]
    ours = [path for path in found if path.parts[0] not in {"_build", "_ipython", "examples"}]
    return sorted(path.with_suffix(".html").as_posix() for path in ours)


def test_every_page_has_a_title_of_its_own_one_heading_and_a_language(
    pages: dict[str, Page], root: Path
) -> None:
    written = sources(root)
    assert set(pages) - MADE == set(written)
    for name in written:
        page = pages[name]
        assert page.language == "en", name
        assert page.title.strip(), name
        assert len(page.heads) == 1, f"{name}: {page.heads}"
    titles = [pages[name].title for name in written]
    assert sorted(set(titles)) == sorted(titles)


def test_every_page_is_reached_from_the_first(pages: dict[str, Page], root: Path) -> None:
    seen, waiting = set(), ["index.html"]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in pages:
            continue
        seen.add(name)
        waiting += [target for target, _ in internal(name, pages[name])]
    assert set(sources(root)) <= seen


def internal(name: str, page: Page) -> Iterator[tuple[str, str]]:
    """The links that stay in the handbook: the file, and the place in it."""
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = os.path.normpath(Path(name).parent / unquote(parts.path)) if parts.path else name
        yield Path(path).as_posix(), unquote(parts.fragment)


def test_every_link_inside_leads_somewhere(built: Path, pages: dict[str, Page]) -> None:
    broken = []
    for name, page in pages.items():
        for path, fragment in internal(name, page):
            target = pages.get(path)
            there = target is not None or (built / path).is_file()
            if not there or (fragment and target and fragment not in target.anchors):
                broken.append(f"{name}: {path}#{fragment}")
    assert not broken


def test_nothing_is_fetched_from_elsewhere(built: Path, pages: dict[str, Page]) -> None:
    asked = [(name, address) for name, page in pages.items() for address in page.fetched]
    assert any(address.endswith(".js") or ".js?" in address for _, address in asked)
    sheets = {path.name: path.read_text("utf-8") for path in built.rglob("*.css")}
    told = [text for name in pages for text in styles((built / name).read_text("utf-8"))]
    for name, text in [*sheets.items(), *((f"style {i}", one) for i, one in enumerate(told))]:
        asked += [(name, one) for one in re.findall(r"url\(\s*['\"]?([^'\")]+)", text)]
        asked += [(name, one) for one in re.findall(r"@import\s+['\"]([^'\"]+)", text)]
    abroad = [(name, one) for name, one in asked if urlsplit(one).scheme not in ("", "data")]
    assert not abroad + [(name, one) for name, one in asked if one.startswith("//")]


@pytest.mark.parametrize("name", ["architecture", "world"])
def test_drawings_open_by_themselves(built: Path, name: str) -> None:
    """On a phone a drawing of many boxes is read by enlarging it."""
    text = (built / f"{name}.html").read_text("utf-8")
    drawings = re.findall(r'<img [^>]*src="([^"]+\.svg)"', text)
    assert drawings
    assert all(f'<a href="{one}"><img ' in text for one in drawings)


def styles(text: str) -> list[str]:
    """The style sheets that stand in a page."""
    return re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL)


def test_the_search_knows_the_words_of_every_page(built: Path, root: Path) -> None:
    text = (built / "searchindex.js").read_text("utf-8")
    index = json.loads(text[len("Search.setIndex(") : text.rindex(")")])
    names = [f"{name}.html" for name in index["docnames"]]
    assert sorted(names) == sources(root)
    found: dict[str, int] = dict.fromkeys(names, 0)
    for places in index["terms"].values():
        for place in places if isinstance(places, list) else [places]:
            found[names[place]] += 1
    assert min(found.values()) > 20, min(found, key=lambda name: found[name])


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.browser
def test_a_question_is_typed_and_its_page_is_found_without_a_network(
    browser: Any, built: Path
) -> None:
    with opened(browser, built / "index.html") as page:
        page.fill(".sidebar-search", "pseudonyms")
        page.press(".sidebar-search", "Enter")
        page.wait_for_load_state("load")
        listed = "[...document.querySelectorAll('#search-results li a')].map(one => one.pathname)"
        settled(page, f"{listed}.length > 0", True)
        found = [Path(one).name for one in page.evaluate(listed)]
        assert "privacy-notice.html" in found
        page.click("#search-results li a[href*='privacy-notice']")
        page.wait_for_load_state("load")
        assert "Privacy notice" in page.title()
        assert all(url.startswith(("file:", "data:")) for url in page.asked)
        assert not page.said


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "data-dictionary", "privacy-notice"])
def test_pages_are_for_everybody(browser: Any, built: Path, name: str, scheme: str) -> None:
    """WCAG 2 at A and AA by axe, in the house's colours by day and by night."""
    with opened(browser, built / f"{name}.html", scheme=scheme) as page:
        assert not violations(page)
        assert not page.said


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index", "data-dictionary", "methods/compare-arms"])
def test_pages_fit_a_phone(browser: Any, built: Path, name: str) -> None:
    with opened(browser, built / f"{name}.html", width=390) as page:
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(over) <= 0
        assert not violations(page, ("scrollable-region-focusable",))
