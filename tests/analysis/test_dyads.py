"""Junior and senior together: by least squares, by R's lme4 terms, by hand, and refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rmresearch.analysis.dyads import dyadic
from rmresearch.errors import FitError, StudyError
from rmresearch.numerics.robust import fit
from rmresearch.privacy import release
from rmresearch.result import Estimate, Result
from rmresearch.study import TABLES, Design, Outcome, Study

from .studies import TWO_ARMS, WAVES, answers, table

SKILL = Outcome("skill", "Digital skill", "senior", ("skill",))
VOICE = Outcome("voice", "Voice", "junior", ("voice",))
TRUST = Outcome("trust", "Trust", "all", ("trust",))
Scores = dict[str, tuple[float | None, float | None]]


def study_of(
    couples: list[tuple[str, str]],
    senior: Scores,
    junior: Scores,
    *,
    arms: dict[str, str] | None = None,
    outcomes: tuple[Outcome, ...] = (SKILL, VOICE),
    **columns: Any,
) -> Study:
    """Pairs (senior, junior); scores are (before, after) by person."""
    people = [*senior, *junior]
    item = (outcomes[0].items[0], outcomes[-1].items[0])
    by_item: dict[str, dict[str, list[float | None]]] = {}
    for scores, name in ((senior, item[0]), (junior, item[1])):
        waves = by_item.setdefault(name, {"before": [], "after": []})
        for place, wave in enumerate(("before", "after")):
            own = [scores[p][place] if p in scores else None for p in people]
            held = waves[wave] or [None] * len(people)
            waves[wave] = [a if b is None else b for a, b in zip(held, own, strict=True)]
    found = {"person": people, "role": ["senior"] * len(senior) + ["junior"] * len(junior)}
    if arms is not None:
        found["arm"] = [arms[p] for p in people]
    design = Design(
        name="pairs",
        title="Pairs",
        kind="single-group" if arms is None else "randomised",
        unit="pair",
        waves=WAVES,
        outcomes=tuple(dict.fromkeys(outcomes)),
        arms=() if arms is None else TWO_ARMS,
    )
    return Study(
        participants=table("participants", found | columns),
        pairs=table(
            "pairs",
            {
                "pair": [f"p{i}" for i in range(len(couples))],
                "senior": [s for s, _ in couples],
                "junior": [j for _, j in couples],
            },
        ),
        measures=answers(by_item, people),
        meetings=table("meetings"),
        records=table("records"),
        design=design,
    )


def drawn(n: int, seed: int = 4) -> tuple[list[tuple[str, str]], Scores, Scores]:
    rng = np.random.default_rng(seed)
    couples = [(f"s{i}", f"j{i}") for i in range(n)]
    own = rng.normal(4, 1, (n, 2))
    shared = rng.normal(size=n)
    after = 1 + 0.6 * own + 0.2 * own[:, ::-1] + 0.5 * (shared[:, None] + rng.normal(size=(n, 2)))
    sides = [
        {couple[k]: (own[i, k], after[i, k]) for i, couple in enumerate(couples)} for k in (0, 1)
    ]
    return couples, sides[0], sides[1]


def of(result: Result, term: str, role: str = "all", **key: str) -> Estimate:
    """The one estimate of that term and role; group and contrast as given."""
    wanted = {"term": term, "role": role, "contrast": "", **key}
    got = [e for e in result.estimates if all(getattr(e, k) == v for k, v in wanted.items())]
    assert len(got) == 1, (wanted, [e.key for e in result.estimates])
    return got[0]


def failed(result: Result, name: str) -> list[str]:
    return [c.detail for c in result.checks if c.name == name and not c.passed]


def arrays(couples: list[tuple[str, str]], scores: Scores, side: int) -> np.ndarray:
    return np.array([scores[couple[side]] for couple in couples], float)


def test_complete_pairs_are_least_squares_by_role() -> None:
    couples, senior, junior = drawn(20)
    result = dyadic(study_of(couples, senior, junior), "skill", "voice")
    first, second = arrays(couples, senior, 0), arrays(couples, junior, 1)
    for role, mine, other in (("senior", first, second), ("junior", second, first)):
        x = np.column_stack([np.ones(20), mine[:, 0], other[:, 0]])
        again = fit(mine[:, 1], x, np.arange(20))
        for place, term in ((1, "actor"), (2, "partner")):
            one, wanted = of(result, term, role), again.contrast(np.eye(3)[place])
            assert one.value == pytest.approx(wanted.estimate)
            assert (one.n_people, one.n_pairs, one.n_clusters) == (40, 20, 20)
            assert one.outcome == {"senior": "skill", "junior": "voice"}[role]
    gains = np.corrcoef(first[:, 1] - first[:, 0], second[:, 1] - second[:, 0])[0, 1]
    together = of(result, "reciprocity")
    assert together.value == pytest.approx(gains)
    assert together.low is not None
    assert together.low < gains < (together.high or 0)
    assert "different scales" in next(
        c.detail for c in result.checks if c.name == "roles can be told apart"
    )


def test_pairs_that_lack_one_later_score_stay_in() -> None:
    couples, senior, junior = drawn(20)
    senior["s3"] = (senior["s3"][0], None)
    junior["j4"] = (None, junior["j4"][1])
    senior["s5"], junior["j5"] = (senior["s5"][0], None), (junior["j5"][0], None)
    result = dyadic(study_of(couples, senior, junior), "skill", "voice")
    one = of(result, "actor", "junior")
    assert (one.n_pairs, one.n_people) == (18, 36)
    assert of(result, "reciprocity").n_pairs == 17
    said = {d.reason: (d.people, d.rows) for d in result.dropped}
    assert said == {
        "pairs: one member has no answer at before": (2, 1),
        "pairs: neither member has an answer at after": (2, 1),
    }


def test_one_outcome_of_both_is_tested_for_likeness() -> None:
    couples, senior, junior = drawn(24)
    alike = dyadic(study_of(couples, senior, junior, outcomes=(TRUST,)), "trust")
    one = of(alike, "likeness")
    assert one.df == 4
    assert one.p == pytest.approx(stats.chi2.sf(one.value or 0, 4))
    assert (one.p or 0) > 0.05
    assert failed(alike, "roles can be told apart")
    higher = {p: (a, b + 5) for p, (a, b) in junior.items()}  # type: ignore[operator]
    apart = dyadic(study_of(couples, senior, higher, outcomes=(TRUST,)), "trust")
    assert (of(apart, "likeness").p or 0) < 1e-6
    few = dyadic(study_of(*drawn(9), outcomes=(TRUST,)), "trust")
    assert not [e for e in few.estimates if e.term == "likeness"]


def test_ratio_only_where_the_own_part_is_clear() -> None:
    couples, senior, junior = drawn(40)
    flat = {p: (a, b - 0.6 * a) for p, (a, b) in junior.items()}  # type: ignore[operator]
    result = dyadic(study_of(couples, senior, flat), "skill", "voice")
    actor, partner = of(result, "actor", "senior"), of(result, "partner", "senior")
    ratio = of(result, "ratio", "senior")
    assert ratio.value == pytest.approx((partner.value or 0) / (actor.value or 1))
    assert ratio.low is not None
    assert ratio.low < (ratio.value or 0) < (ratio.high or 0)
    assert not [e for e in result.estimates if e.term == "ratio" and e.role == "junior"]
    assert "too close to 0" in failed(result, "own part clear enough for a ratio")[0]


def two_arms(n: int, seed: int = 4) -> Study:
    couples, senior, junior = drawn(n, seed)
    where = {p: "programme" if i < n // 2 else "comparison"
             for i, couple in enumerate(couples) for p in couple}  # fmt: skip
    return study_of(couples, senior, junior, arms=where)


def test_matched_pairs_that_wait_stand_beside_and_are_contrasted() -> None:
    study = two_arms(48)
    result = dyadic(study, "skill", "voice")
    assert [e.group for e in result.estimates[:4]] == ["programme"] * 4
    contrast = "programme - comparison"
    gap = of(result, "partner", "senior", contrast=contrast, group="")
    one, other = (of(result, "partner", "senior", group=arm) for arm in ("programme", "comparison"))
    v, w = (one.se or 0) ** 2, (other.se or 0) ** 2
    assert gap.value == pytest.approx((one.value or 0) - (other.value or 0))
    assert gap.se == pytest.approx(np.sqrt(v + w))
    welch = (v + w) ** 2 / (v**2 / (one.df or 1) + w**2 / (other.df or 1))
    assert gap.df == pytest.approx(welch)
    assert gap.p == pytest.approx(2 * stats.t.sf(abs((gap.value or 0) / (gap.se or 1)), welch))
    r = of(result, "reciprocity", contrast=contrast, group="")
    a, b = (of(result, "reciprocity", group=arm) for arm in ("programme", "comparison"))
    below = np.hypot((a.value or 0) - (a.low or 0), (b.high or 0) - (b.value or 0))
    assert r.low == pytest.approx((a.value or 0) - (b.value or 0) - below)
    # only programme pairs: no contrast, and no failure either
    inside = study.pairs["senior"].isin([f"s{i}" for i in range(24)])
    alone = dyadic(replace(study, pairs=study.pairs[inside]), "skill", "voice")
    assert not [e for e in alone.estimates if e.contrast]
    assert not failed(alone, "model of pairs can be fitted")


def several(n: int) -> Study:
    """Each junior has two seniors; seniors of one junior resemble one another."""
    rng = np.random.default_rng(8)
    couples = [(f"s{i}", f"j{i // 2}") for i in range(2 * n)]
    level = rng.normal(size=n)
    junior: Scores = {f"j{g}": (4 + rng.normal(), 4 + level[g]) for g in range(n)}
    senior: Scores = {}
    for s, j in couples:
        start = 4 + rng.normal()
        senior[s] = (start, 2 + 0.5 * start + level[int(j[1:])] + 0.5 * rng.normal())
    return study_of(couples, senior, junior)


def test_people_in_several_pairs_enter_once_with_their_partners_mean() -> None:
    study = several(12)
    result = dyadic(study, "skill", "voice")
    assert "24 of 24 pairs" in failed(result, "everybody in one pair")[0]
    one = of(result, "partner", "junior")
    assert (one.n_people, one.n_pairs, one.n_clusters) == (36, 24, 12)
    wide = {name: study.wide(name) for name in ("skill", "voice")}
    mean = wide["skill"]["before"].to_numpy().reshape(12, 2).mean(axis=1)
    x = np.column_stack([np.ones(12), wide["voice"]["before"], mean])
    again = fit(wide["voice"]["after"].to_numpy(), x, np.arange(12))
    assert one.value == pytest.approx(again.coef[2])
    # seniors share juniors: one random intercept a junior, by Kenward and Roger
    many = of(result, "crossed-partner", "senior")
    assert many.method.startswith("crossed effects (1 | junior), REML")
    assert many.df is not None
    assert not [e for e in result.estimates if e.term == "crossed-actor" and e.role == "junior"]
    assert failed(result, "crossed effects fit")


def test_one_large_set_is_judged_by_crossed_effects_or_not_at_all() -> None:
    # 8 juniors and 8 seniors, each rated pair by pair: everybody linked to everybody
    rng = np.random.default_rng(3)
    couples = [(f"s{i}", f"j{k}") for i in range(8) for k in range(8)]
    senior: Scores = {f"s{i}": (None, None) for i in range(8)}
    junior: Scores = {f"j{k}": (rng.normal(), rng.normal()) for k in range(8)}
    study = study_of(couples, senior, junior)
    high, low = rng.normal(size=8), rng.normal(size=8)
    rows = [
        {"person": s, "rater": j, "pair": f"p{n}", "wave": wave, "item": "skill",
         "value": high[int(s[1:])] + low[int(j[1:])] + rng.normal() + 3}
        for n, (s, j) in enumerate(couples) for wave in ("before", "after")
    ]  # fmt: skip
    rated = table("measures", {c: [row.get(c) for row in rows] for c in TABLES["measures"]})
    both = [study.measures[study.measures["item"] == "voice"], rated]
    study = replace(study, measures=pd.concat(both, ignore_index=True))
    result = dyadic(study, "skill", "voice")
    record, many = of(result, "actor", "senior"), of(result, "crossed-actor", "senior")
    assert record.value == many.value
    assert record.low == many.low is not None
    assert "(1 | senior) + (1 | junior)" in record.method
    assert record.p is None
    assert many.p is None
    # everybody has the same partners: their mean does not vary, and no model of people fits
    assert not [e for e in result.estimates if e.role == "junior"]
    assert failed(result, "model of pairs can be fitted")
    assert failed(result, "cluster rule")
    # as a pooled regression on pair rows would have it, but for the crossed effects
    assert record.n_pairs == 64


def test_released_only_as_statistics_of_enough_people() -> None:
    study = two_arms(48)
    out = release({"d": dyadic(study, "skill", "voice")}, study)
    shown = [e for e in out.estimates if e.term == "actor" and e.group == "programme"]
    assert shown
    assert all(not e.hidden and e.value is not None for e in shown)
    few = study_of(*drawn(8))
    hidden = release({"d": dyadic(few, "skill", "voice")}, few)
    assert all(e.hidden or e.value is None for e in hidden.estimates)


def test_refusals() -> None:
    couples, senior, junior = drawn(12)
    study = study_of(couples, senior, junior)
    design = study.design
    cases: list[tuple[Study, tuple[str, ...], type[Exception], str]] = [
        (study, ("skill",), StudyError, "give junior_outcome="),
        (study, ("voice", "skill"), StudyError, "not asked of the role senior"),
        (study, ("skil", "voice"), StudyError, "Did you mean 'skill'"),
        (replace(study, pairs=study.pairs[:0]), ("skill", "voice"), StudyError, "no pair with"),
        (replace(study, pairs=study.pairs[:1]), ("skill", "voice"), FitError, "1 outcome of one"),
        (replace(study, pairs=study.pairs[:3]), ("skill", "voice"), FitError, "3 outcomes"),
        (
            replace(study, design=replace(design, linked=False)),
            ("skill", "voice"), StudyError, "no person ids",
        ),
        (
            replace(study, measures=study.measures[study.measures["wave"] == "before"]),
            ("skill", "voice"), StudyError, "no wave after before",
        ),
        (
            replace(study, measures=study.measures[study.measures["wave"] == "after"]),
            ("skill", "voice"), StudyError, "no answers of the role senior at before",
        ),
        (
            study_of(couples, {p: (4.0, b) for p, (_, b) in senior.items()}, junior),
            ("skill", "voice"), FitError, "everybody had the same score on skill at before",
        ),
        (
            study_of(couples, {p: (a, 4.0) for p, (a, _) in senior.items()}, junior),
            ("skill", "voice"), FitError, "leaves no residual",
        ),
        (
            study_of(couples, senior, {f"j{i}": senior[f"s{i}"] for i in range(12)}),
            ("skill", "voice"), FitError, "one determines the other",
        ),
    ]  # fmt: skip
    for given, names, error, words in cases:
        with pytest.raises(error, match=words):
            dyadic(given, *names)
    with pytest.raises(ValueError, match="level"):
        dyadic(study, "skill", "voice", level=95)
    with pytest.raises(StudyError, match="answered in after, not in later"):
        dyadic(study, "skill", "voice", wave="later")


def test_an_empty_programme_arm_is_refused() -> None:
    couples, senior, junior = drawn(12)
    where = dict.fromkeys([*senior, *junior], "comparison")
    with pytest.raises(FitError, match="pairs, programme at after: 0 outcomes"):
        dyadic(study_of(couples, senior, junior, arms=where), "skill", "voice")


def test_row_order_ids_and_units_do_not_matter() -> None:
    study = two_arms(40)
    record = dyadic(study, "skill", "voice")
    mixed = replace(
        study,
        participants=study.participants.sample(frac=1, random_state=1, ignore_index=True),
        pairs=study.pairs.sample(frac=1, random_state=2, ignore_index=True),
        measures=study.measures.sample(frac=1, random_state=3, ignore_index=True),
    )
    wide = study.measures.copy()
    wide["value"] = wide["value"] * 10 + 100
    for other in (dyadic(mixed, "skill", "voice"),
                  dyadic(replace(study, measures=wide), "skill", "voice")):  # fmt: skip
        got = {e.key: e for e in other.estimates}
        assert len(got) == len(record.estimates)
        for one in record.estimates:
            for name in ("value", "se", "low", "high", "df", "p"):
                a, b = getattr(one, name), getattr(got[one.key], name)
                assert (a is None) == (b is None)
                if a is not None:
                    assert b == pytest.approx(a, rel=1e-6, abs=1e-8), (one.key, name)
