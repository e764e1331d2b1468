"""Sentences and tiles of numbers made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rmresearch.errors import StudyError
from rmresearch.explorer.seen import Mean, Seen
from rmresearch.explorer.shown import figures, impossible, nothing, small_print, tiles, title
from rmresearch.report.blocks import Callout, Fact, FigureBlock
from rmresearch.whatif.budget import Prices
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.scenario import Scenario

from .made import made

COSTS = Prices(fixed=5_000.0, per_pair=800.0, per_wave=30.0)


def of_500(hits: int, **others: Any) -> Seen:
    return made([0.3] * 500, [True] * hits + [False] * (500 - hits), **others)


def remarks(found: Seen) -> str:
    return " ".join(one.text for one in figures(found) if isinstance(one, Callout))


def facts(found: Seen, before: Seen | None = None) -> tuple[Fact, ...]:
    return tiles(found, before, COSTS).facts


def test_the_title_says_how_many_find_it() -> None:
    # sqrt(.62 * .38 / 500) = .0217
    assert title(of_500(310)) == "62% (± 2.2) of 500 simulated studies find a difference"
    assert title(of_500(310, scenario=Scenario(comparison="none"))) == (
        "62% (± 2.2) of 500 simulated studies find a change in their one group"
    )


def test_nothing_put_in_is_called_a_false_positive() -> None:
    empty = of_500(25, true=Mean(0.0, 0.0))
    # sqrt(.05 * .95 / 500) = .0097
    assert title(empty) == (
        "Nothing was put in, and 5% (± 1.0) of 500 simulated studies find a difference all the same"
    )
    assert facts(empty)[0] == Fact("False-positive rate", "5%", "± 1.0 percentage points")
    assert facts(empty)[2].detail == "digital skill, month 6, in the people themselves"
    alone = of_500(25, true=Mean(0.0, 0.0), scenario=Scenario(comparison="none"))
    assert title(alone).endswith("find a change in their one group all the same")


def test_tiles_have_every_figure_with_its_error() -> None:
    power, estimate, true, cost = facts(of_500(310), before=of_500(290))
    assert power == Fact("Power", "62%", "± 2.2 percentage points; just before: 58%")
    assert estimate.value == "0.33 points"
    assert estimate.detail == ("± 0.008 points; its 95% interval −0.03 (± 0.009) to 0.69 (± 0.02)")
    assert true.value == "0.24 points"
    assert true.detail == "digital skill, month 6, in the people themselves; ± 0.001 points"
    assert cost == Fact("Cost", "47,720", "48 pairs × (800 + 3 surveys × 30) + 5,000")


def test_a_power_and_a_false_positive_rate_are_not_compared() -> None:
    assert "before" not in facts(of_500(25, true=Mean(0.0, 0.0)), before=of_500(290))[0].detail


def test_what_is_not_known_is_said() -> None:
    bare = made([0.3], [True], estimate=None, low=None, high=None, true=None, reported=None)
    _, estimate, true, _ = facts(bare)
    assert (estimate.value, estimate.detail) == ("–", "Fewer than two studies give an estimate.")
    assert (true.value, true.detail) == ("–", "not known in this model")
    assert remarks(bare) == ""


def test_the_picture_says_its_numbers_in_words_too() -> None:
    figure = figures(of_500(310))[0]
    assert isinstance(figure, FigureBlock)
    assert figure.title == title(of_500(310))
    assert figure.alt == (
        "62% (± 2.2) of 500 simulated studies find a difference. Estimates of 500 simulated "
        "studies as dots, Digital skill: programme minus comparison, month 6, in points. On "
        "average 0.33 (95% interval −0.03 to 0.69); true: 0.24."
    )
    assert 'role="img"' in figure.html()
    alone = figures(of_500(310, scenario=Scenario(comparison="none")))[0]
    assert "change in the programme group" in alone.alt  # type: ignore[union-attr]


def test_flattery_is_told_apart_from_what_the_design_lets_in() -> None:
    assert remarks(of_500(310)) == (
        "People in the programme rate themselves 0.09 points higher than they have become "
        "(flattery, or another standard); no analysis of their ratings takes that away."
    )
    lower = remarks(of_500(310, reported=Mean(0.20, 0.001), estimate=Mean(0.20, 0.01)))
    assert "0.04 points lower than they have become" in lower
    honest = {"reported": Mean(0.24, 0.001)}
    assert remarks(of_500(310, **honest, estimate=Mean(0.25, 0.01))) == ""
    off = {**honest, "estimate": Mean(0.34, 0.01)}
    assert remarks(of_500(9, **off)).startswith("The analysis is off by 0.10 points on average")
    alone = remarks(of_500(9, **off, scenario=Scenario(comparison="none")))
    assert alone.startswith("Without anybody to compare with, 0.10 points of the change would")
    pool = remarks(of_500(9, **off, scenario=Scenario(comparison="pool")))
    assert "differ from those who volunteer, which moves the estimate by 0.10 points" in pool


def test_what_a_count_hides_is_told() -> None:
    honest: dict[str, Any] = {"estimate": Mean(0.24, 0.01), "reported": Mean(0.24, 0.01)}
    one = remarks(of_500(310, **honest, reversed=2, withheld=50))
    assert "2 of the studies that find a difference have its sign wrong." in one
    assert "10% of the studies have too few independent sets for a test" in one
    lost = {"FitError: # rows prove nothing": 3, "StudyError: other": 1}
    few = made([0.3] * 496, [True] * 496, studies=500, failures=lost, **honest)
    assert remarks(few) == (
        "4 of 500 studies give no answer and count as finding nothing. The reason most often: "
        "FitError: # rows prove nothing"
    )


def test_what_cannot_be_together_is_said_in_plain_words() -> None:
    apart = Scenario(design=Setting(unit="department"), levers=Levers(other_department=False))
    for base, change, said in (
        (apart, {"comparison": "control"}, "whole departments are assigned by lot here"),
        (
            Scenario(design=Setting(departments=1), levers=Levers(matching="random")),
            {"levers": Levers(matching="rules")},
            "there is one department, so pairs cannot reach across departments",
        ),
        (Scenario(), {"pairs": 1}, "an arm empty"),
    ):
        with pytest.raises(ValueError, match="impossible") as caught:
            replace(base, **change)  # type: ignore[arg-type]
        told = impossible(base, caught.value)
        assert told.startswith("These choices cannot go together: ")
        assert said in told
        assert told.endswith("nothing is drawn until then.")


def test_refusals_and_small_print() -> None:
    assert nothing(StudyError("no wave is left.")) == "Nothing can be shown: no wave is left."
    assert "Seed 5." in small_print(of_500(1)).text
