"""Formulas and frames: names, powers, whole rows, the fixed part's matrices, refusals."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import FitError, nearest

__all__ = [
    "categories",
    "check_levels",
    "codes",
    "design",
    "finite",
    "labelled",
    "matrices",
    "missing_names",
    "names_in",
    "outcome",
    "plain",
    "python_powers",
    "readable",
    "scan",
    "split",
    "trimmed",
    "unknown",
    "weight_row",
    "whole_rows",
    "written",
]

#: a name as a formula writes it: quoted in backticks, or dotted words
_NAME = re.compile(r"`(?P<quoted>[^`]+)`|(?P<plain>[^\W\d][\w.]*)(?P<after>\s*(?:\(|=(?!=)))?")
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORDS = frozenset({"True", "False", "None", "and", "or", "not", "in", "is", "if", "else"})
#: formulaic's own names of the constant, which a column so called would replace or become
_CONSTANT = ("Intercept", "1", "")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
#: values beyond HUGE, or all below TINY, are codes of missing values or in a strange unit
TINY, HUGE = 1e-40, 1e40
#: so many columns are named in one message
MOST_NAMED = 6


def written(formula: object) -> str:
    """The formula, as text that formulaic can read; ``TypeError`` or ``ValueError`` for others."""
    if not isinstance(formula, str):
        raise TypeError(f"formula must be text, not {type(formula).__name__}")
    left = _unclosed(formula)
    if left:
        raise ValueError(f"{formula!r}: {left} has no partner")
    quoted = re.findall(r"`([^`]*)`", _TEXT.sub(" ", formula))
    wrong = [name for name in _CONSTANT if name in {*quoted, *names_in(formula)}]
    if wrong:
        raise ValueError(
            f"{formula!r}: {', '.join(map(repr, wrong))} cannot be a column's name, as it stands "
            "for the model's constant or for nothing: rename the column"
        )
    return python_powers(formula)


def _unclosed(formula: str) -> str:
    """The first bracket or quotation mark without its partner, or nothing."""
    opened, quote = "", ""
    for char in formula:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char in "([{":
            opened += char
        elif char in _BRACKETS:
            if opened[-1:] != _BRACKETS[char]:
                return char
            opened = opened[:-1]
    return quote or opened[-1:]


def labelled(frame: object, level: object, cluster: object) -> pd.DataFrame:
    """The frame with text as column names; ``ValueError`` for repeated ones and a bad level."""
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"data must be a pandas DataFrame, not {type(frame).__name__}")
    if not isinstance(level, Real) or not 0.0 < float(level) < 1.0:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    if cluster is not None and not isinstance(cluster, str):
        raise TypeError(f"cluster must be the name of one column, not {cluster!r}")
    rows = frame.copy(deep=False)
    rows.columns = rows.columns.map(str)
    double = rows.columns[rows.columns.duplicated()].unique().tolist()
    if double:
        raise ValueError(f"the frame has several columns called {', '.join(double)}: rename them")
    return rows


def missing_names(text: str, columns: pd.Index) -> list[str]:
    """The names in ``text`` that are no column; dotted ones may be functions of a module."""
    known = set(columns) | _WORDS
    return [name for name in names_in(text) if name not in known and "." not in name]


def categories(columns: pd.DataFrame) -> pd.DataFrame:
    """Text as sorted categories, so that long columns are read once."""
    made = columns.copy(deep=False)
    for name in columns.columns[[_is_text(dtype) for dtype in columns.dtypes]]:
        codes, levels = pd.factorize(columns[name], sort=True)
        made[name] = pd.Categorical.from_codes(codes, levels)
    return made


def _is_text(dtype: Any) -> bool:
    return not isinstance(dtype, np.dtype) and pd.api.types.is_string_dtype(dtype)


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Objects as what they hold; ``FitError`` for what is neither a number nor a category."""
    made = rows.infer_objects()
    strange = [
        str(name)
        for name, column in made.items()
        if column.dtype == object and not column.map(pd.api.types.is_hashable).all()
    ]
    if strange:
        raise FitError(
            f"{', '.join(strange)}: lists, sets or dicts are neither numbers nor categories. "
            "Make columns of what they hold."
        )
    return made


def whole_rows(rows: pd.DataFrame, used: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows (n,) have a value in every used column; ``FitError`` where none has."""
    whole: NDArray[np.bool_] = rows[list(used)].notna().all(axis=1).to_numpy()
    if not whole.any():
        raise FitError(
            f"none of the {len(rows)} rows has a value in all of {', '.join(used)}. "
            "Check the filters, or leave out the column that is empty."
        )
    return whole


def trimmed(columns: pd.DataFrame) -> pd.DataFrame:
    """Categories that no row holds are no level of the model."""
    made = columns.copy(deep=False)
    for name, column in columns.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            held = np.bincount(column.cat.codes.to_numpy(np.intp) + 1)[1:]
            if held.size < column.cat.categories.size or not held.all():
                made[name] = column.cat.remove_unused_categories()
    return made


def weight_row(
    weights: Mapping[str, object] | Sequence[object] | NDArray[np.float64], terms: Sequence[str]
) -> NDArray[np.float64]:
    """The weights (p,) of a contrast, by term names or a number a term; else ``ValueError``."""
    if isinstance(weights, np.ndarray):
        weights = weights.tolist()
    if isinstance(weights, (str, bytes)) or not isinstance(weights, (Mapping, Sequence)):
        raise TypeError(f"write a contrast as {{{terms[0]!r}: 1.0}}, not {weights!r}")
    if not isinstance(weights, Mapping):
        if len(weights) != len(terms):
            raise ValueError(
                f"{len(weights)} weights for {len(terms)} terms: give one each for "
                f"{', '.join(terms)}, or name terms as {{{terms[0]!r}: 1.0}}"
            )
        weights = dict(zip(terms, weights, strict=True))
    missing = [name for name in weights if name not in terms]
    if missing:
        raise ValueError(unknown("term", missing, terms))
    values = list(weights.values())
    strange = [v for v in values if not (isinstance(v, Real) and np.isfinite(float(v)))]
    if strange or not any(values):
        raise ValueError(f"the weights of {dict(weights)} must be finite numbers, and not all 0")
    return np.array([weights.get(term, 0.0) for term in terms], dtype=float)


def check_levels(columns: pd.DataFrame) -> None:
    """``FitError`` for columns of one category."""
    # formulaic would leave such a column out of the design without a word.
    text = columns.select_dtypes(exclude=["number", "bool", "datetime", "timedelta"])
    single = [str(name) for name in text.columns if text[name].nunique() < 2]
    if single:
        raise FitError(
            f"{', '.join(single)}: the {len(columns)} rows without missing values hold one value "
            "only, so that nothing can be compared. Leave it out, or check what was dropped."
        )


def matrices(
    text: str, rows: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...], Any]:
    """The outcome (n,), the design (n, p), its column names and formulaic's account of it."""
    parsed = _parsed(text, rows)
    with readable(text, rows):
        made = parsed.get_model_matrix(trimmed(rows), na_action="ignore")
    _check_one(made.lhs, text)
    _check_some(made.rhs, text)
    y, x = finite(made.lhs, made.rhs)
    terms = tuple(str(name) for name in made.rhs.columns)
    return y[:, 0], x, terms, made.rhs.model_spec


def outcome(text: str, rows: pd.DataFrame) -> NDArray[np.float64]:
    """The outcome of ``matrices`` alone (n,)."""
    parsed = _parsed(text, rows)
    with readable(text, rows):
        made = parsed.lhs.get_model_matrix(trimmed(rows), na_action="ignore")
    _check_one(made, text)
    found: NDArray[np.float64] = finite(made)[0][:, 0]
    return found


def design(text: str, rows: pd.DataFrame) -> tuple[NDArray[np.float64], tuple[str, ...], Any]:
    """The design of ``matrices`` alone (n, p), its column names and formulaic's account of it."""
    parsed = _parsed(text, rows)
    with readable(text, rows):
        made = parsed.rhs.get_model_matrix(trimmed(rows), na_action="ignore")
    _check_some(made, text)
    return finite(made)[0], tuple(str(name) for name in made.columns), made.model_spec


def _parsed(text: str, rows: pd.DataFrame) -> Any:
    from formulaic import Formula

    with readable(text, rows):
        parsed = Formula(text)
    if not (hasattr(parsed, "lhs") and hasattr(parsed, "rhs")) or isinstance(parsed.rhs, tuple):
        raise ValueError(f"{text!r}: write one outcome and one design, as in 'post ~ arm + pre'")
    return parsed


def _check_some(made: pd.DataFrame, text: str) -> None:
    """``ValueError`` for a design of no column."""
    if made.shape[1] == 0:
        raise ValueError(f"{text!r} has no design: nothing stands right of ~")


def _check_one(made: pd.DataFrame, text: str) -> None:
    """``ValueError`` for an outcome of several columns."""
    if made.shape[1] != 1:
        names = [str(name) for name in made.columns]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        raise ValueError(
            f"the outcome of {text!r} must be one numeric column, not "
            f"{', '.join(names[:MOST_NAMED])}{more}"
        )


@contextmanager
def readable(text: str, rows: pd.DataFrame) -> Iterator[None]:
    """What formulaic or Python cannot make numbers of becomes a ``ValueError`` naming ``text``."""
    from formulaic.errors import DataMismatchWarning, FormulaicError

    try:
        # What is not finite is named afterwards.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            yield
    except (DataMismatchWarning, FormulaicError, SyntaxError, TypeError, ValueError) as error:
        reason = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).split("\n")[0]
        dates = rows.select_dtypes(["datetime", "datetimetz", "timedelta"]).columns
        hint = f". {', '.join(dates)} holds dates: count days from a start" if len(dates) else ""
        hint = ". Categories are written C(x)" if "factor(" in text else hint
        raise ValueError(f"the formula {text!r} cannot be read: {reason}{hint}") from error


def finite(*parts: pd.DataFrame) -> list[NDArray[np.float64]]:
    """The matrices as arrays; ``FitError`` naming every column that is not finite throughout."""
    strange = [
        f"{name} ({kind})"
        for part in parts
        for name, kind in part.dtypes.items()
        if kind.kind in "mc"
    ]
    if strange:
        raise FitError(
            f"not real numbers: {', '.join(strange)}. A duration has no unit that can be told: "
            "divide it by one, as in days / pd.Timedelta(days=1)."
        )
    arrays, found = [part.to_numpy(float) for part in parts], []
    for part, values in zip(parts, arrays, strict=True):
        bad = (~np.isfinite(values)).sum(axis=0)
        found += [f"{name} ({k} rows)" for name, k in zip(part.columns, bad, strict=True) if k]
    if found:
        raise FitError(
            f"not a finite number, although the columns behind it are filled: {', '.join(found)}. "
            "Look for logarithms of 0 or below, divisions by 0 and infinite values."
        )
    for part, values in zip(parts, arrays, strict=True):
        most = np.abs(values).max(axis=0)
        far = (most > HUGE) | ((most > 0) & (most < TINY))
        found += [
            f"{name} (up to {m:.3g})"
            for name, m, f in zip(part.columns, most, far, strict=True)
            if f
        ]
    if found:
        raise FitError(
            f"no size that sums of squares can hold: {', '.join(found)}. Look for codes that mean "
            "missing, or change the unit."
        )
    return arrays


def codes(column: pd.Series, name: str) -> NDArray[np.intp]:
    """Integer codes (n,) of the clusters; ``FitError`` where some rows have none."""
    missing = int(column.isna().sum())
    if missing:
        raise FitError(
            f"the cluster column {name!r} is empty in {missing} of the {len(column)} rows that "
            "enter the model. Fill it, or drop those rows and say so."
        )
    return np.asarray(pd.factorize(column)[0], dtype=np.intp)


def names_in(text: str) -> list[str]:
    """Every name in a formula that is not a function, an argument's name or quoted text."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(_TEXT.sub(" ", text)):
        if match["after"] is None:
            found[match["quoted"] or match["plain"]] = None
    return list(found)


def python_powers(formula: str) -> str:
    """``^`` inside calls and braces becomes ``**``: there formulaic evaluates Python, where ``^``
    is exclusive or. Outside it is R's crossing to a power, which formulaic knows.
    """
    return "".join(
        "**" if char == "^" and kind == "python" else char for char, kind, _ in scan(formula)
    )


def scan(formula: str) -> Iterator[tuple[str, str, int]]:
    """Each character, what reads it ("formula", "python" or "text"), and its depth in brackets."""
    python: list[bool] = []  # one entry an open bracket: does it hold Python?
    quote = ""
    for position, char in enumerate(formula):
        if quote:
            yield char, "text", len(python)
            quote = "" if char == quote else quote
            continue
        if char in ")}]" and python:
            python.pop()
        yield char, "python" if python and python[-1] else "formula", len(python)
        if char in "'\"`":
            quote = char
        elif char in "({[":
            before = formula[:position].rstrip()[-1:]
            call = char == "{" or (char == "(" and (before.isalnum() or before in {"_", "."}))
            python.append((bool(python) and python[-1]) or call)


def split(text: str, marks: str) -> list[tuple[str, str]]:
    """(mark before it, stripped piece): ``text`` cut at the marks that stand in no bracket."""
    pieces = [("", "")]
    for char, kind, depth in scan(text):
        if char in marks and kind == "formula" and depth == 0:
            pieces.append((char, ""))
        else:
            mark, piece = pieces[-1]
            pieces[-1] = (mark, piece + char)
    return [(mark, piece.strip()) for mark, piece in pieces]


def unknown(what: str, missing: Sequence[str], known: Sequence[str]) -> str:
    """What was not found, the nearest that exists, and all that exist."""
    parts = []
    for name in missing:
        near = nearest(name, known)
        parts.append(f"no {what} {name!r}" + (f" (did you mean {near!r}?)" if near else ""))
    return f"{'; '.join(parts)}. There are: {', '.join(known)}."
