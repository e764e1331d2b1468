"""The far side of a worker: answer the check, then one timed round of work per line asked.

In a worker standard output carries the answers alone: what a package prints goes to standard error
as soon as this module is imported.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

__all__ = ["WORKER", "serve"]

#: set in the environment of a worker, whose standard output is then for answers alone
WORKER = "RMRESEARCH_BENCH_WORKER"

ANSWERS: TextIO = sys.stdout
if os.environ.get(WORKER):
    ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)


def serve(check: dict[str, Any], work: Callable[[], float]) -> None:
    """Say ``check``, then time ``work`` at each line; it returns how many units it has done."""
    print(json.dumps(check), file=ANSWERS, flush=True)
    for _ in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        done = work()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        print(json.dumps({"cpu": cpu / done, "wall": wall / done}), file=ANSWERS, flush=True)
