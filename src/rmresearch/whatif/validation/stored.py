"""The validation table as it was measured: kept beside the code that declares it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rmresearch.whatif.validation.measure import SEED, Family, Row

__all__ = ["PATH", "Sentences", "Table", "stored"]

PATH = Path(__file__).with_name("table.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """What reports say where the programme does nothing (rule E2): shares of ``replicates``.

    ``gain``: the headline sees a gain; ``causal``: it has a word of causation; ``unqualified``: it
    sees a gain or a change without saying that people rated themselves, or that scores changed.
    """

    question: str
    world: str
    n: int
    replicates: int
    gain: float
    causal: float
    unqualified: float
    failed: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Whether every gate holds."""
        return "fails" if self.failed else "holds"


@dataclass(frozen=True, slots=True)
class Table:
    """Everything that `make validate` measured, under one seed."""

    rows: tuple[Row, ...]
    families: tuple[Family, ...]
    sentences: tuple[Sentences, ...]
    seed: int = SEED

    @property
    def failing(self) -> int:
        """How many rows of any kind fail."""
        every: list[Row | Family | Sentences] = [*self.rows, *self.families, *self.sentences]
        return sum(bool(one.failed) for one in every)

    def write(self, path: Path = PATH) -> None:
        """Write the table as JSON."""
        whole: dict[str, Any] = {"seed": self.seed}
        whole |= {name: _plain(getattr(self, name)) for name in PARTS}
        text = json.dumps(whole, indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


PARTS: dict[str, type] = {"rows": Row, "families": Family, "sentences": Sentences}


def stored(path: Path = PATH) -> Table:
    """The committed table.

    >>> len(stored().rows) > 100
    True
    """
    whole = json.loads(path.read_text("utf-8"))
    found = {
        name: tuple(kind(**{**one, "failed": tuple(one["failed"])}) for one in whole[name])
        for name, kind in PARTS.items()
    }
    return Table(**found, seed=whole["seed"])


def _plain(rows: Sequence[Row | Family | Sentences]) -> list[dict[str, Any]]:
    """Rows with six significant digits, which is more than their Monte Carlo error leaves."""
    return [
        {
            name: float(f"{value:.6g}") if isinstance(value, float) else value
            for name, value in asdict(row).items()
        }
        for row in rows
    ]
