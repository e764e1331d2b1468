"""How a fitted mixed model shows itself, as text and in JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from rmresearch.display.forest import Interval, forest
from rmresearch.display.grid import Grid, from_frame, paragraph
from rmresearch.display.numbers import confidence, significant

if TYPE_CHECKING:
    from rmresearch.models.mixed_fit import LmmFit

__all__ = ["DIGITS", "as_html", "as_latex", "as_text", "plotted", "terms_grid"]

#: significant digits of a model's numbers, whose unit is anybody's
DIGITS = 4
#: columns that stand behind an estimate and its interval
TESTED = ("se", "df", "statistic", "p")
#: terms that a plot has room for
PLOTTED = 24

_NUMBER = "{:.4g}".format


def as_text(fit: LmmFit) -> str:
    """The model in a terminal."""
    head, *facts = _sentences(fit)
    tables = [
        table.to_string(index=False, float_format=_NUMBER, na_rep="") for table in _tables(fit)
    ]
    return "\n\n".join([f"{fit.formula}\n{head}", *tables, *facts])


def as_html(fit: LmmFit) -> str:
    """The model in a notebook; everything that comes from data is escaped."""
    terms, variances = _tables(fit)
    head, *facts = _sentences(fit)
    return "".join(
        [
            paragraph(f"{fit.formula} · {head}"),
            plotted(terms, fit.level),
            terms_grid(terms, fit.level, "Fixed effects").to_html(),
            from_frame(variances, "Random part", digits=DIGITS).to_html(),
            *map(paragraph, facts),
        ]
    )


def as_latex(fit: LmmFit) -> str:
    """The fixed effects for LaTeX; the caption says of what, the note has the variances."""
    terms, variances = _tables(fit)
    head, *facts = _sentences(fit)
    parts = [
        f"{' '.join(filter(None, [group, name]))} {significant(value, DIGITS)}"
        for group, name, value in variances[["group", "name", "variance"]].to_numpy().tolist()
    ]
    note = " ".join([f"Variances: {'; '.join(parts)}.", *facts])
    caption = f"{fit.formula}. n = {head}."
    return terms_grid(terms, fit.level, caption, note).to_latex()


def terms_grid(terms: pd.DataFrame, level: float, caption: str, note: str = "") -> Grid:
    """A table of coefficients or means, the interval in one column beside the estimate."""
    ends = ["estimate", "low", "high"]
    before = [name for name in terms if name not in ends and name not in TESTED]
    terms = terms[[*before, *ends, *(name for name in terms if name in TESTED)]]
    return from_frame(
        terms,
        caption,
        note=note,
        ends_of="estimate",
        level=confidence(level),
        digits=DIGITS,
    )


def plotted(terms: pd.DataFrame, level: float) -> str:
    """The coefficients' intervals as a plot, the intercept aside; nothing where there is none."""
    known = terms[
        terms["term"].ne("Intercept") & terms[["estimate", "low", "high"]].notna().all(axis=1)
    ]
    columns = ["term", "estimate", "low", "high"]
    rows = [Interval(*row) for row in known[columns].itertuples(index=False, name=None)]
    return forest(rows, level=confidence(level)) if len(rows) <= PLOTTED else ""


def _tables(fit: LmmFit) -> tuple[pd.DataFrame, pd.DataFrame]:
    return fit.to_frame(), fit.variances


def _sentences(fit: LmmFit) -> list[str]:
    """What was fitted to what, then every fact that qualifies it."""
    groups = ", ".join(f"{levels} {name}" for name, levels in fit.n_groups.items())
    kind = "REML criterion" if fit.reml else "deviance"
    judged = {"satterthwaite": "Satterthwaite", "kenward-roger": "Kenward-Roger"}[fit.ddf]
    if fit.robust is not None:
        judged = f"{fit.robust} by {fit.cluster}"
    head = f"{fit.n} rows, {fit.dropped} dropped · {groups} · {kind} {fit.criterion:.6g} · {judged}"
    found = [head]
    if bool(fit.kernel.exact):
        found.append("The fixed part alone fits exactly: no variance or test has a meaning.")
    elif not fit.converged:
        found.append("Not converged: the estimates are no optimum, and there is no test.")
    elif fit.singular:
        found.append("Singular: a variance is zero or a correlation is 1 or -1.")
    return [*found, *(f"Note: {note}." for note in fit.notes)]
