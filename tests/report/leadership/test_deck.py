"""The deck: what it shows is the release's, nothing overflows, and its charts can be edited."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from functools import cache
from typing import Any

import openpyxl
import pytest
from pptx.oxml.ns import qn
from tests.report.test_words import DESIGN, RCT, READINGS, SKILL

from rmresearch.colours import contrast
from rmresearch.errors import PrivacyError, ReportError
from rmresearch.evidence import Precision
from rmresearch.report.leadership import Story, story
from rmresearch.report.leadership.content import Said, Shown
from rmresearch.report.leadership.deck import deck, deck_of
from rmresearch.report.words.phrases import catalogue

from .briefs import BRAND, HEBREW, LONG, briefs, named, told
from .decks import box, charts, notes, opened, overlap, room, text_height, texts, written
from .reading import forbidden
from .released import at, judged, made, names_of, reads, sealed

NAMES = sorted(briefs())
DRAWN = sorted(set(NAMES) - {"hidden", "nothing", "early"})
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
#: ECMA-376 part 1, dml-chart.xsd: the order of elements in these types
ORDER = {
    "ser": "idx order tx spPr invertIfNegative pictureOptions dPt dLbls trendline errBars cat val "
    "shape extLst",
    "errBars": "errDir errBarType errValType noEndCap plus minus val spPr extLst",
    "dLbls": "dLbl delete numFmt spPr txPr dLblPos showLegendKey showVal showCatName showSerName "
    "showPercent showBubbleSize separator showLeaderLines leaderLines extLst",
    "dLbl": "idx delete layout tx numFmt spPr txPr dLblPos showLegendKey showVal showCatName "
    "showSerName showPercent showBubbleSize separator extLst",
    "barChart": "barDir grouping varyColors ser dLbls gapWidth overlap serLines axId extLst",
    "catAx": "axId scaling delete axPos majorGridlines minorGridlines title numFmt majorTickMark "
    "minorTickMark tickLblPos spPr txPr crossAx crosses crossesAt auto lblAlgn lblOffset "
    "tickLblSkip tickMarkSkip noMultiLvlLbl extLst",
    "valAx": "axId scaling delete axPos majorGridlines minorGridlines title numFmt majorTickMark "
    "minorTickMark tickLblPos spPr txPr crossAx crosses crossesAt crossBetween majorUnit "
    "minorUnit dispUnits extLst",
    "scaling": "logBase orientation max min extLst",
    "plotArea": "layout barChart catAx valAx dTable spPr extLst",
    "chart": "title autoTitleDeleted pivotFmts view3D floor sideWall backWall plotArea legend "
    "plotVisOnly dispBlanksAs showDLblsOverMax extLst",
    "chartSpace": "date1904 lang roundedCorners style clrMapOvr pivotSource protection chart spPr "
    "txPr externalData printSettings userShapes extLst",
}


@cache
def content(name: str) -> bytes:
    return deck_of(briefs()[name])


@cache
def slides(name: str) -> Any:
    return opened(content(name))


@cache
def told_by(name: str) -> Story:
    release = briefs()[name]
    assert release.codebook is not None
    return story(release, release.codebook.design(release.study, release.title))


def sheet(shape: Any) -> list[list[Any]]:
    """The rows of a chart's own workbook, its heads aside."""
    blob = shape.chart.part.chart_workbook.xlsx_part.blob
    page = openpyxl.load_workbook(io.BytesIO(blob))["Chart"]
    return [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]


# --- the numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_number_on_a_slide_stands_in_a_sentence_that_the_release_holds(name: str) -> None:
    release, found = briefs()[name], told_by(name)
    assert release.codebook is not None
    design = release.codebook.design(release.study, release.title)
    held = json.loads(release.to_json())
    for said in found.said():
        assert [one.text for one in said.numbers] == [reads(one, held) for one in said.numbers]
    known = sorted({*found.texts(), *names_of(design)}, key=len, reverse=True)
    known = [" ".join(text.split()) for text in known if len(text) > 1]
    tiled = {one.text for tile in found.tiles for said in tile.said for one in said.numbers}
    for chart in found.charts:
        values = [at(held, pointer)["value"] for pointer in chart.at] if chart.share else []
        tiled |= {f"{value * 100:.0f}%" for value in values}
    for slide in slides(name).slides:
        for text in (*texts(slide), *notes(slide)):
            rest = re.sub(r" \(\d+\sof\s\d+\)$", "", " ".join(text.split()).rstrip("…"))
            rest = re.sub(r"^([1-4]) (?=Reaction|Learning|Behaviour|Results)", "", rest)
            if any(rest == one or one.startswith(rest) for one in known):
                continue
            for one in known:
                rest = rest.replace(one, "")
            left = [one for one in re.findall(r"[\d,.]*\d%?", rest) if one not in tiled]
            assert left == [], (text, left)


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_s_sheet_holds_the_release_s_numbers(name: str) -> None:
    released, found = json.loads(briefs()[name].to_json()), told_by(name)
    estimates = [
        (at(released, pointer), row.label)
        for chart in found.charts
        for row, pointer in zip(chart.rows, chart.at, strict=True)
    ]
    declared = released["release"]["codebook"]["outcomes"]
    matters = {" ".join(one["label"].split()): one["smallest_effect"] for one in declared}
    seen = 0
    for shape in charts(slides(name)):
        for label, value, low, high, below, above, smallest, minus in sheet(shape):
            if value is None:
                assert {low, high, below, above, smallest, minus} == {None}
                continue
            seen += 1
            assert any(
                (one["value"], one["low"], one["high"]) == (value, low, high) and text == label
                for one, text in estimates
            ), (label, value)
            if low is not None:
                assert below == pytest.approx(value - low, abs=1e-9)
                assert above == pytest.approx(high - value, abs=1e-9)
            assert smallest == matters.get(
                label.strip("“”")
            )  # shares of answers have a role's name
            assert minus == (None if smallest is None else -smallest)
    assert seen >= len(estimates) / 4


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_shows_what_its_sheet_holds_and_every_row_has_its_bar(name: str) -> None:
    for shape in charts(slides(name)):
        rows = sheet(shape)
        space = shape.chart._chartSpace
        for reference in space.iter(f"{C}numRef"):
            column = ord(re.search(r"\$([A-H])\$2", reference.find(f"{C}f").text)[1]) - ord("A")
            kept = {
                int(point.get("idx")): float(point.find(f"{C}v").text)
                for point in reference.iter(f"{C}pt")
            }
            assert kept == {n: row[column] for n, row in enumerate(rows) if row[column] is not None}
        (bars,) = [one for one in space.iter(f"{C}errBars") if one.find(f"{C}plus") is not None]
        assert bars.find(f"{C}errValType").get("val") == "cust"
        whole = {n for n, row in enumerate(rows) if row[2] is not None}
        for side in ("plus", "minus"):
            drawn = {int(point.get("idx")) for point in bars.find(f"{C}{side}").iter(f"{C}pt")}
            assert drawn == whole


def test_hidden_values_are_drawn_nowhere() -> None:
    assert charts(slides("hidden")) == []
    said = " ".join(text for slide in slides("hidden").slides for text in texts(slide))
    assert "is not shown" in said
    assert not re.search(r"clear gain|some gain|0\.6", said)


def test_a_tile_draws_no_other_outcome_than_its_title_names() -> None:
    first, other = SKILL, replace(SKILL, name="two", label="Second outcome")
    design = replace(DESIGN, outcomes=(first, other))
    ends = READINGS[Precision.SOME_GAIN]
    verdicts = [judged(first, ends, RCT, primary=True, hidden=True), judged(other, ends, RCT)]
    made_of = opened(deck_of(made(design, verdicts=verdicts)))
    tiles = made_of.slides[2]
    assert any("Digital skill: not shown" in text for text in texts(tiles))
    assert not [shape for shape in tiles.shapes if shape.has_chart]


# --- charts as PowerPoint has them ----------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWN)
def test_elements_of_charts_come_in_the_order_of_the_schema(name: str) -> None:
    for shape in charts(slides(name)):
        seen = set()
        for element in shape.chart._chartSpace.iter():
            kind = element.tag.removeprefix(C)
            if element.tag.startswith(C) and kind in ORDER:
                seen.add(kind)
                order = ORDER[kind].split()
                places = [order.index(child.tag.removeprefix(C)) for child in element]
                assert places == sorted(places), (kind, [child.tag for child in element])
        assert {"ser", "errBars", "catAx", "valAx"} <= seen
        for series in shape.chart._chartSpace.iter(f"{C}ser"):
            assert series.find(f"{C}invertIfNegative").get("val") == "0"


def test_zero_line_band_and_unit_are_the_chart_s_own() -> None:
    shape = charts(slides("one"))[0]
    space = shape.chart._chartSpace
    line = space.find(f".//{C}catAx")
    assert float(line.find(f"{C}crossesAt").get("val")) == 0.0
    assert line.find(f"{C}scaling/{C}orientation").get("val") == "maxMin"
    assert line.find(f"{C}spPr/{qn('a:ln')}/{qn('a:solidFill')}") is not None
    painted = [
        series for series in space.iter(f"{C}ser")
        if series.find(f"{C}spPr/{qn('a:solidFill')}") is not None
    ]  # fmt: skip
    assert len(painted) == 2
    ends = [float(one.find(f"{C}val").find(f".//{C}v").text) for one in painted]
    assert ends == [SKILL.smallest_effect, -float(SKILL.smallest_effect or 0)]
    title = shape.chart.value_axis.axis_title.text_frame.text
    assert "Difference between the groups, points" in title
    assert "worse" in title
    axis = shape.chart.value_axis
    (row,) = sheet(shape)
    assert axis.minimum_scale <= min(row[2], -row[6])
    assert axis.maximum_scale >= max(row[3], row[6])
    labels = [one.find(f"{C}showVal").get("val") for one in space.iter(f"{C}dLbl")]
    assert labels == ["1", "1", "1"]


# --- nothing overflows ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_inside_its_slide_and_no_two_texts_overlap(name: str) -> None:
    show = slides(name)
    wide, high = show.slide_width / 12_700, show.slide_height / 12_700
    for number, slide in enumerate(show.slides, 1):
        shown = [(shape, box(shape)) for shape in slide.shapes]
        for shape, (left, top, right, bottom) in shown:
            inside = left >= -0.1 and top >= -0.1 and right <= wide + 0.1 and bottom <= high + 0.1
            assert inside, (number, shape.name)
        for kinds in ({"text", "table"}, {"chart", "table"}):
            these = [(shape.name, at) for shape, at in shown if kind_of(shape) in kinds]
            for place, (name, one) in enumerate(these):
                for other, two in these[place + 1 :]:
                    assert not overlap(one, two), (number, name, other)


def kind_of(shape: Any) -> str:
    if shape.has_chart:
        return "chart"
    return "table" if shape.has_table else "text" if written(shape) else ""


@pytest.mark.parametrize("name", NAMES)
def test_every_text_fits_its_box_in_a_wide_font(name: str) -> None:
    for number, slide in enumerate(slides(name).slides, 1):
        for shape in slide.shapes:
            if written(shape) and shape.name not in {"Footer", "Slide number"}:
                width, height = room(shape)
                tall = text_height(shape.text_frame.paragraphs, width)
                assert tall <= height + 1.0, (number, shape.name, shape.text_frame.text)
            if shape.has_table:
                columns = [column.width / 12_700 - 10.0 for column in shape.table.columns]
                for row in shape.table.rows:
                    for cell, width in zip(row.cells, columns, strict=True):
                        tall = text_height(cell.text_frame.paragraphs, width)
                        assert tall <= row.height / 12_700 - 7.0 + 1.0, (number, cell.text)


def test_names_of_rows_meet_their_rows() -> None:
    for name in ("all readings", "long names"):
        for slide in slides(name).slides:
            for shape in slide.shapes:
                if not shape.has_chart or len(sheet(shape)) < 3:
                    continue
                names = [row[0] for row in sheet(shape)]
                layout = shape.chart._chartSpace.find(f".//{C}plotArea/{C}layout/{C}manualLayout")
                part = {key: float(layout.find(f"{C}{key}").get("val")) for key in "xywh"}
                left, top, right, bottom = box(shape)
                edge = left + part["x"] * (right - left)
                first = top + part["y"] * (bottom - top)
                slot = part["h"] * (bottom - top) / len(names)
                rows = [one for one in slide.shapes if one.name.startswith("Row: ")]
                assert [one.name.removeprefix("Row: ") for one in rows] == names
                for place, one in enumerate(rows):
                    assert box(one)[2] < edge
                    middle = (box(one)[1] + box(one)[3]) / 2
                    assert middle == pytest.approx(first + (place + 0.5) * slot, abs=0.5)


def test_twenty_five_outcomes_are_all_in_the_appendix() -> None:
    tables = [
        shape.table
        for slide in slides("long names").slides
        for shape in slide.shapes
        if shape.has_table and slide.shapes.title.text.startswith("Appendix: All results")
    ]
    assert len(tables) > 1
    labels = [row.cells[0].text for table in tables for row in list(table.rows)[1:]]
    assert labels == [" ".join(f"{LONG} {k}".split()) for k in range(25)]
    assert len({tuple(cell.text for cell in table.rows[0].cells) for table in tables}) == 1


# --- for everybody --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_titles_alternative_texts_language_notes_and_order(name: str) -> None:
    show, found = slides(name), told_by(name)
    titles = [slide.shapes.title.text for slide in show.slides]
    assert len(set(titles)) == len(titles)
    assert all(titles)
    findings = [part.title for part in found.parts]
    assert all(any(title.startswith(text) for title in titles) for text in findings)
    for slide in show.slides:
        first = next(iter(slide.shapes))
        assert first.is_placeholder
        assert first.placeholder_format.idx == 0
        assert not [
            one for one in slide.placeholders
            if one.has_text_frame and not one.text_frame.text.strip()
        ]  # fmt: skip
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table:
                said = shape._element.nvGraphicFramePr.cNvPr.get("descr")
                assert len(said) > 20
        for run in slide.element.iter(qn("a:rPr")):
            assert run.get("lang") == "en-GB"
        for run in slide.notes_slide.element.iter(qn("a:r")):
            assert run.find(qn("a:rPr")).get("lang") == "en-GB"
        assert slide.notes_slide.notes_text_frame.text.strip()


P14 = "{http://schemas.microsoft.com/office/powerpoint/2010/main}"


@pytest.mark.parametrize("name", NAMES)
def test_the_story_ends_where_what_is_for_reference_begins(name: str) -> None:
    """PowerPoint's own sections, and a slide that anybody sees who presses on."""
    show, found = slides(name), told_by(name)
    ids = [slide.slide_id for slide in show.slides]
    titles = [slide.shapes.title.text for slide in show.slides]
    listed = [
        [int(one.get("id")) for one in section.iter(f"{P14}sldId")]
        for section in show.part._element.iter(f"{P14}section")
    ]
    assert [one for part in listed for one in part] == ids
    first = len(listed[0])
    assert titles[first] == catalogue()["deck"]["title_reference"]
    # what is told does not depend on the study; names of 60 letters may go on to another slide
    assert first in ({8, 9, 10} if name in {"long names", "markup", "one long word"} else {8})
    entries = list(texts(show.slides[first]))
    behind = {re.sub(r" \(\d+\sof\s\d+\)$", "", title) for title in titles[first + 1 :]}
    assert behind <= set(entries)
    assert behind.isdisjoint({part.title for part in found.parts})
    assert show.part._element[-1].tag == qn("p:extLst")  # the schema's last element


def test_one_sentence_on_who_left_leaves_no_place_empty() -> None:
    """Twelve pairs in one group: all that may be told is how many pairs were still together."""
    found = told_by("one")
    share = Shown("92%", ("/release/estimates/0/value",), "percent")
    alone = Said("Of the pairs that started, 92% were still together.", (share,))
    for said in ((alone,), (alone, *found.lost.said)):
        show = opened(deck(replace(found, lost=replace(found.lost, said=said))))
        assert any("92%" in text for text in texts(show.slides[5]))
        for slide in show.slides:
            for holder in slide.placeholders:
                if holder.has_text_frame:
                    assert holder.text_frame.text.strip(), slide.shapes.title.text


def test_notes_hold_method_and_caveats() -> None:
    found = told_by("one")
    answer = notes(slides("one").slides[0])
    assert catalogue()["deck"]["method"] in answer
    assert {one.text for one in found.answer.notes} <= set(answer)
    assert found.answer.standing.text in answer
    everything = {text for slide in slides("one").slides for text in notes(slide)}
    for part in found.parts:
        assert {one.text for one in part.notes} <= everything


@pytest.mark.parametrize("name", NAMES)
def test_no_word_of_chance_method_or_unearned_causation(name: str) -> None:
    release, found = briefs()[name], told_by(name)
    assert release.codebook is not None
    design = release.codebook.design(release.study, release.title)
    sure = {mark.label for mark in found.answer.marks} & {"moderate", "strong"}
    said = [
        text
        for slide in slides(name).slides
        for text in (*texts(slide), *notes(slide), *(shape.name for shape in slide.shapes))
    ]
    said += [shape._element.nvGraphicFramePr.cNvPr.get("descr") for shape in charts(slides(name))]
    said = [text for text in said if MARK not in text]
    assert forbidden(said, design, causal=bool(sure)) == []


#: part of a name that the study gave, which a slide may cut
MARK = "alert("


def test_certainty_and_precision_stand_together_whole() -> None:
    for name in NAMES:
        marks = told_by(name).answer.marks
        shown = list(texts(slides(name).slides[0]))
        for mark in marks:
            assert mark.label in shown, (name, mark)
            assert not mark.about or mark.about in shown


def test_right_to_left_names_keep_their_way_and_sentences_theirs() -> None:
    ways = {
        para.text: para._p.pPr.get("rtl")
        for slide in slides("hebrew").slides
        for shape in slide.shapes
        if shape.has_text_frame and not shape.is_placeholder
        for para in shape.text_frame.paragraphs
        if para.text and para._p.pPr is not None
    }
    assert ways[f"{HEBREW} 1"] == "1"
    assert all(way is None for text, way in ways.items() if re.search("[a-z]", text))
    # UAX 9: without a mark a range behind the name would be shown on its other side
    sentence = next(text for text in ways if "rated themselves" in text and HEBREW in text)
    assert "\u200e" in sentence


# --- the file -------------------------------------------------------------------------------------


def test_the_same_story_is_the_same_bytes_and_names_no_machine() -> None:
    packed = content("branded")
    assert deck_of(briefs()["branded"]) == packed
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = archive.namelist()
        assert not [name for name in names if "thumbnail" in name or "printer" in name]
        for name in names:
            part = archive.read(name)
            assert b"Steve Canny" not in part
            assert b'TargetMode="External"' not in part
            if name.endswith(".xlsx"):
                with zipfile.ZipFile(io.BytesIO(part)) as book:
                    dates = b"".join(book.read(one) for one in book.namelist() if "core" in one)
                assert b"2000-01-01" in dates
    core = opened(packed).core_properties
    assert core.author == "Nordwind Energie"
    assert core.last_modified_by == ""
    assert core.created == core.modified
    assert core.title == DESIGN.title


def test_markup_stays_text_and_no_sheet_has_a_formula() -> None:
    odd = named("=1+1 <b>&amp;", many=3)
    packed = deck_of(told(odd))
    for shape in charts(opened(packed)):
        blob = shape.chart.part.chart_workbook.xlsx_part.blob
        for row in openpyxl.load_workbook(io.BytesIO(blob))["Chart"].iter_rows():
            assert all(cell.data_type in {"s", "n"} for cell in row)
    assert any("<b>&amp;" in text for slide in opened(packed).slides for text in texts(slide))
    control = named("Bell\x07 and \x1b[31m", many=2)
    assert any("Bell and" in " ".join(text.split()) for text in texts(
        opened(deck_of(told(control))).slides[0]))  # fmt: skip


def test_a_brand_is_worn_and_its_logo_has_words() -> None:
    show = slides("branded")
    (picture,) = [one for one in show.slide_master.shapes if one.shape_type == 13]
    assert "Nordwind Energie" in picture._element.nvPicPr.cNvPr.get("descr")
    assert picture.image.content_type == "image/png"
    title = next(one for one in show.slide_master.placeholders if one.placeholder_format.idx == 0)
    assert box(title)[2] < box(picture)[0]
    theme = show.slide_master.part.part_related_by(
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/theme"
    ).blob.decode()
    assert BRAND.accent is not None
    assert f'<a:accent1><a:srgbClr val="{BRAND.accent[1:].upper()}"/>' in theme
    assert contrast(BRAND.accent, "#ffffff") >= 4.5


def test_what_is_no_release_for_leadership_is_refused() -> None:
    release = briefs()["one"]
    held = json.loads(release.to_json())["release"]
    with pytest.raises(PrivacyError, match="brief and deck are for leadership"):
        deck_of(sealed(**{**held, "audience": "technical"}))
    with pytest.raises(ReportError, match="make the report again"):
        deck_of(sealed(**{**held, "codebook": None}))
    assert deck(told_by("one")) == deck_of(release)
