"""docs/benchmarks.md: the table, what it was measured on, and what was found of the peers."""

from __future__ import annotations

from typing import Any

from benchmarks.mixed import Check
from benchmarks.rows import Row, as_page, number

__all__ = ["written"]

TEXT = """\
# Benchmarks

Written by `make bench`; the same rows lie in `reports/bench.json`. `make bench-quick` takes less
than a minute, prints its rows and leaves this page alone.

{rows}
`met` is judged by `ratio`, or by `ours` where a row has no peer; `-` where the peer is absent here
or the row has no target.

Measured on {machine}.

## How

- Ours and each peer run in processes of their own, one thread each, and are timed in turn: medians
  of several rounds, ratios of processor time paired round by round. Absolute times drift from run
  to run by half, ratios much less. Whole commands (`--help`, the report) are timed by wall clock.
- `OPENBLAS_CORETYPE`, which serves older libraries and slows a current numpy, is taken out of the
  environment for the Python processes.
- *Draw* is `Generator.standard_normal(out=)` of as many numbers as the cohort has rows and random
  effects. Ours includes composing the outcomes from these numbers, which draw does not; the first
  row alone leaves that out and fits the drawn residuals as they are, and the second has it.
- *From sufficient statistics* no outcome is drawn at all, which is exact where all is Gaussian.
  These rows use the closed form of balanced designs; `lmm.fit_drawn` does it for any design.
- The small cohort: 60 pairs x 2 people x 3 waves, 360 rows, `score ~ wave + arm + role` (5
  coefficients) with `(1 | pair)`, `(1 | pair/person)` or `(time | pair)`, 2,000 outcomes drawn from
  the model, so that the boundary occurs as often as it does. Tests are of the arms' difference.
- *By rm.sweep of compare_arms* is the whole public way: planning, drawing, the analysis of record
  with CR2 standard errors and their allowance for small samples, and the judgement. That is more
  inference than any peer does, so these rows have no target. Its model is
  `score ~ wave + at1 + at2 + (1 | pair/person)` (arms that are alike before the start), which the
  peers fit in these rows; a test holds the two to the same estimate. Peers simulate from the fit of
  the first outcome on file, ours from a `Gaussian` with its variances and effect. A statsmodels fit
  takes long: the loop is timed on 8 replicates a round and checked on 40.
- R's packages are used where they are installed, and nothing is installed for them.
- The sweeps of many replicates: 20 pairs, two arms, before and after, `compare_arms`; microseconds
  of processor a replicate and peak memory of a process of its own (of 1,000 replicates a block is
  half as large as of more). Two processes against one: the
  same sweep by wall clock, both started and warm before. 10,000 tasks on a Dask cluster of two
  workers on this machine, 20,000,000 replicates of `pre_post` of 8 sets, over every tenth of them
  handed out beforehand to two processes, before and after. Quick tasks travel together there
  ([scale.md](scale.md)). 10,000 tasks of a second each travel one by one; they wait instead of
  computing, so that two worker processes can stand for a cluster of 100 cores.
- A batched fit is one call for 2,000 outcomes. Peers refit one outcome after another by the
  quickest way they have: mixedlm `refit`; mixedlm-rs its compiled core (`LmmCore.with_response`,
  `fit`), without the checks of its public class; statsmodels `MixedLM` on arrays made once; GPBoost
  `fit` of one model, which is maximum likelihood; lme4 by its modular functions (`mkLmerDevfun`,
  `optimizeLmer`, `mkMerMod`), because `refit()` of lme4 1.1-31 puts 1 for the number of
  coefficients into the REML criterion and so fits another model.
- The million rows: `score ~ wave * arm`, shuffled, text ids, `wave` and `arm` numbers; from formula
  and frame to the fit. Memory is the peak of one such fit above the process with the frame loaded;
  the input is the frame, its text as Arrow holds it.
- The accuracy rows: the judge is dense n x n arithmetic from {starts} starts, polished by Newton
  (`benchmarks/accuracy.py`), on designs with rows missing at random.

## What the peers were found to fit

Before it is timed, a peer fits the first outcomes of the same files; one whose criterion is not
ours counts as absent.

| row | peer | found | ratio by wall clock |
| --- | --- | --- | --- |
{checks}"""


def written(machine: dict[str, Any], rows: list[Row], checks: list[Check], *, starts: int) -> str:
    """The whole page."""
    told = "".join(
        f"| {one.what} | {one.peer} | {one.said} | "
        f"{'-' if one.wall is None else number(one.wall)} |\n"
        for one in checks
    )
    return TEXT.format(rows=as_page(rows), machine=_machine(machine), starts=starts, checks=told)


def _machine(machine: dict[str, Any]) -> str:
    def versions(found: dict[str, str | None]) -> str:
        return ", ".join(f"{name} {given or 'absent'}" for name, given in found.items())

    return (
        f"{machine['date']} at commit {machine['commit']}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}, "
        f"{versions(machine['packages'])} ({machine['kernel']}). "
        f"Peers: {versions(machine['peers'])}"
    )
