"""docs/privacy-rules.md: what the release rules are, and what they leave of the example pilot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rmresearch.files import write_text
from rmresearch.privacy import Release
from rmresearch.privacy.rules import Rule
from rmresearch.report.evaluation import evaluate

__all__ = ["page", "write_page"]

DOCS = Path(__file__).resolve().parents[3] / "docs"
EXAMPLE = DOCS.parent / "data" / "synthetic" / "pilot"
RULES: Mapping[Rule, str] = {
    "S0": "Counts of who was assigned, met, ended or answered: by arm, never by department; "
    '"fewer than 5" outside the evaluation team, without the share that would tell the number.',
    "S1": "A mean of several items needs 5 people, 5 pairs and 5 of each role that is there; "
    "whatever says more (an interval, an SD, a share, one item) needs 10.",
    "S2": "Two published sets of people about one variable at one wave are the same or differ by 5 "
    "people or more, here and against every earlier release. The planned estimate chooses its set "
    "first, then group means, then other estimates, then tables. Other numbers of people are in "
    "bands of five.",
    "S3": "Under every mean and share that is published, a hidden mean can still lie anywhere in a "
    "quarter of its range or more, a hidden share in 40 points, and a hidden count can be any of "
    "5 numbers or more. Otherwise the least planned number that would tell it is hidden too.",
    "S4": "No minimum, maximum or row that is one person or pair; bins of 5 or more.",
    "S5": 'Shares above 90% or below 10% only as "90% or more", "10% or fewer", without the '
    "interval, SD or control limit that would tell them; nothing that says that everybody in a "
    "group gave the same answer.",
    "S6": "A model has 10 more people than parameters and 5 for each; no level below 5 people.",
    "S7": "Values are rounded, and only rounded values leave.",
    "S8": "Months and reasons in which fewer than 5 pairs left are joined with their neighbours; a "
    "share still paired needs 5 that left and 5 that stayed; of those who finished nothing is "
    "counted where fewer than 5 did not.",
}
KNOWN = """\
Against S2 and S3 the attacker is taken to know who is in which group, the range of the scale, every
published value to half a rounding step, and how the rules work. The number of people in a hidden
cell looks the same for 0 and for 4 (S9); words read from hidden numbers ("holds 0") are hidden too.
A number that S2 hides is no secret by itself: it goes because another number is published for
nearly the same people, and what S3 guards then are the few who make the difference.

Not guarded against: an attacker who knows some people's answers beforehand, or who combines model
estimates, or a mean and an adjusted difference, by arithmetic of their own. Means that come from a
model are not taken as sums of answers. Two releases about the same people whose answers were
corrected in between tell by how much all answers together changed.

Who took part is no secret. Counts of 5 and more are exact (S0), and so is the number of people of a
planned estimate (S2): whoever takes 22 who answered from 24 who were asked knows that two did not,
although "lost" beside them says "fewer than 5"; and the share of both groups that is missing tells
one group's number beside the other's. That phrase keeps small counts from being printed and quoted;
it says nothing of anybody's answer. What cannot be had by subtraction are answers (S2, S3) and how
few left (S8), but for what S5 says in words: "90% or more" of 24 pairs still together are 22, 23 or
24, and where it does not say so, with fewer than 5 gone, they are 20 or 21.

What was declared stands in the release as it was declared: outcomes, waves, arms, and for
leadership what the programme costs and what a gain is worth, because the answer to "is it worth
it?" needs them. None of it comes from an answer. A pulse has no money in it.

The study's `.rmresearch/NAME.ledger.json` remembers which sets of people numbers were published
for, by keyed hashes, with the variable and wave and without the numbers. It is sealed with the
study's key, so a change is noticed. The manifest in `leadership/` and `pulse/` notes how far the
ledger had come: where it was removed, or put back to an older copy, the next report into the same
folder is refused. A report into another folder cannot notice it, nor one of a study that was
renamed: keep `.rmresearch/` in the backup, and the name. A synthetic study keeps none. Releases
are held against earlier ones by S2, whose sets are remembered; S3 looks within one release, as
values are not remembered. When a person withdraws, later numbers about what was published with
them stay hidden until five people differ: the older number cannot be taken back.
"""


def page(released: Release) -> str:
    """The page about a release of the example pilot."""
    lines = [
        "# What may leave",
        "",
        "Only a `Release` can be exported, and `privacy.release` alone makes one. Its rules:",
        "",
        *_table(("rule", "what it asks"), RULES.items()),
        "",
        KNOWN,
        "## What is left of the example pilot",
        "",
        "24 pairs in the programme and 24 waiting, three waves. Numbers of each analysis "
        "(estimates, and table cells that rest on people) that leadership may see, and the rules "
        "that hide the others. Written by `make privacy-rules`.",
        "",
        *_table(("analysis", "shown", "of", *RULES), _rows(released)),
        "",
        "Arm means, their SDs and the adjusted differences with their intervals survive. What goes "
        "most often are second answers to one question on a slightly other set of people (those "
        "who answered every item, who finished, who were imputed): beside the planned answer each "
        "would tell of the few who make the difference. So does all of `value`, which asks those "
        "who answered before and after: the planned estimate, which chooses its people first, "
        "takes those who answered once as well, and they are fewer than five. Models of the 22 "
        "people of one arm go by S6, departments by S1 and S6. Of who left, how many they were "
        "goes by S0 and S8.",
        "",
    ]
    return "\n".join(lines)


def _rows(released: Release) -> Iterator[tuple[str, ...]]:
    hidden = Counter((name.partition(":")[0], rule) for name, rule in released.reasons)
    shown = Counter(
        one.result.partition(":")[0] for one in released.estimates if not one.hidden
    ) + Counter(
        table.result.partition(":")[0]
        for table in released.tables
        for row in table.rows
        for cell in row
        if cell.kind != "label" and not cell.hidden
    )
    for name in sorted(shown.keys() | {name for name, _ in hidden}):
        by_rule = [hidden[name, rule] for rule in RULES]
        total = shown[name] + sum(by_rule)
        yield f"`{name}`", str(shown[name]), str(total), *(str(n) if n else "" for n in by_rule)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = tuple(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def write_page(folder: Path = DOCS) -> Path:
    """Evaluate the example pilot and write the page about what may leave of it."""
    path = folder / "privacy-rules.md"
    write_text(path, page(evaluate(EXAMPLE).released))
    return path


if __name__ == "__main__":
    write_page()
