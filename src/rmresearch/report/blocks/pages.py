"""Sections and pages: what holds blocks together, with anchors and titles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from rmresearch.declared import Brand
from rmresearch.report.blocks.base import CLOSE, OPEN, Block, joined
from rmresearch.report.blocks.texts import Badge, Badges, Paragraph
from rmresearch.report.look import brand_css, masthead
from rmresearch.report.theme import blocks_css
from rmresearch.report.words.phrases import fill

__all__ = ["Head", "Page", "Section", "Subsection"]

HOUSE = Brand()
_ID = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Subsection(Block):
    """A titled part of a section; with an ``id`` it can be linked to and enters the contents."""

    title: str
    blocks: tuple[Block, ...]
    id: str = ""

    def __post_init__(self) -> None:
        if self.id:
            _valid(self.id)

    def html(self) -> str:
        """A nested ``section``."""
        anchor = f' id="{self.id}"' if self.id else ""
        return (
            f'<section{anchor} class="subsection"><h3>{escape(self.title)}</h3>'
            f"{joined(self.blocks)}</section>"
        )


@dataclass(frozen=True, slots=True)
class Section(Block):
    """A section of a page; ``lead`` is its first, larger sentence."""

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    lead: str = ""

    def __post_init__(self) -> None:
        _valid(self.id)

    def html(self) -> str:
        """A ``section`` with its anchor."""
        lead = Paragraph(self.lead, "lead").html() if self.lead else ""
        return (
            f'<section id="{self.id}" class="section"><h2>{escape(self.title)}</h2>{lead}'
            f"{joined(self.blocks)}</section>"
        )

    def plain(self) -> str:
        """The section's name."""
        return fill("paper", "section", title=self.title)


def _valid(name: str) -> None:
    if not _ID.fullmatch(name):
        raise ValueError(f"a section's id is lower-case letters, digits and '-', not {name!r}")


@dataclass(frozen=True, slots=True)
class Head(Block):
    """The top of a page; shown in a notebook it brings the style of all blocks along.

    The brand's logo and name stand first; a ``kicker`` that says the same name again does not.
    """

    title: str
    subtitle: str = ""
    kicker: str = ""
    badges: tuple[Badge, ...] = ()
    blocks: tuple[Block, ...] = ()
    brand: Brand = HOUSE

    def html(self) -> str:
        """A ``header``."""
        said = "" if self.kicker == self.brand.name else self.kicker
        kicker = f'<p class="kicker">{escape(said)}</p>' if said else ""
        subtitle = f'<p class="subtitle">{escape(self.subtitle)}</p>' if self.subtitle else ""
        return (
            f'<header class="head">{masthead(self.brand)}{kicker}<h1>{escape(self.title)}</h1>'
            f"{subtitle}{Badges(self.badges).html()}</header>{joined(self.blocks)}"
        )

    def plain(self) -> str:
        """The title."""
        return self.title

    def _repr_html_(self) -> str:
        return f"{OPEN}<style>{blocks_css()}{brand_css(self.brand)}</style>{self.html()}{CLOSE}"


@dataclass(frozen=True, slots=True)
class Page(Block):
    """A whole page: what stands on top, its sections, and the marks that every sheet carries."""

    title: str
    subtitle: str = ""
    sections: tuple[Section, ...] = ()
    marks: tuple[str, ...] = ()
    kicker: str = ""
    badges: tuple[Badge, ...] = ()
    top: tuple[Block, ...] = ()
    language: str = "en"
    brand: Brand = HOUSE

    def __post_init__(self) -> None:
        ids = [section.id for section in self.sections]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"two sections share an id: {', '.join(twice)}")

    @property
    def head(self) -> Head:
        """The title block with what stands directly below it, for a notebook's first cell."""
        return Head(self.title, self.subtitle, self.kicker, self.badges, self.top, self.brand)

    def section(self, name: str) -> Section:
        """The section of that id."""
        for section in self.sections:
            if section.id == name:
                return section
        raise KeyError(f"no section {name!r}; there are: {', '.join(s.id for s in self.sections)}")

    def html(self) -> str:
        """Head and sections, one after the other."""
        return self.head.html() + joined(self.sections)

    def _repr_html_(self) -> str:
        return f"{OPEN}<style>{blocks_css()}{brand_css(self.brand)}</style>{self.html()}{CLOSE}"
