"""Blocks of text: paragraphs, lists, remarks, badges, tiles, the key answer."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Literal

from rmresearch.report.blocks.base import Block, joined
from rmresearch.report.words.phrases import catalogue, fill

__all__ = [
    "Answer",
    "Badge",
    "Badges",
    "Bullets",
    "Callout",
    "Definitions",
    "Details",
    "Fact",
    "Facts",
    "Paragraph",
]

BadgeKind = Literal["neutral", "good", "caution", "weak", "internal"]
CalloutKind = Literal["note", "caution", "missing"]
ParagraphKind = Literal["plain", "lead", "small", "copy"]


@dataclass(frozen=True, slots=True)
class Paragraph(Block):
    """A paragraph of plain text.

    ``lead`` is larger, ``small`` is for notes, ``copy`` keeps its lines and is there to be copied.
    """

    text: str
    kind: ParagraphKind = "plain"

    def html(self) -> str:
        """A ``p``."""
        style = "" if self.kind == "plain" else f' class="{self.kind}"'
        return f"<p{style}>{escape(self.text)}</p>"


@dataclass(frozen=True, slots=True)
class Bullets(Block):
    """A list of short texts."""

    items: tuple[str, ...]
    ordered: bool = False

    def html(self) -> str:
        """A ``ul`` or ``ol``."""
        tag = "ol" if self.ordered else "ul"
        return f"<{tag}>{''.join(f'<li>{escape(item)}</li>' for item in self.items)}</{tag}>"


@dataclass(frozen=True, slots=True)
class Definitions(Block):
    """Terms and what they are: provenance, settings, a codebook entry."""

    items: tuple[tuple[str, str], ...]

    def html(self) -> str:
        """A ``dl``."""
        rows = (
            f"<div><dt>{escape(term)}</dt><dd>{escape(text)}</dd></div>"
            for term, text in self.items
        )
        return f'<dl class="definitions">{"".join(rows)}</dl>'


@dataclass(frozen=True, slots=True)
class Callout(Block):
    """A remark that must not be overlooked.

    ``note`` informs, ``caution`` limits what may be concluded, ``missing`` says what data a
    section would need.
    """

    kind: CalloutKind
    text: str
    title: str = ""

    def html(self) -> str:
        """An ``aside``-like box whose kind is said in words, not by colour alone."""
        title = fill("paper", "titled", title=self.title or catalogue()["paper"][self.kind])
        return (
            f'<div class="callout {self.kind}" role="note">'
            f"<p><strong>{escape(title)}</strong> {escape(self.text)}</p></div>"
        )


@dataclass(frozen=True, slots=True)
class Badge(Block):
    """A status in two or three words, with what it is a status of."""

    label: str
    kind: BadgeKind = "neutral"
    about: str = ""

    def html(self) -> str:
        """A ``span``."""
        about = f'<span class="about">{escape(self.about)}</span> ' if self.about else ""
        return f'<span class="badge {self.kind}">{about}{escape(self.label)}</span>'


@dataclass(frozen=True, slots=True)
class Badges(Block):
    """Several badges in a row."""

    badges: tuple[Badge, ...]

    def html(self) -> str:
        """A list, so that a screen reader says how many there are."""
        items = "".join(f"<li>{badge.html()}</li>" for badge in self.badges)
        return f'<ul class="badges">{items}</ul>' if items else ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a row of tiles: what it is, the value, and what stands behind it."""

    label: str
    value: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Facts(Block):
    """A row of tiles."""

    facts: tuple[Fact, ...]

    def html(self) -> str:
        """A ``dl`` laid out as tiles."""
        return f'<dl class="facts">{"".join(map(_tile, self.facts))}</dl>' if self.facts else ""


def _tile(fact: Fact) -> str:
    detail = f'<dd class="detail">{escape(fact.detail)}</dd>' if fact.detail else ""
    return (
        f'<div class="tile"><dt>{escape(fact.label)}</dt>'
        f'<dd class="value">{escape(fact.value)}</dd>{detail}</div>'
    )


@dataclass(frozen=True, slots=True)
class Answer(Block):
    """The key answer: the question, one sentence, what it rests on, and how sure it is."""

    question: str
    sentence: str
    detail: str = ""
    badges: tuple[Badge, ...] = ()
    facts: tuple[Fact, ...] = ()

    def html(self) -> str:
        """A panel."""
        detail = f"<p>{escape(self.detail)}</p>" if self.detail else ""
        return (
            f'<div class="answer"><p class="question">{escape(self.question)}</p>'
            f'<p class="sentence">{escape(self.sentence)}</p>'
            f"{detail}{Badges(self.badges).html()}{Facts(self.facts).html()}</div>"
        )

    def plain(self) -> str:
        """The sentence."""
        return self.sentence


@dataclass(frozen=True, slots=True)
class Details(Block):
    """What can be unfolded on screen.

    Paper shows it if it was unfolded, or always where ``printed``; otherwise only its name.
    """

    summary: str
    blocks: tuple[Block, ...]
    printed: bool = False

    def html(self) -> str:
        """A ``details``."""
        style = ' class="printed"' if self.printed else ""
        return (
            f"<details{style}><summary>{escape(self.summary)}</summary>"
            f"{joined(self.blocks)}</details>"
        )
