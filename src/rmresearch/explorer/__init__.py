"""The explorer: a design under the hand, and what simulated studies of it find."""

from __future__ import annotations

from rmresearch.errors import kindly
from rmresearch.explorer.choices import gainable
from rmresearch.explorer.panel import Explorer
from rmresearch.world.folder import named
from rmresearch.world.scenario import Scenario

__all__ = ["Explorer", "explore"]

#: fewest studies that are drawn each time
FEWEST = 500


@kindly
def explore(
    scenario: Scenario | str = "default",
    *,
    outcome: str | None = None,
    replicates: int = FEWEST,
) -> Explorer:
    """What would studies like this find, were their pairs, arms, waves or programme others?

    For JupyterLab: controls, and below them the power, expected interval and cost of what is
    chosen, simulated afresh from a new seed whenever something is (`compare_arms` on
    ``replicates`` studies, at the last wave; one group: its change). Every figure comes with its
    Monte Carlo error. A button writes the scenario as a file that `read_scenario` reads.

    ``scenario`` is what everything that has no control stands at: a `Scenario`, a preset's name or
    the path of a scenario file. ``outcome`` is the scale that is shown first (default: the first
    that is asked and has a gain of its own). What is chosen last can be had as ``.scenario``, what
    was found as ``.found``.

    Raises ``ValueError`` for fewer than 500 replicates and for an outcome that the scenario does
    not ask or that has no gain of its own; ``StudyError`` for a name or file that is no scenario.

    >>> explore("rct").scenario.pairs
    120
    """
    start = named(scenario) if isinstance(scenario, str) else scenario
    if not isinstance(start, Scenario):
        raise TypeError(f"scenario is {type(start).__name__}; expected a Scenario or a name")
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < FEWEST:
        raise ValueError(f"replicates is {replicates!r}; expected a whole number from {FEWEST} on")
    offered = list(gainable(start).values())
    if not offered or outcome not in (None, *offered):
        listed = ", ".join(offered) or "none in this scenario's design.instruments"
        raise ValueError(f"outcome is {outcome!r}; expected one of: {listed}")
    return Explorer(start, outcome or offered[0], replicates)
