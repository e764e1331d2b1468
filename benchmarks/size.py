"""make validate-size: false-positive rate and coverage of the shipped inference, design by design.

Every study is drawn where the programme does nothing, and judged by the shipped functions. A rate
fails its gate only if its whole 99.9% Monte Carlo interval lies outside the margin. Coverage is
that of the 95% interval, so that with a true effect of 0 it says the same as the rate.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

import rmresearch as rm
from rmresearch.numerics.proportions import wilson

ROOT = Path(__file__).resolve().parent.parent
REPLICATES, SEED = 20_000, 20_240_901
PAIRS = (8, 12, 20)
#: margins of a nominal 5% test and of its 95% interval by CR2
SIZE, COVERAGE = (0.035, 0.055), (0.94, 0.965)
MONTE_CARLO = 0.999
#: a pair's ICC of .2 or .5, the rest half stable, half noise; variance 1 in all
ICC = {
    ".2": {"set_sd": 0.2**0.5, "person_sd": 0.4**0.5, "noise_sd": 0.4**0.5},
    ".5": {"set_sd": 0.5**0.5, "person_sd": 0.25**0.5, "noise_sd": 0.25**0.5},
}


@dataclass(frozen=True)
class Case:
    """One design at one size. ``rule``: the cluster rule is on trial, which may also refuse."""

    design: str
    what: str
    smaller: int
    given: rm.Gaussian
    analysis: Callable[..., Any] = rm.compare_arms
    rule: bool = False


@dataclass(frozen=True)
class Found:
    """What 20,000 studies of a case say. ``judged``: estimates behind rate and coverage."""

    design: str
    what: str
    smaller: int
    judged: int
    replicates: int
    failed: int
    refused: int
    p_withheld: int
    rate: float | None
    coverage: float | None
    verdict: str
    seconds: float


def cases() -> Iterator[Case]:
    """The designs of speed.md's table, then what the cluster rule has to withstand."""
    for n in PAIRS:
        for icc, parts in ICC.items():
            given = rm.Gaussian(programme=n, comparison=n, **parts)
            yield Case("D1", f"two arms, one follow-up, ICC {icc}", n, given)
    for n in PAIRS:
        given = rm.Gaussian(programme=n, comparison=n, waves=3, **ICC[".2"])
        yield Case("D2", "three waves, no slope variance", n, given)
    for design, ratio in (("D3", 1), ("D4", 3)):
        for n in PAIRS:
            for lost in (0.0, 0.3):
                given = rm.Gaussian(programme=n, comparison=ratio * n, waves=4, slope_sd=0.3,
                                    dropout=lost, **ICC[".2"])  # fmt: skip
                what = f"four waves, pair slopes of SD .3 a wave, {100 * lost:.0f}% dropout"
                yield Case(design, what if ratio == 1 else f"{what}, 1:{ratio}", n, given)
    for n in PAIRS:
        given = rm.Gaussian(programme=n, **ICC[".2"])
        yield Case("D5", "one arm, change", n, given, rm.pre_post)
    yield from clusters()


def clusters() -> Iterator[Case]:
    """Units that reach further than a pair, and people who stand alone."""
    place = {"set_sd": 0.17**0.5, "person_sd": 0.4**0.5, "noise_sd": 0.43**0.5}
    for each in (2, 3):
        given = rm.Gaussian(programme=each, comparison=each, people=12, tie="department", **place)
        yield Case("departments", f"{2 * each} departments assigned, 12 seniors in each, ICC .17",
                   each, given, rule=True)  # fmt: skip
    for n in (12, 20):
        chains = {"one chain an arm": n, "chains of four": 4}
        for how, size in chains.items():
            given = rm.Gaussian(programme=n // size, comparison=n // size, people=size,
                                tie="ring", **ICC[".5"])  # fmt: skip
            yield Case("two seniors a junior", f"each senior with two juniors too, {how}", n,
                       given, rule=True)  # fmt: skip
    for n in PAIRS:
        given = rm.Gaussian(programme=n, comparison=2 * n, unpaired=True, **ICC[".5"])
        yield Case("unpaired comparison", "pairs against people who stand alone, ICC .5", n,
                   given, rule=True)  # fmt: skip


def measure(case: Case, replicates: int) -> Found:
    """Simulate a case and hold it to its gates."""
    started = perf_counter()
    done = rm.sweep(
        {case.what: case.given}, case.analysis, outcome="score", replicates=replicates, seed=SEED
    )
    frame = rm.judge(done).to_frame()
    last = case.given.wave_names[-1]
    row = frame[(frame["wave"] == last) & (frame["against"] == "latent") & (frame["term"] == "")]
    return Found(
        design=case.design,
        what=case.what,
        smaller=case.smaller,
        **_counts(row.iloc[0]),
        **_rates(row.iloc[0], case),
        seconds=round(perf_counter() - started, 1),
    )


def _counts(row: pd.Series[Any]) -> dict[str, int]:
    return {
        "replicates": int(row["replicates"]),
        "failed": int(row["failed"]),
        "refused": int(row["interval_withheld"]),
        "p_withheld": int(row["p_withheld"]),
    }


def _rates(row: pd.Series[Any], case: Case) -> dict[str, Any]:
    """Rate, coverage and verdict: of what the rule lets through where that is on trial."""
    there = int(row["replicates"] - row["failed"])
    n = there - int(row["interval_withheld"]) if case.rule else there
    if n == 0:
        return {"judged": 0, "rate": None, "coverage": None, "verdict": "refuses"}
    rate = float(row["excludes_zero_given" if case.rule else "rejects"])
    coverage = float(row["coverage_given" if case.rule else "coverage"])
    return {
        "judged": n,
        "rate": rate,
        "coverage": coverage,
        "verdict": verdict(rate, coverage, n, int(row["failed"])),
    }


def verdict(rate: float, coverage: float, n: int, failed: int) -> str:
    """Whether both margins are held, whatever the replicates without an answer would have said."""
    held = True
    for share, margin in ((rate, SIZE), (coverage, COVERAGE)):
        for lost in (0, failed):
            held &= within((share * n + lost) / (n + failed), n + failed, margin)
    return "holds" if held else "fails"


def within(share: float, n: int, margin: tuple[float, float]) -> bool:
    """Whether the Monte Carlo interval of a share of n reaches into the margin."""
    low, high = wilson(share * n, n, level=MONTE_CARLO)
    return low <= margin[1] and high >= margin[0]


PAGE = """# Validation: size and coverage

`make validate-size` writes this page. Each line is {replicates:,} simulated studies in which the
programme does nothing, analysed by the shipped functions (`rm.sweep`, `rm.judge`): how often the
nominal 5% test rejects, and how often the 95% interval covers. A line fails only if the whole
99.9% Monte Carlo interval of its rate lies outside {size[0]} to {size[1]}, or that of its coverage
outside {coverage[0]} to {coverage[1]}, whatever the studies without an answer (a search that did
not end) would have said. Scores are normal; a "pair" is a set of two people who share a part.
Seed {seed}.

## The estimators of record

Rates are the method's own, also where rule E6 withholds the p-value (below 10 clusters an arm).

{record}

## The cluster rule

Where whole departments were assigned, or seniors and juniors chain into sets, the connected set is
the unit. The rule refuses standard error, interval and p below 6 clusters, below 3 in an arm, or
where one holds over a quarter of the people; rates here are those of the intervals that it lets
through. "Smaller arm" counts departments, seniors or pairs.

{rule}
"""


def page(found: Sequence[Found], replicates: int) -> str:
    """The page docs/validation-size.md."""
    rule = {case.design for case in clusters()}
    return PAGE.format(
        replicates=replicates,
        size=SIZE,
        coverage=COVERAGE,
        seed=SEED,
        record=_table([one for one in found if one.design not in rule], "p withheld"),
        rule=_table([one for one in found if one.design in rule], "refused"),
    )


def _table(found: Sequence[Found], withheld: str) -> str:
    lines = [
        f"| design | what | smaller arm | rate | coverage | {withheld} | no answer | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        rates = ["-" if x is None else f"{x:.4f}" for x in (one.rate, one.coverage)]
        count = one.refused if withheld == "refused" else one.p_withheld
        share = f"{100 * count / one.replicates:.0f}%"
        cells = [one.design, one.what, str(one.smaller), *rates, share, str(one.failed)]
        cells.append(one.verdict)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each line as it comes; exit 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--out", type=Path, default=ROOT, help="folder with reports/ and docs/")
    given = parser.parse_args(arguments)
    started, found = perf_counter(), []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for one in pool.map(partial(measure, replicates=given.replicates), cases()):
            found.append(one)
            print(json.dumps(asdict(one)), flush=True)
    reports = given.out / "reports" / "validate-size.json"
    docs = given.out / "docs" / "validation-size.md"
    for path in (reports, docs):
        path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"seed": SEED, "replicates": given.replicates, "rows": [asdict(one) for one in found]}
    reports.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    docs.write_text(page(found, given.replicates), encoding="utf-8")
    print(f"{perf_counter() - started:.0f} s; {docs}")
    return 1 if any(one.verdict == "fails" for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
