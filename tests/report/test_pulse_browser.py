"""The pulse's page in a real browser: silent, still, accessible, nothing cut, whole on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser import seen

from rmresearch.report.html import render

from .test_pulse import trouble

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pulse") / "pulse.html"
    path.write_text(render(trouble().page()), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), (768, "light"), (1280, "dark")])
def test_it_is_readable_on_every_screen(browser: Any, file: Path, width: int, scheme: str) -> None:
    with seen.opened(browser, file, width=width, scheme=scheme, free=True) as page:
        page.evaluate(seen.UNFOLD)
        assert seen.too_wide(page) == []
        assert seen.nameless(page) == []
        assert seen.violations(page) == []
        assert page.asked[1:] == []
        assert page.said == []


def test_paper_cuts_no_chart_and_no_warning(browser: Any, file: Path, tmp_path: Path) -> None:
    with seen.opened(browser, file) as page:
        assert seen.torn(page, tmp_path / "pulse.pdf") == []
