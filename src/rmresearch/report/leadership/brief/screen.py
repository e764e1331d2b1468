"""The brief as HTML: each place a piece that a notebook cell shows; all texts escaped here.

Charts are drawn of the page's own boxes, not as pictures: their numbers are text that scales,
wraps and is read aloud, and a phone shows them as large as a desk does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape as escaped
from typing import Any

from rmresearch.declared import Brand
from rmresearch.report.blocks import ESCAPED, Badge, Badges, Bullets
from rmresearch.report.blocks.base import CLOSE, OPEN
from rmresearch.report.leadership.brief.drawn import Drawn, Mark
from rmresearch.report.leadership.brief.fitted import size_class
from rmresearch.report.leadership.brief.kept import Box, Brief
from rmresearch.report.leadership.content import Grid, Said
from rmresearch.report.look import brand_css, masthead
from rmresearch.report.scripts import steady
from rmresearch.report.theme import blocks_css, brief_css, template
from rmresearch.report.words.phrases import catalogue

__all__ = [
    "Piece",
    "answer",
    "claims",
    "done",
    "following",
    "head",
    "levels",
    "results",
    "sheet",
]


def escape(text: str) -> str:
    """A text as HTML, its numbers where they are meant to be."""
    return escaped(steady(text))


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the page as escaped HTML, which shows itself in a notebook; ``name`` says which."""

    name: str
    html: str

    def _repr_html_(self) -> str:
        return f"{OPEN}{self.html}{CLOSE}"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        return {"text/html": self._repr_html_(), "text/plain": self.name}, {"text/html": ESCAPED}


def sheet() -> str:
    """The style of the brief on a page of its own, beside that of all pages."""
    return brief_css()


def head(brief: Brief, brand: Brand) -> Piece:
    """Who speaks of what; in a notebook it brings the style of all pieces along."""
    words = catalogue()["brief_sheet"]
    organisation = "" if brief.organisation == brand.name else brief.organisation
    subtitle = f'<p class="subtitle">{escape(organisation)}</p>' if organisation else ""
    made_up = Badge(words["synthetic"], "caution").html() if brief.synthetic else ""
    style = f"<style>{blocks_css()}{brand_css(brand)}{template('brief.css')}</style>"
    return Piece(
        "head",
        f'{style}<header class="head type-{size_class(brief)}"><div class="top">{masthead(brand)}'
        f'<p class="kicker">{escape(words["kind"])}</p>{made_up}</div>'
        f"<h1>{escape(brief.title)}</h1>{subtitle}</header>",
    )


def answer(brief: Brief) -> Piece:
    """The answer in one sentence, drawn, with what it means."""
    box = brief.answer
    sentence, *rest = box.said
    drawing = _strip(box.drawn, box.drawn.caption) if box.drawn else ""
    style = "answer drawn" if box.drawn else "answer"
    return Piece(
        "answer",
        f'<section id="answer" class="{style}"><h2 class="question">{escape(box.asks)}</h2>'
        f'<p class="sentence">{escape(sentence.text)}</p>{Badges(box.badges).html()}'
        f'{drawing}<div class="meaning">{_paragraphs(rest)}</div></section>',
    )


def done(brief: Brief) -> Piece:
    """What was done, with whom, and of how many the answer speaks."""
    box = brief.done
    table = _table(box.grid) if box.grid else ""
    goals = _paragraphs(box.points)
    text = f"<div>{_list(box.said)}</div><div>{table}{goals}</div>"
    return Piece("done", _section(box, f'<div class="beside">{text}</div>'))


def levels(brief: Brief) -> Piece:
    """The four levels, a tile each."""
    tiles = "".join(map(_tile, brief.tiles))
    return Piece("levels", _section(brief.levels, f'<div class="tiles">{tiles}</div>'))


def results(brief: Brief) -> Piece:
    """Both directions: all results at the end, drawn beside their numbers."""
    box = brief.both
    table = _results(box) if box.grid else ""
    rest = f'<p class="small">{escape(box.rest)}</p>' if box.rest else ""
    return Piece("both", _section(box, f"{_paragraphs(box.said)}{table}{rest}", style="second"))


def following(brief: Brief) -> Piece:
    """Matching and meeting; who left."""
    both = "".join(_section(box, _paragraphs(box.said) + _list(box.points)) for box in
                   (brief.match, brief.lost))  # fmt: skip
    return Piece("match and lost", f'<div class="halves">{both}</div>')


def claims(brief: Brief) -> Piece:
    """What can and cannot be claimed, what to do next, and what is not shown."""
    words, box, ahead = catalogue()["brief_sheet"], brief.claims, brief.next
    lists = "".join(
        f'<div class="{style}"><h3>{escape(words[style])}</h3>{_list(said)}</div>'
        for style, said in (("can", brief.can), ("cannot", brief.cannot))
        if said
    )
    hidden = ""
    if brief.hidden:
        said = " ".join(escape(one.text) for one in brief.hidden)
        hidden = f"<strong>{escape(words['kept_back'])}.</strong> {said} "
    steps = _paragraphs(ahead.said) + Bullets(_texts(ahead.points), ordered=True).html()
    made_up = f" {escape(words['synthetic'])}." if brief.synthetic else ""
    foot = f'<p class="small foot">{hidden}{escape(words["elsewhere"])}{made_up}</p>'
    return Piece(
        "claims and next",
        _section(box, f'{_paragraphs(box.said)}<div class="halves">{lists}</div>')
        + f"{_section(ahead, steps)}{foot}",
    )


def _section(box: Box, content: str, style: str = "") -> str:
    style = f"part {style}".strip()
    asks = f'<p class="asks">{escape(box.asks)}</p>' if box.asks else ""
    return (
        f'<section id="{box.name}" class="{style}">{asks}<h2>{escape(box.title)}</h2>'
        f"{content}</section>"
    )


def _paragraphs(several: Sequence[Said]) -> str:
    return "".join(f"<p>{escape(one.text)}</p>" for one in several)


def _texts(several: Sequence[Said]) -> tuple[str, ...]:
    return tuple(steady(one.text) for one in several)


def _list(several: Sequence[Said]) -> str:
    return Bullets(_texts(several)).html() if several else ""


def _tile(box: Box) -> str:
    drawing = _strip(box.drawn) if box.drawn else ""
    rest = f'<p class="small">{escape(box.rest)}</p>' if box.rest else ""
    return (
        f'<section id="{box.name}" class="level"><p class="asks">{escape(box.asks)}</p>'
        f"<h3>{escape(box.title)}</h3>{drawing}{Badges(box.badges).html()}"
        f"{_paragraphs(box.said)}{rest}</section>"
    )


# --- charts ---------------------------------------------------------------------------------------


def _strip(one: Drawn, caption: str = "") -> str:
    """A small chart: each row's name and numbers above its line, one axis below all."""
    rows = "".join(
        f'<div class="row"><p class="label">{_name(mark)}'
        f"<b>{escape(mark.value)}</b> <span>{escape(_behind(mark))}</span></p>"
        f"{_track(one, mark)}</div>"
        for mark in one.marks
    )
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure class="strip" role="group" aria-label="{escape(one.alt)}">{rows}{_axis(one)}'
        f"{below}</figure>"
    )


def _name(mark: Mark) -> str:
    return f"<bdi>{escape(mark.name)}</bdi> " if mark.name else ""


def _behind(mark: Mark) -> str:
    return " · ".join(text for text in (mark.ends, mark.count) if text)


def _track(one: Drawn, mark: Mark | None) -> str:
    """The line of a row; those who do not see it have the numbers beside it."""
    parts = []
    if mark is not None:
        parts = [_span("band", mark.band)] if mark.band else []
        parts += [_point("zero", one.zero)] if one.zero is not None else []
        parts += [_span("line", mark.line)] if mark.line else []
        parts += [_point("dot", mark.at)] if mark.at is not None else []
    return f'<div class="track" aria-hidden="true">{"".join(parts)}</div>'


def _axis(one: Drawn) -> str:
    """Numbers along the axis, what lies at either side, and what is counted."""
    ticks = "".join(
        f'<span style="left:{_percent(place)}">{escape(text)}</span>' for place, text in one.ticks
    )
    left, right = (escape(side) for side in one.sides)
    sides = f"<span>{left and '← ' + left}</span><span>{right and right + ' →'}</span>"
    return (
        f'<div class="axis" aria-hidden="true"><div class="ticks">{ticks}</div>'
        f'<div class="sides">{sides}</div></div><p class="unit">{escape(one.unit)}'
        f"{_key(one)}</p>"
    )


def _key(one: Drawn) -> str:
    return f' <span class="key">{escape(one.band)}</span>' if one.band else ""


def _span(style: str, ends: tuple[float, float]) -> str:
    left, right = ends
    return f'<i class="{style}" style="left:{_percent(left)};width:{_percent(right - left)}"></i>'


def _point(style: str, place: float) -> str:
    return f'<i class="{style}" style="left:{_percent(place)}"></i>'


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


# --- tables ---------------------------------------------------------------------------------------


def _table(grid: Grid) -> str:
    """A table in a box that scrolls where the screen is narrow."""
    return steady(grid.block().html())


def _results(box: Box) -> str:
    """The table of results with a column in which each is drawn."""
    grid, one = box.grid, box.drawn
    if grid is None:
        return ""
    if one is None:
        return _table(grid)
    kinds = tuple(' class="number"' if numeric else "" for numeric in grid.numeric)
    heads = [
        f'<th scope="col"{kind}>{escape(name)}</th>'
        for name, kind in zip(grid.heads, kinds, strict=True)
    ]
    heads.insert(DRAWN, f'<th scope="col" class="drawn">{escape(one.unit)}{_key(one)}</th>')
    rows = "".join(
        _row(one, row, kinds, mark) for row, mark in zip(grid.rows, box.marks, strict=True)
    )
    empty = f'<td colspan="{DRAWN}"></td>', f'<td colspan="{len(kinds) - DRAWN}"></td>'
    foot = f'<tr class="foot">{empty[0]}<td class="drawn">{_axis_only(one)}</td>{empty[1]}</tr>'
    return (
        f'<figure class="results" role="group" aria-label="{escape(one.alt)}">'
        f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(grid.caption)}">'
        f"<table><caption>{escape(grid.caption)}</caption><thead><tr>{''.join(heads)}</tr></thead>"
        f"<tbody>{rows}{foot}</tbody></table></div>"
        f"<figcaption>{escape(one.caption)}</figcaption></figure>"
    )


#: the column in which results are drawn
DRAWN = 2


def _row(one: Drawn, row: Sequence[Said], kinds: Sequence[str], mark: Mark | None) -> str:
    cells = [
        f"<td{kind}>{escape(cell.text)}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True)
    ]
    cells.insert(DRAWN - 1, f'<td class="drawn">{_track(one, mark)}</td>')
    return f'<tr><th scope="row">{escape(row[0].text)}</th>{"".join(cells)}</tr>'


#: so many numbers have room along a column's axis on a phone
NARROW = 5


def _axis_only(one: Drawn) -> str:
    """The axis below a column; where its numbers would touch, every other one, zero among them."""
    first = min(range(len(one.ticks)), key=lambda k: abs(one.ticks[k][0] - (one.zero or 0.0)))
    every = 1 if len(one.ticks) <= NARROW else 2
    ticks = tuple(tick for k, tick in enumerate(one.ticks) if (k - first) % every == 0)
    axis, _, _ = _axis(replace(one, ticks=ticks)).partition('<p class="unit">')
    return axis
