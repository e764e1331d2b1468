"""Columns of every kind in front of rm.lmm and rm.ols: the same numbers, or a clear refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.test_mixed import frame
from rmresearch.errors import FitError
from rmresearch.models import lmm, ols

FORMULA = "score ~ t + arm + (1 | pair)"


NUMBERS = ["object", "Int64", "Float64", "float32", "int8"]
TEXT = ["string", "object", "category"]


@pytest.mark.parametrize(
    ("column", "kind"),
    [("score", kind) for kind in NUMBERS]
    + [("t", kind) for kind in [*NUMBERS, "bool", "boolean"]]
    + [("arm", kind) for kind in TEXT]
    + [("pair", kind) for kind in [*NUMBERS, "string", "category"]],
)
def test_the_type_of_a_column_changes_nothing(column: str, kind: str) -> None:
    rows = frame()
    rows["score"], rows["t"] = rows["score"].round(), (rows["t"] > 0).astype(int)
    other = rows.astype({column: kind})
    pd.testing.assert_frame_equal(
        lmm(FORMULA, other).to_frame(), lmm(FORMULA, rows).to_frame(), rtol=1e-12
    )
    if column != "pair":
        pd.testing.assert_frame_equal(
            ols("score ~ t + arm", other).to_frame(), ols("score ~ t + arm", rows).to_frame()
        )
    missing = other.copy()
    missing[column] = missing[column].where(missing.index != 4)
    gone = lmm(FORMULA, missing)
    assert gone.dropped == 1
    pd.testing.assert_frame_equal(gone.to_frame(), lmm(FORMULA, rows.drop(4)).to_frame())


def test_digits_stored_as_text_are_categories() -> None:
    """Whatever the text is called: pandas has two types for it."""
    rows = frame()
    wanted = lmm("score ~ t + (1 | pair)", rows.astype({"t": "str"})).terms
    assert wanted == ("Intercept", "t[T.1]", "t[T.2]")
    text = rows.astype({"t": "string"})
    assert lmm("score ~ t + (1 | pair)", text).terms == wanted
    assert ols("score ~ t", text).terms == wanted


@pytest.mark.parametrize("place", ["design", "slope", "outcome"])
def test_durations_and_complex_numbers_are_no_numbers(place: str) -> None:
    formula = {
        "design": "score ~ odd + (1 | pair)",
        "slope": "score ~ t + (odd | pair)",
        "outcome": "odd ~ t + (1 | pair)",
    }[place]
    rows = frame()
    for odd in (pd.to_timedelta(rows["t"], unit="D"), rows["t"] * 1j):
        with pytest.raises(FitError, match=r"not real numbers: odd \(.*divide it by one"):
            lmm(formula, rows.assign(odd=odd))
    days = rows.assign(odd=pd.to_timedelta(rows["person"] + rows["t"], unit="D"))
    days["odd"] /= pd.Timedelta(days=1)
    assert lmm(formula, days).converged


@pytest.mark.parametrize("column", ["score", "t", "arm", "pair"])
def test_lists_are_refused(column: str) -> None:
    rows = frame().astype({column: object})
    rows[column] = [[k] for k in rows[column]]
    with pytest.raises(FitError, match=f"{column}: lists, sets or dicts are neither"):
        lmm(FORMULA, rows)


@pytest.mark.parametrize(
    "name", ["I", "C", "Q", "lag", "log", "poly", "scale", "a.b", "np", "self"]
)
def test_names_that_mean_something_elsewhere(name: str) -> None:
    rows = frame()
    for column, formula in {
        "t": "score ~ {0} + ({0} | pair)",
        "arm": "score ~ {0} + (1 | pair)",
        "pair": "score ~ t + (1 | {0})",
        "score": "{0} ~ t + (1 | pair)",
    }.items():
        found = lmm(formula.format(name), rows.rename(columns={column: name}))
        wanted = lmm(formula.format(column), rows)
        assert found.criterion == pytest.approx(wanted.criterion, abs=1e-9)
        assert found.n_groups == {
            name if group == column else group: k for group, k in wanted.n_groups.items()
        }


@pytest.mark.parametrize("name", ["Intercept", "1", ""])
def test_names_of_the_constant_are_refused(name: str) -> None:
    """formulaic would take such a column for the constant, or put it in its place."""
    rows = frame().rename(columns={"t": name})
    for fit, formula in ((lmm, "score ~ `{}` + (1 | pair)"), (ols, "score ~ `{}`")):
        with pytest.raises(ValueError, match=f"{name!r} cannot be a column's name"):
            fit(formula.format(name), rows)
    assert lmm("score ~ arm + (1 | pair)", rows).converged


def test_effects_may_be_computed() -> None:
    rows = frame()
    by_hand = rows.assign(z=(rows["t"] - rows["t"].mean()) / rows["t"].std())
    found = lmm("score ~ t + (scale(t) | pair)", rows)
    assert found.criterion == pytest.approx(lmm("score ~ t + (z | pair)", by_hand).criterion)


@pytest.mark.parametrize("value", [8.98846567431158e307, 1e99, -1e60])
def test_codes_of_missing_values(value: float) -> None:
    """Stata's largest number, and others that cannot be measurements: no overflow, a sentence."""
    for column in ("score", "t"):
        rows = frame().astype({column: float})
        rows.loc[7, column] = value
        for fit, formula in ((lmm, "score ~ t + (t | pair)"), (ols, "score ~ t")):
            with pytest.raises(FitError, match=rf"{column} \(up to .*codes that mean missing"):
                fit(formula, rows)


def test_ids_too_large_for_decimals() -> None:
    rows = frame()
    rows["pair"] = rows["pair"] + 12_345_678_901_234_567.0
    assert "may have been merged: read such ids as text" in lmm(FORMULA, rows).notes[0]
    assert dict(lmm(FORMULA, rows).n_groups)["pair"] < 12
    rows["pair"] = frame()["pair"] * 1e19 + 1e20
    assert lmm(FORMULA, rows).random_effects()["level"][1] == "110000000000000000000"


@pytest.mark.parametrize(
    ("formula", "error", "words"),
    [
        (None, TypeError, "formula must be text, not NoneType"),
        (["score ~ t"], TypeError, "formula must be text, not list"),
        ("score ~ t + (1 | pair", ValueError, r"\( has no partner"),
        ("score ~ t + (1 | pair))", ValueError, r"\) has no partner"),
        ("score ~ t + [1 | pair)", ValueError, r"\) has no partner"),
        ("score ~ `t + (1 | pair)", ValueError, "` has no partner"),
        ("score ~ as.factor(t) + (1 | pair)", ValueError, r"cannot be read: .* written C\(x\)"),
        ("score ~ C(arm, levels=['mentor']) + (1 | pair)", ValueError, "outside of the nominated"),
        ("who ~ t + (1 | pair)", ValueError, r"who\[p1\], .* and 18 more"),
    ],
)
def test_formulas_that_cannot_be_read(formula: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        lmm(formula, frame())


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"reml": "ML"}, TypeError, r"reml must be True \(REML\) or False \(ML\), not 'ML'"),
        ({"reml": None}, TypeError, "reml must be True"),
        ({"level": "0.9"}, ValueError, "level must lie between 0 and 1, not '0.9'"),
        ({"level": None}, ValueError, "level must lie between"),
        ({"robust": "CR2", "cluster": ["pair"]}, TypeError, "name of one column"),
    ],
)
def test_options_of_the_wrong_kind(options: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        lmm(FORMULA, frame(), **options)
    assert lmm(FORMULA, frame(), reml=np.bool_(False)).reml == np.False_


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        ({}, ValueError, "not all 0"),
        ({"t": 0.0}, ValueError, "not all 0"),
        ({"t": np.nan}, ValueError, "finite numbers"),
        ({"t": np.inf}, ValueError, "finite numbers"),
        ({"t": "1"}, ValueError, "finite numbers"),
        ([{"t": None}], ValueError, "finite numbers"),
        ("t", TypeError, r"write a contrast as \{'Intercept': 1.0\}, not 't'"),
        (["t"], TypeError, "write a contrast as"),
        ([1.0], ValueError, "1 weights for [0-9]+ terms"),
        ([0.0, np.nan], ValueError, "weights for|finite numbers"),
        (np.zeros((0, 2)), ValueError, "no contrast given"),
    ],
)
def test_weights_that_are_none(weights: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        lmm(FORMULA, frame()).contrast(weights)


def test_weights_by_place_are_those_by_name() -> None:
    fit = lmm(FORMULA, frame())
    place = list(fit.terms).index("t")
    rows = np.eye(len(fit.terms))
    for one in (rows[place], rows[place].tolist(), tuple(rows[place])):
        assert fit.contrast(one).p == fit.contrast({"t": 1}).p
    plain = ols("score ~ t", frame())
    assert plain.contrast(np.array([0.0, 1.0])).p == plain.contrast({"t": 1}).p
    assert plain.contrast([0.0, 1.0]).estimate == plain.contrast({"t": 1}).estimate
    both = fit.contrast([{fit.terms[0]: 1}, {"t": 1}])
    assert fit.contrast(rows[[0, place]]).f == both.f
    assert fit.contrast(rows[[0, place]].tolist()).p == both.p


def test_draws_are_whole_in_number_and_have_a_seed() -> None:
    fit = lmm(FORMULA, frame())
    for n, seed in ((2, None), (2, 1.5), (2.0, 1)):
        with pytest.raises(TypeError, match="integer"):
            fit.simulate(n, seed)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="integer"):
            fit.bootstrap(n, seed)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="seed must be a whole number from 0 on"):
        fit.simulate(2, -1)


def test_variances_that_no_contrast_tells_apart() -> None:
    """Three rows less two coefficients leave one contrast: it cannot hold two variances."""
    rows = pd.DataFrame({"y": [5.1, 5.4, 4.9], "t": [0, 1, 1], "g": list("aab")})
    with pytest.raises(FitError, match=r"the residual and \(1 \| g\) cannot be told apart"):
        lmm("y ~ t + (1 | g)", rows)
