"""The brief: two pages that say the same on screen and on paper, and nothing that is not so."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.pictures import crossing, pictures
from tests.report.test_pdf import structure
from tests.report.test_words import DESIGN, RCT, READINGS, SKILL

from rmresearch.errors import PrivacyError, ReportError
from rmresearch.evidence import Precision
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.leadership import Chart
from rmresearch.report.leadership.brief import Pages, read_pages
from rmresearch.report.leadership.brief import paper as papers
from rmresearch.report.leadership.brief.drawn import SPARE, drawn
from rmresearch.report.leadership.brief.fitted import SIZES, size_class
from rmresearch.report.leadership.brief.kept import ROOM, ROWS, kept
from rmresearch.report.leadership.brief.screen import _axis_only
from rmresearch.report.scripts import steady
from rmresearch.report.theme import template
from rmresearch.report.words.phrases import catalogue

from .briefs import ARABIC, BRAND, HEBREW, HIDDEN, MARKUP, briefs
from .reading import forbidden
from .released import judged, made
from .sheets import displayed, page, read_page, read_pdf, said_on, squeezed

RIGHT = {"hebrew", "arabic"}
NAMES = sorted(briefs())
WORDS = catalogue()["brief_sheet"]
GAIN = READINGS[Precision.SOME_GAIN]


@cache
def pages(name: str) -> Pages:
    return Pages.of(briefs()[name])


@cache
def paper(name: str) -> bytes:
    return pages(name).pdf()


# --- what is kept ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_on_the_pages_is_the_story_s_and_stands_once(name: str) -> None:
    one = pages(name)
    own = {said.text for said in one.story.said()}
    brief = one.brief
    said = [said.text for box in brief.boxes for said in (*box.said, *box.points)]
    said += [said.text for said in (*brief.can, *brief.cannot, *brief.hidden)]
    assert set(said) <= own
    assert [text for text, count in Counter(said).items() if count > 1] == []
    story = one.story
    assert brief.answer.said[0] == story.answer.sentence
    assert brief.done.said[0] == story.done.said[0]
    assert [tile.title for tile in brief.tiles] == [tile.title for tile in story.tiles]
    assert brief.claims.said == (story.claims.rating,)
    assert brief.next.said[0] == story.next.said[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_place_holds_its_first_text_and_then_what_it_has_room_for(name: str) -> None:
    brief = pages(name).brief
    places = {"match": brief.match.said, "lost": brief.lost.said, "can": brief.can,
              "cannot": brief.cannot, "next": brief.next.said, "both": brief.both.said}  # fmt: skip
    for place, texts in places.items():
        length = sum(len(one.text) for one in texts)
        assert length <= ROOM[place] or len(texts) == 1, place
    for box in brief.boxes:
        assert box.grid is None or len(box.grid.rows) <= ROWS


@pytest.mark.parametrize("name", NAMES)
def test_certainty_and_precision_stand_together(name: str) -> None:
    story, brief = pages(name).story, pages(name).brief
    assert len(brief.answer.badges) >= 2 or story.answer.standing in brief.answer.said
    for tile, told in zip(brief.tiles, story.tiles, strict=True):
        assert tile.badges == told.marks
        assert tile.drawn is None or not told.marks or len(tile.badges) >= 2


def test_shares_are_drawn_and_not_told_again() -> None:
    tile = pages("reactions").brief.tiles[0]
    assert tile.drawn is not None
    assert [(mark.name, mark.value, mark.count) for mark in tile.drawn.marks] == [
        ("Senior mentees", "77%", "22 people"), ("Juniors", "97%", "17 people"),
    ]  # fmt: skip
    assert [said.text for said in tile.said if any(c.isdigit() for c in said.text)] == []


def test_no_result_is_drawn_first_where_none_is_the_main_one() -> None:
    several = pages("no main question")
    assert several.story.answer.chart is not None  # of three outcomes; the others' scale is another
    assert several.brief.answer.drawn is None
    two = (SKILL, replace(SKILL, name="two", label="Inclusion"))
    design = replace(DESIGN, outcomes=two)
    both = made(design, verdicts=[judged(one, GAIN, RCT) for one in two])
    all_of_them = Pages.of(both).brief.answer.drawn
    assert all_of_them is not None
    assert [mark.label for mark in all_of_them.marks] == ["Digital skill", "Inclusion"]


def test_what_goes_is_counted() -> None:
    brief = pages("twenty-five").brief
    assert brief.both.grid is not None
    assert len(brief.both.grid.rows) == 8
    assert brief.both.rest == "17 more stand in the deck and the workbook."
    # ten of 25 outcomes are on learning, the second level: one is drawn, nine are not
    assert brief.tiles[1].rest == "9 more stand in the deck and the workbook."


def test_a_tile_draws_what_its_title_names_and_nothing_in_its_place() -> None:
    two = replace(SKILL, name="two", label="Inclusion")
    design = replace(DESIGN, outcomes=(SKILL, two))
    verdicts = [judged(SKILL, GAIN, RCT, primary=True, hidden=True), judged(two, GAIN, RCT)]
    found = Pages.of(made(design, verdicts=verdicts))
    assert found.story.tiles[1].chart is not None
    assert found.story.tiles[1].chart.rows[0].label == "Inclusion"
    tile = found.brief.tiles[1]
    assert tile.title == "Digital skill: not shown"
    assert tile.drawn is None
    # and in the table each row has its own mark, or none
    assert [mark and mark.label for mark in found.brief.both.marks] == [None, "Inclusion"]


def test_every_row_of_the_table_is_drawn_beside_its_own_numbers() -> None:
    both = pages("all readings").brief.both
    assert both.grid is not None
    drawn_ones = [
        (row[0].text, row[2].text.split()[0], row[3].text, mark.value, mark.ends)
        for row, mark in zip(both.grid.rows, both.marks, strict=True)
        if mark is not None and mark.ends
    ]
    assert len(drawn_ones) == 3  # profit and use of the tool have other scales
    for _, value, ends, marked, marked_ends in drawn_ones:
        assert (value, ends) == (marked, marked_ends)


# --- charts ---------------------------------------------------------------------------------------


def chart(*rows: Interval, **more: object) -> Chart:
    fields = {"unit": "points", "alt": "", "low": -1.0, "high": 1.0, "step": 0.5}
    return Chart("c", "Skill: a gain", rows, ("",) * len(rows), **{**fields, **more})


def test_places_along_the_axis_by_hand() -> None:
    one = drawn(chart(Interval(label="Skill", value=0.25, low=-0.5, high=1.0, smallest=0.5)))
    # 0.88 of the width for the two points from -1 to 1, after 0.06
    (mark,) = one.marks
    assert mark.at == pytest.approx(0.06 + 0.88 * 0.625)
    assert mark.line == pytest.approx((0.06 + 0.88 * 0.25, 0.94))
    assert mark.band == pytest.approx((0.06 + 0.88 * 0.25, 0.06 + 0.88 * 0.75))
    assert (one.zero, SPARE) == (0.5, 0.06)
    assert [text for _, text in one.ticks] == ["−1.0", "−0.5", "0.0", "0.5", "1.0"]
    assert (mark.value, mark.ends) == ("+0.25", "−0.50 to 1.00")
    assert one.band == "too small to matter (±0.5)"


def test_a_value_off_the_axis_stops_at_its_edge() -> None:
    (mark,) = drawn(chart(Interval(label="a", value=0.0, low=-9.0, high=9.0))).marks
    assert mark.line == (0.0, 1.0)


def test_shares_and_differences_of_shares() -> None:
    row = Interval(label="Seniors", value=0.77, low=0.57, high=0.9, detail="22", group="Liked it")
    share = drawn(chart(row, share=True, reference=None, low=0.0, high=1.0, step=0.25))
    assert (share.marks[0].value, share.marks[0].ends) == ("77%", "57% to 90%")
    assert (share.marks[0].count, share.zero, share.band) == ("22 people", None, "")
    assert [text for _, text in share.ticks] == ["0%", "25%", "50%", "75%", "100%"]
    row = Interval(label="Use", value=-0.06, low=-0.14, high=0.02, smallest=0.1)
    points = drawn(chart(row, share=True, low=-0.2, high=0.2, step=0.1))
    assert (points.marks[0].value, points.marks[0].ends) == ("−6", "−14 to 2")
    assert points.band == "too small to matter (±10)"
    assert [text for _, text in points.ticks] == ["−20", "−10", "0", "10", "20"]


def test_labels_along_a_long_axis_are_few_and_zero_is_one_of_them() -> None:
    row = Interval(label="a", value=0.1, low=-0.4, high=1.0)
    ticks = drawn(chart(row, low=-0.4, high=1.0, step=0.1)).ticks
    assert [text for _, text in ticks] == ["−0.3", "0.0", "0.3", "0.6", "0.9"]


def test_numbers_below_a_narrow_column_do_not_touch_and_zero_is_one_of_them() -> None:
    row = Interval(label="a", value=0.1, low=-0.4, high=0.8)
    html = _axis_only(drawn(chart(row, low=-0.4, high=0.8, step=0.2)))
    assert re.findall(r">([^<>]+)</span>", html)[:4] == ["−0.4", "0.0", "0.4", "0.8"]
    few = _axis_only(drawn(chart(row, low=-0.2, high=0.6, step=0.2)))
    assert re.findall(r">([^<>]+)</span>", few)[:5] == ["−0.2", "0.0", "0.2", "0.4", "0.6"]


def test_a_number_behind_a_name_from_right_to_left_stays_behind_it() -> None:
    mark = "\u200e"
    assert steady("שלום: +0.3 (0.1 to 0.5)") == f"שלום{mark}: +0.3 (0.1 to 0.5)"
    assert steady("مريم −0.2") == f"مريم{mark} −0.2"
    assert steady("שלום עולם and 3") == "שלום עולם and 3"  # words lie between
    assert steady("Zoë 0.3 Ζωή 0.4") == "Zoë 0.3 Ζωή 0.4"
    assert steady(steady("שלום: +0.3")) == steady("שלום: +0.3")


def test_of_two_names_from_right_to_left_the_first_stays_first() -> None:
    mark = "\u200e"
    assert steady("better on שלום; עולם (3), not") == f"better on שלום{mark}; עולם{mark} (3), not"
    assert steady("שלום − עולם") == f"שלום{mark} − עולם"
    assert steady("שלום, עולם") == "שלום, עולם"  # one name may hold a comma


def test_numbers_stay_in_place_on_paper_and_on_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    told = pages("hebrew").brief.both.said[0].text
    assert steady(told) != told
    monkeypatch.setattr(papers, "typeset", lambda name, content, excused: json.dumps(content))
    given = json.loads(pages("hebrew").pdf())
    assert given["brief"]["both"]["said"][0] == steady(told)
    assert steady(told) in "".join(read_page(page(pages("hebrew"))).said)


# --- on paper and on screen -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_paper_and_screen_show_every_text(name: str) -> None:
    texts = [*displayed(pages(name).brief), *(WORDS[key] for key in ("kind", "elsewhere"))]
    on_paper = squeezed(said_on(paper(name)))
    read = read_page(page(pages(name)))
    on_screen = squeezed("".join(read.said))
    assert [text for text in texts if squeezed(text) not in on_screen] == []
    if name in RIGHT:  # read back in the order of the glyphs
        most = max(texts, key=len)
        assert Counter(squeezed(most)) - Counter(on_paper) == Counter()
    else:
        assert [text for text in texts if squeezed(text) not in on_paper] == []


@pytest.mark.parametrize("name", NAMES)
def test_two_pages_a4_upright(name: str) -> None:
    sheets = read_pdf(paper(name)).pages
    assert len(sheets) == 2
    for number, sheet in enumerate(sheets, 1):
        size = [float(side) for side in sheet.mediabox[2:]]
        assert size == pytest.approx([595.28, 841.89], abs=0.01)
        assert f"Page {number} of 2" in sheet.extract_text()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_tagged_names_itself_and_holds_its_fonts(name: str) -> None:
    reader = read_pdf(paper(name))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == pages(name).brief.title
    assert (reader.metadata.author or "") == (
        pages(name).brief.organisation or pages(name).brand.name
    )
    tags = structure(paper(name))
    heads = [kind for kind, _ in tags if re.fullmatch(r"/H\d", kind)]
    # title; answer, done, levels, both, match, lost, claims, next; tiles and lists below theirs
    assert heads[:4] == ["/H1", "/H2", "/H2", "/H2"]
    assert heads.count("/H2") == 8
    brief = pages(name).brief
    shown = [box for box in (brief.answer, *brief.tiles) if box.drawn]
    shown += [brief.both] if brief.both.drawn and brief.both.grid else []
    alts = [alt for kind, alt in tags if kind == "/Figure" and alt]
    logo = ["Logo of Nordwind Energie"] if name == "branded" else []
    assert alts == [*logo, *(box.drawn.alt for box in shown if box.drawn)]
    for sheet in reader.pages:
        for font in sheet["/Resources"]["/Font"].values():
            inside = font["/DescendantFonts"][0]["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(inside), font["/BaseFont"]


@pytest.mark.parametrize("name", NAMES)
def test_charts_have_the_same_words_for_those_who_do_not_see(name: str) -> None:
    brief = pages(name).brief
    labels = read_page(page(pages(name))).labels
    for box in (brief.answer, *brief.tiles, brief.both):
        if box.drawn and (box is not brief.both or box.grid):
            assert any(squeezed(box.drawn.alt) == squeezed(label) for label in labels)


@pytest.mark.parametrize("name", ["all readings", "markup", "branded"])
def test_made_again_it_is_the_same_bytes(name: str) -> None:
    again = Pages.of(briefs()[name])
    assert again.pdf() == paper(name)
    assert page(again) == page(pages(name))


def test_texts_of_data_are_never_markup() -> None:
    html = page(pages("markup"))
    assert "script" not in read_page(html).tags
    assert "<b>*" not in html
    # in title, organisation, sentence, cells, goals and tiles, on paper as it was typed
    assert squeezed(said_on(paper("markup"))).count(squeezed(MARKUP)) >= 15
    assert read_pdf(paper("markup")).metadata.title == MARKUP  # type: ignore[union-attr]


@pytest.mark.parametrize("letters", [HEBREW, ARABIC])
def test_letters_of_other_scripts_have_fonts(letters: str) -> None:
    name = "hebrew" if letters == HEBREW else "arabic"
    said = Counter(squeezed(said_on(paper(name))))
    assert all(said[letter] >= 5 * count for letter, count in Counter(squeezed(letters)).items())


def test_no_word_that_leadership_never_gets() -> None:
    for name in NAMES:
        one = pages(name)
        texts = [*displayed(one.brief), *read_page(page(one)).labels, *WORDS.values()]
        causal = any(mark.label != "weak" for mark in one.brief.answer.badges[:1])
        assert forbidden(texts, DESIGN, causal=causal) == [], name


def test_synthetic_and_kept_back_are_said_on_paper_and_screen() -> None:
    for said in (said_on(paper("hebrew")), "".join(read_page(page(pages("hebrew"))).said)):
        assert squeezed(WORDS["synthetic"]) in squeezed(said)
        assert squeezed(HIDDEN[0]) in squeezed(said)
    assert WORDS["synthetic"] not in said_on(paper("all readings"))
    # on paper each sheet says it
    assert all(
        squeezed(WORDS["synthetic"]) in squeezed(sheet.extract_text())
        for sheet in read_pdf(paper("hebrew")).pages
    )


def test_the_brand_s_colour_name_and_logo() -> None:
    html = page(pages("branded"))
    assert f"--brand-accent: {BRAND.accent}" in html
    assert "data:image/svg+xml;base64," in html
    assert "Nordwind Energie" in said_on(paper("branded"))
    content = b"".join(one.get_contents().get_data() for one in read_pdf(paper("branded")).pages)
    house = b"".join(one.get_contents().get_data() for one in read_pdf(paper("one")).pages)
    # 138/255, 21/255, 56/255 as the file writes them, and the house's 18/255
    assert b"0.5411765 0.08235294 0.21960784" in content
    assert b"0.07058824 0.2627451 0.42745098" in house
    assert b"0.07058824 0.2627451 0.42745098" not in content


MARGIN = 0.05  # of the width, 10.5 mm: the text starts at 16 mm


@pytest.mark.parametrize("name", ["all readings", "few", "long names", "one long word", "nothing"])
def test_pictures_of_the_pages_are_full_and_their_margins_empty(name: str, tmp_path: Path) -> None:
    file = tmp_path / "brief.pdf"
    file.write_bytes(paper(name))
    for sheet in pictures(file, tmp_path, dots=60):
        high, wide = sheet.shape
        edge = round(MARGIN * wide)
        inked = sheet < 200
        assert not inked[:, :edge].any()
        assert not inked[:, -edge:].any()
        assert not inked[: round(0.03 * high)].any()
        assert not inked[-round(0.02 * high) :].any()
        # text covers a fiftieth of a sheet that is full, and something of every third
        assert inked.mean() > (0.005 if name in {"few", "nothing"} else 0.02)
        for third in range(3):
            assert inked[third * high // 3 : (third + 1) * high // 3].mean() > 0.001, third


@pytest.mark.parametrize("name", NAMES)
def test_no_word_stands_on_another(name: str, tmp_path: Path) -> None:
    file = tmp_path / "brief.pdf"
    file.write_bytes(paper(name))
    assert crossing(file) == []


# --- where it comes from --------------------------------------------------------------------------


def test_a_folder_is_enough(tmp_path: Path) -> None:
    (tmp_path / "released.json").write_text(briefs()["one"].to_json(), "utf-8")
    read = read_pages(tmp_path)
    assert read.story == pages("one").story
    assert read.write_pdf(tmp_path) == tmp_path / "brief.pdf"
    assert (tmp_path / "brief.pdf").read_bytes() == paper("one")
    assert read.write_pdf("") is None


def test_what_is_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no released\.json.*rmresearch report"):
        read_pages(tmp_path)
    text = briefs()["one"].to_json()
    (tmp_path / "released.json").write_text(text.replace("0.39", "0.93"), "utf-8")
    with pytest.raises(PrivacyError, match="changed"):
        read_pages(tmp_path)


def test_a_story_without_charts_and_tables_is_two_pages_too() -> None:
    story = replace(pages("one").story, synthetic=True, hidden=())
    bare = replace(
        story,
        answer=replace(story.answer, chart=None, marks=()),
        done=replace(story.done, grid=None),
        tiles=tuple(replace(tile, chart=None, marks=()) for tile in story.tiles),
        both=replace(story.both, chart=None, grid=None),
    )
    brief = kept(bare)
    assert bare.answer.standing in brief.answer.said
    assert brief.both.grid is None
    assert len(read_pdf(Pages(bare, BRAND).pdf()).pages) == 2


def test_more_text_gets_smaller_type_on_the_printed_page() -> None:
    classes = [size_class(pages(name).brief) for name in ("one", "twenty-five", "long names")]
    assert classes == sorted(classes)
    assert classes[0] < classes[-1]
    css = template("brief-page.css")
    sizes = [float(size) for size in re.findall(r"html\S* \{ font-size: ([\d.]+)pt; \}", css)]
    assert tuple(sizes) == SIZES
