"""Large cohorts in pieces: each drawn alone, so that memory does not grow with the cohort."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from rmresearch.world.draw import Draw, draw
from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Seed, Streams
from rmresearch.world.tables import tables
from rmresearch.world.truth import TruthRow, truths

__all__ = ["PIECE", "Piece", "Truths", "number_of_pieces", "pieces"]

#: sets of pairs in a piece: as many as the slowest policy still matches in seconds
PIECE = 2_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a cohort: one replicate, and how many sets the pieces before it have."""

    whole: Scenario
    drawn: Draw
    before: int

    @property
    def pairs(self) -> int:
        """How many pairs it has."""
        return self.drawn.scenario.pairs

    def tables(self) -> dict[str, pd.DataFrame]:
        """The five tables of the piece; ids run on over the pieces."""
        return tables(self.drawn, before=self.before, pairs_in_all=self.whole.pairs)


def pieces(scenario: Scenario, seed: Seed) -> Iterator[Piece]:
    """The pieces of a cohort, one after the other.

    ``PIECE`` sets make a piece, and those left over belong to the last; a cohort of fewer than two
    pieces is drawn at once. Piece k is ``draw(piece, 1, Streams.of(seed).piece(k))``, whoever
    draws it and whatever else is drawn, and all share their departments and panel of raters
    (`Streams.whole`). Chance assigns, policies match, gains spill over and thirds by fit are told
    within each piece.

    Raises ``TypeError`` for what is no scenario, and for a seed as ``Streams.of``.

    >>> [piece.pairs for piece in pieces(Scenario(pairs=5_000), seed=7)]
    [2000, 3000]
    """
    if not isinstance(scenario, Scenario):
        raise TypeError(f"scenario is {type(scenario).__name__}; expected a Scenario")
    return _drawn(scenario, Streams.of(seed))


def _drawn(scenario: Scenario, streams: Streams) -> Iterator[Piece]:
    count, juniors = number_of_pieces(scenario), scenario.levers.juniors
    for number in range(count):
        before = number * PIECE
        sets = PIECE if number + 1 < count else scenario.sets - before
        part = replace(scenario, pairs=sets * juniors)
        own = streams if count == 1 else streams.piece(number)
        yield Piece(scenario, draw(part, 1, own), before)


def number_of_pieces(scenario: Scenario) -> int:
    """In how many pieces a cohort is drawn."""
    return max(1, scenario.sets // PIECE)


class Truths:
    """The truth of a cohort from that of its pieces: means, each piece with its people's weight."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, ...], TruthRow] = {}

    def add(self, drawn: Draw) -> None:
        """Take another piece in."""
        for row in truths(drawn):
            here = row.of(0)
            earlier = self._rows.get(here.key)
            self._rows[here.key] = here if earlier is None else _joined(earlier, here)

    def known(self) -> tuple[TruthRow, ...]:
        """The rows that are about anybody."""
        return tuple(row for row in self._rows.values() if row.people)


def _joined(first: TruthRow, second: TruthRow) -> TruthRow:
    """One truth about the people of both: means, each with the weight of its people."""
    if not first.people or not second.people:
        return first if first.people else second
    people = first.people + second.people

    def mean(name: str) -> float:
        a, b = getattr(first, name), getattr(second, name)
        return float(a + (b - a) * second.people / people)

    return replace(
        first,
        latent=mean("latent"),
        as_reported=mean("as_reported"),
        latent_sd=mean("latent_sd"),
        people=people,
    )
