"""A table to read, and the same table for a notebook or Word, for LaTeX, and for a terminal.

HTML is a plain table, with ``scope`` on every heading, so that it pastes into Word as a table; it
takes its colours from what is around it, so that it reads in a dark notebook too. LaTeX needs the
package booktabs. Whatever comes from data is escaped in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from rmresearch.display.numbers import (
    NOTHING,
    decimals_for,
    interval,
    number,
    p_value,
    significant,
)

__all__ = ["DIGITS", "Grid", "capital", "folded", "from_frame", "marked", "paragraph"]

#: significant digits of simulated figures in rows that differ in unit
DIGITS = 3
_TABLE = "border-collapse:collapse;margin:0 0 .8em;table-layout:auto"
_CELL = "padding:.25em .6em"
_HEAD = "border-bottom:1px solid currentColor"
_CAPTION = "caption-side:top;text-align:left;font-weight:600;color:inherit;padding:0 0 .3em"
#: how LaTeX writes what it would else act on, and the signs that our numbers use
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",  # after a line's end it would be read as a length
    "]": "{]}",
    "*": "{*}",
    "−": "$-$",
    "–": "--",
    "·": r"\textperiodcentered{}",
    "²": r"\textsuperscript{2}",
    "…": r"\ldots{}",
    "\n": " ",
}


@dataclass(frozen=True, slots=True)
class Grid:
    """A titled table of texts, numbers in it rounded; ``numeric`` says which columns hold them.

    >>> print(Grid("Scores", ("wave", "mean"), (("start", "3.33"),), (False, True)).to_latex())
    \\begin{table}
    \\centering
    \\caption{Scores}
    \\begin{tabular}{lr}
    \\toprule
    wave & mean \\\\
    \\midrule
    start & 3.33 \\\\
    \\bottomrule
    \\end{tabular}
    \\end{table}
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    note: str = ""

    def to_html(self) -> str:
        """A plain table: caption, headings with their scope, the first column names the rows."""
        sides = [f"{_CELL};text-align:{'right' if one else 'left'}" for one in self.numeric]
        whole = [f"{_CELL};text-align:right;white-space:nowrap" if one else side
                 for one, side in zip(self.numeric, sides, strict=True)]  # fmt: skip
        caption = f'<caption style="{_CAPTION}">{escape(self.caption)}</caption>'
        heads = "".join(
            f'<th scope="col" style="{side}">{escape(head)}</th>'
            for head, side in zip(self.heads, sides, strict=True)
        )
        body = "".join(f"<tr>{_cells(row, whole)}</tr>" for row in self.rows)
        return (
            f'<table style="{_TABLE}">{caption if self.caption else ""}'
            f'<thead style="{_HEAD}"><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
            f"{paragraph(self.note)}"
        )

    def to_latex(self) -> str:
        """A table for LaTeX with booktabs; the note stands below it in small type."""
        lines = [r"\begin{table}", r"\centering"]
        lines += [rf"\caption{{{_latex(self.caption)}}}"] if self.caption else []
        sides = "".join("r" if numeric else "l" for numeric in self.numeric)
        lines += [rf"\begin{{tabular}}{{{sides}}}", r"\toprule", _line(self.heads), r"\midrule"]
        lines += [_line(row) for row in self.rows]
        lines += [r"\bottomrule", r"\end{tabular}"]
        lines += [rf"\par\smallskip{{\footnotesize {_latex(self.note)}\par}}"] if self.note else []
        return "\n".join([*lines, r"\end{table}"])

    def to_text(self) -> str:
        """The table in a terminal, columns side by side."""
        lines = [self.heads, *self.rows]
        widths = [max(len(line[k]) for line in lines) for k in range(len(self.heads))]
        shown = [
            "  ".join(
                text.rjust(width) if numeric else text.ljust(width)
                for text, width, numeric in zip(line, widths, self.numeric, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([*([self.caption] if self.caption else []), *shown, *_if(self.note)])


def from_frame(
    frame: pd.DataFrame,
    caption: str = "",
    *,
    note: str = "",
    ends_of: str = "",
    level: str = "",
    digits: int | None = None,
    shared: Sequence[str] = (),
) -> Grid:
    """A data frame as a table to read.

    The columns low and high become one, beside ``ends_of``, headed by the interval's ``level``.
    Numbers are rounded by the one rule, column by column, or to ``digits`` significant ones where
    rows differ in unit. What never varies of the columns ``shared`` goes to the caption. A column
    "x error" joins the column x, after a ±.

    >>> rows = pd.DataFrame({"wave": ["month6"], "effect": [0.32], "low": [0.019], "high": [0.62]})
    >>> from_frame(rows, ends_of="effect", level="95%").rows
    (('month6', '0.32', '0.02 to 0.62'),)
    """
    alike = [name for name in shared if frame[name].nunique(dropna=False) <= 1]
    said = [str(frame[name].iloc[0]) for name in alike if len(frame)]
    caption = " · ".join(filter(None, [caption.removesuffix("."), *said])) if said else caption
    frame = _with_errors(frame.drop(columns=alike), digits or DIGITS)
    named: list[str] = []
    columns: list[Sequence[str]] = []
    numeric: list[bool] = []
    joint = ends_of and frame[[ends_of, "low", "high"]].to_numpy(float).ravel().tolist()
    together = decimals_for(joint) if joint else None
    for name in map(str, frame.columns):
        if ends_of and name == "low":
            continue
        values = frame[name].tolist()
        if ends_of and name == "high":
            pairs = zip(frame["low"].tolist(), values, strict=True)
            columns.append([_ends(low, high, together, digits) for low, high in pairs])
            named.append(f"{level} interval".strip().capitalize())
        else:
            places = together if name == ends_of else None
            columns.append(_texts(name, values, places, digits))
            named.append(capital(name.replace("_", " ")))
        numeric.append(all(_is_numeric(value) for value in values))
    return Grid(caption, tuple(named), tuple(zip(*columns, strict=True)), tuple(numeric), note)


def capital(text: str) -> str:
    """The text with its first letter large, except for a sign such as p or df; SE and SD whole.

    >>> capital("waves"), capital("p"), capital("se withheld"), capital("df")
    ('Waves', 'p', 'SE withheld', 'df')
    """
    first, _, rest = text.partition(" ")
    if first in {"se", "sd"}:
        return f"{first.upper()} {rest}".rstrip()
    return text if len(first) == 1 or text == "df" else text[:1].upper() + text[1:]


def marked(inside: str) -> str:
    """HTML that stands out: a thick rule beside it, in the colour of the text."""
    return f'<div style="border-left:4px solid currentColor;padding-left:.8em">{inside}</div>'


def folded(title: str, inside: str) -> str:
    """HTML that is opened by a click on its title."""
    return f'<details style="margin:0 0 .6em"><summary>{escape(title)}</summary>{inside}</details>'


def paragraph(text: str) -> str:
    """A text as a paragraph of HTML, nothing where it is empty."""
    return f'<p style="margin:0 0 .6em;max-width:60em">{escape(text)}</p>' if text else ""


def _is_numeric(value: Any) -> bool:
    if isinstance(value, str):
        first = value.partition(" ± ")[0]
        return first.removesuffix("%").lstrip("+−<>").replace(".", "").isdigit() or value == NOTHING
    return not isinstance(value, bool)


def _with_errors(frame: pd.DataFrame, digits: int) -> pd.DataFrame:
    """Each figure with its Monte Carlo error, where that is a column of its own."""
    for name in list(frame.columns):
        errors = next((e for e in (f"{name} error", f"{name}_error") if e in frame), None)
        if errors is not None:
            pairs = zip(frame[name].tolist(), frame[errors].tolist(), strict=True)
            texts = [_with_error(value, error, digits) for value, error in pairs]
            frame = frame.assign(**{name: texts}).drop(columns=errors)
    return frame


def _with_error(value: float | None, error: float | None, digits: int) -> str:
    """A figure and its error to two digits; an error is known from two cohorts on."""
    said = significant(error, 2)
    return significant(value, digits) + ("" if said == NOTHING else f" ± {said}")


def _texts(
    name: str, values: Sequence[Any], places: int | None, digits: int | None
) -> Sequence[str]:
    """A column's values as texts, rounded together."""
    if name == "p":
        return [p_value(value) for value in values]
    numbers = [value for value in values if isinstance(value, float)]
    decimals = decimals_for(numbers) if places is None else places
    return [_text(value, decimals, digits) for value in values]


def _text(value: Any, decimals: int, digits: int | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return significant(value, digits) if digits else number(value, decimals=decimals)
    return NOTHING if value is None or value is pd.NaT else str(value)


def _ends(low: Any, high: Any, decimals: int | None, digits: int | None) -> str:
    if low is None or high is None or pd.isna(low) or pd.isna(high):
        return NOTHING
    if digits:
        return f"{significant(low, digits)} to {significant(high, digits)}"
    return interval(low, high, decimals=decimals)


def _cells(row: Sequence[str], sides: Sequence[str]) -> str:
    first, *others = (
        f' style="{side}">{escape(text)}</' for text, side in zip(row, sides, strict=True)
    )
    return f'<th scope="row"{first}th>' + "".join(f"<td{other}td>" for other in others)


def _line(texts: Sequence[str]) -> str:
    return " & ".join(map(_latex, texts)) + r" \\"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def _if(text: str) -> list[str]:
    return [text] if text else []
