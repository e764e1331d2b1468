"""make validate-size in small: the shipped inference holds its size, and the gates can fail."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

import rmresearch as rm
from rmresearch.result import Call, Estimate, Result


@pytest.fixture
def size(monkeypatch: pytest.MonkeyPatch, root: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(root))
    from benchmarks import size

    return size


def test_the_inference_of_record_holds_its_size(size: ModuleType) -> None:
    """A few hundred studies of one size: their own Monte Carlo interval makes the gate wide."""
    small = {case.what: case for case in size.cases() if case.smaller in {3, 12}}
    small |= {case.what: case for case in size.cases() if case.smaller == 2}
    verdicts = {what: size.measure(case, 150).verdict for what, case in small.items()}
    assert set(verdicts.values()) == {"holds", "refuses"}
    refused = {what for what, verdict in verdicts.items() if verdict == "refuses"}
    assert len(refused) == 2
    assert all("4 departments" in what or "one chain" in what for what in refused)


def overconfident(study: rm.Study, outcome: str) -> Result:
    """A mean change with half its standard error and z in place of t."""
    values = study.measures["value"].to_numpy().reshape(-1, 2)
    change = values[:, 1] - values[:, 0]
    mean, se = float(change.mean()), float(change.std(ddof=1)) / len(change) ** 0.5 / 2
    low, high = mean - 1.96 * se, mean + 1.96 * se
    found = Estimate(
        role="senior", outcome=outcome, wave="wave1", contrast="wave1 - start", group="programme",
        estimand="people who answered both waves", value=mean, se=se, low=low, high=high,
        p=0.001 if low > 0 or high < 0 else 0.5,
    )  # fmt: skip
    return Result(Call("overconfident"), (found,))


def test_inference_that_does_not_hold_fails(size: ModuleType) -> None:
    case = size.Case("D5", "too sure", 12, rm.Gaussian(programme=12), overconfident)
    found = size.measure(case, 150)
    assert found.verdict == "fails"
    # 2 (1 - Phi(1.96 / 2)) = .33
    assert found.rate > 0.2


@pytest.mark.parametrize(
    ("share", "n", "margin", "held"),
    [
        # 20,000 draws: 3.29 standard errors of a share of .055 are .0053
        (0.0595, 20_000, (0.035, 0.055), True),
        (0.0615, 20_000, (0.035, 0.055), False),
        (0.0300, 20_000, (0.035, 0.055), False),
        (0.0312, 20_000, (0.035, 0.055), True),
        (0.0615, 1_000, (0.035, 0.055), True),
        (0.0, 50, (0.035, 0.055), True),
    ],
)
def test_a_rate_fails_only_when_its_whole_interval_lies_outside(
    size: ModuleType, share: float, n: int, margin: tuple[float, float], held: bool
) -> None:
    assert size.within(share, n, margin) is held


def test_replicates_without_an_answer_count_as_the_worse_of_both(size: ModuleType) -> None:
    # 1,000 of 20,000: .05 of the rest is .0475 or .0975 of all
    assert size.verdict(0.05, 0.95, 20_000, 0) == "holds"
    assert size.verdict(0.05, 0.95, 20_000, 1) == "holds"
    assert size.verdict(0.05, 0.95, 19_000, 1_000) == "fails"


def test_the_page_holds_every_case_and_what_was_found(size: ModuleType, tmp_path: Path) -> None:
    case = next(one for one in size.cases() if one.design == "D5")
    found = size.measure(case, 40)
    text = size.page([found], 40)
    row = f"| D5 | one arm, change | 8 | {found.rate:.4f} | {found.coverage:.4f} | 100% | 0 |"
    assert row in text
    assert json.dumps(found.__dict__)


def test_the_committed_page_lists_the_cases_and_judges_by_the_gates(
    size: ModuleType, root: Path
) -> None:
    text = (root / "docs" / "validation-size.md").read_text("utf-8")
    cell = r" (.+?) \|"
    listed = re.findall(rf"^\|{cell * 8}$", text, re.MULTILINE)
    rows = [row for row in listed if row[0] != "design"]
    wanted = [(case.design, case.what, str(case.smaller)) for case in size.cases()]
    assert [row[:3] for row in rows] == wanted
    assert f"{size.REPLICATES:,} simulated studies" in text
    rule = {case.design for case in size.clusters()}
    for design, what, _, rate, coverage, withheld, failed, verdict in rows:
        if rate == "-":
            assert (design in rule, withheld, verdict) == (True, "100%", "refuses")
            continue
        refused = float(withheld.rstrip("%")) / 100 if design in rule else 0.0
        n = round(size.REPLICATES * (1 - refused))
        assert verdict == size.verdict(float(rate), float(coverage), n, int(failed)), what
