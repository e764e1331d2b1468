"""Everything that leaves of a study, held against the raw answers by an attacker of our own."""

from __future__ import annotations

import pytest

import rmresearch as rm
from rmresearch.privacy import release
from rmresearch.result import Result
from rmresearch.study import Study
from rmresearch.world.presets import preset

from .derivable import levels, told

#: preset, pairs, seed: eight, twelve and twenty pairs; one group and two
STUDIES = (("small-pilot", 8, 8), ("small-pilot", 12, 12), ("small-pilot", 20, 3), ("rct", 12, 5))


def asked(study: Study) -> dict[str, Result]:
    """What tabulates groups' means."""
    found = {}
    for outcome in study.design.outcomes[:2]:
        found[f"wave_means:{outcome.name}"] = rm.wave_means(study, outcome.name)
        found[f"pre_post:{outcome.name}"] = rm.pre_post(study, outcome.name)
        found[f"reliability:{outcome.name}"] = rm.reliability(study, outcome.name)
        found[f"attrition:{outcome.name}"] = rm.attrition(study, outcome.name)
        if study.design.comparison is not None:
            found[f"compare_arms:{outcome.name}"] = rm.compare_arms(study, outcome.name)
    return found


@pytest.fixture(scope="module", params=STUDIES, ids=lambda one: f"{one[0]}-{one[1]}")
def attacked(request: pytest.FixtureRequest):
    name, pairs, seed = request.param
    study = rm.simulate(preset(name, pairs=pairs), seed=seed).study
    return study, asked(study)


@pytest.mark.parametrize("audience", ["leadership", "technical"])
def test_no_small_group_is_told(attacked, audience) -> None:
    study, results = attacked
    printed, hidden = levels(results, release(results, study, audience=audience), study)
    assert printed  # the attack has something to stand on
    for (outcome, wave), known in printed.items():
        one = study.design.outcome(outcome)
        found = list(told(known, hidden.get((outcome, wave), set()), one.low, one.high))
        assert not found, (outcome, wave, found)


def test_without_the_rules_the_attack_succeeds(attacked) -> None:
    study, results = attacked
    printed, _ = levels(results, release(results, study), study, raw=True)
    found = [
        one
        for (outcome, _), known in printed.items()
        for one in told(known, set(), study.design.outcome(outcome).low,
                        study.design.outcome(outcome).high)
    ]  # fmt: skip
    assert found
