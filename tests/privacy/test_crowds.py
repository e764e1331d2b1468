"""The crowd behind a number, counted by codes, against sets of names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from rmresearch.privacy.crowds import Crowd, Crowds
from rmresearch.study import Outcome, Study

from .studies import PARTNER, SCALE, pilot, text

PEOPLE = [f"s{i:02d}" for i in range(6)] + [f"j{i:02d}" for i in range(6)]
ANYBODY = st.sampled_from([*PEOPLE, "boss", None])
NAMED = st.sampled_from([*PEOPLE, "p00", "p01", "p05", "boss", "nobody"])


@st.composite
def chains(draw: st.DrawFn) -> Study:
    """Six seniors and six juniors paired anyhow, one side at times unknown; anybody rates."""
    study = pilot(6)
    pairs = study.pairs.assign(
        senior=text(draw(st.lists(ANYBODY, min_size=6, max_size=6))),
        junior=text(draw(st.lists(ANYBODY, min_size=6, max_size=6))),
    )
    rater = text(draw(st.lists(ANYBODY, min_size=6, max_size=6)))
    missing = text(draw(st.lists(st.sampled_from(["programme", "later", None]), min_size=12,
                                 max_size=12)))  # fmt: skip
    return replace(
        study,
        pairs=pairs,
        measures=study.measures.assign(rater=rater),
        participants=study.participants.assign(arm=missing),
    )


def by_sets(study: Study, members: frozenset[str], outcome: Outcome | None) -> Crowd:
    """The same crowd, name by name."""
    table = study.participants
    role = dict(zip(table["person"], table["role"], strict=True))
    arm = dict(zip(table["person"], table["arm"], strict=True))
    pairs = {
        pair: {one for one in both if not pd.isna(one)}
        for pair, *both in study.pairs[["pair", "junior", "senior"]].itertuples(index=False)
    }
    named = {name for name in members if name in pairs}
    people = {name for name in members if name not in pairs}
    people = {one for one in people.union(*(pairs[pair] for pair in named)) if one in role}
    answers = study.measures[["person", "rater", "item"]]
    raters = {
        rater
        for person, rater, item in answers.itertuples(index=False)
        if outcome and person in people and item in outcome.items
        and not pd.isna(rater) and rater != person
    }  # fmt: skip
    held = {one: {pair for pair, both in pairs.items() if one in both} for one in people}
    units = {unit for one in people for unit in (held[one] or {one})}
    roles = Counter(role.get(one) for one in people | raters)
    arms = Counter("" if pd.isna(arm[one]) else arm[one] for one in people)
    return Crowd(
        people=len(people) or len(named),
        pairs=len(named) or len(units),
        juniors=roles["junior"],
        seniors=roles["senior"],
        answerers=len(raters),
        arms=tuple(sorted(arms.values())),
    )


@given(chains(), st.frozensets(NAMED), st.sampled_from([None, SCALE, PARTNER]))
def test_codes_count_what_names_count(
    study: Study, members: frozenset[str], outcome: Outcome | None
) -> None:
    crowd = Crowds(study).of(members, outcome)
    assert replace(crowd, arms=tuple(sorted(crowd.arms))) == by_sets(study, members, outcome)
