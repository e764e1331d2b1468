"""One self-contained HTML file: from typed pages, or from an executed notebook by nbconvert.

No script, no network, a Content-Security-Policy that forbids both, and the same bytes for the same
content: nothing of the run (times, paths, counters) enters.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from rmresearch.declared import Brand
from rmresearch.errors import ReportError
from rmresearch.report.blocks import ESCAPED, Page
from rmresearch.report.blocks.base import CLOSE, OPEN
from rmresearch.report.figures.palette import recoloured
from rmresearch.report.furniture import furnished, linked, scrolled
from rmresearch.report.lighter import lighter_imports
from rmresearch.report.look import brand_css
from rmresearch.report.scripts import steady_page
from rmresearch.report.theme import blocks_css, page_css, template
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["INTERNAL", "marked", "render", "to_html", "wrap"]

#: the mark on every sheet of the analyst's report: a key of [mark] and [mark_meaning]
INTERNAL = "internal"

KINDS = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain")
#: what HTML that is not ours may keep
TAGS = (
    *("a", "b", "blockquote", "br", "caption", "code", "dd", "details", "div", "dl", "dt", "em"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "s", "small", "span"),
    *("strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    "ul",
)
ATTRIBUTES = {"th": ("colspan", "rowspan", "scope"), "td": ("colspan", "rowspan")}

_HEADING = re.compile(
    r'<section id="(?P<section>[^"]+)"[^>]*><h(?P<level>[23])>(?P<title>.*?)</h[23]>'
    r'|<h(?P<level2>[23]) id="(?P<id>[^"]+)"[^>]*>(?P<title2>.*?)</h[23]>',
    re.DOTALL,
)
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_SVG = re.compile(r"<svg .*?</svg>", re.DOTALL)
_SVG_ID = re.compile(r'(?<=[#"])f[0-9a-f]{8}-(?=\d+["\')])')
_ID = re.compile(r'<\w[^<>]*?\sid="([^"]+)"')


def render(page: Page, *, marks: tuple[str, ...] = ()) -> str:
    """A typed page as one HTML file; ``marks`` stand on every sheet beside the page's own.

    A mark is a key of [mark] in the catalogue, or a text of its own.
    """
    marks = (*page.marks, *marks)
    return wrap(
        page.html(), title=page.title, marks=marks, language=page.language, brand=page.brand
    )


def to_html(
    notebook: Any,
    *,
    title: str,
    internal: bool = True,
    brand: Brand | None = None,
    unfolded: bool = False,
    sheet: str = "",
) -> str:
    """An executed notebook as one HTML file: what its cells say and show, without their code.

    Cells tagged ``notebook-only`` are left out. ``internal`` puts that mark on every sheet and
    into the names of the files that tables can be kept as; ``brand`` gives colours (logo and name
    stand in the head that the notebook shows); ``unfolded`` prints every folded part open;
    ``sheet`` is as for `wrap`.
    """
    body = _STYLE.sub("", _exporter().from_notebook_node(notebook)[0])
    marks = (INTERNAL,) if internal else ()
    files = INTERNAL if internal else "table"
    return wrap(
        body, title=title, marks=marks, brand=brand, files=files, unfolded=unfolded, sheet=sheet
    )


def wrap(
    body: str,
    *,
    title: str,
    marks: tuple[str, ...] = (),
    language: str = "en",
    brand: Brand | None = None,
    files: str | None = None,
    unfolded: bool = False,
    sheet: str = "",
) -> str:
    """The whole file around a body of blocks: head, style, marks, contents list, furniture.

    Figures and styles take the colours of ``brand``; ``files`` is how names of kept tables begin
    (None: none can be kept); ``unfolded`` prints every folded part open. A page with a style
    ``sheet`` of its own (CSS) is short: it has neither contents nor furniture.

    Raises ``ReportError`` when two parts of the body share an id, because links would then lead
    astray.
    """
    brand = brand or Brand()
    body = _SVG.sub(lambda found: recoloured(found[0], brand), _own_svg_ids(steady_page(body)))
    ids = _ID.findall(body)
    twice = sorted({name for name in ids if ids.count(name) > 1} | {"main"} & set(ids))
    if twice:
        raise ReportError(f"two parts of the page share the id {', '.join(map(repr, twice))}.")
    mark = " · ".join(name for name, _ in marked(marks))
    layout = Template(page_css()).substitute(footer=_css_text(title), mark=_css_text(mark))
    return Template(template("page.html")).substitute(
        language=escape(language),
        title=escape(title),
        skip=escape(catalogue()["paper"]["skip"]),
        style=f"{blocks_css()}\n{brand_css(brand)}{layout}{template('furniture.css')}{sheet}",
        paper=' class="whole"' if unfolded else "",
        banner=_banner(marks),
        body=body if sheet else furnished(_with_contents(body), files=files),
    )


def marked(marks: tuple[str, ...]) -> list[tuple[str, str]]:
    """What each mark is called and what it means ("" for one that the catalogue does not have)."""
    names, meanings = catalogue()["mark"], catalogue()["mark_meaning"]
    return [(names.get(mark, mark), meanings.get(mark, "")) for mark in marks]


def _banner(marks: tuple[str, ...]) -> str:
    if not marks:
        return ""
    told = marked(marks)
    said = " ".join(
        f"<strong>{escape(fill('paper', 'titled', title=name))}</strong> {escape(meaning)}".strip()
        for name, meaning in told
    )
    edge = f'<div class="edge" aria-hidden="true">{escape(" · ".join(n for n, _ in told))}</div>'
    return f'<p class="banner" role="note">{said}</p>{edge}'


def _with_contents(body: str) -> str:
    """The body with its contents list behind head and answer, which come first on paper."""
    found = _HEADING.finditer(body)
    starts = [one.start() for one in found if "2" in (one["level"], one["level2"])]
    answer = body.find('class="answer"')
    cut = next((start for start in starts[:2] if start > answer), starts[0] if starts else 0)
    contents = _contents(body)
    return f"{linked(body[:cut])}{contents}{linked(body[cut:])}" if contents else body


def _contents(body: str) -> str:
    """The contents list: sections with their titled subsections, in the order of the page."""
    parts: list[tuple[str, list[str]]] = []
    for level, name, title in _headings(body):
        link = f'<a href="#{name}">{title}</a>'
        if level == 3 and parts:
            parts[-1][1].append(f"<li>{link}</li>")
        else:
            parts.append((link, []))
    if sum(1 + len(inside) for _, inside in parts) < 2:
        return ""
    nested = [(link, f"<ol>{''.join(inside)}</ol>" if inside else "") for link, inside in parts]
    items = "".join(f"<li>{link}{inside}</li>" for link, inside in nested)
    return (
        '<nav class="contents" aria-labelledby="contents-name">'
        f'<p class="name" id="contents-name">{escape(catalogue()["paper"]["contents"])}</p>'
        f"<ol>{items}</ol></nav>"
    )


def _headings(body: str) -> Iterator[tuple[int, str, str]]:
    for found in _HEADING.finditer(body):
        title = re.sub(r"<[^>]+>", "", found["title"] or found["title2"] or "").replace("¶", "")
        yield int(found["level"] or found["level2"]), found["section"] or found["id"], title


def _own_svg_ids(body: str) -> str:
    """Number the figures' inner ids through the page, so that a figure may be shown twice."""
    numbers = iter(range(1, body.count("<svg ") + 1))

    def renamed(found: re.Match[str]) -> str:
        return _SVG_ID.sub(f"f{next(numbers)}-", found[0])

    return _SVG.sub(renamed, body)


def _css_text(text: str) -> str:
    """Text inside a CSS string: everything but letters, digits and spaces as a code point."""
    return "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in text)


def _exporter() -> Any:
    lighter_imports()
    from nbconvert.exporters import TemplateExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from nbconvert.preprocessors.sanitize import SanitizeHTML

    markdown = MarkdownWithMath(renderer=IPythonRenderer(escape=True, exclude_anchor_links=True))
    sanitiser: Any = SanitizeHTML
    cleaner = sanitiser(tags=list(TAGS), attributes=_allowed, strip=True)

    class ReportExporter(TemplateExporter):
        """nbconvert with our template alone: none of its styles, scripts and later rewriting."""

        output_mimetype = "text/html"

        def _file_extension_default(self) -> str:
            return ".html"

    exporter: Any = ReportExporter
    return exporter(
        default_preprocessors=[],
        template_name="rmresearch",
        extra_template_basedirs=[str(Path(__file__).parent / "templates" / "nbconvert")],
        filters={
            "markdown2html": lambda text: _anchored(markdown.render(text)),
            "sanitised": lambda html: scrolled(cleaner.sanitize_html_tags(html)),
            "described": lambda alt: alt or catalogue()["paper"]["picture"],
            "best_kind": lambda data: next((kind for kind in KINDS if kind in data), ""),
            "bare": lambda html: html.removeprefix(OPEN).removesuffix(CLOSE),
            "is_ours": lambda output: output.metadata.get("text/html") == ESCAPED,
            "base64": lambda text: base64.b64encode(text.encode()).decode(),
            "one_line": lambda text: re.sub(r"[^A-Za-z0-9+/=]", "", text),
        },
    )


def _anchored(html: str) -> str:
    """Headings of markdown with an id made of their words, so that contents can lead there."""

    def heading(found: re.Match[str]) -> str:
        words = re.sub(r"<[^>]+>|&\w+;", " ", found[2]).lower()
        name = "-".join(re.findall(r"\w+", words)) or "part"
        return f'<h{found[1]} id="{name}">{found[2]}</h{found[1]}>'

    return re.sub(r"<h([23])>(.*?)</h\1>", heading, html, flags=re.DOTALL)


def _allowed(tag: str, name: str, value: str) -> bool:
    """Attributes that sanitised HTML may keep; links stay on the page."""
    if tag == "a" and name == "href":
        return value.startswith("#")
    return name in ("id", "title") or name in ATTRIBUTES.get(tag, ())
