"""The report on paper: every block and word, tagged, fonts inside, same bytes, in its margins."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pypdf
import pytest
from tests.pictures import Picture, empty, pictures

from rmresearch.colours import ACCENT
from rmresearch.declared import Brand, Logo
from rmresearch.errors import ReportError
from rmresearch.report.blocks import (
    Answer,
    Badge,
    Badges,
    Block,
    Bullets,
    Callout,
    Column,
    Definitions,
    Details,
    Fact,
    Facts,
    FigureBlock,
    Head,
    Page,
    Paragraph,
    Section,
    Subsection,
    TableBlock,
)
from rmresearch.report.html import INTERNAL
from rmresearch.report.pdf import setting, to_pdf
from rmresearch.report.pdf.content import described
from rmresearch.report.words.phrases import catalogue

from .demo import demo
from .gallery import FIGURES

MARKUP = (
    "#let x = 1; #panic() $a^2$ @ref <label> *bold* _it_ `code` // no /* yes */ [b] {c} ~ -- ... "
    "<script>alert(1)</script> \\ \\u{41} \"q\" 'q' http://x.y/z &amp; %d ${HOME} # = - + 1."
)
GREEK, ARABIC, HEBREW = "Ζωή Παπαδοπούλου", "مريم", "נועה"
WORDS = TableBlock("Rows", (Column("Who", numeric=False), Column("Mean", "points")), (("A", "1"),))
#: one of each kind, with the words that must be read on paper
SAMPLES: dict[type[Block], tuple[Block, tuple[str, ...]]] = {
    Answer: (
        Answer(
            "Did it?", "It cannot be told.", "Why so.", (Badge("weak"),), (Fact("n", "4", "d"),)
        ),
        ("Did it?", "It cannot be told.", "Why so.", "weak", "4"),
    ),
    Badge: (Badge("moderate", "caution", "Certainty"), ("Certainty moderate",)),
    Badges: (Badges((Badge("frozen", "good"), Badge("old", "weak"))), ("frozen", "old")),
    Bullets: (Bullets(("First.", "Second."), ordered=True), ("First.", "Second.")),
    Callout: (Callout("missing", "No outcome."), ("Not in these data. No outcome.",)),
    Definitions: (Definitions((("Term", "What it is."),)), ("Term", "What it is.")),
    Details: (Details("Folded", (Paragraph("Inside."),)), ("Folded", "Inside.")),
    Facts: (Facts((Fact("Assigned", "96", "48 pairs"),)), ("Assigned", "96", "48 pairs")),
    FigureBlock: (FIGURES["one interval"](), ("Profit rose", "Weekly profit")),
    Head: (Head("Title", "Subtitle", "Kicker", (Badge("x"),)), ("Title", "Subtitle", "Kicker")),
    Paragraph: (Paragraph("Small print.", "small"), ("Small print.",)),
    Section: (Section("s", "Part", (Paragraph("In it."),), "Lead."), ("Part", "Lead.", "In it.")),
    Subsection: (Subsection("Smaller", (Paragraph("In it."),)), ("Smaller", "In it.")),
    TableBlock: (replace(WORDS, note="Noted.", groups=((0, "G"),)), ("Rows", "(points)", "Noted.")),
}


def page_of(*blocks: Block, title: str = "Report") -> Page:
    return Page(title, "Technical report", (Section("one", "One", blocks),), kicker="Northwind")


def read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def squeezed(text: str) -> str:
    """A text without its spaces, which lines on paper put elsewhere."""
    return re.sub(r"\s+", "", text)


def words_of(content: bytes) -> str:
    """All that stands on the pages, without what runs above and below each."""
    sheets = [squeezed(page.extract_text()) for page in read(content).pages]
    number = re.compile(r"Page\d+of\d+")
    assert all(number.search(sheet) for sheet in sheets)
    heads = {sheet[: sheet.index("Internal") + 8] for sheet in sheets if "Internal" in sheet}
    head = min(heads, key=len) if heads else ""
    bare = []
    for sheet in sheets:
        foot = list(number.finditer(sheet))[-1]
        above = sheet.rindex(squeezed("Northwind"), 0, foot.start()) if "Northwind" in sheet else -1
        bare.append(sheet[: above if above >= 0 else foot.start()].removeprefix(head))
    return "".join(bare)


class _Texts(HTMLParser):
    """What an HTML page says, its pictures left out."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._in_picture = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._in_picture = self._in_picture or tag == "svg"

    def handle_endtag(self, tag: str) -> None:
        self._in_picture = self._in_picture and tag != "svg"

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._in_picture:
            self.said.append(data)


def texts_of(page: Page) -> list[str]:
    parser = _Texts()
    parser.feed(page.html())
    return parser.said


@pytest.fixture(scope="module")
def whole() -> bytes:
    return to_pdf(demo(), marks=(INTERNAL,))


def without_pictures(block: Any) -> Any:
    """The same texts with next to nothing drawn: reading letters out of drawings takes seconds."""
    if isinstance(block, FigureBlock):
        return replace(block, svg='<svg viewBox="0 0 720 40"></svg>')
    if isinstance(block, tuple):
        return tuple(map(without_pictures, block))
    if hasattr(block, "blocks"):
        return replace(block, blocks=without_pictures(block.blocks))
    return block


@pytest.fixture(scope="module")
def said() -> str:
    page = replace(demo(), sections=without_pictures(demo().sections))
    return words_of(to_pdf(page, marks=(INTERNAL,)))


# --- what stands on paper ------------------------------------------------------------------------


#: the tour's own blocks link and tell what to type: they stand in a notebook and on no page
IN_NOTEBOOKS = "rmresearch.report.walk"


def _kinds(of: type = Block) -> Iterator[type[Block]]:
    for kind in of.__subclasses__():
        if kind.__module__.startswith("rmresearch.") and kind.__module__ != IN_NOTEBOOKS:
            yield kind
        yield from _kinds(kind)


def test_every_kind_of_block_has_a_sample_here() -> None:
    names = {kind.__name__ for kind in _kinds()}
    assert names - {"Page"} == {kind.__name__ for kind in SAMPLES}


@pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
def test_every_kind_of_block_is_set(kind: type[Block]) -> None:
    block, words = SAMPLES[kind]
    page = Page("Report", sections=(block,)) if isinstance(block, Section) else page_of(block)
    said = squeezed("".join(sheet.extract_text() for sheet in read(to_pdf(page)).pages))
    for word in words:
        assert squeezed(word) in said


def test_a_block_without_a_renderer_is_refused() -> None:
    @dataclass(frozen=True)
    class Strange(Block):
        """Known to HTML alone."""

        text: str

        def html(self) -> str:
            return ""

    with pytest.raises(ReportError, match="Strange"):
        to_pdf(page_of(Strange("a")))
    with pytest.raises(TypeError, match="not float"):
        to_pdf(page_of(Strange(1.5)))  # type: ignore[arg-type]


def test_every_text_of_the_page_is_on_paper(said: str) -> None:
    missing = [text for text in texts_of(demo()) if squeezed(text) not in said]
    assert len(texts_of(demo())) > 600
    assert missing == []
    assert squeezed(catalogue()["mark_meaning"][INTERNAL]) in said


def test_what_is_folded_on_screen_is_open_on_paper(said: str) -> None:
    assert squeezed("Only for those who unfold it.") in said


def test_how_a_figure_is_read_stands_below_the_first_of_its_kind() -> None:
    words = catalogue()["reading"]
    names = ("one interval", "shares", "survival")
    page = page_of(*(FIGURES[name]() for name in names))
    told = words_of(to_pdf(replace(page, top=(FIGURES["survival"](),)), marks=(INTERNAL,)))
    assert [told.count(squeezed(words[kind])) for kind in ("intervals", "survival")] == [1, 1]
    assert told.index(squeezed(words["survival"])) < told.index(squeezed(words["intervals"]))


def test_a_paragraph_to_be_copied_keeps_its_lines() -> None:
    told = read(to_pdf(page_of(Paragraph("One.\nTwo.\n\nThree.", "copy")))).pages[0].extract_text()
    assert re.search(r"One\.\s*\nTwo\.\s*\nThree\.", told)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_brand_shows_its_name_logo_and_colours(kind: Literal["svg", "png"]) -> None:
    square = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0H9V9"/></svg>'
    logo = Logo(f"logo.{kind}", kind, square if kind == "svg" else _png(), "0" * 64, 9, 9)
    page = page_of(FIGURES["one interval"]())
    brand = Brand(name="Nordwind", accent="#8a1538", logo=logo)
    plain, worn = (to_pdf(one) for one in (page, replace(page, brand=brand)))
    assert "Nordwind" in read(worn).pages[0].extract_text()
    alts = [alt for tag, alt in structure(worn) if tag == "/Figure" and alt]
    assert alts[0] == "Logo of Nordwind"
    ours, theirs = (_fill(colour) for colour in (ACCENT, "#8a1538"))
    assert (ours in painted(plain), theirs in painted(plain)) == (True, False)
    assert (ours in painted(worn), theirs in painted(worn)) == (False, True)


def _png() -> bytes:
    import matplotlib.image

    out = io.BytesIO()
    matplotlib.image.imsave(out, np.zeros((9, 9, 3)), format="png")
    return out.getvalue()


def _fill(colour: str) -> tuple[float, ...]:
    return tuple(round(int(colour[at : at + 2], 16) / 255, 3) for at in (1, 3, 5))


def painted(content: bytes) -> set[tuple[float, ...]]:
    """Every colour, red, green and blue from 0 to 1, that the pages and their pictures set."""
    reader = read(content)
    parts = map(reader.get_object, range(1, reader.trailer["/Size"]))
    text = b"\n".join(one.get_data() for one in parts if hasattr(one, "get_data"))
    found = re.findall(rb"(\d?\.?\d+) (\d?\.?\d+) (\d?\.?\d+) (?:sc|scn|SC|SCN|rg|RG)\b", text)
    return {tuple(round(float(part), 3) for part in one) for one in found}


def test_texts_are_never_read_as_markup() -> None:
    table = TableBlock(MARKUP, (Column(MARKUP), Column(MARKUP, MARKUP)), ((MARKUP, MARKUP),))
    blocks = (
        *(Paragraph(MARKUP), Callout("note", MARKUP, MARKUP), Bullets((MARKUP,)), Badge(MARKUP)),
        *(Definitions(((MARKUP, MARKUP),)), Facts((Fact(MARKUP, MARKUP, MARKUP),)), table),
        *(Details(MARKUP, (Subsection(MARKUP, (), id="sub"),)), Answer(MARKUP, MARKUP)),
        FigureBlock(FIGURES["one interval"]().svg, MARKUP, MARKUP, MARKUP),
    )
    said = to_pdf(Page(MARKUP, MARKUP, (Section("m", MARKUP, blocks, MARKUP),), kicker=MARKUP))
    text = squeezed("".join(sheet.extract_text() for sheet in read(said).pages))
    # title, subtitle, kicker, heading, lead; contents twice; 19 in blocks; what runs is cut short
    assert text.count(squeezed(MARKUP)) >= 5 + 2 + 19
    assert read(said).metadata.title == MARKUP
    assert MARKUP in {alt for kind, alt in structure(said) if kind == "/Figure"}


def test_control_characters_are_left_out() -> None:
    said = to_pdf(page_of(Paragraph("a\x00b\x07c\ud800d")))
    assert "abcd" in read(said).pages[0].extract_text()


@pytest.mark.parametrize("name", [GREEK, ARABIC, HEBREW, "Zoë Łukasiewicz", "Зоя", "τ² ≥ 0 − ½"])
def test_names_in_other_scripts_have_their_letters(name: str) -> None:
    figure = FIGURES["one interval"]()
    drawn = replace(figure, svg=figure.svg.replace("Weekly profit", name))
    for block in (Paragraph(name), drawn):
        said = read(to_pdf(page_of(block))).pages[0].extract_text()
        # right to left is read back in the order of the glyphs
        assert Counter(squeezed(name)) - Counter(said) == Counter()


def test_letters_without_a_font_are_said_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    ours: Callable[[bool], Any] = setting.fonts
    monkeypatch.setattr(setting, "fonts", lambda system: ours(False))
    said = read(to_pdf(page_of(Paragraph("漢字"))))
    assert squeezed("have no font on the machine") in squeezed(said.pages[0].extract_text())
    assert said.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_a_long_word_breaks_and_is_copied_whole(tmp_path: Path) -> None:
    digest = "3f2c9d1e" * 8
    rows = ((digest, digest * 9),)
    table = TableBlock(
        "Hashes", (Column("File", numeric=False), Column("SHA", numeric=False)), rows
    )
    content = to_pdf(page_of(table, Paragraph(digest * 9), title=digest), marks=(INTERNAL,))
    assert words_of(content).count(digest * 9) == 2
    assert "\u200b" not in words_of(content)
    assert outside(drawn(content, tmp_path)) == []


# --- tables --------------------------------------------------------------------------------------


def test_two_hundred_rows_repeat_their_head() -> None:
    rows = tuple((f"Row {k}", f"{k}.25", "some words " * (k % 9)) for k in range(200))
    columns = (Column("Outcome", numeric=False), Column("Mean", "points"), Column("Remark"))
    table = TableBlock("Long", columns, rows, groups=((0, "First"), (100, "Second")))
    content = to_pdf(page_of(table))
    sheets = [squeezed(sheet.extract_text()) for sheet in read(content).pages]
    with_rows = [sheet for sheet in sheets if re.search(r"Row\d", sheet)]
    assert len(with_rows) > 2
    assert all("Mean(points)" in sheet for sheet in with_rows)
    told = re.findall(r"Row(\d+?)(?=\1\.25)", "".join(sheets))
    assert [int(number) for number in told] == list(range(200))


def _broad(columns: int, cell: str) -> TableBlock:
    heads = (Column("Outcome", numeric=False), *(Column(f"Month {k}") for k in range(columns)))
    rows = [(f"Row {k}", *(f"{k}{cell}{n}" for n in range(columns))) for k in range(12)]
    return TableBlock("Broad", heads, tuple(rows))


@pytest.mark.parametrize(
    ("columns", "cell", "turned"),
    [(9, ".", False), (14, ",345.67 to ", True), (40, ",345 to ", True)],
)
def test_a_broad_table_is_never_clipped(
    tmp_path: Path, columns: int, cell: str, turned: bool
) -> None:
    table = _broad(columns, cell)
    content = to_pdf(page_of(Paragraph("Before."), table, Paragraph("After.")), marks=(INTERNAL,))
    said = words_of(content)
    assert all(squeezed(text) in said for row in table.rows for text in row)
    shapes = [sheet.mediabox.width > sheet.mediabox.height for sheet in read(content).pages]
    assert any(shapes) is turned
    assert not shapes[0]
    assert not shapes[-1]
    assert outside(drawn(content, tmp_path)) == []


# --- what machines read -------------------------------------------------------------------------


def structure(content: bytes) -> list[tuple[str, str]]:
    """Each tag of the document in order, with its alternative text."""
    found: list[tuple[str, str]] = []

    def walk(node: Any) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for one in node:
                walk(one)
        elif isinstance(node, dict):
            if "/S" in node:
                found.append((str(node["/S"]), str(node.get("/Alt", ""))))
            walk(node.get("/K", []))

    walk(read(content).trailer["/Root"]["/StructTreeRoot"]["/K"])
    return found


def figures_in(blocks: Any) -> Iterator[FigureBlock]:
    for block in blocks:
        if isinstance(block, FigureBlock):
            yield block
        yield from figures_in(getattr(block, "blocks", ()))


def test_it_is_tagged_and_names_its_standard(whole: bytes) -> None:
    root = read(whole).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    tags = Counter(kind for kind, _ in structure(whole))
    assert {"/H1", "/H2", "/P", "/L", "/LI", "/TOC", "/Caption"} <= set(tags)
    wide = 40 * 12 + 40
    assert tags["/TD"] == wide
    assert tags["/TH"] == 13
    assert tags["/Table"] == 1


def test_each_figure_has_its_alternative_text(whole: bytes) -> None:
    alts = [alt for kind, alt in structure(whole) if kind == "/Figure" and alt]
    assert alts == [figure.alt for figure in figures_in(demo().sections)]


def test_bookmarks_and_contents_lead_to_sections(whole: bytes) -> None:
    def titles(entries: Any) -> list[Any]:
        return [titles(one) if isinstance(one, list) else one.title for one in entries]

    sections = demo().sections
    inside = [part.title for part in sections[1].blocks if isinstance(part, Subsection)]
    assert titles(read(whole).outline) == [
        sections[0].title,
        sections[1].title,
        inside,
        sections[2].title,
    ]
    links = [a for sheet in read(whole).pages for a in sheet.get("/Annots", [])]
    assert len(links) >= 4  # three sections and the part that can be linked to


def test_title_author_and_language_are_the_pages(whole: bytes) -> None:
    told = read(whole).metadata
    assert (told.title, told.subject, told.author) == (
        "Reverse mentoring pilot",
        "Technical report",
        "Northwind",
    )
    german = to_pdf(replace(page_of(Paragraph("x")), language="de"))
    assert read(german).trailer["/Root"]["/Lang"] == "de"


def test_every_font_is_inside(whole: bytes) -> None:
    fonts: dict[str, bool] = {}
    for sheet in read(whole).pages:
        for font in sheet["/Resources"].get("/Font", {}).values():
            inner = font["/DescendantFonts"][0]["/FontDescriptor"]
            fonts[font["/BaseFont"]] = "/FontFile2" in inner or "/FontFile3" in inner
    assert len(fonts) >= 3
    assert all(fonts.values())
    assert all(re.search("Libertinus|DejaVu", name) for name in fonts)


def test_pictures_are_drawn_not_pixels(whole: bytes) -> None:
    assert b"/Subtype/Image" not in whole.replace(b" ", b"")


def test_it_is_the_same_bytes_elsewhere(whole: bytes, tmp_path: Path, root: Path) -> None:
    code = (
        "import sys; from rmresearch.report.pdf import to_pdf; from tests.report.demo import demo; "
        "sys.stdout.buffer.write(to_pdf(demo(), marks=('internal',)))"
    )
    search = os.pathsep.join(str(path) for path in (root, root / "src"))
    environment = {**os.environ, "PYTHONPATH": search, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", code]
    again = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert again.stdout == whole


def test_nothing_of_this_machine_is_inside(whole: bytes, root: Path) -> None:
    reader = read(whole)
    parts = map(reader.get_object, range(1, reader.trailer["/Size"]))
    plain = whole + b"".join(one.get_data() for one in parts if hasattr(one, "get_data"))
    for path in (root, Path.home(), Path.cwd(), Path(sys.prefix)):
        assert str(path).encode() not in plain
    assert b"CreationDate" not in plain


def test_pdfinfo_agrees(whole: bytes, tmp_path: Path) -> None:
    if shutil.which("pdfinfo") is None:
        pytest.skip("no pdfinfo on this machine (poppler-utils)")
    path = tmp_path / "demo.pdf"
    path.write_bytes(whole)
    command = ["pdfinfo", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.search(r"Tagged: +yes", told)
    assert re.search(r"Page size: .*A4", told)


# --- what eyes see -------------------------------------------------------------------------------

DOTS = 60


def drawn(content: bytes, folder: Path) -> list[Picture]:
    path = folder / "sheet.pdf"
    path.write_bytes(content)
    return pictures(path, folder / "sheets", dots=DOTS)


def outside(sheets: list[Picture], side: float = 19.0, above: float = 9.0) -> list[int]:
    """The pages with ink in their margins; beside the text none, above it a running head."""
    left, top = (round(length / 25.4 * DOTS) for length in (side, above))
    marked = []
    for number, sheet in enumerate(sheets, 1):
        edges = (sheet[:, :left], sheet[:, -left:], sheet[:top], sheet[-top:])
        if min(int(np.min(edge)) for edge in edges) < 250:
            marked.append(number)
    return marked


def test_no_page_is_empty_and_nothing_stands_in_the_margins(whole: bytes, tmp_path: Path) -> None:
    sheets = drawn(whole, tmp_path)
    assert len(sheets) == len(read(whole).pages) > 5
    assert empty(sheets) == []
    assert outside(sheets) == []


def test_long_texts_stay_on_their_sheet(tmp_path: Path) -> None:
    department = "Group Function for International Regulatory Affairs and Law"
    long = f"{department}, " * 80
    rows = (("A", "1", long * 2), (department, "2", ""), ("B", long, "9" * 500))
    columns = (Column("Who", numeric=False), Column("n"), Column("Remark", numeric=False))
    one = TableBlock("One column", (Column("Who" * 60),), ((long,), ("9" * 500,)))
    blocks = (
        *(Callout("caution", long), Callout("note", long * 3), Badge(long[:400], "weak"), WORDS),
        *(
            Answer(long[:300], long, long),
            Facts(tuple(Fact(department, department) for _ in "12345")),
        ),
        *(
            one,
            TableBlock(long, columns, rows, long),
            Bullets((long,)),
            Definitions(((long, long),)),
        ),
    )
    content = to_pdf(page_of(*blocks, title=long[:400]), marks=(INTERNAL,))
    sheets = drawn(content, tmp_path)
    assert empty(sheets) == []
    assert outside(sheets, above=5.0) == []


def test_nothing_to_say_is_a_page_too() -> None:
    for page in (Page("Empty"), page_of(), page_of(TableBlock("None", (Column("Who"),), ()))):
        assert len(read(to_pdf(page)).pages) == 1


def test_a_picture_without_its_size_is_refused() -> None:
    with pytest.raises(ValueError, match="viewBox"):
        described(FigureBlock("<svg></svg>", "alt", "caption"))


def test_what_typst_refuses_is_a_sentence() -> None:
    broken = FigureBlock('<svg viewBox="0 0 9 9"><g></svg>', "alt", "caption")
    with pytest.raises(ReportError, match="the PDF cannot be set: "):
        to_pdf(page_of(broken))
