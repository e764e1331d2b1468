"""The pictures of the tour say what the cohorts say, counted another way."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

import rmresearch as rm
from rmresearch.display.numbers import number
from rmresearch.report import tour
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.tour.base import Z
from rmresearch.world.cohort import cohort
from rmresearch.world.draw import draw
from rmresearch.world.instruments import JUNIORS, SENIOR
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario

SMALL = Scenario(pairs=12)
R, SEED = 20, 3


def told(figure: FigureBlock, label: str, group: str = "") -> tuple[float, float, float]:
    """A row's value and ends, read from the alternative text."""
    name = f"{group}, {label}" if group else label
    found = re.search(re.escape(name) + r": (\S+) \((\S+) to (\S+?)\)", figure.alt)
    assert found, f"{name} is not in: {figure.alt}"
    value, low, high = (float(text.replace("−", "-").rstrip(";.")) for text in found.groups())
    return value, low, high


def test_reported_and_true_are_the_means_of_the_cohorts_truths() -> None:
    figure = tour.reported_and_true(SMALL, replicates=R, seed=SEED)
    drawn = draw(SMALL, R, SEED)
    rows = [cohort(drawn, r, seed=SEED).truth.row("digital_skill", "month6") for r in range(R)]
    for label, values in (
        ("true", [row.latent for row in rows]),
        ("as reported", [row.as_reported for row in rows]),
    ):
        value, low, high = told(figure, label, "Digital skill")
        # two decimals are shown
        assert value == pytest.approx(float(np.mean(values)), abs=0.0051)
        assert low == pytest.approx(float(np.quantile(values, 0.025)), abs=0.0051)
        assert high == pytest.approx(float(np.quantile(values, 0.975)), abs=0.0051)
    assert "people report +" in figure.title
    assert "are true" in figure.title


def test_a_programme_that_does_nothing_is_taken_apart_reason_by_reason() -> None:
    figure = tour.nothing_happened(SMALL, replicates=R, seed=SEED)
    assert told(figure, "what the programme did") == (0.0, 0.0, 0.0)
    silent = replace(PRESETS["no-effect"].scenario, pairs=12)
    drawn = draw(silent, R, SEED)
    truths = [cohort(drawn, r, seed=SEED).truth for r in range(R)]
    keys = {
        "+ low scorers drift back, and 6 months pass": ("everyone assigned, as assigned", "latent"),
        "+ people flatter themselves": ("everyone assigned, as assigned", "as_reported"),
        "of those who answer twice: the survey": ("people who answered both waves", "as_reported"),
    }
    for label, (estimand, kind) in keys.items():
        values = [
            getattr(t.row("digital_skill", "month6", "month6 - start", "programme", estimand), kind)
            for t in truths
        ]
        assert told(figure, label)[0] == pytest.approx(float(np.mean(values)), abs=0.0051)
    assert "Nothing was taught" in figure.title


def test_a_single_group_has_nobody_to_compare_with() -> None:
    figure = tour.nothing_happened(replace(SMALL, comparison="none"), replicates=R, seed=SEED)
    assert "comparison people" not in figure.alt


def test_what_is_learnt_is_followed_month_by_month() -> None:
    figure = tour.rise_and_fade(SMALL, replicates=R, seed=SEED)
    every = replace(SMALL, design=Setting(waves=tuple(range(25))))
    gain = draw(every, R, SEED).gain["digital_skill"].mean(axis=(0, 1))
    peak = int(np.argmax(gain))
    assert f"peaks at +{gain[peak]:.2f} SD in month {peak}" in figure.title
    assert f"after the end +{gain[12]:.2f} SD is left" in figure.title
    assert f"all pairs: furthest from zero in month {peak} (+{gain[peak]:.2f})" in figure.alt
    early = draw(every, R, SEED).course.ended[..., 0] > 0
    assert f"stopped early ({early.mean():.0%})" in figure.alt


def test_who_volunteers_is_who_is_in_the_places() -> None:
    figure = tour.who_volunteers(SMALL, replicates=R, seed=SEED)
    people = draw(replace(SMALL, comparison="none"), R, SEED).people
    for group, label, values in (
        ("Seniors who take part", "digital skill at the moment", people.skill[..., SENIOR]),
        ("Seniors who take part", "performance", people.performance[..., SENIOR]),
        ("Juniors who take part", "lack of time", people.time_poverty[..., JUNIORS]),
    ):
        means = values.reshape(R, -1).mean(axis=1)
        value, low, high = told(figure, label, group)
        assert value == pytest.approx(means.mean(), abs=0.0051)
        assert (high - low) / 2 == pytest.approx(Z * means.std(ddof=1) / np.sqrt(R), abs=0.0101)


def test_policies_and_formats_are_held_against_the_same_luck() -> None:
    figure = tour.matching_policies(SMALL, replicates=R, seed=SEED)
    random, optimal = (
        draw(replace(SMALL, levers=Levers(matching=policy)), R, SEED).gain["digital_skill"][..., -1]
        for policy in ("random", "optimal")  # type: ignore[arg-type]
    )
    change = (optimal - random).mean(axis=1)
    assert told(figure, "seniors' digital skill", "Optimal assignment")[0] == pytest.approx(
        change.mean(), abs=0.0051
    )
    figure = tour.formats(SMALL, replicates=R, seed=SEED)
    alone, group = (
        draw(replace(SMALL, levers=levers), R, SEED).pairs.intimidation.mean(axis=(1, 2))
        for levers in (Levers(), Levers(format="group", juniors=2))
    )
    shown = told(figure, "intimidation", "A group: two juniors to one senior")[0]
    assert shown == pytest.approx((group - alone).mean(), abs=0.0051)
    assert told(figure, "intimidation", "Reciprocal") == (0.0, 0.0, 0.0)


def test_levers_are_ranked_by_how_far_they_move_the_outcome() -> None:
    effects = rm.lever_effects(SMALL, replicates=10, seed=SEED)
    figure = tour.levers_ranked(effects, SMALL, "visibility")
    mine = effects[(effects["outcome"] == "visibility") & (effects["wave"] == "month6")]
    reach = mine.assign(reach=mine["effect"].abs()).groupby("lever")["reach"].max()
    order = reach.dropna().sort_values(ascending=False).index
    names = ["two-way exchange" if name == "two_way" else name.replace("_", " ") for name in order]
    drawn = re.findall(r">([a-z][a-z -]+) \([^)]*\)<", figure.svg)
    assert drawn[:3] == names[:3]
    assert "juniors" not in drawn  # cannot be moved alone
    assert f"{names[0]} and {names[1]} move most" in figure.title
    full = mine[(mine["lever"] == "two_way") & (mine["end"] == "high")]["effect"].iloc[0]
    assert (
        f"two-way exchange (0.5): {number(-full, signed=True)} at 0, +{full:.2f} at 1" in figure.alt
    )
    with pytest.raises(ValueError, match=r"outcome is 'skill'; the effects are of digital_skill"):
        tour.levers_ranked(effects, SMALL, "skill")


def test_every_scenario_has_an_opening() -> None:
    for name, one in PRESETS.items():
        assert one.about in unescape(tour.opening(name).html())


@pytest.mark.parametrize("name", ["small-pilot", "rct", "volunteers", "group-format"])
def test_the_tour_goes_through_every_scenario(name: str) -> None:
    scenario = replace(PRESETS[name].scenario, pairs=12)
    assert len(tour.graphs(scenario)) == 4
    for picture in (
        tour.reported_and_true,
        tour.nothing_happened,
        tour.rise_and_fade,
        tour.who_volunteers,
        tour.matching_policies,
        tour.formats,
    ):
        figure = picture(scenario, replicates=4, seed=SEED)
        assert figure.title
        assert "nan" not in figure.html().lower().replace("finance", "")
