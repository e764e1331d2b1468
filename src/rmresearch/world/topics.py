"""What the pairs' table has by chance: the week in which a set starts, and the topics of pairs.

Both are drawn cohort by cohort, so that the table of one needs no other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rmresearch.world.scenario import Scenario
from rmresearch.world.streams import Streams

__all__ = ["INCLUSION", "TOPICS", "of_pairs", "starts_and_topics"]

Ints = NDArray[np.int64]

#: from the easiest to reach to the hardest
TOPICS = (
    "assistants and automation",
    "collaboration tools",
    "social media",
    "younger customers",
    "inclusion in meetings",
)
#: the topic that has juniors teach what shuts them out
INCLUSION = TOPICS.index("inclusion in meetings")


def starts_and_topics(scenario: Scenario, streams: Streams, replicate: int) -> tuple[Ints, Ints]:
    """Days from the start to each set's first day (set,), and the topics (set, junior) by place."""
    chance = streams.generator("tables.pairs", replicate)
    shape = (scenario.sets, scenario.levers.juniors)
    return chance.integers(0, 8, shape[0]), chance.integers(0, len(TOPICS), shape)


def of_pairs(scenario: Scenario, streams: Streams, replicates: int) -> Ints:
    """The topics of all cohorts, (replicate, set, junior)."""
    return np.stack([starts_and_topics(scenario, streams, r)[1] for r in range(replicates)])
