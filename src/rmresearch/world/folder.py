"""Draw a scenario, by name or from a file, into a study folder: `rmresearch simulate`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rmresearch.errors import StudyError
from rmresearch.world.cohort import simulate
from rmresearch.world.large import write_parquet
from rmresearch.world.pieces import PIECE, number_of_pieces
from rmresearch.world.pilot import PAIRS, SEED, write_example
from rmresearch.world.presets import preset
from rmresearch.world.scenario import Scenario
from rmresearch.world.scenario_file import read_scenario
from rmresearch.world.writing import write_study

__all__ = ["named", "write"]

#: the most pairs that are written as CSV: a pair has some 2.7 kB, and files of 200 MB are read
CSV = 50_000
#: about the most pairs that are read: a pair has some 400 cells, and 50 million are read
READ = 100_000


def write(
    name: str,
    out: Path,
    *,
    seed: int | None = None,
    pairs: int | None = None,
    parquet: bool = False,
    say: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write the study of a scenario into ``out``, its truth into OUT.truth.

    ``name`` is a preset's, "example", or the path of a scenario file (it ends in .toml). Without a
    seed one is drawn, said, and recorded in the truth. ``parquet`` writes the same study as
    Parquet, in pieces, instead of CSV. An unknown name, a file that is no scenario, too few pairs,
    too many for CSV files that anybody could open, or a seed, pairs or Parquet for the example,
    which is always the same, raise ``StudyError``; a folder that holds something else raises
    ``ReportError``.
    """
    if name == "example":
        if (seed, pairs) not in {(None, None), (SEED, PAIRS)} or parquet:
            raise StudyError(
                f"the example is always drawn with seed {SEED} and {PAIRS} pairs, as CSV; "
                f"leave --seed, --pairs and --parquet out, or name another scenario."
            )
        return write_example(out)
    scenario = named(name, pairs=pairs)
    if scenario.pairs > CSV and not parquet:
        raise StudyError(
            f"{scenario.pairs:,} pairs are too many for CSV files: spreadsheets open about 15,000, "
            f"and more than {CSV:,} make files that are not read here. Add --parquet."
        )
    if seed is None:
        seed = secrets.randbelow(2**32)
        say(f"seed {seed} (drawn; --seed {seed} makes the same study again)")
    if (count := number_of_pieces(scenario)) > 1:
        policy = scenario.levers.matching
        within = "" if policy in {"random", "rules"} else f"; {policy} matching stays within each"
        say(f"drawn in {count:,} pieces of {PIECE:,} seniors and their juniors{within}")
    if not parquet:
        return write_study(simulate(scenario, seed=seed), out)
    if scenario.pairs > READ:
        say(f"check and report hold a study in memory, which ends at about {READ:,} pairs")
    return write_parquet(scenario, out, seed=seed, say=say)


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
