"""Sweeps: planned before they run, the same whoever runs the blocks, nothing lost in silence."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rmresearch as rm
from rmresearch.result import Call, Estimate, Result
from rmresearch.whatif.plan import KERNELS, plan
from rmresearch.whatif.run import run
from rmresearch.whatif.source import source
from rmresearch.whatif.tally import Moments
from rmresearch.world.gaussian import Gaussian, draw_gaussian
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario

SMALL = Gaussian(programme=4, comparison=4)
GROUP = Levers(format="group", juniors=2)
KEY = ["scenario", "replicate", "role", "outcome", "wave", "contrast", "group", "estimand", "term"]


def arms(study: rm.Study, outcome: str) -> Result:
    """The shipped function, which a sweep does not recognise: study after study."""
    return rm.compare_arms(study, outcome, rerandomise=False)


def changes(study: rm.Study, outcome: str) -> Result:
    return rm.pre_post(study, outcome)


def swept(scenarios: Any, analysis: Any = rm.compare_arms, **given: Any) -> Any:
    given = {"outcome": "score", "replicates": 40, "seed": 3, "keep": True} | given
    return rm.sweep(scenarios, analysis, **given)


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        (Gaussian(programme=6, comparison=5), "score"),
        (Gaussian(programme=10, comparison=12, people=1, dropout=0.3), "score"),
        (Gaussian(programme=4, comparison=4, people=1, dropout=0.5), "score"),
        (Gaussian(programme=4, comparison=12, people=3, tie="ring", dropout=0.2), "score"),
        (Gaussian(programme=2, comparison=2, people=6, tie="department"), "score"),
        (Gaussian(programme=11, comparison=20, unpaired=True, dropout=0.1), "score"),
        (Gaussian(programme=6, comparison=5, waves=3), "score"),
        (Gaussian(programme=5, comparison=8, waves=4, slope_sd=0.3), "score"),
        (Gaussian(programme=11, comparison=10, people=1, waves=4, slope_sd=0.3), "score"),
        (Gaussian(programme=9, comparison=8, waves=4, slope_sd=0.3, dropout=0.3), "score"),
        (Gaussian(programme=8, comparison=9, waves=3, unpaired=True, dropout=0.2), "score"),
        (Scenario(pairs=24, design=Setting(waves=(0, 6))), "digital_skill"),
        (Scenario(pairs=28, nature=Nature(response=1.0, response_start=1.0)), "digital_skill"),
        (Scenario(pairs=24, design=Setting(sites=1)), "digital_skill"),
        (Scenario(pairs=14, design=Setting(waves=(0, 6), sites=5)), "leadership_confidence"),
        (Scenario(pairs=24, comparison="pool", design=Setting(waves=(0, 6))), "digital_skill"),
        (Scenario(pairs=24, comparison="control", design=Setting(waves=(0, 6))), "digital_skill"),
        (Scenario(pairs=36, levers=GROUP, design=Setting(waves=(0, 6))), "leadership_confidence"),
        (Scenario(pairs=36, levers=GROUP, design=Setting(waves=(0, 6))), "digital_skill"),
    ],
    ids=["sets", "pairs", "arms that vanish", "rings", "departments", "unpaired", "three waves",
         "slopes", "slopes of people", "dropout by waves", "waves without chance", "wait-list",
         "wait-list, three waves",
         "one site", "strata that vanish", "pool", "control", "juniors of groups",
         "seniors of groups"],
)  # fmt: skip
def test_arrays_say_what_the_shipped_comparison_says(scenario: Any, outcome: str) -> None:
    agree(scenario, outcome, rm.compare_arms, arms, least=2, replicates=3)


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        (Gaussian(programme=6), "score"),
        (Gaussian(programme=12, people=1, dropout=0.4), "score"),
        (Gaussian(programme=3, people=1, dropout=0.5), "score"),
        (Gaussian(programme=5, comparison=4, people=3, waves=3, dropout=0.3), "score"),
        (Scenario(pairs=20), "visibility"),
    ],
    ids=["sets", "pairs", "too few", "two arms", "scenario"],
)
def test_arrays_say_what_the_shipped_change_says(scenario: Any, outcome: str) -> None:
    agree(scenario, outcome, rm.pre_post, changes, least=2, replicates=4)


def agree(
    scenario: Any, outcome: str, on_arrays: Any, on_studies: Any, least: int, replicates: int
) -> None:
    """Every figure that a judgement uses, replicate by replicate, failures too."""
    fast = swept(scenario, on_arrays, outcome=outcome, replicates=replicates)
    slow = swept(scenario, on_studies, outcome=outcome, replicates=replicates)
    one, two = (found.estimates.query("term == ''").set_index(KEY) for found in (fast, slow))
    one = one.dropna(subset="value")
    two = two.dropna(subset="value").reindex(one.index)
    assert len(one) >= least
    for name in ("gives_se", "gives_interval", "gives_p"):
        assert one[name].tolist() == two[name].tolist(), name
    for name in ("value", "latent", "as_reported"):
        assert one[name].to_numpy() == pytest.approx(two[name].to_numpy(), abs=1e-10, nan_ok=True)
    shown = one["gives_se"].astype(bool)
    for name in ("se", "df", "p", "low", "high"):
        left, right = one.loc[shown, name].to_numpy(), two.loc[shown, name].to_numpy()
        # other sums in another order: 1e-10 of numbers of size 1 to 50
        assert left == pytest.approx(right, rel=1e-10, abs=1e-10), name
    fast, slow = (found.failures.drop(columns="analysis") for found in (fast, slow))
    assert fast.to_dict() == slow.to_dict()


def test_a_study_is_the_cohort_of_its_place_whatever_the_number() -> None:
    few, many = (swept(SMALL, replicates=n).estimates for n in (30, 2_100))
    pd.testing.assert_frame_equal(few, many[many["replicate"] < 30].reset_index(drop=True))


def copied(task: Any) -> Any:
    """As it arrives at another process."""
    return pickle.loads(pickle.dumps(task))  # noqa: S301 (our own bytes)


def test_blocks_in_any_hands_give_the_same_bytes() -> None:
    def backwards(task: Any, tasks: Iterable[Any]) -> Iterator[Any]:
        """Another worker: each task is sent away, and the last is done first."""
        done = [copied(task)(one) for one in list(tasks)[::-1]]
        yield from done[::-1]

    grid = {"a": SMALL, "b": Gaussian(programme=6, comparison=3)}
    here, there = (
        swept(grid, rm.pre_post, replicates=4_300, mapper=mapper) for mapper in (map, backwards)
    )
    pd.testing.assert_frame_equal(here.estimates, there.estimates, check_exact=True)
    for names in here.tallies:
        one, two = here.tallies[names], there.tallies[names]
        assert list(one.moments) == list(two.moments)
        for key in one.moments:
            for part in ("n", "mean", "squares"):
                ours, theirs = (getattr(m.moments[key], part) for m in (one, two))
                assert ours.tobytes() == theirs.tobytes()


def test_scenarios_of_one_shape_share_their_luck() -> None:
    grid = {"none": SMALL, "some": Gaussian(programme=4, comparison=4, effect=0.5)}
    found = swept(grid).estimates.pivot(index="replicate", columns="scenario", values="value")
    # the effect is added to the same scores; the rest is rounding
    assert (found["some"] - found["none"]).to_numpy() == pytest.approx(0.5, abs=1e-12)


def test_memory_does_not_grow_with_replicates() -> None:
    peaks = []
    for replicates in (4_000, 40_000):
        tracemalloc.start()
        swept(Gaussian(programme=4), rm.pre_post, replicates=replicates, keep=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def positive(study: rm.Study) -> Result:
    """Refuses a study whose scores start below 0 on average, in words that hold the number."""
    mean = float(study.wide("score")["start"].mean())
    if mean < 0:
        raise rm.StudyError(f"starts at {mean:.3f}.")
    return Result(Call("positive"), (Estimate(term="start", value=mean),))


def test_failures_are_counted_by_reason() -> None:
    made = plan({"one": SMALL}, positive, replicates=60, seed=8)
    scores = draw_gaussian(SMALL, 60, made.stream(next(made.tasks()))).scores
    below = int((scores[..., 0].mean(axis=-1) < 0).sum())
    done = swept({"one": SMALL}, positive, outcome=None, replicates=60, seed=8)
    assert 10 < below < 50
    assert done.failures.to_dict("records") == [
        {"scenario": "one", "analysis": "positive", "reason": "StudyError: starts at -#",
         "failed": below, "replicates": 60}
    ]  # fmt: skip
    row = rm.judge(done).to_frame().iloc[0]
    assert (row["replicates"], row["failed"]) == (60, below)
    known = scores[..., 0].mean(axis=-1)
    assert row["mean"] == pytest.approx(known[known >= 0].mean(), abs=1e-12)
    assert "starts at" in done._repr_html_()
    assert "starts at" in rm.judge(done)._repr_html_()


def broken(study: rm.Study) -> Result:
    raise ZeroDivisionError


def test_replicates_left_to_the_analysis_bring_no_estimates_that_arrays_lack() -> None:
    """Else they would be judged by the odd replicates alone, and the others count as failed."""
    given = Gaussian(programme=6, comparison=6, people=1, waves=3, dropout=0.5)
    outcome = source(given).design.outcome("score")
    stream = np.random.SeedSequence(3, spawn_key=(0,))
    panel = source(given).cohorts(30, stream).panel(outcome)
    assert panel is not None
    _, clear = KERNELS[rm.compare_arms].answer(panel, {})
    assert 0 < clear.sum() < 30
    done = rm.sweep(given, rm.compare_arms, outcome="score", replicates=30, seed=3)
    table = rm.judge(done).to_frame()
    assert set(table["term"]) == {""}
    assert set(table["wave"]) == {"wave1", "wave2"}


def test_a_bug_is_no_failed_replicate() -> None:
    with pytest.raises(ZeroDivisionError):
        swept(SMALL, broken, outcome=None)


def test_options_reach_the_analysis_on_arrays_and_on_studies() -> None:
    given = Gaussian(programme=6, comparison=6)
    wide = swept(given, rm.pre_post, level=0.99, replicates=3).estimates
    made = plan(given, rm.pre_post, outcome="score", replicates=3, seed=3)
    study = draw_gaussian(given, 1, made.stream(next(made.tasks()))).study()
    single = rm.pre_post(study, "score", level=0.99).estimates[0]
    assert wide.loc[0, "low"] == pytest.approx(single.low, abs=1e-10)
    one_arm = swept(SMALL, rm.pre_post, arm="comparison", replicates=3).estimates
    assert set(one_arm["group"]) == {"comparison"}


def test_several_analyses_see_the_same_cohorts() -> None:
    asked = {"narrow": partial(rm.pre_post, level=0.8), "wide": partial(rm.pre_post, level=0.99)}
    both = swept(Gaussian(programme=6), asked).estimates.set_index(["analysis", "replicate"])
    narrow, wide = both.loc["narrow"], both.loc["wide"]
    assert narrow["value"].tolist() == wide["value"].tolist()
    # the t quantiles of 5 degrees of freedom, from a printed table
    ratio = (wide["high"] - wide["value"]) / (narrow["high"] - narrow["value"])
    assert ratio.to_numpy() == pytest.approx(4.032 / 1.476, rel=1e-3)
    done = swept(SMALL, [rm.pre_post, start_of], replicates=3)
    assert list(done.tallies) == [
        ("scenario", "pre_post"), ("scenario", "start_of"),
    ]  # fmt: skip
    assert rm.judge(done).to_frame()["analysis"].unique().tolist() == [
        "pre_post", "start_of",
    ]  # fmt: skip


def test_what_is_recorded_of_people_is_judged_too() -> None:
    """Leaving is no outcome that a scenario declares: studies and truths hold it all the same."""
    scenario = Scenario(pairs=12, nature=Nature(leaving_rate=0.03))
    done = rm.sweep(scenario, rm.workforce_outcomes, outcome="left", replicates=4, seed=3,
                    keep=True)  # fmt: skip
    found, stream = done.estimates, done.plan.stream(next(iter(done.plan.tasks())))
    drawn = source(scenario).cohorts(4, stream)
    seen = []
    for replicate in range(4):
        study = drawn.study(replicate)
        gone = set(study.records.query("kind == 'left'")["person"])
        seniors = study.participants.query("role == 'senior'")
        shares = seniors["person"].isin(gone).groupby(seniors["arm"]).mean()
        seen.append(shares["programme"] - shares["comparison"])
    asked = "term == '' and contrast != '' and role == 'senior' and wave == 'month6'"
    record = found.query(asked)
    np.testing.assert_allclose(record["value"], seen, atol=1e-12)  # the same sums, by another route
    (true,) = (
        one.latent
        for one in drawn.truths()
        if tuple(getattr(one, name) for name in KEY[2:]) == tuple(record[KEY[2:]].iloc[0])
    )
    judged = rm.judge(done).to_frame().query(f"{asked} and against == 'latent'")
    assert judged["bias"].item() == pytest.approx(np.mean(seen) - np.mean(true), abs=1e-12)
    assert judged["failed"].item() == 0


def start_of(study: rm.Study, outcome: str) -> Result:
    mean = float(study.wide(outcome)["start"].mean())
    return Result(Call("start_of"), (Estimate(outcome=outcome, term="start", value=mean),))


def test_plans_name_scenarios_after_what_they_differ_in() -> None:
    grid = [
        Scenario(pairs=pairs, levers=Levers(cadence=cadence)) for pairs in (24, 48)
        for cadence in (1, 2)
    ]  # fmt: skip
    made = plan(grid, rm.pre_post, outcome="visibility", replicates=10, seed=0)
    assert list(made.sources) == [
        "pairs 24, levers.cadence 1", "pairs 24, levers.cadence 2",
        "pairs 48, levers.cadence 1", "pairs 48, levers.cadence 2",
    ]  # fmt: skip
    assert list(plan(SMALL, positive, replicates=1, seed=0).sources) == ["scenario"]
    mixed = plan([("x", SMALL), ("y", Scenario(pairs=8))], positive, replicates=1, seed=0)
    assert list(mixed.sources) == ["x", "y"]


def test_plans_cut_replicates_into_blocks_with_seeds_of_their_own() -> None:
    made = plan({"one": SMALL, "two": SMALL}, rm.pre_post, outcome="score", replicates=4_200,
                seed=5)  # fmt: skip
    tasks = list(made.tasks())
    sizes = [(t.scenario, t.block, t.first, t.replicates) for t in tasks]
    assert sizes[:3] == [("one", 0, 0, 2_000), ("one", 1, 2_000, 2_000), ("one", 2, 4_000, 200)]
    assert [s[1:] for s in sizes[3:]] == [s[1:] for s in sizes[:3]]
    keys = [made.stream(task).spawn_key for task in tasks]
    assert keys == [(0,), (1,), (2,)] * 2
    assert made.stream(tasks[0]).entropy == 5
    large = plan(Scenario(pairs=100_000), rm.pre_post, outcome="visibility", replicates=3, seed=0)
    assert [task.replicates for task in large.tasks()] == [1, 1, 1]


def never(study: rm.Study) -> Result:
    raise rm.FitError("no model for 8 people")


ONE_GROUP = Gaussian(programme=4)


@pytest.mark.parametrize(
    ("scenarios", "analysis", "changes", "error", "said"),
    [
        ({}, rm.pre_post, {}, ValueError, "grid is empty"),
        ([], rm.pre_post, {}, ValueError, "grid is empty"),
        ([("a", SMALL), ("a", SMALL)], rm.pre_post, {}, ValueError, "called 'a'"),
        ([SMALL, SMALL], rm.pre_post, {}, ValueError, "called 'scenario'"),
        (SMALL, rm.pre_post, {"outcome": "scor"}, rm.StudyError, "Did you mean 'score'"),
        (Scenario(pairs=8), [rm.workforce_outcomes, rm.pre_post], {"outcome": "left"},
         rm.StudyError, "'left' is recorded, not asked, .* workforce_outcomes alone, or ask about "
         "digital_skill, "),
        (Scenario(pairs=8), rm.workforce_outcomes, {"outcome": "lefft"}, rm.StudyError,
         "declares digital_.* records can hold left, promoted, adopted. Did you mean 'left'"),
        (Scenario(pairs=8), rm.workforce_outcomes, {"outcome": "adopted"}, rm.StudyError,
         "no record of the kind adopted"),
        (SMALL, rm.pre_post, {"outcome": None}, TypeError, "outcome= is needed, one of score"),
        ({"a": ONE_GROUP, "b": SMALL, "c": ONE_GROUP}, rm.compare_arms, {}, rm.StudyError,
         "a: .*no comparison arm.*c: "),
        (Scenario(pairs=8), rm.compare_arms, {"outcome": "satisfaction"}, rm.StudyError,
         "before and after"),
        (SMALL, never, {"outcome": None}, rm.StudyError, "FitError: no model for # people"),
        (SMALL, "compare_arms", {}, TypeError, "expected a function"),
        (SMALL, [], {}, ValueError, "no analysis"),
        (SMALL, [rm.pre_post, rm.pre_post], {}, ValueError, "one analysis is called 'pre_post'"),
        (SMALL, partial(rm.pre_post, "study"), {}, TypeError, "expected a function"),
        ([3], rm.pre_post, {}, TypeError, "int is no source"),
        (SMALL, rm.pre_post, {"replicates": 0}, ValueError, "replicates is 0"),
        (SMALL, rm.pre_post, {"replicates": 2.5}, TypeError, "replicates is 2.5"),
        (SMALL, rm.pre_post, {"seed": -1}, ValueError, "seed is -1"),
        (SMALL, rm.pre_post, {"alpha": 5}, ValueError, "alpha must lie"),
        (SMALL, rm.pre_post, {"alpha": "0.05"}, TypeError, "alpha is '0.05'; expected a number"),
        (SMALL, rm.pre_post, {"alpha": None}, TypeError, "alpha is None; expected a number"),
        (SMALL, rm.pre_post, {"alpha": True}, TypeError, "alpha is True; expected a number"),
        (SMALL, rm.pre_post, {"outcome": 3}, TypeError, "outcome is 3; expected the name"),
        (SMALL, rm.pre_post, {"keep": "yes"}, TypeError, "keep is 'yes'; expected True or False"),
        (SMALL, rm.pre_post, {"say": "loud"}, TypeError, "say is 'loud'; expected a function"),
        (SMALL, rm.pre_post, {"level": 95}, ValueError, "level of pre_post is 95"),
        (SMALL, rm.pre_post, {"level": "0.9"}, TypeError, "level of pre_post is '0.9'"),
    ],
)  # fmt: skip
def test_what_could_only_fail_is_refused_before_any_work(
    scenarios: Any, analysis: Any, changes: Any, error: Any, said: str
) -> None:
    def forbidden(task: Any, tasks: Any) -> Any:
        raise AssertionError("work was begun")

    with pytest.raises(error, match=f"(?s){said}"):
        swept(scenarios, analysis, mapper=forbidden, **changes)


def test_moments_alone_leave_a_task() -> None:
    made = plan(SMALL, rm.pre_post, outcome="score", replicates=500, seed=1)
    part = run(made, next(made.tasks()))
    assert part.raw is None
    moments = part.tallies["pre_post"].moments
    assert moments
    assert all(isinstance(found, Moments) for found in moments.values())
    assert len(pickle.dumps(part)) < 10_000


def test_zero_is_a_seed() -> None:
    zero, one = (swept(SMALL, seed=seed).estimates["value"] for seed in (0, 1))
    assert not np.allclose(zero, one)
