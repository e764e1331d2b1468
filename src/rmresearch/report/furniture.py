"""What a page has around its blocks for whoever reads it: links, files to keep, how to read.

All of it is HTML and works from a file, without script and without network: a table is a CSV file
inside its own link, a paragraph to copy is a text file inside one.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterator
from html import unescape

from rmresearch.display.numbers import MINUS
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["as_csv", "cell", "furnished", "linked", "scrolled"]

#: a cell that begins so may be taken for a formula by whatever opens the file (OWASP)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LONGEST_NAME = 60

_TITLED = re.compile(
    r'(?P<open><section id="(?P<section>[^"]+)"[^>]*>)(?P<heading><h[23]>(?P<title>.*?)</h[23]>)'
    r'|(?P<heading2><h[23] id="(?P<id>[^"]+)"[^>]*>(?P<title2>.*?)</h[23]>)',
    re.DOTALL,
)
_FIGURE = re.compile(r'(<figure>(?:(?!</figure>).)*?data-kind="([^"]*)".*?)</figure>', re.DOTALL)
_TABLE = re.compile(
    r'<div class="table[^"]*"><div class="scroll"[^>]*>(<table>.*?</table>)</div>'
    r'(?:<p class="note">.*?</p>)?',
    re.DOTALL,
)
_COPY = re.compile(r'<p class="copy">(.*?)</p>', re.DOTALL)
_ROW = re.compile(r"<tr([^>]*)>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)
_CAPTION = re.compile(r"<caption>(.*?)</caption>", re.DOTALL)
_PLAIN_NUMBER = re.compile(rf"[+{MINUS}-]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?")


def linked(body: str) -> str:
    """The body with a link beside each heading that leads to it, to be copied or sent."""

    def titled(found: re.Match[str]) -> str:
        name, title = found["section"] or found["id"], found["title"] or found["title2"] or ""
        label = fill("saving", "anchor", title=_text(title))
        link = f'<a class="anchor" href="#{name}" aria-label="{label}">#</a>'
        heading = found["heading"] or found["heading2"]
        return f'{found["open"] or ""}<div class="titled">{heading}{link}</div>'

    return _TITLED.sub(titled, body)


def scrolled(html: str) -> str:
    """HTML that is not ours, each of its tables in a box that scrolls where the screen is narrow.

    >>> scrolled("<table><tr><td>1</td></tr></table>").startswith('<div class="scroll"')
    True
    """
    label = _escaped(catalogue()["paper"]["table"])
    box = f'<div class="scroll" role="group" tabindex="0" aria-label="{label}">'
    return re.sub(
        "<table.*?</table>", lambda found: f"{box}{found[0]}</div>", html, flags=re.DOTALL
    )


def furnished(body: str, *, files: str | None = None) -> str:
    """The body with how its figures are read, folded below each of them.

    On paper the first figure of a kind has it. ``files`` (the beginning of file names, such as
    "internal") lets whoever reads keep every table and the paragraphs that are made to be copied.
    """
    seen: set[str] = set()

    def read(found: re.Match[str]) -> str:
        words = catalogue()["reading"]
        kind = found[2]
        style = "reading" if kind in seen else "reading printed"
        seen.add(kind)
        return (
            f'{found[1]}<details class="{style}"><summary>{_escaped(words["name"])}</summary>'
            f"<p>{_escaped(words[kind])}</p></details></figure>"
        )

    body = _FIGURE.sub(read, body)
    return body if files is None else _kept(body, files)


def _kept(body: str, beginning: str) -> str:
    words, taken = catalogue()["saving"], set[str]()

    def table(found: re.Match[str]) -> str:
        title = _caption(found[1])
        name = _free(f"{beginning}-{title}", taken)
        label = fill("saving", "table_of", title=title) if title else ""
        link = _link(f"{name}.csv", "text/csv", as_csv(found[1]), words["table"], label)
        return f'{found[0]}<p class="save">{link}</p>'

    def paragraph(found: re.Match[str]) -> str:
        name = _free(f"{beginning}-methods", taken)
        link = _link(f"{name}.txt", "text/plain", _text(found[1], False) + "\n", words["text"], "")
        return f'{found[0]}<p class="save">{link} <span>{_escaped(words["copying"])}</span></p>'

    return _COPY.sub(paragraph, _TABLE.sub(table, body))


def _link(name: str, kind: str, content: str, said: str, spoken: str) -> str:
    """A link that holds its file; ``spoken`` is read aloud in place of what it says."""
    data = base64.b64encode(content.encode()).decode()
    label = f' aria-label="{_escaped(spoken)}"' if spoken else ""
    address = f"data:{kind};charset=utf-8;base64,{data}"
    return f'<a download="{name}" href="{address}"{label}>{_escaped(said)}</a>'


def as_csv(table: str) -> str:
    """A table of the page's own HTML as CSV that a spreadsheet opens as it is.

    Headings of groups of rows become a first column. A text that could be taken for a formula has
    an apostrophe before it (`cell`).

    >>> as_csv("<table><tr><th>Who</th><td></td></tr><tr><th>=A1</th><td>−0.5</td></tr></table>")
    "\\ufeffWho,\\r\\n'=A1,-0.5\\r\\n"
    """
    rows = list(_rows(table))
    grouped = any(group for group, _ in rows)
    out = io.StringIO()
    writer = csv.writer(out)
    for group, texts in rows:
        writer.writerow(map(cell, (group, *texts) if grouped else texts))
    # a spreadsheet takes a file without this mark for one of its own country's code pages
    return "\ufeff" + out.getvalue()


def _rows(table: str) -> Iterator[tuple[str, list[str]]]:
    """Each row's texts with the heading of its group ("" where it has none)."""
    group = ""
    for style, content in _ROW.findall(table):
        texts = [_text(text, False) for text in _CELL.findall(content)]
        if "group" in style:
            group = texts[0]
        else:
            yield group, texts


def cell(text: str) -> str:
    """A text as a CSV cell: a number as a number, anything like a formula as plain text.

    >>> cell("−1,234.5"), cell("+0.31"), cell("-2+3"), cell("@SUM"), cell("12 of 20")
    ('-1234.5', '0.31', "'-2+3", "'@SUM", '12 of 20')
    """
    if _PLAIN_NUMBER.fullmatch(text):
        return text.replace(",", "").replace(MINUS, "-").removeprefix("+")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _text(html: str, escaped: bool = True) -> str:
    """What a piece of our own HTML says; as an attribute may hold it, or as it is read."""
    said = re.sub(r"<[^>]+>", "", html)
    return said if escaped else unescape(said)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def _caption(table: str) -> str:
    found = _CAPTION.search(table)
    return _text(found[1], False) if found else ""


def _free(wanted: str, taken: set[str]) -> str:
    """A file's name of letters, digits and hyphens that no other file of the page has."""
    name = "-".join(re.findall(r"\w+", wanted.lower()))[:LONGEST_NAME].rstrip("-")
    free = next(
        one
        for n in range(1, len(taken) + 2)
        if (one := name if n == 1 else f"{name}-{n}") not in taken
    )
    taken.add(free)
    return free
