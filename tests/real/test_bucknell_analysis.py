"""Course-based research surveys (Bucknell): 22 items before and after, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rmresearch.analysis.arms import compare_arms
from rmresearch.analysis.change import pre_post
from rmresearch.errors import StudyError
from rmresearch.io.read import read_study
from rmresearch.study import Study


@pytest.fixture(scope="module")
def bucknell(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("bucknell")
    shutil.copy(Path(__file__).with_name("bucknell.toml"), folder / "study.toml")
    return read_study(folder, data=shared / "real" / "bucknell_cure")


def test_changes_span_the_range_computed_from_the_data(bucknell: Study) -> None:
    # the data's description gives d_z (mean change / SD of change) from -.20 to .28 over 22 items
    items = [o for o in bucknell.design.outcomes if o.name.startswith("view_")]
    assert len(items) == 22
    sizes = []
    for outcome in items:
        found = {e.term: e for e in pre_post(bucknell, outcome).estimates}
        t = found["paired-t"]
        assert t.value is not None
        assert t.se is not None
        sizes.append(t.value / t.se / np.sqrt(t.n_people))
        assert found["win-probability"].value is not None
        assert found["expected-regression"].value is None  # no pool mean: never 0
    assert (round(min(sizes), 2), round(max(sizes), 2)) == (-0.20, 0.28)


@pytest.mark.parametrize("asked", ["ability", "gain"])
def test_ability_before_and_gain_after_are_refused(bucknell: Study, asked: str) -> None:
    with pytest.raises(StudyError, match="two different scales are never subtracted") as caught:
        pre_post(bucknell, asked)
    assert "ability" in str(caught.value)
    assert "gain" in str(caught.value)


def test_a_single_group_has_no_arms_to_compare(bucknell: Study) -> None:
    with pytest.raises(StudyError, match="no comparison arm"):
        compare_arms(bucknell, "view_1")
