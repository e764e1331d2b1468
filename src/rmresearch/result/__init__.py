"""What every analysis returns: estimates, tables of cells, checks, and what was dropped."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

import pandas as pd

from rmresearch.declared import Design
from rmresearch.errors import did_you_mean
from rmresearch.result import pages

__all__ = ["Call", "Cell", "Check", "Dropped", "Estimate", "Result", "Table"]

CellKind = Literal[
    "administrative",  # assigned, met, ended, responded (S0)
    "count",  # people giving an answer
    "mean",  # mean of a scale (or of an adjusted outcome)
    "item-mean",  # mean of a single item
    "sd",
    "interval",  # an interval's end, a percentile, a distribution's cell
    "proportion",  # value in 0..1 with its numerator
    "contrast",  # a difference between arms or waves
    "statistic",  # a reliability, a test statistic, a p-value, an effect size
    "label",  # text from the design, never from an answer
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One estimated quantity.

    The fields down to ``term`` are its key, which a cohort's truth shares, so that bias is a
    join. ``value``, ``se``, ``low`` and ``high`` are in the outcome's own units unless ``term``
    says otherwise; ``level`` is the interval's confidence level in 0..1; ``df`` the degrees of
    freedom of the t interval (``None`` where none is used). A quantity that the data do not
    support is ``None``, never NaN. ``members`` are the pseudonyms behind the number, and
    ``parameters`` / ``smallest_level`` the model's size and its smallest factor level in people:
    the release rules count them; none of the three is ever serialised.

    >>> Estimate(role="senior", outcome="trust", value=0.32, low=0.02, high=0.62, n_people=47)
    Estimate(senior, trust: 0.32, 95% interval 0.02 to 0.62; 47 people)
    >>> Estimate(role="senior", outcome="trust", value=0.32, low=0.02, high=0.62).excludes_zero
    True
    >>> Estimate(role="senior", outcome="trust", value=0.32).key
    ('senior', 'trust', '', '', '', '', '')
    """

    role: str = "all"
    outcome: str = ""
    wave: str = ""
    contrast: str = ""
    group: str = ""
    estimand: str = ""
    term: str = ""
    value: float | None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    df: float | None = None
    p: float | None = None
    n_people: int = 0
    n_pairs: int = 0
    n_clusters: int = 0
    method: str = ""
    members: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    parameters: int = field(default=0, repr=False, compare=False)
    smallest_level: int | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return pages.estimate_text(self)

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval and zero lies outside it."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def key(self) -> tuple[str, ...]:
        """(role, outcome, wave, contrast, group, estimand, term)."""
        return tuple(getattr(self, name) for name in KEY)


KEY = ("role", "outcome", "wave", "contrast", "group", "estimand", "term")
PUBLIC = tuple(
    f.name for f in fields(Estimate) if f.name not in {"members", "parameters", "smallest_level"}
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One number (or design label) of a table, with the pseudonyms behind it.

    ``value`` is ``None`` where the data give nothing. ``numerator`` belongs to proportions.
    ``members`` is never serialised: it is what the release rules count.

    >>> Cell(0.25, "proportion", numerator=5).value
    0.25
    """

    value: float | int | str | None
    kind: CellKind
    numerator: int | None = None
    members: frozenset[str] = field(default=frozenset(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """A titled grid: ``columns`` name the cells of each row, left to right.

    >>> rows = ((Cell("start", "label"), Cell(3.329, "mean")),)
    >>> table = Table("means", "Scores", ("wave", "mean"), rows)
    >>> table
    Scores
    Wave   Mean
    start  3.33
    >>> table.to_frame()["mean"].tolist(), "start & 3.33" in table.to_latex()
    ([3.329], True)
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(
                    f"table {self.name}: a row has {len(row)} cells, "
                    f"its columns are {len(self.columns)}"
                )

    def to_frame(self) -> pd.DataFrame:
        """The values, one row a row, for analysis by hand."""
        values = [[cell.value for cell in row] for row in self.rows]
        return pd.DataFrame(values, columns=list(self.columns))

    def to_latex(self) -> str:
        """The table for LaTeX (package booktabs), numbers rounded as in reports."""
        return pages.table_grid(self).to_latex()

    def __repr__(self) -> str:
        return pages.table_grid(self).to_text()

    def _repr_html_(self) -> str:
        return pages.table_grid(self).to_html()


@dataclass(frozen=True, slots=True)
class Check:
    """An assumption or limit that was looked at: passed or not, and what was seen.

    >>> Check("enough clusters for p", False, "4 in each arm").passed
    False
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """Rows or people that did not enter, and why.

    >>> Dropped("no answer at month6", people=2).people
    2
    """

    reason: str
    people: int
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """Which question was asked: the function's name and its arguments as text.

    ``design`` is the study's: it gives names their labels, and outcomes their smallest effect.

    >>> Call("pre_post", (("outcome", "trust"),)).function
    'pre_post'
    """

    function: str
    arguments: tuple[tuple[str, str], ...] = ()
    design: Design | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one question.

    >>> import rmresearch as rm
    >>> study = rm.simulate(rm.Scenario(pairs=20), seed=7).study
    >>> result = rm.wave_means(study, "digital_skill")
    >>> result.to_frame()["wave"].unique().tolist()
    ['start', 'month3', 'month6']
    >>> len(result.table("means").rows), "Programme" in result.to_latex()
    (6, True)
    """

    call: Call
    estimates: tuple[Estimate, ...] = ()
    tables: tuple[Table, ...] = ()
    checks: tuple[Check, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """The estimates, one row each, full precision, columns always the same."""
        rows: list[dict[str, Any]] = [
            {name: getattr(estimate, name) for name in PUBLIC} for estimate in self.estimates
        ]
        return pd.DataFrame(rows, columns=list(PUBLIC))

    def table(self, name: str) -> Table:
        """The table of that name; an unknown one raises ``KeyError`` with the nearest name."""
        for table in self.tables:
            if table.name == name:
                return table
        known = [table.name for table in self.tables]
        raise KeyError(
            f"no table {name!r} in {self.call.function}; there are: {', '.join(known) or 'none'}."
            f"{did_you_mean(name, known)}"
        )

    def to_latex(self) -> str:
        """The estimates of record for LaTeX (package booktabs), rounded as in reports.

        Where none is of record (``term`` is empty in those that are), all estimates. The caption
        says how many people they rest on and by what method.
        """
        return pages.record(self).to_latex()

    def __repr__(self) -> str:
        return pages.as_text(self)

    def _repr_html_(self) -> str:
        return pages.as_html(self)
