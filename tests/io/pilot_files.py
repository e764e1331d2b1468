"""A clean study of twelve pairs in files, for tests that plant defects in it.

Twelve pairs, six in each of two arms, two waves; a scale of four items (one reversed) for seniors
and a labelled question for juniors. ``Pilot()`` has every file as rows of text that a test changes
before ``write``; row ``i`` of a table stands in row ``i + 2`` of its file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

Row = dict[str, str]

TOML = """\
[study]
name = "twelve-pairs"
title = "Twelve pairs"

[design]
kind = "randomised"
unit = "pair"
start = 2026-01-12
end = 2026-07-12

[[design.arms]]
name = "programme"
label = "Reverse mentoring"
programme = true

[[design.arms]]
name = "later"
label = "Later"
programme = false

[[waves]]
name = "pre"
label = "Before"
date = 2026-01-05
months = 0
baseline = true

[[waves]]
name = "post"
label = "After"
date = 2026-07-15
months = 6

[[outcomes]]
name = "skill"
label = "Digital skill"
role = "senior"
items = ["skill_1", "skill_2", "skill_3", "skill_4"]
range = [1, 5]
reverse = ["skill_4"]
smallest_effect = 0.3

[[outcomes]]
name = "confidence"
label = "Confidence"
role = "junior"
kind = "ordinal"
labels = { "Not at all" = 1, "A little" = 2, "Somewhat" = 3, "Quite" = 4, "Very" = 5 }
missing = ["Rather not say"]

[tables.participants]
file = "participants.csv"

[tables.pairs]
file = "pairs.csv"

[tables.measures]
file = "measures.csv"

[tables.meetings]
file = "meetings.csv"

[tables.records]
file = "records.csv"
"""
LABELS = ["Not at all", "A little", "Somewhat", "Quite", "Very"]


def people() -> list[Row]:
    rows = []
    for i in range(12):
        for role in ("junior", "senior"):
            person = f"{role[0].upper()}{i + 1:02d}"
            rows.append(
                {
                    "person": person,
                    "role": role,
                    "arm": "programme" if i < 6 else "later",
                    "department": "Sales" if i % 2 else "NA",
                    "level": "1" if role == "junior" else "4",
                    "manager": f"M{i % 3}" if role == "junior" else "M9",
                }
            )
    return rows


def pairs() -> list[Row]:
    return [
        {
            "pair": f"P{i + 1:02d}",
            "junior": f"J{i + 1:02d}",
            "senior": f"S{i + 1:02d}",
            "start": "2026-01-19",
            "end": "2026-07-03",
            "topic": "video calls",
        }
        for i in range(12)
    ]


def measures() -> list[Row]:
    """Seniors' levels run 1.5 to 3.5 and items follow them, so no quality warning is due."""
    rows = []
    for w, wave in enumerate(("pre", "post")):
        for i in range(12):
            level = 2 + i % 3
            for k in range(4):
                value = min(5, max(1, level + w * (i % 2) + (1 if (i + k) % 4 == 0 else 0)))
                shown = 6 - value if k == 3 else value
                item = f"skill_{k + 1}"
                rows.append(
                    {"person": f"S{i + 1:02d}", "wave": wave, "item": item, "value": str(shown)}
                )
            label = LABELS[1 + (i + w) % 3]
            rows.append(
                {
                    "person": f"J{i + 1:02d}",
                    "wave": wave,
                    "item": "confidence",
                    "value": label,
                }
            )
    return rows


def meetings() -> list[Row]:
    return [
        {"pair": f"P{i + 1:02d}", "date": date, "held": "true", "minutes": "45"}
        for i in range(12)
        for date in ("2026-02-04", "2026-03-04")
    ]


def records() -> list[Row]:
    return [{"person": "J03", "date": "2026-06-30", "kind": "left", "value": "1"}]


@dataclass
class Pilot:
    """The files of the study, to be changed and written."""

    toml: str = TOML
    participants: list[Row] = field(default_factory=people)
    pairs: list[Row] = field(default_factory=pairs)
    measures: list[Row] = field(default_factory=measures)
    meetings: list[Row] = field(default_factory=meetings)
    records: list[Row] = field(default_factory=records)
    raw: dict[str, str | bytes] = field(default_factory=dict)

    def replace(self, old: str, new: str) -> Pilot:
        """Change study.toml; the old text must be there."""
        if old not in self.toml:
            raise ValueError(f"not in study.toml: {old}")
        self.toml = self.toml.replace(old, new)
        return self

    def answer(self, person: str, wave: str, item: str) -> Row:
        """One row of measures."""
        return next(
            row
            for row in self.measures
            if (row["person"], row["wave"], row["item"]) == (person, wave, item)
        )

    def row(self, table: str, entry: Row) -> int:
        """The row of the file in which this entry stands."""
        rows: list[Row] = getattr(self, table)
        return next(i for i, one in enumerate(rows) if one is entry) + 2

    def write(self, folder: Path) -> Path:
        """Write study.toml and data/*.csv; ``raw`` overrules a file's content."""
        (folder / "data").mkdir(parents=True, exist_ok=True)
        (folder / "study.toml").write_text(self.toml, "utf-8")
        for table in ("participants", "pairs", "measures", "meetings", "records"):
            rows: list[Row] = getattr(self, table)
            (folder / "data" / f"{table}.csv").write_text(as_csv(rows), "utf-8")
        for name, content in self.raw.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / "data" / name).write_bytes(data)
        return folder


def as_csv(rows: list[Row], delimiter: str = ",") -> str:
    """Rows as CSV text; the columns are those of the first row."""
    columns = list(rows[0])
    lines = [delimiter.join(columns)]
    lines += [delimiter.join(row.get(c, "") for c in columns) for row in rows]
    return "\n".join(lines) + "\n"


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash, and every folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }
