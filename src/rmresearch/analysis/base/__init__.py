"""What every analysis shares: from a study to the people behind a number, and what they can carry.

An analysis resolves its outcome and waves, takes the people of one role (`people`), drops who
cannot enter and says why, asks what inference the clusters can carry (`footing`), calls a kernel,
and fills an estimate (`template`, `inferred`). Nothing here fits anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import chain
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import StudyError, number_of
from rmresearch.result import Call, Cell, CellKind, Check, Dropped, Estimate
from rmresearch.study import ROLES, Arm, Outcome, Study, Wave

__all__ = [
    "AS_ASSIGNED",
    "Behind",
    "Footing",
    "People",
    "by_role",
    "call",
    "cell",
    "crossed_over",
    "dropped",
    "footing",
    "inferred",
    "label",
    "mean_kind",
    "number",
    "outcome_of",
    "people",
    "seen",
    "template",
    "waves_with_answers",
]

AS_ASSIGNED = "everyone assigned, as assigned"
DAYS_A_MONTH = 30.4375
#: the cluster rule of methods.md ("Unit of independence") and rule E6 of trust.md
CLUSTERS_IN_ALL, CLUSTERS_AN_ARM, LARGEST_SHARE = 6, 3, 0.25
CLUSTERS_FOR_P, PEOPLE_FOR_INTERVAL = 10, 10

Ids = NDArray[np.object_]
Codes = NDArray[np.int64]


class Interval(Protocol):
    """A kernel's answer about one quantity: `numerics.robust.Contrast` is one."""

    @property
    def estimate(self) -> Any:
        """The value."""

    @property
    def se(self) -> Any:
        """Its standard error."""

    @property
    def df(self) -> Any:
        """Degrees of freedom of its t."""

    @property
    def p(self) -> Any:
        """The two-sided p-value of zero."""

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Its two ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """The people behind one number: their pseudonyms, and how many pairs and clusters they are."""

    members: frozenset[str]
    n_pairs: int
    n_clusters: int

    @property
    def n_people(self) -> int:
        """How many people they are."""
        return len(self.members)


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The people of one role, in study order; arrays run over them.

    ``arm`` is the arm's name, "" where the study declares no arms; ``stratum`` is "" where none
    is recorded; ``cluster`` are integer codes of the unit of independence, counted over the whole
    study so that juniors and seniors of one set share a code; ``crossover`` is a datetime64 (NaT:
    never crosses over). ``pairs`` gives everybody's pairs by person.
    """

    role: str
    ids: Ids
    arm: Ids
    stratum: Ids
    department: Ids
    cluster: Codes
    crossover: NDArray[np.datetime64]
    pairs: Mapping[str, tuple[str, ...]]
    _told: dict[bytes, Behind] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> People:
        """The people where ``keep`` (one flag a person) is true, or those at its places."""
        return replace(
            self,
            ids=self.ids[keep],
            arm=self.arm[keep],
            stratum=self.stratum[keep],
            department=self.department[keep],
            cluster=self.cluster[keep],
            crossover=self.crossover[keep],
        )

    def values(self, by_person: pd.Series[Any]) -> NDArray[np.float64]:
        """A number a person from a series indexed by person, NaN where there is none."""
        return by_person.reindex(pd.Index(self.ids)).to_numpy(float)

    def behind(self) -> Behind:
        """Who these people are, for a cell or an estimate.

        Hundreds of numbers rest on the same people, who are named once for all of them: their ids
        are the same objects in whatever was taken from one group.
        """
        key = blake2b(self.ids.tobytes() + self.cluster.tobytes(), digest_size=16).digest()
        if key not in self._told:
            members: frozenset[str] = frozenset(self.ids.tolist())
            held = set(chain.from_iterable(filter(None, map(self.pairs.get, members))))
            self._told[key] = Behind(members, len(held), len(pd.unique(self.cluster)))
        return self._told[key]


def call(function: str, study: Study, outcome: str | None = None, /, **options: object) -> Call:
    """Which question was asked of which study; options in the order given, defaults included."""
    named: dict[str, object] = {"study": study.design.name}
    if outcome is not None:
        named["outcome"] = outcome
    named |= options
    arguments = tuple((name, _text(value)) for name, value in named.items())
    return Call(function, arguments, study.design)


def outcome_of(study: Study, outcome: str | Outcome) -> Outcome:
    """The codebook entry asked for; an unknown name raises ``StudyError`` naming the nearest."""
    return study.design.outcome(outcome) if isinstance(outcome, str) else outcome


def by_role(study: Study, outcome: Outcome) -> Iterator[People]:
    """The people an outcome is about, role by role: roles are analysed apart.

    An outcome of role "all" gives one group a role that is present.
    """
    wanted = ROLES if outcome.role == "all" else (outcome.role,)
    present = set(study.participants["role"].dropna().unique())
    roles = [role for role in wanted if role in present]
    if not roles:
        raise StudyError(
            f"outcome {outcome.name} is about the role {outcome.role}, but no participant has it. "
            f"Correct the outcome's role or the participants' roles."
        )
    for role in roles:
        yield people(study, role)


def people(study: Study, role: str | None = None) -> People:
    """Everybody in the study, or everybody of one role, with arm, stratum and cluster."""
    return study.once(("people", role), lambda: _people(study, role))


def _people(study: Study, role: str | None) -> People:
    table = study.participants
    codes = pd.factorize(study.clusters())[0].astype(np.int64)
    keep = np.ones(len(table), bool) if role is None else (table["role"] == role).to_numpy()
    held: dict[str, tuple[str, ...]] = {}
    for side in ROLES:
        known = study.pairs[["pair", side]].dropna().astype(object)  # Arrow's texts pass slowly
        for pair, person in zip(known["pair"], known[side], strict=True):
            held[person] = (*held.get(person, ()), pair)
    return People(
        role=role or "all",
        ids=table["person"].to_numpy(object)[keep],
        arm=_words(table["arm"])[keep],
        stratum=_words(table["stratum"])[keep],
        department=_words(table["department"])[keep],
        cluster=codes[keep],
        crossover=pd.to_datetime(table["crossover_date"]).to_numpy("datetime64[ns]")[keep],
        pairs=held,
    )


def waves_with_answers(study: Study, outcome: Outcome) -> tuple[Wave, ...]:
    """The waves, in declared order, in which anybody has a score on the outcome."""
    present = set(study.scores(outcome)["wave"].unique())
    return tuple(wave for wave in study.design.waves if wave.name in present)


def crossed_over(study: Study, group: People, wave: Wave) -> NDArray[np.bool_]:
    """Who had crossed over (a waitlist person now in the programme) by a wave, one flag a person.

    A wave at the crossover date counts as after it. A wave's date is its own, or the start plus
    its months; where crossovers are recorded but a wave has no date, ``StudyError``.
    """
    crosses = ~np.isnat(group.crossover)
    if not crosses.any() or wave.baseline:
        return np.zeros(len(group), bool)
    start = study.design.start
    if wave.day is not None:
        day = pd.Timestamp(wave.day)
    elif start is not None:
        day = pd.Timestamp(start) + pd.Timedelta(days=wave.months * DAYS_A_MONTH)
    else:
        raise StudyError(
            f"participants have a crossover_date, but wave {wave.name} has no date and the design "
            f"no start, so nobody can say who had crossed over. Give the wave a date or the "
            f"design a start."
        )
    flags: NDArray[np.bool_] = crosses & (group.crossover <= day.to_datetime64())
    return flags


def dropped(reason: str, gone: NDArray[np.bool_]) -> tuple[Dropped, ...]:
    """The people flagged in ``gone`` as one counted reason; nothing where nobody is."""
    count = int(np.count_nonzero(gone))
    return (Dropped(reason, count, count),) if count else ()


@dataclass(frozen=True, slots=True)
class Footing:
    """What inference the clusters behind a contrast can carry (cluster rule and rule E6).

    ``clusters`` counts them by arm (one entry, "", for a single group); ``largest`` is the
    largest cluster's share of the people.
    """

    clusters: Mapping[str, int]
    total: int
    people: int
    largest: float

    @property
    def rule(self) -> bool:
        """Whether CR2 may be used at all: else neither standard error, interval nor p."""
        fewest = min(self.clusters.values(), default=0)
        return (
            self.total >= CLUSTERS_IN_ALL
            and fewest >= CLUSTERS_AN_ARM
            and self.largest <= LARGEST_SHARE
        )

    @property
    def interval(self) -> bool:
        """Whether an interval is given: the cluster rule, and 10 people or more."""
        return self.rule and self.people >= PEOPLE_FOR_INTERVAL

    @property
    def p_value(self) -> bool:
        """Whether a p-value is given: 10 clusters or more in each arm as well (rule E6)."""
        return self.interval and min(self.clusters.values()) >= CLUSTERS_FOR_P

    @property
    def confounded(self) -> bool:
        """Whether an arm is one single unit, so that arm and unit cannot be told apart."""
        return len(self.clusters) > 1 and min(self.clusters.values()) <= 1

    def checks(self, about: str = "") -> tuple[Check, ...]:
        """The rules as checks, named the same in every analysis; ``about`` says which contrast."""
        counts = ", ".join(f"{arm} {n}" if arm else f"{n}" for arm, n in self.clusters.items())
        start = f"{about}: " if about else ""
        seen = f"{start}{number_of(self.total, 'independent cluster', 'independent clusters')} "
        people = number_of(self.people, "person", "people")
        seen += f"({counts}), the largest holds {100 * self.largest:.0f}% of {people}"
        rule = (
            f"{seen}. Cluster-robust inference needs {CLUSTERS_IN_ALL} in all, {CLUSTERS_AN_ARM} "
            f"in each arm and none above {100 * LARGEST_SHARE:.0f}%"
        )
        few = f"{seen}. A p-value needs {CLUSTERS_FOR_P} in each arm"
        checks = [
            Check("cluster rule", self.rule, rule + _unless(self.rule, "no interval, no p-value")),
            Check("enough clusters for p", self.p_value, few + _unless(self.p_value, "none given")),
        ]
        if len(self.clusters) > 1:
            one = f"{seen}. One unit in an arm cannot be told apart from the arm"
            checks.append(Check("several units in each arm", not self.confounded, one + "."))
        return tuple(checks)


def footing(cluster: Codes, arm: Sequence[str] | Ids | None = None) -> Footing:
    """What inference people with these cluster codes, in these arms, can carry."""
    arms = np.full(len(cluster), "", object) if arm is None else np.asarray(arm, object)
    names = list(dict.fromkeys(arms.tolist()))
    sizes = np.unique(cluster, return_counts=True)[1]
    return Footing(
        clusters={name: len(np.unique(cluster[arms == name])) for name in names},
        total=len(sizes),
        people=len(cluster),
        largest=float(sizes.max() / sizes.sum()) if len(sizes) else 1.0,
    )


def template(behind: Behind, **key: Any) -> Estimate:
    """An estimate with its key and the people behind it; a number only where one is given."""
    return Estimate(
        value=key.pop("value", None),
        n_people=behind.n_people,
        n_pairs=behind.n_pairs,
        n_clusters=behind.n_clusters,
        members=behind.members,
        **key,
    )


def inferred(form: Estimate, found: Interval, ground: Footing, **changes: Any) -> Estimate:
    """The template filled from a kernel's contrast, with only the inference the clusters carry.

    Where the kernel knows no test (scores that do not vary at all), the value stands alone.
    """
    known = number(found.p) is not None
    low, high = found.interval(form.level) if known and ground.interval else (None, None)
    return replace(
        form,
        value=number(found.estimate),
        se=number(found.se) if known and ground.rule else None,
        df=number(found.df) if known and ground.rule else None,
        low=number(low),
        high=number(high),
        p=number(found.p) if ground.p_value else None,
        **changes,
    )


def number(value: Any) -> float | None:
    """A plain float, or None for None, NaN and infinities: what the data do not support."""
    if value is None:
        return None
    plain = float(value)
    return plain if np.isfinite(plain) else None


def cell(
    value: Any, kind: CellKind, behind: Behind | None = None, *, numerator: int | None = None
) -> Cell:
    """A number for a table with the people behind it; counts stay whole numbers."""
    members = behind.members if behind is not None else frozenset()
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return Cell(int(value) if whole else number(value), kind, numerator, members)


def mean_kind(outcome: Outcome) -> CellKind:
    """How the release rules see a mean of this outcome: a scale's, or a single item's."""
    return "mean" if len(outcome.items) > 1 else "item-mean"


def label(text: str) -> Cell:
    """Text from the design in a table."""
    return Cell(text, "label")


def seen(items: Iterable[str | Arm | Wave]) -> str:
    """Names in a row, for a sentence."""
    names = [item if isinstance(item, str) else item.name for item in items]
    return ", ".join(names) or "none"


def _unless(fine: bool, otherwise: str) -> str:
    return "." if fine else f": {otherwise}."


def _words(column: pd.Series[Any]) -> Ids:
    return column.astype(object).where(column.notna(), "").to_numpy(object)


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(part) for part in value)
    return "" if value is None else str(value)
