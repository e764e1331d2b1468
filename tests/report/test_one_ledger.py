"""Brief and pulse of one study under one ledger: what one hides, both together do not tell.

Pulse and evaluation speak of the same answers at different times, while people withdraw or answer
late. Every pair of sets that any of the two publishes about one variable and wave is gone through
by hand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.midway import midway
from tests.privacy.test_ledger import without

import rmresearch as rm
from rmresearch.privacy import Ledger, Release, release
from rmresearch.result import Result
from rmresearch.study import Study

#: trust.md S2: two published sets differ by nobody or by five people
APART = 5
Set = tuple[str, tuple[str, ...], frozenset[str]]


def real(study: Study) -> Study:
    """The study as one of real people, which keeps a ledger."""
    return replace(study, design=replace(study.design, synthetic=False))


def published(made: Release) -> Iterator[Set]:
    assert made.published is not None
    for claim in made.published.claims:
        yield claim.subject.variable, claim.subject.waves, claim.members


def near(several: list[Set]) -> list[tuple[Set, Set]]:
    """Nested sets about one variable and wave that differ by somebody, and by fewer than five."""
    return [
        (one, other)
        for one, other in itertools.permutations(several, 2)
        if one[:2] == other[:2] and one[2] < other[2] and len(other[2] - one[2]) < APART
    ]


def kept_back(made: Release, asked: Mapping[str, Result]) -> list[frozenset[str]]:
    """Who stands behind each estimate that a release hides."""
    whom = {
        (name, one.key): one.members for name, result in asked.items() for one in result.estimates
    }
    return [
        members
        for one in made.estimates
        if one.hidden and (members := whom.get((one.result, key_of(one)))) is not None
    ]


def key_of(one: Any) -> tuple[str, ...]:
    return (one.role, one.outcome, one.wave, one.contrast, one.group, one.estimand, one.term)


def reactions(study: Study) -> dict[str, Result]:
    """What an evaluation asks of the answers that a pulse shows too."""
    named = [one.name for one in study.design.outcomes if one.kirkpatrick == 1]
    return {f"reaction:{name}": rm.reaction(study, name) for name in named}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    (tmp_path / ".rmresearch").mkdir()
    return Ledger(tmp_path / ".rmresearch" / "x.ledger.json", b"0" * 32)


@pytest.mark.parametrize("first", ["pulse", "leadership"])
@pytest.mark.parametrize("gone", [0, 2])
def test_what_one_hides_both_do_not_tell(ledger: Ledger, first: str, gone: int) -> None:
    study = real(midway()[0])
    seniors = study.participants.loc[study.participants["role"] == "senior", "person"]
    answered = set(study.measures["person"])
    later = without(study, *sorted(answered & set(seniors))[:gone]) if gone else study

    def made(of: Study, audience: str, known: Ledger | None) -> tuple[Release, dict[str, Result]]:
        asked = {"pulse": rm.pulse(of)} if audience == "pulse" else reactions(of)
        return release(asked, of, audience=audience, ledger=known), asked

    second = {"pulse": "leadership", "leadership": "pulse"}[first]
    one, asked = made(study, first, ledger)
    known = ledger.record(one.published)
    other, others = made(later, second, known)
    alone, _ = made(later, second, None)
    sets = [*published(one), *published(other)]
    assert {one[0] for one in published(one)} & {one[0] for one in published(alone)}
    assert near(sets) == []
    # without the ledger two who withdrew are the difference of two numbers
    assert bool(near([*published(one), *published(alone)])) == bool(gone)
    hidden = {*kept_back(one, asked), *kept_back(other, others)} - {frozenset()}
    told = [larger[2] - smaller[2] for smaller, larger in itertools.permutations(sets, 2)
            if smaller[:2] == larger[:2] and smaller[2] < larger[2]]  # fmt: skip
    assert not hidden & set(told)
