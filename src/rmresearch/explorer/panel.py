"""The explorer: controls above, and below them what comes of what is chosen."""

from __future__ import annotations

import secrets
from html import escape
from time import perf_counter
from typing import Any

import ipywidgets as w

from rmresearch.display.numbers import count
from rmresearch.errors import FitError, StudyError
from rmresearch.explorer.controls import Controls
from rmresearch.explorer.files import Writer
from rmresearch.explorer.seen import Seen, seen
from rmresearch.explorer.shown import figures, impossible, nothing, small_print, tell, tiles
from rmresearch.report.blocks import Block, Callout, Paragraph
from rmresearch.report.blocks.base import CLOSE, OPEN, joined
from rmresearch.report.theme import blocks_css
from rmresearch.world.scenario import Scenario

__all__ = ["Explorer"]

#: tighter than a page, and a focus that is seen
CSS = """
.rmr-explorer .widget-html-content { min-width: 0; }
.rmr-explorer .rmr { padding: .1rem 1rem; }
.rmr-explorer .rmr .facts { margin: .4rem 0 .6rem; }
.rmr-explorer .rmr figure { margin: .4rem 0 .8rem; }
.rmr-explorer .rmr .callout, .rmr-explorer .rmr .small { margin: .2rem 0; }
.rmr-explorer .noUi-handle:focus-visible, .rmr-explorer select:focus-visible,
.rmr-explorer input:focus-visible, .rmr-explorer button:focus-visible {
  outline: 3px solid #c9760f; outline-offset: 1px;
}
"""


class Explorer:
    """Controls and what they show; ``box`` is the widget of it all.

    ``scenario`` is what is chosen (the last that was possible), ``found`` what is shown of it, None
    where nothing can be.
    """

    def __init__(self, scenario: Scenario, outcome: str, replicates: int) -> None:
        self.scenario = scenario
        self.replicates = replicates
        self.found: Seen | None = None
        self._before: Seen | None = None
        self._outcome = outcome
        self._seed = secrets.randbelow(2**32)
        self.controls = Controls(scenario, outcome, self._chosen, self._priced)
        self.same = w.Checkbox(value=False, description="Same luck each time", indent=False)
        self.again = w.Button(description="Draw again", tooltip="Fresh studies, same choices")
        self.writer = Writer(lambda: self.scenario)
        self.state, self.note, self.numbers, self.picture, self.small_print = (
            w.HTML(layout=w.Layout(margin="0")) for _ in range(5)
        )
        self.same.observe(lambda _: setattr(self.again, "disabled", self.same.value), "value")
        self.again.on_click(lambda _: self.redraw())
        self.box = self._laid_out()
        self._chosen()

    def _laid_out(self) -> Any:
        controls = self.controls
        luck = w.HBox([self.again, self.same])
        left = (_head("The study"), *controls.study, *controls.prices)
        right = (_head("The programme"), *controls.programme, luck, self.writer.box)
        columns = [w.VBox(list(one), layout=w.Layout(flex="1 1 24rem")) for one in (left, right)]
        above = w.HBox(columns, layout=w.Layout(flex_flow="row wrap", grid_gap="0 1.5rem"))
        style = w.HTML(f"<style>{blocks_css()}{CSS}</style>", layout=w.Layout(display="none"))
        below = (self.state, self.note, self.numbers, self.picture, self.small_print)
        self.state.add_class("rmr-state")
        box = w.VBox([style, above, *below], layout=w.Layout(max_width="60rem"))
        return box.add_class("rmr-explorer")

    def _chosen(self) -> None:
        outcome = self.controls.outcome.value
        if outcome != self._outcome:
            self._outcome = outcome
            self.controls.fit_gain(self.scenario)
        try:
            self._fit(self.controls.made(self.scenario))
        except ValueError as error:
            self._refuse(impossible(self.scenario, error))
        else:
            self.redraw()

    def _fit(self, made: Scenario) -> None:
        """Take the scenario, at a size that it can have, and say where that is another."""
        self.scenario = self.controls.fit_pairs(made)
        moved = tell("resized", wanted=count(made.pairs), pairs=count(self.scenario.pairs))
        kept = self.scenario.pairs == made.pairs
        self.note.value = "" if kept else _html(Callout("note", moved))

    def redraw(self) -> None:
        """Simulate studies of what is chosen, and show what they find."""
        if not self.same.value:
            self._seed = secrets.randbelow(2**32)
        busy = tell("busy", n=count(self.replicates), pairs=count(self.scenario.pairs))
        self._say(busy)
        started = perf_counter()
        try:
            found = seen(
                self.scenario,
                self._outcome,
                replicates=self.replicates,
                seed=self._seed,
                say=lambda progress: self._say(f"{busy} {progress.partition(': ')[2]}"),
            )
        except (StudyError, FitError, ValueError) as error:
            self._refuse(nothing(error))
            return
        took = perf_counter() - started
        self._before, self.found = self.found, found
        self._priced()
        self.picture.value = _html(*figures(found))
        self.small_print.value = _html(small_print(found))
        self.writer.enable(True)
        self._say(tell("drawn", n=count(found.studies), seconds=f"{took:.2f}"))

    def _priced(self) -> None:
        if self.found is not None:
            self.numbers.value = _html(tiles(self.found, self._before, self.controls.costs()))

    def _refuse(self, reason: str) -> None:
        self.found = None
        for one in (self.note, self.numbers, self.picture, self.small_print):
            one.value = ""
        self.state.value = _html(Callout("caution", reason, "Not possible"))
        self.writer.enable(False)

    def _say(self, text: str) -> None:
        self.state.value = _html(Paragraph(text, "small"))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.box._repr_mimebundle_(**options)


def _html(*blocks: Block) -> str:
    return f"{OPEN}{joined(blocks)}{CLOSE}"


def _head(text: str) -> Any:
    return w.HTML(f"<b>{escape(text)}</b>")
