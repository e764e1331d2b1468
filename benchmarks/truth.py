"""The truth tests of ``make validate``: every cell of the validation table, on simulated studies.

Writes what was measured beside the table's declaration, and docs/validation.md from it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import rmresearch as rm
from rmresearch.evidence import Precision, facts, judge
from rmresearch.report.words.findings import headline
from rmresearch.report.words.gate import lint
from rmresearch.result import Result
from rmresearch.study import Study
from rmresearch.whatif.source import source
from rmresearch.whatif.validation.cells import CELLS, Cell
from rmresearch.whatif.validation.measure import (
    FAMILIES,
    SEED,
    SIZE,
    Family,
    Row,
    Z,
    families,
    measure,
    outside,
)
from rmresearch.whatif.validation.observe import METHODS, SLOW
from rmresearch.whatif.validation.stored import PATH, Sentences, Table, stored
from rmresearch.whatif.validation.worlds import PAIRS, world
from rmresearch.world.truth import PROGRAMME

DOCS = Path(__file__).resolve().parent.parent / "docs" / "validation.md"
#: seniors in an arm of the studies whose headlines are read
READ_AT = 20
GAINS = {Precision.CLEAR_GAIN, Precision.SOME_GAIN}
#: what a headline of a self-rated difference, and of a single group's change, has to say
SELF_RATED, CHANGED = ("rated",), ("change",)


Question = tuple[str, str, int, tuple[str, ...]]
Spread = Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]
#: analysis, outcome, how many studies are read, and what their headlines owe the reader
ASKED: tuple[Question, ...] = (
    ("compare_arms", "digital_use", 200, ()),
    ("compare_arms", "digital_skill", 200, SELF_RATED),
    ("pre_post", "digital_skill", 200, CHANGED),
)
#: studies that are read together, each asked everything it is asked
TOGETHER = 25


def _rows(share: float, place: tuple[str, int]) -> dict[tuple[int, int], Row]:
    """The rows of a world at one size, by the cell's place and the size."""
    name, n = place
    here = _here(name, n)
    measured = measure([replace(cell, pairs=(n,)) for cell in here.values()], share=share)
    return {(k, n): row for k, row in zip(here, _shown(measured), strict=True)}


def _families(share: float, place: tuple[str, int]) -> list[Family]:
    name, n = place
    return list(_shown(families(share=share, sizes={name: (n,)})))


def sentences(asked: Sequence[Question] = ASKED, spread: Spread = map) -> Iterator[Sentences]:
    """Rule E2: what reports say in the no-effect world, by the shipped analyses and words."""
    most = max(one[2] for one in asked)
    parts = [range(at, min(at + TOGETHER, most)) for at in range(0, most, TOGETHER)]
    return _sentences(asked, spread(partial(_told, asked), parts))


def _sentences(
    asked: Sequence[Question], parts: Iterable[list[tuple[int, bool, str]]]
) -> Iterator[Sentences]:
    told = [one for part in parts for one in part]
    for k, (function, outcome, replicates, owed) in enumerate(asked):
        heard = [(seen, text) for question, seen, text in told if question == k]
        gain = np.array([seen for seen, _ in heard])
        causal = np.array([bool(lint(text)) for _, text in heard])
        bare = np.array([seen and not all(word in text for word in owed) for seen, text in heard])
        # A partner's rating is not flattered: there a gain is an error of the first kind.
        errors = causal if owed else causal | gain
        failed = ["causal words"] if outside(errors, (0.0, SIZE[1])) else []
        failed += ["unqualified"] if owed and bare.any() else []
        yield Sentences(
            question=f"{function}, {outcome}", world="no-effect", n=READ_AT, replicates=replicates,
            gain=float(gain.mean()), causal=float(causal.mean()),
            unqualified=float(bare.mean()), failed=tuple(failed),
        )  # fmt: skip


def _told(asked: Sequence[Question], numbers: range) -> list[tuple[int, bool, str]]:
    """Of studies of these numbers, by question: whether a gain is seen, and the headline."""
    drawn = source(world("no-effect", READ_AT).scenario)
    cohorts = drawn.cohorts(numbers.stop, np.random.SeedSequence(SEED))
    found = []
    for r in numbers:
        study = cohorts.study(r)
        here = [k for k, one in enumerate(asked) if r < one[2]]
        lost = {name: rm.attrition(study, name) for name in {asked[k][1] for k in here}}
        for k in here:
            function, outcome = asked[k][:2]
            found.append((k, *_headline(study, function, outcome, lost[outcome])))
    return found


def _headline(study: Study, function: str, outcome: str, lost: Result) -> tuple[bool, str]:
    """Whether the report of the last wave sees a gain, and its headline."""
    if function == "compare_arms":
        result: Result = rm.compare_arms(study, outcome, rerandomise=False)
    else:
        result = rm.pre_post(study, outcome, arm=PROGRAMME)
    last = study.design.waves[-1].name
    group = "" if function == "compare_arms" else PROGRAMME
    record = next(
        one for one in result.estimates if (one.term, one.wave, one.group) == ("", last, group)
    )
    verdict = judge(facts(study, record, result, lost))
    return verdict.precision in GAINS, headline(record, verdict, study.design)


PAGE = """# Validation: what is right where, and how wrong elsewhere

`make validate` writes this page (seed {seed}). Each row is a method in a simulated world, held to
what is true there: the effect on everyone assigned, *as reported* (self-flattery on) or *latent*
(off), at 8, 12, 20 and 40 sets of pairs in the smaller arm, where it is one to one as many pairs.
Methods with a kernel on arrays are asked in 2,000 cohorts, the others in {slow} studies, one after
another: "answered" says in how many there was an estimate, and what a method refuses does not
count. Kernels are held to their intervals and tests also where the analysis, people being few,
would withhold them. The other methods are held to what they gave: where coverage or size rests on
fewer studies than answered, their number stands beside it, and it is gated by what these few can
tell. Below 12 sets an arm most relations get no interval, so they are asked from 12 on, and the
reliability-corrected difference from 20 on. How a method joins the table is said in
`src/rmresearch/whatif/validation/`. Size and coverage of the kernels in 20,000 Gaussian studies a
line have [a page of their own](validation-size.md).

A row fails only if a whole 99.9% Monte Carlo interval lies outside its margin. *Valid* rows are
gated by bias (within .02 SD), coverage (.94 to .965) and, where the truth is exactly 0, size (.035
to .055); beside them stands the standard error over the estimates' own SD. In the others the bias
is documented: it has to lie within .02 SD of what is predicted from the scenario's coefficients
(`predict.py`), and a predicted share of rejections, or coverage of an interval that is too short or
too wide, within .03; alpha's interval has to cover all the same (.94 to .98). Non-response is taken
from the world's own truths, and how people get on from drawn courses; no estimate enters a
prediction. Bias is in SD of the score among the eligible (alpha, shares, differences of shares and
slopes: as they are).

In "chance alone" everybody eligible is assigned, pairs are drawn by lot, nothing is shared and
nobody flatters themselves: no trait, meeting or partner has to do with any score. "At the margin"
has nothing but flattery, and the smallest effect of interest is exactly that: equivalence may be
found in one study of twenty at most. {verdict}

## Valid

{valid}

## Documented bias

{biased}

### Why

{why}

## A family of outcomes

All five scales of a study at the last wave, decided by Holm: how often anything is declared
different from 0. Where nobody flatters themselves every null hypothesis is true. In the no-effect
preset people in the programme rate themselves higher than they are, so self-rated outcomes *are*
reported higher, and the family finds that as often as predicted.

{families}

## What reports say where the programme does nothing

Studies of the no-effect preset with {read_pairs} pairs in an arm, by the shipped analyses
and words (rule E2): how often the headline sees a gain, how often it has a word of causation, and
how often it sees a gain without saying that people rated themselves, or that scores changed.

{sentences}
"""


def page(table: Table) -> str:
    """The page docs/validation.md."""
    verdict = f"**{table.failing} rows fail.**" if table.failing else "All rows hold."
    valid = [one for one in table.rows if one.valid]
    biased = [one for one in table.rows if not one.valid]
    reasons = dict.fromkeys((one.method, one.world, one.against, one.why) for one in biased)
    return PAGE.format(
        seed=table.seed,
        slow=SLOW,
        read_pairs=table.sentences[0].n,
        verdict=verdict,
        valid=_lines(
            ("method", "world", "outcome", "held to", "n", "answered", "bias", "± (99.9%)",
             "SE ÷ SD", "coverage", "size", "verdict"),
            map(_valid, valid),
        ),
        biased=_lines(
            ("method", "world", "outcome", "held to", "n", "answered", "predicted", "bias",
             "± (99.9%)", "coverage (predicted)", "rejects (predicted)", "verdict"),
            map(_biased, biased),
        ),
        why=_lines(("method", "world", "held to", "why"), reasons),
        families=_lines(
            ("world", "n", "outcomes", "studies", "anything shown", "predicted", "verdict"),
            [(one.world, str(one.n), str(one.outcomes), f"{one.replicates:,}", _share(one.rate),
              _share(one.expected), _said(one.failed)) for one in table.families],
        ),
        sentences=_lines(
            ("question", "studies", "gain", "causation", "unqualified", "verdict"),
            [(one.question, str(one.replicates), _share(one.gain), _share(one.causal),
              _share(one.unqualified), _said(one.failed)) for one in table.sentences],
        ),
    )  # fmt: skip


def _valid(one: Row) -> tuple[str, ...]:
    ratio = f"{one.model_se / one.spread:.2f}" if one.model_se and one.spread else ""
    size = _resting(one.rate, one.tested, one) if one.null else ""
    covers = _resting(one.coverage, one.covered, one)
    return *_who(one), *_bias(one), ratio, covers, size, _said(one.failed)


def _biased(one: Row) -> tuple[str, ...]:
    rates = _resting(one.rate, one.tested, one)
    rates += "" if one.expected_rate is None else f" ({_share(one.expected_rate)})"
    predicted = f"{one.predicted:+.3f}"
    covers = _resting(one.coverage, one.covered, one)
    covers += f" ({_share(one.expected_coverage)})" if covers and one.expected_coverage else ""
    return *_who(one), predicted, *_bias(one), covers, rates, _said(one.failed)


def _who(one: Row) -> tuple[str, ...]:
    answered = f"{one.answered:,} of {one.replicates:,}"
    return one.method, one.world, one.outcome, one.against, str(one.n), answered


def _bias(one: Row) -> tuple[str, str]:
    if one.bias is None or one.error is None:
        return "", ""
    return f"{one.bias:+.3f}", f"{Z * one.error:.3f}"


def _resting(value: float | None, studies: int, one: Row) -> str:
    """A share, with the number of studies it rests on where these are fewer than answered."""
    fewer = f" of {studies:,}" if value is not None and studies < one.answered else ""
    return _share(value) + fewer


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _said(failed: Sequence[str]) -> str:
    return f"fails: {', '.join(failed)}" if failed else "holds"


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _shown(rows: Iterator[Any]) -> Iterator[Any]:
    for one in rows:
        print(one, flush=True)
        yield one


def _fewer(share: float) -> list[Question]:
    return [(f, outcome, max(1, round(share * n)), owed) for f, outcome, n, owed in ASKED]


def measured(share: float, spread: Spread) -> Table:
    """The whole table; the same however it is spread over processes, the longest parts first."""
    sizes = sorted(PAIRS, reverse=True)
    places = dict.fromkeys((cell.world, n) for n in sizes for cell in CELLS if n in cell.pairs)
    first = sorted(places, key=lambda place: -sum(map(_slow, _here(*place).values())))
    whole = [(name, n) for name, sizes in FAMILIES.items() for n in sizes]
    # each is handed out before any is waited for
    by_place = spread(partial(_rows, share), first)
    by_family = spread(partial(_families, share), whole)
    said = sentences(_fewer(share), spread)
    rows = {key: row for some in by_place for key, row in some.items()}
    found = tuple(one for some in by_family for one in some)
    return Table(tuple(rows[key] for key in sorted(rows)), found, tuple(_shown(said)))


def _here(name: str, n: int) -> dict[int, Cell]:
    """The cells of a world at one size, by their place in the table."""
    return {k: c for k, c in enumerate(CELLS) if c.world == name and n in c.pairs}


def _slow(cell: Cell) -> bool:
    return METHODS[cell.asked].on_studies is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print each row as it comes, write; exit 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the replicates (a trial)")
    parser.add_argument("--processes", type=int, default=2, help="among which the work is spread")
    parser.add_argument("--table", type=Path, default=PATH, help="where the table is written")
    parser.add_argument("--docs", type=Path, default=DOCS, help="where the page is written")
    parser.add_argument("--page", action="store_true", help="only the page, from the table")
    given = parser.parse_args(arguments)
    if given.page:
        given.docs.write_text(page(stored(given.table)), encoding="utf-8")
        return 0
    started = perf_counter()
    if given.processes > 1:
        with ProcessPoolExecutor(given.processes) as pool:
            table = measured(given.share, pool.map)
    else:
        table = measured(given.share, map)
    table.write(given.table)
    given.docs.write_text(page(table), encoding="utf-8")
    spent = sum(os.times()[:4])  # with the processes that have ended
    print(f"{perf_counter() - started:.0f} s, {spent:.0f} s of one core; {given.docs}")
    return 1 if table.failing else 0


if __name__ == "__main__":
    sys.exit(main())
