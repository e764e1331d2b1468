"""Many studies of one contrast: drawn, answered by the shipped analysis, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.analysis.base.batch import Array, Estimates, Flags
from rmresearch.whatif.receipt.posed import Posed
from rmresearch.whatif.receipt.worlds import World

__all__ = ["Counted", "Luck", "Trial", "counted", "drawn"]

#: item values drawn at a time; belongs to the seed contract: another value draws other studies
BLOCK_VALUES = 200_000
#: power at which a difference counts as detectable
POWER = 0.80


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of ``studies`` of one world, of which some had no difference and some ``effect``.

    ``null`` of the former and ``effect`` of the latter gave an interval; ``claimed`` of the null
    ones excluded 0, ``held`` of all contained the true difference. ``detectable`` is the mean
    difference that a study would find with a power of 80%, in points (None: no study tells).
    """

    studies: int
    null: int
    claimed: int
    effect: int
    held: int
    detectable: float | None

    @property
    def answered(self) -> int:
        """How many gave an interval."""
        return self.null + self.effect


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """``studies`` of each world, drawn from ``seed`` and asked as ``asked``.

    Every second one has the difference, where the worlds have any. All worlds share their luck, so
    that they differ by what they are.
    """

    asked: Posed
    worlds: tuple[World, ...]
    studies: int
    seed: int

    @property
    def blocks(self) -> int:
        """In how many parts they are drawn."""
        return -(-self.studies // self._block)

    @property
    def _block(self) -> int:
        values: int = _rows(self.asked).sum() * self.worlds[0].null.shape[1]
        return int(max(1, BLOCK_VALUES // values))

    def sums(self, number: int) -> Array:
        """What is counted in one part, (world, ...), as ``counted`` takes it."""
        start, sums = number * self._block, np.zeros((len(self.worlds), 6))
        luck = self.luck(number, min(self._block, self.studies - start))
        for place, world in enumerate(self.worlds):
            found = self.asked.asked(drawn(self.asked, world, luck))
            if found is not None:
                sums[place] = _counts(found, luck.shifted, world.effect)
        return sums

    def luck(self, number: int, n: int) -> Luck:
        """That of the first ``n`` studies of a part."""
        rows, people = int(_rows(self.asked).sum()), len(self.asked.scores)
        clusters, world = int(self.asked.panel.cluster.max()) + 1, self.worlds[0]
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))
        items = (n, rows, world.null.shape[1]) if world.low is not None else (0,)
        return Luck(
            rng.standard_normal((n, clusters)),
            rng.standard_normal((n, people)),
            rng.standard_normal((n, rows)),
            # rounded right away: single precision is plenty
            rng.standard_normal(items, np.float32),
            (np.arange(n) % 2 == 1) & (world.effect != 0),
        )


def counted(trial: Trial, parts: Sequence[Array]) -> tuple[Counted, ...]:
    """What became of the studies of each world: the ``sums`` of all parts."""
    return tuple(_told(row, trial.studies) for row in np.sum(parts, axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Luck:
    """Standard normals of clusters, people, scores and items, (replicate, ...).

    ``shifted`` (replicate,): which studies have the difference.
    """

    cluster: Array
    person: Array
    score: Array
    item: NDArray[np.float32]
    shifted: Flags


def _rows(asked: Posed) -> Flags:
    """Which scores there are, (person, wave): as in the study, whatever they would be."""
    return np.isfinite(asked.scores)


def drawn(asked: Posed, world: World, luck: Luck) -> Array:
    """Scores (replicate, person, wave), gaps as in the study."""
    person, wave = np.nonzero(_rows(asked))
    n = len(luck.score)
    cluster, own, at_wave, item = world.sds
    rest = cluster * luck.cluster[:, asked.panel.cluster[person]]
    rest += own * luck.person[:, person]
    rest += at_wave * luck.score
    raised = np.flatnonzero(_moved(asked)[person, wave])
    more, places = (world.shifted - world.null)[wave[raised]], np.ix_(luck.shifted, raised)
    scores = np.full((n, *asked.scores.shape), np.nan)
    if world.low is None or world.high is None:
        rest += world.null[wave, 0]
        rest[places] += more[:, 0]
        scores[:, person, wave] = rest
        return scores
    codes = np.float32(item) * luck.item
    codes += rest[..., None].astype(np.float32)
    codes += world.null[wave].astype(np.float32)
    codes[places] += more.astype(np.float32)
    np.clip(np.rint(codes, out=codes), 0.0, world.high - world.low, out=codes)
    scores[:, person, wave] = world.low + codes.mean(axis=-1, dtype=float)
    return scores


def _moved(asked: Posed) -> Flags:
    """Whose answers lie higher in the world with a difference, (person, wave)."""
    arms = asked.panel.design.arms
    programme = np.array([asked.changes or arm.programme for arm in arms] or [True])
    later = np.arange(asked.scores.shape[1]) > 0
    return np.asarray(programme[asked.panel.arm[0]][:, None] & later)


def _counts(found: Estimates, shifted: Flags, effect: float) -> Array:
    told = np.isfinite(found.low)
    null, with_effect = told & ~shifted, told & shifted
    truth = np.where(shifted, effect, 0.0)
    held = told & (found.low <= truth) & (truth <= found.high)
    reach = special.stdtrit(found.df[null], 0.5 + found.level / 2)
    reach += special.stdtrit(found.df[null], POWER)
    size = reach * found.se[null]
    claimed = null & ~held
    sums = (null.sum(), claimed.sum(), with_effect.sum(), held.sum(), np.isfinite(size).sum())
    return np.array([*sums, np.nansum(size)], float)


def _told(row: Array, studies: int) -> Counted:
    null, claimed, effect, held, known = (int(one) for one in row[:5])
    return Counted(studies, null, claimed, effect, held, float(row[5]) / known if known else None)
