"""How a synthetic cohort shows itself: who is in it, what was measured, and what is true."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pandas as pd

from rmresearch import study as s
from rmresearch.world.truth import AS_ASSIGNED, arms_contrast

if TYPE_CHECKING:
    from rmresearch.world.cohort import Cohort

__all__ = ["as_html", "as_text"]

#: rows of a table that are shown
HEAD = 6


def as_text(cohort: Cohort) -> str:
    """The cohort in a terminal."""
    tables = (_people(cohort.study), _effects(cohort))
    return "\n\n".join([_title(cohort), *(table.to_string(index=False) for table in tables), NOTE])


def as_html(cohort: Cohort) -> str:
    """The cohort in a notebook; every table can be opened."""
    study = cohort.study
    shown = [_titled("Who is in it", _people(study)), _titled("What is true", _effects(cohort))]
    folded = [
        _folded(f"{name}: {len(table):,} rows", table.head(HEAD))
        for name in s.TABLES
        if len(table := getattr(study, name))
    ]
    every = cohort.truth.to_frame().drop(columns="term").round(3)
    folded.append(_folded(f"truth: {len(every)} rows", every))
    return (
        f"<h4>{html.escape(_title(cohort))}</h4>{shown[0]}{shown[1]}"
        f"<p><small>{html.escape(NOTE)}</small></p>{''.join(folded)}"
    )


NOTE = (
    "True effects: with the programme minus without it, on average over the people named. "
    "Points are of the score; reported points include what people rate themselves above their "
    "true score; SD is of the true score among the eligible. Analyses see the study only."
)


def _title(cohort: Cohort) -> str:
    return f"{cohort.study.design.title}, seed {cohort.truth.seed}"


def _people(study: s.Study) -> pd.DataFrame:
    """Arms by role, with the pairs that started, their meetings, and answers by wave."""
    people, waves = study.participants, [wave.name for wave in study.design.waves]
    own = study.measures[study.measures["person"] == study.measures["rater"]]
    answered = own.groupby("wave")["person"].unique()
    rows = []
    for arm in study.design.arms:
        for role in ("senior", "junior"):
            here = people.loc[(people["arm"] == arm.name) & (people["role"] == role), "person"]
            row: dict[str, object] = {"arm": arm.label, "role": role, "people": len(here)}
            paired = here.isin(study.pairs.loc[study.pairs["start"].notna(), role]).sum()
            row["in pairs that started"] = int(paired)
            for wave in waves:
                share = here.isin(answered.get(wave, [])).mean() if len(here) else float("nan")
                row[f"answered {wave}"] = f"{share:.0%}"
            rows.append(row)
    return pd.DataFrame(rows)


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


def _titled(title: str, table: pd.DataFrame) -> str:
    return f"<p><b>{html.escape(title)}</b></p>{_html(table)}"


def _folded(title: str, table: pd.DataFrame) -> str:
    return f"<details><summary>{html.escape(title)}</summary>{_html(table)}</details>"


def _html(table: pd.DataFrame) -> str:
    return str(table.to_html(index=False, escape=True, na_rep="", border=0, justify="left"))
