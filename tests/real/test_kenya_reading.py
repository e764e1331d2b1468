"""The Kenya mentoring RCT is read by its study.toml alone, and counts as published."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rmresearch.io.check import check
from rmresearch.io.read import read_study
from rmresearch.study import Study


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    folder = shared / "real" / "bdj_mentors_rct"
    if not folder.is_dir():
        pytest.skip("the Kenya study is not there")
    return folder


@pytest.fixture(scope="module")
def study(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    # a copy of the declaration, so that the key of the pseudonyms is not made in the checkout
    folder = tmp_path_factory.mktemp("kenya")
    shutil.copy(Path(__file__).with_name("kenya.toml"), folder)
    return read_study(folder / "kenya.toml", data=data)


def test_people_arms_and_pairs(study: Study) -> None:
    assert len(study.participants) == 372
    arms = study.participants["arm"].value_counts().to_dict()
    assert arms == {"control": 119, "class": 129, "mentee": 124}
    assert set(study.participants["role"]) == {"junior"}
    assert len(study.pairs) == 124
    assert study.pairs["senior"].isna().all()
    assert study.pairs["junior"].isin(study.participants["person"]).all()
    assert study.clusters().nunique() == 372  # a pair is its mentee: nobody shares a cluster


def test_still_meeting_after_a_year(study: Study) -> None:
    """Published: 45.7% at month 12 (48 of 105 who answered)."""
    last = study.meetings[study.meetings["wave"] == "m12"]
    assert (int(last["held"].sum()), len(last)) == (48, 105)
    assert round(100 * last["held"].mean(), 1) == 45.7


def test_so_many_of_the_panel_were_found_again(data: Path) -> None:
    """The world's source for response: 83-95% of the 372 have a row at a wave after the start."""
    raw = pd.read_stata(data / "BDJ_Dandora_Data.dta", convert_categoricals=False)
    found = raw[raw["wave"] > 0].groupby("wave")["id"].nunique() / raw["id"].nunique()
    assert (round(100 * found.min()), round(100 * found.max())) == (83, 95)


def test_profits_equal_the_file(study: Study, data: Path) -> None:
    """By wave: how many answers and their sum, by a plain loop over the raw file."""
    raw = pd.read_stata(data / "BDJ_Dandora_Data.dta", convert_categoricals=False)
    names = {0: "m0", 1: "m1", 2: "m2", 3: "m3", 4: "m4", 5: "m7", 6: "m12", 7: "m17"}
    naive: dict[str, list[float]] = {name: [] for name in names.values()}
    for wave, profit in zip(raw["wave"], raw["tprofits"], strict=True):
        if not np.isnan(profit):
            naive[names[int(wave)]].append(float(profit))
    for wave, values in naive.items():
        mine = study.measures.loc[study.measures["wave"] == wave, "value"]
        assert len(mine) == len(values)
        assert mine.sum() == pytest.approx(sum(values), rel=1e-12)  # another order of summing


def test_features_belong_to_their_people(study: Study) -> None:
    """``tprofits_b`` of the file repeats the profit before the start."""
    first = study.wide("profit")["m0"]
    feature = study.participants.set_index("person")["tprofits_b"].reindex(first.index)
    both = first.notna() & feature.notna()
    assert both.sum() > 300
    assert np.array_equal(first[both], feature[both])


def test_check_says_what_it_can_show(data: Path, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("kenya.toml"), tmp_path)
    report = check(tmp_path / "kenya.toml", data)
    assert report.problems == ()
    words = "\n".join(report.abilities)
    assert "372 people" in words
    assert "8 waves: m0 (month 0, before the start)" in words
    assert "The senior of a pair was not studied" in words
    assert [path.name for path in tmp_path.iterdir()] == ["kenya.toml"]
