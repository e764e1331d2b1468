"""The validation table in pictures: where methods are right, how wrong they are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rmresearch.display.numbers import number
from rmresearch.numerics.proportions import wilson
from rmresearch.report.blocks import (
    Column,
    Details,
    Fact,
    Facts,
    FigureBlock,
    Head,
    Paragraph,
    Section,
    TableBlock,
)
from rmresearch.report.figures.lanes import Dot, Lanes, lanes_plot
from rmresearch.whatif.validation.cells import COVERAGE, SIZE
from rmresearch.whatif.validation.measure import BIAS, MONTE_CARLO, Family, Row, Z
from rmresearch.whatif.validation.stored import PATH, Table, stored
from rmresearch.whatif.validation.worlds import PAIRS

__all__ = [
    "biases", "coverage", "described", "families", "latent", "opening", "read", "rejections",
    "studied", "unbiased",
]  # fmt: skip

SIZES = tuple(f"{n} sets an arm" for n in PAIRS)
POINTS = "Lines are 99.9% Monte Carlo intervals"
REPORTED, LATENT = "effect as reported", "effect, latent"
DESCRIBED = ("alpha", "share satisfied")
BRACKETED = "reliability-corrected"
#: studies that gave an interval, or a p-value, from which a row is drawn
FEW = 50


def read(path: str = "") -> Table:
    """The committed table, or the one in a file that ``make validate`` wrote elsewhere."""
    return stored(Path(path) if path else PATH)


def opening(table: Table) -> Head:
    """What was asked, how much, and whether everything holds."""
    every = len(table.rows) + len(table.families) + len(table.sentences)
    failing = table.failing
    asked = [row.replicates for row in table.rows]
    valid = sum(one.valid for one in table.rows)
    facts = (
        Fact("rows gated", number(every), f"{failing} fail" if failing else "all hold"),
        Fact("valid", number(valid), "bias, coverage, size"),
        Fact("documented bias", number(len(table.rows) - valid), "predicted from coefficients"),
        Fact("cohorts a row", number(max(asked)), f"{min(asked)} where slow"),
    )
    return Head(
        "Method validation: what is right where",
        subtitle="Every method held to the known truth of simulated worlds",
        kicker="Synthetic data",
        blocks=(
            Paragraph(
                "A method is valid in a world if it is unbiased there, its intervals cover and its "
                "tests keep their size. Where it is not, how wrong it is follows from the world's "
                "own coefficients, and that prediction is what is tested.",
                "lead",
            ),
            Facts(facts),
        ),
    )


def unbiased(table: Table) -> FigureBlock:
    """Where do valid methods come out against the truth?"""
    rows = [row for row in table.rows if row.valid and row.against in {REPORTED, LATENT}]
    worst = max(rows, key=lambda row: abs(row.bias or 0.0) - Z * (row.error or 0.0))
    return lanes_plot(
        _lanes(rows, lambda row: _bias(row, predicted=False)),
        SIZES,
        title=f"Where a method is valid, its bias lies within {BIAS:g} SD or within chance of it",
        unit="bias in SD of the score, against the effect as reported (0: none)",
        caption=f"{POINTS}; shaded: the margin of {BIAS:g} SD. Furthest out: {worst.method} in "
        f"“{worst.world}” at {worst.n} ({number(worst.bias or 0.0, decimals=3, signed=True)}).",
        band=(-BIAS, BIAS),
    )


def biases(table: Table) -> FigureBlock:
    """How wrong are methods where they are wrong, and was it foreseen?"""
    rows = [row for row in table.rows if not row.valid and row.against == REPORTED]
    worst = max(rows, key=lambda row: abs(row.bias or 0.0))
    return lanes_plot(
        _lanes(rows, lambda row: _bias(row, predicted=True)),
        SIZES,
        title=f"Every documented bias is as large as predicted, up to "
        f"{number(worst.bias or 0.0, decimals=2, signed=True)} SD",
        unit="bias in SD of the score, against the effect as reported (0: none)",
        caption=f"{POINTS}; black ticks: the bias predicted from the scenario's coefficients. "
        f"Largest: {worst.method} in “{worst.world}”.",
    )


def latent(table: Table) -> Details:
    """The same against what is true below what people report."""
    rows = [row for row in table.rows if not row.valid and row.against == LATENT]
    figure = lanes_plot(
        _lanes(rows, lambda row: _bias(row, predicted=True)),
        SIZES,
        title="Against the latent effect, flattery is added to every self-rated difference",
        unit="bias in SD of the score, against the latent effect (0: none)",
        caption=f"{POINTS}; black ticks: predicted. No larger sample removes any of it.",
    )
    return Details("Against the latent effect", (figure,))


def described(table: Table) -> FigureBlock:
    """How far off are what describes a scale and a programme, in their own units?"""
    rows = [row for row in table.rows if not row.valid and row.against in DESCRIBED]
    return lanes_plot(
        _lanes(rows, lambda row: _bias(row, predicted=True)),
        SIZES,
        title="Alpha is low where people are few; who answers hardly moves the share satisfied",
        unit="alpha, and the share satisfied, less what is true of everybody",
        caption=f"{POINTS}; black ticks: predicted. The share's predicted bias is smaller than "
        f"what so many studies can tell from none, and than the margin of {BIAS:g}.",
    )


def coverage(table: Table) -> FigureBlock:
    """Do the intervals of valid methods hold the truth?"""
    most = max(row.replicates for row in table.rows)
    known = [row for row in table.rows if row.valid and row.coverage is not None]
    rows = [row for row in known if row.replicates == most]
    return lanes_plot(
        _lanes(rows, lambda row: _share(row.coverage, row.covered)),
        SIZES,
        title=f"95% intervals of valid methods cover in {_range(rows)} of studies",
        unit="share of 95% intervals that hold the truth",
        caption=f"{POINTS}; shaded: {COVERAGE[0]:g} to {COVERAGE[1]:g}. Methods that are asked "
        "study by study are in the next picture.",
        band=COVERAGE,
        reference=0.95,
    )


def studied(table: Table) -> FigureBlock:
    """The same for methods that are asked study by study, of which there are fewer."""
    most = max(row.replicates for row in table.rows)
    known = [row for row in table.rows if row.covered >= FEW and row.replicates < most]
    rows = [row for row in known if row.against != "share satisfied" and row.method != BRACKETED]
    return lanes_plot(
        _lanes(rows, lambda row: _share(row.coverage, row.covered, row.expected_coverage)),
        SIZES,
        title="Asked study by study, relations keep their coverage; a level's interval is too "
        "short by what departments share",
        unit="share of 95% intervals that hold the truth",
        caption=f"{POINTS}, of at least {FEW} studies that gave an interval; shaded: "
        f"{COVERAGE[0]:g} to {COVERAGE[1]:g}; black "
        "ticks: predicted. A difference of shares has a score interval, wide where events are few.",
        band=COVERAGE,
        reference=0.95,
    )


def rejections(table: Table) -> FigureBlock:
    """How often is a single group's change called different from 0, effect or not?"""
    rows = [row for row in table.rows if row.expected_rate is not None or row.null]
    tempted = [row for row in rows if row.world == "no-effect" and row.expected_rate is not None]
    top = max(row.rate or 0.0 for row in tempted)
    return lanes_plot(
        _lanes(
            [row for row in rows if row.tested >= FEW],
            lambda row: _share(row.rate, row.tested, row.expected_rate),
        ),
        SIZES,
        title=f"Where the programme does nothing, a single group “changes” in up to "
        f"{number(100 * top, decimals=0)}% of studies",
        unit="share of studies in which the 5% test rejects",
        caption=f"{POINTS}, of at least {FEW} studies that gave a p-value; black ticks: predicted "
        f"by the noncentral t; shaded: the margin of a test's size, for the rows where the null "
        f"hypothesis is true.",
        band=SIZE,
        reference=0.05,
    )


def families(table: Table) -> Section:
    """How often does a whole study show anything, and what do reports say then?"""
    worlds = {
        "nobody flatters": "every null hypothesis is true",
        "no-effect": "people rate themselves higher",
    }
    found = {(one.world, one.n): one for one in table.families}
    figure = lanes_plot(
        [
            Lanes(label, tuple(_family(found.get((name, n))) for n in PAIRS))
            for name, label in worlds.items()
        ],
        SIZES,
        title="A family of five outcomes, decided by Holm, keeps its error rate",
        unit="share of studies in which any outcome is declared different",
        caption=f"{POINTS}; shaded: up to {SIZE[1]:g}; black ticks: predicted where flattery is "
        "real.",
        band=(0.0, SIZE[1]),
        reference=0.05,
    )  # fmt: skip
    said = TableBlock(
        "Headlines of reports on the world in which the programme does nothing",
        (Column("question", numeric=False), Column("reports"), Column("see a gain", "%"),
         Column("have a word of causation", "%"), Column("leave out whose rating it is", "%")),
        tuple(
            (one.question, number(one.replicates),
             *(number(100 * share, decimals=1)
               for share in (one.gain, one.causal, one.unqualified)))
            for one in table.sentences
        ),
    )  # fmt: skip
    return Section("families", "Whole studies", (figure, said))


def _lanes(rows: Iterable[Row], dot: Callable[[Row], Dot | None]) -> list[Lanes]:
    """A row for each method, world and outcome; headings where the method changes."""
    found: dict[tuple[str, str, str], dict[int, Dot | None]] = {}
    for row in sorted(rows, key=lambda row: METHODS.index(row.method)):
        name = row.world if row.outcome == "digital_skill" else f"{row.world}, {row.outcome}"
        found.setdefault((row.method, name, row.against), {})[row.n] = dot(row)
    made, last = [], ""
    for (method, name, _), dots in found.items():
        heading = method if method != last else ""
        made.append(Lanes(name, tuple(dots.get(n) for n in PAIRS), heading))
        last = method
    return made


#: the order of the pictures
METHODS: Sequence[str] = (
    "compare_arms", "ancova", "change-score", "difference-in-differences",
    "reliability-corrected", "post-only", "completers", "pre_post", "mixed_model", "wave_means",
    "reliability", "reaction", "workforce_outcomes", "equivalence", "subgroups", "match_quality",
    "match_quality, permutation", "engagement, within", "engagement, between", "dyadic, own",
    "dyadic, partner",
)  # fmt: skip


def _bias(row: Row, *, predicted: bool) -> Dot | None:
    if row.bias is None or row.error is None:
        return None
    half = Z * row.error
    return Dot(row.bias, row.bias - half, row.bias + half, row.predicted if predicted else None)


def _range(rows: Iterable[Row]) -> str:
    """The least and the most coverage of some rows, in percent."""
    shares = [100 * row.coverage for row in rows if row.coverage is not None]
    return f"{number(min(shares), decimals=1)} to {number(max(shares), decimals=1)}%"


def _family(one: Family | None) -> Dot | None:
    return None if one is None else _share(one.rate, one.replicates, one.expected)


def _share(share: float | None, n: int, predicted: float | None = None) -> Dot | None:
    if share is None:
        return None
    low, high = wilson(share * n, n, level=MONTE_CARLO)
    return Dot(share, low, high, predicted)
