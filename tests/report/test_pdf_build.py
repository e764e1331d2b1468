"""The example's report as page and as PDF, of one run: they say the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pypdf
import pytest
from click.testing import CliRunner

from rmresearch.cli import main
from rmresearch.files import verify
from rmresearch.report.build import build, check_formats

from .test_pdf import squeezed, structure

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "data" / "synthetic" / "pilot"
#: on the page only: what one clicks, and what is told again below the next figure of a kind
SCREEN = {"anchor", "skip", "save", "reading", "contents", "edge"}
EMPTY = {"br", "hr", "img", "input", "link", "meta"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("both") / "pilot"
    assert build(PILOT, out, formats=("pdf", "html")) == out / "internal" / "report.html"
    return out / "internal"


class _Page(HTMLParser):
    """What a page says, without pictures and without what stands in ``SCREEN``."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in EMPTY:
            names = set((dict(attrs).get("class") or "").split())
            self._open.append(tag in {"svg", "style", "head"} or bool(names & SCREEN))

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(self._open):
            self.said.append(data)


def test_both_stand_in_the_manifest(both: Path) -> None:
    manifest = json.loads((both / "manifest.json").read_text("utf-8"))
    assert set(manifest["outputs"]) == {"report.html", "report.pdf", "results.json"}
    assert manifest["settings"] == {"audience": "technical", "formats": ["html", "pdf"]}
    assert verify(both) == ()


def test_paper_has_every_text_of_the_page(both: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine (poppler-utils)")
    command = ["pdftotext", "-raw", str(both / "report.pdf"), "-"]
    paper = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    sheets = paper.split("\f")[:-1]
    number, title = re.compile(r"Page \d+ of \d+"), json.loads((both / "results.json").read_text())
    assert all(number.search(sheet) and "Internal" in sheet for sheet in sheets)
    running = (*(squeezed(word) for word in (title["title"], "Internal")), squeezed("Example AG"))
    page = _Page()
    page.feed((both / "report.html").read_text("utf-8"))
    assert len(page.said) > 3000
    text = squeezed(paper)
    missing = [said for said in page.said if squeezed(said) not in text]
    # what goes on overleaf has running heads and feet within it
    assert len(missing) <= 5
    for said in missing:
        halves = [squeezed(said)[:40], squeezed(said)[-40:]]
        assert all(half in text for half in halves), said
    assert all(word in text for word in running)


def test_paper_has_the_alternative_text_of_every_figure(both: Path) -> None:
    page = (both / "report.html").read_text("utf-8")
    labels = re.findall(r'<svg role="img" aria-label="([^"]*)"', page)
    assert len(labels) >= 25
    tags = structure((both / "report.pdf").read_bytes())
    assert [alt for kind, alt in tags if kind == "/Figure" and alt] == [*map(unescape, labels)]


def test_nothing_of_this_machine_is_in_the_pdf(both: Path) -> None:
    content = (both / "report.pdf").read_bytes()
    reader = pypdf.PdfReader(both / "report.pdf")
    parts = map(reader.get_object, range(1, reader.trailer["/Size"]))
    plain = content + b"".join(one.get_data() for one in parts if hasattr(one, "get_data"))
    for path in (ROOT, both, both.parents[2], Path.home()):
        assert str(path).encode() not in plain


@pytest.mark.parametrize("formats", [(), ("docx",), ("html", "pptx")])
def test_other_formats_are_refused_before_anything_is_made(
    tmp_path: Path, formats: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="the technical report can be: html, pdf"):
        build(PILOT, tmp_path / "out", formats=formats)
    asked = ["report", str(PILOT), "--out", str(tmp_path / "out"), "--formats", ",".join(formats)]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 2
    assert "can be: html, pdf" in done.output
    assert not (tmp_path / "out").exists()


def test_formats_come_once_in_one_order() -> None:
    assert check_formats(["pdf", "html", "pdf"]) == ("html", "pdf")
    assert check_formats("pdf") == ("pdf",)
