"""What describes, and what stands beside an answer, against R (tests/reference/descriptives)."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rmresearch.analysis.change import pre_post
from rmresearch.analysis.means import wave_means
from rmresearch.analysis.reactions import reaction
from rmresearch.numerics import bounds, dyad_tests, lmm, shares, tipping, wild
from rmresearch.study import Outcome, Study

from .programmes import found, row
from .studies import make_study

FOLDER = Path(__file__).resolve().parents[1] / "reference" / "descriptives"
LIKED = Outcome("liked", "Liked it", "senior", ("liked",), low=1, high=5, favourable=4)
RECOMMEND = Outcome(
    "recommend", "Recommend", "senior", ("recommend",), kind="recommend", low=0, high=10
)
STARTERS = "starters who answered"
ENDS = ("value", "se", "df", "low", "high")
#: closed forms in another order of the same arithmetic; JSON keeps 15 digits
CLOSED = 1e-9


@cache
def given(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((FOLDER / "input.json").read_text("utf-8"))[name]
    return made


@cache
def wanted(name: str) -> Any:
    return json.loads((FOLDER / "output.json").read_text("utf-8"))[name]


def received() -> Study:
    """R's answers: seniors of a set share a junior."""
    answers = given("answers")
    return make_study(
        {name: {"after": answers[name]} for name in ("liked", "recommend")},
        outcomes=[LIKED, RECOMMEND],
        juniors=[f"j{one}" for one in answers["set"]],
    )


def same(one: Any, said: dict[str, float], *names: str, rel: float = CLOSED) -> None:
    for name in names:
        assert getattr(one, name) == pytest.approx(said[name], rel=rel), name


def test_every_public_analysis_has_a_reference_that_is_there() -> None:
    root = FOLDER.parents[2]
    asked = re.findall(r"^\| `rm\.(\w+)` \|", (root / "README.md").read_text("utf-8"), re.M)
    lines = (FOLDER / "README.md").read_text("utf-8").splitlines()
    rows = [line.split("|")[1:3] for line in lines if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    # held to known truth instead
    many_studies = {"sweep", "judge", "required", "policies", "budget"}
    many_studies |= {"levers_pulled", "lever_effects", "calibrate", "explore"}
    assert listed == set(asked) - many_studies
    for _, text in rows:
        folders = re.findall(r"`(\w+)`", text)
        assert folders or "here" in text
        for name in folders:
            assert (FOLDER.parent / name).is_dir() or name == "crossed"


def test_means_as_clubsandwich() -> None:
    study = received()
    (mean,) = wave_means(study, "liked").estimates
    same(mean, wanted("mean"), *ENDS)
    assert (mean.n_people, mean.n_clusters) == (34, 14)
    same(found(reaction(study, "liked"), term="mean", estimand=STARTERS), wanted("mean"), *ENDS)


def test_recommendation_as_clubsandwich() -> None:
    net = found(reaction(received(), "recommend"), term="net-recommend", estimand=STARTERS)
    same(net, wanted("net"), *ENDS)


def test_shares_by_the_variance_of_survey_and_wilsons_ends_of_prop_test() -> None:
    result = reaction(received(), "liked")
    share, said = found(result, term="", estimand=STARTERS), wanted("share")
    same(share, said, "value", "low", "high")
    shown = row(result.table("reaction"), who="starters")
    assert shown["effective n"] == pytest.approx(said["effective"], rel=CLOSED)
    assert said["effective"] < 34  # sets that answer alike count for less


def test_wild_bootstrap_against_all_of_webbs_draws() -> None:
    data, said = {k: np.array(v, float) for k, v in given("wild").items()}, wanted("wild")
    x = np.column_stack([np.ones(len(data["arm"])), data["arm"], data["before"]])
    made = wild.wild_bootstrap(
        data["after"], x, data["cluster"], [0.0, 1.0, 0.0],
        rng=np.random.default_rng(1), draws=99_999,
    )  # fmt: skip
    assert made.statistic == pytest.approx(said["t"], rel=CLOSED)
    # R went through all 46,656 draws, each as likely as any other: 4 Monte Carlo errors of ours
    assert made.p == pytest.approx(said["p"], abs=4 * made.mc_error)


def test_a_variance_share_by_the_profile_of_lme4s_deviance() -> None:
    group, score = np.array(given("share")["group"]), np.array(given("share")["score"])
    one = np.ones((len(score), 1))
    model = lmm.fit(score, one, [lmm.Term(group, one)], names=("intercept",))
    sizes = [float(model.covariances[0][0, 0]), float(model.sigma2)]
    made, said = shares.shares(score, one, [group], group, sizes), wanted("variance_share")
    # lme4's optimum is searched in theta to about 1e-8; the ends are roots on both sides
    for name in ("value", "low", "high"):
        assert getattr(made, name)[0] == pytest.approx(said[name], abs=1e-6), name
    assert said["low"] > 0


def test_gains_of_two_members_by_a_jackknife_over_sets() -> None:
    data = given("gains")
    made = dyad_tests.together(data["one"], data["other"], data["set"])
    same(made, wanted("reciprocity"), "value", "low", "high", "p")


def test_ranks_and_paired_t() -> None:
    data, said = given("ranks"), wanted("ranks")
    study = make_study({"skill": {"before": data["pre"], "after": data["post"]}}, paired=False)
    result = pre_post(study, "skill")
    ranks, paired = found(result, term="wilcoxon"), found(result, term="paired-t")
    assert ranks.value == pytest.approx(said["biserial"], rel=CLOSED)
    assert (paired.low, paired.high) == pytest.approx((said["low"], said["high"]), rel=CLOSED)
    assert paired.p == pytest.approx(said["p_t"], rel=CLOSED)
    assert ranks.p == pytest.approx(said["p"], rel=CLOSED)


def test_lees_bounds_and_imbens_and_manskis_interval() -> None:
    data, said = given("lee"), wanted("lee")
    y = np.array([np.nan if v is None else v for v in data["y"]], float)
    made = bounds.trimming_bounds(
        y, data["first"], np.arange(len(y)), draws=10, rng=np.random.default_rng(1)
    )
    same(made, said, "low", "high", "trimmed")
    # both roots are searched to 1e-12
    around = bounds.around(said["low"], said["high"], 0.3, 0.4, 17.0)
    assert around == pytest.approx(said["around"], rel=CLOSED)


def test_moved_imputations_pooled_as_mice_pools() -> None:
    data = {k: np.array(v) for k, v in given("tipping").items()}
    arm, (m, n) = data["arm"], data["imputed"].shape
    x = np.broadcast_to(np.column_stack([np.ones(n), arm]), (m, n, 2))
    lost = data["lost"]
    made = tipping.shifted(
        data["imputed"], x, data["cluster"], [0.0, 1.0], (lost * arm, lost * (1 - arm))
    )
    for said in wanted("tipping"):
        same(made.at(-said["delta"]), said, "se", "df")
        assert made.at(-said["delta"]).estimate == pytest.approx(said["value"], rel=CLOSED)
