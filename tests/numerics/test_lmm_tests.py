"""Joint tests of mixed models: lmerTest, pbkrtest, one row against t, closed forms, limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from rmresearch.numerics.ddf import Linear, joint, kenward_roger
from rmresearch.numerics.lmm import Term, design, fit, fit_many

from .mixed_references import EXPECTED, MODELS, model

CASES = [(name, which) for name in MODELS for which in EXPECTED[name]["joint"]]
#: lmerTest differentiates numerically: trust.md allows its df 1e-3; pbkrtest's arithmetic is exact
DF = {"satterthwaite": 1e-3, "kenward_roger": 1e-5}


@pytest.mark.parametrize("name", MODELS)
def test_the_fit_is_lme4s(name: str) -> None:
    """What follows compares tests of one and the same fit."""
    want = EXPECTED[name]
    y, x, terms, _ = model(name)
    found = fit(y, x, terms)
    assert found.criterion == pytest.approx(want["criterion"], abs=1e-9)
    assert found.coef == pytest.approx(want["coef"], rel=1e-7)
    assert found.se == pytest.approx(want["se"], rel=1e-7)


@pytest.mark.parametrize("method", ["satterthwaite", "kenward_roger"])
@pytest.mark.parametrize(("name", "which"), CASES)
def test_as_r(name: str, which: str, method: str) -> None:
    want = EXPECTED[name]["joint"][which]
    y, x, terms, _ = model(name)
    labels = EXPECTED[name]["terms"]
    listed = [want["terms"]] if isinstance(want["terms"], str) else want["terms"]
    rows = np.eye(len(labels))[[labels.index(term) for term in listed]]
    found = fit(y, x, terms).wald(rows, ddf=method.replace("_", "-"))  # type: ignore[arg-type]
    assert found.df_num == want[method]["df_num"]
    assert found.f == pytest.approx(want[method]["f"], rel=1e-6)
    assert found.df_den == pytest.approx(want[method]["df_den"], rel=DF[method])
    assert found.p == pytest.approx(want[method]["p"], rel=DF[method])


@pytest.mark.parametrize("name", MODELS)
def test_one_row_is_the_square_of_t(name: str) -> None:
    y, x, terms, _ = model(name)
    found = fit(y, x, terms)
    row = np.linspace(1.0, -0.5, x.shape[1])
    for joint_test, one in [
        (found.wald(row), found.contrast(row)),
        (found.wald(row[None], ddf="kenward-roger"), found.kenward_roger(row)),
    ]:
        assert joint_test.f == pytest.approx(one.t**2, rel=1e-12)
        assert joint_test.df_den == one.df
        assert joint_test.p == pytest.approx(one.p, rel=1e-12)


def balanced(replicates: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """8 people at 4 waves."""
    rng = np.random.default_rng(3)
    person, wave = np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)
    x = np.column_stack([np.ones(32), *(wave == k for k in (1, 2, 3))]).astype(float)
    y = rng.standard_normal((*replicates, 32)) + rng.standard_normal((*replicates, 8))[..., person]
    return y, x, person


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_repeated_measures_anova(ddf: str) -> None:
    """Balanced: the classical F on 3 and 21 df, from sums of squares."""
    y, x, person = balanced()
    found = fit(y, x, [Term(person, np.ones((32, 1)))])
    assert not found.singular
    table = y.reshape(8, 4)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    f = 8 * ((table.mean(axis=0) - table.mean()) ** 2).sum() / 3 / ((rest**2).sum() / 21)
    test = found.wald(np.eye(4)[1:], ddf=ddf)  # type: ignore[arg-type]
    # Closed form against a search that stops at a gradient of 1e-9 or so.
    assert test.f == pytest.approx(f, rel=1e-7)
    assert test.df_den == pytest.approx(21.0, rel=1e-6)
    assert test.p == pytest.approx(special.fdtrc(3, 21, f), rel=1e-6)


def test_joined_df() -> None:
    """F with these df has the mean of the t squares' expectations nu / (nu - 2)."""
    each = np.array([[5.0, 12.0, 30.0], [7.0, 7.0, 7.0], [1.5, 9.0, 9.0], [0.0, 9.0, 9.0]])
    df = joint(each)
    assert df[0] / (df[0] - 2) == pytest.approx((each[0] / (each[0] - 2)).mean())
    assert list(df[1:]) == [7.0, 2.0, 0.0]


@pytest.mark.parametrize("size", [0.01, 0.25, 0.81, 1.0])
def test_one_variance_parameter_by_hand(size: float) -> None:
    """y = x b + e, two coefficients, Var = r I: F on 2 / size df without scaling.

    With Phi = P = I and W = size, A1 = 4 size and A2 = 2 size: in Kenward and Roger's equations
    g = 0, c = (0, 1/4, 1/2), B = 4 size, rho = 1 / (2 - 4 size) and m = 2 / size; lambda = 1. At
    size 1 both are 0 / 0, and their limits are taken.
    """
    one = np.eye(2)
    # The information is trace - tr(2 Q Phi - P Phi P Phi) = trace - 2 with Q = I: W = 2 / it.
    model = Linear(
        one[None],
        one[None, None],
        lambda sides: np.trace(sides, axis1=1, axis2=2)[:, None, None],
        np.array([[[2.0 / size + 2.0]]]),
    )
    (df,), (scale,) = kenward_roger(model).joint(one)
    assert df == pytest.approx(2.0 / size, rel=1e-9)
    assert scale == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("ddf", ["satterthwaite", "kenward-roger"])
def test_batched_is_single(ddf: str) -> None:
    y, x, person = balanced((2, 3))
    keep = np.random.default_rng(1).random(32) > 0.2
    terms = [Term(person[keep], np.ones((keep.sum(), 1)))]
    rows = np.eye(4)[1:]
    many = fit(y[..., keep], x[keep], terms).wald(rows, ddf=ddf)  # type: ignore[arg-type]
    for i in np.ndindex(2, 3):
        one = fit(y[i][keep], x[keep], terms).wald(rows, ddf=ddf)  # type: ignore[arg-type]
        # Two searches for one optimum.
        assert many.f[i] == pytest.approx(one.f, rel=1e-8)
        assert many.df_den[i] == pytest.approx(one.df_den, rel=1e-6)
        assert many.p[i] == pytest.approx(one.p, rel=1e-6)


def test_kenward_roger_feels_no_unit() -> None:
    """Nor which contrasts span the hypothesis."""
    y, x, terms, _ = model("slope")
    turn = np.array([[1.0, 2024, 0, 0], [0, 1e-3, 0, 0], [0, 0, 1, 2024], [0, 0, 0, 1e-3]])
    rows = np.eye(4)[2:]
    first = fit(y, x, terms).wald(rows, ddf="kenward-roger")
    terms = [Term(terms[0].group, (x @ turn)[:, :2]), terms[1]]
    mixed = np.array([[1.0, 2], [3, -1]]) @ rows @ turn
    second = fit(y * 1e3 + 1e6, x @ turn, terms).wald(mixed, ddf="kenward-roger")
    assert second.f == pytest.approx(first.f, rel=1e-7)
    assert second.df_den == pytest.approx(first.df_den, rel=1e-7)


def test_no_test_without_a_fit() -> None:
    y, x, person = balanced((3,))
    y[1] = x @ np.array([1.0, 2, 3, 4])
    found = fit(y, x, [Term(person, np.ones((32, 1)))])
    found = replace(found, converged=found.converged & np.array([True, True, False]))
    for ddf in ("satterthwaite", "kenward-roger"):
        test = found.wald(np.eye(4)[1:], ddf=ddf)  # type: ignore[arg-type]
        assert list(np.isnan(test.p)) == [False, True, True]
        assert list(test.df_den[1:]) == [0.0, 0.0]


def test_what_is_refused() -> None:
    y, x, person = balanced()
    terms = [Term(person, np.ones((32, 1)))]
    found = fit(y, x, terms)
    with pytest.raises(ValueError, match="'satterthwaite' or 'kenward-roger', not 'kr'"):
        found.wald(np.eye(4), ddf="kr")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="repeat one another"):
        found.wald([[0, 1, 0, 0], [0, 1, 0, 0]])
    with pytest.raises(ValueError, match=r"\(q, 4\) needed"):
        found.wald([[0, 1, 0]])
    with pytest.raises(ValueError, match="REML"):
        fit(y, x, terms, reml=False).wald(np.eye(4)[1:], ddf="kenward-roger")


def test_kenward_and_roger_where_rows_are_absent() -> None:
    y, x, person = balanced()
    there, weights = np.arange(32) > 3, np.eye(4)[1:]
    some = fit_many(y, design(x, [Term(person, np.ones((32, 1)))]), present=there)
    alone = fit(y[there], x[there], [Term(person[there], np.ones((there.sum(), 1)))])
    ours, theirs = (one.wald(weights, ddf="kenward-roger") for one in (some, alone))
    # two searches end within 1e-8 of one minimum
    assert (ours.f, ours.df_den) == pytest.approx((theirs.f, theirs.df_den), rel=1e-6)
