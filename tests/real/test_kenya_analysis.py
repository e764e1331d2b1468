"""Mentors or teachers (Brooks, Donovan, Johnson 2018): the paper's figures from our functions."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.change import pre_post
from rmresearch.io.read import read_study
from rmresearch.result import Result
from rmresearch.study import Study

CONTROLS = (
    "lage_b", "secondaryedu_b", "sec0_b", "sec1_b", "sec2_b", "sec3_b", "sec4_b", "I_emp_b",
)  # fmt: skip
WAVES = ("m1", "m2", "m3", "m4", "m7", "m12", "m17")
#: the paper's table, mentee against control by month, and people in the model
PUBLISHED = (266.06, 50.22, 321.06, 994.68, 915.59, 20.81, 35.86)
PEOPLE = (345, 311, 312, 316, 302, 318, 307)


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    return shared / "real" / "bdj_mentors_rct"


@pytest.fixture(scope="module")
def kenya(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("kenya")
    shutil.copy(Path(__file__).with_name("kenya.toml"), folder / "study.toml")
    return read_study(folder, data=data)


@pytest.fixture(scope="module")
def answer(kenya: Study) -> Result:
    return compare_arms(kenya, "profit", covariates=CONTROLS, rerandomise=False)


@pytest.mark.parametrize(
    "wave, published, people", list(zip(WAVES, PUBLISHED, PEOPLE, strict=True))
)
def test_published_by_wave(answer: Result, wave: str, published: float, people: int) -> None:
    found = next(
        e for e in answer.estimates
        if (e.wave, e.contrast, e.term) == (wave, "mentee - control", "ancova")
    )  # fmt: skip
    assert found.value == pytest.approx(published, abs=0.005)  # the paper prints two decimals
    assert found.n_people == people
    assert found.n_clusters == people  # mentors carry no id: everybody stands alone


@pytest.mark.parametrize("wave", WAVES)
def test_errors_agree_with_statsmodels(data: Path, answer: Result, wave: str) -> None:
    import statsmodels.formula.api as smf

    months = {"m1": 1, "m2": 2, "m3": 3, "m4": 4, "m7": 5, "m12": 6, "m17": 7}
    raw = pd.read_stata(data / "BDJ_Dandora_Data.dta", convert_categoricals=False)
    raw = raw[raw["wave"] == months[wave]]
    formula = "tprofits ~ C(treat2) + tprofits_b + " + " + ".join(CONTROLS)
    plain = smf.ols(formula, raw).fit()
    for arm, code in (("class", "3.0"), ("mentee", "4.0")):
        name = f"C(treat2)[T.{code}]"
        found = {
            e.term: e for e in answer.estimates
            if (e.wave, e.contrast) == (wave, f"{arm} - control")
        }  # fmt: skip
        # the baseline column is the study's own m0 profit: equal to tprofits_b
        assert found["classical"].value == pytest.approx(plain.params[name], rel=1e-8)
        assert found["classical"].se == pytest.approx(plain.bse[name], rel=1e-8)
        # one woman alone has sec4_b = 1: her leverage is 1 and HC2 leaves her out, as R does
        x, residual = np.asarray(plain.model.exog), np.asarray(plain.resid)
        bread = np.linalg.inv(x.T @ x)
        left = 1 - np.einsum("ij,jk,ik->i", x, bread, x)
        weights = np.where(left > 1e-9, residual**2 / np.maximum(left, 1e-9), 0.0)
        at = list(plain.params.index).index(name)
        hc2 = np.sqrt((bread @ (x.T * weights) @ x @ bread)[at, at])
        assert found["ancova"].se == pytest.approx(hc2, rel=1e-6)  # inverse of an ill-scaled x'x


def test_everybody_is_accounted_for(answer: Result) -> None:
    for wave, people in zip(WAVES, PEOPLE, strict=True):
        gone = sum(d.people for d in answer.dropped if f", {wave}, analysed by itself:" in d.reason)
        assert people + gone == 372
    records = [e for e in answer.estimates if e.term == ""]
    lost = sum(d.people for d in answer.dropped if ", all waves:" in d.reason)
    # the paper's tables change people from month to month; the model of all waves does not
    assert {e.n_people for e in records} == {372 - lost}
    assert 372 - lost > max(PEOPLE)


def test_all_waves_together_say_much_the_same_with_smaller_errors(answer: Result) -> None:
    # chance formed the arms, so both estimate the same; using everybody's answers costs nothing
    by_term = {
        term: [e for e in answer.estimates if (e.term, e.contrast) == (term, "mentee - control")]
        for term in ("", "ancova")
    }
    assert len(by_term[""]) == len(by_term["ancova"]) == len(WAVES)
    for record, alone in zip(by_term[""], by_term["ancova"], strict=True):
        assert record.wave == alone.wave
        assert None not in (record.value, record.se, alone.value, alone.se)
        assert abs(record.value - alone.value) < alone.se  # type: ignore[operator]
    ratios = [r.se / a.se for r, a in zip(by_term[""], by_term["ancova"], strict=True)]  # type: ignore[operator]
    assert np.mean(ratios) < 1.03


def test_baseline_of_the_arms(answer: Result) -> None:
    frame = answer.table("baseline").to_frame()
    everyone = frame[(frame["sample"] == "everyone assigned") & (frame["arm"] == "control")]
    # 119 controls, two of them without a profit before the start
    assert list(everyone["people"])[:2] == [117, 119]


def test_rerandomisation_of_month_four(kenya: Study) -> None:
    result = compare_arms(kenya, "profit", waves=["m4"], covariates=CONTROLS, programme="mentee")
    by_term = {e.term: e for e in result.estimates if e.wave == "m4"}
    p = by_term["rerandomisation"].p
    assert p is not None
    # the assignment test and the model test ask the same of 206 people: both far below .05
    assert 1 / 10_000 <= p < 0.01
    assert by_term["rerandomisation-smallest"].value == pytest.approx(1 / 10_000)


def test_change_of_each_arm(kenya: Study, data: Path) -> None:
    raw = pd.read_stata(data / "BDJ_Dandora_Data.dta", convert_categoricals=False)
    # Stata's column is in single precision; sums are not to be
    wide = raw.pivot(index="id", columns="wave", values="tprofits").astype(float)
    arm = raw.drop_duplicates("id").set_index("id")["treat2"]
    change = (wide[7] - wide[0]).dropna()
    result = pre_post(kenya, "profit")
    for name, code in (("control", 2), ("class", 3), ("mentee", 4)):
        mine = change[arm.reindex(change.index) == code]
        found = next(e for e in result.estimates if (e.group, e.term) == (name, ""))
        assert found.value == pytest.approx(mine.mean(), rel=1e-10)
        assert found.se == pytest.approx(mine.std(ddof=1) / np.sqrt(len(mine)), rel=1e-10)
        assert found.n_people == len(mine)
