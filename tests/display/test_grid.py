"""Tables to read: what HTML and LaTeX hold is what was given, whatever signs it has."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmresearch.display.grid import Grid, from_frame

NASTY = r"a_b 50% & #1 $x$ {y} ~z^2 \n <b>|\"* [2] − – · ²"
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), max_size=12
)
#: as LaTeX prints them; the longest first
PRINTED = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
    r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|", r"\textquotedbl{}": '"',
    r"\textperiodcentered{}": "·", r"\textsuperscript{2}": "²", r"\ldots{}": "…", "$-$": "−",
    r"\&": "&", r"\%": "%", r"\$": "$", r"\#": "#", r"\_": "_", r"\{": "{", r"\}": "}",
    "{[}": "[", "{]}": "]", "{*}": "*", "--": "–",
}  # fmt: skip


class Cells(HTMLParser):
    """The cells of every table, row by row, with their tag and scope."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[tuple[str, str | None, str]]] = []
        self.tags: list[str] = []
        self.caption = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"th", "td"}:
            self.rows[-1].append((tag, dict(attrs).get("scope"), ""))

    def handle_data(self, data: str) -> None:
        if self.tags[-1] in {"th", "td"}:
            tag, scope, text = self.rows[-1][-1]
            self.rows[-1][-1] = (tag, scope, text + data)
        elif self.tags[-1] == "caption":
            self.caption += data


def read(html: str) -> Cells:
    cells = Cells()
    cells.feed(html)
    return cells


def printed(latex: str) -> str:
    """What LaTeX prints; whatever it would act on, and nobody escaped, fails."""
    found, at = "", 0
    while at < len(latex):
        known = next((k for k in sorted(PRINTED, key=len)[::-1] if latex.startswith(k, at)), None)
        if known is None:
            assert latex[at] not in '\\&%$#_{}~^[]*<>|"\n', latex[at:]
            found, at = found + latex[at], at + 1
        else:
            found, at = found + PRINTED[known], at + len(known)
    return found


def rows_of(latex: str) -> list[list[str]]:
    """The rows of the one table in a LaTeX text, its cells as they are printed."""
    opened: list[str] = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", latex):
        if what == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    (columns, body), = re.findall(r"\\begin\{tabular\}\{([lr]+)\}\n(.*?)\\end\{tabular\}", latex,
                                  re.DOTALL)  # fmt: skip
    lines = body.strip().splitlines()
    assert [line for line in lines if not line.endswith(r" \\")] == [
        r"\toprule", r"\midrule", r"\bottomrule"
    ]  # fmt: skip
    found = []
    for line in lines:
        if line.endswith(r" \\"):
            cells = re.split(r"(?<!\\)&", line.removesuffix(r" \\"))
            assert len(cells) == len(columns)
            found.append([printed(cell.strip(" ")) for cell in cells])
    return found


@given(TEXTS, TEXTS, TEXTS)
def test_latex_prints_what_was_given(head: str, first: str, second: str) -> None:
    grid = Grid(first, (head, "n"), ((first, second),), (False, True), second)
    latex = grid.to_latex()
    expected = [[head, "n"], [first, second]]
    assert rows_of(latex) == [[cell.strip(" ") for cell in row] for row in expected]
    caption = re.search(r"\\caption\{(.*)\}\n", latex)
    assert printed(caption[1] if caption else "") == first


def test_latex_holds_signs_that_it_would_act_on() -> None:
    latex = Grid(NASTY, ("x",), ((NASTY,),), (False,)).to_latex()
    assert rows_of(latex)[1] == [NASTY]
    assert "$-$" in latex
    assert r"\%" in latex


@given(TEXTS, TEXTS)
def test_html_holds_what_was_given_and_nothing_acts(first: str, second: str) -> None:
    text = f"<script>{first}</script>"
    cells = read(Grid(text, ("a", second), ((text, second),), (False, True)).to_html())
    assert set(cells.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert cells.caption == text
    assert cells.rows == [
        [("th", "col", "a"), ("th", "col", second)],
        [("th", "row", text), ("td", None, second)],
    ]


def test_a_terminal_has_numbers_to_the_right() -> None:
    grid = Grid("", ("who", "n"), (("senior", "4"), ("all", "12")), (False, True), "Note.")
    assert grid.to_text().splitlines() == ["who      n", "senior   4", "all     12", "Note."]


def test_a_frame_is_rounded_by_column_with_the_interval_in_one() -> None:
    frame = pd.DataFrame(
        {
            "wave": ["start", "month6"],
            "n": [1234, 7],
            "effect": [0.126, -12.34],
            "low": [-0.0001, np.nan],
            "high": [3.0, np.nan],
            "p": [0.00002, 0.04],
            "kept": [True, False],
            "se": [0.5, None],
        }
    )
    grid = from_frame(frame, ends_of="effect", level="90%")
    assert grid.heads == ("Wave", "n", "Effect", "90% interval", "p", "Kept", "SE")
    # 12.34 is the largest of effect and interval: one decimal for all of them
    assert grid.rows == (
        ("start", "1,234", "0.1", "0.0 to 3.0", "<0.001", "yes", "0.50"),
        ("month6", "7", "−12.3", "–", "0.040", "no", "–"),
    )
    assert grid.numeric == (False, True, True, True, True, False, True)


def test_significant_digits_where_rows_differ_in_unit() -> None:
    frame = pd.DataFrame({"x": [0.0123456, 123456.0, np.nan], "low": 0.5, "high": [1.0, 2, 3]})
    rows = from_frame(frame, digits=3, ends_of="x", level="95%").rows
    assert rows == (("0.0123", "0.5 to 1"), ("123,456", "0.5 to 2"), ("–", "0.5 to 3"))


def test_an_error_stands_behind_its_figure() -> None:
    frame = pd.DataFrame({"power": [0.8123, np.nan], "power_error": [0.01234, np.nan],
                          "bias": [0.5, -1.0], "bias error": [np.nan, 0.1]})  # fmt: skip
    grid = from_frame(frame, digits=3)
    assert grid.heads == ("Power", "Bias")
    assert grid.rows == (("0.812 ± 0.012", "0.5"), ("–", "−1 ± 0.1"))
    assert grid.numeric == (True, True)


def test_what_is_shared_becomes_the_caption() -> None:
    frame = pd.DataFrame({"role": ["senior"] * 2, "wave": ["a", "b"], "n": [1, 2]})
    grid = from_frame(frame, "Found.", shared=("role", "wave"))
    assert (grid.caption, grid.heads) == ("Found · senior", ("Wave", "n"))


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []})])
def test_an_empty_frame_is_an_empty_table(frame: pd.DataFrame) -> None:
    assert from_frame(frame).rows == ()
    assert "<tbody></tbody>" in from_frame(frame).to_html()
