"""rm.ols: formulas, missing rows, refusals, R's answers, and a published study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rmresearch as rm
from numerics.references import FOLDER, outputs
from rmresearch.errors import FitError
from rmresearch.models import ols

R = outputs("robust")
FORMULAS = {
    "balanced": "y ~ arm + pre",
    "unbalanced": "y ~ arm + pre + stratum",
    "few_clusters": "y ~ arm + size + pre",
    "singletons": "y ~ arm + pre + stratum",
}


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    n = 40
    made = pd.DataFrame(
        {
            "post": rng.normal(3, 1, n),
            "pre": rng.normal(3, 1, n),
            "arm": np.array(["control", "mentor", "class"])[np.arange(n) % 3],
            "unit": np.arange(n) // 4,
            "day of week": rng.integers(1, 6, n),
            "flag": np.arange(n) % 2 == 0,
        }
    )
    made["post"] += 0.4 * made["pre"]
    return made


@pytest.mark.parametrize("name", FORMULAS)
def test_as_clubsandwich(name: str) -> None:
    data = pd.read_csv(FOLDER / f"{name}.csv")
    fit = ols(FORMULAS[name], data, cluster="cluster")
    table = fit.to_frame()
    # trust.md: 1e-8 on standard errors, 1e-4 on df
    assert table["estimate"].to_numpy() == pytest.approx(np.array(R[name]["coef"]), rel=1e-8)
    assert table["se"].to_numpy() == pytest.approx(np.array(R[name]["se"]), rel=1e-8)
    assert table["df"].to_numpy() == pytest.approx(np.array(R[name]["df"]), rel=1e-4)
    assert table["p"].to_numpy() == pytest.approx(np.array(R[name]["p"]), rel=1e-4)
    assert fit.r2 == pytest.approx(R[name]["r2"], rel=1e-9)
    assert fit.n == len(data)
    assert fit.n_clusters == data["cluster"].nunique()
    assert rm.ols is ols


def test_frame_is_complete_and_consistent() -> None:
    fit = ols("post ~ arm + pre", frame(), cluster="unit", level=0.9)
    table = fit.to_frame()
    assert list(table.columns) == [
        "term", "estimate", "se", "df", "statistic", "p", "low", "high",
    ]  # fmt: skip
    assert tuple(table["term"]) == fit.terms == (
        "Intercept", "arm[T.control]", "arm[T.mentor]", "pre",
    )  # fmt: skip
    assert np.allclose(table["statistic"], table["estimate"] / table["se"])
    assert np.allclose((table["low"] + table["high"]) / 2, table["estimate"])
    wide = ols("post ~ arm + pre", frame(), cluster="unit").to_frame()
    assert (wide["high"] > table["high"]).all()


def test_contrast_equals_another_reference_level() -> None:
    fit = ols("post ~ arm + pre", frame(), cluster="unit")
    found = fit.contrast({"arm[T.mentor]": 1, "arm[T.control]": -1})
    other = ols('post ~ C(arm, contr.treatment("control")) + pre', frame(), cluster="unit")
    row = other.to_frame().set_index("term").filter(like="mentor", axis=0).iloc[0]
    expected = (row["estimate"], row["se"], row["df"], row["p"])
    assert (found.estimate, found.se, found.df, found.p) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ValueError, match=r"did you mean 'arm\[T.mentor\]'"):
        fit.contrast({"arm[T.mentr]": 1})


def test_joint_test() -> None:
    data = pd.read_csv(FOLDER / "unbalanced.csv")
    fit = ols(FORMULAS["unbalanced"], data, cluster="cluster")
    expected = R["unbalanced"]["htz"][0]
    found = fit.wald(["arm[T.control]", "arm[T.mentor]"])
    assert (found.f, found.df_den) == pytest.approx((expected["f"], expected["df_den"]), rel=1e-4)
    with pytest.raises(ValueError, match="terms is empty"):
        fit.wald([])


def test_missing_rows_are_dropped_and_counted() -> None:
    data = frame()
    data.loc[3, "post"] = np.nan
    data.loc[5, "arm"] = None
    data.loc[7, "day of week"] = np.nan  # not in the model
    data.loc[9, "unit"] = np.nan
    with pytest.raises(FitError, match="cluster column 'unit' is empty in 1 of the 38 rows"):
        ols("post ~ arm + pre", data, cluster="unit")
    data.loc[9, "pre"] = np.nan
    fit = ols("post ~ arm + pre", data, cluster="unit")
    assert (fit.n, fit.dropped) == (37, 3)
    whole = ols("post ~ arm + pre", data.drop([3, 5, 9]), cluster="unit")
    pd.testing.assert_frame_equal(fit.to_frame(), whole.to_frame())
    assert whole.dropped == 0


@pytest.mark.parametrize("change", ["rows", "index", "clusters", "columns"])
def test_what_may_not_matter(change: str) -> None:
    data = frame()
    before = ols("post ~ arm + pre", data, cluster="unit").to_frame()
    if change == "rows":
        data = data.sample(frac=1, random_state=1)
    elif change == "index":
        data.index = pd.Index(["same"] * len(data))
    elif change == "clusters":
        data["unit"] = "unit " + (99 - data["unit"]).astype(str)
    else:
        data = data[data.columns[::-1]]
    after = ols("post ~ arm + pre", data, cluster="unit").to_frame()
    pd.testing.assert_frame_equal(before, after, rtol=1e-8)


def test_the_frame_is_left_as_it_was() -> None:
    data = frame()
    copy = data.copy(deep=True)
    ols("post ~ arm + flag", data, cluster="unit")
    pd.testing.assert_frame_equal(data, copy)


@pytest.mark.parametrize("term", ["I(count^2)", "{count ^ 2}", "I((count)^(1 + 1))"])
def test_a_caret_in_a_call_is_a_power(term: str) -> None:
    """formulaic evaluates Python there, where 5 ^ 2 would be 7 (exclusive or), silently."""
    data = frame().assign(count=frame()["day of week"])
    data["square"] = data["count"] ** 2
    assert data["square"].max() == 25
    found, expected = (ols(f"post ~ {t}", data).to_frame() for t in (term, "square"))
    assert np.allclose(found["estimate"], expected["estimate"], rtol=1e-10)
    assert np.allclose(found["se"], expected["se"], rtol=1e-10)


def test_a_brace_that_begins_a_formula_holds_python_too() -> None:
    data = frame().assign(count=frame()["day of week"])
    data["square"] = data["count"] ** 2
    found, expected = (ols(f"{y} ~ pre", data).to_frame() for y in ("{count^2}", "square"))
    assert np.allclose(found["estimate"], expected["estimate"], rtol=1e-10)


def test_a_caret_outside_is_crossing() -> None:
    crossed = ols("post ~ (pre + flag)^2", frame())
    assert crossed.terms == ("Intercept", "pre", "flag", "pre:flag")


def test_names_that_need_backticks() -> None:
    fit = ols("post ~ `day of week` + log(pre + 9)", frame())
    assert fit.terms == ("Intercept", "day of week", "log(pre + 9)")


def test_r2_without_an_intercept_is_about_zero() -> None:
    data = frame()
    fit = ols("post ~ 0 + pre", data, vcov="classical")
    left = data["post"] - fit.to_frame()["estimate"][0] * data["pre"]
    assert fit.r2 == pytest.approx(1 - (left**2).sum() / (data["post"] ** 2).sum())
    cells = ols("post ~ 0 + arm", data)
    assert cells.r2 == pytest.approx(ols("post ~ arm", data).r2)


def test_unused_levels_are_no_column() -> None:
    data = frame()
    data["arm"] = pd.Categorical(data["arm"], categories=["waitlist", "control", "class", "mentor"])
    assert ols("post ~ arm", data).terms == ("Intercept", "arm[T.class]", "arm[T.mentor]")


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("post ~ arm + I(2*pre) + pre", r"column 'pre' is determined by 'I\(2 \* pre\)'"),
        ("post ~ arm + one", "column 'one' is constant, as is 'Intercept'"),
        ("post ~ place", "place: the 40 rows without missing values hold one value only"),
        ("post ~ log(zero)", r"not a finite number.*log\(zero\) \(40 rows\)"),
        ("post ~ infinite", r"infinite \(1 rows\)"),
        ("post ~ void", "none of the 40 rows has a value in all of post, void"),
    ],
)
def test_data_that_do_not_support_the_model(formula: str, words: str) -> None:
    data = frame().assign(one=1.0, place="Lyon", zero=0.0, void=np.nan)
    data["infinite"] = np.where(np.arange(40) == 4, np.inf, data["pre"])
    with pytest.raises(FitError, match=words):
        ols(formula, data, cluster="unit")


@pytest.mark.parametrize(
    ("formula", "options", "words"),
    [
        ("post ~ amr", {}, r"no column 'amr' \(did you mean 'arm'\?\)"),
        ("post ~ amr + pree", {}, "no column 'amr'.*no column 'pree'"),
        ("post ~ poly(amr, 2)", {}, "no column 'amr'"),
        ("post ~ arm", {"cluster": "Unit"}, r"no column 'Unit' \(did you mean 'unit'\?\)"),
        ("post ~ arm", {"level": 95}, "level"),
        ("post ~ arm", {"vcov": "HC3"}, "vcov must be"),
        ("post", {}, "one outcome and one design"),
        ("post + pre ~ arm", {}, "one numeric column, not post, pre"),
        ("arm ~ pre", {}, "one numeric column"),
        ("post ~ pre | arm", {}, "one outcome and one design"),
        ("post ~ pre +", {}, "cannot be read"),
        ("post ~ (1 | unit)", {}, "cannot be read"),
        ("post ~ 0", {}, "no design"),
        ("post ~ nonsense(pre)", {}, "nonsense"),
    ],
)
def test_wrong_arguments(formula: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ols(formula, frame(), **options)


def test_one_cluster_and_no_spare_row() -> None:
    data = frame()
    with pytest.raises(FitError, match="1 cluster"):
        ols("post ~ pre", data.assign(unit=1), cluster="unit")
    with pytest.raises(FitError, match="2 rows and 2 coefficients"):
        ols("post ~ pre", data.head(2))
    with pytest.raises(FitError, match="none of the 0 rows"):
        ols("post ~ pre", data.head(0))
    doubled = pd.concat([data, data[["pre"]]], axis=1)
    with pytest.raises(ValueError, match="several columns called pre"):
        ols("post ~ pre", doubled)


def test_no_variance_gives_no_p() -> None:
    table = ols("post ~ arm", frame().assign(post=2.0), cluster="unit").to_frame()
    assert table["se"].eq(0).all()
    assert table[["statistic", "p"]].isna().all().all()


def test_page() -> None:
    html = ols("post ~ I(pre > 3) + arm", frame(), cluster="unit")._repr_html_()
    assert "I(pre &gt; 3)" in html
    assert "CR2 by unit · 40 rows, 10 clusters, 0 rows dropped" in html


@pytest.fixture(scope="module")
def kenya(shared: Path) -> pd.DataFrame:
    import pyreadstat

    data, _ = pyreadstat.read_dta(shared / "real" / "bdj_mentors_rct" / "BDJ_Dandora_Data.dta")
    arms = {2.0: "0 control", 3.0: "class", 4.0: "mentee"}
    columns = {"arm": data["treat2"].map(arms), "arm_now": data["treat"].map(arms)}
    return data.assign(**columns, period=data["wave"].map("wave {:.0f}".format))


CONTROLS = "tprofits_b + lage_b + secondaryedu_b + I_emp_b + " + " + ".join(
    f"sec{k}_b" for k in range(5)
)


def test_kenya_pooled_after_the_start(kenya: pd.DataFrame) -> None:
    """Brooks, Donovan and Johnson 2018, over the waves after the start (shared/real/README.md)."""
    data = kenya[kenya["wave"] > 0]
    formula = f"tprofits ~ arm + {CONTROLS} + period"
    fit = ols(formula, data, cluster="id", vcov="CR1")
    table = fit.to_frame().set_index("term").round(2)
    assert fit.n == 2211
    assert table.loc["arm[T.mentee]", ["estimate", "se"]].tolist() == [368.74, 131.57]
    assert table.loc["arm[T.class]", ["estimate", "se"]].tolist() == [110.82, 143.28]
    robust = ols(formula, data, cluster="id").to_frame().set_index("term")
    assert round(robust.loc["arm[T.mentee]", "se"], 2) == 132.88
    # The five sectors are no partition (some businesses are in two): nothing is aliased.
    assert set(kenya[[f"sec{k}_b" for k in range(5)]].sum(axis=1)) == {1.0, 2.0}


def test_kenya_as_published(kenya: pd.DataFrame) -> None:
    """The published table also regresses the baseline wave on itself: an arm (`treat`, 2 for
    everybody before the start) cannot have an effect there, the baseline profit explains itself,
    and both make the pooled model look more precise than what follows the start. That is why it
    is not the default.
    """
    fit = ols(f"tprofits ~ arm_now + {CONTROLS} + period", kenya, cluster="id", vcov="CR1")
    table = fit.to_frame().set_index("term").round(2)
    assert fit.n == 2578
    assert round(fit.r2, 4) == 0.1075
    assert table.loc["arm_now[T.mentee]", ["estimate", "se"]].tolist() == [371.83, 133.02]
    assert table.loc["arm_now[T.class]", ["estimate", "se"]].tolist() == [124.51, 144.90]


def test_kenya_wave_by_wave(kenya: pd.DataFrame) -> None:
    published = [266.06, 50.22, 321.06, 994.68, 915.59, 20.81, 35.86]
    counts = [345, 311, 312, 316, 302, 318, 307]
    for wave, (estimate, n) in enumerate(zip(published, counts, strict=True), start=1):
        data = kenya[kenya["wave"] == wave]
        fit = ols(f"tprofits ~ arm + {CONTROLS}", data, vcov="classical")
        found = fit.contrast({"arm[T.mentee]": 1})
        assert (round(float(found.estimate), 2), fit.n) == (estimate, n)
