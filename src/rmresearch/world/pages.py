"""How a synthetic cohort shows itself: who is in it, what was measured, and what is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from rmresearch import study as s
from rmresearch.display.grid import folded, from_frame, paragraph
from rmresearch.world.truth import AS_ASSIGNED, arms_contrast

if TYPE_CHECKING:
    from rmresearch.world.cohort import Cohort

__all__ = ["as_html", "as_text"]

#: rows of a table that are shown
HEAD = 6


def as_text(cohort: Cohort) -> str:
    """The cohort in a terminal."""
    tables = (s.counted(cohort.study), _effects(cohort))
    return "\n\n".join([_title(cohort), *(from_frame(one).to_text() for one in tables), NOTE])


def as_html(cohort: Cohort) -> str:
    """The cohort in a notebook; every table can be opened."""
    study = cohort.study
    shown = [
        from_frame(s.counted(study), "Who is in it").to_html(),
        from_frame(_effects(cohort), "What is true").to_html(),
    ]
    opened = [
        folded(f"{name}: {len(table):,} rows", from_frame(table.head(HEAD)).to_html())
        for name in s.TABLES
        if len(table := getattr(study, name))
    ]
    every = cohort.truth.to_frame().drop(columns="term")
    opened.append(folded(f"truth: {len(every)} rows", from_frame(every).to_html()))
    return f"{paragraph(_title(cohort))}{''.join(shown)}{paragraph(NOTE)}{''.join(opened)}"


NOTE = (
    "True effects: with the programme minus without it, on average over the people named. "
    "Points are of the score; reported points include what people rate themselves above their "
    "true score; SD is of the true score among the eligible. Analyses see the study only."
)


def _title(cohort: Cohort) -> str:
    return f"{cohort.study.design.title}, seed {cohort.truth.seed}"


def _effects(cohort: Cohort) -> pd.DataFrame:
    """The effect of the programme on each outcome, wave by wave."""
    truth, labels = cohort.truth, {one.name: one.label for one in cohort.study.design.outcomes}
    whom = "everyone assigned" if truth.scenario.randomised else "people of the programme"
    return pd.DataFrame(
        {
            "role": row.role,
            "outcome": labels[row.outcome],
            "wave": row.wave,
            "on": whom,
            "points": f"{row.latent:+.2f}",
            "reported points": f"{row.as_reported:+.2f}",
            "SD": f"{row.latent_sd:+.2f}",
        }
        for row in truth.rows
        if row.outcome in labels
        and row.contrast == arms_contrast(truth.scenario)
        and (row.group, row.estimand) == ("", AS_ASSIGNED)
    )
