"""A study's brand on its pages, figures and workbook: every colour, no text, nothing of ours."""

from __future__ import annotations

import base64
import io
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.colours import COMPARISON, DARK, contrast, luminance, steps_apart
from rmresearch.files import verify
from rmresearch.privacy import release
from rmresearch.report.blocks import FigureBlock, Page, Section
from rmresearch.report.build import build
from rmresearch.report.figures.palette import palette, recoloured
from rmresearch.report.figures.style import ACCENT, INK, SERIES, SHADES, ink_on
from rmresearch.report.html import render
from rmresearch.report.look import brand_css, masthead
from rmresearch.report.workbook import workbook
from rmresearch.study import Brand, Logo

from .demo import demo

ROOT = Path(__file__).resolve().parents[2]
WINE, SLATE = "#8a1538", "#22262b"
MARK = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 12 12">'
    b'<circle cx="6" cy="6" r="6" fill="#8a1538"/></svg>'
)
LOGO = Logo("mark.svg", "svg", MARK, "0" * 64, 12.0, 12.0)
BRAND = Brand(name="Nordwind & Söhne <AG>", logo=LOGO, accent=WINE, ink=SLATE)
SMALL = """
[study]
name = "small"
title = "Small"

[design]
kind = "single-group"

[[waves]]
name = "pre"
label = "Before"
baseline = true

[[outcomes]]
name = "skill"
label = "Digital skill"
role = "senior"
range = [1, 5]

[tables]
participants = { file = "people.csv" }
pairs = { file = "pairs.csv" }
measures = { file = "answers.csv" }

[brand]
name = "Nordwind"
logo = "mark.svg"
accent = "#8a1538"
"""


def colours_of(page: str) -> set[str]:
    """Colours that figures paint with."""
    painted = re.findall(r'(?:fill|stroke)(?::\s*|=")(#[0-9a-f]{6})', page)
    return set(painted)


def test_the_house_is_a_brand_without_a_name() -> None:
    house = palette(Brand())
    assert (house.accent, house.ink, house.series, house.shades) == (ACCENT, INK, SERIES, SHADES)
    assert brand_css(Brand()) == masthead(Brand()) == ""
    plain = demo()
    assert render(plain) == render(replace(plain, brand=Brand()))


def test_the_brand_colours_every_figure_and_no_text() -> None:
    house, ours = render(demo()), render(replace(demo(), brand=BRAND))
    before, after = colours_of(house), colours_of(ours)
    assert {ACCENT, INK} <= before
    assert not {ACCENT, INK} & after
    assert {WINE, SLATE} <= after

    def texts(page: str) -> list[str]:
        body = page[page.index("<main") :].replace(masthead(BRAND), "")
        return [text.strip() for text in re.findall(r">([^<]+)<", body) if text.strip()]

    assert texts(ours) == texts(house)


def test_what_only_names_a_colour_is_left_alone() -> None:
    svg = f'<svg aria-label="{ACCENT}"><text style="fill: {ACCENT}">{ACCENT} fill</text></svg>'
    assert recoloured(svg, BRAND) == svg.replace(f"fill: {ACCENT}", f"fill: {WINE}")
    assert recoloured(svg, Brand(name="Nordwind")) == svg


@pytest.mark.parametrize("accent", [WINE, "#006643", "#7a3f8f", "#b54600", "#0b5394", "#000000"])
def test_series_and_shades_of_any_accent_are_told_apart(accent: str) -> None:
    worn = palette(Brand(accent=accent))
    colours = [tone.colour for tone in worn.series]
    assert colours[0] == accent
    assert len(set(colours)) == len(SERIES)
    assert steps_apart(colours[0], colours[1])[0] >= 1.0
    assert [tone.marker for tone in worn.series] == [tone.marker for tone in SERIES]
    assert worn.comparison.colour == COMPARISON
    lights = [luminance(one) for one in worn.shades]
    assert lights == sorted(lights, reverse=True)
    for ours, house in zip(worn.shades, SHADES, strict=True):
        # figures choose black or white by the house's shade
        assert contrast(ours, ink_on(house)) >= 4.5


@pytest.mark.parametrize("accent", [WINE, "#006643", "#0b5394", "#000000", "#5c2d00"])
def test_the_style_is_read_in_the_light_and_in_the_dark(accent: str) -> None:
    told = dict(re.findall(r"--brand-([a-z-]+): (#[0-9a-f]{6});", brand_css(Brand(accent=accent))))
    assert set(told) == {"accent", "tint", "edge", "accent-dark", "tint-dark", "edge-dark"}
    assert told["accent"] == accent
    assert contrast(told["accent-dark"], DARK) >= 4.5
    assert contrast(told["accent-dark"], told["tint-dark"]) >= 4.5
    ink = dict(re.findall(r"--brand-([a-z-]+): (#[0-9a-f]{6});", brand_css(Brand(ink=accent))))
    assert set(ink) == {"ink", "ink-dark"}
    assert contrast(ink["ink-dark"], DARK) >= 4.5
    assert contrast(ink["ink-dark"], told["tint-dark"]) >= 4.5


def sheets() -> str:
    folder = ROOT / "src" / "rmresearch" / "report" / "templates"
    return "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.css")))


@pytest.mark.parametrize("name", ["accent", "tint", "edge", "ink"])
def test_every_property_of_the_style_is_taken_up_by_a_sheet(name: str) -> None:
    assert f"var(--brand-{name}, #" in sheets()
    assert f"var(--brand-{name}-dark, #" in sheets()


def test_the_dark_page_is_the_surface_that_dark_colours_are_made_for() -> None:
    dark = sheets().split("prefers-color-scheme: dark")
    assert any(f"body {{ background: {DARK}" in part for part in dark[1:])


def test_no_sheet_paints_in_the_houses_accent_past_the_brand() -> None:
    assert ACCENT not in re.sub(r"var\(--brand-[a-z-]+, #[0-9a-f]{6}\)", "", sheets())


def test_logo_and_name_stand_above_the_title_and_are_text() -> None:
    page = render(replace(demo(), brand=BRAND))
    head = page[page.index('<header class="head">') : page.index("<h1>")]
    assert "<span>Nordwind &amp; Söhne &lt;AG&gt;</span>" in head
    assert 'alt="Logo of Nordwind &amp; Söhne &lt;AG&gt;"' in head
    source = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', head)
    assert source is not None
    assert base64.b64decode(source[1]) == MARK
    assert "img-src data:" in page
    assert 'alt="The organisation&#x27;s logo"' in masthead(Brand(logo=LOGO))
    assert masthead(Brand(name="Nordwind")) == '<div class="brand"><span>Nordwind</span></div>'


def test_a_name_that_is_the_organisations_is_said_once() -> None:
    page = Page("Title", kicker="Nordwind", brand=Brand(name="Nordwind"))
    assert page.head.html().count("Nordwind") == 1
    other = Page("Title", kicker="Department", brand=Brand(name="Nordwind"))
    assert "Department" in other.head.html()


def test_a_notebook_shows_the_brand_too() -> None:
    bundle, _ = Page("Title", brand=BRAND).head._repr_mimebundle_()
    assert f"--brand-accent: {WINE}" in bundle["text/html"]


def test_figures_of_a_page_keep_the_house_as_data() -> None:
    figure = FigureBlock(f'<svg viewBox="0 0 1 1" fill="{ACCENT}"></svg>', "One dot", "A dot")
    page = Page("Title", sections=(Section("one", "One", (figure,)),), brand=BRAND)
    assert page.sections[0].blocks == (figure,)
    assert f'fill="{WINE}"' in render(page)


def book(brand: Brand) -> dict[str, str]:
    study = rm.read_study(ROOT / "data" / "synthetic" / "pilot")
    results: dict[str, Any] = {
        "wave_means:digital_skill": rm.wave_means(study, "digital_skill"),
        "compare_arms:digital_skill": rm.compare_arms(study, "digital_skill"),
    }
    data = workbook(release(results, study), replace(study.design, brand=brand))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_workbook_wears_colours_and_name() -> None:
    house, ours = book(Brand()), book(BRAND)
    assert set(ours) == set(house)
    for name in house:
        painted = ours[name].upper()
        for colour in (ACCENT, INK, "#c3d2df"):
            assert colour[1:].upper() not in painted, (name, colour)
    charts = [text.upper() for name, text in ours.items() if name.startswith("xl/charts/chart")]
    assert charts
    assert all(WINE[1:].upper() in chart for chart in charts)
    assert "Nordwind &amp; Söhne &lt;AG&gt;" in ours["xl/sharedStrings.xml"]
    assert "Nordwind" not in house["xl/sharedStrings.xml"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of the smallest study with everything: people, pairs, one question, one wave."""
    folder = tmp_path_factory.mktemp("branded")
    study = folder / "study"
    write_small(study)
    build(study, folder / "out")
    return folder


def write_small(study: Path) -> None:
    (study / "data").mkdir(parents=True)
    (study / "mark.svg").write_bytes(MARK)
    (study / "study.toml").write_text(SMALL, "utf-8")
    people = [f"S{i},senior" for i in range(12)] + [f"J{i},junior" for i in range(12)]
    pairs = [f"P{i},J{i},S{i}" for i in range(12)]
    answers = [f"S{i},pre,skill,{1 + i % 5}" for i in range(12)]
    for name, head, rows in (
        ("people", "person,role", people),
        ("pairs", "pair,junior,senior", pairs),
        ("answers", "person,wave,item,value", answers),
    ):
        (study / "data" / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n", "utf-8")


def test_a_report_from_files_wears_the_brand(made: Path) -> None:
    page = (made / "out" / "internal" / "report.html").read_text("utf-8")
    assert f"--brand-accent: {WINE}" in page
    assert 'alt="Logo of Nordwind"' in page
    assert ACCENT not in colours_of(page)


def test_the_manifest_lists_the_logo_and_notices_when_it_changes(made: Path) -> None:
    assert verify(made / "out") == ()
    (made / "study" / "mark.svg").write_bytes(MARK + b" ")
    assert [line for line in verify(made / "out") if "mark.svg" in line] == [
        "internal/../../study/mark.svg: input changed since the outputs were made"
    ]


@pytest.mark.parametrize(("formats", "shown"), [(["xlsx"], False), (["pptx"], True)])
def test_leadership_s_manifest_lists_the_logo_where_it_is_shown(
    made: Path, tmp_path: Path, formats: list[str], shown: bool
) -> None:
    shutil.copytree(made / "study", tmp_path / "study")
    build(tmp_path / "study", tmp_path / "out", audience="leadership", formats=formats)
    assert verify(tmp_path / "out") == ()
    manifest = (tmp_path / "out" / "leadership" / "manifest.json").read_text("utf-8")
    assert ("mark.svg" in manifest) == shown  # the workbook shows no picture
    assert not (tmp_path / "out" / "internal").exists()
