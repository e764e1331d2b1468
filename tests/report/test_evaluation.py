"""A study evaluated: each section, each refusal said, no word beyond the evidence, no names."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import rmresearch as rm
from rmresearch.evidence import Certainty
from rmresearch.privacy import read_release
from rmresearch.report import words
from rmresearch.report.evaluation import SECTIONS, Evaluation, evaluate
from rmresearch.report.findings import Verdict, in_words
from rmresearch.report.html import render
from rmresearch.report.sections.answer import _facts
from rmresearch.world.presets import preset
from rmresearch.world.writing import write_study

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "data" / "synthetic" / "pilot"


def raw_ids() -> list[str]:
    """The employee numbers of the example's roster, as the file has them."""
    lines = (PILOT / "data" / "roster.csv").read_bytes().decode("cp1252").splitlines()
    place = lines[0].split(";").index("Employee ID")
    found = [line.split(";")[place].strip() for line in lines[1:]]
    assert len(found) > 90
    return found


@pytest.fixture(scope="module")
def pilot() -> Evaluation:
    return evaluate(PILOT)


def text_of(html: str) -> str:
    """What a reader sees and hears: no markup, alternative texts included."""
    heard = " ".join(re.findall(r'aria-label="([^"]*)"', html))
    seen = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", f"{seen} {heard}")


def test_every_section_has_content(pilot: Evaluation) -> None:
    for name in (*SECTIONS, "provenance"):
        section = pilot.section(name)
        assert section.id == name
        assert len(text_of(section.html())) > 100, name


def test_an_unknown_section_names_the_known_ones(pilot: Evaluation) -> None:
    with pytest.raises(KeyError, match="answer, flow, baseline"):
        pilot.section("matching")


def test_in_a_notebook_it_shows_its_answer_in_the_houses_style(pilot: Evaluation) -> None:
    page = pilot._repr_html_()
    assert page.count("<style>") == 1
    assert pilot.section("answer").html() in page
    assert repr(pilot).startswith("Evaluation of 'example-pilot'. section(name) shows: answer, ")


def test_the_primary_question_opens_the_report(pilot: Evaluation) -> None:
    found = pilot.findings
    primary = next(q for q in (found.plan.questions if found.plan else ()) if q.primary)
    first = found.verdicts[0]
    assert found.primary is first
    assert (first.estimate.outcome, first.estimate.wave) == (primary.outcome, primary.wave)
    said = words.sentences(first.shown, first.evidence, found.study.design)
    assert said[0] in text_of(pilot.section("answer").html())


def test_all_intervals_of_the_opening_are_at_the_level_that_decides(pilot: Evaluation) -> None:
    shown = pilot.findings.verdicts[0].shown
    assert shown.level != 0.95  # or nothing could be told apart here
    answer = pilot.section("answer").blocks[0].html()
    levels = re.findall(r"([\d.]+)%\s+interval", text_of(answer))
    assert len(levels) > 2  # sentence, difference, and in standard deviations
    assert set(levels) == {f"{100 * shown.level:.3g}"}


def test_an_effect_size_that_seems_to_deny_the_answer_says_why(
    pilot: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The spread is an estimate too, so in standard deviations the interval is wider."""
    first, told = pilot.findings.verdicts[0], "only because the standard deviation is an estimate"
    size = first.beside("standardised")
    assert size is not None
    for low, size_low, said in [(0.01, -0.2, True), (0.01, 0.1, False), (-0.01, -0.2, False)]:
        shown = replace(first.shown, low=low, high=0.9)
        monkeypatch.setattr(
            Verdict,
            "beside",
            lambda _, term, end=size_low: replace(size, low=end, high=1.3, se=None),
        )
        facts = _facts(pilot.findings, replace(first, shown=shown))
        assert any(told in fact.detail for fact in facts) is said


def test_without_a_plan_no_answer_is_picked_out(tmp_path: Path) -> None:
    folder = tmp_path / "pilot"
    shutil.copytree(PILOT, folder)
    for name in ("plan.toml", "plan.lock.json"):
        (folder / name).unlink(missing_ok=True)
    found = evaluate(folder)
    answer = text_of(found.section("answer").html())
    assert found.findings.primary is None
    assert "No plan names a primary question" in answer
    last = {v.estimate.outcome for v in found.findings.verdicts}
    for name in last:
        label = found.findings.study.design.outcome(name).label
        assert label.lower() in answer.lower(), "each outcome is told, none is left out"


def test_a_planned_change_within_an_arm_is_said_to_be_undecided(tmp_path: Path) -> None:
    folder = tmp_path / "pilot"
    shutil.copytree(PILOT, folder)
    (folder / "plan.lock.json").unlink()
    with (folder / "plan.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[[question]]\nid = "before-after"\nanalysis = "pre_post"\nrole = "senior"\n'
            'outcome = "digital_skill"\nwave = "month6"\nwhy = "Did seniors change?"\n'
        )
    made = evaluate(folder)
    assert made.findings.result("pre_post", "digital_skill") is not None
    said = text_of(made.section("plan").html())
    assert "Asked, but not answered" in said
    assert "before-after: arms are compared" in said
    assert "digital-skill:" not in said  # what was decided is not among them


def test_results_carry_every_estimate_and_nobody(pilot: Evaluation, tmp_path: Path) -> None:
    inside, out, _ = pilot.write(tmp_path)
    written = json.loads(inside.read_text("utf-8"))
    for name, result in pilot.findings.results.items():
        assert len(written["results"][name]["estimates"]) == len(result.estimates)
    people = set(pilot.findings.study.participants["person"])
    pairs = set(pilot.findings.study.pairs["pair"])
    page = render(pilot.page())
    for name, text in (("results", inside.read_text("utf-8")), ("page", page),
                       ("release", out.read_text("utf-8"))):  # fmt: skip
        assert not [one for one in people | pairs if one in text], name
        assert not [one for one in raw_ids() if re.search(rf"(?<![\w.]){one}(?![\w.])", text)], name
    assert read_release(out.read_text("utf-8")).study == pilot.findings.study.design.name


def test_those_who_did_not_consent_are_said_beside_the_attrition(pilot: Evaluation) -> None:
    refused = dict(pilot.findings.study.excluded)["people who did not consent"]
    shown = text_of(pilot.section("attrition").html())
    assert f"{refused} of the people listed did not consent" in shown


def test_without_a_folder_nothing_is_written(pilot: Evaluation) -> None:
    assert pilot.write(None) == ()
    assert pilot.write("") == ()


def test_words_of_causation_only_where_a_verdict_allows_them(
    pilot: Evaluation, single: Evaluation
) -> None:
    design = pilot.findings.study.design
    weak = [
        words.headline(v.shown, v.evidence, one.findings.study.design)
        for one in (pilot, single)
        for v in one.findings.verdicts
        if v.evidence.certainty is Certainty.WEAK
    ]
    earned = [v for v in pilot.findings.verdicts if v.evidence.causal]
    assert weak
    assert earned, "there are both, or this test would see nothing"
    assert [words.lint(said) for said in weak] == [()] * len(weak)
    page = text_of(render(pilot.page())).replace("What Works Clearinghouse", "")
    for verdict in earned:
        page = page.replace(words.headline(verdict.shown, verdict.evidence, design), "")
    for outcome in design.outcomes:
        page = page.replace(outcome.label, "").replace(outcome.label.lower(), "")
    assert words.lint(page) == ()


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """A single group from a world in which the programme does nothing."""
    folder = tmp_path_factory.mktemp("single") / "study"
    scenario = preset("no-effect", pairs=40)
    write_study(rm.simulate(scenario, seed=11), folder)
    toml = (folder / "study.toml").read_text("utf-8")
    toml = re.sub(r'kind = "(waitlist|randomised)"', 'kind = "single-group"', toml)
    blocks = re.split(r"(?=^\[\[)", toml, flags=re.MULTILINE)
    kept = [b for b in blocks if not re.search(r"design\.arms.*programme = false", b, re.DOTALL)]
    assert len(kept) == len(blocks) - 1
    (folder / "study.toml").write_text("".join(kept), encoding="utf-8")
    (folder / "plan.toml").unlink()
    comparison = re.search(r'name = "([^"]+)"', next(b for b in blocks if b not in kept))
    assert comparison is not None
    _without(folder, comparison[1])
    return evaluate(folder)


def _without(folder: Path, arm: str) -> None:
    """Drop an arm's people, and all that refers to them, from the plain CSV files."""
    import csv

    data = folder / "data"
    with (data / "participants.csv").open(encoding="utf-8", newline="") as file:
        gone = {row["person"] for row in csv.DictReader(file) if row["arm"] == arm}
    pairs: set[str] = set()
    for path in (data / "participants.csv", data / "pairs.csv", *sorted(data.glob("*.csv"))):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            names, rows = list(reader.fieldnames or ()), list(reader)
        kept = [
            row for row in rows if not gone & set(row.values()) and row.get("pair") not in pairs
        ]
        if path.name == "pairs.csv":
            pairs |= {row["pair"] for row in rows if row not in kept}
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(kept)


def test_a_single_group_is_never_given_a_cause(single: Evaluation) -> None:
    page = text_of(render(single.page()))
    own_words = page.replace("What Works Clearinghouse", "")
    for outcome in single.findings.study.design.outcomes:
        own_words = own_words.replace(outcome.label, "").replace(outcome.label.lower(), "")
    assert words.lint(own_words) == ()
    assert "One group without a comparison shows that scores changed, not why." in page
    assert all(v.evidence.certainty is Certainty.WEAK for v in single.findings.verdicts)
    assert all(v.evidence.maryland == 1 for v in single.findings.verdicts)


def test_regression_to_the_mean_stands_beside_each_single_group_headline(
    single: Evaluation,
) -> None:
    for verdict in single.findings.verdicts:
        said = words.headline(verdict.shown, verdict.evidence, single.findings.study.design)
        assert "egression to the mean" in said


def test_the_smallest_effect_of_a_yes_no_outcome_is_in_percentage_points(
    pilot: Evaluation,
) -> None:
    study = pilot.findings.study
    first, *others = study.design.outcomes
    yes_no = replace(first, kind="binary", smallest_effect=0.1)
    design = replace(study.design, outcomes=(yes_no, *others))
    found = replace(pilot.findings, study=replace(study, design=design))
    said = text_of(Evaluation(found, pilot.released).section("outcomes").html())
    assert "smallest difference that matters 10 percentage points" in said
    assert "matters 0.1" not in said


def test_a_label_with_markup_stays_text(tmp_path: Path) -> None:
    folder = tmp_path / "pilot"
    shutil.copytree(PILOT, folder)
    toml = (folder / "study.toml").read_text("utf-8")
    evil = "<script>alert(1)</script>"
    changed = re.sub(r'(\[\[outcomes\]\]\nname = "[^"]+"\nlabel = )"[^"]*"', rf'\1"{evil}"', toml)
    changed = re.sub(r'^title = "[^"]*"', f'title = "{evil}"', changed, count=1, flags=re.MULTILINE)
    assert changed.count(evil) > 2
    (folder / "study.toml").write_text(changed, encoding="utf-8")
    page = render(evaluate(folder).page())
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_page_speaks_the_studys_names_not_its_codes(pilot: Evaluation) -> None:
    design = pilot.findings.study.design
    codes = {one.name for one in (*design.waves, *design.outcomes)}
    codes = {code for code in codes if re.search(r"[_\d]", code)}  # others are ordinary words
    assert {"month3", "digital_skill"} <= codes
    page = text_of(render(pilot.page()))
    assert [code for code in codes if re.search(rf"\b{code}\b", page)] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("senior, m6: no answer", "Seniors, Month 6: no answer"),
        ("arm - other at m6: 1.6 times", "Arm − Other at Month 6: 1.6 times"),
        ("no a (waves with answers: pre, m6)", "no a (waves with answers: Before, Month 6)"),
        ("a: none. senior at m6: none", "a: none. Seniors at Month 6: none"),
        ("low at wave pre. No wave has more.", "low at wave “Before”. No wave has more."),
        ("pre: nobody, before the start", "Before: nobody, before the start"),
        ("a file.csv: as it was", "a file.csv: as it was"),
    ],
)  # fmt: skip
def test_codes_are_replaced_only_where_they_are_codes(text: str, shown: str) -> None:
    labels = {"senior": "Seniors", "m6": "Month 6", "arm - other": "Arm − Other", "pre": "Before",
              "start": "Kick-off"}  # fmt: skip
    assert in_words(text, labels) == shown
