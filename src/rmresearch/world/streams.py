"""Random numbers by cause: each cause has its own stream, so that adding one changes no other."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Seed", "Streams"]

Seed = int | np.random.SeedSequence
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Streams:
    """The streams of one seed; a cause's stream is keyed by its name (CRC-32 as spawn key).

    Arrays are filled with the replicates first, and a cause is drawn by one call, so replicate
    ``r`` is the same however many replicates are drawn after it. Within a replicate the last axis
    varies slowest, as in Fortran: arithmetic runs over all sets, for one person of the set, wave
    and item after the other, and most of it is over so few of these that another order takes twice
    as long. A cohort can be drawn in pieces: each has streams of its own (`piece`), but for what
    the `whole` cohort shares.

    >>> few, many = (Streams.of(0).normal("skill", (n, 2)) for n in (1, 3))
    >>> bool((few == many[:1]).all())
    True
    """

    root: np.random.SeedSequence
    cohort: np.random.SeedSequence | None = None

    @classmethod
    def of(cls, seed: Seed | Streams) -> Streams:
        """The streams of a whole number from 0 on, or of a ``SeedSequence`` of a larger plan."""
        if isinstance(seed, cls):
            return seed
        if isinstance(seed, np.random.SeedSequence):
            return cls(seed)
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise TypeError(f"seed is {seed!r}; expected a whole number or a SeedSequence")
        if seed < 0:
            raise ValueError(f"seed is {seed}; expected 0 or more")
        return cls(np.random.SeedSequence(int(seed)))

    def piece(self, number: int) -> Streams:
        """The streams of one piece of a cohort, numbered from 0."""
        key = (*self.root.spawn_key, zlib.crc32(b"piece"), number)
        return Streams(np.random.SeedSequence(self.root.entropy, spawn_key=key), self.root)

    @property
    def whole(self) -> Streams:
        """The streams of the whole cohort, which are its own where it is drawn at once."""
        return self if self.cohort is None else Streams(self.cohort)

    def generator(self, cause: str, *further: int) -> np.random.Generator:
        """The generator of one cause."""
        key = (*self.root.spawn_key, zlib.crc32(cause.encode()), *further)
        return np.random.default_rng(np.random.SeedSequence(self.root.entropy, spawn_key=key))

    def normal(self, cause: str, shape: tuple[int, ...]) -> Floats:
        """Standard normal numbers."""
        return _laid(self.generator(cause).standard_normal(_slowest_first(shape)))

    def uniform(self, cause: str, shape: tuple[int, ...]) -> Floats:
        """Uniform numbers in [0, 1)."""
        return _laid(self.generator(cause).random(_slowest_first(shape)))

    def chosen(self, cause: str, shape: tuple[int, ...], chance: float) -> Flags:
        """True by a chance, to seven digits: for events of which there are many."""
        numbers = self.generator(cause).random(_slowest_first(shape), dtype=np.float32)
        return _laid(numbers < chance)

    def logistic(self, cause: str, shape: tuple[int, ...]) -> Floats:
        """Standard logistic numbers: below x with the chance whose log odds are x."""
        chance = self.uniform(cause, shape)
        chance += 1e-300  # which keeps log(0) away
        return np.log(chance / (1 - chance), out=chance)


def _slowest_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *shape[:0:-1])


def _laid(drawn: NDArray[Any]) -> NDArray[Any]:
    return drawn.transpose(0, *range(drawn.ndim - 1, 0, -1))
