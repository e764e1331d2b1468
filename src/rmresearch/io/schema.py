"""study.toml as people write it: what may stand there, checked, and turned into a Design.

Every table forbids unknown keys. The reader turns pydantic's errors into ``Problem`` lines that
name the key and the nearest known one.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rmresearch import study as s
from rmresearch.declared import Procedure, Process
from rmresearch.io.naming import LINE, Note, Text

__all__ = [
    "BrandEntry",
    "MatchingEntry",
    "MatchingQuestion",
    "StudyFile",
    "TableSource",
    "to_design",
]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Code = str | int | float | bool
#: what an undeclared range means for kinds that have only one
BOUNDS: dict[str, tuple[float, float]] = {"binary": (0, 1), "recommend": (0, 10)}


class Strict(BaseModel):
    """Unknown keys are errors; nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StudyHead(Strict):
    """[study]: what the study is called."""

    name: Name
    title: Text
    organisation: Note = ""
    synthetic: bool = False
    linked: bool = True  # false: the survey carried no person ids (unlinked samples)


class ArmEntry(Strict):
    """[[design.arms]]: ``programme = false`` marks the comparison."""

    name: Name
    label: Text
    programme: bool


class AdaptationEntry(Strict):
    """[[design.adaptations]]: a change made on the way."""

    date: dt.date
    what: Text


class DesignEntry(Strict):
    """[design]: how people came into their arms."""

    kind: Literal["single-group", "comparison", "waitlist", "randomised"]
    unit: Literal["person", "pair", "set", "department"] = "person"
    start: dt.date | None = None
    end: dt.date | None = None
    planned_meetings: Annotated[int, Field(ge=1)] | None = None
    goals: list[Text] = []
    arms: list[ArmEntry] = []
    adaptations: list[AdaptationEntry] = []


class RoleEntry(Strict):
    """[roles.senior], [roles.junior]: the words reports use for the two roles."""

    label: Text


class WaveEntry(Strict):
    """[[waves]], in order; ``months`` (or ``date`` with design.start) places it in time."""

    name: Name
    label: Text
    months: float | int | None = None
    date: dt.date | None = None
    baseline: bool = False


class OutcomeEntry(Strict):
    """[[outcomes]]: one codebook entry."""

    name: Name
    label: Text
    role: Literal["junior", "senior", "all"]
    items: list[str] = []
    kind: Literal["scale", "ordinal", "binary", "amount", "recommend"] = "scale"
    range: Annotated[list[float | int], Field(min_length=2, max_length=2)] | None = None
    reverse: list[str] = []
    labels: dict[str, float | int] = {}  # answer text -> code
    wave_labels: dict[str, dict[str, float | int]] = {}  # another wording in one wave
    missing: list[str] = []  # answers that mean "no answer"
    waves: list[str] = []  # asked at (default: all)
    source: Literal["self", "partner", "blind", "record"] = "self"
    kirkpatrick: Literal[1, 2, 3, 4] = 2
    direction: Literal["higher", "lower"] = "higher"  # which way is better
    smallest_effect: Annotated[float | int, Field(gt=0)] | None = None
    timing: Literal["repeated", "gain", "retrospective"] = "repeated"
    related: str | None = None
    favourable: float | int | None = None
    unit: Note = "points"
    min_items: Annotated[float | int, Field(gt=0, le=1)] = 0.5
    pool_mean: float | int | None = None  # mean before the start of everybody who could join
    untreated_retest: Annotated[float | int, Field(ge=-1, le=1)] | None = None
    process: Process | None = None  # what a reaction tells of the programme's course


class Consent(Strict):
    """Only people whose ``column`` holds one of ``yes`` are read; the others are counted."""

    column: str
    yes: list[str]


class TableSource(Strict):
    """[tables.NAME] or [[tables.NAME]]: where a table's rows come from and how columns map.

    ``columns`` maps our column names to the file's (same name if not listed); ``values`` maps, by
    our column, the file's values to ours; ``where`` keeps rows whose file column holds one of the
    values; ``rename`` gives a file's column another name first, by file ("*" = all files);
    ``constants`` fills our columns. Measures: ``layout`` "long" has a row an answer (item, value);
    "by-wave" a row a person and wave, with the items as columns (``items`` maps item -> column);
    "wide" a row a person, where ``waves`` gives each wave's column as a pattern with ``{item}`` or
    ``{n}`` (the item's trailing number), and ``items.WAVE`` maps single items. ``only`` limits
    which items are read. Participants (in an unlinked study: measures): ``features`` lists further
    columns as "text" or "number". ``once`` keeps the first row a key, after ``where`` (people
    listed once a wave).
    """

    file: str | list[str]
    sheet: str | None = None
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    decimal: Literal[".", ","] = "."
    encoding: str | None = None
    date_format: str = "%Y-%m-%d"
    missing: list[str] = []
    rename: dict[str, dict[str, str]] = {}
    columns: dict[str, str | list[str]] = {}
    constants: dict[str, Code] = {}
    values: dict[str, dict[str, Code]] = {}
    where: dict[str, list[str]] = {}
    consent: Consent | None = None
    once: bool = False
    features: dict[str, Literal["text", "number"]] = {}
    layout: Literal["long", "by-wave", "wide"] = "long"
    items: dict[str, str | dict[str, str]] = {}
    waves: dict[str, str] = {}
    only: list[str] = []


class Tables(Strict):
    """[tables]: the five tables; each is one source or a list of sources."""

    participants: list[TableSource] = []
    pairs: list[TableSource] = []
    measures: list[TableSource] = []
    meetings: list[TableSource] = []
    records: list[TableSource] = []

    @model_validator(mode="before")
    @classmethod
    def _one_or_many(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {k: [v] if isinstance(v, dict) else v for k, v in data.items()}


class PrivacyEntry(Strict):
    """[privacy]: thresholds may be raised, never lowered."""

    smallest_mean: Annotated[int, Field(ge=5)] = 5
    smallest_interval: Annotated[int, Field(ge=10)] = 10


class BrandEntry(Strict):
    """[brand]: how reports look. Paths are relative to the study's folder; see `io.brand`."""

    name: Annotated[str, Field(max_length=80), LINE] = ""
    logo: str | None = None
    accent: str | None = None
    ink: str | None = None
    template: str | None = None


Amount = Annotated[float | int, Field(ge=0, le=1e12, allow_inf_nan=False)]
#: one number where it is known, else [low, most likely, high]
Span = Amount | Annotated[list[Amount], Field(min_length=3, max_length=3)]


class ValueEntry(Strict):
    """[value]: what the programme takes and what its gains are worth, for `value`.

    ``programme_cost`` is what one programme arm costs in all, ``hours`` the working hours that a
    pair takes, both people together (left out: those of the meeting log), ``hourly_cost`` one such
    hour; ``worth`` by outcome what one point more is worth a person (one person more who stays, or
    rises). Each is a number or [low, most likely, high].
    """

    currency: Annotated[str, Field(max_length=12), LINE] = ""
    programme_cost: Span | None = None
    hours: Span | None = None
    hourly_cost: Span | None = None
    worth: dict[str, Span] = {}

    def costs(self) -> dict[str, Span]:
        """What is declared of what the programme takes, by name."""
        named = {
            "programme_cost": self.programme_cost,
            "hours": self.hours,
            "hourly_cost": self.hourly_cost,
        }
        return {name: span for name, span in named.items() if span is not None}


class MatchingRules(Strict):
    """[matching.rules]: pairs that may not be made. Columns are those of the participants."""

    level_gap: Annotated[int, Field(ge=0)] | None = None  # the senior is so far above, at least
    other_department: bool = False
    reporting_line: bool = True  # neither above the other, nor under one line manager
    new_partner: bool = True  # not with somebody with whom the table of pairs has them already
    same: list[str] = []  # columns in which the two have an entry in common: language, site
    refusals: str | None = None  # column of ids with whom a person is not to be paired


class MatchingQuestion(Strict):
    """[[matching.questions]]: what makes a pair fit better, and how much it counts.

    ``feature`` is the column of both, ``senior`` and ``junior`` where they were asked different
    things. ``close`` compares numbers over their ``range``, ``same`` wants an entry in common
    (``anything``: answers that fit everybody), ``words`` the share of entries in common,
    ``teaches`` what the ``learner`` wants that the other offers.
    """

    name: Text
    compare: Literal["close", "same", "words", "teaches"]
    weight: Annotated[float | int, Field(gt=0, le=1e6, allow_inf_nan=False)]
    feature: str | None = None
    senior: str | None = None
    junior: str | None = None
    range: Annotated[list[float | int], Field(min_length=2, max_length=2)] | None = None
    anything: list[str] = []
    learner: Literal["senior", "junior"] = "senior"

    def columns(self) -> tuple[str | None, str | None]:
        """The seniors' column and the juniors'."""
        return self.senior or self.feature, self.junior or self.feature

    def likeness(self) -> s.Likeness:
        """The same without its weight, as analyses know it."""
        senior, junior = (str(column) for column in self.columns())
        low, high = (float(end) for end in self.range or (0.0, 1.0))
        anything = tuple(self.anything)
        return s.Likeness(
            self.name, self.compare, senior, junior, low, high, anything, self.learner
        )


class MatchingEntry(Strict):
    """[matching]: how `rmresearch match` pairs applicants, and how the study's pairs were made.

    ``juniors_per_senior`` and ``seniors_per_junior`` are a number, or a column of numbers (no
    answer: 1). ``wishes`` is a column of ids, the most wanted first; ``separator`` stands between
    the entries of a cell; ``arms`` limits who is paired. ``procedure`` records what was done.
    """

    procedure: Procedure = "unknown"
    juniors_per_senior: Annotated[int, Field(ge=1)] | str = 1
    seniors_per_junior: Annotated[int, Field(ge=1)] | str = 1
    wishes: str | None = None
    separator: Annotated[str, Field(min_length=1, max_length=3)] = ";"
    arms: list[str] = []
    rules: MatchingRules = MatchingRules()
    questions: list[MatchingQuestion] = []


class StudyFile(Strict):
    """The whole of study.toml."""

    study: StudyHead
    design: DesignEntry
    roles: dict[Literal["junior", "senior"], RoleEntry] = {}
    waves: Annotated[list[WaveEntry], Field(min_length=1)]
    outcomes: Annotated[list[OutcomeEntry], Field(min_length=1)]
    tables: Tables
    privacy: PrivacyEntry = PrivacyEntry()
    matching: MatchingEntry = MatchingEntry()
    value: ValueEntry = ValueEntry()
    brand: BrandEntry = BrandEntry()


def to_design(file: StudyFile, brand: s.Brand | None = None) -> s.Design:
    """The frozen Design that the rest of the package knows; ``brand`` as `io.brand` has read it."""
    head, design = file.study, file.design
    # anonymous respondents have no table of their own: their features stand in the measures
    sources = file.tables.participants if head.linked else file.tables.measures
    features = {name: kind for source in sources for name, kind in source.features.items()}
    return s.Design(
        name=head.name,
        title=head.title,
        organisation=head.organisation,
        synthetic=head.synthetic,
        linked=head.linked,
        kind=design.kind,
        unit=design.unit,
        start=design.start,
        end=design.end,
        planned_meetings=design.planned_meetings,
        goals=tuple(design.goals),
        arms=tuple(s.Arm(a.name, a.label, a.programme) for a in design.arms),
        adaptations=tuple(s.Adaptation(a.date, a.what) for a in design.adaptations),
        role_labels=tuple((role, entry.label) for role, entry in file.roles.items()),
        waves=tuple(_wave(entry, design.start) for entry in file.waves),
        outcomes=tuple(_outcome(entry, file.waves) for entry in file.outcomes),
        features=tuple(features.items()),
        matching=_matching(file.matching),
        privacy=s.PrivacySettings(file.privacy.smallest_mean, file.privacy.smallest_interval),
        costs=tuple((name, _span(span)) for name, span in file.value.costs().items()),
        worth=tuple((name, _span(span)) for name, span in file.value.worth.items()),
        currency=file.value.currency,
        brand=brand or s.Brand(),
    )


def _matching(entry: MatchingEntry) -> s.Matching:
    rules = entry.rules
    return s.Matching(
        procedure=entry.procedure,
        questions=tuple(question.likeness() for question in entry.questions),
        separator=entry.separator,
        level_gap=rules.level_gap,
        other_department=rules.other_department,
        reporting_line=rules.reporting_line,
        same=tuple(rules.same),
        refusals=rules.refusals,
        wishes=entry.wishes,
    )


def _span(given: Span) -> tuple[float, float, float]:
    low, middle, high = given if isinstance(given, list) else (given, given, given)
    return float(low), float(middle), float(high)


def _wave(entry: WaveEntry, start: dt.date | None) -> s.Wave:
    months = entry.months
    if months is None and entry.date is not None and start is not None:
        months = (entry.date - start).days / 30.4375
    return s.Wave(entry.name, entry.label, float(months or 0), entry.baseline, entry.date)


def _outcome(entry: OutcomeEntry, waves: list[WaveEntry]) -> s.Outcome:
    low, high = entry.range or BOUNDS.get(entry.kind) or (None, None)
    if entry.range is None and entry.labels:
        low, high = min(entry.labels.values()), max(entry.labels.values())
    return s.Outcome(
        name=entry.name,
        label=entry.label,
        role=entry.role,
        items=tuple(entry.items) or (entry.name,),
        kind=entry.kind,
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        reverse=frozenset(entry.reverse),
        labels=tuple((text, float(code)) for text, code in entry.labels.items()),
        waves=tuple(entry.waves) or tuple(wave.name for wave in waves),
        source=entry.source,
        kirkpatrick=entry.kirkpatrick,
        direction=1 if entry.direction == "higher" else -1,
        smallest_effect=None if entry.smallest_effect is None else float(entry.smallest_effect),
        timing=entry.timing,
        related=entry.related,
        favourable=None if entry.favourable is None else float(entry.favourable),
        unit=entry.unit,
        min_items=float(entry.min_items),
        pool_mean=None if entry.pool_mean is None else float(entry.pool_mean),
        untreated_retest=None if entry.untreated_retest is None else float(entry.untreated_retest),
        process=entry.process,
    )
