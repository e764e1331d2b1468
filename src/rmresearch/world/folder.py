"""Draw a named scenario into a study folder: what `rmresearch simulate` does."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from rmresearch.errors import StudyError
from rmresearch.world.cohort import simulate
from rmresearch.world.pilot import PAIRS, SEED, write_example
from rmresearch.world.scenario import preset
from rmresearch.world.writing import write_study

__all__ = ["write"]


def write(
    name: str,
    out: Path,
    *,
    seed: int | None = None,
    pairs: int | None = None,
    say: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write the study of a named scenario (or "example") into ``out``, its truth into OUT.truth.

    Without a seed one is drawn, said, and recorded in the truth. An unknown name, too few pairs,
    or a seed or pairs for the example, which is always the same, raise ``StudyError``; a folder
    that holds something else raises ``ReportError``.
    """
    if name == "example":
        if (seed, pairs) not in {(None, None), (SEED, PAIRS)}:
            raise StudyError(
                f"the example is always drawn with seed {SEED} and {PAIRS} pairs; "
                f"leave --seed and --pairs out, or name another scenario."
            )
        return write_example(out)
    try:
        scenario = preset(name, pairs=pairs)
    except ValueError as error:
        raise StudyError(str(error)) from error
    if seed is None:
        seed = secrets.randbelow(2**32)
        say(f"seed {seed} (drawn; --seed {seed} makes the same study again)")
    return write_study(simulate(scenario, seed=seed), out)
