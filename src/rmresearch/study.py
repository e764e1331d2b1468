"""The study: its declared design and its five tables, as every analysis receives them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rmresearch.declared import (
    Adaptation,
    Arm,
    Brand,
    Design,
    Likeness,
    Logo,
    Matching,
    Outcome,
    PrivacySettings,
    Role,
    Wave,
)
from rmresearch.display.grid import from_frame
from rmresearch.display.numbers import percent
from rmresearch.errors import StudyError, number_of

__all__ = [
    "Adaptation",
    "Arm",
    "Brand",
    "Design",
    "Likeness",
    "Logo",
    "Matching",
    "Outcome",
    "PrivacySettings",
    "Study",
    "Wave",
    "among",
    "counted",
]

T = TypeVar("T")
ROLES: tuple[Role, ...] = ("senior", "junior")
#: the events that analyses know; an outcome from records adds its items
RECORD_KINDS = ("left", "promoted", "adopted")

#: column -> dtype kind: "text" (str, missing = NaN), "number" (float64), "date" (datetime64),
#: "flag" (bool). Features of participants follow these columns, text or number as declared.
TABLES: Mapping[str, Mapping[str, str]] = {
    "participants": {
        "person": "text",
        "role": "text",
        "arm": "text",
        "department": "text",
        "level": "number",
        "manager": "text",
        "stratum": "text",
        "crossover_date": "date",
    },
    "pairs": {
        "pair": "text",
        "junior": "text",
        "senior": "text",
        "start": "date",
        "end": "date",
        "reason": "text",
        "topic": "text",
    },
    "measures": {
        "person": "text",
        "rater": "text",
        "pair": "text",
        "wave": "text",
        "item": "text",
        "value": "number",
    },
    "meetings": {
        "pair": "text",
        "date": "date",
        "wave": "text",
        "held": "flag",
        "minutes": "number",
    },
    "records": {"person": "text", "date": "date", "kind": "text", "value": "number"},
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Study:
    """A study in memory: five tables (see ``TABLES``) and the design.

    participants: one row a person. pairs: one row a pair; ``junior`` or ``senior`` may be missing
    in all rows where that side was not studied. measures: one row an answer (person described,
    rater, pair if any, wave, item, value as coded, before reversing). meetings: one row a meeting
    that was held or reported as not held, with a date or a wave. records: one row an event.
    ``sources`` are the files read, as (path relative to the data root, SHA-256); ``notes`` what
    the reader noticed and said; ``excluded`` who was left out on import, and why.

    >>> import rmresearch as rm
    >>> study = rm.simulate(rm.Scenario(pairs=20), seed=7).study
    >>> len(study.participants), study.sets().nunique(), study.clusters().nunique()
    (40, 20, 20)
    >>> study.describe_cluster().split(":")[0]
    '40 people fall into 20 independent clusters'
    >>> study.scores("digital_skill").columns.tolist()
    ['person', 'wave', 'value', 'items']
    >>> study.wide("digital_skill").columns.tolist()
    ['start', 'month3', 'month6']
    >>> set(study.answers("digital_skill")["item"]) == set(
    ...     study.design.outcome("digital_skill").items)
    True
    >>> study.once("people", lambda: len(study.participants))
    40
    """

    participants: pd.DataFrame
    pairs: pd.DataFrame
    measures: pd.DataFrame
    meetings: pd.DataFrame
    records: pd.DataFrame
    design: Design
    sources: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    excluded: tuple[tuple[str, int], ...] = ()
    _known: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, made when it is first asked for under ``key``; tables never change.

        Twenty questions ask for the same clusters and scores; nobody may change what is kept.
        """
        if key not in self._known:
            self._known[key] = make()
        kept: T = self._known[key]
        return kept

    def sets(self) -> pd.Series[str]:
        """The connected set of pairs of each person, indexed by person.

        Persons joined by a chain of pairs share a set; an unpaired person is a set of one. A
        set is named after its first person.
        """
        return self.once("sets", self._sets).copy(deep=False)

    def _sets(self) -> pd.Series[str]:
        people = self.participants["person"]
        both = self.pairs[["junior", "senior"]].dropna()
        return _components(people, [(both["junior"], both["senior"])])

    def clusters(self) -> pd.Series[str]:
        """The unit of independence of each person, indexed by person.

        The coarser of the unit of assignment and the connected set of pairs: sets that reach
        into several departments join them when departments were assigned.
        """
        if self.design.unit != "department":
            return self.sets()
        return self.once("clusters", self._departments).copy(deep=False)

    def _departments(self) -> pd.Series[str]:
        table = self.participants
        both = self.pairs[["junior", "senior"]].dropna()
        known = table.dropna(subset=["department"])
        first = known.groupby("department")["person"].transform("first")
        links = [(both["junior"], both["senior"]), (known["person"], first)]
        return _components(table["person"], links)

    def scores(self, outcome: Outcome | str) -> pd.DataFrame:
        """One score a person and wave: columns person, wave, value, items (answered).

        Items are reversed about the range where declared and averaged over the items answered,
        if at least ``min_items`` of them were; several raters of one person are averaged with
        equal weight. Rows come in the order of participants, then waves.
        """
        codebook = self.design.outcome(outcome) if isinstance(outcome, str) else outcome
        return self.once(("scores", codebook), lambda: _scores(self, codebook)).copy(deep=False)

    def wide(self, outcome: Outcome | str) -> pd.DataFrame:
        """Scores with one row a person and one column a wave (declared order, all waves)."""
        codebook = self.design.outcome(outcome) if isinstance(outcome, str) else outcome
        return self.once(("wide", codebook), lambda: self._wide(codebook)).copy(deep=False)

    def _wide(self, outcome: Outcome) -> pd.DataFrame:
        wide = self.scores(outcome).pivot(index="person", columns="wave", values="value")
        people = self.participants["person"]
        order = people[among(people, wide.index)].to_list()
        return wide.reindex(index=order, columns=[w.name for w in self.design.waves])

    def answers(self, outcome: Outcome | str) -> pd.DataFrame:
        """The rows of measures that answer an item of the outcome at a declared wave."""
        codebook = self.design.outcome(outcome) if isinstance(outcome, str) else outcome
        return self.once(("answers", codebook), lambda: self._answers(codebook)).copy(deep=False)

    def _answers(self, outcome: Outcome) -> pd.DataFrame:
        rows = self.measures[self.measures["item"].isin(outcome.items)]
        known = rows["wave"].isin([wave.name for wave in self.design.waves])
        return rows[rows["value"].notna() & known]

    def describe_cluster(self) -> str:
        """The cluster rule's finding in a sentence, for the report."""
        clusters = self.clusters()
        people, n = len(clusters), clusters.nunique()
        paired = int(clusters.duplicated(keep=False).sum())
        unit = self.design.unit
        if n == people:
            return f"Every person stands alone: {n} independent people (assigned by {unit})."
        apart = number_of(n, "independent cluster", "independent clusters")
        return (
            f"{people} people fall into {apart}: people who are linked by pairs, or were assigned "
            f"together (by {unit}), count as one; {paired} of them share theirs with somebody."
        )

    def __repr__(self) -> str:
        said = from_frame(counted(self)).to_text()
        outcomes = ", ".join(one.name for one in self.design.outcomes)
        return f"{self._title()}\n{said}\nOutcomes: {outcomes}"

    def _repr_html_(self) -> str:
        return from_frame(counted(self), self._title()).to_html() + self.design._repr_html_()

    def _title(self) -> str:
        people = number_of(len(self.participants), "person", "people")
        pairs = number_of(len(self.pairs), "pair", "pairs")
        meetings = number_of(int(self.meetings["held"].sum()), "meeting held", "meetings held")
        return f"Study {self.design.name!r}: {people}, {pairs}, {meetings}"


def counted(study: Study) -> pd.DataFrame:
    """A row an arm and role: its people, how many have a partner, who answered at each wave.

    Where any pair has a start, only pairs that started count. Counts only: no id, no name.
    """
    people = study.participants
    own = study.measures[study.measures["person"] == study.measures["rater"]]
    answered = own.groupby("wave")["person"].unique()
    begun = study.pairs["start"].notna()
    paired = study.pairs[begun] if begun.any() else study.pairs
    arms = [(arm.label, people["arm"].eq(arm.name)) for arm in study.design.arms]
    rows = []
    for label, inside in arms or [("everyone", people["person"].notna())]:
        for role in ROLES:
            here = people.loc[inside & people["role"].eq(role), "person"]
            if here.empty:
                continue
            row: dict[str, object] = {"arm": label, "role": role, "people": len(here)}
            row["in pairs that started" if begun.any() else "in pairs"] = int(
                here.isin(paired[role]).sum()
            )
            for wave in study.design.waves:
                share = float(here.isin(answered.get(wave.name, [])).mean())
                row[f"answered {wave.name}"] = percent(share)
            rows.append(row)
    return pd.DataFrame(rows)


def among(column: pd.Series[str], known: Iterable[str]) -> NDArray[np.bool_]:
    """Which texts of ``column`` (n,) are among many ``known`` ones; a missing text is none.

    pandas' ``isin`` takes Arrow's texts one by one: five times as long for 20,000 of them.
    """
    given = known.unique() if isinstance(known, pd.Series) else list(known)
    index = pd.Index(given, dtype="str").dropna().unique()
    return np.asarray(index.get_indexer(pd.Index(column)) >= 0)


def _components(
    people: pd.Series[str], links: Sequence[tuple[pd.Series[str], pd.Series[str]]]
) -> pd.Series[str]:
    index = pd.Index(people)
    left = np.concatenate([index.get_indexer(pd.Index(a)) for a, _ in links] or [np.empty(0, int)])
    right = np.concatenate([index.get_indexer(pd.Index(b)) for _, b in links] or [np.empty(0, int)])
    inside = (left >= 0) & (right >= 0)
    n = len(index)
    graph = coo_array((np.ones(inside.sum()), (left[inside], right[inside])), shape=(n, n))
    labels = connected_components(graph, directed=False)[1]
    first = pd.Series(index).groupby(labels).transform("first")
    return pd.Series(first.to_numpy(), index=index, name="cluster")


def _scores(study: Study, outcome: Outcome) -> pd.DataFrame:
    table, rows = study.participants, study.answers(outcome)
    about = table if outcome.role == "all" else table[table["role"] == outcome.role]
    rows = rows[among(rows["person"], about["person"])]
    value = rows["value"].to_numpy(float, copy=True)
    if outcome.reverse:
        if outcome.low is None or outcome.high is None:
            raise StudyError(f"outcome {outcome.name}: reverse items need low and high.")
        turned = rows["item"].isin(outcome.reverse).to_numpy()
        value[turned] = outcome.low + outcome.high - value[turned]
    people = pd.Index(study.participants["person"])
    waves = pd.Index([wave.name for wave in study.design.waves])
    person = people.get_indexer(pd.Index(rows["person"]))
    wave = waves.get_indexer(pd.Index(rows["wave"]))
    rater, raters = pd.factorize(rows["rater"], use_na_sentinel=False)
    # one number names a person at a wave, another that person's rater there
    place = person.astype(np.int64) * len(waves) + wave
    each, inverse, answered = np.unique(
        place * max(len(raters), 1) + rater, return_inverse=True, return_counts=True
    )
    means = np.bincount(inverse, value, minlength=len(each)) / answered
    enough = answered >= max(1.0, outcome.min_items * len(outcome.items))
    place = each[enough] // max(len(raters), 1)
    seen, inverse, count = np.unique(place, return_inverse=True, return_counts=True)
    items = np.zeros(len(seen), np.int64)
    np.maximum.at(items, inverse, answered[enough])
    return pd.DataFrame(
        {
            "person": people.take(seen // len(waves)),
            "wave": waves.take(seen % len(waves)),
            "value": np.bincount(inverse, means[enough], minlength=len(seen)) / count,
            "items": items,
        }
    )
