"""The explorer without a browser: what a change of a control comes to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.errors import StudyError
from rmresearch.explorer import panel
from rmresearch.explorer.panel import Explorer
from rmresearch.explorer.seen import Seen
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.scenario import Scenario

from .made import made

ALONE = Scenario(comparison="none", design=Setting(waves=(0, 6)))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was asked to be simulated, answered at once with numbers made by hand."""
    calls: list[dict[str, Any]] = []

    def answer(scenario: Scenario, outcome: str, **options: Any) -> Seen:
        calls.append({"scenario": scenario, "outcome": outcome, **options})
        return made([0.3] * 500, [len(calls) % 2 == 0] * 500, scenario=scenario)

    monkeypatch.setattr(panel, "seen", answer)
    return calls


def explorer(scenario: Scenario | None = None) -> Explorer:
    return Explorer(scenario or Scenario(), "digital_skill", 500)


def text(widget: Any) -> str:
    return re.sub(r"<[^>]+>", " ", widget.value)


def test_it_draws_500_studies_at_once_and_shows_them() -> None:
    view = explorer(ALONE)
    assert view.found is not None
    assert view.found.studies == 500
    assert text(view.state).split("in")[0].strip() == "500 studies simulated and analysed"
    assert "Power" in text(view.numbers)
    assert "<svg" in view.picture.value
    assert f"Seed {view.found.seed}." in text(view.small_print)


def test_a_slider_redraws_fresh_studies_of_what_it_says(asked: list[dict[str, Any]]) -> None:
    view = explorer()
    view.controls.pairs.value = 60
    view.controls.training.value = 1.0
    assert [one["scenario"].pairs for one in asked] == [48, 60, 60]
    assert asked[-1]["scenario"].levers.training == 1.0
    assert view.scenario == asked[-1]["scenario"]
    assert len({one["seed"] for one in asked}) == 3
    assert {one["replicates"] for one in asked} == {500}
    assert "just before: 100%" in text(view.numbers)


def test_the_same_luck_keeps_the_seed_and_drawing_again_does_not(
    asked: list[dict[str, Any]],
) -> None:
    view = explorer()
    view.again.click()
    view.same.value = True
    assert view.again.disabled
    view.controls.cadence.value = 4
    view.controls.ending.value = 0.1
    first, second, third, fourth = (one["seed"] for one in asked)
    assert first != second
    assert second == third == fourth


def test_nothing_is_sent_while_a_handle_moves() -> None:
    controls = explorer(ALONE).controls
    for one in (controls.pairs, controls.cadence, controls.training, controls.ending,
                controls.gain, *controls.prices):  # fmt: skip
        assert one.continuous_update is False


def test_a_size_that_does_not_divide_becomes_the_next_that_does(
    asked: list[dict[str, Any]],
) -> None:
    view = explorer(Scenario(comparison="pool"))
    view.controls.pairs.value = 49
    assert asked[-1]["scenario"].pairs == 49
    assert text(view.note) == ""
    view.controls.comparison.value = "waitlist"
    assert (asked[-1]["scenario"].pairs, view.controls.pairs.value) == (48, 48)
    assert "49 pairs do not divide evenly over sites and arms" in text(view.note)
    assert len(asked) == 3  # moving the slider drew nothing by itself
    view.controls.cadence.value = 3
    assert text(view.note) == ""
    view.controls.pairs.value = 50  # typed into the readout
    assert view.controls.pairs.value == 52
    assert "these are 52" in text(view.note)


def test_costs_are_reckoned_anew_without_a_draw(asked: list[dict[str, Any]]) -> None:
    view = explorer()
    assert "47,720" in text(view.numbers)
    view.controls.per_pair.value = 1_000.0
    # 5,000 + 48 * (1,000 + 3 * 30)
    assert "57,320" in text(view.numbers)
    assert len(asked) == 1


def test_another_outcome_brings_its_gain_and_leaves_the_other(asked: list[dict[str, Any]]) -> None:
    view = explorer()
    view.controls.gain.value = 0.2
    view.controls.outcome.value = "visibility"
    assert view.controls.gain.value == Scenario().nature.visibility_gain
    assert asked[-1]["outcome"] == "visibility"
    assert len(asked) == 3
    view.controls.outcome.value = "digital_skill"
    assert view.controls.gain.value == 0.2


def test_without_a_gain_it_is_the_false_positive_rate() -> None:
    view = explorer(ALONE)
    view.controls.gain.value = 0.0
    assert "False-positive rate" in text(view.numbers)
    assert "Nothing was put in" in text(view.picture)


def test_impossible_choices_are_said_and_taken_back(asked: list[dict[str, Any]]) -> None:
    view = explorer(Scenario(design=Setting(departments=1), levers=Levers(matching="random")))
    was = view.scenario
    view.controls.matching.value = "rules"
    assert "These choices cannot go together: there is one department" in text(view.state)
    assert (view.picture.value, view.numbers.value) == ("", "")
    assert (view.found, view.scenario) == (None, was)
    assert view.writer.button.disabled
    view.controls.per_pair.value = 1.0  # nothing to reckon with, nothing shown
    assert view.numbers.value == ""
    view.controls.matching.value = "self-selected"
    assert view.found is not None
    assert not view.writer.button.disabled
    assert len(asked) == 2


def test_a_size_that_would_leave_an_arm_empty_is_said(asked: list[dict[str, Any]]) -> None:
    # 6 pairs of 6 juniors are one set; the next size, 12, is two, of which a twentieth is none
    levers = Levers(format="group", juniors=6)
    few = Scenario(pairs=6, comparison="none", levers=levers, design=Setting(programme_share=0.05))
    view = explorer(few)
    view.controls.comparison.value = "pool"
    assert "which leaves an arm empty" in text(view.state)
    assert len(asked) == 1


def test_what_the_analysis_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Seen:
        raise StudyError("no study has an answer: <too few>.")

    monkeypatch.setattr(panel, "seen", refuse)
    view = explorer()
    assert "Nothing can be shown: no study has an answer: &lt;too few&gt;." in view.state.value


def test_a_long_draw_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[str] = []

    def slow(scenario: Scenario, _: str, *, say: Callable[[str], None], **__: object) -> Seen:
        states.append(text(views[0].state) if views else "")
        say("scenario: task 2 of 9, about 3 s left")
        states.append(text(views[0].state) if views else "")
        return made([0.3] * 500, [True] * 500, scenario=scenario)

    views: list[Explorer] = []
    monkeypatch.setattr(panel, "seen", slow)
    views.append(explorer())
    states.clear()
    views[0].redraw()
    assert states[0].strip() == "Simulating 500 studies of 48 pairs …"
    assert states[1].strip().endswith("… task 2 of 9, about 3 s left")
    assert "simulated and analysed in" in text(views[0].state)


def test_every_choice_of_every_menu_shows_something() -> None:
    view = explorer(Scenario(pairs=24, design=Setting(waves=(0, 6))))
    for menu in (view.controls.comparison, view.controls.matching, view.controls.waves,
                 view.controls.outcome):  # fmt: skip
        for _, value in menu.options:
            menu.value = value
            assert view.found is not None, (menu.description, value, text(view.state))


def test_ends_of_every_slider_show_something() -> None:
    view = explorer(ALONE)
    controls = view.controls
    for slider in (controls.cadence, controls.training, controls.ending, controls.gain):
        for value in (slider.min, slider.max):
            slider.value = value
            assert view.found is not None, (slider.description, value, text(view.state))


def test_the_public_way_in() -> None:
    assert rm.explore("small-pilot").scenario.pairs == 12
    view = rm.explore(ALONE, outcome="visibility", replicates=600)
    assert view.found is not None
    assert (view.found.outcome.name, view.found.studies) == ("visibility", 600)
    assert "application/vnd.jupyter.widget-view+json" in view._repr_mimebundle_()
    silent = Scenario(design=Setting(instruments=("satisfaction",)))
    for wrong, kind, why in (
        ({"scenario": "defalt"}, StudyError, "default"),
        ({"scenario": 3}, TypeError, "int"),
        ({"replicates": 499}, ValueError, "from 500 on"),
        ({"replicates": True}, ValueError, "from 500 on"),
        ({"outcome": "digital_use"}, ValueError, "expected one of: digital_skill"),
        ({"scenario": silent}, ValueError, "none in this scenario"),
    ):
        with pytest.raises(kind, match=why):
            rm.explore(**wrong)  # type: ignore[arg-type]
