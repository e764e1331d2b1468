"""Everything that leaves of a study, held against the raw answers by an attacker of our own."""

from __future__ import annotations

from dataclasses import replace

import pytest

import rmresearch as rm
from rmresearch.privacy import Ledger, release
from rmresearch.result import Result
from rmresearch.study import Study
from rmresearch.world.presets import preset

from .derivable import levels, told

#: preset, pairs, seed: eight, twelve and twenty pairs; one group and two
STUDIES = (("small-pilot", 8, 8), ("small-pilot", 12, 12), ("small-pilot", 20, 3), ("rct", 12, 5))


def asked(study: Study, outcomes: int = 2) -> dict[str, Result]:
    """What tabulates groups' means."""
    found = {}
    for outcome in study.design.outcomes[:outcomes]:
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


def without(study: Study, person: str) -> Study:
    """The study after a person withdrew, with everything about them."""
    rows, people = study.measures, study.participants
    gone = (rows["person"] == person) | (rows["rater"] == person)
    pairs = study.pairs
    there = (pairs["senior"] != person) & (pairs["junior"] != person)
    kept = set(pairs.loc[there, "pair"])
    return replace(
        study,
        participants=people[people["person"] != person].reset_index(drop=True),
        pairs=pairs[there].reset_index(drop=True),
        measures=rows[~gone].reset_index(drop=True),
        meetings=study.meetings[study.meetings["pair"].isin(kept)].reset_index(drop=True),
        records=study.records[study.records["person"] != person].reset_index(drop=True),
    )


@pytest.mark.parametrize("order", ["withdrew", "came late"])
def test_two_exports_tell_no_more_than_one(tmp_path, order) -> None:
    whole = rm.simulate(preset("small-pilot", pairs=12), seed=12).study
    senior = str(whole.participants.loc[whole.participants["role"] == "senior", "person"].iloc[0])
    studies = [whole, without(whole, senior)]
    if order == "came late":
        studies.reverse()
    answered = [asked(study, 1) for study in studies]
    ledger = Ledger(tmp_path / ".rmresearch" / "pilot.ledger.json", b"the key of the study")
    blind = [release(results, s) for results, s in zip(answered, studies, strict=True)]
    first = release(answered[0], studies[0], ledger=ledger)
    ledger = ledger.record(first.published)
    second = release(answered[1], studies[1], ledger=ledger)
    for pair, tells in ((blind, True), ((first, second), False)):
        both: dict = {}
        for made, results, study in zip(pair, answered, studies, strict=True):
            for about, known in levels(results, made, study)[0].items():
                both.setdefault(about, {}).update(known)
        found = [line for known in both.values() for line in told(known, set(), 1, 5)]
        assert bool(found) == tells, found
