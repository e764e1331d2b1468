"""What people say against what is true, and why a programme that does nothing looks good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures import Interval, interval_plot
from rmresearch.report.tour.base import last_wave, scale_of, signed, spread_row
from rmresearch.world.draw import draw
from rmresearch.world.explain import changed
from rmresearch.world.instruments import SKILL
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario
from rmresearch.world.truth import (
    ANSWERED_BOTH,
    AS_ASSIGNED,
    COMPARISON,
    PROGRAMME,
    TruthRow,
    truths,
)

__all__ = ["nothing_happened", "reported_and_true"]

COHORTS = "Points: means over {count} cohorts of {pairs} pairs; lines: where 95% of them lie."


def reported_and_true(scenario: Scenario, *, replicates: int, seed: int) -> FigureBlock:
    """How much of what people report is true?"""
    drawn = draw(scenario, replicates, seed)
    wave, rows = last_wave(scenario), list[Interval]()
    asked = {scale.outcome for scale in scenario.scales}  # events have no points
    effects = [one for one in truths(drawn) if one.contrast.startswith(f"{PROGRAMME} - ")]
    beyond: dict[str, tuple[float, float]] = {}
    for one in effects:
        if one.wave == wave and one.group == "" and one.outcome in asked:
            label = scale_of(drawn, one.outcome).label
            rows += [
                spread_row("true", one.latent, group=label),
                spread_row("as reported", one.as_reported, group=label, main=True),
            ]
            beyond[label] = float(one.latent.mean()), float(one.as_reported.mean())
    label = max(beyond, key=lambda name: beyond[name][1] - beyond[name][0])
    true, reported = beyond[label]
    return interval_plot(
        rows,
        title=f"{label}: people report {signed(reported)} points where {signed(true)} are true",
        unit=f"points of a scale from 1 to 5, with the programme against without, {_months(wave)}",
        caption=COHORTS.format(count=replicates, pairs=scenario.pairs),
        sides=("less", "more with the programme"),
    )


def nothing_happened(scenario: Scenario, *, replicates: int, seed: int) -> FigureBlock:
    """Why does a programme that does nothing look good in a before-after survey?

    ``scenario`` gives everything but the effects, which are those of the scenario "no-effect".
    """
    off = {now.name: now.value for now, _ in changed(PRESETS["no-effect"].scenario)}
    silent = replace(scenario, nature=replace(scenario.nature, **off))  # type: ignore[arg-type]
    waves, wave = silent.design.waves, last_wave(silent)
    found = {
        (one.contrast, one.group, one.estimand): one
        for one in truths(draw(silent, replicates, seed))
        if one.outcome == SKILL and one.wave == wave
    }
    change = f"{wave} - start"
    everyone, answered = (found[change, PROGRAMME, who] for who in (AS_ASSIGNED, ANSWERED_BOTH))
    rows = [_done(found), *_steps(everyone, answered, waves)]
    if (change, COMPARISON, ANSWERED_BOTH) in found:
        beside = found[change, COMPARISON, ANSWERED_BOTH].as_reported
        rows.append(spread_row("comparison people who answered twice report", beside))
    said = float(answered.as_reported.mean())
    return interval_plot(
        rows,
        title=f"Nothing was taught, and a before-after survey shows {signed(said)} points",
        unit=f"points of digital skill (1 to 5), {_months(wave)} against the start",
        caption="From row to row one reason more. "
        + COHORTS.format(count=replicates, pairs=silent.pairs),
        sides=("worse", "better"),
    )


def _done(found: Mapping[tuple[str, str, str], TruthRow]) -> Interval:
    effect = next(
        row for (contrast, group, _), row in found.items()
        if group == PROGRAMME and contrast.startswith(f"{PROGRAMME} - ")
    )  # fmt: skip
    return spread_row("what the programme did", effect.latent, main=True)


def _steps(everyone: TruthRow, answered: TruthRow, waves: Sequence[int]) -> list[Interval]:
    months = waves[-1]
    return [
        spread_row(f"+ low scorers drift back, and {months} months pass", everyone.latent),
        spread_row("+ people flatter themselves", everyone.as_reported),
        spread_row("of those who answer twice: the survey", answered.as_reported, main=True),
    ]


def _months(wave: str) -> str:
    return wave.replace("month", "month ")
