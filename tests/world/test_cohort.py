"""Cohorts as studies: types, ids and dates that hold together, answers that score as drawn."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from rmresearch.study import TABLES
from rmresearch.world.cohort import Cohort, cohort, simulate
from rmresearch.world.draw import draw
from rmresearch.world.instruments import INSTRUMENTS, SENIOR
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Comparison, Scenario

EVENTFUL = Scenario(
    pairs=80,
    nature=Nature(ending_rate=0.1, leaving_rate=0.03, promotion_rate=0.02, item_skip=0.1),
)


@pytest.fixture(scope="module", params=["waitlist", "pool", "none"])
def made(request: pytest.FixtureRequest) -> Cohort:
    return simulate(dataclasses.replace(EVENTFUL, comparison=request.param), seed=41)


def test_tables_have_the_columns_and_types_of_a_study(made: Cohort) -> None:
    kinds = {"text": "str", "number": "float64", "date": "datetime64[us]", "flag": "bool"}
    for table, columns in TABLES.items():
        frame = getattr(made.study, table)
        extra = ["interests"] if table == "participants" else []
        assert list(frame.columns) == [*columns, *extra]
        for name, kind in columns.items():
            assert str(frame[name].dtype) == kinds[kind], (table, name)
        assert len(frame) > 0


def test_ids_are_unique_and_known(made: Cohort) -> None:
    study = made.study
    people = set(study.participants["person"])
    assert study.participants["person"].is_unique
    assert study.pairs["pair"].is_unique
    assert set(study.pairs["junior"]) | set(study.pairs["senior"]) <= people
    assert set(study.measures["person"]) | set(study.measures["rater"]) <= people
    assert set(study.records["person"]) <= people
    assert set(study.meetings["pair"]) <= set(study.pairs["pair"])
    assert not study.measures.duplicated(["person", "rater", "wave", "item"]).any()
    roles = study.participants.set_index("person")["role"]
    assert (roles[study.pairs["junior"]] == "junior").all()
    assert (roles[study.pairs["senior"]] == "senior").all()
    assert not set(study.participants["manager"]) & people


def test_who_is_paired_follows_the_comparison(made: Cohort) -> None:
    study, comparison = made.study, made.truth.scenario.comparison
    arms = study.participants.set_index("person")["arm"]
    paired = arms[study.pairs["senior"]]
    waiting = study.pairs["start"].isna()
    if comparison == "waitlist":
        assert len(study.pairs) == 80
        np.testing.assert_array_equal(waiting, paired == "comparison")
        crosses = study.participants["crossover_date"].notna()
        np.testing.assert_array_equal(crosses, study.participants["arm"] == "comparison")
        assert study.participants["crossover_date"].min().date() > study.design.waves[-1].day
        assert study.participants.groupby("stratum")["arm"].value_counts().eq(40).all()
    else:
        assert set(paired) == {"programme"}
        assert len(study.pairs) == (80 if comparison == "none" else 40)
        assert not waiting.any()
        assert study.participants[["crossover_date", "stratum"]].isna().all(axis=None)
    raters = study.measures[study.measures["rater"] != study.measures["person"]]
    if comparison == "pool":
        assert set(arms[raters["person"]]) == {"programme"}
    both = study.pairs.set_index("pair").loc[raters["pair"]]
    assert (both["junior"].to_numpy() == raters["rater"].to_numpy()).all()
    assert (both["senior"].to_numpy() == raters["person"].to_numpy()).all()


def test_dates_hold_together(made: Cohort) -> None:
    study = made.study
    first, last = pd.Timestamp(study.design.start), pd.Timestamp(study.design.end)
    pairs = study.pairs.set_index("pair")
    met = study.meetings.join(pairs[["start", "end"]], on="pair")
    assert (met["date"] >= met["start"]).all()
    assert ((met["date"] < met["end"]) | met["end"].isna()).all()
    assert (met["date"].dt.day_of_week < 5).all()
    assert met["date"].between(first, last).all()
    assert (met["minutes"].notna() == met["held"]).all()
    assert met["minutes"].dropna().ge(10).all()
    assert ((pairs["end"] > pairs["start"]) | pairs["end"].isna()).all()
    assert (pairs["end"].notna() == pairs["reason"].notna()).all()
    assert study.records["date"].between(first, last).all()
    days = {wave.name: pd.Timestamp(wave.day) for wave in study.design.waves}
    assert sorted(days.values()) == list(days.values())
    left = study.records[study.records["kind"] == "left"].set_index("person")["date"]
    answers = study.measures.assign(day=study.measures["wave"].map(days))
    for column in ("person", "rater"):
        gone = answers[column].map(left)
        assert not (gone < answers["day"]).any()


def test_pairs_that_somebody_left_ended_then(made: Cohort) -> None:
    study = made.study
    gone = study.pairs[study.pairs["reason"] == "left the organisation"]
    left = study.records[study.records["kind"] == "left"].set_index("person")["date"]
    assert len(gone) > 0
    first = pd.concat([gone["junior"].map(left), gone["senior"].map(left)], axis=1).min(axis=1)
    pd.testing.assert_series_equal(first, gone["end"], check_names=False)


def test_pairs_that_met_to_the_end_of_a_short_programme_ended_as_planned() -> None:
    scenario = Scenario(pairs=40, levers=Levers(duration=3), design=Setting(waves=(0, 3, 9)))
    pairs = simulate(scenario, seed=44).study.pairs
    started = pairs[pairs["start"].notna()]
    planned = started[started["reason"] == "planned"]
    assert 0 < len(planned) < len(started)
    assert started["end"].notna().all()
    # The day before the last of the third month after 1 September.
    assert set(planned["end"]) == {pd.Timestamp("2025-11-30")}
    assert (started.loc[started["reason"] != "planned", "end"] < planned["end"].iloc[0]).all()


def test_study_scores_as_the_arrays_do(made: Cohort) -> None:
    """The package's own scoring of the written answers, reversed and partly skipped."""
    scenario = made.truth.scenario
    drawn = draw(scenario, 1, seed=41)
    for scale in INSTRUMENTS:
        outcome = made.study.design.outcome(scale.name)
        wide = made.study.wide(outcome)
        number = "S" if scale.side == SENIOR else "J"
        people = [f"{number}{pair:03d}" for pair in range(1, 81)]
        seen = wide.reindex(people).to_numpy()
        # Reversing and averaging in another order: rounding only.
        np.testing.assert_allclose(seen, drawn.observed(scale)[0], rtol=1e-12)
        assert np.isnan(seen).any()
        assert np.isfinite(seen).any()


def test_reactions_are_asked_of_programme_people_after_the_start(made: Cohort) -> None:
    study = made.study
    arms = study.participants.set_index("person")["arm"]
    said = study.measures[study.measures["item"].isin(["satisfaction", "recommend"])]
    assert set(said["wave"]) == {"month3", "month6"}
    assert set(arms[said["person"]]) == {"programme"}
    codes = said.groupby("item")["value"].agg(["min", "max"])
    assert codes.loc["satisfaction"].tolist() == [1, 5]
    assert codes.loc["recommend", "max"] == 10


def test_every_replicate_can_become_a_study() -> None:
    drawn = draw(Scenario(pairs=20), 2, seed=42)
    one, two = (cohort(drawn, r, seed=42).study for r in (0, 1))
    assert not one.measures.equals(two.measures)
    alone = simulate(Scenario(pairs=20), seed=42).study
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(one, table), getattr(alone, table))


@pytest.mark.parametrize(("comparison", "pairs"), [("none", 1), ("waitlist", 2), ("pool", 2)])
def test_the_smallest_studies_hold_together(comparison: Comparison, pairs: int) -> None:
    scenario = Scenario(
        pairs=pairs,
        comparison=comparison,
        nature=Nature(response=0.05, response_start=0.05, log_completeness=0.0),
        levers=Levers(duration=1),
        design=Setting(waves=(0, 1)),
    )
    for seed in range(5):
        study = simulate(scenario, seed=seed).study
        assert len(study.participants) == 2 * pairs
        assert len(study.meetings) == 0
        assert len(study.clusters()) == 2 * pairs


def test_a_cohort_shows_who_is_in_it_and_what_is_true() -> None:
    made = simulate(Scenario(pairs=10), seed=43)
    page, text = made._repr_html_(), repr(made)
    effect = made.truth.row("digital_skill", "month6")
    for shown in (page, text):
        assert "seed 43" in shown
        assert "Digital skill" in shown
        assert f"{effect.latent:+.2f}" in shown
        assert f"{effect.as_reported:+.2f}" in shown
        assert "everyone assigned" in shown
    assert "participants: 20 rows" in page
    # Five pairs an arm; who answered before the start, counted by hand.
    study, people = made.study, made.study.participants
    seniors = set(people.loc[(people["arm"] == "programme") & (people["role"] == "senior"),
                             "person"])  # fmt: skip
    first = study.measures[study.measures["wave"] == "start"]
    own = set(first.loc[first["person"] == first["rater"], "person"])
    line = next(one for one in text.splitlines() if one.split()[:2] == ["Programme", "senior"])
    assert line.split()[2:5] == ["5", "5", f"{len(seniors & own) / 5:.0%}"]
    alone = simulate(dataclasses.replace(made.truth.scenario, comparison="none"), seed=1)
    assert "people of the programme" in repr(alone)


def test_simulate_wants_a_scenario() -> None:
    with pytest.raises(TypeError, match="scenario is str"):
        simulate("default", seed=1)  # type: ignore[arg-type]
