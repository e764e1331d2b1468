"""What leadership may see of the example pilot, and the page about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rmresearch as rm
from rmresearch.privacy import Release
from rmresearch.privacy.rules import PSEUDONYM
from rmresearch.report.privacy_page import DOCS, EXAMPLE, RULES, page

OUTCOMES = ("digital_skill", "inclusion_awareness", "digital_use", "leadership_confidence",
            "visibility")  # fmt: skip


@pytest.fixture(scope="module")
def released() -> Release:
    return rm.evaluate(EXAMPLE).released


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_arm_means_sds_and_adjusted_differences_survive(released: Release, outcome: str) -> None:
    means = released.table(f"wave_means:{outcome}", "means")
    assert {row[1].value for row in means.rows} >= {"programme", "comparison"}
    assert not [cell for row in means.rows for cell in row if cell.hidden]
    waves = released.table(f"compare_arms:{outcome}", "waves")
    assert len(waves.rows) == 2
    assert not [cell for row in waves.rows for cell in row if cell.hidden]
    record = [
        one
        for one in released.estimates
        if (one.result, one.term) == (f"compare_arms:{outcome}", "") and not one.group
    ]
    assert len(record) == 2
    assert all(one.low is not None and one.value is not None for one in record)


def test_departments_of_one_contrast_do_not(released: Release) -> None:
    groups = [one for one in released.estimates if one.group.startswith("department = ")]
    assert groups
    assert all(one.hidden for one in groups)


def test_every_hidden_number_has_its_rule_on_the_page(released: Release) -> None:
    text = page(released)
    table = text.split("## What is left")[1]
    counts = [
        [int(cell or 0) for cell in re.split(r" \| ?", row.strip("| \n") + " |")[1:-1]]
        for row in re.findall(r"^\| `.*\|$", table, re.MULTILINE)
    ]
    assert sum(sum(row[2:]) for row in counts) == len(released.reasons)
    assert all(shown + sum(rest) == total for shown, total, *rest in counts)
    assert all(f"| {rule} | {what} |" in text for rule, what in RULES.items())
    assert not PSEUDONYM.search(text)


def test_the_committed_page_has_today_s_rules_and_today_s_numbers(released: Release) -> None:
    committed = (Path(DOCS) / "privacy-rules.md").read_text("utf-8")
    assert all(f"| {rule} | {what} |" in committed for rule, what in RULES.items())
    assert committed == page(released), "run make privacy-rules"
