"""How a fitted mixed model shows itself, as text and in JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from rmresearch.models.formula import escaped

if TYPE_CHECKING:
    from rmresearch.models.mixed_fit import LmmFit

__all__ = ["as_html", "as_text"]

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
    tables = [table.to_html(index=False, float_format=_NUMBER, na_rep="") for table in _tables(fit)]
    head, *facts = _sentences(fit)
    notes = "".join(f"<p>{escaped(fact)}</p>" for fact in [f"{fit.formula} · {head}", *facts])
    return "".join(tables) + notes


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
