"""The story as slides, in its order: what stands where, before any file is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rmresearch.report.blocks import Badge
from rmresearch.report.leadership.content import Part, Story
from rmresearch.report.leadership.deck.claims import claimed
from rmresearch.report.leadership.deck.forest import forest, tallest
from rmresearch.report.leadership.deck.lists import divider, hidden, numbers, questions
from rmresearch.report.leadership.deck.measure import Box, Para, alike, fitted, height_of
from rmresearch.report.leadership.deck.parts import (
    GAP,
    NOTE,
    SMALL,
    asked,
    fits,
    led,
    moved,
    notes,
    paras,
    rest,
    tabled,
)
from rmresearch.report.leadership.deck.planned import Frame, Placed, Slide, Text
from rmresearch.report.leadership.deck.tiles import tiled
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["slides"]

MARK = 48.0
#: a share as a figure that carries a slide
FIGURE = 56.0
#: what is longer, such as "fewer than 5 in 100", is no figure
FEW = 14


def slides(story: Story, frame: Frame) -> tuple[Slide, ...]:
    """Every slide: eight that tell, then for reference the questions to expect and all numbers."""
    told = (
        *_answer(story, frame),
        *_beside(story.done, frame, [*led(story.done.said), *_goals(story.done)], (38, 62)),
        *tiled(story, frame),
        *_both(story, frame),
        *_beside(story.match, frame, led(story.match.said), (44, 56)),
        *_lost(story.lost, frame),
        *claimed(story, frame),
        *_next(story.next, frame),
    )
    behind = (*questions(story, frame), *numbers(story, frame), *hidden(story, frame))
    listed = dict.fromkeys(slide.title for slide in behind)
    apart = (*divider(tuple(listed), frame), *behind)
    return (*_titled(told), *(replace(slide, reference=True) for slide in _titled(apart)))


def _titled(made: Sequence[Slide]) -> Iterator[Slide]:
    """No two slides have one title: what goes on says which part it is."""
    titles = [slide.title for slide in made]
    for place, slide in enumerate(made):
        count = titles.count(slide.title)
        part = titles[: place + 1].count(slide.title)
        said = fill("deck", "part", title=slide.title, number=part, count=count)
        yield replace(slide, title=said) if count > 1 else slide


def _goals(part: Part) -> list[Para]:
    return paras(part.points, SMALL, bullet=True)


def _answer(story: Story, frame: Frame) -> Iterator[Slide]:
    """The sentence, certainty and precision side by side, and the interval."""
    answer, words = story.answer, catalogue()["deck"]
    whole = rest(frame)
    left, right = whole.columns(46, 54, gap=GAP) if answer.chart else (whole, whole)
    told = [Para(answer.sentence.text, 22.0, after=14.0)]
    told += [replace(para, tone="muted", after=7.0) for para in paras(answer.meaning, 14.0)]
    if not answer.marks:
        told += paras([answer.standing], 14.0)
    foot = Para(answer.planned.text, NOTE, tone="muted")
    low = foot.height(right.width)
    marks = _marked(answer.marks, Box(right.left, right.top, right.width, MARK))
    deep = max((one.box.bottom - right.top + 14.0 for one in marks), default=0.0)
    upper = left if answer.chart else whole.upper(whole.height - deep - low - 12.0)
    shown, over = fitted(told, upper, floor=12.0)
    written = upper if answer.chart else upper.upper(height_of(shown, upper.width))
    placed: list[Placed] = [
        asked(answer.question, frame),
        Text(written, shown, words["text"], holds=True),
    ]
    drawn: tuple[Placed, ...] = ()
    if answer.chart:
        room = right.upper(right.height - deep - low - 12.0)
        drawn = forest(answer.chart, room, holds=True, alone=True)
    bottom = max((one.box.bottom for one in drawn), default=written.bottom + 10.0)
    placed += [*drawn, *(moved(one, bottom + 14.0 - right.top) for one in marks)]
    under = Box(right.left, bottom + deep + 10.0, right.width, low)
    placed.append(Text(under, (foot,), words["plan"]))
    about = (
        answer.question, answer.sentence.text, answer.standing.text, *(one.text for one in over),
        *((words["method"], *(one.text for one in answer.notes)) if answer.notes else ()),
    )  # fmt: skip
    title = answer.chart.title if answer.chart else words["title_answer"]
    yield Slide(title, tuple(placed), about)


def _marked(marks: Sequence[Badge], box: Box) -> list[Text]:
    """Certainty and precision, never one without the other; a third says that nobody planned it.

    Side by side from the box's top; one under the other where that cuts a word off.
    """
    told = [
        [*([Para(mark.about, NOTE, tone="muted", after=1.0)] if mark.about else []),
         Para(mark.label, 15.0, bold=True)]
        for mark in marks
    ]  # fmt: skip
    boxes = box.columns(*(1.0 for _ in marks), gap=10.0)
    shown = alike(told, [here.inside(6.0) for here in boxes], floor=NOTE)
    if any(over or height_of(kept, boxes[0].width - 12.0) > MARK - 12.0 for kept, over in shown):
        tops = [place * (MARK + 6.0) for place in range(len(marks))]
        boxes = tuple(box.below(top).upper(MARK) for top in tops)
        shown = alike(told, [here.inside(6.0) for here in boxes], floor=9.0)
    return [
        Text(here, kept, mark.about or mark.label, fill="tint", pad=6.0, middle=True)
        for mark, here, (kept, _) in zip(marks, boxes, shown, strict=True)
    ]


def _beside(
    part: Part, frame: Frame, told: Sequence[Para], shares: tuple[float, float]
) -> Iterator[Slide]:
    """Text to the left; table and chart to the right, or on slides of their own if too large."""
    whole, words = rest(frame), catalogue()["deck"]
    left, right = whole.columns(*shares, gap=GAP)
    shown: list[Placed] = []
    later: list[tuple[Placed, ...]] = []
    room = right
    upper = right.upper(right.height - tallest(part.chart) - 18.0) if part.chart else right
    place = next((box for box in (upper, right) if part.grid and fits(part.grid, box)), None)
    if part.grid is not None and place is not None:
        shown += tabled(part.grid, place, holds=True)[0]
        used = max(one.box.bottom for one in shown) + 18.0
        room = Box(right.left, used, right.width, right.bottom - used)
    elif part.grid is not None:
        later += tabled(part.grid, whole, holds=True)
    if part.chart is not None and room.height >= tallest(part.chart):
        shown += forest(part.chart, room, holds=not shown)
    elif part.chart is not None:
        later.append(forest(part.chart, whole, holds=True))
    here = left if shown else whole
    kept, over = fitted(told, here, floor=12.0)
    if shown and height_of(kept, here.width) > here.height:  # one paragraph alone is too long
        later.insert(0, tuple(shown))
        here, shown = whole, []
        kept, over = fitted(told, here, floor=12.0)
    text = Text(here, kept, words["text"], holds=True)
    yield Slide(part.title, (asked(part.asks, frame), text, *shown), notes(part))
    yield from _more(part, frame, over)
    for one in later:
        yield Slide(part.title, (asked(part.asks, frame), *one), notes(part))


def _more(part: Part, frame: Frame, over: tuple[Para, ...]) -> Iterator[Slide]:
    """Slides for the text that one had no room for."""
    while over:
        kept, over = fitted(over, rest(frame), floor=12.0)
        text = Text(rest(frame), kept, catalogue()["deck"]["text"], holds=True)
        yield Slide(part.title, (asked(part.asks, frame), text), notes(part))


def _both(story: Story, frame: Frame) -> Iterator[Slide]:
    """What either side gained; how many results stand in the appendix alone."""
    part = story.both
    told = led(part.said)
    drawn = len(part.chart.rows) if part.chart else 0
    if part.grid is not None and 0 < drawn < len(part.grid.rows):
        told.append(Para(catalogue()["deck"]["others"], SMALL, tone="muted"))
    yield from _beside(replace(part, grid=None), frame, told, (32, 68))


def _lost(part: Part, frame: Frame) -> Iterator[Slide]:
    """Who left: the share as a figure, then what it means and how far the answer could move."""
    whole, words = rest(frame), catalogue()["deck"]
    first = part.said[0]
    figure = first.numbers[0].text if first.numbers else ""
    alone = len(part.said) == 1  # nothing would stand beside the figure
    if alone or not figure[:1].isdigit() or len(figure) > FEW:
        yield from _beside(part, frame, led(part.said), (44, 56))
        return
    left, right = whole.columns(34, 66, gap=GAP)
    card = left.upper(min(left.height, 220.0))
    size = FIGURE if len(figure) <= FEW // 2 else FIGURE / 2
    said = [Para(figure, size, bold=True, tone="accent", after=8.0), Para(first.text, 15.0)]
    shown, cut = fitted(said, card.inside(16.0))
    kept, over = fitted([*cut, *paras(part.said[1:], 18.0)], right, floor=12.0)
    placed = (
        asked(part.asks, frame),
        Text(right, kept, words["text"], holds=True),
        Text(card, shown, words["share"], fill="tint", pad=16.0,
             middle=True),
    )  # fmt: skip
    yield Slide(part.title, placed, notes(part))
    yield from _more(part, frame, over)


def _next(part: Part, frame: Frame) -> Iterator[Slide]:
    """What to do: the advice as the lead, what it takes, and what would make the next surer."""
    whole, words = rest(frame), catalogue()["deck"]
    lead = led(part.said[:1])
    high = min(height_of(lead, whole.width), whole.height / 3)
    under = whole.below(high + 18.0)
    left, right = under.columns(40, 60, gap=GAP)
    size = [Para(words["size"], SMALL, bold=True, tone="accent", after=6.0)]
    better = [Para(words["better"], SMALL, bold=True, tone="accent", after=6.0)]
    placed: list[Placed] = [
        asked(part.asks, frame),
        Text(whole.upper(high), fitted(lead, whole.upper(high))[0], words["lead"]),
    ]
    over: tuple[Para, ...] = ()
    if part.said[1:]:
        many, over = fitted([*size, *paras(part.said[1:])], left.inside(14.0), floor=12.0)
        card = left.upper(min(left.height, height_of(many, left.width - 28.0) + 28.0))
        placed.append(Text(card, many, words["size"], fill="tint", pad=14.0))
    else:  # no card that is empty
        right = under
    kept, rest_of = fitted([*better, *paras(part.points, bullet=True)], right, floor=12.0)
    placed.append(Text(right, kept, words["better"], holds=True))
    yield Slide(part.title, tuple(placed), notes(part))
    yield from _more(part, frame, (*over, *rest_of))
