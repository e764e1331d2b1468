"""A small programme's applications in files: four seniors, five juniors, nothing answered yet.

``Applicants()`` has the rows as text that a test changes before ``write``; row ``i`` stands in
row ``i + 2`` of the file. The design has two arms that nobody is in yet, and tables that do not
exist yet.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

HEAD = """\
[study]
name = "small-programme"
title = "A small programme"

[design]
kind = "randomised"
unit = "pair"

[[design.arms]]
name = "programme"
label = "Reverse mentoring"
programme = true

[[design.arms]]
name = "later"
label = "Later"
programme = false

[roles.senior]
label = "senior mentee"

[[waves]]
name = "pre"
label = "Before"
months = 0
baseline = true

[[outcomes]]
name = "skill"
label = "Digital skill"
role = "senior"
range = [1, 5]

[tables.participants]
file = "applications.csv"
columns = { person = "ID", role = "Role", department = "Department", level = "Level", \
manager = "Manager" }
values.role = { "mentor" = "junior", "mentee" = "senior" }

[tables.participants.features]
site = "text"
hobbies = "text"
wants = "text"
offers = "text"
channel = "text"
curiosity = "number"
places = "number"
not_with = "text"
wishes = "text"
"""

MATCHING = """
[matching.rules]
level_gap = 2
other_department = true
same = ["site"]
refusals = "not_with"

[[matching.questions]]
name = "Hobbies"
compare = "words"
feature = "hobbies"
weight = 1

[[matching.questions]]
name = "What the senior wants to learn"
compare = "teaches"
senior = "wants"
junior = "offers"
weight = 3
"""

COLUMNS = (
    *("ID", "Role", "Department", "Level", "Manager", "site", "hobbies", "wants", "offers"),
    *("channel", "curiosity", "places", "not_with", "wishes"),
)
ROWS = (
    ("S1", "mentee", "Sales", "6", "B1", "Bern", "chess; sailing", "ai; video", "", "video", "3"),
    ("S2", "mentee", "Legal", "5", "B1", "Bern", "opera", "ai", "", "call", "4"),
    ("S3", "mentee", "IT", "7", "", "Bern", "Chess", "video", "", "either", "5"),
    ("S4", "mentee", "HR", "5", "B2", "Genf", "golf", "data", "", "video", "1"),
    ("001", "mentor", "IT", "2", "S9", "Bern", "chess", "", "ai; video", "call", "3"),
    ("002", "mentor", "HR", "3", "S8", "Bern", "opera; golf", "", "ai", "video", "2"),
    ("003", "mentor", "Legal", "2", "S2", "Bern", "", "", "video; data", "video", "5"),
    ("004", "mentor", "Sales", "1", "S1", "Genf", "golf", "", "data", "call", "4"),
    ("005", "mentor", "Sales", "4", "S1", "Bern", "sailing", "", "ai", "call", "2"),
)


@dataclass
class Applicants:
    """Rows and study.toml of the programme."""

    head: str = HEAD
    matching: str = MATCHING
    rows: list[dict[str, str]] = field(
        default_factory=lambda: [
            dict.fromkeys(COLUMNS, "") | dict(zip(COLUMNS, row, strict=False)) for row in ROWS
        ]
    )
    pairs: list[tuple[str, str]] = field(default_factory=list)

    def row(self, person: str) -> dict[str, str]:
        """The row of a person."""
        return next(row for row in self.rows if row["ID"] == person)

    def write(self, folder: Path) -> Path:
        """Write the study folder and return it."""
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        text = self.head
        if self.pairs:
            text += '\n[tables.pairs]\nfile = "earlier.csv"\n'
            lines = [f"P{i},{senior},{junior}" for i, (senior, junior) in enumerate(self.pairs)]
            (data / "earlier.csv").write_text("pair,senior,junior\n" + "\n".join(lines) + "\n")
        else:  # declared, not there yet
            text += '\n[tables.measures]\nfile = "survey.csv"\n'
        (folder / "study.toml").write_text(text + self.matching, encoding="utf-8")
        held = io.StringIO()
        writer = csv.DictWriter(held, list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        (data / "applications.csv").write_text(held.getvalue(), encoding="utf-8")
        return folder
