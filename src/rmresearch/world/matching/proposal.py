"""Pairs proposed for one set of applications, and what became of everybody who got none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from rmresearch.numerics.likeness import blend
from rmresearch.world.matching.optimum import most
from rmresearch.world.matching.policies import assign

__all__ = ["FEWEST", "LeftOut", "Proposal", "Question", "Relaxed", "Rule", "propose"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.uint8]
Places = tuple[Ints, Ints]
Reason = Literal["closed", "forbidden", "contested", "taken"]
#: policies that leave out as few people as the rules allow
FEWEST = ("random", "rules", "optimal")


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A hard rule; ``forbids`` has shape (seniors, juniors).

    ``protects`` marks a rule that holds under every policy: it guards people, where the others
    shape the programme.
    """

    name: str
    forbids: Flags
    protects: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A soft question; ``part`` is 0..1 by pair, NaN where one of the two did not answer."""

    name: str
    weight: float
    part: Floats


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Somebody without a partner.

    ``person`` counts within the ``side``; ``candidates`` are those of the other
    side who have a place to give; ``allowed`` of them break no rule, and ``excluded`` says how
    many of them each rule forbids, in the rules' order.
    ``reason``: "closed" (they have no place to give), "forbidden" (no candidate is left),
    "contested" (``rivals`` people of their side depend on partners who have room for
    ``places`` of them only: whatever the assignment, the others of them stay out) or "taken"
    (the policy did not look whether another assignment had room).
    """

    side: Literal["senior", "junior"]
    person: int
    candidates: int
    allowed: int
    excluded: tuple[int, ...]
    reason: Reason
    rivals: int = 0
    places: int = 0


@dataclass(frozen=True, slots=True)
class Relaxed:
    """How many people more could have a partner if one thing were given up, and nothing else."""

    what: str
    seniors: int
    juniors: int


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """Pairs and reasons.

    ``seniors`` and ``juniors`` are the two people of each pair, ``score`` their score (0..1; NaN
    without questions), ``shares`` (pairs, questions) what each question gives to it, ``answered``
    whether both answered it, ``breaks`` (pairs, rules) which rules a pair breaks (under policy
    "random" only). ``forbidden`` counts the pairs that each rule forbids, ``alone`` those that no
    other rule forbids too. ``possible`` is how many seniors and juniors the rules would let have
    a partner at most; ``relaxed`` says what each rule and each place costs.
    """

    policy: str
    seed: int
    seniors: Ints
    juniors: Ints
    score: Floats
    shares: Floats
    answered: Flags
    breaks: Flags
    forbidden: tuple[int, ...]
    alone: tuple[int, ...]
    left_out: tuple[LeftOut, ...]
    possible: tuple[int, int]
    relaxed: tuple[Relaxed, ...]

    @property
    def matched(self) -> tuple[int, int]:
        """How many seniors and how many juniors have a partner."""
        return len(np.unique(self.seniors)), len(np.unique(self.juniors))


def propose(
    policy: str,
    places: Places,
    *,
    seed: int,
    rules: Sequence[Rule] = (),
    questions: Sequence[Question] = (),
    wishes: tuple[Floats, Floats] | None = None,
) -> Proposal:
    """Pair people under a policy (see `policies.assign`) and say why the others have nobody.

    ``places`` are the most juniors each senior may have, and the most seniors each junior.
    Under policy "random" only rules that protect people hold; which others a pair breaks is said.
    ``greedy`` and ``optimal`` need questions, else ``ValueError``.

    >>> made = propose("optimal", (np.array([1, 1]), np.array([1])), seed=1, questions=[
    ...     Question("Hobbies", 1.0, np.array([[0.2], [0.6]]))])
    >>> made.seniors, made.score, made.left_out[0].reason
    (array([1]), array([0.6]), 'contested')
    """
    if policy in ("greedy", "optimal") and not questions:
        raise ValueError(f"{policy} pairs need questions to weigh; there are none")
    shape = (len(places[0]), len(places[1]))
    held = [rule for rule in rules if rule.protects or policy != "random"]
    broken = _broken(held, shape)
    allowed = broken == 0
    score, shares = np.full(shape, np.nan), list[Floats]()
    if questions:
        score, shares = blend([q.part for q in questions], [q.weight for q in questions])
    partners = assign(
        score if questions else np.zeros(shape),
        allowed,
        "rules" if policy == "random" else policy,
        np.random.default_rng(seed),
        juniors_per_senior=places[0],
        seniors_per_junior=places[1],
        wishes=wishes,
    )
    row, slot = np.nonzero(partners >= 0)
    pair = row, partners[row, slot]
    possible = most(allowed, *places)
    everything = broken if len(held) == len(rules) else _broken(rules, shape)
    return Proposal(
        policy=policy,
        seed=seed,
        seniors=pair[0],
        juniors=pair[1],
        score=score[pair],
        shares=_beside([share[pair] for share in shares], len(row)),
        answered=_beside([~np.isnan(q.part[pair]) for q in questions], len(row)).astype(bool),
        breaks=_beside([rule.forbids[pair] for rule in rules], len(row)).astype(bool),
        forbidden=tuple(int(rule.forbids.sum()) for rule in rules),
        alone=tuple(int((rule.forbids & (everything == 1)).sum()) for rule in rules),
        left_out=_left_out(policy, allowed, pair, places, rules),
        possible=possible,
        relaxed=_relaxed(held, broken, places, possible),
    )


def _broken(rules: Sequence[Rule], shape: tuple[int, int]) -> Counts:
    """How many of the rules forbid each pair."""
    broken = np.zeros(shape, np.uint8)
    for rule in rules:
        broken += rule.forbids
    return broken


def _beside(columns: Sequence[NDArray[Any]], rows: int) -> NDArray[Any]:
    """Columns side by side; without any, a table without columns."""
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def _left_out(
    policy: str, allowed: Flags, pair: tuple[Ints, Ints], places: Places, rules: Sequence[Rule]
) -> tuple[LeftOut, ...]:
    chosen = np.zeros_like(allowed)
    chosen[pair] = True
    free = allowed & (places[0] > 0)[:, None] & (places[1] > 0)
    found: list[LeftOut] = []
    sides: tuple[Literal["senior", "junior"], ...] = ("senior", "junior")
    for side, turned, made, room, other in zip(
        sides, (free, free.T), (chosen, chosen.T), places, places[::-1], strict=True
    ):
        out = np.flatnonzero(~made.any(axis=1))
        wanting = out[turned[out].any(axis=1)]
        contests = _contests(turned, made, wanting) if policy in FEWEST else {}
        open_ = other > 0
        forbids = [rule.forbids if side == "senior" else rule.forbids.T for rule in rules]
        excluded = _beside([one[out][:, open_].sum(axis=1) for one in forbids], len(out))
        left = turned[out].sum(axis=1)
        for n, person in enumerate(out.tolist()):
            rivals, seats = contests.get(person, (0, 0))
            reason: Reason = "contested" if rivals else "taken"
            if not left[n]:
                reason = "closed" if not room[person] else "forbidden"
            found.append(
                LeftOut(
                    side=side,
                    person=person,
                    candidates=int(open_.sum()),
                    allowed=int(left[n]),
                    excluded=tuple(int(x) for x in excluded[n]),
                    reason=reason,
                    rivals=rivals,
                    places=seats,
                )
            )
    return tuple(found)


def _contests(allowed: Flags, chosen: Flags, wanting: Ints) -> dict[int, tuple[int, int]]:
    """For each row that wants a column in vain: how many rows compete, for how many places.

    Whoever can be reached by exchanging partners competes: the columns that such rows may have
    are all taken by rows among them, or somebody could have moved up (Hall 1935).
    """
    rows = np.zeros(len(allowed), bool)
    columns = np.zeros(allowed.shape[1], bool)
    new = wanting
    while len(new):
        rows[new] = True
        fresh = allowed[new].any(axis=0) & ~columns
        columns |= fresh
        new = np.flatnonzero(chosen[:, fresh].any(axis=1) & ~rows)
    inner, outer = np.flatnonzero(rows), np.flatnonzero(columns)
    left, right = np.nonzero(allowed[np.ix_(inner, outer)])
    size = len(inner) + len(outer)
    graph = coo_array((np.ones(len(left)), (left, right + len(inner))), shape=(size, size))
    label = connected_components(graph, directed=False)[1][: len(inner)]
    rivals = np.bincount(label, minlength=size)
    had = np.bincount(label[chosen[inner].any(axis=1)], minlength=size)
    at = {int(person): int(group) for person, group in zip(inner, label, strict=True)}
    return {int(i): (int(rivals[at[int(i)]]), int(had[at[int(i)]])) for i in wanting}


def _relaxed(
    rules: Sequence[Rule], broken: Counts, places: Places, possible: tuple[int, int]
) -> tuple[Relaxed, ...]:
    """What could be gained by dropping each rule, all rules, or by a place more for everybody."""

    def gain(what: str, allowed: Flags, places: Places) -> Relaxed:
        seniors, juniors = most(allowed, *places)
        return Relaxed(what, seniors - possible[0], juniors - possible[1])

    open_ = [(side > 0).sum() for side in places]
    bound = min(open_[0], places[1].sum()), min(open_[1], places[0].sum())
    found = []
    if possible != bound:  # otherwise no rule keeps anybody out
        found = [gain(rule.name, (broken - rule.forbids) == 0, places) for rule in rules]
        if len(rules) > 1:
            found.append(gain("all rules", np.ones(broken.shape, bool), places))
    if possible != tuple(open_):
        more = [side + (side > 0) for side in places]
        allowed = broken == 0
        found.append(gain("one more junior for each senior", allowed, (more[0], places[1])))
        found.append(gain("one more senior for each junior", allowed, (places[0], more[1])))
    return tuple(found)
