"""The pairs of one arm with both members' scores, and the rows of the actor-partner model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.analysis import base
from rmresearch.analysis.base import Behind, Codes, Ids
from rmresearch.result import Dropped, Estimate
from rmresearch.study import ROLES, Outcome, Study, Wave

__all__ = ["Couples", "Members", "couples", "members"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Couples:
    """The pairs of an arm, each two people once: column 0 is the senior, column 1 the junior.

    ``ids`` (n,), ``people`` (n, 2), ``before`` and ``after`` (n, 2) with NaN where there is no
    answer that counts; ``cluster`` (n,) the unit of independence; ``alone`` (n,): neither member
    stands in another pair. ``outcomes`` are the senior's and the junior's.
    """

    study: Study
    outcomes: tuple[Outcome, Outcome]
    start: Wave
    wave: Wave
    arm: str
    ids: Ids
    people: NDArray[np.object_]
    before: Array
    after: Array
    cluster: Codes
    alone: Flags

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def about(self) -> str:
        """Which pairs these are, for a sentence."""
        return f"pairs, {self.arm}" if self.arm else "pairs"

    def take(self, keep: Flags) -> Couples:
        """The pairs flagged."""
        arrays = {name: getattr(self, name)[keep] for name in
                  ("ids", "people", "before", "after", "cluster", "alone")}  # fmt: skip
        return replace(self, **arrays)

    def behind(self) -> Behind:
        """Who these pairs are."""
        who = frozenset(str(person) for person in self.people.ravel())
        return Behind(who, len(self), len(np.unique(self.cluster)))

    def form(self, behind: Behind, side: int | None, **key: object) -> Estimate:
        """An estimate's key: of one role's outcome, or of both (``side`` None)."""
        first, second = self.outcomes
        both = first.name if first.name == second.name else f"{first.name} with {second.name}"
        return base.template(
            behind,
            role="all" if side is None else ROLES[side],
            outcome=both if side is None else self.outcomes[side].name,
            wave=self.wave.name,
            group=self.arm,
            **key,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """The model's rows: ``y`` (m, 2), ``x`` (m, 2, 2) own and partner's start, centred by role.

    A pair whose members stand in no other is one row; of everybody else each person is a row of
    their own, whose partner's part is the mean of their partners. ``linked`` (m,) tells them
    apart, ``who`` (m,) names everybody whose answers a row uses.
    """

    y: Array
    x: Array
    cluster: Codes
    linked: Flags
    who: tuple[frozenset[str], ...]
    n_pairs: int

    def behind(self) -> Behind:
        """Everybody in the model."""
        return Behind(frozenset().union(*self.who), self.n_pairs, len(np.unique(self.cluster)))


def couples(
    study: Study, outcomes: tuple[Outcome, Outcome], waves: tuple[Wave, Wave], arm: str
) -> tuple[Couples, tuple[Dropped, ...]]:
    """The pairs of an arm (the senior's), and who is not among them.

    Answers of people who had crossed over by the wave do not count.
    """
    table = study.pairs.dropna(subset=["senior", "junior"]).drop_duplicates(["senior", "junior"])
    everyone = base.people(study)
    place = pd.Index(everyone.ids)
    at = np.column_stack([place.get_indexer(pd.Index(table[side])) for side in ROLES])
    known = (at >= 0).all(axis=1)
    here = known & (everyone.arm[at[:, 0]] == arm)
    at, ids = at[here], table["pair"].to_numpy(object)[here]
    crossed = base.crossed_over(study, everyone, waves[1])
    wide = [study.wide(outcome) for outcome in outcomes]
    columns = []
    for wave in waves:
        scores = [everyone.values(one[wave.name]) for one in wide]
        if wave is waves[1]:
            scores = [np.where(crossed, np.nan, one) for one in scores]
        columns.append(np.column_stack([one[at[:, side]] for side, one in enumerate(scores)]))
    times = [np.bincount(at[:, side], minlength=len(place))[at[:, side]] for side in (0, 1)]
    found = Couples(
        study=study,
        outcomes=outcomes,
        start=waves[0],
        wave=waves[1],
        arm=arm,
        ids=ids,
        people=everyone.ids[at],
        before=columns[0],
        after=columns[1],
        cluster=everyone.cluster[at[:, 0]],
        alone=(times[0] == 1) & (times[1] == 1),
    )
    return found, _gone(found)


def _gone(found: Couples) -> tuple[Dropped, ...]:
    """Pairs of which nothing enters the model, and those that lack one outcome but stay."""
    before = np.isfinite(found.before).all(axis=1)
    after = np.isfinite(found.after).any(axis=1)
    rows = (
        (f"one member has no answer at {found.start.name}", ~before),
        (f"neither member has an answer at {found.wave.name}", before & ~after),
    )
    return tuple(
        Dropped(
            f"{found.about}: {why}",
            found.take(flags & found.alone).behind().n_people,
            int((flags & found.alone).sum()),
        )
        for why, flags in rows
        if (flags & found.alone).any()
    )


def members(found: Couples) -> Members:
    """The rows of the model: everybody with an outcome whose own and partner's start are known."""
    alone = found.take(found.alone)
    before, after = np.isfinite(alone.before), np.isfinite(alone.after)
    alone = alone.take(np.asarray(before.all(axis=1) & after.any(axis=1)))
    rows = [(alone.after, alone.before, alone.cluster, _names(alone.people))]
    others = found.take(~found.alone)
    used = np.zeros(len(others), bool)
    for side in (0, 1):
        row, inside = _singles(others, side)
        rows.append(row)
        used |= inside
    y, own, cluster = (np.concatenate([row[k] for row in rows]) for k in range(3))
    who = tuple(name for row in rows for name in row[3])
    # centred, so that intercepts are means and slopes lose no digits
    centred = own - (own.mean(axis=0) if len(own) else 0.0)
    x = np.stack([centred, centred[:, ::-1]], axis=-1)
    linked = np.arange(len(y)) < len(alone)
    return Members(y, x, cluster.astype(np.int64), linked, who, len(alone) + int(used.sum()))


Rows = tuple[Array, Array, Codes, tuple[frozenset[str], ...]]


def _singles(others: Couples, side: int) -> tuple[Rows, Flags]:
    """People of one side of larger sets, each once; and which pairs they stand in."""
    one, other = others.people[:, side], others.before[:, 1 - side]
    codes = pd.factorize(one)[0]
    known = np.isfinite(other)
    count = np.bincount(codes[known], minlength=codes.max(initial=-1) + 1)
    total = np.bincount(codes[known], other[known], minlength=len(count))
    first = np.unique(codes, return_index=True)[1]
    own, after = others.before[first, side], others.after[first, side]
    usable = (count > 0) & np.isfinite(own) & np.isfinite(after)
    y, x = np.full((len(first), 2), np.nan), np.empty((len(first), 2))
    y[:, side], x[:, side] = after, own
    x[:, 1 - side] = total / np.maximum(count, 1)
    inside = usable[codes] & known
    who = [{str(person)} for person in one[first]]
    for code, partner in zip(codes[inside], others.people[inside, 1 - side], strict=True):
        who[code].add(str(partner))
    kept = tuple(frozenset(names) for names, keep in zip(who, usable, strict=True) if keep)
    return (y[usable], x[usable], others.cluster[first][usable], kept), inside


def _names(people: NDArray[np.object_]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(str(person) for person in row) for row in people)
