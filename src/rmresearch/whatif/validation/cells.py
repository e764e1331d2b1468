"""The declared table: which method is right in which world about what, and how wrong it is else.

A method joins by a line in `observe.METHODS` and its cells here. A cell without ``predicted`` is
*valid*: bias, coverage and, where the truth is exactly 0, size are gated. One with it is a
*documented bias*: what is gated is the prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from rmresearch.whatif.validation.predict import Given
from rmresearch.whatif.validation.worlds import PAIRS

__all__ = [
    "AGAINST", "CELLS", "COVERAGE", "MODEL_BASED", "PLAIN", "SIZE", "Cell",
]  # fmt: skip

Against = Literal[
    "effect as reported", "effect, latent", "change as reported", "mean score", "alpha",
    "share satisfied", "risk difference", "slope", "no relation", "a true null hypothesis",
]  # fmt: skip
#: what an estimate is held to; of the last there is a test alone, and no estimate
AGAINST: tuple[Against, ...] = get_args(Against)
#: what is told in units of its own, not in SD of the score
PLAIN: frozenset[Against] = frozenset({"alpha", "share satisfied", "risk difference", "slope"})

Margin = tuple[float, float]
#: margin of a 5% test's size
SIZE = (0.035, 0.055)
#: margins of a 95% interval's coverage: by CR2, and from a model
COVERAGE, MODEL_BASED = (0.94, 0.965), (0.94, 0.98)

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
    ``group``, ``role`` and ``wave`` ("last": whichever) say which of its estimates. ``predicted``
    gives the bias in points, ``rate`` how often the 5% test rejects, ``why`` the sentence.
    ``null``: the truth is exactly 0; the test's size is gated. ``coverage``: the margin of the
    interval's coverage, gated of valid cells and where it is given; ``covering`` predicts it where
    intervals are known to be too short or too wide.
    """

    method: str
    asked: str
    world: str
    against: Against
    outcome: str = SKILL
    term: str = ""
    group: str = ""
    role: str = ""
    wave: str = "last"
    predicted: Callable[[Given], float] | None = None
    rate: Callable[[Given], float] | None = None
    why: str = ""
    null: bool = False
    coverage: Margin | None = None
    covering: Callable[[Given], float] | None = None
    pairs: tuple[int, ...] = PAIRS

    @property
    def covers(self) -> Margin | None:
        """The margin of coverage that is gated; None where none is."""
        return COVERAGE if self.coverage is None and self.valid else self.coverage

    @property
    def valid(self) -> bool:
        """Whether the cell is declared valid; else its bias, or its interval, is documented."""
        return self.predicted is None and self.covering is None


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
        predicted=lambda g: g.of_pool(g.slope() / g.alpha()), pairs=(20, 40),
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
    for method in ("mixed_model", "wave_means"):
        level: dict[str, Any] = {"method": method, "asked": method, "group": "programme"}
        yield Cell(**level, world="chance alone", against="mean score", pairs=(20, 40))
        yield Cell(
            **level, world="no-effect", against="mean score", covering=Given.level_covers,
            why="No bias, but an interval that is too short: people of four departments share a "
            "little of every score, and pairs as clusters do not know. A difference between arms "
            "does not feel it, a level does.",
        )  # fmt: skip
    yield Cell(
        method="reliability", asked="reliability", world="no-effect", term="alpha", wave="start",
        against="alpha", predicted=Given.of_alpha, coverage=MODEL_BASED,
        why="Alpha of n people is low by 2 (1 - alpha) / (n - 3) on average (Feldt 1965).",
    )  # fmt: skip
    yield Cell(
        method="reaction", asked="reaction", world="no-effect", outcome="satisfaction",
        role="senior", group="programme", against="share satisfied", predicted=Given.of_reaction,
        why="People whose pair gets on are satisfied, and answer more often.",
    )  # fmt: skip
    yield Cell(
        method="workforce_outcomes", asked="workforce_outcomes", world="default", outcome="left",
        role="senior", against="risk difference", covering=Given.shares_cover,
        why="No bias, but an interval that is too wide: a score interval needs no event, and where "
        "few people leave it holds what is true in nearly every study.",
    )  # fmt: skip


def _related() -> Iterator[Cell]:
    """Relations that are exactly 0, since chance made everything, and what they are tested by."""
    chance: dict[str, Any] = {"world": "chance alone", "null": True, "pairs": FROM_12}
    yield Cell(
        method="equivalence", asked="equivalence", world="at the margin", term="equivalence",
        against="a true null hypothesis", null=True,
    )  # fmt: skip
    yield Cell(
        **chance, method="subgroups", asked="subgroups", outcome=USE, term="interaction",
        group="interests", against="no relation",
    )  # fmt: skip
    for term in ("", "permutation"):
        yield Cell(
            **chance, method="match_quality" + (f", {term}" if term else ""),
            asked="match_quality", outcome=USE, term=term, group="Interests",
            against="a true null hypothesis" if term else "no relation",
        )  # fmt: skip
    for term in ("within", "between"):
        yield Cell(
            **chance, method=f"engagement, {term}", asked="engagement", term=term, wave="",
            against="no relation",
        )  # fmt: skip
    yield Cell(
        **chance, method="dyadic, partner", asked="dyadic", term="partner",
        group="programme", role="senior", against="slope",
    )  # fmt: skip
    yield Cell(
        method="dyadic, own", asked="dyadic", world="chance alone", term="actor",
        group="programme", role="senior", against="slope", pairs=FROM_12,
    )  # fmt: skip


#: below 12 sets in an arm these methods give no interval and no test
FROM_12 = PAIRS[1:]
CELLS: tuple[Cell, ...] = (*_arms(), *_beside(), *_changes(), *_described(), *_related())
