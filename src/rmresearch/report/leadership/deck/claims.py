"""The slide of claims: what may be said beside what may not, under the rating of the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rmresearch.report.leadership.content import Said, Story
from rmresearch.report.leadership.deck.measure import Para, alike, fitted, height_of
from rmresearch.report.leadership.deck.parts import BODY, asked, paras, rest
from rmresearch.report.leadership.deck.planned import Frame, Placed, Slide, Text
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["claimed"]


def claimed(story: Story, frame: Frame) -> Iterator[Slide]:
    """The rating, and under it what can be said beside what cannot."""
    claims, words = story.claims, catalogue()["deck"]
    whole = rest(frame)
    rating = paras([claims.rating], 18.0)
    high = min(height_of(rating, whole.width), whole.height / 3)
    left, right = whole.below(high + 16.0).columns(42, 58, gap=20.0)
    lists = ((words["can"], claims.can, left), (words["cannot"], claims.cannot, right))
    fits = alike([_listed(head, said) for head, said, _ in lists],
                 [box.inside(14.0) for _, _, box in lists])  # fmt: skip
    placed: list[Placed] = [
        asked(words["claims"], frame),
        Text(whole.upper(high), fitted(rating, whole.upper(high), floor=12.0)[0], words["rating"]),
    ]
    deep = 28.0 + max(
        height_of(shown, box.width - 28.0)
        for (_, _, box), (shown, _) in zip(lists, fits, strict=True)
    )
    for (head, _, box), (shown, _) in zip(lists, fits, strict=True):
        placed.append(Text(box.upper(min(box.height, deep)), shown, head, fill="tint", pad=14.0))
    over = [para.text for _, left_over in fits for para in left_over]
    title = words["title_claims"]
    if story.answer.marks:
        title = fill("deck", "title_rated", certainty=story.answer.marks[0].label)
    yield Slide(title, tuple(placed), (words["claims"], *over))


def _listed(head: str, said: Sequence[Said]) -> list[Para]:
    told = paras(said, BODY, bullet=True) or [Para(catalogue()["deck"]["nothing"], BODY)]
    return [Para(head, BODY, bold=True, tone="accent", after=8.0), *told]
