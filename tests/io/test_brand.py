"""[brand] of study.toml: read with the study, everything wrong with it at once."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pilot_files import Pilot

from rmresearch.colours import COMPARISON, PAPER, TINT, contrast, shade, steps_apart
from rmresearch.errors import Problem, StudyError
from rmresearch.io.brand import AA, EASY, read_brand, study_brand, template_path
from rmresearch.io.check import check
from rmresearch.io.pictures import UnfitError
from rmresearch.io.read import read_study
from rmresearch.io.schema import BrandEntry
from rmresearch.study import Brand

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"><rect width="4" height="2"/></svg>'
)
NAMED = re.compile(r"Use '(#[0-9a-f]{6})'")


def entry(folder: Path, **given: str) -> tuple[Brand, list[Problem]]:
    return read_brand(BrandEntry(**given), folder / "study.toml")


def only(folder: Path, **given: str) -> Problem:
    _, problems = entry(folder, **given)
    assert len(problems) == 1, problems
    assert problems[0].file == "study.toml"
    return problems[0]


def deck(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return held.getvalue()


def wide_png() -> bytes:
    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\x00" * 99)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts
    )


def test_nothing_declared_is_the_house(tmp_path: Path) -> None:
    assert entry(tmp_path) == (Brand(), [])


@pytest.mark.parametrize("colour", ["red", "#8A1538", "#123", "#8a1538;}", "#8a1538\n"])
def test_a_brand_made_by_hand_has_colours_that_are_colours(colour: str) -> None:
    for key in ("accent", "ink"):
        with pytest.raises(ValueError, match="#rrggbb"):
            Brand(**{key: colour})


def test_a_brand_in_full(tmp_path: Path) -> None:
    (tmp_path / "look").mkdir()
    (tmp_path / "look" / "mark.svg").write_bytes(SVG)
    (tmp_path / "our.pptx").write_bytes(deck("ppt/presentation.xml"))
    given = {"name": " Nordwind ", "logo": "look/mark.svg", "accent": "#8A1538", "ink": "#22262B"}
    brand, problems = entry(tmp_path, **given, template="our.pptx")
    assert problems == []
    assert (brand.name, brand.accent, brand.ink) == ("Nordwind", "#8a1538", "#22262b")
    assert brand.logo is not None
    assert (brand.logo.file, brand.logo.width, brand.logo.height) == ("look/mark.svg", 4.0, 2.0)
    assert template_path(tmp_path, brand) == tmp_path / "our.pptx"
    assert template_path(tmp_path / "study.toml", brand) == tmp_path / "our.pptx"
    (tmp_path / "our.pptx").unlink()
    with pytest.raises(UnfitError, match="is not there"):
        template_path(tmp_path, brand)
    assert template_path(tmp_path, Brand()) is None


@pytest.mark.parametrize(
    ("accent", "surface"), [("#ff6600", PAPER), ("#ffcc00", PAPER), ("#00a0e3", PAPER)]
)
def test_an_accent_that_cannot_be_read_names_one_that_can(
    tmp_path: Path, accent: str, surface: str
) -> None:
    problem = only(tmp_path, accent=accent)
    ratio = float(re.search(r"([0-9.]+):1 on white", problem.found)[1])  # type: ignore[index]
    # the ratio is cut, not rounded, to two places
    assert 0 <= contrast(accent, surface) - ratio < 0.01
    assert "needs 4.5:1" in problem.found
    better = NAMED.search(problem.fix)[1]  # type: ignore[index]
    assert contrast(better, PAPER) >= AA
    assert contrast(better, shade(TINT, better)) >= AA
    assert steps_apart(better, COMPARISON)[0] >= EASY
    assert entry(tmp_path, accent=better) == (Brand(accent=better), [])


@settings(max_examples=60)
@given(parts=st.tuples(*[st.integers(0, 255)] * 3), key=st.sampled_from(["accent", "ink"]))
def test_whatever_is_suggested_is_let_in_without_a_word(
    parts: tuple[int, int, int], key: str
) -> None:
    colour = "#" + bytes(parts).hex()
    brand, problems = entry(Path("nowhere"), **{key: colour})
    if not problems:
        assert getattr(brand, key) == colour
        return
    (problem,) = problems
    better = re.search(r"'(#[0-9a-f]{6})'", problem.fix)[1]  # type: ignore[index]
    assert entry(Path("nowhere"), **{key: better}) == (Brand(**{key: better}), [])


def test_an_accent_that_only_its_own_tint_makes_unreadable(tmp_path: Path) -> None:
    # 4.5 on white is luminance 0.1833; the tint of luminance 0.89 needs 0.1588 or less
    problem = only(tmp_path, accent="#767676")
    assert contrast("#767676", PAPER) >= AA
    assert "on white" not in problem.found
    assert "on its own tint" in problem.found


def test_an_ink_that_cannot_be_read(tmp_path: Path) -> None:
    problem = only(tmp_path, ink="#6f7d8c")
    better = NAMED.search(problem.fix)[1]  # type: ignore[index]
    for surface in (PAPER, TINT, "#e9eef2"):
        assert contrast(better, surface) >= AA
    assert entry(tmp_path, ink=better) == (Brand(ink=better), [])


def test_an_accent_like_the_comparisons_grey_is_refused(tmp_path: Path) -> None:
    problem = only(tmp_path, accent="#55626c")
    assert contrast("#55626c", PAPER) > 6.0  # read well: it is the likeness that counts
    assert steps_apart("#55626c", COMPARISON)[0] < 1.0
    assert (problem.severity, COMPARISON in problem.found) == ("error", True)
    better = NAMED.search(problem.fix)[1]  # type: ignore[index]
    assert entry(tmp_path, accent=better)[1] == []


def test_an_accent_near_to_it_for_the_colour_blind_is_a_warning(tmp_path: Path) -> None:
    brand, (problem,) = entry(tmp_path, accent="#00704a")
    assert brand.accent == "#00704a"
    assert problem.severity == "warning"
    assert "deuteranopia" in problem.found
    better = re.search(r"'(#[0-9a-f]{6})'", problem.fix)[1]  # type: ignore[index]
    assert entry(tmp_path, accent=better) == (Brand(accent=better), [])


@pytest.mark.parametrize(
    ("given", "fix"),
    [("#f60", "#ff6600"), ("red", "#12436d"), ("#12345g", "#12436d"), ("", "#12436d")],
)
def test_what_is_no_colour(tmp_path: Path, given: str, fix: str) -> None:
    problem = only(tmp_path, ink=given)
    assert "expected a colour as #rrggbb" in problem.found
    assert fix in problem.fix


@pytest.mark.parametrize(
    "given",
    [
        *("/etc/logo.png", "../logo.png", "a/../../logo.png", "C:/logo.png", "C:logo.png"),
        *("a\\b.png", "~/logo.png", "", "  ", "a\x00.png", "a" * 500 + ".png"),
    ],
)
def test_a_path_that_is_not_in_the_folder(tmp_path: Path, given: str) -> None:
    for key in ("logo", "template"):
        assert "not a path inside the study's folder" in only(tmp_path, **{key: given}).found


def test_a_link_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    (folder / "inside").mkdir(parents=True)
    (tmp_path / "logo.svg").write_bytes(SVG)
    (folder / "logo.svg").symlink_to(tmp_path / "logo.svg")
    (folder / "out").symlink_to(tmp_path)
    for path in ("logo.svg", "out/logo.svg"):
        assert "leads out of the study's folder by a link" in only(folder, logo=path).found
    (folder / "inside" / "real.svg").write_bytes(SVG)
    (folder / "near.svg").symlink_to(folder / "inside" / "real.svg")
    assert entry(folder, logo="near.svg")[1] == []
    (folder / "circle.svg").symlink_to(folder / "circle.svg")
    assert only(folder, logo="circle.svg").found.endswith(("cannot be opened", "is not there"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.png", None, "is not there"),
        ("logo.png", b"a text", "is not a PNG or SVG by its content"),
        ("logo.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50_000_000, "is larger than 500 KB"),
        ("logo.png", wide_png(), "is 10,000 by 10,000 pixels"),
        ("logo.svg", SVG.replace(b"<rect", b"<script>x</script><rect"), "an SVG with <script>"),
        ("logo.gif", b"GIF89a", "does not end in .png or .svg"),
        ("logo", SVG, "does not end in .png or .svg"),
    ],
)
def test_a_logo_that_cannot_be_one(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    problem = only(tmp_path, logo=name)
    assert words in problem.found
    assert name in problem.found
    assert problem.fix


def test_a_folder_is_no_logo_and_the_nearest_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "logo.png").mkdir()
    assert "is not a file" in only(tmp_path, logo="logo.png").found
    (tmp_path / "nordwind.svg").write_bytes(SVG)
    assert "Did you mean 'nordwind.svg'?" in only(tmp_path, logo="nordwnd.svg").fix


@pytest.mark.parametrize("content", [b"a text", deck("word/document.xml"), deck()])
def test_a_template_that_is_no_presentation(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "our.pptx").write_bytes(content)
    assert "not a PowerPoint presentation" in only(tmp_path, template="our.pptx").found


BROKEN = """
[brand]
nam = "Nordwind"
logo = "gone.png"
accent = "#ff6600"
ink = 7
template = "../our.pptx"
"""


def test_check_lists_all_of_it_beside_what_is_wrong_with_the_data(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.toml += BROKEN
    pilot.pairs[0]["junior"] = "nobody"
    pilot.write(tmp_path)
    found = "\n".join(str(problem) for problem in check(tmp_path).problems)
    for words in (
        "brand.nam is not a known key",
        "Did you mean 'name'?",
        "brand.logo 'gone.png' is not there",
        "brand.accent #ff6600 has a contrast of",
        "brand.ink is a number; expected text in quotes",
        "brand.template '../our.pptx' is not a path inside",
        "nobody",
    ):
        assert words in found, words
    with pytest.raises(StudyError, match=re.escape("brand.logo 'gone.png' is not there")):
        read_study(tmp_path)


def test_a_study_carries_its_brand(tmp_path: Path) -> None:
    pilot = Pilot()
    pilot.toml += '\n[brand]\nname = "Nordwind"\nlogo = "logo.svg"\naccent = "#8a1538"\n'
    pilot.write(tmp_path)
    (tmp_path / "logo.svg").write_bytes(SVG)
    brand = read_study(tmp_path).design.brand
    assert (brand.name, brand.accent) == ("Nordwind", "#8a1538")
    assert brand.logo is not None
    again, files = study_brand(tmp_path)
    assert again == brand
    assert files == {tmp_path / "logo.svg": brand.logo.digest}
    assert study_brand(tmp_path / "study.toml") == (brand, files)


@pytest.mark.parametrize("text", ["brand = 3\n", '[brand]\nname = ["a"]\n'])
def test_a_brand_of_the_wrong_type_hides_nothing_else(tmp_path: Path, text: str) -> None:
    pilot = Pilot()
    pilot.toml = text + pilot.toml if text.startswith("brand") else pilot.toml + "\n" + text
    pilot.pairs[0]["junior"] = "nobody"
    pilot.write(tmp_path)
    found = "\n".join(str(problem) for problem in check(tmp_path).problems)
    assert "brand" in found
    assert "nobody" in found
