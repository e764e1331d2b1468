"""The explorer's controls: what can be chosen, within what a design can have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as w

from rmresearch.explorer.choices import (
    MOST,
    Choices,
    gain_of,
    gainable,
    nearest,
    sizes,
    step_of,
    surveys,
)
from rmresearch.whatif.budget import Prices
from rmresearch.world.scenario import Scenario

__all__ = ["Controls"]

COMPARISONS = (
    ("pairs that wait (by lot)", "waitlist"),
    ("volunteers without a pair (by lot)", "control"),
    ("colleagues of the eligible pool", "pool"),
    ("nobody", "none"),
)
POLICIES = (
    ("at random", "random"),
    ("people choose", "self-selected"),
    ("by rules", "rules"),
    ("by rules, best pair first", "greedy"),
    ("by rules, best overall", "optimal"),
)
#: usual and finer steps
TRAINING, ENDING, GAIN = (0.1, 0.01), (0.004, 0.001), (0.02, 0.01)
#: amounts to begin with, for the arithmetic: nobody's prices
COSTS = Prices(fixed=5_000.0, per_pair=800.0, per_wave=30.0)


class Controls:
    """The widgets; ``chosen`` is called whenever a choice has changed, ``priced`` for a cost."""

    def __init__(
        self,
        scenario: Scenario,
        outcome: str,
        chosen: Callable[[], None],
        priced: Callable[[], None],
    ) -> None:
        own = Choices.of(scenario, outcome)
        self._chosen = chosen
        self._most = max(MOST, 2 * own.pairs)
        self._quiet = False
        self.outcome = _menu("Outcome", list(gainable(scenario).items()), outcome)
        self.pairs = w.IntSlider(value=own.pairs, min=1, max=self._most, **_look("Pairs, all arms"))
        self.comparison = _menu("Compared with", COMPARISONS, own.comparison)
        self.waves = _menu("Surveys", [(_months(m), m) for m in surveys(scenario)], own.waves)
        self.matching = _menu("Matching", POLICIES, own.matching)
        self.cadence = w.IntSlider(value=own.cadence, min=1, max=8, **_look("Meetings a month"))
        self.training = _slider("Training (0 none, 1 full)", own.training, 1.0, TRAINING)
        self.ending = _slider("Pairs that stop, a month", own.ending, 0.2, ENDING, ".1%")
        self.gain = _slider("Gain if all is learned (SD)", own.gain, 1.4, GAIN)
        self.fixed = _amount("Cost: fixed", COSTS.fixed)
        self.per_pair = _amount("Cost: each pair", COSTS.per_pair)
        self.per_wave = _amount("Cost: a pair's survey", COSTS.per_wave)
        for one in (*self.study, *self.programme):
            one.observe(self._changed, "value")
        for one in self.prices:
            one.observe(lambda _: priced(), "value")

    @property
    def study(self) -> tuple[Any, ...]:
        """What belongs to the study."""
        return self.outcome, self.pairs, self.comparison, self.waves

    @property
    def programme(self) -> tuple[Any, ...]:
        """What belongs to the programme, and what it adds."""
        return self.matching, self.cadence, self.training, self.ending, self.gain

    @property
    def prices(self) -> tuple[Any, ...]:
        """What it costs."""
        return self.fixed, self.per_pair, self.per_wave

    def _changed(self, _: object) -> None:
        if not self._quiet:
            self._chosen()

    def costs(self) -> Prices:
        """The prices as they stand."""
        return Prices(self.per_pair.value, self.fixed.value, self.per_wave.value)

    def made(self, base: Scenario) -> Scenario:
        """The scenario of the choices as they stand; ``ValueError`` where it cannot be."""
        return Choices(
            outcome=self.outcome.value,
            pairs=self.pairs.value,
            comparison=self.comparison.value,
            waves=self.waves.value,
            matching=self.matching.value,
            cadence=self.cadence.value,
            training=self.training.value,
            ending=self.ending.value,
            gain=self.gain.value,
        ).made(base)

    def fit_pairs(self, scenario: Scenario) -> Scenario:
        """Offer the sizes that the scenario can have; the scenario at the nearest of them."""
        offered = sizes(scenario, self._most)
        chosen = nearest(offered, scenario.pairs)
        self._offer(self.pairs, (offered[0], offered[-1]), offered.step, chosen)
        return self.made(scenario)

    def fit_gain(self, scenario: Scenario) -> None:
        """Offer the gain of the outcome that is looked at, where the scenario has it."""
        own = float(getattr(scenario.nature, gain_of(self.outcome.value)))
        ends = min(0.0, own), max(1.4, own)
        self._offer(self.gain, ends, step_of(*GAIN, own), own)

    def _offer(self, slider: Any, ends: tuple[float, float], step: float, value: float) -> None:
        """Another range: widened first, as the value must lie in it at any moment."""
        with self._quietly(), slider.hold_sync():
            slider.min, slider.max = min(ends[0], slider.min), max(ends[1], slider.max)
            slider.value, slider.step = value, step
            slider.min, slider.max = ends

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False


def _look(label: str) -> dict[str, Any]:
    """A label that is never cut, and no value sent while a handle is still on its way."""
    style = {"description_width": "12rem"}
    layout = w.Layout(width="auto")
    return {"description": label, "layout": layout, "style": style, "continuous_update": False}


def _slider(
    label: str, value: float, high: float, steps: tuple[float, float], shown: str = ".2f"
) -> Any:
    ends = {"min": min(0.0, value), "max": max(high, value)}
    look = {"step": step_of(*steps, value), "readout_format": shown, **_look(label)}
    return w.FloatSlider(value=value, **ends, **look)


def _menu(label: str, options: Sequence[tuple[str, Any]], value: Any) -> Any:
    look = {name: one for name, one in _look(label).items() if name != "continuous_update"}
    return w.Dropdown(options=list(options), value=value, **look)


def _amount(label: str, value: float) -> Any:
    return w.BoundedFloatText(value=value, min=0.0, max=1e12, **_look(label))


def _months(waves: tuple[int, ...]) -> str:
    """When people are asked: "before, months 3 and 6"."""
    *early, last = (str(month) for month in waves[1:])
    return f"before, months {', '.join(early)} and {last}" if early else f"before, month {last}"
