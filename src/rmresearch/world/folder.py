"""Draw a scenario, by name or from a file, into a study folder: `rmresearch simulate`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rmresearch.errors import StudyError
from rmresearch.world.cohort import simulate
from rmresearch.world.pilot import PAIRS, SEED, write_example
from rmresearch.world.presets import preset
from rmresearch.world.scenario import Scenario
from rmresearch.world.scenario_file import read_scenario
from rmresearch.world.writing import write_study

__all__ = ["named", "write"]


def write(
    name: str,
    out: Path,
    *,
    seed: int | None = None,
    pairs: int | None = None,
    say: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write the study of a scenario into ``out``, its truth into OUT.truth.

    ``name`` is a preset's, "example", or the path of a scenario file (it ends in .toml). Without a
    seed one is drawn, said, and recorded in the truth. An unknown name, a file that is no
    scenario, too few pairs, or a seed or pairs for the example, which is always the same, raise
    ``StudyError``; a folder that holds something else raises ``ReportError``.
    """
    if name == "example":
        if (seed, pairs) not in {(None, None), (SEED, PAIRS)}:
            raise StudyError(
                f"the example is always drawn with seed {SEED} and {PAIRS} pairs; "
                f"leave --seed and --pairs out, or name another scenario."
            )
        return write_example(out)
    scenario = named(name, pairs=pairs)
    if seed is None:
        seed = secrets.randbelow(2**32)
        say(f"seed {seed} (drawn; --seed {seed} makes the same study again)")
    return write_study(simulate(scenario, seed=seed), out)


def named(name: str, *, pairs: int | None = None) -> Scenario:
    """The scenario of a preset, of "example", or of a scenario file (its path ends in .toml).

    Raises ``StudyError`` for an unknown name, a file that is no scenario, or too few pairs.
    """
    if name == "example":
        name, pairs = "default", PAIRS
    try:
        scenario = read_scenario(name) if name.endswith(".toml") else preset(name)
        return scenario if pairs is None else replace(scenario, pairs=pairs)
    except ValueError as error:
        raise StudyError(str(error)) from error
