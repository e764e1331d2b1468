"""How a scenario grows, and which estimate is meant."""

from __future__ import annotations

import pytest

from rmresearch.errors import StudyError
from rmresearch.whatif.sizes import even_step, meant, pairs_of, resized, step_of
from rmresearch.world.gaussian import Gaussian, draw_gaussian
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.scenario import Scenario

DESIGNS = [
    Gaussian(programme=4, people=3),
    Gaussian(programme=4, comparison=6, people=2),
    Gaussian(programme=4, comparison=6, people=3, tie="ring"),
    Gaussian(programme=4, comparison=6, people=2, tie="department"),
    Gaussian(programme=4, comparison=6, people=2, unpaired=True),
]


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_pairs_are_those_of_the_study(design: Gaussian) -> None:
    assert pairs_of(design) == len(draw_gaussian(design, 1, 0).study().pairs)


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_arms_keep_their_proportion(design: Gaussian) -> None:
    step = step_of(design)
    grown = resized(design, 6 * step)
    assert isinstance(grown, Gaussian)
    assert pairs_of(grown) == 6 * step
    assert grown.programme * design.comparison == grown.comparison * design.programme
    assert resized(design, pairs_of(design)) == design


def test_a_programme_grows_by_a_senior_and_evenly_by_sites() -> None:
    groups = Scenario(pairs=48, levers=Levers(format="group", juniors=3))
    assert (step_of(groups), even_step(groups)) == (3, 12)
    assert resized(groups, 60) == Scenario(pairs=60, levers=groups.levers)
    thirds = Scenario(pairs=48, design=Setting(sites=4, programme_share=0.75))
    assert even_step(thirds) == 16
    assert even_step(Scenario(comparison="none")) == 1


def test_what_has_no_number_of_pairs_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a Scenario or a Gaussian"):
        step_of("forty")  # type: ignore[arg-type]


ONE = ("senior", "score", "wave1", "programme - comparison", "", "all", "")
LATER = ("senior", "score", "wave2", "programme - comparison", "", "all", "")
OTHER = ("senior", "score", "wave2", "programme - comparison", "", "finished", "")
DESIGN = Gaussian(programme=4, comparison=4, waves=3).design


def test_the_last_wave_is_meant_unless_another_is_named() -> None:
    assert meant([LATER, ONE], {}, DESIGN) == LATER
    assert meant([LATER, ONE], {"wave": "wave1"}, DESIGN) == ONE
    beside = (*LATER[:-1], "standardised")
    assert meant([beside, LATER], {}, DESIGN) == LATER
    assert meant([beside, LATER], {"term": "standardised"}, DESIGN) == beside
    assert meant([LATER, ONE, OTHER], {"estimand": "finished"}, DESIGN) == OTHER


def test_what_is_not_told_apart_is_refused_with_what_tells_it_apart() -> None:
    with pytest.raises(StudyError, match=r"2 estimates fit .* name one by estimand: 'all', 'fin"):
        meant([LATER, ONE, OTHER], {}, DESIGN)
    with pytest.raises(StudyError, match=r"no estimate fits .*group: ''"):
        meant([LATER, ONE], {"group": "programme"}, DESIGN)
    with pytest.raises(TypeError, match="about has arm; an estimate has role"):
        meant([ONE], {"arm": "programme"}, DESIGN)
    with pytest.raises(StudyError, match="no cohort gave an estimate"):
        meant([], {}, DESIGN)
