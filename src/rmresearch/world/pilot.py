"""The example pilot of data/synthetic/pilot: a drawn cohort in the disorder that exports arrive in.

Eight files for the five tables: a roster exported with semicolons, decimal commas and accents,
ids with leading zeros and stray spaces, a department called NA, three surveys of which one holds
words where the others hold codes and two have renamed columns, ratings in long form, a meeting
log with tabs. Everything is declared in study.toml; nothing needs code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from rmresearch.plan import freeze
from rmresearch.study import Design, Study
from rmresearch.world.cohort import Cohort, simulate
from rmresearch.world.documents import design_document, plan_document
from rmresearch.world.instruments import INSTRUMENTS
from rmresearch.world.presets import preset
from rmresearch.world.streams import Streams
from rmresearch.world.toml import to_toml
from rmresearch.world.writing import delimited, typed, write_files

__all__ = ["PAIRS", "SEED", "example", "example_files", "write_example"]

#: chosen before anything was drawn, and kept
SEED, PAIRS = 2026, 48
#: the files that were there when the plan was frozen, and the day
BEFORE = ("data/roster.csv", "data/survey_kickoff.csv")
FROZEN = date(2025, 8, 25)

LETTERS = {
    "digital_skill": "D",
    "inclusion_awareness": "A",
    "digital_use": "U",
    "leadership_confidence": "L",
    "visibility": "V",
}
AGREE = {
    "Strongly disagree": 1,
    "Disagree": 2,
    "Neither agree nor disagree": 3,
    "Agree": 4,
    "Strongly agree": 5,
}
SATISFIED = {
    "Very dissatisfied": 1,
    "Dissatisfied": 2,
    "Neutral": 3,
    "Satisfied": 4,
    "Very satisfied": 5,
}
#: invented like the rest: what the programme takes, and a wide guess at what a point is worth
COSTS = (("programme_cost", (9e3, 12e3, 18e3)), ("hourly_cost", (50.0, 65.0, 90.0)))
WORTH = (("digital_skill", (0.0, 2e3, 6e3)),)
#: groups that the plan looks into, and why
GROUPS = {
    "level": "Higher grades may hold back in front of somebody junior, and gain less.",
    "department": "Departments differ in how digital their work is.",
}
SITES = {"site 1": "Genève", "site 2": "Zürich"}
REACTED = ("Satisfaction", "Recommend")
REWORDED = "D3 (help text shortened)"
ROUNDS = {"start": "Kick-off", "month3": "December", "month6": "March"}
OWN_WORDS = {
    "role": {"junior": "Mentor", "senior": "Mentee"},
    "arm": {"programme": "Starts now", "comparison": "Waiting list"},
    "reason": {
        "no time": "too busy",
        "not a good match": "did not fit",
        "left the organisation": "left the company",
    },
    "kind": {"left": "Leaver", "promoted": "Promotion"},
}

HEAD = """\
# The example pilot: invented people, drawn by rmresearch (`rmresearch simulate example`).
# 48 pairs at two sites applied and were matched; chance decided at each site which 24 started in
# September 2025. The others wait until after the last survey. What is true of them lies beside
# this folder, in pilot.truth; no analysis reads it. The amounts under [value] are invented too.

"""

TABLES = """
# Where the tables are. The files stay as they were exported: what differs is declared here.

[[tables.participants]]
file = "roster.csv"
delimiter = ";"
decimal = ","
encoding = "cp1252"
date_format = "%d/%m/%Y"
consent = { column = "Consent", yes = ["yes"] }
columns = { person = "Employee ID", role = "Role", arm = "Group", department = "Department", \
level = "Grade", manager = "Line manager", stratum = "Site", crossover_date = "Moves up on", \
interests = "Interests" }
values.role = { "Mentor" = "junior", "Mentee" = "senior" }  # here the junior mentors the senior
values.arm = { "Starts now" = "programme", "Waiting list" = "comparison" }
features = { interests = "number" }

[[tables.pairs]]
file = "pairs.csv"
date_format = "%d/%m/%Y"
columns = { pair = "Pair", junior = "Mentor", senior = "Mentee", start = "Started", \
end = "Stopped", reason = "Why", topic = "Topic" }

# Three surveys, one row a person. December's export has the answers in words (see the labels of
# the outcomes) and a new name for D3; March's has another name for the id. -99: left out.
[[tables.measures]]
file = ["survey_kickoff.csv", "survey_december.csv", "survey_march.csv"]
layout = "by-wave"
columns = { person = "Employee ID", wave = "Round" }
values.wave = { "Kick-off" = "start", "December" = "month3", "March" = "month6" }
missing = ["-99", "No answer"]
rename."survey_december.csv" = { "D3 (help text shortened)" = "D3" }
rename."survey_march.csv" = { "ID" = "Employee ID" }

# Each junior rates the paired senior from what can be seen in shared tools, in both groups.
[[tables.measures]]
file = "ratings.csv"
columns = { person = "About", rater = "Rated by", pair = "Pair", wave = "Round", \
item = "Question", value = "Answer" }
values.wave = { "Kick-off" = "start", "December" = "month3", "March" = "month6" }

[[tables.meetings]]
file = "meetings.tsv"
delimiter = "\\t"
date_format = "%d/%m/%Y"
columns = { pair = "Pair", date = "Planned for", held = "Took place", minutes = "Minutes" }

[[tables.records]]
file = "hr_events.csv"
date_format = "%d/%m/%Y"
columns = { person = "Employee", date = "Date", kind = "Event" }
values.kind = { "Leaver" = "left", "Promotion" = "promoted" }
"""


def write_example(folder: Path | str) -> Path:
    """Write the example pilot into ``folder`` and its truth into ``<folder>.truth``.

    Its plan is frozen as the story has it: a week before the start, on the files of that time.

    Always the same bytes. The folder may be absent, empty, or hold an earlier copy; anything
    else raises ``ReportError``.
    """
    drawn = example()
    files = example_files(drawn)
    written = write_files(folder, files, drawn.truth)
    (written / "plan.lock.json").unlink(missing_ok=True)
    there = {path.rpartition("/")[2]: content for path, content in files.items() if path in BEFORE}
    freeze(
        written,
        data={name: sha256(content).hexdigest() for name, content in there.items()},
        follow_up_present=False,
        today=FROZEN,
    )
    return written


def example() -> Cohort:
    """The cohort behind the example pilot: the default scenario, 48 pairs."""
    return simulate(replace(preset("default"), pairs=PAIRS), seed=SEED)


def example_files(drawn: Cohort) -> dict[str, bytes]:
    """Every file of the example pilot's folder: its path in the folder, and its bytes."""
    design = _design(drawn.study.design)
    study, guest = _renamed(drawn.study)
    study_toml = HEAD + to_toml(design_document(design)) + TABLES
    return {
        "study.toml": study_toml.encode(),
        "plan.toml": to_toml(_plan(design)).encode(),
        "data/roster.csv": _roster(study, guest),
        "data/pairs.csv": _pairs(study),
        "data/survey_kickoff.csv": _survey(study, "start", guest),
        "data/survey_december.csv": _survey(study, "month3", guest),
        "data/survey_march.csv": _survey(study, "month6", guest),
        "data/ratings.csv": _ratings(study),
        "data/meetings.tsv": _meetings(study),
        "data/hr_events.csv": _records(study),
    }


def _design(design: Design) -> Design:
    labels = {"Programme": "Programme", "Starts later": "Waiting list"}
    outcomes = []
    for outcome in design.outcomes:
        words = SATISFIED if outcome.name == "satisfaction" else AGREE
        worded = replace(outcome, items=tuple(_item(item) for item in outcome.items))
        worded = replace(worded, reverse=frozenset(_item(item) for item in outcome.reverse))
        if outcome.name != "recommend":
            worded = replace(worded, labels=tuple((w, float(c)) for w, c in words.items()))
        outcomes.append(worded)
    return replace(
        design,
        name="example-pilot",
        title="Reverse mentoring on digital work and inclusion",
        organisation="Example AG (invented)",
        arms=tuple(replace(arm, label=labels[arm.label]) for arm in design.arms),
        outcomes=tuple(outcomes),
        currency="EUR",
        costs=COSTS,
        worth=WORTH,
    )


def _plan(design: Design) -> dict[str, Any]:
    """The usual plan, and the groups in which the primary question is looked into."""
    plan = plan_document(design)
    primary = plan["question"][0]
    for by, why in GROUPS.items():
        changed = {"id": f"{primary['id']}-by-{by}", "analysis": "subgroups", "by": by, "why": why}
        plan["question"].append({**primary, **changed, "primary": False})
    return plan


def _item(item: str) -> str:
    scale, _, position = item.rpartition("_")
    return f"{LETTERS[scale]}{position}" if scale in LETTERS else item.capitalize()


@dataclass(frozen=True, slots=True)
class _Guest:
    """Somebody on the roster who answered the first survey but did not consent."""

    person: str
    manager: str


def _renamed(study: Study) -> tuple[Study, _Guest]:
    """Employee numbers for ids, short names for items, the organisation's words for the rest."""
    people = study.participants["person"].tolist()
    managers = sorted(study.participants["manager"].unique())
    chance = Streams.of(SEED).generator("pilot.numbers")
    drawn = chance.permutation(9000)[: len(people) + len(managers) + 1] + 1000
    numbers = [f"{one:06d}" for one in drawn]
    ids = dict(zip([*people, *managers], numbers, strict=False))
    new = replace(
        study,
        participants=study.participants.assign(
            person=_mapped(study.participants["person"], ids),
            manager=_mapped(study.participants["manager"], ids),
            department=study.participants["department"].replace("Sales", "NA"),
            stratum=_mapped(study.participants["stratum"], SITES),
        ).sort_values("person", ignore_index=True),
        pairs=study.pairs.assign(
            junior=_mapped(study.pairs["junior"], ids),
            senior=_mapped(study.pairs["senior"], ids),
        ),
        measures=study.measures.assign(
            person=_mapped(study.measures["person"], ids),
            rater=_mapped(study.measures["rater"], ids),
            item=study.measures["item"].map(_item),
        ),
        records=study.records.assign(person=_mapped(study.records["person"], ids)),
    )
    return new, _Guest(numbers[-1], ids[managers[0]])


def _mapped(column: pd.Series[str], names: Mapping[str, str]) -> pd.Series[str]:
    return column.map(names, na_action="ignore")


def _stray(ids: Sequence[str], every: int) -> list[str]:
    """Some ids with a space behind them, as typed lists have them."""
    return [f"{one} " if position % every == 7 else one for position, one in enumerate(ids)]


def _days(column: pd.Series[Any]) -> list[str]:
    return typed(column, day="%d/%m/%Y")


def _roster(study: Study, guest: _Guest) -> bytes:
    table = study.participants
    columns = {
        "Employee ID": _stray(typed(table["person"]), 31),
        "Role": typed(_mapped(table["role"], OWN_WORDS["role"])),
        "Group": typed(_mapped(table["arm"], OWN_WORDS["arm"])),
        "Department": typed(table["department"]),
        "Grade": typed(table["level"]),
        "Line manager": typed(table["manager"]),
        "Site": typed(table["stratum"]),
        "Interests": typed(table["interests"], decimal=","),
        "Moves up on": _days(table["crossover_date"]),
        "Consent": ["yes"] * len(table),
    }
    moves = max(columns["Moves up on"])
    last = (guest.person, "Mentee", "Waiting list", "NA", "6", guest.manager, "Genève", "0,3")
    for cells, cell in zip(columns.values(), (*last, moves, "no"), strict=True):
        cells.insert(40, cell)
    return delimited(columns, delimiter=";", encoding="cp1252")


def _pairs(study: Study) -> bytes:
    table = study.pairs
    columns = {
        "Pair": typed(table["pair"]),
        "Mentor": typed(table["junior"]),
        "Mentee": typed(table["senior"]),
        "Started": _days(table["start"]),
        "Stopped": _days(table["end"]),
        "Why": typed(_mapped(table["reason"], OWN_WORDS["reason"])),
        "Topic": typed(table["topic"]),
    }
    return delimited(columns)


def _survey(study: Study, wave: str, guest: _Guest) -> bytes:
    """One row a person who answered; items of the other role stay empty, skipped ones are coded."""
    rows = study.measures
    rows = rows[(rows["wave"] == wave) & (rows["person"] == rows["rater"])]
    answers = rows.pivot(index="person", columns="item", values="value")
    people = answers.index.to_list()
    role = study.participants.set_index("person")["role"].to_dict()
    reacts = set(rows.loc[rows["item"].isin(REACTED), "person"])
    asked = {side: _asked(side, wave) for side in ("senior", "junior")}
    items = list(dict.fromkeys([*asked["senior"], *asked["junior"]]))
    sent = next(one.day for one in study.design.waves if one.name == wave)
    columns = {
        "ID" if wave == "month6" else "Employee ID": _stray(people, 43),
        "Round": [ROUNDS[wave]] * len(people),
        "Submitted": [f"{sent:%d/%m/%Y}"] * len(people),
    }
    for item in items:
        given = answers[item].to_list()
        header = REWORDED if item == "D3" and wave == "month3" else item
        columns[header] = [
            _answer(value, item, wave)
            if item in asked[role[person]] and (person in reacts or item not in REACTED)
            else ""
            for person, value in zip(people, given, strict=True)
        ]
    if wave == "start":
        first = (guest.person, ROUNDS[wave], f"{sent:%d/%m/%Y}")
        refused = ("3" if item in asked["senior"] else "" for item in items)
        for cells, cell in zip(columns.values(), (*first, *refused), strict=True):
            cells.insert(20, cell)
    return delimited(columns)


def _asked(role: str, wave: str) -> list[str]:
    items = [
        _item(scale.item(position))
        for scale in INSTRUMENTS
        if scale.role == role and scale.rater == "self"
        for position in range(1, scale.items + 1)
    ]
    return items if wave == "start" else [*items, *REACTED]


def _answer(value: float, item: str, wave: str) -> str:
    """A code; in December's export its words, but for the 0-10 question."""
    words = SATISFIED if item == "Satisfaction" else AGREE
    in_words = wave == "month3" and item != "Recommend"
    if math.isnan(value):
        return "No answer" if in_words else "-99"
    code = int(value)
    return {code: word for word, code in words.items()}[code] if in_words else str(code)


def _ratings(study: Study) -> bytes:
    table = study.measures[study.measures["person"] != study.measures["rater"]]
    columns = {
        "Pair": typed(table["pair"]),
        "Rated by": typed(table["rater"]),
        "About": typed(table["person"]),
        "Round": typed(_mapped(table["wave"], ROUNDS)),
        "Question": typed(table["item"]),
        "Answer": typed(table["value"]),
    }
    return delimited(columns)


def _meetings(study: Study) -> bytes:
    table = study.meetings
    columns = {
        "Pair": typed(table["pair"]),
        "Planned for": _days(table["date"]),
        "Took place": typed(table["held"]),
        "Minutes": typed(table["minutes"]),
    }
    return delimited(columns, delimiter="\t")


def _records(study: Study) -> bytes:
    table = study.records.sort_values(["date", "person"])
    columns = {
        "Employee": typed(table["person"]),
        "Date": _days(table["date"]),
        "Event": typed(_mapped(table["kind"], OWN_WORDS["kind"])),
    }
    return delimited(columns)
