from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from rmresearch.errors import ReportError
from rmresearch.report.blocks import Answer, Badge, Page, Paragraph, Section
from rmresearch.report.html import INTERNAL, render, to_html, wrap

from .demo import demo

VOID = {"br", "hr", "img", "input", "link", "meta"}


class Reader(HTMLParser):
    """Reads a page strictly: every tag that opens closes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, *names: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in names]


@cache
def page() -> str:
    return render(demo(), marks=(INTERNAL,))


@cache
def read() -> Reader:
    return Reader(page())


def test_tags_are_balanced_and_ids_unique() -> None:
    ids = [attributes["id"] for _, attributes in read().tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(ids) > 50


def test_every_picture_has_an_alternative_text() -> None:
    pictures = read().all("svg")
    assert len(pictures) > 20
    for picture in pictures:
        assert picture["role"] == "img"
        assert len(picture["aria-label"]) > 20


def test_nothing_comes_from_or_leads_to_elsewhere() -> None:
    assert "http:" not in page()
    assert "https:" not in page()
    assert "@import" not in page()
    assert not read().all("script", "link", "iframe", "object", "embed", "form", "base")
    ids = {attributes["id"] for _, attributes in read().tags if "id" in attributes}
    for _, attributes in read().tags:
        assert "src" not in attributes or attributes["src"].startswith("data:")
        assert not [name for name in attributes if name.startswith("on")]
        if "href" in attributes:
            assert attributes["href"].startswith("#")
            assert attributes["href"][1:] in ids
    for target in re.findall(r"url\(([^)]*)\)", page()):
        assert target.startswith("#")
        assert target[1:] in ids


def test_the_policy_forbids_scripts_and_network() -> None:
    policies = [m["content"] for m in read().all("meta") if m.get("http-equiv", "") != ""]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    before = page().index("Content-Security-Policy")
    assert before < page().index("<style>")


def test_headings_go_down_one_level_at_a_time() -> None:
    levels = [int(tag[1]) for tag, _ in read().tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    for above, below in pairwise(levels):
        assert below <= above + 1


def test_language_title_landmarks_and_the_way_past_the_head() -> None:
    assert read().all("html") == [{"lang": "en"}]
    assert "<title>Reverse mentoring pilot</title>" in page()
    assert len(read().all("main")) == 1
    assert read().all("a")[0] == {"class": "skip", "href": "#main"}
    assert 'name="viewport"' in page()


def test_contents_list_every_section_in_order_behind_the_answer() -> None:
    nav = page()[page().index("<nav") : page().index("</nav>")]
    assert re.findall(r'href="#([^"]+)"', nav) == ["flow", "outcomes", "digital-skill", "limits"]
    assert (
        page().index('class="answer"') < page().index("<nav") < page().index('<section id="flow"')
    )
    assert "<script" not in nav


def test_an_answer_in_the_first_section_comes_before_the_contents() -> None:
    first = Section("answer", "The answer", (Answer("Why?", "Because."),))
    made = render(Page("t", sections=(first, Section("flow", "Flow"), Section("end", "End"))))
    order = [made.index(part) for part in ("Because.", "<nav", '<section id="flow"')]
    assert order == sorted(order)
    nav = made[made.index("<nav") : made.index("</nav>")]
    assert re.findall(r'href="#([^"]+)"', nav) == ["answer", "flow", "end"]


def test_a_page_of_one_section_needs_no_contents() -> None:
    assert "<nav" not in render(Page("t", sections=(Section("one", "One"),)))


def test_markup_in_data_never_becomes_markup() -> None:
    assert "<script" not in page()
    assert page().count("&lt;script&gt;") > 5


def test_a_title_cannot_leave_its_place() -> None:
    nasty = '"} </style></title><script>x</script> \\ $title ${body} \n é'
    made = render(Page(nasty), marks=(INTERNAL, nasty))
    assert "<script" not in made
    assert made.count("</style>") == 1
    assert made.count("</title>") == 1
    strings = re.findall(r'content: "([^"]*)"', made)
    assert all("}" not in text and "<" not in text for text in strings)
    assert re.search(r"@bottom-left \{ content: \"[^\"]*\"; font", made)


def test_the_mark_stands_on_every_sheet_and_only_when_asked() -> None:
    assert '@top-right { content: "Internal"' in page()
    assert '<p class="banner" role="note"><strong>Internal.</strong> For the' in page()
    open_ = render(demo())
    assert '@top-right { content: ""' in open_
    assert 'class="banner"' not in open_
    both = render(Page("t", marks=("Draft",)), marks=(INTERNAL,))
    assert '@top-right { content: "Draft \\b7  Internal"' in both  # U+00B7, a dot in the middle


def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.raises(ReportError, match="share the id 'a'"):
        wrap('<p id="a"></p><p id="a"></p>', title="t")
    with pytest.raises(ReportError, match="share the id 'main'"):
        wrap('<p id="main"></p>', title="t")
    assert wrap('<p id="a">the words id="a" in a text</p>', title="t")


def test_a_figure_may_stand_on_a_page_twice() -> None:
    from .gallery import FIGURES

    figure = FIGURES["one interval"]()
    ids = [
        attributes["id"]
        for _, attributes in Reader(wrap(figure.html() * 2, title="t")).tags
        if "id" in attributes
    ]
    assert len(ids) == len(set(ids))
    assert len([name for name in ids if re.fullmatch(r"f2-\d", name)]) > 0


def test_same_bytes_again() -> None:
    assert render(demo.__wrapped__(), marks=(INTERNAL,)) == page()


def notebook(*outputs: dict[str, object], markdown: str = "", tags: tuple[str, ...] = ()) -> object:
    import nbformat

    cell = nbformat.v4.new_code_cell("secret_code()", id="code", metadata={"tags": list(tags)})
    cell["outputs"] = [nbformat.from_dict(one) for one in outputs]
    text = nbformat.v4.new_markdown_cell(markdown, id="text", metadata={"tags": list(tags)})
    return nbformat.v4.new_notebook(cells=[text, cell])


def display(data: dict[str, str], metadata: dict[str, object] | None = None) -> dict[str, object]:
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def main(html: str) -> str:
    return html[html.index("<main") : html.index("</main>")]


def test_our_blocks_pass_through_the_notebook_as_they_are() -> None:
    section = Section("flow", "Flow", (Paragraph("a < b"),))
    bundle, metadata = section._repr_mimebundle_()
    body = main(to_html(notebook(display(bundle, dict(metadata))), title="t"))
    assert section.html() in body
    assert 'class="rmr"><' not in body.replace('<main id="main" class="rmr"', "")


def test_the_head_leaves_its_style_in_the_notebook() -> None:
    head = Page("t", badges=(Badge("b"),)).head
    assert "<style>" in head._repr_html_()
    bundle, metadata = head._repr_mimebundle_()
    made = to_html(notebook(display(bundle, dict(metadata))), title="t")
    assert made.count("<style>") == 1
    assert head.html() in made


def test_other_html_is_sanitised() -> None:
    html = (
        '<p onclick="x()">kept</p><script>alert(1)</script><iframe src="//x.org"></iframe>'
        '<a href="https://x.org">link</a><a href="#flow">anchor</a><img src="//x.org/p.png">'
        '<style>p{}</style><svg onload="x()"></svg>'
        "<table><tr><td colspan='2'>cell</td></tr></table>"
    )
    body = main(to_html(notebook(display({"text/html": html})), title="t"))
    assert "<p>kept</p>" in body
    assert '<a href="#flow">anchor</a>' in body
    assert "<a>link</a>" in body
    assert '<td colspan="2">cell</td>' in body
    for gone in ("<script", "onclick", "onload", "<iframe", "<img", "x.org", "<style", "<svg"):
        assert gone not in body


def test_a_forged_mark_needs_the_very_words() -> None:
    forged = display({"text/html": "<script>1</script>"}, {"text/html": {"rmresearch": "yes"}})
    assert "<script" not in to_html(notebook(forged), title="t")


def test_markdown_is_shown_and_cannot_carry_markup() -> None:
    made = to_html(
        notebook(markdown="## A & B\n\n*soft* <script>alert(1)</script> a < b"), title="t"
    )
    body = main(made)
    assert '<h2 id="a-b">A &amp; B</h2>' in body
    assert "<em>soft</em>" in body
    assert "a &lt; b" in body
    assert "<script" not in body


def test_code_errors_and_warnings_stay_out_and_text_is_text() -> None:
    made = to_html(
        notebook(
            {"output_type": "stream", "name": "stderr", "text": "/home/somebody warning"},
            {"output_type": "stream", "name": "stdout", "text": "a < b"},
            {"output_type": "error", "ename": "E", "evalue": "value 7", "traceback": ["value 7"]},
            display({"text/plain": "<b>plain</b>"}),
        ),
        title="t",
    )
    for gone in ("secret_code", "somebody", "value 7"):
        assert gone not in made
    assert "<pre>a &lt; b</pre>" in made
    assert "<pre>&lt;b&gt;plain&lt;/b&gt;</pre>" in made


def test_pictures_of_others_are_data_with_an_alternative_text() -> None:
    svg = '<svg onload="x()"></svg>'
    made = to_html(
        notebook(
            display({"image/svg+xml": svg}, {"alt": 'a "plot"'}),
            display({"image/png": "aGk=\n"}),
        ),
        title="t",
    )
    pictures = Reader(made).all("img")
    assert pictures[0]["alt"] == 'a "plot"'
    assert pictures[0]["src"].startswith("data:image/svg+xml;base64,")
    assert pictures[1] == {
        "alt": "Picture without a description",
        "src": "data:image/png;base64,aGk=",
    }
    assert "onload" not in made


def test_cells_for_the_notebook_only_stay_there() -> None:
    shown = notebook(display({"text/plain": "out"}), markdown="words", tags=("notebook-only",))
    body = main(to_html(shown, title="t"))
    assert "out" not in body
    assert "words" not in body


def test_internal_is_the_default_for_notebooks() -> None:
    assert '@top-right { content: "Internal"' in to_html(notebook(), title="t")
    assert '@top-right { content: ""' in to_html(notebook(), title="t", internal=False)


def test_numbers_stay_behind_names_from_right_to_left_and_tags_stay_as_they_are() -> None:
    body = (
        '<h2 id="\u05e9\u05dd-2">\u05e9\u05dd: 0.3</h2><p title="\u05e9\u05dd 2">\u05e9\u05dd</p>'
    )
    page = wrap(body, title="x")
    assert ">\u05e9\u05dd\u200e: 0.3<" in page
    assert 'id="\u05e9\u05dd-2"' in page
    assert 'title="\u05e9\u05dd 2"' in page
