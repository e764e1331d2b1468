"""mixed_model against R, dense likelihoods and hand calculations, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rmresearch.analysis.mixed import mixed_model
from rmresearch.errors import FitError, StudyError
from rmresearch.report import words
from rmresearch.result import Estimate, Result
from rmresearch.study import Study, Wave

from .drawn import REFERENCE, drawn_study
from .studies import SKILL, make_study, table

BOTH = replace(SKILL, role="all")


def one(result: Result, term: str = "", **key: str) -> Estimate:
    found = [
        e
        for e in result.estimates
        if e.term == term and all(getattr(e, name) == value for name, value in key.items())
    ]
    assert len(found) == 1, [(e.term, e.group, e.wave) for e in result.estimates]
    return found[0]


def balanced(seed: int = 4, n: int = 16, waves: int = 3) -> Any:
    """Scores of n people at each wave, nobody missing."""
    rng = np.random.default_rng(seed)
    return 4 + rng.normal(0, 0.8, (n, 1)) + rng.normal(0, 0.6, (n, waves))


def study_of(values: Any, **options: Any) -> Study:
    names = ("before", "after", "later")[: values.shape[1]]
    items = {name: list(values[:, t]) for t, name in enumerate(names)}
    return make_study({"skill": items}, **options)


# Against R ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alone", "sets"])
def test_agrees_with_r(name: str) -> None:
    expected = json.loads((REFERENCE / "waves.json").read_text("utf-8"))["mixed"][name]
    result = mixed_model(drawn_study(name), "skill")
    assert len([e for e in result.estimates if e.term == ""]) == len(expected["means"])
    for cell, theirs in expected["means"].items():
        arm, _, months = cell.partition(" ")
        place = {"group": arm, "wave": f"m{months}"}
        found, own = one(result, **place), one(result, "kenward-roger", **place)
        # trust.md section 3
        assert (found.value, found.se) == pytest.approx(
            (theirs["estimate"], theirs["se"]), rel=1e-6
        )
        assert found.df == pytest.approx(theirs["df"], rel=1e-4)
        assert own.se == pytest.approx(theirs["kr_se"], rel=1e-6)
        assert own.df == pytest.approx(theirs["kr_df"], rel=1e-4)
        assert found.p is own.p is None
    # lme4's variances are squares of a search that ends at about 1e-8
    sizes = {k.replace("Residual", "residual"): v for k, v in expected["variances"].items()}
    total = sum(sizes.values())
    for group, size in sizes.items():
        assert one(result, "variance", group=group).value == pytest.approx(size, rel=1e-6)
        share = one(result, "variance-share", group=group).value
        assert share == pytest.approx(size / total, rel=1e-6)
    assert one(result, "icc", group="person").value == pytest.approx(
        1 - sizes["residual"] / total, rel=1e-6
    )
    test = one(result, "slope-test")
    assert test.value == pytest.approx(expected["slope_test"], abs=1e-6)
    assert test.p == pytest.approx(expected["slope_p"], rel=1e-5)
    assert one(result, "slope-sd").value == pytest.approx(expected["slope_sd"], rel=1e-4)


# By hand ------------------------------------------------------------------------------------


def test_balanced_variances_are_mean_squares() -> None:
    values = balanced()
    n, waves = values.shape
    people = waves * ((values.mean(axis=1) - values.mean()) ** 2).sum() / (n - 1)
    left = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    error = (left**2).sum() / ((n - 1) * (waves - 1))
    result = mixed_model(study_of(values), "skill", slope=False)
    between = (people - error) / waves
    assert one(result, "variance", group="person").value == pytest.approx(between, rel=1e-8)
    assert one(result, "variance", group="residual").value == pytest.approx(error, rel=1e-8)
    alike = one(result, "icc")
    assert alike.value == pytest.approx(between / (between + error), rel=1e-8)
    share = one(result, "variance-share", group="person")
    assert (alike.low, alike.high) == (share.low, share.high)
    # complete answers: a wave's mean is the mean, and its CR2 error that of the mean
    for t, wave in enumerate(("before", "after", "later")):
        mean = one(result, wave=wave)
        assert mean.value == pytest.approx(values[:, t].mean(), rel=1e-10)
        assert mean.se == pytest.approx(values[:, t].std(ddof=1) / np.sqrt(n), rel=1e-8)
        assert mean.df == pytest.approx(n - 1, rel=1e-8)


def test_growth_of_complete_answers_is_the_mean_of_the_persons_slopes() -> None:
    values = balanced()
    months = np.array([0.0, 6, 12])
    slopes = values @ (months - 6) / ((months - 6) ** 2).sum()
    result = mixed_model(study_of(values), "skill", time="linear")
    found = one(result, "growth")
    n = len(values)
    assert found.value == pytest.approx(slopes.mean(), rel=1e-8)
    assert found.se == pytest.approx(slopes.std(ddof=1) / np.sqrt(n), rel=1e-8)
    assert found.df == pytest.approx(n - 1, rel=1e-6)
    assert [t.name for t in result.tables] == ["variances", "growth"]
    assert not next(c for c in result.checks if "exploratory" in c.name).passed


# Both roles ---------------------------------------------------------------------------------


def both_roles(seed: int = 6, pairs: int = 14) -> Study:
    """Pairs whose members are alike, both asked the same at three waves."""
    rng = np.random.default_rng(seed)
    shared = np.repeat(rng.normal(0, 0.7, pairs), 2)
    person = shared + rng.normal(0, 0.5, 2 * pairs)
    values = 4 + person[:, None] + rng.normal(0, 0.5, (2 * pairs, 3))
    role = ["senior", "junior"] * pairs
    study = study_of(values, outcomes=[BOTH], role=role, juniors=[None] * (2 * pairs))
    ids = [f"s{i:03d}" for i in range(2 * pairs)]
    made = table("pairs", {"pair": [f"p{k}" for k in range(pairs)], "senior": ids[::2],
                           "junior": ids[1::2]})  # fmt: skip
    return replace(study, pairs=made)


def test_together_a_person_lies_within_a_pair() -> None:
    study = both_roles()
    result = mixed_model(study, "skill", roles="together")
    values = study.wide("skill").to_numpy()
    pairs, people, waves = 14, 28, 3
    rows = (
        values
        - np.concatenate([np.tile(values[k::2].mean(axis=0), (1, 1)) for k in (0, 1)])[
            np.arange(people) % 2
        ]
    )
    # each role has its own means by wave, so the strata are balanced: expected mean squares
    by_person = rows.mean(axis=1)
    by_pair = by_person.reshape(pairs, 2).mean(axis=1)
    error = ((rows - by_person[:, None]) ** 2).sum() / ((people - 2) * (waves - 1))
    within = waves * ((by_person - np.repeat(by_pair, 2)) ** 2).sum() / (pairs - 1)
    between = 2 * waves * (by_pair**2).sum() / (pairs - 1)
    sizes = [one(result, "variance", group=g).value for g in ("person", "pair", "residual")]
    assert sizes == pytest.approx(
        [(within - error) / waves, (between - within) / (2 * waves), error], rel=1e-7
    )
    total = sum(size for size in sizes if size is not None)
    assert sizes[1] is not None
    assert one(result, "icc", group="pair").value == pytest.approx(sizes[1] / total, rel=1e-7)
    assert {e.role for e in result.estimates if e.term == ""} == {"senior", "junior"}
    assert one(result, "icc", group="pair").n_clusters == 14
    person, residual = one(result, "icc", group="person"), one(
        result, "variance-share", group="residual"
    )  # fmt: skip
    assert residual.low is not None
    assert person.high == pytest.approx(1 - residual.low, rel=1e-12)
    apart = mixed_model(study, "skill")
    assert {e.role for e in apart.estimates} == {"senior", "junior"}
    assert {e.group for e in apart.estimates if e.term == "variance"} == {"person", "residual"}


# Intervals of shares ------------------------------------------------------------------------


def test_shares_have_profile_intervals() -> None:
    # two levels, unbalanced: the deviance by dense matrices on a grid, minimised over the rest
    study = drawn_study("sets")
    result = mixed_model(study, "skill", slope=False)
    wide = study.wide("skill")
    person, wave = np.nonzero(~np.isnan(wide.to_numpy()))
    y = wide.to_numpy()[person, wave]
    sets = study.sets().loc[wide.index].to_numpy()[person]
    arm = study.participants.set_index("person").loc[wide.index, "arm"].to_numpy()[person]
    cells = [f"{a} {t}" for a, t in zip(arm, wave, strict=True)]
    x = np.array([[c == name for name in sorted(set(cells))] for c in cells], float)
    same = [(u[:, None] == u).astype(float) for u in (person, sets)]

    def deviance(shares: Any) -> float:
        v = shares[0] * same[0] + shares[1] * same[1] + shares[2] * np.eye(len(y))
        w = np.linalg.inv(v)
        inner = x.T @ w @ x
        left = y - x @ np.linalg.solve(inner, x.T @ w @ y)
        free = len(y) - x.shape[1]
        return float(
            np.linalg.slogdet(v)[1] + np.linalg.slogdet(inner)[1] + free * np.log(left @ w @ left)
        )

    def profile(r: float) -> float:
        """Share of the set at r, the person's part of the rest on a grid."""
        parts = np.linspace(0, 0.995, 200)
        return min(deviance(((1 - r) * part, r, (1 - r) * (1 - part))) for part in parts)

    found = one(result, "variance-share", group="set")
    sizes = [one(result, "variance-share", group=g).value for g in ("person", "set", "residual")]
    limit = deviance(sizes) + stats.chi2.ppf(0.95, 1)
    assert found.low is not None
    assert found.high is not None
    # the grid of 200 leaves the minimum within 1e-3 of the deviance
    assert profile(found.low) == pytest.approx(limit, abs=2e-3)
    assert profile(found.high) == pytest.approx(limit, abs=2e-3)


def test_a_level_that_shows_nothing_has_a_share_from_zero_and_a_check() -> None:
    # people's means are closer than chance would have them: mean squares below the error's
    values = balanced()
    values = values - values.mean(axis=1, keepdims=True) + 0.01 * values[:, [0]]
    result = mixed_model(study_of(values), "skill", slope=False)
    share = one(result, "variance-share", group="person")
    assert (share.value, share.low) == (0.0, 0.0)
    assert share.high is not None
    assert share.high > 0
    assert not next(c for c in result.checks if c.name == "variances above 0").passed


# Who counts ---------------------------------------------------------------------------------


def test_people_and_reasons_are_counted() -> None:
    values = balanced(n=24)
    values[0] = np.nan
    values[1, 1:] = np.nan
    arm = ["programme"] * 12 + ["comparison"] * 11 + [None]
    result = mixed_model(study_of(values, arm=arm), "skill")
    gone = {(d.reason, d.people) for d in result.dropped}
    assert gone == {("senior: no arm recorded", 1), ("senior: no answer that counts", 1)}
    frame = result.table("means").to_frame()
    assert list(frame["people"]) == [11, 10, 10, 11, 11, 11]
    share = one(result, "variance-share", group="person")
    assert share.n_people == 22
    # 6 means, two variances; those of one arm share no mean with the other
    assert share.parameters == 8
    mean = one(result, group="programme", wave="after")
    assert (mean.n_people, mean.parameters) == (10, 3)
    assert mean.members == frozenset(f"s{i:03d}" for i in range(2, 12))


def test_answers_after_a_crossover_do_not_count() -> None:
    values = balanced(n=24)
    arm = ["programme"] * 12 + ["comparison"] * 12
    options: dict[str, Any] = {"arm": arm, "kind": "waitlist", "start": date(2025, 1, 1)}
    late = study_of(values, crossover_date=[None] * 12 + [date(2025, 9, 1)] * 12, **options)
    blank = values.copy()
    blank[12:, 2] = np.nan
    first = mixed_model(late, "skill")
    second = mixed_model(study_of(blank, **options), "skill")
    assert first.estimates == second.estimates
    assert ("senior: answered after crossing over", 12, 12) in {
        (d.reason, d.people, d.rows) for d in first.dropped
    }


def test_few_clusters_give_no_interval_and_no_p() -> None:
    five = mixed_model(study_of(balanced(n=5)), "skill")
    assert {(e.se, e.low, e.p) for e in five.estimates} == {(None, None, None)}
    assert one(five, wave="later").value is not None
    nine = mixed_model(study_of(balanced(n=9)), "skill")
    assert all(e.p is None for e in nine.estimates)


# What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked, error, message",
    [
        ({"random": ("pair", "person")}, FitError, "person and pair are the same groups"),
        ({"random": ("pair", "set")}, FitError, "pair and set are the same groups"),
        ({"random": "team"}, ValueError, "person, pair, partner, set"),
        ({"random": ()}, ValueError, "person, pair, partner, set"),
        ({"time": "months"}, ValueError, "wave, linear"),
        ({"roles": "both"}, ValueError, "apart or together"),
        ({"roles": "together"}, StudyError, "of the role senior only"),
        ({"level": 95}, ValueError, "level"),
    ],
)
def test_what_cannot_be_asked(asked: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        mixed_model(study_of(balanced()), "skill", **asked)


@pytest.mark.parametrize("rings", [1, 4])
def test_people_with_several_partners_have_their_set_and_no_crossed_effects(rings: int) -> None:
    """Each senior has two juniors and each junior two seniors, in rings of 12 or of 3 pairs."""
    values, size = balanced(n=12), 12 // rings
    study = study_of(values, juniors=[f"j{i:02d}" for i in range(12)])
    ahead = [f"j{i // size * size + (i + 1) % size:02d}" for i in range(12)]
    more = study.pairs.assign(pair=[f"q{i:02d}" for i in range(12)], junior=ahead)
    study = replace(study, pairs=pd.concat([study.pairs, more], ignore_index=True))
    assert study.sets().nunique() == rings
    result = mixed_model(study, "skill")
    levels = {e.group for e in result.estimates if e.term == "variance"}
    assert levels == ({"person", "residual"} if rings == 1 else {"person", "set", "residual"})
    (said,) = [c.detail for c in result.checks if c.name == "one partner each"]
    assert ("one set" in said) is (rings == 1)
    means = [e for e in result.estimates if e.term == ""]
    # the means of complete answers are the plain ones; 1 and 4 clusters carry no interval
    assert [e.value for e in means] == pytest.approx(values.mean(axis=0), rel=1e-9)
    assert all(e.low is None and e.se is None for e in means)


def ring(by_r: Any, drop: int = 0) -> Study:
    """R's ratings: 12 seniors, each rated by the juniors of two pairs; one connected ring."""
    rows = pd.DataFrame(by_r("descriptives")[0]["ring"])
    rows = rows.iloc[drop:]
    rows["wave"] = rows["wave"].map(dict(enumerate(("before", "after", "later"), start=1)))
    named = {name: name[0] + rows[name].astype(str) for name in ("pair", "senior", "junior")}
    pairs = pd.DataFrame(named).drop_duplicates()
    people = [*dict.fromkeys(pairs["senior"]), *dict.fromkeys(pairs["junior"])]
    study = study_of(balanced(n=12), outcomes=[replace(SKILL, source="partner")])
    return replace(
        study,
        participants=table(
            "participants",
            {"person": people, "role": ["senior" if p[0] == "s" else "junior" for p in people]},
        ),
        pairs=table("pairs", {name: list(pairs[name]) for name in pairs}),
        measures=table(
            "measures",
            {"person": list(named["senior"]), "rater": list(named["junior"]),
             "pair": list(named["pair"]), "wave": list(rows["wave"]),
             "item": ["skill"] * len(rows), "value": list(rows["score"].astype(float))},
        ),
    )  # fmt: skip


def test_answers_for_each_pair_have_crossed_effects_as_lme4_has_them(by_r: Any) -> None:
    """One connected set carries no CR2: Kenward and Roger's errors of crossed effects stand in."""
    said = by_r("descriptives")[1]["ring"]
    result = mixed_model(ring(by_r), "skill")
    groups = {"pair": "pair", "person": "senior", "partner": "junior", "residual": "Residual"}
    # lme4 stops its search at about 1e-6 of a variance (tests/reference/lmm/README.md)
    for level, theirs in groups.items():
        variance = one(result, "variance", group=level).value
        assert variance == pytest.approx(said["variances"][theirs], rel=1e-4, abs=1e-6), level
    for wave, told in zip(("before", "after", "later"), said["means"], strict=True):
        mean = one(result, "", wave=wave)
        assert mean.value == pytest.approx(told["value"], rel=1e-6)
        assert mean.se == pytest.approx(told["se"], rel=1e-5)
        assert mean.df == pytest.approx(told["df"], rel=1e-4)
        half = stats.t.ppf(0.975, mean.df) * mean.se
        assert (mean.low, mean.high) == pytest.approx((mean.value - half, mean.value + half))
        assert (mean.n_people, mean.p) == (12, None)
        assert "CR2 is not possible here" in mean.method
    shares = {level: one(result, "variance-share", group=level).value for level in groups}
    assert sum(shares.values()) == pytest.approx(1.0)
    # two ratings of one pair share all three levels, two of one senior only the senior's own
    alike = one(result, "icc", group="pair").value
    assert alike == pytest.approx(1.0 - shares["residual"])
    assert one(result, "icc", group="person").value == shares["person"]
    told = words.lasting(one(result, "variance-share", group="partner"), ring(by_r).design)
    assert "is between their partners and lasts" in told


@pytest.mark.parametrize("random", ["person", "partner", ("pair", "person")])
def test_errors_of_a_model_that_leaves_a_sharing_out_are_none(by_r: Any, random: Any) -> None:
    """One connected set: without the partner (or the person) in it a model is far too sure."""
    mean = one(mixed_model(ring(by_r), "skill", random=random), "", wave="after")
    assert mean.value is not None
    assert (mean.se, mean.low, mean.high) == (None, None, None)


def test_two_partners_are_too_few_to_judge_by(by_r: Any) -> None:
    study = ring(by_r)
    two = {name: f"j{place % 2}" for place, name in enumerate(study.pairs["junior"].unique())}
    study = replace(
        study,
        pairs=study.pairs.assign(junior=study.pairs["junior"].map(two)),
        measures=study.measures.assign(rater=study.measures["rater"].map(two)),
    )
    result = mixed_model(study, "skill")
    assert one(result, "variance", group="partner").value is not None
    mean = one(result, "", wave="after")
    assert (mean.se, mean.low, mean.high) == (None, None, None)


def test_answers_lost_with_a_pair_and_what_cannot_be_crossed(by_r: Any) -> None:
    lost = mixed_model(ring(by_r, drop=3), "skill")  # the first pair has no answers at all
    assert one(lost, "", wave="before").n_people == 12
    nameless = ring(by_r)
    rows = nameless.measures.copy()
    rows.loc[0, "pair"] = None
    plain = mixed_model(replace(nameless, measures=rows), "skill")
    assert {e.group for e in plain.estimates if e.term == "variance"} == {"person", "residual"}
    with pytest.raises(StudyError, match="partners cannot be told from people"):
        mixed_model(study_of(balanced()), "skill", random="partner")


def test_a_person_in_several_pairs_has_no_single_pair() -> None:
    study = both_roles()
    pairs = study.pairs.assign(junior=study.pairs["junior"].replace("s003", "s001"))
    study = replace(study, pairs=pairs)
    with pytest.raises(StudyError, match="in several pairs"):
        mixed_model(study, "skill", roles="together", random=("person", "pair"))
    linked = mixed_model(study, "skill", roles="together")
    assert {e.group for e in linked.estimates if e.term == "icc"} == {"person", "set"}


@pytest.mark.parametrize(
    "options, message",
    [({"linked": False}, "no person ids"), ({}, "fewer than two waves")],
)
def test_what_the_data_do_not_allow(options: dict[str, Any], message: str) -> None:
    values = balanced(waves=3 if options else 1)
    with pytest.raises(StudyError, match=message):
        mixed_model(study_of(values, **options), "skill")


def test_one_answer_each_is_refused_in_the_units_names() -> None:
    values = np.full((12, 3), np.nan)
    values[np.arange(12), np.arange(12) % 3] = balanced(n=12)[:, 0]
    with pytest.raises(FitError, match="senior: the random term of the person"):
        mixed_model(study_of(values), "skill")


def test_scores_that_never_vary_have_means_and_nothing_else() -> None:
    result = mixed_model(study_of(np.full((12, 3), 3.0)), "skill")
    assert one(result, wave="later").value == pytest.approx(3.0, rel=1e-12)
    assert {e.se for e in result.estimates} == {None}
    assert one(result, "variance-share", group="person").value is None


def test_two_waves_leave_out_the_slope_and_say_so() -> None:
    waves = (Wave("before", "Before", 0, baseline=True), Wave("after", "After", 6))
    result = mixed_model(study_of(balanced(waves=2), waves=waves), "skill")
    failed = next(c for c in result.checks if c.name == "slope over time in the model")
    assert not failed.passed
    assert "distinct times" in failed.detail
    assert "slope-sd" not in {e.term for e in result.estimates}
