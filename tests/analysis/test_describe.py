"""What every description owes the release rules: members, whole counts, shares within 0 and 1."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from rmresearch.analysis.base.describe import apart, averaged, shared, thin
from rmresearch.analysis.leavers import attrition
from rmresearch.analysis.meetings import engagement
from rmresearch.analysis.missing import missingness
from rmresearch.analysis.reactions import reaction
from rmresearch.analysis.scales import reliability
from rmresearch.privacy.release import release
from rmresearch.result import Estimate, Result
from rmresearch.study import Outcome, Study

from .programmes import with_design, with_meetings, with_pairs
from .studies import make_study

START = date(2025, 1, 1)
SCALE = Outcome("skill", "Skill", "senior", ("a", "b", "c"), low=1, high=7)
LIKED = Outcome(
    "liked", "Liked", "senior", ("liked",), kind="recommend", low=0, high=10, favourable=8
)


def everything() -> Study:
    """Twenty pairs and twenty people without, two senior outcomes, meetings, endings."""
    rng = np.random.default_rng(8)
    trait = rng.normal(4, 1, 40)
    items: dict[str, dict[str, list[float | None]]] = {}
    for item in "abc":
        noisy = {
            w: np.clip(np.round(trait + rng.normal(0, 1, 40)), 1, 7) for w in ("before", "after")
        }
        items[item] = {
            w: [None if rng.random() < 0.1 else float(x) for x in v] for w, v in noisy.items()
        }
    for item in "abc":
        for k in (3, 7, 22, 30, 31):
            items[item]["after"][k] = None
    items["liked"] = {"after": [float(rng.integers(0, 11)) for _ in range(20)] + [None] * 20}
    study = make_study(
        items,
        arm=["programme"] * 20 + ["comparison"] * 20,
        outcomes=[SCALE, LIKED],
        juniors=[f"j{k % 18:02d}" for k in range(20)] + [None] * 20,
        features={"age": [float(x) for x in rng.integers(25, 60, 40)]},
    )
    ended = [k in (2, 5, 9) for k in range(20)]
    study = with_pairs(
        study,
        start=[START + timedelta(k) for k in range(20)],
        end=[START + timedelta(60 + k) if flag else None for k, flag in enumerate(ended)],
        reason=["no time" if flag else None for flag in ended],
    )
    log = [
        {"pair": f"p{k:03d}", "date": START + timedelta(k + 20 * m), "minutes": 45.0}
        for k in range(1, 20)
        for m in range(k % 6)
    ]
    study = with_meetings(study, log)
    return with_design(study, end=date(2025, 7, 1), planned_meetings=6, start=START)


def answers(study: Study) -> dict[str, Result]:
    return {
        "reliability": reliability(study, "skill"),
        "missingness": missingness(study),
        "reaction": reaction(study, "liked"),
        "engagement": engagement(study),
        "attrition": attrition(study, "skill"),
    }


QUESTIONS = ("reliability", "missingness", "reaction", "engagement", "attrition")


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    return answers(everything())


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_number_names_who_is_behind_it(name: str, results: dict[str, Result]) -> None:
    result = results[name]
    pairs = {pair.pair: {pair.junior, pair.senior} for pair in everything().pairs.itertuples()}
    assert result.estimates
    for one in result.estimates:
        assert one.n_people == len(one.members) > 0
        if one.value is None:  # no shift within the scale tips the decision, and the method says so
            assert one.term == "tipping-point"
            assert one.method.partition("Barnard-Rubin df: ")[2]
            continue
        assert np.isfinite(one.value)
        # a bound has the outer end of its interval alone
        bound = one.term.rpartition("-")[2]
        assert (one.low is None) == (one.high is None) or bound in {"lower", "upper"}
        assert one.low is None or (one.low <= one.value and bound != "upper")
        assert one.high is None or (one.value <= one.high and bound != "lower")
    assert len({one.key for one in result.estimates}) == len(result.estimates)
    for made in result.tables:
        for cell in (cell for row in made.rows for cell in row):
            if isinstance(cell.value, float):
                assert np.isfinite(cell.value)
            if cell.value is None or cell.kind == "label":
                continue
            assert cell.members or cell.value == 0
            if cell.kind == "proportion":
                assert 0 <= cell.value <= 1
            if cell.kind == "proportion" and cell.numerator is not None:
                of = sum(who <= cell.members for who in pairs.values())
                sizes = {len(cell.members), of}
                assert any(round(cell.value * n) == cell.numerator for n in sizes)


def test_all_of_it_goes_through_the_one_door(results: dict[str, Result]) -> None:
    study = everything()
    for audience in ("leadership", "technical"):
        text = release(results, study, audience=audience).to_json()
        for person in study.participants["person"]:
            assert f'"{person}"' not in text
    told = release(results, study, audience="leadership")
    shown = {(one.result, one.term, one.estimand) for one in told.estimates if not one.hidden}
    assert ("engagement", "ever-met", "pairs that started") in shown
    assert ("reliability", "alpha", "people who answered every item") in shown
    assert ("reaction", "", "starters who answered") in shown
    assert ("attrition", "overall-attrition", "everyone assigned, as assigned") in shown


def test_few_clusters_leave_the_value_and_no_interval() -> None:
    form = Estimate(value=None)
    cluster = np.repeat(np.arange(5), 4)
    values = np.arange(20.0)
    mean = averaged(form, values, cluster)
    assert (mean.value, mean.se, mean.low) == (9.5, None, None)
    share = shared(form, values > 9, cluster)
    assert (share.estimate.value, share.estimate.low, share.effective_n) == (0.5, None, None)
    points, standard = apart(form, values, values > 9, cluster)
    assert (points.value, points.se, points.low) == (10.0, None, None)
    assert standard.term == "standardised"
    assert standard.value is not None
    assert standard.low is None
    assert "in 5 independent clusters" in thin("here", cluster)[0].detail


def test_nobody_is_no_number() -> None:
    form, nobody = Estimate(value=None), np.empty(0)
    assert averaged(form, nobody, np.empty(0, int)).value is None
    assert shared(form, nobody > 0, np.empty(0, int)).estimate.value is None
    assert thin("here", np.empty(0, int)) == ()
    points, standard = apart(form, np.ones(3), np.ones(3, bool), np.arange(3))
    assert (points.value, standard.value) == (None, None)
