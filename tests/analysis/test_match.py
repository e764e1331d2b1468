"""Match quality: features by hand, the models against R, chance only where chance is recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.match import match_quality
from rmresearch.analysis.match.features import features_of, recorded
from rmresearch.errors import FitError, StudyError
from rmresearch.privacy import release
from rmresearch.result import Estimate, Result
from rmresearch.study import Arm, Design, Likeness, Matching, Outcome, Study, Wave

from .studies import answers, table

REFERENCE = Path(__file__).resolve().parent.parent / "reference" / "match"
SKILL = Outcome("skill", "Skill", "senior", ("skill",), smallest_effect=0.4)
WAVES = (Wave("before", "Before", 0, baseline=True), Wave("after", "After", 6))
CLOSE = Likeness("Interests", "close", "interests", "interests", 1.0, 7.0)


def study_of(
    seniors: Mapping[str, Sequence[Any]],
    juniors: Mapping[str, Sequence[Any]],
    links: Sequence[tuple[int, int]],
    scores: Mapping[str, Sequence[float | None]],
    *,
    outcome: Outcome = SKILL,
    matching: Matching | None = None,
    meetings: Sequence[int] = (),
    arm: Sequence[str] | None = None,
) -> Study:
    """One person a row of either side, pairs by (senior, junior) row, scores of one role."""
    sizes = [len(next(iter(side.values()))) for side in (seniors, juniors)]
    ids = [f"s{i:03d}" for i in range(sizes[0])] + [f"j{i:03d}" for i in range(sizes[1])]
    columns = dict.fromkeys([*seniors, *juniors])
    people: dict[str, list[Any]] = {
        "person": ids,
        "role": ["senior"] * sizes[0] + ["junior"] * sizes[1],
    }
    for name in columns:
        people[name] = [
            *seniors.get(name, [None] * sizes[0]),
            *juniors.get(name, [None] * sizes[1]),
        ]
    if arm is not None:
        people["arm"] = list(arm)
    frame = table("participants", people)
    own = ids[: sizes[0]] if outcome.role == "senior" else ids[sizes[0] :]
    pairs = {
        "pair": [f"p{i:03d}" for i in range(len(links))],
        "senior": [ids[i] for i, _ in links],
        "junior": [ids[sizes[0] + j] for _, j in links],
    }
    held = [f"p{i:03d}" for i, times in enumerate(meetings) for _ in range(times)]
    return Study(
        participants=frame,
        pairs=table("pairs", pairs),
        measures=answers({outcome.name: scores}, own),
        meetings=table("meetings", {"pair": held, "held": [True] * len(held)}),
        records=table("records"),
        design=Design(
            name="by-hand",
            title="Made by hand",
            kind="single-group" if arm is None else "comparison",
            unit="pair",
            waves=WAVES,
            outcomes=(outcome,),
            arms=() if arm is None else (Arm("on", "On", True), Arm("off", "Off", False)),
            matching=matching or Matching(questions=(CLOSE,), reporting_line=False),
        ),
    )


def drawn(n: int = 24, seed: int = 0, **options: Any) -> Study:
    """One-to-one pairs with interests, a department and levels; nothing matters."""
    rng = np.random.default_rng(seed)
    pre = rng.normal(3, 1, n)
    side = lambda low, high: {  # noqa: E731
        "interests": rng.uniform(1, 7, n),
        "level": rng.integers(low, high, n).astype(float),
        "department": rng.choice(["a", "b", "c"], n),
    }
    return study_of(
        side(5, 9), side(1, 4), [(i, i) for i in range(n)],
        {"before": pre, "after": pre + rng.normal(0.3, 1, n)}, **options,
    )  # fmt: skip


def record(result: Result, group: str, term: str = "") -> Estimate:
    return next(e for e in result.estimates if (e.group, e.term) == (group, term))


def chance(study: Study, **rules: Any) -> Study:
    made = replace(study.design.matching, procedure="random", **rules)
    return replace(study, design=replace(study.design, matching=made))


def failed(result: Result) -> dict[str, str]:
    return {check.name: check.detail for check in result.checks if not check.passed}


# -- features ---------------------------------------------------------------------------------


def test_every_way_of_comparing_by_hand() -> None:
    questions = (
        CLOSE,
        Likeness("Hobbies", "words", "hobbies", "hobbies"),
        Likeness("Channel", "same", "channel", "channel", anything=("any",)),
        Likeness("Skills", "teaches", "wants", "offers"),
        Likeness("Back", "teaches", "offers", "wants", learner="junior"),
    )
    study = study_of(
        {
            "interests": [1.0, 4.0, np.nan],
            "hobbies": ["Chess; opera", "chess", "golf"],
            "channel": ["video", "any", "phone"],
            "wants": ["ai;video", "ai", None],
            "offers": ["strategy", "sales;law", "law"],
            "level": [6.0, 7.0, 8.0],
            "department": ["Sales", " legal", None],
        },
        {
            "interests": [4.0, 4.0, 2.0],
            "hobbies": ["chess", "sailing", "golf; CHESS"],
            "channel": ["phone", "phone", "video"],
            "wants": ["strategy;law", "law", "golf"],
            "offers": ["video", "chess", "ai"],
            "level": [2.0, 3.0, np.nan],
            "department": ["sales", "Sales", "Legal"],
        },
        [(0, 0), (1, 1), (2, 2)],
        {"before": [1, 2, 3], "after": [2, 3, 4]},
        matching=Matching(questions=questions),
    )
    found = {one.name: one for one in features_of(study, recorded(study), None)}
    nan = float("nan")
    expected = {
        "Interests": [1 - 3 / 6, 1.0, nan],
        "Hobbies": [1 / 2, 0.0, 1 / 2],  # chess of chess and opera; nothing; golf of golf, chess
        "Channel": [0.0, 1.0, 0.0],
        "Skills": [1 / 2, 0.0, nan],
        "Back": [1 / 2, 1.0, 0.0],  # the junior wants, the senior offers
        "Level gap": [4.0, 4.0, nan],
        "Same department": [1.0, 0.0, nan],
    }
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name].pair, values, err_msg=name)
    # numbers bring themselves, words how well one would fit with the others on average
    assert found["Interests"].traits["senior"].tolist()[:2] == [1.0, 4.0]
    np.testing.assert_allclose(found["Hobbies"].traits["senior"], [(1 / 2 + 0 + 1 / 3) / 3,
                               (1 + 0 + 1 / 2) / 3, (0 + 0 + 1 / 2) / 3])  # fmt: skip
    np.testing.assert_allclose(found["Same department"].traits["junior"], [1 / 2, 1 / 2, 1 / 2])


def test_large_studies_compare_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    study = drawn(9)
    whole = list(features_of(study, recorded(study), None))
    monkeypatch.setattr("rmresearch.analysis.match.features.CELLS", 20)
    for one, piece in zip(whole, features_of(study, recorded(study), None), strict=True):
        np.testing.assert_array_equal(one.pair, piece.pair)
        for role in ("senior", "junior"):
            np.testing.assert_allclose(one.traits[role], piece.traits[role], rtol=1e-14)
        assert piece.every is None


# -- the models against R ---------------------------------------------------------------------


def reference() -> tuple[dict[str, Any], dict[str, Any]]:
    return tuple(json.loads((REFERENCE / f"{n}.json").read_text()) for n in ("input", "output"))


def held(found: Estimate, expected: Mapping[str, float]) -> None:
    """Both are plain linear algebra; 1e-7 leaves room for lmer's search, 1e-5 for its df."""
    assert found.value == pytest.approx(expected["value"], rel=1e-7)
    assert found.se == pytest.approx(expected["se"], rel=1e-6)
    assert found.df == pytest.approx(expected["df"], rel=1e-5)
    for end in ("low", "high"):
        if end in expected:
            assert getattr(found, end) == pytest.approx(expected[end], rel=1e-6)


def r_pairs() -> Study:
    given = reference()[0]["pairs"]
    n = len(given["before"])
    return study_of(
        {"interests": given["senior"]}, {"interests": given["junior"]}, [(i, i) for i in range(n)],
        {"before": given["before"], "after": given["after"]},
    )  # fmt: skip


def test_the_model_of_record_and_the_surface_agree_with_r() -> None:
    result, expected = match_quality(r_pairs(), "skill"), reference()[1]
    found = record(result, "Interests")
    held(found, expected["record"])
    assert found.p == pytest.approx(expected["record"]["p"], rel=1e-6)
    for term, values in expected["surface"].items():
        held(record(result, "Interests", term), values)
        assert record(result, "Interests", term).p is None
    rows = result.table("surface").to_frame()
    np.testing.assert_allclose(
        rows["value"].astype(float), [v["value"] for v in expected["surface"].values()], rtol=1e-7
    )


def test_groups_agree_with_r() -> None:
    given, expected = (one["group"] for one in reference())
    juniors = range(len(given["after"]))
    outcome = replace(SKILL, role="junior")
    study = study_of(
        {"interests": given["senior"]}, {"interests": given["junior"]},
        [(given["set"][j] - 1, j) for j in juniors],
        {"before": given["before"], "after": given["after"]}, outcome=outcome,
    )  # fmt: skip
    result = match_quality(study, "skill")
    held(record(result, "Interests"), expected)
    held(record(result, "Interests", "kenward-roger"), reference()[1]["group_kr"])
    assert "100 pairs on" in failed(result)["congruence as a response surface"]


# -- beside the model -------------------------------------------------------------------------


def test_new_pairs_and_meetings_against_loops() -> None:
    n = 30
    rng = np.random.default_rng(4)
    times = rng.integers(0, 6, n)
    study = drawn(n, seed=3, meetings=times.tolist())
    result = match_quality(study, "skill", features="Interests")
    people = study.participants
    one, other = (people["interests"].to_numpy()[at] for at in (slice(n), slice(n, None)))
    wide = study.wide("skill")
    y, pre = wide["after"].to_numpy(), wide["before"].to_numpy()
    without = np.column_stack([np.ones(n), pre, one, other])
    misses = []
    for x in (np.column_stack([without, 1 - np.abs(one - other) / 6]), without):
        gone = np.array([
            y[i] - x[i] @ np.linalg.lstsq(np.delete(x, i, 0), np.delete(y, i), rcond=None)[0]
            for i in range(n)
        ])  # fmt: skip
        misses.append((gone**2).sum())
    found = record(result, "Interests", "out-of-sample-r2").value
    assert found == pytest.approx(1 - misses[0] / misses[1], rel=1e-9)
    x = np.column_stack([np.ones(n), pre, times])
    dose = record(result, "Meetings held", "dose")
    assert dose.value == pytest.approx(np.linalg.lstsq(x, y, rcond=None)[0][2], rel=1e-9)
    assert dose.p is None
    assert "reverse causation possible" in dose.method
    assert not [e for e in result.estimates if "mediat" in e.term]


def test_holm_over_the_features() -> None:
    result = match_quality(drawn(40, seed=7), "skill")
    p = {e.group: e.p for e in result.estimates if e.term == ""}
    assert len(p) == 3
    ordered = sorted(p, key=lambda name: p[name])
    running = 0.0
    for k, name in enumerate(ordered):  # Holm 1979 by hand
        running = max(running, min(1.0, (3 - k) * p[name]))
        assert record(result, name, "holm").p == pytest.approx(running)


def test_the_shape_is_a_look_from_forty_people_on() -> None:
    many = match_quality(drawn(60, seed=1), "skill", features="Interests")
    rows = many.table("shape").to_frame()
    assert rows["at"].tolist() == ["10%", "25%", "50%", "75%", "90%"]
    assert rows["difference"][2] == 0.0
    few = match_quality(drawn(30, seed=1), "skill", features="Interests")
    assert "shape" not in {table.name for table in few.tables}


# -- chance -----------------------------------------------------------------------------------


@pytest.mark.parametrize("procedure", ["unknown", "self-selected", "rules", "score", "optimal"])
def test_no_permutation_p_unless_chance_matched(procedure: str) -> None:
    study = drawn()
    made = replace(study.design.matching, procedure=procedure)
    result = match_quality(replace(study, design=replace(study.design, matching=made)), "skill")
    assert not [e for e in result.estimates if e.term == "permutation"]
    assert {e.estimand for e in result.estimates if e.term == ""} == {"association, observational"}
    assert "association, observational" in failed(result)["permutation of pairings"]


def test_exact_permutation_within_blocks() -> None:
    """12 pairs at 3 sites of 4: 4!^3 arrangements, fewer than 100,000, so that all are tried."""
    rng = np.random.default_rng(2)
    n = 12
    side = lambda: {"interests": rng.uniform(1, 7, n), "stratum": [f"x{i // 4}" for i in range(n)]}  # noqa: E731
    study = study_of(
        side(), side(), [(i, i) for i in range(n)],
        {"before": rng.normal(3, 1, n), "after": rng.normal(3, 1, n)},
    )  # fmt: skip
    result = match_quality(chance(study, same=("stratum",)), "skill")
    found = record(result, "Interests", "permutation")
    assert "all 13,824 admissible arrangements" in found.method
    assert found.p == found.value
    assert 1 / 13_824 <= found.value <= 1
    assert found.estimand == "pairs matched by chance"
    again = match_quality(chance(study, same=("stratum",)), "skill", seed=99)
    assert record(again, "Interests", "permutation").p == found.p


def test_drawn_permutation_is_seeded_and_says_its_error() -> None:
    study = chance(drawn(), level_gap=2)
    first, again = (match_quality(study, "skill", draws=500, seed=5) for _ in range(2))
    assert first == again
    found = record(first, "Interests", "permutation")
    assert "500 random ones" in found.method
    assert "Monte Carlo error" in found.method
    assert found.p is not None
    assert found.p >= 1 / 501


def test_pairs_that_break_the_rules_stop_the_test() -> None:
    result = match_quality(chance(drawn(), level_gap=6), "skill")
    assert not [e for e in result.estimates if e.term == "permutation"]
    said = failed(result)["permutation of pairings"]
    assert "recorded pairs are not admissible" in said
    assert "[matching.rules]" in said


def test_few_pairs_get_no_permutation_p() -> None:
    result = match_quality(chance(drawn(8)), "skill", features="Interests")
    found = record(result, "Interests", "permutation")
    assert found.value is None
    assert found.p is None
    assert "With so few clusters" in next(
        check.detail for check in result.checks if check.name == "permutation of pairings"
    )


# -- what must not matter, and what is refused -------------------------------------------------


def test_rows_and_ids_change_nothing() -> None:
    study = chance(drawn(seed=9), level_gap=2)
    expected = match_quality(study, "skill", draws=200)
    rng = np.random.default_rng(1)
    codes = {
        one: f"q{k:03d}"
        for one, k in zip(study.participants["person"], rng.permutation(48), strict=True)
    }

    def mixed(frame: pd.DataFrame) -> pd.DataFrame:
        columns = [c for c in ("person", "rater", "junior", "senior") if c in frame]
        renamed = frame.assign(**{c: frame[c].map(codes).astype("str") for c in columns})
        return renamed.iloc[rng.permutation(len(frame))].reset_index(drop=True)

    names = ("participants", "pairs", "measures")
    found = match_quality(
        replace(study, **{name: mixed(getattr(study, name)) for name in names}), "skill", draws=200
    )
    for one, other in zip(found.estimates, expected.estimates, strict=True):
        assert one.key == other.key
        for name in ("value", "se", "low", "high", "df", "p"):
            a, b = getattr(one, name), getattr(other, name)
            assert (a is None) == (b is None)
            assert b is None or a == pytest.approx(b, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("shift, scale", [(1e4, 1.0), (-30.0, 0.01)])
def test_origin_and_unit_of_scores(shift: float, scale: float) -> None:
    study = chance(drawn(seed=9))
    expected = match_quality(study, "skill", draws=200)
    moved = replace(
        study, measures=study.measures.assign(value=study.measures["value"] * scale + shift)
    )
    for one, other in zip(
        match_quality(moved, "skill", draws=200).estimates, expected.estimates, strict=True
    ):
        factor = scale if other.term in {"", "dose", "kenward-roger"} else 1.0
        assert one.value == pytest.approx(other.value * factor, rel=1e-8, abs=1e-8)
        assert one.p == (None if other.p is None else pytest.approx(other.p, rel=1e-7))


def test_columns_and_arms_that_nobody_uses_change_nothing() -> None:
    study = chance(drawn(24, arm=(["on"] * 16 + ["off"] * 8) * 2))
    expected = match_quality(study, "skill", draws=200)
    more = replace(
        study,
        participants=study.participants.assign(shoe_size=41.0),
        design=replace(study.design, arms=(*study.design.arms, Arm("empty", "Empty", True))),
    )
    assert match_quality(more, "skill", draws=200).estimates == expected.estimates


def test_one_role_without_gains_leaves_the_other_answered() -> None:
    both = replace(SKILL, role="all")
    study = drawn(outcome=replace(SKILL, role="senior"))
    study = replace(study, design=replace(study.design, outcomes=(both,)))
    result = match_quality(study, "skill")
    assert {e.role for e in result.estimates} == {"senior"}
    assert "junior: nobody in a programme pair answered" in failed(result)["gains are known"]


def test_missing_numbers_stay_with_their_people() -> None:
    study = chance(drawn(seed=6))
    people = study.participants.copy()
    people.loc[people["person"].isin(["s003", "j007"]), "interests"] = np.nan
    measures = study.measures
    measures = measures[~((measures["person"] == "s001") & (measures["wave"] == "after"))]
    result = match_quality(
        replace(study, participants=people, measures=measures), "skill", draws=300
    )
    assert record(result, "Interests").n_people == 21
    assert record(result, "Level gap").n_people == 23
    assert record(result, "Interests", "permutation").p is not None
    assert {d.reason: d.people for d in result.dropped} == {"senior: no answer at after": 1}


def test_what_was_rated_later_is_no_predictor() -> None:
    study = drawn()
    later = Outcome("fit", "Says that the two match", "all", ("fit",), kirkpatrick=1)
    study = replace(study, design=replace(study.design, outcomes=(SKILL, later)))
    with pytest.raises(StudyError, match=r"rated later, partly an outcome \(a collider\)"):
        match_quality(study, "skill", features=["fit"])
    with pytest.raises(StudyError, match="no match feature 'hobbies'; known before the start: Int"):
        match_quality(study, "skill", features=["hobbies"])


def test_people_without_the_programme_are_not_asked() -> None:
    study = drawn(24, arm=(["on"] * 16 + ["off"] * 8) * 2)
    result = match_quality(study, "skill", features="Interests")
    assert record(result, "Interests").n_people == 16
    none = replace(study, participants=study.participants.assign(arm="off"))
    with pytest.raises(StudyError, match="no pair of a programme arm"):
        match_quality(none, "skill")


@pytest.mark.parametrize(
    "n, said", [(1, "a single person"), (3, "too few for"), (5, "too few for")]
)
def test_too_few_pairs_are_refused_plainly(n: int, said: str) -> None:
    with pytest.raises(FitError, match=said):
        match_quality(drawn(n), "skill")


def test_no_variance_no_baseline_no_follow_up() -> None:
    study = drawn()
    flat = study.measures.assign(value=3.0)
    with pytest.raises(FitError, match="none gained more than another"):
        match_quality(replace(study, measures=flat), "skill")
    for wave, said in (
        ("before", "nobody answered before the start"),
        ("after", "after the start"),
    ):
        gone = study.measures[study.measures["wave"] != wave]
        with pytest.raises(StudyError, match=said):
            match_quality(replace(study, measures=gone), "skill")
    with pytest.raises(StudyError, match="no answers after the start at wave before"):
        match_quality(study, "skill", wave="before")


def test_a_constant_feature_is_said_and_the_others_answered() -> None:
    study = drawn()
    same = study.participants.assign(department="a")
    result = match_quality(replace(study, participants=same), "skill")
    assert {e.group for e in result.estimates if e.term == ""} == {"Interests", "Level gap"}
    assert "the same in every pair" in failed(result)["feature can be estimated"]


def test_a_fit_that_the_traits_add_up_to_is_said() -> None:
    study = drawn()
    people = study.participants.copy()
    people["interests"] = np.where(people["role"] == "senior", 5.0, 1.0) + people["interests"] / 10
    result = match_quality(replace(study, participants=people), "skill")
    assert (
        "cannot be told from what the two people bring"
        in failed(result)["feature can be estimated"]
    )


def test_without_features_pairs_or_ids() -> None:
    study = drawn()
    bare = study.participants.assign(level=np.nan, department=pd.Series(dtype="str"))
    nothing = replace(study.design, matching=Matching())
    with pytest.raises(StudyError, match="no match feature is known"):
        match_quality(replace(study, participants=bare, design=nothing), "skill")
    with pytest.raises(StudyError, match="no person ids"):
        match_quality(replace(study, design=replace(study.design, linked=False)), "skill")
    gain = replace(study.design, outcomes=(replace(SKILL, timing="gain"),))
    with pytest.raises(StudyError, match="it has no gain"):
        match_quality(replace(study, design=gain), "skill")
    with pytest.raises(ValueError, match="draws must be at least 1"):
        match_quality(study, "skill", draws=0)


def test_one_large_set_is_refused() -> None:
    """Everybody linked through a junior whom all share: nobody is independent of anybody."""
    n = 20
    study = drawn(n)
    links = pd.concat(
        [study.pairs, study.pairs.assign(pair=lambda t: t["pair"] + "b", junior="j000")]
    )
    linked = replace(
        study, pairs=links.drop_duplicates(["junior", "senior"]).reset_index(drop=True)
    )
    with pytest.raises(FitError, match="all 20 people are linked by pairs into one set"):
        match_quality(linked, "skill", features="Interests")


def test_members_stand_behind_every_number_and_leave_by_the_door() -> None:
    study = chance(drawn(30))
    result = match_quality(study, "skill", draws=200)
    seniors = set(study.participants["person"][:30])
    for one in result.estimates:
        assert one.members <= seniors
        assert one.n_people == len(one.members) > 0
    for shown in result.tables:
        for row in shown.rows:
            assert all(cell.members for cell in row if cell.kind != "label")
    out = release({"match_quality:skill": result}, study)
    told = {(e.group, e.term): e for e in out.estimates}
    one = record(result, "Interests")
    assert told["Interests", ""].value == pytest.approx(one.value, abs=0.05)
    text = out.to_json()
    assert not [person for person in seniors if person in text]
    few = match_quality(drawn(9), "skill", features="Interests")
    assert release({"match_quality:skill": few}, drawn(9)).estimates[0].hidden
