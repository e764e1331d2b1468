"""Designs made of their different rows: the fits, facts and refusals of all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rmresearch.errors import FitError
from rmresearch.models import LmmFit, kinds, lmm
from rmresearch.models.formula import trimmed
from rmresearch.numerics.lmm import units

N = 400


def mixed(seed: int = 1) -> pd.DataFrame:
    """Columns of every kind, in 40 pairs of two people; some rows miss a value."""
    rng = np.random.default_rng(seed)
    pair = rng.integers(0, 40, N)
    person = 2 * pair + rng.integers(0, 2, N)
    made = pd.DataFrame(
        {
            "pair": [f"p{k}" for k in pair],
            "person": [f"e{k}" for k in person],
            "arm": rng.choice(["mentor", "control", "waiting"], N),
            "wave": pd.Categorical(rng.choice(["w2", "w0", "w1"], N), ["w0", "w1", "w2", "w9"]),
            "year": rng.integers(2024, 2027, N),
            "time": rng.choice([-1.0, 0.5, 2.0], N),
            "senior": rng.random(N) < 0.5,
            "site": rng.integers(0, 3, N) * 1_000_000,
            "Int": pd.array(rng.integers(0, 2, N), dtype="Int64"),
            "score": rng.normal(3, 1, N) + rng.normal(0, 0.8, 40)[pair],
        }
    )
    made["score"] += (made["arm"] == "mentor") * 0.5 + rng.normal(0, 0.5, 80)[person]
    for column in ("arm", "time", "wave", "score", "Int"):
        made.loc[rng.random(N) < 0.02, column] = None
    return made


def both(
    monkeypatch: pytest.MonkeyPatch, formula: str, frame: pd.DataFrame, **options: Any
) -> tuple[LmmFit, LmmFit]:
    """The fit by kinds and units of rows, and the fit by rows."""
    by_row = lmm(formula, frame, **options)
    monkeypatch.setattr(kinds, "LONG", 1)
    monkeypatch.setattr(units, "LONG", 1)
    monkeypatch.setattr(kinds, "SPARE", 1)
    return lmm(formula, frame, **options), by_row


FORMULAS = [
    "score ~ wave * arm + (1 | pair/person)",
    "score ~ year + senior * time + (1 | pair)",
    "score ~ C(year) + C(site) + arm:senior + (1 | pair/person)",
    "score ~ 0 + wave + Int + (1 | pair)",
    "score ~ 1 + (1 | pair/person)",
    "np.exp(score / 10) ~ (arm + senior + Int)**2 + (1 | pair)",
    "{score / np.std(score, ddof=1)} ~ 1 + (1 | pair)",
    "score ~ time + year + (time | pair)",
    "score ~ wave + arm + (1 | pair) + (1 | site)",
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("seed", [1, 2])
def test_kinds_give_what_rows_give(
    formula: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To 1e-8: Newton's last step stops at 1e-10 of a criterion that is flat there."""
    ours, rows = both(monkeypatch, formula, mixed(seed))
    assert ours.rows.kinds is not None
    assert rows.rows.kinds is None
    assert (ours.terms, ours.n, ours.dropped, ours.notes) == (
        rows.terms,
        rows.n,
        rows.dropped,
        rows.notes,
    )
    assert ours.n_groups == rows.n_groups
    np.testing.assert_array_equal(ours.rows.x, rows.rows.x)
    np.testing.assert_array_equal(ours.rows.y, rows.rows.y)
    assert ours.criterion == pytest.approx(rows.criterion, abs=1e-9)
    pd.testing.assert_frame_equal(ours.to_frame(), rows.to_frame(), rtol=1e-8, atol=1e-10)
    pd.testing.assert_frame_equal(ours.variances, rows.variances, rtol=1e-7)
    pd.testing.assert_series_equal(ours.fitted, rows.fitted, rtol=1e-8)
    pd.testing.assert_frame_equal(ours.random_effects(), rows.random_effects(), rtol=1e-6)
    # The same account of the design, whatever rows it was made of.
    again = trimmed(rows.rows.frame).iloc[::3]
    np.testing.assert_array_equal(
        ours.rows.spec.get_model_matrix(again), rows.rows.spec.get_model_matrix(again)
    )


@pytest.mark.parametrize("options", [{"ddf": "kenward-roger"}, {"robust": "CR2"}, {"reml": False}])
def test_all_that_can_be_asked_of_a_fit(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, rows = both(monkeypatch, FORMULAS[0], mixed(), **options)
    assert ours.rows.kinds is not None
    pd.testing.assert_frame_equal(ours.to_frame(), rows.to_frame(), rtol=1e-8, atol=1e-10)
    weights = [{"wave[T.w1]": 1.0}, {"arm[T.mentor]": 1.0, "wave[T.w2]": -1.0}]
    assert ours.contrast(weights).p == pytest.approx(rows.contrast(weights).p, rel=1e-8)
    for mine, theirs in (
        (ours.means("arm", by="wave").table, rows.means("arm", by="wave").table),
        (ours.means("arm").differences, rows.means("arm").differences),
        (ours.bootstrap(3, seed=4).draws, rows.bootstrap(3, seed=4).draws),
    ):
        pd.testing.assert_frame_equal(mine, theirs, rtol=1e-7, atol=1e-9)
    if options == {"reml": False}:
        smaller = lmm("score ~ wave + arm + (1 | pair/person)", mixed(), **options)
        assert ours.compare(smaller).p == pytest.approx(rows.compare(smaller).p, rel=1e-8)


@pytest.mark.parametrize(
    "design",
    [
        "center(year)",
        "scale(time)",
        "poly(year, 2)",
        "bs(time, df=4)",
        "np.log(year)",
        "I(time - time.mean())",
        "{time + 1}",
        "C(arm, contr.sum)",
        "wave + lag(year)",
    ],
)
def test_functions_see_all_rows(design: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = mixed().dropna()
    frame["time"] += np.random.default_rng(0).normal(size=len(frame)) * (design[:2] == "bs")
    monkeypatch.setattr(kinds, "LONG", 1)
    if "lag" in design:  # its first row has no value, which is told of all rows
        with pytest.raises(FitError, match=r"lag\(year\) \(1 rows\)"):
            lmm(f"score ~ {design} + (1 | pair)", frame)
        return
    assert lmm(f"score ~ {design} + (1 | pair)", frame).rows.kinds is None


def test_a_column_called_c_is_no_function_of_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "LONG", 1)
    assert lmm("score ~ C + (1 | pair)", mixed().rename(columns={"arm": "C"})).rows.kinds
    assert not kinds._by_row("C(arm)", pd.Index(["C", "arm"]))
    assert kinds._by_row("C(arm) * `odd (name)`", pd.Index(["arm", "odd (name)"]))


def test_many_different_rows_stay_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "LONG", 1)
    frame = mixed().assign(age=np.random.default_rng(2).normal(40, 9, N))
    for design in ("age", "age + arm", "C(row)", "wave * arm * C(year) * time"):
        fixed = f"score ~ {design}"
        rows = frame.assign(row=np.arange(N) // 4 * 7)[
            [name for name in (*frame, "row") if name in fixed]
        ].dropna()
        x, found = kinds.matrices_by_kind(fixed, rows.astype({"score": float}))[1::3]
        assert found is None
        assert len(x) == len(rows)


def test_whole_numbers_of_any_size_and_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences of 8-bit numbers do not fit into 8 bits, nor numbers from 2^63 on into 64."""
    monkeypatch.setattr(kinds, "SPARE", 1)
    rng = np.random.default_rng(3)
    for values in (
        np.array([-100, 0, 100], dtype=np.int8),
        np.array([2**63 - 1, 2**63, 2**64 - 1], dtype=np.uint64),
        np.array([-(2**62), 0, 2**62]),
        np.array([True, False]),
    ):
        column = pd.Series(rng.choice(values, N))
        found = kinds._kinds(column.to_frame("x"))
        assert found is not None
        assert found.size == len(values)
        assert (column.iloc[found.some_rows()].to_numpy()[found.of] == column).all()


@pytest.mark.parametrize(
    ("design", "change", "words"),
    [
        ("time + year", {"time": np.inf}, r"time \(\d+ rows\)"),
        ("year + C(year)", {}, r"'C\(year\)\[T.2026\]' is determined by .* \(n = 3\d\d\)"),
        ("senior + year + flat", {"flat": 3}, "'flat' is constant, as is 'Intercept'"),
        ("arm + zero", {"zero": 0}, "'zero' is 0 in every row"),
        ("arm + huge", {"huge": 1e80}, r"huge \(up to 1e\+80\)"),
        ("arm * wave * senior * C(year)", {"year": None}, "is determined by"),
    ],
)
def test_refusals_are_those_of_all_rows(
    design: str, change: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = mixed()
    for name, value in change.items():
        some = frame["senior"] if name in frame else pd.Series(True, frame.index)
        frame[name] = np.where(some, frame.get("year") if value is None else value, 2024)
    with pytest.raises(FitError, match=words) as by_row:
        lmm(f"score ~ {design} + (1 | pair)", frame)
    monkeypatch.setattr(kinds, "LONG", 1)
    monkeypatch.setattr(kinds, "SPARE", 1)
    with pytest.raises(FitError) as by_kind:
        lmm(f"score ~ {design} + (1 | pair)", frame)
    assert str(by_kind.value) == str(by_row.value)


@pytest.mark.parametrize("outcome", ["arm", "score + year", "np.log(score - 99)", "nothing(score)"])
def test_outcomes_are_refused_as_ever(outcome: str, monkeypatch: pytest.MonkeyPatch) -> None:
    formula = f"{outcome} ~ wave + (1 | pair)"
    said = []
    for long in (kinds.LONG, 1):
        monkeypatch.setattr(kinds, "LONG", long)
        with pytest.raises((FitError, ValueError)) as refusal:
            lmm(formula, mixed())
        said.append(str(refusal.value))
    assert said[0] == said[1]
