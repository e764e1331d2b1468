"""The methods paragraph says what was done: each number in it is one of the results'."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import rmresearch as rm
from rmresearch.report.evaluation import Evaluation, evaluate
from rmresearch.report.findings import Findings
from rmresearch.report.sections.basis import methods
from rmresearch.report.sections.cited import cited, versions
from rmresearch.report.sections.references import REFERENCES

from .test_evaluation import PILOT


@pytest.fixture(scope="module")
def pilot() -> Evaluation:
    return evaluate(PILOT)


def works(text: str) -> list[str]:
    return text.split("\n\nReferences\n")[1].splitlines() if "\n\nReferences\n" in text else []


def test_numbers_of_people_and_clusters_are_those_of_the_estimates(pilot: Evaluation) -> None:
    found = pilot.findings
    text = cited(found)
    waves = {wave.label: wave.name for wave in found.study.design.waves}
    said = re.findall(r"(Month \d): (\d+) people in (\d+) clusters", text)
    assert len(said) == len(found.verdicts) == 10
    told = sorted((waves[wave], int(people), int(clusters)) for wave, people, clusters in said)
    ones = [verdict.estimate for verdict in found.verdicts]
    assert told == sorted((one.wave, one.n_people, one.n_clusters) for one in ones)
    for one in ones:
        assert found.study.design.outcome(one.outcome).label[1:] in text


def test_plan_inference_and_software_are_said(pilot: Evaluation) -> None:
    text = cited(pilot.findings)
    assert f"SHA-256 {pilot.findings.status.hash}" in text
    assert "before follow-up answers were there. Deviations since: none." in text
    assert f"rmresearch {rm.__version__} (Python 3." in text
    for name, version in versions():
        assert f"{name} {version}" in text
    # Holm over the five planned differences: the smallest p-value is decided at 5% / 5
    assert "Holm's correction sets (99%)" in text
    assert "assigned pairs by chance" in text
    assert text == cited(pilot.findings)


def test_works_are_those_of_what_was_done(pilot: Evaluation) -> None:
    found = pilot.findings
    names = [line.split(",")[0] for line in works(cited(found))]
    assert names == ["Bell", "Pustejovsky", "Liang", "Kenward", "What Works Clearinghouse (2022). "
                     "Procedures and Standards Handbook", "Holm"]  # fmt: skip
    first = found.verdicts[0]
    plain = replace(first.estimate, method="mean change, CR2 by cluster, Satterthwaite df")
    facts = replace(first.evidence.facts, planned=False)
    verdict = replace(
        first, estimate=plain, shown=plain, evidence=replace(first.evidence, facts=facts)
    )
    text = cited(replace(found, verdicts=(verdict,)))
    names = [line.split(",")[0] for line in works(text)]
    assert names[:2] == ["Bell", "Pustejovsky"]
    assert len(names) == 3
    assert "Holm" not in text
    assert "Kenward" not in text


def test_a_doi_is_text_that_leads_nowhere(pilot: Evaluation) -> None:
    for work in REFERENCES.values():
        assert "http" not in work
        if "doi:" in work:
            assert re.search(r" doi:10\.\d{4,}/\S+$", work)
    assert sum("doi:" in work for work in REFERENCES.values()) == 18
    html = pilot.section("methods").html()
    assert 'href="http' not in html
    assert '<p class="copy">' in html


def test_without_verdicts_plan_or_intervals_it_says_so(pilot: Evaluation) -> None:
    found = pilot.findings
    nothing = cited(replace(found, verdicts=()))
    assert "allowed no estimate of record" in nothing
    assert works(nothing) == []
    open_plan = replace(found.status, frozen=False)
    assert "every result is exploratory" in cited(replace(found, status=open_plan))
    first = found.verdicts[0]
    vague = replace(first, shown=replace(first.shown, low=None, high=None))
    text = cited(replace(found, verdicts=(vague,)))
    assert "No interval is given" in text
    assert "(99%)" not in text
    late = replace(found.status, follow_up_present=True, deviations=("One.", "Two."))
    assert "were there already. Deviations since: 2." in cited(replace(found, status=late))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("single-group", "measured one group before and after"),
        ("comparison", "was not decided by chance"),
        ("randomised", "by chance to a reverse-mentoring programme or"),
    ],
)
def test_each_design_is_said_as_it_was(pilot: Evaluation, kind: str, said: str) -> None:
    found: Findings = pilot.findings
    design = replace(found.study.design, kind=kind)
    text = cited(replace(found, study=replace(found.study, design=design)))
    assert said in text
    assert ("by chance" in text.split(".")[0]) == (kind != "single-group")


def test_names_stay_text(pilot: Evaluation) -> None:
    evil = "<script>alert(1)</script> {unit} תוכנית"
    found = pilot.findings
    design = replace(found.study.design, title=evil)
    found = replace(found, study=replace(found.study, design=design))
    assert evil in cited(found)
    assert "<script" not in methods(found).html()
