"""Slides of lists: what is for reference, questions to expect, all numbers, what is kept back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rmresearch.report.leadership.content import Asked, Story
from rmresearch.report.leadership.deck.measure import Para, fitted
from rmresearch.report.leadership.deck.parts import LEAD, NOTE, asked, paras, rest, tabled
from rmresearch.report.leadership.deck.planned import Frame, Slide, Text
from rmresearch.report.leadership.deck.tables import laid_out
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["divider", "hidden", "numbers", "questions"]

SIZES = (13.0, 12.0)


def divider(listed: Sequence[str], frame: Frame) -> Iterator[Slide]:
    """Where the story ends, so that nobody presents the reference by pressing on."""
    words = catalogue()["deck"]
    told = [Para(title, LEAD, bullet=True, after=LEAD / 2) for title in listed]
    text = Text(rest(frame), fitted(told, rest(frame), floor=NOTE)[0], words["text"], holds=True)
    placed = (asked(words["reference_asks"], frame), text)
    yield Slide(words["title_reference"], placed, (words["reference_note"],))


def questions(story: Story, frame: Frame) -> Iterator[Slide]:
    """The ten that boards ask, as a table over as many slides as they need."""
    words = catalogue()["deck"]
    heads = (words["ask"], words["reply"])
    rows = [(one.question, _reply(one)) for one in story.asked]
    alt = fill("deck", "table", caption=words["title_asked"], heads="; ".join(heads))
    pages = laid_out(heads, rows, (False, False), [rest(frame)], alt=alt, sizes=SIZES, bold=True)
    for table in pages:
        yield Slide(words["title_asked"], (asked(words["asked"], frame), table), (words["asked"],))


def _reply(one: Asked) -> str:
    return " ".join(said.text for said in one.said)


def numbers(story: Story, frame: Frame) -> Iterator[Slide]:
    """The appendix: every table, whole."""
    words = catalogue()["deck"]
    for grid in story.numbers:
        for page in tabled(grid, rest(frame), captioned=False, holds=True):
            title = fill("deck", "appendix", caption=grid.caption)
            yield Slide(title, (asked(words["appendix_asks"], frame), *page), (grid.caption,))


def hidden(story: Story, frame: Frame) -> Iterator[Slide]:
    """What the release rules keep back, and why."""
    words = catalogue()["deck"]
    over = tuple(paras(story.hidden, bullet=True))
    while over:
        shown, over = fitted(over, rest(frame), floor=12.0)
        text = Text(rest(frame), shown, words["text"], holds=True)
        title = words["title_hidden"]
        yield Slide(title, (asked(words["hidden_asks"], frame), text), (words["hidden_note"],))
