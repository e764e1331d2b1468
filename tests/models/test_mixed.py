"""rm.lmm: R's answers, hand calculations, and what may not matter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rmresearch as rm
from models.references import MODELS, close, data
from rmresearch.models import LmmFit, lmm

DDF = ["satterthwaite", "kenward-roger"]

#: three pairs of two: means 2, 6, 7; between 14, within 2
SMALL = pd.DataFrame({"pair": list("aabbcc"), "score": [1.0, 3, 5, 7, 6, 8]})


def small() -> LmmFit:
    return lmm("score ~ 1 + (1 | pair)", SMALL)


def frame() -> pd.DataFrame:
    """12 pairs of two people over three waves."""
    rng = np.random.default_rng(5)
    pair, person, wave = (
        cell.ravel() for cell in np.meshgrid(range(12), [1, 2], range(3), indexing="ij")
    )
    who = 2 * pair + person
    made = pd.DataFrame(
        {
            "pair": pair,
            "person": person,
            "who": [f"p{k}" for k in who],
            "wave": [f"w{k}" for k in wave],
            "t": wave,
            "arm": np.array(["mentor", "control"])[pair % 2],
            "score": rng.normal(3, 0.5, pair.size),
        }
    )
    made["score"] += rng.normal(0, 0.6, 12)[pair] + rng.normal(0, 0.5, 30)[who]
    return made


@pytest.mark.parametrize("name", MODELS)
def test_as_lme4_and_lmertest(name: str) -> None:
    """Tolerances of trust.md, section 3."""
    want = MODELS[name]
    rows = data(want["data"])
    fit = lmm(want["formula"], rows)
    assert (fit.n, fit.dropped) == (want["n"], len(rows) - want["n"])
    assert dict(fit.n_groups) == want["groups"]
    assert fit.converged
    assert fit.singular is want["singular"]
    assert fit.criterion == pytest.approx(want["criterion"], abs=1e-6)
    assert fit.loglik == pytest.approx(-want["criterion"] / 2, abs=1e-6)
    assert np.abs(fit.gradient).max() < 1e-4
    table = fit.to_frame()
    close(table["estimate"], want["estimate"], 1e-6, want["se"])
    close(table["se"], want["se"], 1e-6)
    close(table["df"], want["df"], 1e-3)
    close(table["p"], want["p"], 1e-3)
    adjusted = lmm(want["formula"], rows, ddf="kenward-roger").to_frame()
    close(adjusted["se"], want["kr_se"], 1e-6)
    close(adjusted["df"], want["kr_df"], 1e-4)
    close(adjusted["p"], want["kr_p"], 1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_variances_as_lme4(name: str) -> None:
    """To 1e-5 of the residual variance: lme4 searches to about 1e-6 even when told to go on."""
    want = MODELS[name]
    table = lmm(want["formula"], data(want["data"])).variances
    scale = want["vc"]["vcov"][-1]
    theirs = pd.DataFrame(want["vc"])
    theirs["group"] = theirs["group"].str.removesuffix(".1")
    single = theirs[theirs["var2"].isna()]
    assert table["group"].tolist() == single["group"].tolist()
    close(table["variance"], single["vcov"], 1e-5, scale)
    close(table["sd"] ** 2, table["variance"], 1e-12)
    pairs = theirs[theirs["var2"].notna()]
    close(table["correlation"].dropna(), pairs["sdcor"], 1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_random_effects_as_lme4(name: str) -> None:
    """sd by the matrices that lme4 holds (models.R): it gives no prediction error itself."""
    want = MODELS[name]
    fit = lmm(want["formula"], data(want["data"]))
    found = fit.random_effects().set_index(["group", "level", "name"])
    theirs = pd.DataFrame(want["predicted"])
    theirs["name"] = [_formulaic(text) for text in theirs["name"]]
    theirs = theirs.set_index(["group", "level", "name"])
    assert len(found) == len(theirs)
    ours = found.loc[theirs.index]
    spread = np.sqrt(want["vc"]["vcov"][-1])
    close(ours["value"], theirs["value"], 1e-5, spread)
    close(ours["sd"], theirs["sd"], 1e-5, spread)


def _formulaic(name: str) -> str:
    """lme4's name of an effect as formulaic writes it."""
    if name.startswith("role"):
        return f"role[{name.removeprefix('role')}]"
    return name.replace("(Intercept)", "Intercept")


@pytest.mark.parametrize("name", MODELS)
def test_fitted_and_residuals_as_lme4(name: str) -> None:
    want = MODELS[name]
    rows = data(want["data"])
    fit = lmm(want["formula"], rows)
    close(fit.fitted, want["fitted"], 1e-6, np.sqrt(want["vc"]["vcov"][-1]))
    close(fit.residuals, want["residuals"], 1e-6, np.sqrt(want["vc"]["vcov"][-1]))
    outcome = want["formula"].split(" ~")[0]
    used = rows.loc[fit.residuals.index, outcome]
    assert np.allclose(fit.fitted + fit.residuals, used)


@pytest.mark.parametrize("ddf", DDF)
@pytest.mark.parametrize("name", [name for name in MODELS if "joint" in MODELS[name]])
def test_joint_tests_as_lmertest_and_pbkrtest(name: str, ddf: Any) -> None:
    want = MODELS[name]
    fit = lmm(want["formula"], data(want["data"]), ddf=ddf)
    for one in want["joint"]:
        found = fit.contrast([{fit.terms[row]: 1.0} for row in one["rows"]])
        theirs = one[ddf]
        assert found.df_num == theirs["df_num"]
        close(found.f, theirs["f"], 1e-5)
        close(found.df_den, theirs["df_den"], 1e-3)
        close(found.p, theirs["p"], 1e-3)


@pytest.mark.parametrize("cluster", [None, "pair"])
@pytest.mark.parametrize("name", [name for name in MODELS if "cr2" in MODELS[name]])
def test_cr2_as_clubsandwich(name: str, cluster: str | None) -> None:
    want = MODELS[name]
    fit = lmm(want["formula"], data(want["data"]), robust="CR2", cluster=cluster)
    assert fit.cluster == "pair"
    table = fit.to_frame()
    close(table["estimate"], want["estimate"], 1e-6, want["se"])
    # lme4's own optimum is in clubSandwich's weights: 1e-6 there, not the 1e-8 of least squares.
    close(table["se"], want["cr2"]["se"], 1e-6)
    close(table["df"], want["cr2"]["df"], 1e-5)
    close(table["p"], want["cr2"]["p"], 1e-5)
    joint = fit.contrast([{fit.terms[1]: 1.0}, {fit.terms[2]: 1.0}])
    theirs = want["cr2"]["joint"]
    close([joint.f, joint.df_den, joint.p], [theirs[key] for key in ("f", "df_den", "p")], 1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "pairs20", "pairs10_roles", "pairs60_slope", "pairs14_boundary", "sleepstudy_slope",
        "sleepstudy_ri", "dyestuff", "dyestuff2", "pastes", "pastes_nested", "penicillin_crossed",
    ],
)  # fmt: skip
def test_shared_references_by_their_formulas(name: str, shared: Path) -> None:
    folder = shared / "reference" / "lmm"
    want = json.loads((folder / "fits.json").read_text("utf-8"))[name]
    rows = pd.read_csv(folder / f"{name}.csv")
    for column, levels in want["levels"].items():
        rows[column] = pd.Categorical(rows[column].astype(str), categories=levels)
    fit = lmm(want["formula"], rows)
    assert fit.n == want["n"]
    assert fit.singular is want["singular"]
    assert fit.criterion == pytest.approx(want["remlcrit"], abs=1e-6)
    found = fit.to_frame()
    wanted = {key: np.atleast_1d(want[key]) for key in want if key not in ("vc", "levels")}
    close(found["estimate"], wanted["estimate"], 1e-6, wanted["se"])
    close(found["se"], wanted["se"], 1e-6)
    close(found["df"], wanted["satterthwaite_df"], 1e-3)
    adjusted = lmm(want["formula"], rows, ddf="kenward-roger").to_frame()
    close(adjusted["se"], wanted["kr_se"], 1e-6)
    close(adjusted["df"], wanted["kr_df"], 1e-4)
    groups = [group for group, second in zip(want["vc"]["grp"], want["vc"]["var2"], strict=True)
              if second is None]  # fmt: skip
    assert fit.variances["group"].tolist() == groups


def test_by_hand() -> None:
    """Between 14, within 2, two a pair: variances (14 - 2) / 2 and 2, mean's variance 14 / 6;
    predictions shrink the pairs' gaps by 6 / (6 + 2 / 2)."""
    fit = small()
    table = fit.variances
    assert table["group"].tolist() == ["pair", "Residual"]
    assert table["variance"].tolist() == pytest.approx([6, 2])
    assert fit.icc.to_dict() == pytest.approx({"pair": 0.75})
    row = fit.to_frame().iloc[0]
    assert (row["estimate"], row["se"] ** 2, row["df"]) == pytest.approx((5, 14 / 6, 2))
    effects = fit.random_effects()
    assert effects["level"].tolist() == ["a", "b", "c"]
    assert effects["value"].tolist() == pytest.approx([-18 / 7, 6 / 7, 12 / 7])
    assert fit.fitted.tolist() == pytest.approx(np.repeat([5 - 18 / 7, 5 + 6 / 7, 5 + 12 / 7], 2))
    assert rm.lmm is lmm


def test_shares_of_several_levels() -> None:
    """A slope has no share where its variable is 0; categories without intercept have none."""
    rows = data("slope")
    fit = lmm("score ~ t * arm + (1 | pair) + (1 + t | someone)", rows)
    variances = fit.variances.set_index(["group", "name"])["variance"]
    parts = variances.drop(("someone", "t"))
    assert fit.icc["pair"] == pytest.approx(variances["pair", "Intercept"] / parts.sum())
    assert fit.icc["someone"] == pytest.approx(variances["someone", "Intercept"] / parts.sum())
    assert lmm("score ~ t + (0 + role | pair)", rows).icc.isna().all()
    slope = lmm("score ~ t + (0 + t | someone)", rows).icc
    assert slope.to_dict() == {"someone": 0.0}


def test_frame_is_complete_and_consistent() -> None:
    fit = lmm("score ~ wave + (1 | pair/person)", frame(), level=0.9)
    table = fit.to_frame()
    assert list(table.columns) == [
        "term", "estimate", "se", "df", "statistic", "p", "low", "high",
    ]  # fmt: skip
    assert tuple(table["term"]) == fit.terms == ("Intercept", "wave[T.w1]", "wave[T.w2]")
    assert np.allclose(table["statistic"], table["estimate"] / table["se"])
    assert np.allclose((table["low"] + table["high"]) / 2, table["estimate"])
    wide = lmm("score ~ wave + (1 | pair/person)", frame()).to_frame()
    assert (wide["high"] > table["high"]).all()


@pytest.mark.parametrize("options", [{}, {"ddf": "kenward-roger"}, {"robust": "CR2"}])
def test_contrast_equals_another_reference_level(options: dict[str, Any]) -> None:
    rows = frame()
    found = lmm("score ~ wave + (1 | pair/person)", rows, **options).contrast(
        {"wave[T.w2]": 1, "wave[T.w1]": -1}
    )
    turned = rows.assign(wave=pd.Categorical(rows["wave"], ["w1", "w2", "w0"]))
    row = lmm("score ~ wave + (1 | pair/person)", turned, **options).to_frame().iloc[1]
    expected = (row["estimate"], row["se"], row["df"], row["p"])
    assert (found.estimate, found.se, found.df, found.p) == pytest.approx(expected, rel=1e-7)


def test_contrasts_that_cannot_be() -> None:
    fit = lmm("score ~ wave + (1 | pair)", frame())
    with pytest.raises(ValueError, match=r"did you mean 'wave\[T.w1\]'"):
        fit.contrast({"wave[T.w11]": 1})
    with pytest.raises(ValueError, match="no contrast given"):
        fit.contrast([])
    with pytest.raises(ValueError, match="repeat"):
        fit.contrast([{"wave[T.w1]": 1}, {"wave[T.w1]": 2}])


@pytest.mark.parametrize("change", ["rows", "index", "ids", "columns", "unit"])
def test_what_may_not_matter(change: str) -> None:
    rows = frame()
    before = lmm("score ~ wave * arm + (1 + t | pair)", rows)
    scale = 1.0
    if change == "rows":
        rows = rows.sample(frac=1, random_state=1)
    elif change == "index":
        rows.index = pd.Index(["same"] * len(rows))
    elif change == "ids":
        rows["pair"] = "pair " + (99 - rows["pair"]).astype(str)
    elif change == "columns":
        rows = rows[rows.columns[::-1]]
    else:
        scale = 1e6
        rows["score"] *= scale
        rows["t"] += 2020
    after = lmm("score ~ wave * arm + (1 + t | pair)", rows)
    ours, theirs = after.to_frame(), before.to_frame()
    for column in ("estimate", "se", "low", "high"):
        ours[column] /= scale
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-7, atol=1e-9)


def test_the_frame_is_left_as_it_was() -> None:
    rows = frame()
    copy = rows.copy(deep=True)
    lmm("score ~ wave + (1 | pair/person)", rows)
    pd.testing.assert_frame_equal(rows, copy)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(1 | pair/person)", "(1 | pair) + (1 | who)"),
        ("(1 | pair/person)", "(1 | pair) + (1 | pair:person)"),
        ("(1 | pair/who)", "(1 | pair/person)"),
        ("(t || pair)", "(1 | pair) + (0 + t | pair)"),
        ("(t || pair)", "(1 | pair) + (t - 1 | pair)"),
        ("(t | pair)", "(1 + t | pair)"),
        ("(wave | pair)", "(0 + wave | pair)"),
        ("(1 | person:pair)", "(1|who)"),
    ],
)
def test_two_ways_to_write_one_model(one: str, other: str) -> None:
    first, second = (lmm(f"score ~ wave + arm + {random}", frame()) for random in (one, other))
    assert first.criterion == pytest.approx(second.criterion, abs=1e-8)
    pd.testing.assert_frame_equal(first.to_frame(), second.to_frame(), rtol=1e-6, atol=1e-9)


def test_nested_groups_have_lme4s_names() -> None:
    fit = lmm("score ~ wave + (1 | arm/pair/person)", frame())
    assert list(fit.n_groups) == ["person:(pair:arm)", "pair:arm", "arm"]
    effects = fit.random_effects()
    assert effects.loc[effects["group"] == "pair:arm", "level"].iloc[0] == "0:mentor"


def test_missing_rows_are_dropped_counted_and_aligned() -> None:
    rows = frame()
    rows.index = rows.index + 100
    rows.loc[103, "score"] = np.nan
    rows.loc[105, "wave"] = None
    rows.loc[107, "pair"] = np.nan
    rows.loc[109, "who"] = None  # not in the model
    fit = lmm("score ~ wave + (1 | pair/person)", rows)
    assert (fit.n, fit.dropped) == (69, 3)
    whole = lmm("score ~ wave + (1 | pair/person)", frame().drop([3, 5, 7]))
    pd.testing.assert_frame_equal(fit.to_frame(), whole.to_frame())
    assert fit.residuals.index.tolist() == [k for k in rows.index if k not in (103, 105, 107)]
    assert set(fit.random_effects()["level"]) == set(whole.random_effects()["level"])


def test_unused_levels_are_no_level() -> None:
    rows = frame()
    rows["arm"] = pd.Categorical(rows["arm"], ["waitlist", "mentor", "control"])
    rows["pair"] = pd.Categorical(rows["pair"], range(50))
    fit = lmm("score ~ arm + (1 | pair)", rows)
    assert fit.terms == ("Intercept", "arm[T.control]")
    assert dict(fit.n_groups) == {"pair": 12}


def test_maximum_likelihood() -> None:
    """Between 14, within 2 on 6 rows: ML divides the between sum of squares by 3, not 2."""
    fit = lmm("score ~ 1 + (1 | pair)", SMALL, reml=False)
    between = 28 / 3
    assert fit.variances["variance"].tolist() == pytest.approx([(between - 2) / 2, 2])
    deviance = 3 * np.log(between) + 3 * np.log(2) + 6 * np.log(2 * np.pi) + 6
    assert fit.criterion == pytest.approx(deviance)


def test_an_exact_fit_has_no_test() -> None:
    fit = lmm("score ~ wave + (1 | pair)", frame().assign(score=2.0))
    assert fit.to_frame()["p"].isna().all()
    assert "fits exactly" in repr(fit)


def test_text_and_page() -> None:
    rows = frame().rename(columns={"who": "who <b>"})
    fit = lmm("score ~ I(t > 1) + (1 | pair) + (1 | `who <b>`)", rows, ddf="kenward-roger")
    html, text = fit._repr_html_(), repr(fit)
    assert "<b>" not in html
    assert "who &lt;b&gt;" in html
    assert "I(t &gt; 1)" in html
    head = "72 rows, 0 dropped · 24 who <b>, 12 pair · REML criterion"
    assert head in text
    assert "Kenward-Roger" in text
    assert "CR2 by pair" in repr(lmm("score ~ t + (1 | pair)", rows, robust="CR2"))
    noted = lmm("score ~ t + (1 | pair) + (1 | person)", rows)
    assert f"Note: {noted.notes[0]}." in repr(noted)


def test_clusters_that_agree_to_the_last_digit_are_no_test() -> None:
    """One arm's two pairs change by a third each, the other arm has one pair: CR2's variance of
    the changes is zero, and what rounding makes of it is no reason for a p of 1e-15."""
    rows = pd.DataFrame({"g": np.repeat([0, 1, 2], 6), "t": [0, 1] * 9})
    rows["s"] = rows.index // 2
    rows["arm"] = np.where(rows["g"] == 1, "b", "a")
    rows["score"] = [-1.0, -1, 2, 3, 4, 4, 1, 1, 2, 2, 2, 2, 5, 6, 5, 5, 3, 3]
    fit = lmm("score ~ t * arm + (1 | g / s)", rows, robust="CR2")
    least = rm.ols("score ~ t * arm", rows, cluster="g")
    for table in (fit.to_frame(), least.to_frame()):
        judged = table.set_index("term")["p"].notna()
        assert judged.to_dict() == {
            "Intercept": True,
            "t": False,
            "arm[T.b]": True,
            "t:arm[T.b]": False,
        }
    assert np.isnan(fit.contrast([{"t": 1}]).p)
    assert np.isnan(least.wald(["t"]).p)


def test_a_cluster_that_alone_tells_of_an_arm_is_noted() -> None:
    """Its errors are invisible: the arm's standard error is that of the other arm's mean alone."""
    rows = frame()
    rows["arm"] = np.where(rows["pair"] == 3, "b", "a")
    one = lmm("score ~ t * arm + (1 | pair/person)", rows, robust="CR2")
    assert [note for note in one.notes if "alone" in note] == [
        "1 of the 12 clusters by pair alone determines arm[T.b], t:arm[T.b]: CR2 sees nothing of "
        "its errors, so that these standard errors are too small, or missing"
    ]
    se = one.to_frame()["se"]
    assert se[2] == pytest.approx(se[0], rel=1e-10)
    rows["arm"] = np.where(rows["pair"] == 3, "a", "b")
    other = lmm("score ~ t * arm + (1 | pair/person)", rows, robust="CR2")
    assert "alone determines Intercept, t, arm[T.b], t:arm[T.b]: CR2" in other.notes[-1]
    rows["arm"] = np.where(rows["pair"] < 2, "a", "b")
    two = lmm("score ~ t * arm + (1 | pair/person)", rows, robust="CR2")
    assert not any("alone" in note for note in two.notes)
    assert not any("alone" in note for note in lmm(one.formula, rows).notes)


def test_rows_that_hardly_differ_are_said_where_the_search_fails() -> None:
    rng = np.random.default_rng(1)
    rows = frame()
    level = rng.normal(size=12)[rows["pair"]] + 0.5 * rng.normal(size=30)[2 * rows["pair"]]
    rows["score"] = level + 1e-7 * rng.normal(size=len(rows))
    fit = lmm("score ~ t + (1 | pair)", rows)
    assert not fit.converged
    assert "rows of one group hardly differ" in fit.notes[-1]
    rows["score"] = level + rng.normal(size=len(rows))
    assert not any("hardly" in note for note in lmm("score ~ t + (1 | pair)", rows).notes)
