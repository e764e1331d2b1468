"""What study.toml declares: design, waves, arms, outcomes, how pairs were made and compare."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeVar

from rmresearch.display.grid import Grid, paragraph
from rmresearch.display.numbers import NOTHING, number
from rmresearch.errors import StudyError, did_you_mean

__all__ = [
    "ROSTER_FEATURES",
    "Adaptation",
    "Arm",
    "Brand",
    "Design",
    "Likeness",
    "Logo",
    "Matching",
    "Outcome",
    "PrivacySettings",
    "Procedure",
    "Process",
    "Role",
    "Wave",
]

T = TypeVar("T")

_COLOUR = re.compile(r"#[0-9a-f]{6}")

Role = Literal["junior", "senior"]
#: what a question asked on the way tells of the programme's course
Process = Literal["relationship", "safety", "time", "openness"]
Procedure = Literal["unknown", "random", "self-selected", "rules", "score", "optimal"]
#: how two people compare by the roster alone, and the column that tells it
ROSTER_FEATURES = {"Level gap": "level", "Same department": "department"}


@dataclass(frozen=True, slots=True)
class Likeness:
    """How the answers of a pair's two people are compared: an entry of [[matching.questions]].

    ``senior`` and ``junior`` are columns of participants. "close" compares numbers over ``low``
    to ``high``, "same" wants an entry in common (``anything`` fits everybody), "words" the share
    of entries in common, "teaches" what the ``learner`` wants that the other offers.
    """

    name: str
    compare: Literal["close", "same", "words", "teaches"]
    senior: str
    junior: str
    low: float = 0.0
    high: float = 1.0
    anything: tuple[str, ...] = ()
    learner: Role = "senior"


@dataclass(frozen=True, slots=True)
class Matching:
    """How pairs were made, and which could not be: [matching] of study.toml.

    ``procedure`` "random": each arrangement that the rules allow was as likely as any other.
    """

    procedure: Procedure = "unknown"
    questions: tuple[Likeness, ...] = ()
    separator: str = ";"
    level_gap: int | None = None
    other_department: bool = False
    reporting_line: bool = True
    same: tuple[str, ...] = ()
    refusals: str | None = None
    wishes: str | None = None


@dataclass(frozen=True, slots=True)
class Wave:
    """A point of measurement. ``months`` counts from the start of the programme.

    >>> Wave("month6", "After six months", 6.0).baseline
    False
    """

    name: str
    label: str
    months: float
    baseline: bool = False
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    """A group that people were assigned to; ``programme`` = gets reverse mentoring (or a rival).

    >>> Arm("waitlist", "Starts later", programme=False).label
    'Starts later'
    """

    name: str
    label: str
    programme: bool


@dataclass(frozen=True, slots=True)
class Adaptation:
    """A dated change that the programme made on its way."""

    day: date
    what: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is measured: the codebook entry of one scale, single item, amount or yes/no.

    ``items`` are item names in the measures table (an outcome without items is its own item).
    ``low``/``high`` bound an item's codes (``None`` = unbounded amount). ``direction`` is 1 where
    more is better, -1 where less is. ``smallest_effect`` is the smallest difference of interest,
    in points of the score. ``kirkpatrick`` is 1 reaction, 2 learning, 3 behaviour, 4 results.
    ``timing`` = "repeated" (same question each wave), "gain" (asks for the change itself) or
    "retrospective" (a pre-test asked afterwards); only "repeated" scores are ever subtracted.
    ``favourable`` is the lowest item code that counts as a favourable answer (reactions).
    ``process`` says what a reaction tells of the programme's course, the better the more
    favourable: how the two get on ("relationship"), whether one dares to say what one does not
    know ("safety"), whether there is time, whether the other is willing ("openness").
    ``pool_mean`` (the score's mean before the start among everybody who could have joined) and
    ``untreated_retest`` (its correlation over the same time without a programme, -1..1) say how
    far regression to the mean alone would move a single group.

    >>> Outcome("trust", "Trust", "senior", ("trust1", "trust2"), low=1, high=5).kirkpatrick
    2
    """

    name: str
    label: str
    role: Literal["junior", "senior", "all"]
    items: tuple[str, ...]
    kind: Literal["scale", "ordinal", "binary", "amount", "recommend"] = "scale"
    low: float | None = None
    high: float | None = None
    reverse: frozenset[str] = frozenset()
    labels: tuple[tuple[str, float], ...] = ()
    waves: tuple[str, ...] = ()
    source: Literal["self", "partner", "blind", "record"] = "self"
    kirkpatrick: Literal[1, 2, 3, 4] = 2
    direction: Literal[1, -1] = 1
    smallest_effect: float | None = None
    timing: Literal["repeated", "gain", "retrospective"] = "repeated"
    related: str | None = None
    favourable: float | None = None
    unit: str = "points"
    min_items: float = 0.5
    pool_mean: float | None = None
    untreated_retest: float | None = None
    process: Process | None = None


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """Release thresholds in people: they can be raised in study.toml, never lowered."""

    smallest_mean: int = 5
    smallest_interval: int = 10


@dataclass(frozen=True, slots=True)
class Logo:
    """A checked picture: ``file`` as declared, ``digest`` the SHA-256 of that file.

    ``data`` is what a page may carry of it: no script, no reference, no editor's notes. Sizes are
    in pixels, or in the drawing's own units.
    """

    file: str
    kind: Literal["png", "svg"]
    data: bytes = field(repr=False)
    digest: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Brand:
    """[brand]: the name, logo and colours that reports wear; what is not given is the house's.

    Colours are ``#rrggbb`` in small letters (else ``ValueError``); `io.brand` lets in those that
    are read as text on white and on their own tint, and under white text. ``template`` is a .pptx
    in the study's folder, as declared: `io.brand.template_path` finds it.
    """

    name: str = ""
    logo: Logo | None = None
    accent: str | None = None
    ink: str | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        for colour in (self.accent, self.ink):
            if colour is not None and not _COLOUR.fullmatch(colour):
                raise ValueError(f"a brand's colour is #rrggbb in small letters, not {colour!r}")


@dataclass(frozen=True, slots=True)
class Design:
    """What study.toml declares about the study.

    >>> import rmresearch as rm
    >>> design = rm.simulate(rm.Scenario(pairs=20), seed=7).study.design
    >>> design.randomised, design.baseline.name, [wave.name for wave in design.follow_ups]
    (True, 'start', ['month3', 'month6'])
    >>> [arm.name for arm in design.programme_arms], design.comparison.name
    (['programme'], 'comparison')
    >>> design.arm("comparison").label, design.wave("month6").months
    ('Starts later', 6.0)
    >>> design.outcome("digital_skill").label, design.role_label("senior")
    ('Digital skill', 'senior mentee')
    """

    name: str
    title: str
    kind: Literal["single-group", "comparison", "waitlist", "randomised"]
    unit: Literal["person", "pair", "set", "department"]
    waves: tuple[Wave, ...]
    outcomes: tuple[Outcome, ...]
    arms: tuple[Arm, ...] = ()
    organisation: str = ""
    synthetic: bool = False
    linked: bool = True
    role_labels: tuple[tuple[str, str], ...] = ()
    start: date | None = None
    end: date | None = None
    planned_meetings: int | None = None
    goals: tuple[str, ...] = ()
    adaptations: tuple[Adaptation, ...] = ()
    features: tuple[tuple[str, Literal["text", "number"]], ...] = ()
    matching: Matching = field(default_factory=Matching)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    #: (name, (low, most likely, high)): what the programme takes, and what a gain is worth, by
    #: outcome, in ``currency``
    costs: tuple[tuple[str, tuple[float, float, float]], ...] = ()
    worth: tuple[tuple[str, tuple[float, float, float]], ...] = ()
    currency: str = ""
    brand: Brand = Brand()

    @property
    def randomised(self) -> bool:
        """Whether people were assigned to arms by chance (a waitlist must say so by its kind)."""
        return self.kind in {"randomised", "waitlist"}

    @property
    def baseline(self) -> Wave:
        """The wave before the start."""
        return next((wave for wave in self.waves if wave.baseline), self.waves[0])

    @property
    def follow_ups(self) -> tuple[Wave, ...]:
        """The waves after the start, in order."""
        return tuple(wave for wave in self.waves if not wave.baseline)

    @property
    def comparison(self) -> Arm | None:
        """The arm that others are compared with, or None in a single-group study."""
        return next((arm for arm in self.arms if not arm.programme), None)

    @property
    def programme_arms(self) -> tuple[Arm, ...]:
        """The arms that got a programme, in declared order."""
        return tuple(arm for arm in self.arms if arm.programme)

    def outcome(self, name: str) -> Outcome:
        """The outcome of that name; an unknown one raises with the nearest known name."""
        return _known({o.name: o for o in self.outcomes}, name, "outcome")

    def wave(self, name: str) -> Wave:
        """The wave of that name; an unknown one raises with the nearest known name."""
        return _known({w.name: w for w in self.waves}, name, "wave")

    def arm(self, name: str) -> Arm:
        """The arm of that name; an unknown one raises with the nearest known name."""
        return _known({a.name: a for a in self.arms}, name, "arm")

    def role_label(self, role: str) -> str:
        """How reports call a role, in the singular."""
        return dict(self.role_labels).get(role, role)

    def __repr__(self) -> str:
        return "\n".join([*self._lines(), _codebook(self).to_text()])

    def _repr_html_(self) -> str:
        return "".join(map(paragraph, self._lines())) + _codebook(self).to_html()

    def _lines(self) -> tuple[str, str]:
        """The study in two lines: how it compares, and when it asks whom."""
        waves = ", ".join(wave.name for wave in self.waves)
        arms = ", ".join(arm.name for arm in self.arms) or "none"
        return (
            f"Design {self.name!r}: {self.title}",
            f"{self.kind}, assigned by {self.unit}; arms: {arms}; waves: {waves}",
        )


def _codebook(design: Design) -> Grid:
    """The outcomes of a design, a row each."""
    rows = []
    for one in design.outcomes:
        ends = [number(end, decimals=0 if end == int(end) else 2)
                for end in (one.low, one.high) if end is not None]  # fmt: skip
        least = NOTHING if one.smallest_effect is None else number(one.smallest_effect)
        scale = f"{one.kind} {' to '.join(ends)}".strip()
        rows.append((one.name, one.label, one.role, scale, number(len(one.items)), least))
    heads = ("Outcome", "Label", "Asked of", "Kind and range", "Items", "Smallest effect")
    return Grid("Outcomes", heads, tuple(rows), (False, False, False, False, True, True))


def _known(entries: Mapping[str, T], name: str, what: str) -> T:
    if name in entries:
        return entries[name]
    known = ", ".join(entries)
    raise StudyError(
        f"no {what} {name!r}; the study declares {known}.{did_you_mean(name, entries)}"
    )
