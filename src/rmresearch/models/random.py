"""The random part of a mixed model's formula, as R's lme4 writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.models.formula import (
    check_levels,
    finite,
    names_in,
    readable,
    scan,
    split,
    trimmed,
)
from rmresearch.models.levels import Codes, numbered

__all__ = ["Grouped", "RandomTerm", "facts", "group", "in_words", "parse"]

_PLAIN = re.compile(r"[^\W\d][\w.]*|`[^`]+`")


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One term, slashes resolved: ``(1 + t | pair/person)`` gives two of them.

    ``group`` is the grouping as lme4 prints it (``person:pair``), ``columns`` what it combines,
    ``written`` the user's own words.
    """

    written: str
    effects: str
    group: str
    columns: tuple[str, ...]
    correlated: bool

    def __str__(self) -> str:
        bar = "|" if self.correlated else "||"
        term = f"({self.effects} {bar} {self.group})"
        same = re.sub(r"\s", "", term) == re.sub(r"\s", "", self.written)
        return self.written if same else f"{term} of {self.written}"


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """A term on data: ``codes`` (n,) below ``levels``, ``z`` (n, q) with its ``names``.

    ``inner`` (n,): codes of the grouping's first column alone.
    """

    term: RandomTerm
    codes: Codes
    inner: Codes
    levels: int
    z: NDArray[np.float64]
    names: tuple[str, ...]

    def first_rows(self) -> Codes:
        """Where each level first appears (levels,)."""
        found = np.empty(self.levels, dtype=np.intp)
        found[self.codes[::-1]] = np.arange(self.codes.size - 1, -1, -1)
        return found

    def labels(self, rows: pd.DataFrame) -> list[str]:
        """The levels as lme4 prints them, such as ``2:17`` of ``person:pair``."""
        columns = rows[list(self.term.columns)].iloc[self.first_rows()]
        text = [
            [f"{value:.0f}" for value in column]
            if pd.api.types.is_float_dtype(column.dtype)
            else column.astype(str).tolist()
            for _, column in columns.items()
        ]
        return [":".join(parts) for parts in zip(*text, strict=True)]


def parse(text: str) -> tuple[str, tuple[RandomTerm, ...]]:
    """The formula without its random terms, and these; ``ValueError`` for what is neither.

    >>> fixed, random = parse("score ~ wave * arm + (1 | pair/person)")
    >>> fixed, [term.group for term in random]
    ('score ~ wave * arm', ['pair', 'person:pair'])
    """
    sides = split(text, "~")
    if len(sides) != 2:
        raise ValueError(
            f"{text!r}: write one outcome, ~ and the design, as in 'score ~ arm + (1 | pair)'"
        )
    kept, found = [], []
    for sign, piece in split(sides[1][1], "+-"):
        inner = _unwrapped(piece)
        bars = split(inner, "|") if inner != piece else []
        if len(bars) < 2:
            if any(char == "|" and kind == "formula" for char, kind, _ in scan(piece)):
                raise ValueError(
                    f"{piece!r}: a random term stands in round brackets of its own, between plus "
                    "signs, as in 'score ~ arm + (1 | pair)'"
                )
            kept.append(f"{sign} {piece}".strip())
        elif sign == "-":
            raise ValueError(f"- {piece}: a random term cannot be subtracted; leave it out")
        else:
            found += _terms(piece, [part for _, part in bars])
    fixed = " ".join(part for part in kept if part).removeprefix("+ ")
    return f"{sides[0][1]} ~ {fixed or '1'}", tuple(found)


def _unwrapped(piece: str) -> str:
    """Without the brackets around all of it."""
    while piece.startswith("(") and piece.endswith(")"):
        if any(depth == 0 for _, _, depth in list(scan(piece))[1:-1]):
            return piece
        piece = piece[1:-1].strip()
    return piece


def _terms(written: str, bars: Sequence[str]) -> list[RandomTerm]:
    double = len(bars) == 3 and bars[1] == ""
    effects, grouping = bars[0], bars[-1]
    if not (len(bars) == 2 or double) or not effects or not grouping:
        raise ValueError(f"{written}: write effects | group, as in (1 + t | person)")
    found: list[RandomTerm] = []
    outer: tuple[str, tuple[str, ...]] | None = None
    for _, piece in split(grouping, "/"):
        columns = tuple(_column(part, written) for _, part in split(_unwrapped(piece), ":"))
        name = ":".join(columns)
        if outer is not None:
            name = f"{_bracketed(name)}:{_bracketed(outer[0])}"
            columns = columns + outer[1]
        outer = (name, columns)
        found.append(RandomTerm(written, effects, name, columns, correlated=not double))
    return found


def _bracketed(name: str) -> str:
    return f"({name})" if ":" in name else name


def _column(text: str, written: str) -> str:
    if _PLAIN.fullmatch(text) is None:
        raise ValueError(
            f"{written}: right of the bar stand columns, joined by / (nested) or : (combined), not "
            f"{text!r}. Crossed groups are terms of their own: (1 | a) + (1 | b); a computed group "
            "goes into the frame as a column first."
        )
    return text.strip("`")


def group(terms: Sequence[RandomTerm], rows: pd.DataFrame) -> tuple[Grouped, ...]:
    """The terms on whole ``rows``, those with more levels first, as lme4 orders them."""
    wrong = [
        f"{term}: {column!r} holds fractions or infinite values, which name no groups"
        for term in terms
        for column in term.columns
        if pd.api.types.is_float_dtype(rows[column].dtype)
        and not (np.isfinite(rows[column]) & (rows[column] == rows[column].round())).all()
    ]
    if wrong:
        raise FitError("; ".join(dict.fromkeys(wrong)) + ". Group by a code, or swap the sides.")
    known = numbered([term.columns for term in terms], rows)
    found = []
    for term in terms:
        codes, levels = known[term.columns]
        z, names = _effects(term, rows)
        found.append(Grouped(term, codes, known[term.columns[:1]][0], levels, z, names))
    return tuple(sorted(found, key=lambda one: -one.levels))


def _effects(term: RandomTerm, rows: pd.DataFrame) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The model matrix of what stands left of the bar."""
    if term.effects == "1":
        return np.broadcast_to(1.0, (len(rows), 1)), ("Intercept",)
    from formulaic import Formula

    with readable(str(term), rows):
        design = Formula(f"~ {term.effects}")
        used = [name for name in names_in(term.effects) if name in rows.columns]
        check_levels(rows[used])
        made = design.get_model_matrix(trimmed(rows[used]), na_action="ignore")
    if made.shape[1] == 0:
        raise ValueError(f"{term}: no effect stands left of the bar")
    kinds = [kind.name for kind, _ in made.model_spec.encoder_state.values()]
    if not term.correlated and "CATEGORICAL" in kinds:
        raise ValueError(
            f"{term}: || is for numbers; between categories it would leave correlations in. "
            f"Write (0 + category | {term.group}), or columns of 0 and 1."
        )
    return finite(made)[0], tuple(str(name) for name in made.columns)


def facts(grouped: Sequence[Grouped], rows: pd.DataFrame) -> tuple[str, ...]:
    """What a reader should know about the groups, and would not see in the estimates."""
    found: list[str] = []
    columns = dict.fromkeys(c for one in grouped for c in one.term.columns)
    for column in (c for c in columns if pd.api.types.is_float_dtype(rows[c].dtype)):
        said = f"{column!r} is stored as decimal numbers; all are whole, and are read as codes"
        values = rows[column].to_numpy()
        # From here on neighbours fall together, as 16-digit ids do in a column with gaps.
        if np.abs(values).max() >= 2.0 / np.finfo(values.dtype).eps:
            said += ", but so large ones may have been merged: read such ids as text"
        found.append(said)
    for one in grouped:
        single = int((np.bincount(one.codes) == 1).sum())
        if single:
            found.append(f"{one.term}: {single} of {one.levels} groups have one row")
    for k, one in enumerate(grouped):
        found += _reused(one)
        found += [said for other in grouped[k + 1 :] for said in _crossed(one, other)]
    return tuple(dict.fromkeys(found))


def _reused(one: Grouped) -> list[str]:
    """A code met in few of the outer groups is either a slip or a person who is in several."""
    inner, outer = one.term.columns[0], one.term.columns[1:]
    if not outer or "/" not in one.term.written or one.inner is one.codes:
        return []
    groups = np.bincount(one.inner[one.first_rows()])
    several = int((groups > 1).sum())
    # Codes that start anew in every outer group, such as 1 and 2, are what the slash is for.
    if not 0 < several < 0.5 * groups.size:
        return []
    return [
        f"{one.term}: {several} of the {groups.size} values of {inner!r} occur in more than one "
        f"{':'.join(outer)} and count as different there; if they are the same, write "
        f"(1 | {':'.join(outer)}) + (1 | {inner})"
    ]


def _crossed(one: Grouped, other: Grouped) -> list[str]:
    """Codes that start anew in every group look as if they were crossed with it."""
    if set(one.term.columns) & set(other.term.columns):
        return []
    few, many = sorted([one, other], key=lambda x: x.levels)
    cells = pd.unique(many.codes * np.intp(few.levels) + few.codes)
    # Where 1, 2, ... start anew, the largest group has them all, and some recur elsewhere.
    if cells.size == few.levels or np.bincount(cells // few.levels).max() < few.levels:
        return []
    return [
        f"{few.term.group!r} and {many.term.group!r} enter as crossed: the {few.levels} values of "
        f"{few.term.group!r} recur across the {many.levels} of {many.term.group!r}; if they start "
        f"anew in each, write (1 | {many.term.group}/{few.term.group})"
    ]


def in_words(message: str, grouped: Sequence[Grouped]) -> str:
    """The kernel's message with its numbered terms and columns as the user wrote them."""
    clauses = []
    for clause in message.split("; "):
        number = re.search(r"\bterm (\d+)", clause)
        if number is not None:
            clause = re.sub(rf"from(.*) term {number[1]}\b", r"from\1 its other effects", clause)
        for k, name in enumerate(grouped[int(number[1])].names if number else ()):
            clause = re.sub(rf"\bcolumn {k}\b(?: of (?:its )?z)?", f"its effect {name!r}", clause)
        for k, one in enumerate(grouped):
            clause = re.sub(rf"\b(?:random )?term {k}\b", str(one.term), clause)
        clauses.append(clause)
    return "; ".join(clauses)
