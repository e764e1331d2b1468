from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from rmresearch.report.blocks import (
    ESCAPED,
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

BAD = """<script>alert('"1"')</script>&"""
TABLE = TableBlock(BAD, (Column(BAD, BAD, numeric=False), Column(BAD)), ((BAD, BAD),), BAD)
EVERY: tuple[Block, ...] = (
    Paragraph(BAD, "lead"),
    Bullets((BAD, BAD), ordered=True),
    Definitions(((BAD, BAD),)),
    Callout("caution", BAD, BAD),
    Badges((Badge(BAD, "good", BAD),)),
    Facts((Fact(BAD, BAD, BAD),)),
    Answer(BAD, BAD, BAD, (Badge(BAD),), (Fact(BAD, BAD),)),
    FigureBlock("<svg viewBox='0 0 1 1'></svg>", BAD, BAD, BAD),
    TABLE,
    TableBlock(BAD, TABLE.columns, TABLE.rows, groups=((0, BAD),)),
    Details(BAD, (Paragraph(BAD),)),
    Subsection(BAD, (Paragraph(BAD),), id="part"),
    Section("part", BAD, (Paragraph(BAD),), BAD),
    Head(BAD, BAD, BAD, (Badge(BAD),)),
    Page(BAD, BAD, (Section("part", BAD),), kicker=BAD),
)


@pytest.mark.parametrize("block", EVERY, ids=lambda b: type(b).__name__)
def test_everything_that_comes_in_is_escaped(block: Block) -> None:
    html = block.html()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "'\"1\"'" not in html


@pytest.mark.parametrize("block", EVERY, ids=lambda b: type(b).__name__)
def test_a_notebook_shows_it_and_the_export_knows_that_it_was_escaped(block: Block) -> None:
    bundle, metadata = block._repr_mimebundle_()
    assert bundle["text/html"] == block._repr_html_()
    assert block.html() in bundle["text/html"]
    assert metadata["text/html"] == ESCAPED
    assert len(bundle["text/plain"]) < 200


def test_a_figure_says_what_it_shows() -> None:
    html = FigureBlock('<svg viewBox="0 0 1 1"></svg>', "5 of 9", "caption", "title").html()
    assert '<svg role="img" aria-label="5 of 9" viewBox' in html
    assert html.startswith("<figure>")


def test_a_table_has_caption_scopes_and_alignment() -> None:
    columns = (Column("Arm", numeric=False), Column("Mean", "points"), Column("", numeric=False))
    html = TableBlock("Means", columns, (("Mentor", "3.2", ""),), groups=((0, "Seniors"),)).html()
    assert "<caption>Means</caption>" in html
    assert '<th scope="col">Arm</th>' in html
    assert '<th scope="col" class="number">Mean <span class="unit">(points)</span></th>' in html
    assert "<thead><tr>" in html
    assert "<td></td></tr></thead>" in html  # a head without a name is no head
    assert '<th scope="row">Mentor</th><td class="number">3.2</td>' in html
    assert '<th scope="rowgroup" colspan="3">Seniors</th>' in html


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="every row needs 2 cells"):
        TableBlock("Means", (Column("a"), Column("b")), (("1",),))


@pytest.mark.parametrize("name", ["", "Flow", "1st", 'a"b', "a b", "-a"])
def test_ids_are_plain(name: str) -> None:
    with pytest.raises(ValueError, match="a section's id"):
        Section(name, "title")
    if name:
        with pytest.raises(ValueError, match="a section's id"):
            Subsection("title", (), id=name)


def test_a_page_knows_its_sections() -> None:
    page = Page("t", sections=(Section("one", "One"), Section("two", "Two")))
    assert page.section("two").title == "Two"
    with pytest.raises(KeyError, match="there are: one, two"):
        page.section("three")
    with pytest.raises(ValueError, match="share an id: one"):
        Page("t", sections=(Section("one", "One"), Section("one", "Again")))


def test_empty_blocks_leave_nothing_behind() -> None:
    assert Badges(()).html() == ""
    assert Facts(()).html() == ""
    assert "<p" not in Head("t").html().replace("<header", "")


def test_kinds_are_said_in_words() -> None:
    assert "Caution." in Callout("caution", "text").html()
    assert "Not in these data." in Callout("missing", "text").html()
    assert "Mind this." in Callout("note", "text", "Mind this").html()


def test_blocks_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        TABLE.caption = "other"  # type: ignore[misc]
