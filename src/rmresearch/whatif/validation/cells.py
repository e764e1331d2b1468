"""The declared table: which method is right in which world about what, and how wrong it is else.

A method joins by a line in `observe.METHODS` and its cells here. A cell without ``predicted`` is
*valid*: bias, coverage and, where the truth is exactly 0, size are gated. One with it is a
*documented bias*: what is gated is the prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from rmresearch.whatif.validation.predict import Given
from rmresearch.whatif.validation.worlds import PAIRS

__all__ = ["AGAINST", "CELLS", "Cell"]

Against = Literal[
    "effect as reported", "effect, latent", "change as reported", "mean score", "alpha"
]
#: what an estimate is held to
AGAINST: tuple[Against, ...] = (
    "effect as reported", "effect, latent", "change as reported", "mean score", "alpha",
)  # fmt: skip

SKILL, USE, CONFIDENCE = "digital_skill", "digital_use", "leadership_confidence"
RANDOMISED = ("default", "no-effect", "strong", "group-format")
GROUPS = ("default", "no-effect", "strong", "small-pilot", "rct", "volunteers", "group-format")

DRIFT = (
    "Seniors who volunteer are low at the moment and drift back to their mean, and everybody gains "
    "a little with time; where something is learnt, those who gained answer more often"
)
FLATTERED = "people in a programme rate themselves above what is true"
ANSWERING = (
    "Those who gained answer more often, and nothing spills over to the comparison that would "
    "hide it"
)
SLIGHT = f"Flattery as such: {FLATTERED}; spillover and non-response nearly cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One method about one outcome of one world, held to one truth.

    ``method`` names it for a reader, ``asked`` is its place in `observe.METHODS`; ``term``,
    ``group`` and ``wave`` (default: the last) say which of its estimates. ``predicted`` gives the
    bias in points, ``rate`` how often the 5% test rejects, ``why`` the sentence. ``null``: the
    truth is exactly 0.
    """

    method: str
    asked: str
    world: str
    against: Against
    outcome: str = SKILL
    term: str = ""
    group: str = ""
    wave: str = ""
    predicted: Callable[[Given], float] | None = None
    rate: Callable[[Given], float] | None = None
    why: str = ""
    null: bool = False
    pairs: tuple[int, ...] = PAIRS

    @property
    def valid(self) -> bool:
        """Whether the cell is declared valid; else its bias is documented."""
        return self.predicted is None


def _arms() -> Iterator[Cell]:
    """`compare_arms`, its estimate of record."""
    ours: dict[str, Any] = {"method": "compare_arms", "asked": "compare_arms"}
    for world in RANDOMISED:
        yield Cell(**ours, world=world, against="effect as reported")
        yield Cell(
            **ours, world=world, against="effect, latent",
            predicted=lambda g: g.of_randomised() + g.flattery(), why=f"{SLIGHT}.",
        )  # fmt: skip
    # A partner's rating is not flattered: 0 is both latent and as reported.
    yield Cell(**ours, world="no-effect", outcome=USE, against="effect as reported", null=True)
    yield Cell(
        **ours, world="rct", against="effect as reported",
        predicted=Given.of_randomised, why=f"{ANSWERING}.",
    )  # fmt: skip
    yield Cell(
        **ours, world="rct", against="effect, latent",
        predicted=lambda g: g.of_randomised() + g.flattery(), why=f"{ANSWERING}; and {FLATTERED}.",
    )  # fmt: skip
    pool = (
        "Volunteers start lower than the pool, and a baseline measured with error adjusts too "
        "little for it"
    )
    yield Cell(
        **ours, world="volunteers", against="effect as reported",
        predicted=lambda g: g.of_pool(g.slope()), why=f"{pool}; those who gained answer more.",
    )  # fmt: skip
    yield Cell(
        **ours, world="volunteers", against="effect, latent",
        predicted=lambda g: g.of_pool(g.slope()) + g.flattery(), why=f"{pool}; and {FLATTERED}.",
    )  # fmt: skip


def _beside() -> Iterator[Cell]:
    """What stands beside the record: harmless in a randomised study, tempting elsewhere."""
    for term in ("ancova", "change-score", "post-only"):
        yield Cell(
            method=term, asked="beside", term=term, world="default", against="effect as reported"
        )
    yield Cell(
        method="ancova", asked="beside", term="ancova", world="group-format", outcome=CONFIDENCE,
        against="effect as reported",
    )  # fmt: skip
    left_out = "Pairs that stop early learn less, and are left out of one arm only"
    for world in ("default", "strong"):
        yield Cell(
            method="completers", asked="beside", term="completers", world=world,
            against="effect as reported", predicted=Given.of_completers, why=f"{left_out}.",
        )  # fmt: skip
    yield Cell(
        method="completers", asked="beside", term="completers", world="no-effect",
        against="effect as reported",
    )  # fmt: skip
    named: dict[str, tuple[Callable[[Given], float], str]] = {
        "difference-in-differences": (
            lambda g: g.of_pool(1.0), "Volunteers drift back to their mean, the pool does not.",
        ),
        "post-only": (
            lambda g: g.of_pool(0.0), "Volunteers start lower, and nothing adjusts for it.",
        ),
        "completers": (lambda g: g.of_pool(g.slope()) + g.stopping(), f"{left_out}."),
    }  # fmt: skip
    for term, (predicted, why) in named.items():
        yield Cell(
            method=term, asked="beside", term=term, world="volunteers",
            against="effect as reported", predicted=predicted, why=why,
        )  # fmt: skip
    yield Cell(
        method="reliability-corrected", asked="compare_arms, study by study",
        term="reliability-corrected", world="volunteers", against="effect as reported",
        predicted=lambda g: g.of_pool(g.slope() / g.alpha()), pairs=(40,),
        why="Alpha takes all of a baseline's true part for lasting; part of it comes and goes.",
    )  # fmt: skip


def _changes() -> Iterator[Cell]:
    """`pre_post`, as what it is and as what it is taken for."""
    ours: dict[str, Any] = {"method": "pre_post", "asked": "pre_post", "group": "programme"}
    for world in GROUPS:
        yield Cell(**ours, world=world, against="change as reported")
        yield Cell(
            **ours, world=world, against="effect as reported", predicted=Given.of_pre_post,
            rate=Given.rate_of_pre_post, why=f"{DRIFT}.",
        )  # fmt: skip
        yield Cell(
            **ours, world=world, against="effect, latent",
            predicted=lambda g: g.of_pre_post() + g.flattery(), why=f"{DRIFT}; and {FLATTERED}.",
        )  # fmt: skip
    yield Cell(**ours, world="nothing happens", against="change as reported", null=True)


def _described() -> Iterator[Cell]:
    """Descriptions whose truth the equations give."""
    yield Cell(
        method="mixed_model", asked="mixed_model", world="no-effect", group="programme",
        against="mean score", pairs=(20,),
    )  # fmt: skip
    yield Cell(
        method="reliability", asked="reliability", world="no-effect", term="alpha", wave="start",
        against="alpha", pairs=(20,),
    )  # fmt: skip


#: worlds that are asked at some sizes only: the time of one core is limited
SIZES_OF: Mapping[str, tuple[int, ...]] = {"strong": (8, 12, 40), "group-format": (12,)}
CELLS: tuple[Cell, ...] = tuple(
    replace(cell, pairs=SIZES_OF.get(cell.world, cell.pairs))
    for cell in (*_arms(), *_beside(), *_changes(), *_described())
)
