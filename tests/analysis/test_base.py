"""The shared ground of the analyses: people, clusters, what inference they carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

from rmresearch.analysis import base
from rmresearch.errors import StudyError
from rmresearch.study import Outcome, Wave

from .studies import SKILL, WAVES, make_study


def two_waves(n: int, **options: object) -> object:
    values = [1.0 + i % 5 for i in range(n)]
    return make_study({"skill": {"before": values, "after": values}}, **options)  # type: ignore[arg-type]


def test_people_of_one_role_share_cluster_codes_with_their_partners() -> None:
    study = two_waves(4, juniors=["a", "a", "b", None])
    seniors, juniors = base.people(study, "senior"), base.people(study, "junior")
    assert list(seniors.ids) == ["s000", "s001", "s002", "s003"]
    # s000 and s001 share junior a; s003 stands alone: three sets
    assert seniors.cluster[0] == seniors.cluster[1]
    assert len(set(seniors.cluster)) == 3
    assert list(juniors.cluster) == [seniors.cluster[0], seniors.cluster[2]]
    behind = seniors.behind()
    assert (behind.n_people, behind.n_pairs, behind.n_clusters) == (4, 3, 3)
    some = seniors.take(np.array([False, True, False, True])).behind()
    assert (some.members, some.n_pairs) == (frozenset({"s001", "s003"}), 1)


def test_roles_are_analysed_apart() -> None:
    study = two_waves(3)
    everyone = replace(SKILL, role="all")
    assert [group.role for group in base.by_role(study, everyone)] == ["senior", "junior"]
    alone = two_waves(3, paired=False)
    with pytest.raises(StudyError, match="no participant has it"):
        next(base.by_role(alone, replace(SKILL, role="junior")))


def test_only_waves_with_answers_count() -> None:
    study = two_waves(3)
    assert [w.name for w in base.waves_with_answers(study, SKILL)] == ["before", "after"]
    assert base.waves_with_answers(study, Outcome("x", "X", "senior", ("x",))) == ()


@pytest.mark.parametrize("day, expected", [(date(2025, 7, 1), True), (date(2025, 7, 2), False)])
def test_a_wave_at_the_crossover_date_counts_as_after_it(day: date, expected: bool) -> None:
    waves = (WAVES[0], Wave("after", "After", 6, day=date(2025, 7, 1)))
    study = two_waves(2, waves=waves, crossover_date=[day, None])
    flags = base.crossed_over(study, base.people(study, "senior"), waves[1])
    assert list(flags) == [expected, False]


def test_a_wave_without_date_is_placed_by_the_start() -> None:
    # 6 months of 30.4375 days after 1 January are 182.6 days: 2 July
    study = two_waves(
        2, start=date(2025, 1, 1), crossover_date=[date(2025, 7, 2), date(2025, 7, 3)]
    )
    group = base.people(study, "senior")
    assert list(base.crossed_over(study, group, WAVES[1])) == [True, False]
    assert not base.crossed_over(study, group, WAVES[0]).any()
    undated = two_waves(2, crossover_date=[date(2025, 7, 2), None])
    with pytest.raises(StudyError, match="Give the wave a date"):
        base.crossed_over(undated, base.people(undated, "senior"), WAVES[1])


@pytest.mark.parametrize(
    "sizes, rule, interval, p_value",
    [
        # (cluster sizes in arm A, in arm B): the limits of methods.md and rule E6
        (([1] * 10, [1] * 10), True, True, True),
        (([1] * 9, [1] * 10), True, True, False),
        (([1] * 3, [1] * 3), True, False, False),  # six people: no interval
        (([2] * 3, [2] * 3), True, True, False),
        (([2] * 2, [2] * 4), False, False, False),  # two clusters in an arm
        (([2] * 2, [2] * 3), False, False, False),  # five in all
        (([5] + [1] * 9, [1] * 10), True, True, True),  # 5 of 24: 21%
        (([7] + [1] * 9, [1] * 10), False, False, False),  # 7 of 26: 27%
        (([5, 5, 5], [5]), False, False, False),
    ],
)
def test_footing(
    sizes: tuple[list[int], list[int]], rule: bool, interval: bool, p_value: bool
) -> None:
    counts = sizes[0] + sizes[1]
    cluster = np.repeat(np.arange(len(counts)), counts)
    arm = np.repeat(["A", "B"], [sum(sizes[0]), sum(sizes[1])])
    ground = base.footing(cluster, arm)
    assert (ground.rule, ground.interval, ground.p_value) == (rule, interval, p_value)
    named = {check.name: check.passed for check in ground.checks("after")}
    assert named["cluster rule"] == rule
    assert named["enough clusters for p"] == p_value
    assert named["several units in each arm"] == (min(len(s) for s in sizes) > 1)


def test_footing_of_nobody_carries_nothing() -> None:
    ground = base.footing(np.empty(0, int))
    assert not any((ground.rule, ground.interval, ground.p_value, ground.confounded))


@dataclass
class Found:
    estimate: float = 1.5
    se: float = 0.5
    df: float = 9.0
    p: float = 0.02

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        return self.estimate - level, self.estimate + level


@pytest.mark.parametrize("clusters, kept", [(12, "p"), (9, "low"), (6, "se"), (5, None)])
def test_an_estimate_carries_only_what_its_clusters_carry(clusters: int, kept: str | None) -> None:
    cluster = np.arange(clusters) if clusters != 9 else np.repeat(np.arange(9), 2)
    study = two_waves(clusters)
    behind = base.people(study, "senior").behind()
    form = base.template(behind, role="senior", outcome="skill", level=0.9)
    filled = base.inferred(form, Found(), base.footing(cluster), term="x")
    assert (filled.value, filled.term, filled.n_people) == (1.5, "x", clusters)
    given = [name for name in ("se", "low", "p") if getattr(filled, name) is not None]
    assert given == {"p": ["se", "low", "p"], "low": ["se", "low"], "se": ["se"], None: []}[kept]
    if filled.low is not None:
        assert filled.low == pytest.approx(0.6)  # 1.5 - 0.9: the template's level is used


def test_numbers_and_cells() -> None:
    assert base.number(float("nan")) is None
    assert base.number(np.inf) is None
    assert base.number(np.float64(2)) == 2.0
    whole = base.cell(np.int64(3), "count")
    assert whole.value == 3
    assert isinstance(whole.value, int)
    assert base.cell(float("nan"), "mean").value is None
    assert base.dropped("gone", np.array([True, False, True]))[0].people == 2
    assert base.dropped("gone", np.array([False])) == ()


def test_the_call_keeps_its_arguments_as_text() -> None:
    study = two_waves(2)
    asked = base.call("pre_post", study, "skill", wave=None, covariates=("a", "b"), level=0.95)
    assert asked.arguments == (
        ("study", "by-hand"),
        ("outcome", "skill"),
        ("wave", ""),
        ("covariates", "a, b"),
        ("level", "0.95"),
    )
