"""Read and check 100,000 people with 1,000,000 answers: seconds and peak memory, right and wrong.

Run with ``python -m benchmarks.read_check``: files are made in a temporary folder; each reading
is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.timing import Run, run

__all__ = ["make", "measure"]

PEOPLE, ITEMS = 100_000, 5
TOML = """\
[study]
name = "large"
title = "A large study"

[design]
kind = "comparison"

[[design.arms]]
name = "a"
label = "A"
programme = true

[[design.arms]]
name = "b"
label = "B"
programme = false

[[waves]]
name = "pre"
label = "Before"
months = 0
baseline = true

[[waves]]
name = "post"
label = "After"
months = 6

[[outcomes]]
name = "skill"
label = "Skill"
role = "all"
items = ["skill_1", "skill_2", "skill_3", "skill_4", "skill_5"]
labels = { "Never" = 1, "Seldom" = 2, "Sometimes" = 3, "Often" = 4, "Always" = 5 }

[tables.participants]
file = "participants.csv"

[tables.pairs]
file = "pairs.csv"

[tables.measures]
file = "measures.csv"
"""
LABELS = np.array(["Never", "Seldom", "Sometimes", "Often", "Always"])
CHECK = "import sys; from rmresearch.io.check import check; print(check(sys.argv[1]).lines()[0])"


def make(folder: Path, *, wrong: bool = False, people: int = PEOPLE) -> Path:
    """A study of ``people`` in pairs with ten answers each; ``wrong`` spoils every answer.

    Spoilt answers belong to nobody, at an undeclared wave, out of range, and all stand twice.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(TOML, "utf-8")
    ids = [f"{i:07d}" for i in range(people)]
    with (folder / "data" / "participants.csv").open("w", encoding="utf-8") as file:
        file.write("person,role,arm,department\n")
        for i, one in enumerate(ids):
            role, arm = ("junior", "senior")[i % 2], "ab"[i // 2 % 2]
            file.write(f"{one},{role},{arm},Department {i % 50}\n")
    with (folder / "data" / "pairs.csv").open("w", encoding="utf-8") as file:
        file.write("pair,junior,senior,start\n")
        for i in range(0, people, 2):
            file.write(f"p{i},{ids[i]},{ids[i + 1]},2026-01-12\n")
    rng = np.random.default_rng(1)
    answers = LABELS[rng.integers(0, 5, size=(people, 2, ITEMS))]
    with (folder / "data" / "measures.csv").open("w", encoding="utf-8") as file:
        file.write("person,wave,item,value\n")
        for i, one in enumerate(ids):
            for w, wave in enumerate(("pre", "post")):
                for k in range(ITEMS):
                    if wrong:
                        file.write(f"x{one[:-1]},later,skill_{k + 1},9\n")
                    else:
                        file.write(f"{one},{wave},skill_{k + 1},{answers[i, w, k]}\n")
    return folder


def measure(folder: Path) -> Run:
    """Seconds and peak memory of checking the wrong study, the slower of the two."""
    runs = [
        run([sys.executable, "-c", CHECK, str(make(folder / name, wrong=wrong))])
        for name, wrong in (("right", False), ("wrong", True))
    ]
    for name, one in zip(("every row right", "every row wrong"), runs, strict=True):
        print(f"{name}: {one.wall:.1f} s, {one.cpu:.1f} s of processor, peak {one.peak:.0f} MB")
    return Run(*(max(getattr(one, part) for one in runs) for part in ("wall", "cpu", "peak")))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        measure(Path(place))
