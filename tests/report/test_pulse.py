"""The pulse's page: made of a release alone, without a difference, whatever is missing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from tests.midway import cut, midway, whole

import rmresearch as rm
from rmresearch.analysis.pulse.meetings import cadence
from rmresearch.cli import main
from rmresearch.declared import Adaptation, Brand
from rmresearch.errors import ReportError, StudyError
from rmresearch.evidence import programme_ended
from rmresearch.files import verify
from rmresearch.io.read import read_study
from rmresearch.privacy import FEW, Ledger, Release, read_release, release
from rmresearch.report.build import build
from rmresearch.report.figures.control import Panel, Round, control_chart
from rmresearch.report.html import render
from rmresearch.report.pulse import Pulse, taken
from rmresearch.report.pulse.reading import RISKS, pairs_of, signs, tracks
from rmresearch.report.words.gate import chance_words, lint
from rmresearch.report.words.phrases import catalogue
from rmresearch.study import Design, Outcome, Study
from rmresearch.world.folder import named
from rmresearch.world.levers import Setting
from rmresearch.world.presets import PRESETS
from rmresearch.world.writing import write_study

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "data" / "synthetic" / "pilot"


def of(study: Study, until: date | None = None) -> Pulse:
    shown = release({"pulse": rm.pulse(study, until=until)}, study, audience="pulse")
    return Pulse(shown, study.design, programme_ended(study), until)


def troubled() -> tuple[Study, date]:
    """In month 4 most pairs stop meeting, and juniors no longer say what they do not know."""
    study, day = midway(150, 80, 11)
    start = pd.Timestamp(study.design.start)
    meetings, measures = study.meetings, study.measures.copy()
    few = meetings["pair"].isin(meetings["pair"].unique()[::4])
    juniors = study.participants.loc[study.participants["role"] == "junior", "person"]
    hit = measures["person"].isin(juniors) & (measures["item"] == "pulse_safety")
    hit &= measures["wave"] == "month4"
    measures.loc[hit, "value"] = (measures.loc[hit, "value"] - 2).clip(lower=1)
    early = meetings["date"] < start + pd.Timedelta(days=92)
    return replace(study, meetings=meetings[few | early], measures=measures), day


@cache
def steady() -> Pulse:
    return of(*midway())


@cache
def trouble() -> Pulse:
    return of(*troubled())


@cache
def ended() -> Pulse:
    return of(read_study(PILOT))


@cache
def text(pulse: Pulse) -> str:
    """All words of the page, alt texts among them, as a reader has them."""
    page = render(pulse.page())
    alts = " ".join(re.findall(r'aria-label="([^"]*)"', page))
    body = re.sub(r"<(style|script).*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body) + " " + alts)


# --- what it says --------------------------------------------------------------------------------


def test_a_steady_programme_has_no_warning_but_what_lies_beyond_a_limit() -> None:
    pulse = steady()
    found = signs(tracks(pulse.released, pulse.design), pairs_of(pulse.released))
    assert len(found) > 12
    assert {one.risk for one in found} == set(RISKS)
    flagged = [one for one in found if one.status in {"watch", "act"}]
    section = pulse.section("attention").html()
    for one in RISKS:
        assert (f'id="warning-{one}"' in section) == any(s.risk == one for s in flagged)


def test_trouble_is_seen_by_its_name_with_rule_limit_and_what_to_do() -> None:
    pulse = trouble()
    found = signs(tracks(pulse.released, pulse.design), pairs_of(pulse.released))
    status = {risk: {one.status for one in found if one.risk == risk} for risk in RISKS}
    assert "act" in status["time"]
    assert "act" in status["intimidation"]
    assert status["resistance"] <= {"steady", "unknown"}  # seniors answer as before
    said = text(pulse)
    assert "Time poverty: act" in said
    assert "the action limit that the rounds before it set" in said
    assert "the action limit around it" in said
    for risk in ("time", "intimidation"):
        assert catalogue()["pulse_advice"][risk].split(";")[0] in said


def test_every_number_of_a_warning_is_one_of_the_release() -> None:
    pulse = trouble()
    rows = [dict(zip(t.columns, (c.value for c in row), strict=True))
            for t in pulse.released.tables for row in t.rows]  # fmt: skip
    shown = {f"{round(100 * v)}%" for row in rows for v in row.values() if isinstance(v, float)}
    shown |= {f"{v:.1f}" for row in rows for v in row.values() if isinstance(v, float)}
    shown |= {str(v) for row in rows for v in row.values() if isinstance(v, (int, str))}
    shown |= {"95%", "90%", "10%", f"{cadence(pulse.design):.1f}"}
    for callout in re.findall(r'class="callout caution".*?</div>', render(pulse.page()), re.DOTALL):
        for number in re.findall(r"\d+(?:\.\d+)?%?", re.sub(r"<[^>]+>", "", callout)):
            assert number in shown, (number, callout)


def test_the_page_is_the_same_from_the_release_read_back() -> None:
    pulse = trouble()
    again = replace(pulse, released=read_release(pulse.released.to_json()))
    assert render(again.page()) == render(pulse.page())


def test_before_the_end_it_says_why_nothing_is_estimated() -> None:
    pulse = steady()
    assert not pulse.ended
    said = text(pulse)
    assert "Until its planned end (1 September 2026) no difference" in said
    assert "sooner or later" in said
    assert "is now a question for the evaluation" not in said


def test_after_the_end_it_sends_to_the_evaluation() -> None:
    pulse = ended()
    assert pulse.ended
    said = text(pulse)
    assert "now a question for the evaluation" in said
    assert "Until its planned end" not in said


@pytest.mark.parametrize("pulse", [steady, trouble, ended])
def test_no_difference_anywhere(pulse: Any) -> None:
    made = pulse()
    outcomes = {o.name for o in made.design.outcomes if o.kirkpatrick > 1}
    assert {one.contrast for one in made.released.estimates} == {""}
    assert not {one.outcome for one in made.released.estimates} & outcomes
    for table in made.released.tables:
        cells = [cell for row in table.rows for cell in row]
        assert "contrast" not in {cell.kind for cell in cells}
        assert not {str(cell.value) for cell in cells} & outcomes
    labels = [o.label for o in made.design.outcomes if o.kirkpatrick > 1]
    page = text(made)
    assert not [label for label in labels if label in page]
    assert not lint(page)
    assert not chance_words(page)


def test_nobody_and_no_pair_is_named() -> None:
    study, _ = midway()
    left = render(steady().page()) + steady().released.to_json()
    words = set(re.findall(r"[\w-]+", left))
    assert not words & {*study.participants["person"], *study.pairs["pair"]}


def test_few_silent_pairs_stay_few() -> None:
    pulse = steady()
    (pairs,) = pairs_of(pulse.released)
    assert pairs.silent == FEW
    assert pairs.above is None
    assert "fewer than 5 fell silent" in text(pulse)
    assert "Fewer than 5 pairs of the Programme group" not in text(pulse)  # no warning of so few


def test_alt_texts_hold_the_values_and_limits_of_the_chart() -> None:
    pulse = trouble()
    track = next(t for t in tracks(pulse.released, pulse.design) if t.kind == "meetings")
    alt = next(a for a in re.findall(r'aria-label="([^"]*)"', render(pulse.page()))
               if "meetings a month" in a)  # fmt: skip
    for one in track.rounds:
        assert f"{one.label} {one.said('held')}" in alt
    assert "below the action limit" in alt
    assert "Planned: 1.0" in alt


#: words of method that no programme owner has to know
JARGON = re.compile(
    r"\b(REML|CR2|ICC|Wilson|Kaplan|regression|standard errors?|covariates?|confidence interval|"
    r"effect size|design effect|hypergeometric|binomial|estimands?|contrasts?)\b",
    re.IGNORECASE,
)


@cache
def preset(name: str) -> Pulse:
    study = rm.simulate(replace(named(name), pairs=24), seed=2).study
    day = study.design.start + timedelta(days=120) if study.design.start else date.max
    return of(cut(study, day), day)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_no_preset_s_page_says_what_it_must_not(name: str) -> None:
    said = text(preset(name))
    assert not lint(said)
    assert not chance_words(said)
    assert not JARGON.findall(said)
    assert " None" not in said
    assert "nan" not in said.split()


def test_a_brand_is_worn() -> None:
    pulse = steady()
    brand = Brand(name="Nordwind", accent="#7a1f3d")
    page = render(replace(pulse, design=replace(pulse.design, brand=brand)).page())
    assert "Nordwind" in page
    assert "#7a1f3d" in page


def test_changes_made_on_the_way_are_listed() -> None:
    pulse = steady()
    change = Adaptation(date(2025, 11, 3), "Meetings of <30> minutes")
    changed = replace(pulse, design=replace(pulse.design, adaptations=(change,)))
    said = changed.section("attention").html()
    assert "3 November 2025: Meetings of &lt;30&gt; minutes" in said
    assert "Changed so far" not in pulse.section("attention").html()


def test_what_questions_tell_is_written_and_read(tmp_path: Path) -> None:
    asked = Setting(instruments=("digital_skill", "pulse"))
    folder = write_study(rm.simulate(rm.Scenario(pairs=4, design=asked), seed=1), tmp_path / "s")
    read = read_study(folder).design.outcomes
    assert {one.name: one.process for one in read} == {
        "digital_skill": None,
        "pulse_relationship": "relationship",
        "pulse_safety": "safety",
        "pulse_time": "time",
    }


def test_one_round_is_a_sentence_and_no_chart() -> None:
    pulse = preset("small-pilot")
    assert "<svg" not in pulse.section("response").html()
    assert "this is the first round that counts" in pulse.section("response").html()


# --- what is missing or strange -------------------------------------------------------------------


def test_without_a_log_meetings_say_what_they_need() -> None:
    study, day = midway()
    said = text(of(replace(study, meetings=study.meetings.iloc[:0]), day))
    assert "need a log with the date of each meeting" in said
    assert "how many fell silent cannot be said" in said


def test_only_a_baseline_has_no_limits_yet() -> None:
    study, day = midway(20)
    assert set(study.measures["wave"]) == {"start"}
    said = text(of(study, day))
    assert "No reaction has an answer after the start yet" in said
    assert "Not in these data" in said


def test_an_unlinked_survey_shows_no_response() -> None:
    study, day = midway()
    pulse = of(replace(study, design=replace(study.design, linked=False)), day)
    assert "response cannot be shown" in text(pulse)


def test_one_pair_shows_that_there_is_one_and_nothing_else() -> None:
    study, day = midway()
    pair = study.pairs.iloc[:1]
    who = [*pair["senior"], *pair["junior"]]
    alone = replace(
        study,
        participants=study.participants[study.participants["person"].isin(who)],
        pairs=pair,
        measures=study.measures[study.measures["person"].isin(who)],
        meetings=study.meetings[study.meetings["pair"].isin(pair["pair"])],
        records=study.records.iloc[:0],
    )
    pulse = of(alone, day)
    numbers = [c.value for t in pulse.released.tables for row in t.rows for c in row
               if c.kind not in {"label"}]  # fmt: skip
    assert set(numbers) <= {None, FEW}
    assert "No sign can be held against limits yet" in text(pulse)


def test_a_small_pilot_s_hidden_share_is_not_read_out_and_one_sign_is_one() -> None:
    """Seven pairs an arm and no plan of meetings: one sign is judged, shares of seven stay in."""
    study = rm.simulate(rm.Scenario(pairs=14), seed=7).study
    said = text(of(replace(study, design=replace(study.design, planned_meetings=None))))
    assert (
        "Month 6: the share of the Programme group that answered the survey is not shown." in said
    )
    assert "hidden answered" not in said
    assert "One sign was held against its lower or upper warning limit." in said
    assert "1 signs" not in said


def test_no_department_and_no_markup_gets_in() -> None:
    study, day = midway()
    long = "Department of interdisciplinary and international relations!"
    assert len(long) == 60
    people = study.participants.assign(department=long)
    evil = "<script>alert(1)</script> & “quoted” שלום"
    design = replace(
        study.design,
        title=evil,
        arms=tuple(replace(arm, label=evil) for arm in study.design.arms),
        outcomes=tuple(replace(one, label=f"{evil} {one.name}") for one in study.design.outcomes),
        waves=tuple(replace(one, label=f"{one.label} {evil}") for one in study.design.waves),
    )
    page = render(of(replace(study, participants=people, design=design), day).page())
    assert long not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def questions(design: Design, n: int) -> tuple[Outcome, ...]:
    template = design.outcome("pulse_relationship")
    return tuple(replace(template, name=f"q{i}", label=f"Question {i}") for i in range(n))


def test_25_questions_have_a_table_and_not_25_charts() -> None:
    study, day = midway()
    made = (*study.design.outcomes, *questions(study.design, 25))
    pulse = of(replace(study, design=replace(study.design, outcomes=made)), day)
    page = render(pulse.page())
    assert page.count("<svg") <= 8
    assert all(f"Question {i}" in page for i in range(25))


def test_questions_without_a_part_of_the_course_are_receptions() -> None:
    study, day = midway()
    plain = tuple(replace(one, process=None) for one in study.design.outcomes)
    pulse = of(replace(study, design=replace(study.design, outcomes=plain)), day)
    found = tracks(pulse.released, pulse.design)
    assert {one.risk for one in found if one.kind == "quality"} == {"reception"}
    assert "process = &quot;relationship&quot;" in render(pulse.page())


# --- the chart ------------------------------------------------------------------------------------


def test_a_chart_needs_rounds() -> None:
    with pytest.raises(ValueError, match="a round in every panel"):
        control_chart([Panel("a", ())], title="t", unit="u", caption="c")


def test_a_chart_of_many_rounds_and_long_names_draws_all_inside() -> None:
    rounds = tuple(
        Round(label=f"A long name of wave {i}", value=None if i == 3 else 0.5, said="50%",
              limits=(0.2, 0.8, 0.1, 0.9) if i else None, below=i == 9)
        for i in range(24)
    )  # fmt: skip
    panels = [Panel("Everybody who has such a long name that it does not fit" * 2, rounds)] * 3
    block = control_chart(panels, title="t", unit="u" * 200, caption="c", share=True)
    places = re.findall(r'<text [^>]*?x="(-?[\d.]+)"[^>]*>([^<]*)<', block.svg)
    assert len(places) > 30
    for x, said in places:
        assert 0 <= float(x) <= 720, said
    assert "below the warning limit" in block.alt


# --- the folder -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "pilot"
    assert build(PILOT, out, audience="pulse") == out / "pulse" / "pulse.html"
    return out


def test_the_folder_holds_page_release_and_manifest(made: Path) -> None:
    names = {path.name for path in (made / "pulse").iterdir()}
    assert names == {"pulse.html", "released.json", "manifest.json"}
    assert verify(made) == ()
    manifest = json.loads((made / "pulse" / "manifest.json").read_text("utf-8"))
    assert manifest["inputs"] == {}
    page = (made / "pulse" / "pulse.html").read_text("utf-8")
    assert "Internal" not in page
    assert str(made) not in page
    read = read_release((made / "pulse" / "released.json").read_text("utf-8"))
    assert read.audience == "pulse"
    for name, section in Pulse(read, read_study(PILOT).design, True)._made.items():
        assert section().title in page, name


def test_made_again_it_is_the_same_bytes(made: Path) -> None:
    kept = {name: (made / "pulse" / name).read_bytes() for name in ("pulse.html", "released.json")}
    result = CliRunner().invoke(
        main, ["report", str(PILOT), "--audience", "pulse", "--out", str(made)]
    )
    assert result.exit_code == 0, result.output
    assert str(made / "pulse" / "pulse.html") in result.output
    for name, content in kept.items():
        assert (made / "pulse" / name).read_bytes() == content


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--audience", "pulse", "--formats", "pdf"], "a pulse is a page"),
        (["--until", "2026-03-31"], "belongs to --audience pulse"),
        (["--audience", "pulse", "--until", "soon"], "soon"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, given: list[str], said: str) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(main, ["report", str(PILOT), "--out", str(out), *given])
    assert result.exit_code == 2
    assert said in result.output
    assert not (out / "pulse" / "pulse.html").exists()


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ReportError, match="did not make"):
        build(PILOT, tmp_path, audience="pulse")


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(StudyError, match="'soon' is no day"):
        taken(PILOT, until="soon")
    with pytest.raises(StudyError, match="but the data reach 2026-03-0"):
        taken(PILOT, until="2025-10-01")


def test_the_sections_are_named() -> None:
    with pytest.raises(KeyError, match="attention, response, meetings"):
        ended().section("effects")


# --- the ledger -----------------------------------------------------------------------------------


def shown(released: Release) -> int:
    return sum(one.value is not None for one in released.estimates)


def test_a_pulse_takes_nothing_from_a_later_evaluation(tmp_path: Path) -> None:
    """What a pulse published stays the same set of people, so the reactions can be told again."""
    study, _ = midway()
    real = replace(study, design=replace(study.design, synthetic=False))
    (tmp_path / ".rmresearch").mkdir()
    ledger = Ledger(tmp_path / ".rmresearch" / "x.ledger.json", b"0" * 32)
    ledger.record(release({"pulse": rm.pulse(real)}, real, audience="pulse").published)
    known = Ledger(ledger.path, ledger.key, _entries(ledger))
    asked = {"reaction": rm.reaction(real, "satisfaction")}
    alone = release(asked, real)
    after = release(asked, real, ledger=known)
    assert shown(after) == shown(alone) > 0


def _entries(ledger: Ledger) -> Any:
    from rmresearch.privacy.ledger import _read

    found = _read(ledger.path, ledger.key)
    assert found
    return found


def test_the_whole_programme_has_ended_and_its_middle_has_not() -> None:
    assert programme_ended(whole())
    assert not programme_ended(midway()[0])
    assert "month6" not in set(cut(*midway()).measures["wave"])
