"""Estimated marginal means: emmeans' answers, and hand-made weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.references import MODELS, close, data
from models.test_mixed import frame
from rmresearch.models import lmm


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name]["means"]])
def test_as_emmeans(name: str, ddf: Any) -> None:
    want = MODELS[name]
    fit = lmm(want["formula"], data(want["data"]), ddf=ddf)
    for one in want["means"]:
        theirs = one[ddf]
        found = fit.means(theirs["factors"], by=theirs["by"])
        keys = [*theirs["by"], *theirs["factors"]]
        cells = found.to_frame()[keys].astype(str).agg(" ".join, axis=1)
        assert cells.tolist() == theirs["cells"]
        se = np.array(theirs["se"])
        close(found.table["estimate"], theirs["estimate"], 1e-6, se)
        close(found.table["se"], se, 1e-6)
        close(found.table["df"], theirs["df"], 1e-3)
        close(found.table["low"], theirs["low"], 1e-4, se)
        close(found.table["high"], theirs["high"], 1e-4, se)
        gaps = found.differences
        assert gaps["contrast"].tolist() == theirs["contrast"]
        assert gaps[theirs["by"]].to_numpy().ravel().tolist() == theirs["within"]
        close(gaps["estimate"], theirs["gap"], 1e-6, theirs["gap_se"])
        close(gaps["se"], theirs["gap_se"], 1e-6)
        close(gaps["df"], theirs["gap_df"], 1e-3)
        close(gaps["p"], theirs["gap_p"], 1e-3)


@pytest.mark.parametrize("options", [{}, {"ddf": "kenward-roger"}, {"robust": "CR2"}])
def test_as_contrasts_by_hand(options: dict[str, Any]) -> None:
    """Waves weigh the same, the number stands at its mean over the rows used."""
    rows = frame()
    rows.loc[[1, 5, 9], "score"] = np.nan
    fit = lmm("score ~ arm * wave + t:arm + (1 | pair)", rows.assign(t=rows["person"]), **options)
    middle = rows.loc[rows["score"].notna(), "person"].mean()
    third = 1 / 3
    control = {"Intercept": 1, "wave[T.w1]": third, "wave[T.w2]": third}
    control["arm[control]:t" if "arm[control]:t" in fit.terms else "t:arm[control]"] = middle
    found = fit.means("arm").table.iloc[0]
    hand = fit.contrast(control)
    assert found["arm"] == "control"
    assert (found["estimate"], found["se"], found["df"]) == pytest.approx(
        (hand.estimate, hand.se, hand.df), rel=1e-9
    )


def test_numbers_may_be_held_elsewhere() -> None:
    fit = lmm("score ~ t * arm + (1 | pair)", frame())
    found = fit.means(["t", "arm"], at={"t": [0, 2]})
    assert found.table["t"].tolist() == [0, 2, 0, 2]
    start = fit.contrast({"Intercept": 1})
    end = fit.contrast({"Intercept": 1, "t": 2})
    assert found.table["estimate"][:2].tolist() == pytest.approx([start.estimate, end.estimate])
    gap = fit.means("t", by="arm", at={"t": [0, 2]}).differences.iloc[0]
    assert (gap["arm"], gap["contrast"]) == ("control", "0 - 2")
    assert gap["estimate"] == pytest.approx(start.estimate - end.estimate)
    held = fit.means("arm", at={"t": 2})
    assert held.held == {"t": "2"}
    assert held.table["estimate"][0] == pytest.approx(end.estimate)
    assert fit.means("arm").held == {"t": "1"}
    assert fit.means("t").differences.empty


def test_codes_in_c_are_levels_and_truths_are_two() -> None:
    rows = frame().assign(late=frame()["t"] > 1)
    fit = lmm("score ~ C(t) + arm + (1 | pair)", rows)
    assert fit.means("t").table["t"].tolist() == [0, 1, 2]
    assert fit.means("arm").held == {"t": "3 equal shares"}
    flagged = lmm("score ~ late + (1 | pair)", rows)
    assert flagged.means("late").differences["contrast"].tolist() == ["False - True"]
    assert flagged.means("late").differences["estimate"][0] == pytest.approx(
        -flagged.to_frame()["estimate"][1]
    )


def test_declared_order_of_levels_is_kept() -> None:
    rows = frame()
    rows["arm"] = pd.Categorical(rows["arm"], ["mentor", "waitlist", "control"])
    found = lmm("score ~ arm + (1 | pair)", rows).means("arm")
    assert found.table["arm"].tolist() == ["mentor", "control"]
    assert "mentor - control" in found._repr_html_()


@pytest.mark.parametrize("kind", ["numbers", "reordered", "truths", "intervals", "objects"])
def test_categories_that_look_like_numbers_have_means_of_their_own(kind: str) -> None:
    """Where all cells are as large, the model's means are those of the rows."""
    rows = frame()
    rows["level"] = {
        "numbers": rows["t"].astype("category"),
        "reordered": pd.Categorical(rows["t"], [2, 9, 0, 1]),
        "truths": (rows["t"] > 0).astype("category"),
        "intervals": pd.cut(rows["t"], [-1, 0, 1, 2]),
        "objects": rows["t"].map({0: "a", 1: 1, 2: 2}).astype(object),
    }[kind]
    fit = lmm("score ~ level * arm + (1 | pair)", rows)
    found = fit.means("level", by="arm").table.set_index(["arm", "level"])["estimate"]
    for (arm, level), cell in rows.groupby(["arm", "level"], observed=True)["score"]:
        assert found[arm, level] == pytest.approx(cell.mean())


def test_variables_inside_calls_and_with_dots() -> None:
    rows = frame().rename(columns={"t": "t.late"}).assign(lag=frame()["person"])
    fit = lmm("score ~ I(arm == 'mentor') + t.late + lag + (1 | pair)", rows)
    found = fit.means("arm", at={"lag": pd.Series([1.0, 2.0])})
    assert found.held == {"t.late": "1", "lag": "2 equal shares"}
    cells = rows.groupby("arm")["score"].mean()
    assert found.table.set_index("arm")["estimate"].to_dict() == pytest.approx(cells.to_dict())


@pytest.mark.parametrize(
    ("formula", "factors", "options", "words"),
    [
        ("score ~ arm + t", ["arm", "arm"], {}, "or twice"),
        ("score ~ arm + t", "arm", {"at": {"t": "late"}}, r"'t' needs finite numbers, .*'late'"),
        ("score ~ arm + t", "arm", {"at": {"t": [1, np.nan]}}, r"finite numbers, not \[nan\]"),
        ("score ~ arm + t", "arm", {"at": {"t": []}}, "'t' needs finite numbers"),
        ("score ~ arm + bs(pair, df=3)", "arm", {"at": {"pair": 99}}, "no value there: .* bounds"),
        ("score ~ arm + np.log(t + 1)", "arm", {"at": {"t": -1}}, "not finite there"),
        ("score ~ p", "p", {}, "the table has a column p of its own"),
        ("score ~ arm * contrast", "arm", {"by": "contrast"}, "a column contrast of its own"),
    ],
)
def test_values_and_names_that_cannot_be(
    formula: str, factors: Any, options: dict[str, Any], words: str
) -> None:
    rows = frame().assign(p=frame()["arm"], contrast=frame()["wave"])
    fit = lmm(f"{formula} + (1 | pair)", rows)
    with pytest.raises(ValueError, match=words):
        fit.means(factors, **options)


@pytest.mark.parametrize(
    ("factors", "options", "words"),
    [
        ("amr", {}, r"no variable of the fixed part 'amr' \(did you mean 'arm'\?\)"),
        ("pair", {}, "no variable of the fixed part 'pair'"),
        ("arm", {"by": "arm"}, "none that stands in by too"),
        ([], {}, "at least one variable"),
        ("arm", {"at": {"wave": "w9"}}, r"at: 'wave' has no level \['w9'\]. There are: 'w0'"),
        ("arm", {"at": {"t": 1}}, "no variable of the fixed part 't'"),
        ("arm", {"at": {"wave": []}}, "at: 'wave' has no level"),
    ],
)
def test_questions_that_cannot_be(factors: Any, options: dict[str, Any], words: str) -> None:
    fit = lmm("score ~ arm * wave + (1 | pair)", frame())
    with pytest.raises(ValueError, match=words):
        fit.means(factors, **options)


def test_means_read_as_tables_in_a_terminal() -> None:
    found = lmm("score ~ arm + (1 | pair)", frame()).means("arm")
    shown = repr(found)
    for value in (found.table["estimate"].iloc[0], found.differences["p"].iloc[0]):
        assert f"{value:.4g}" in shown
    assert found.differences["contrast"].iloc[0] in shown
    assert "DataFrame" not in shown
