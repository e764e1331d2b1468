"""reports/gallery: small, as it was made, of the example as it is, and it opens."""

from __future__ import annotations

import io
import zipfile
from importlib.metadata import version
from pathlib import Path

import pypdf
import pytest
from PIL import Image
from pptx import Presentation
from tests.make_gallery import COMMAND, FILES, GALLERY, LARGEST, PICTURES, page

from rmresearch.files import read_manifest, sha256, verify
from rmresearch.io.read import read_study

ROOT = Path(__file__).resolve().parents[1]
PILOT = ROOT / "data" / "synthetic" / "pilot"
DOCUMENTS = tuple(Path(name).name for name in FILES)


def test_it_is_small_and_whole() -> None:
    there = {path.name for path in GALLERY.iterdir()}
    assert there == {*DOCUMENTS, *PICTURES, "README.md", "manifest.json"}
    assert sum(path.stat().st_size for path in GALLERY.iterdir()) < LARGEST
    assert verify(GALLERY) == ()


def test_it_is_of_the_example_as_it_is() -> None:
    manifest = read_manifest(GALLERY)
    assert manifest.command == COMMAND
    assert manifest.versions["rmresearch"] == version("rmresearch"), "run make gallery"
    read = {(GALLERY / name).resolve(): digest for name, digest in manifest.inputs.items()}
    files = [PILOT / "data" / name for name, _ in read_study(PILOT).sources]
    assert {*files, PILOT / "study.toml", PILOT / "plan.toml"} <= set(read)
    for path, digest in read.items():
        assert sha256(path) == digest, f"{path.name} is another: run make gallery"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_opens_and_names_the_study(name: str) -> None:
    content = (GALLERY / name).read_bytes()
    title = (
        "A synthetic reverse-mentoring pilot"
        if name == "pulse.html"
        else (read_study(PILOT).design.title)
    )
    if name.endswith(".html"):
        said = content.decode("utf-8")
        assert "<script" not in said
    elif name.endswith(".pdf"):
        paper = pypdf.PdfReader(io.BytesIO(content))
        assert len(paper.pages) == 2
        said = str(paper.metadata and paper.metadata.title)
    elif name.endswith(".pptx"):
        slides = Presentation(io.BytesIO(content))
        assert len(slides.slides) >= 8
        said = slides.core_properties.title
    else:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            assert book.testzip() is None
            said = (
                book.read("docProps/core.xml").decode() + book.read("xl/sharedStrings.xml").decode()
            )
    assert title in said
    for path in (b"/work/", b"/root", b"/home/", str(ROOT).encode()):
        assert path not in content


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_shows_something(name: str) -> None:
    with Image.open(GALLERY / name) as seen:
        assert min(seen.size) >= 400
        counted = seen.convert("L").histogram()
    assert 0.02 < 1 - max(counted) / sum(counted) < 0.9


def test_the_lists_say_what_is_there() -> None:
    assert (GALLERY / "README.md").read_text("utf-8") == page()
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "reports/gallery/brief-1.png" in readme
    assert "reports/gallery/README.md" in readme
