"""Truth tests: which method is right in which simulated world, and how wrong it is elsewhere.

`cells` declares the table, `worlds` the worlds; `observe` asks the methods, `predict` says from the
scenario's coefficients how far off each must be (on `selection` and `answered`), `measure` gates,
`stored` keeps what was measured. ``make validate`` runs all of it (benchmarks/truth.py) and writes
docs/validation.md.

A new method joins in two places: a line in `observe.METHODS` (its kernel by ``by_kernel``, or its
function as ``on_studies``), and its cells in `cells`: the world, the truth it is held to, and
for a documented bias the formula in `predict.Given` with its sentence. An outcome or truth of a new
kind needs a line in `cells.Against` and in ``measure._truth``; a test without an estimate is held
to "a true null hypothesis".
"""

from __future__ import annotations
