"""Many studies of one contrast: drawn, answered by the shipped analysis, and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from rmresearch.analysis.base.batch import Array, Estimates, Flags
from rmresearch.whatif.receipt.posed import Posed
from rmresearch.whatif.receipt.worlds import World

__all__ = ["Counted", "counted", "drawn"]

#: item values drawn at a time; belongs to the seed contract: another value draws other studies
BLOCK_VALUES = 1_000_000
#: power at which a difference counts as detectable
POWER = 0.80


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of the studies of one world, without a difference and with ``effect``.

    ``null`` and ``effect`` studies gave an interval (of ``studies`` each); ``claimed`` of the
    former excluded 0, ``held`` of the latter contained the effect. ``detectable`` is the mean
    difference that a study would find with a power of 80%, in points (None: no study tells).
    """

    studies: int
    null: int
    claimed: int
    effect: int
    held: int
    detectable: float | None


def counted(asked: Posed, worlds: Sequence[World], studies: int, seed: int) -> tuple[Counted, ...]:
    """Draw so many studies of each world, twice, and let the analysis answer.

    All worlds share their luck, so that they differ by what they are.
    """
    sums = np.zeros((len(worlds), 6))
    for luck in _lucks(asked, worlds[0], studies, seed):
        for place, world in enumerate(worlds):
            null, shifted = (asked.asked(one) for one in drawn(asked, world, luck))
            sums[place] += _counts(null, shifted, world.effect)
    return tuple(_told(row, studies) for row in sums)


@dataclass(frozen=True, slots=True, eq=False)
class _Luck:
    """Standard normals of clusters, people, scores and items, (replicate, ...)."""

    cluster: Array
    person: Array
    score: Array
    item: NDArray[np.float32]


def _rows(asked: Posed) -> Flags:
    """Which scores there are, (person, wave): as in the study, whatever they would be."""
    return np.isfinite(asked.scores)


def _lucks(asked: Posed, world: World, studies: int, seed: int) -> Iterator[_Luck]:
    rows, people = int(_rows(asked).sum()), len(asked.scores)
    clusters, items = int(asked.panel.cluster.max()) + 1, world.null.shape[1]
    block = max(1, BLOCK_VALUES // (rows * items))
    for number, start in enumerate(range(0, studies, block)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
        n = min(block, studies - start)
        yield _Luck(
            rng.standard_normal((n, clusters)),
            rng.standard_normal((n, people)),
            rng.standard_normal((n, rows)),
            # rounded right away: single precision is plenty
            rng.standard_normal((n, rows, items) if world.low is not None else (0,), np.float32),
        )


def drawn(asked: Posed, world: World, luck: _Luck) -> tuple[Array, Array]:
    """Scores (replicate, person, wave) without a difference and with it, gaps as in the study."""
    person, wave = np.nonzero(_rows(asked))
    n = len(luck.score)
    cluster, own, at_wave, item = world.sds
    rest = cluster * luck.cluster[:, asked.panel.cluster[person]]
    rest += own * luck.person[:, person]
    rest += at_wave * luck.score
    moved = _moved(asked)[person, wave]
    found = []
    if world.low is not None:
        answers = rest[..., None].astype(np.float32) + np.float32(item) * luck.item
    for shifts in (False, True):
        means = np.where((moved & shifts)[:, None], world.shifted[wave], world.null[wave])
        scores = np.full((n, *asked.scores.shape), np.nan)
        if world.low is None or world.high is None:
            scores[:, person, wave] = rest + means[:, 0]
        else:
            codes = answers + means.astype(np.float32)
            np.clip(np.rint(codes, out=codes), 0.0, world.high - world.low, out=codes)
            scores[:, person, wave] = world.low + codes.mean(axis=-1, dtype=float)
        found.append(scores)
    return found[0], found[1]


def _moved(asked: Posed) -> Flags:
    """Whose answers lie higher in the world with a difference, (person, wave)."""
    arms = asked.panel.design.arms
    programme = np.array([asked.changes or arm.programme for arm in arms] or [True])
    later = np.arange(asked.scores.shape[1]) > 0
    return np.asarray(programme[asked.panel.arm[0]][:, None] & later)


def _counts(null: Estimates | None, shifted: Estimates | None, effect: float) -> Array:
    found = np.zeros(6)
    if null is not None:
        told = np.isfinite(null.low)
        found[:2] = told.sum(), (told & ((null.low > 0) | (null.high < 0))).sum()
        reach = special.stdtrit(null.df[told], 0.5 + null.level / 2)
        reach += special.stdtrit(null.df[told], POWER)
        size = reach * null.se[told]
        found[4:] = np.isfinite(size).sum(), np.nansum(size)
    if shifted is not None:
        told = np.isfinite(shifted.low)
        inside = (shifted.low <= effect) & (effect <= shifted.high)
        found[2:4] = told.sum(), (told & inside).sum()
    return found


def _told(row: Array, studies: int) -> Counted:
    null, claimed, effect, held, known = (int(one) for one in row[:5])
    return Counted(studies, null, claimed, effect, held, float(row[5]) / known if known else None)
