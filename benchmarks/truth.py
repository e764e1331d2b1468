"""The truth tests of ``make validate``: every cell of the validation table, on simulated studies.

Writes what was measured beside the table's declaration, and docs/validation.md from it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
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
from rmresearch.whatif.validation.cells import CELLS
from rmresearch.whatif.validation.measure import SEED, SIZE, Row, Z, families, measure, outside
from rmresearch.whatif.validation.observe import SLOW
from rmresearch.whatif.validation.stored import PATH, Sentences, Table, stored
from rmresearch.whatif.validation.worlds import world
from rmresearch.world.truth import PROGRAMME

DOCS = Path(__file__).resolve().parent.parent / "docs" / "validation.md"
#: seniors in an arm of the studies whose headlines are read
READ_AT = 20
GAINS = {Precision.CLEAR_GAIN, Precision.SOME_GAIN}
#: what a headline of a self-rated difference, and of a single group's change, has to say
SELF_RATED, CHANGED = ("rated",), ("change",)


#: analysis, outcome, how many studies are read, and what their headlines owe the reader
ASKED = (
    ("compare_arms", "digital_use", 50, ()),
    ("compare_arms", "digital_skill", 20, SELF_RATED),
    ("pre_post", "digital_skill", 20, CHANGED),
)


def sentences(
    asked: Sequence[tuple[str, str, int, tuple[str, ...]]] = ASKED,
) -> Iterator[Sentences]:
    """Rule E2: what reports say in the no-effect world, by the shipped analyses and words."""
    where = world("no-effect", READ_AT)
    for function, outcome, replicates, owed in asked:
        cohorts = source(where.scenario).cohorts(replicates, np.random.SeedSequence(SEED))
        told = [_headline(cohorts.study(r), function, outcome) for r in range(replicates)]
        gain = np.array([seen for seen, _ in told])
        causal = np.array([bool(lint(text)) for _, text in told])
        bare = np.array([seen and not all(word in text for word in owed) for seen, text in told])
        # A partner's rating is not flattered: there a gain is an error of the first kind.
        errors = causal if owed else causal | gain
        failed = ["causal words"] if outside(errors, (0.0, SIZE[1])) else []
        failed += ["unqualified"] if owed and bare.any() else []
        yield Sentences(
            question=f"{function}, {outcome}", world=where.name, n=where.n, replicates=replicates,
            gain=float(gain.mean()), causal=float(causal.mean()),
            unqualified=float(bare.mean()), failed=tuple(failed),
        )  # fmt: skip


def _headline(study: Study, function: str, outcome: str) -> tuple[bool, str]:
    """Whether the report of the last wave sees a gain, and its headline."""
    if function == "compare_arms":
        result: Result = rm.compare_arms(study, outcome, rerandomise=False)
    else:
        result = rm.pre_post(study, outcome)
    last = study.design.waves[-1].name
    group = "" if function == "compare_arms" else PROGRAMME
    record = next(
        one for one in result.estimates if (one.term, one.wave, one.group) == ("", last, group)
    )
    verdict = judge(facts(study, record, result, rm.attrition(study, outcome)))
    return verdict.precision in GAINS, headline(record, verdict, study.design)


PAGE = """# Validation: what is right where, and how wrong elsewhere

`make validate` writes this page (seed {seed}). Each row is a method in a simulated world, held to
what is true there: the effect on everyone assigned, *as reported* (self-flattery on) or *latent*
(off), at 8, 12, 20 and 40 sets of pairs in the smaller arm, where it is one to one as many pairs.
Methods with a kernel on arrays are asked in 2,000 cohorts, the others in {slow}; a group format has
12 sets an arm, and what a method refuses counts as not answered. How a method joins the table is
said in `src/rmresearch/whatif/validation/`. Size and coverage of the kernels in 20,000 Gaussian
studies a line are in [validation-size.md](validation-size.md).

A row fails only if a whole 99.9% Monte Carlo interval lies outside its margin. *Valid* rows are
gated by bias (within .02 SD), coverage (.94 to .965; alpha .94 to .98) and, where the truth is
exactly 0, size (.035 to .055); beside them stands the standard error over the estimates' own SD.
In the others the bias is documented: it has to lie within .02 SD of what is predicted from the
scenario's coefficients (`predict.py`), and a predicted share of rejections within .03. Non-response
is taken from the world's own truths; no estimate enters a prediction. Bias is in SD of the score
among the eligible. {verdict}

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
    failing = [one for one in (*table.rows, *table.families, *table.sentences) if one.failed]
    verdict = "All rows hold." if not failing else f"**{len(failing)} rows fail.**"
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
             "± (99.9%)", "coverage", "rejects (predicted)", "verdict"),
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
    ratio = "" if one.model_se is None else f"{one.model_se / one.spread:.2f}"
    size = _share(one.rate) if one.null else ""
    return *_who(one), *_bias(one), ratio, _share(one.coverage), size, _said(one.failed)


def _biased(one: Row) -> tuple[str, ...]:
    rates = _share(one.rate)
    rates += "" if one.expected_rate is None else f" ({_share(one.expected_rate)})"
    predicted = f"{one.predicted:+.3f}"
    return *_who(one), predicted, *_bias(one), _share(one.coverage), rates, _said(one.failed)


def _who(one: Row) -> tuple[str, ...]:
    return one.method, one.world, one.outcome, one.against, str(one.n), f"{one.answered:,}"


def _bias(one: Row) -> tuple[str, str]:
    return f"{one.bias:+.3f}", f"{Z * one.error:.3f}"


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


def _fewer(share: float) -> list[tuple[str, str, int, tuple[str, ...]]]:
    return [(f, outcome, max(1, round(share * n)), owed) for f, outcome, n, owed in ASKED]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print each row as it comes, write; exit 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the replicates (a trial)")
    parser.add_argument("--table", type=Path, default=PATH, help="where the table is written")
    parser.add_argument("--docs", type=Path, default=DOCS, help="where the page is written")
    parser.add_argument("--page", action="store_true", help="only the page, from the table")
    given = parser.parse_args(arguments)
    if given.page:
        given.docs.write_text(page(stored(given.table)), encoding="utf-8")
        return 0
    started = perf_counter()
    rows = list(_shown(measure(CELLS, share=given.share)))
    found = list(_shown(families(share=given.share)))
    said = list(_shown(sentences(_fewer(given.share))))
    table = Table(tuple(rows), tuple(found), tuple(said))
    table.write(given.table)
    given.docs.write_text(page(table), encoding="utf-8")
    print(f"{perf_counter() - started:.0f} s; {given.docs}")
    return 1 if any(one.failed for one in (*rows, *found, *said)) else 0


if __name__ == "__main__":
    sys.exit(main())
