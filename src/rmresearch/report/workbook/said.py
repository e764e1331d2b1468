"""What results say in words of their own, in the catalogue's: heads, names, phrases of a release.

A text that is in no catalogue stands as it is: a name that the study gave. What the package's own
analyses can say is there (tests/report/test_workbook.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rmresearch.display.numbers import MINUS
from rmresearch.report.words.phrases import capital, catalogue, fill, spoken
from rmresearch.report.workbook.cells import text

__all__ = [
    "about",
    "against",
    "column",
    "head",
    "holds",
    "label",
    "quantity",
    "question",
    "who",
    "worded",
]

#: the quantity that answers a question has no name of its own
RECORD = "record_of"
#: phrases of results with a part of their own, by their key in the catalogue
FORMS = {
    "before": re.compile(r"(?P<name>.+), before"),
    "before_role": re.compile(r"(?P<name>.+) before, (?P<role>junior|senior)"),
    "arm": re.compile(r"arm (?P<name>.+)"),
    "equals": re.compile(r"(?P<name>[^=]+) = (?P<value>.+)"),
    "or_more": re.compile(r"(?P<number>\d[\d,]*) or more"),
    "input_low": re.compile(r"(?P<name>programme cost|hours|hourly cost|worth) low"),
    "input_high": re.compile(r"(?P<name>programme cost|hours|hourly cost|worth) high"),
    "an_arm": re.compile(r"(?P<currency>.+), a programme arm"),
    "an_hour": re.compile(r"(?P<currency>.+), a working hour"),
    "one_more": re.compile(r"(?P<currency>.+), one more of the outcome, a person"),
}


def worded(section: str, own: str) -> str:
    """A text of the results as this section of the catalogue says it."""
    return catalogue()[section].get(own, own)


def column(key: str) -> str:
    """The head of a column that is the workbook's own."""
    return catalogue()["workbook_column"][key]


def head(name: str) -> str:
    """The head of a table's column: its name's words, or those of what it is an end of."""
    for end in ("low", "high"):
        if name.endswith(f" {end}"):
            return fill("workbook_head", f"end_{end}", name=head(name[: -len(end) - 1]))
    return str(text(catalogue()["workbook_head"].get(name) or capital(name)).value)


def question(result: str) -> str:
    """What a result's analysis asks."""
    return worded("workbook_question", result.partition(":")[0])


def quantity(term: str) -> str:
    """What an estimate is."""
    return capital(worded("workbook_term", term or RECORD))


def who(role: str, labels: Mapping[str, str]) -> str:
    """Whose an estimate is."""
    return labels.get(role) or capital(worded("role", role))


def against(contrast: str, labels: Mapping[str, str]) -> str:
    """What is compared, by the study's names where it has them."""
    told = worded("workbook_cell", contrast).replace(" - ", f" {MINUS} ")
    return labels.get(contrast) or capital(told)


def about(result: str, labels: Mapping[str, str]) -> str:
    """What a result is about; "" where it is about no outcome."""
    parts = [part for part in result.split(":")[1:] if part]
    named = [labels.get(part) or worded("brief_event", part) for part in parts]
    return fill("workbook", "comma").join(named)


def holds(passed: bool) -> str:
    """Whether a check holds."""
    return fill("workbook", "yes" if passed else "no")


def label(own: str, labels: Mapping[str, str]) -> str:
    """A label of a table, or each of several with commas between."""
    if own in labels:
        return labels[own]
    words = catalogue()["workbook_cell"]
    if own in words:
        return words[own]
    for form, pattern in FORMS.items():
        found = pattern.fullmatch(own)
        if found:
            parts = {part: label(held, labels) for part, held in found.groupdict().items()}
            return fill("workbook_form", form, **parts)
    several = own.split(", ")
    if set(several) <= labels.keys():
        return fill("workbook", "comma").join(labels[one] for one in several)
    return spoken(own)
