"""CR2 of mixed models: a naive dense oracle, absent rows, invariances, limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from rmresearch.errors import FitError
from rmresearch.numerics.lmm import MixedFit, Term, design, fit, fit_many
from rmresearch.numerics.lmm import robust as module
from rmresearch.numerics.lmm.robust import RobustMixed, robust

from .mixed_references import EXPECTED, MODELS, model

Array = NDArray[np.float64]
#: two routes in double precision, condition numbers below 1e4
CLOSE = 1e-10


def covariance(found: MixedFit, terms: list[Term], which: tuple[int, ...] = ()) -> Array:
    """V (n, n), row by row from the definition."""
    n = np.asarray(terms[0].group).size
    v = np.eye(n) * found.sigma2[which] if which else np.eye(n) * found.sigma2
    for term, d in zip(terms, found.covariances, strict=True):
        code, z = np.asarray(term.group), np.asarray(term.z).reshape(n, -1)
        v = v + (code[:, None] == code) * (z @ d[which] @ z.T)
    return v


def root(b: Array) -> Array:
    values, axes = np.linalg.eigh(b)
    kept = values > 1e-9 * values[-1]
    return (axes[:, kept] * values[kept] ** -0.5) @ axes[:, kept].T


def oracle(y: Array, x: Array, v: Array, cluster: Array, c: Array) -> tuple[Array, float, float]:
    """CR2 variance, the contrast's df and (rows of ``c`` together) HTZ's eta, pair by pair."""
    w = np.linalg.inv(v)
    m = np.linalg.inv(x.T @ w @ x)
    resid = y - x @ (m @ x.T @ w @ y)
    moved = np.eye(len(y)) - x @ m @ x.T @ w
    meat, each = np.zeros_like(m), []
    for g in np.unique(cluster):
        i = np.flatnonzero(cluster == g)
        d = np.linalg.cholesky(v[np.ix_(i, i)]).T
        a = d.T @ root(d @ (v[np.ix_(i, i)] - x[i] @ m @ x[i].T) @ d.T) @ d
        half = a @ np.linalg.inv(v[np.ix_(i, i)]) @ x[i]
        score = half.T @ resid[i]
        meat += np.outer(score, score)
        each.append(moved[i].T @ half @ m @ c.T)
    products = np.array([[a.T @ v @ b for b in each] for a in each])
    omega = np.einsum("ggij->ij", products)
    whiten = root(omega)
    products = whiten @ products @ whiten
    trace = np.einsum("ghii->gh", products)
    total = (trace**2).sum() + np.einsum("ghij,ghji->", products, products)
    q = len(c)
    return m @ meat @ m, 2.0 / total * q**2, q * (q + 1) / total


def trial(
    seed: int, replicates: tuple[int, ...] = (), pairs: int = 12
) -> tuple[Array, Array, Array]:
    """Outcomes, design, cluster: pairs of two people at four months, one in three mentored."""
    rng = np.random.default_rng(seed)
    pair = np.repeat(np.arange(pairs), 8)
    person, month = np.repeat(np.arange(2 * pairs), 4), np.tile([0.0, 1, 3, 6], 2 * pairs)
    arm = (pair % 3 == 0).astype(float)
    x = np.column_stack([np.ones(8 * pairs), month, arm, arm * month])
    slope = rng.standard_normal((*replicates, pairs)) * 0.3
    y = (
        rng.standard_normal((*replicates, 8 * pairs))
        + rng.standard_normal((*replicates, pairs))[..., pair]
        + rng.standard_normal((*replicates, 2 * pairs))[..., person]
        + slope[..., pair] * month
    )
    return y, x, pair


def terms_of(kind: str, rows: NDArray[np.intp], x: Array, pair: Array) -> list[Term]:
    n = len(rows)
    one, person = np.ones((n, 1)), rows // 4
    month = np.column_stack([np.ones(n), x[:, 1]])
    return {
        "nested": [Term(person, one), Term(pair, one)],
        "slope": [Term(pair, month), Term(person, one)],
        "uncorrelated": [Term(pair, month, correlated=False)],
        "crossed": [Term(pair, one), Term(pair // 3 * 4 + rows % 4, one)],
    }[kind]


def compare(found: RobustMixed, y: Array, x: Array, v: Array, cluster: Array) -> None:
    weights = np.array([[0.0, 0, 0.5, 1], [0, 1, 0, 0.2]])
    wanted, df, _ = oracle(y, x, v, cluster, weights[:1])
    assert found.vcov == pytest.approx(wanted, rel=CLOSE, abs=CLOSE * np.abs(wanted).max())
    one = found.contrast(weights[0])
    assert one.se == pytest.approx(np.sqrt(weights[0] @ wanted @ weights[0]), rel=CLOSE)
    assert one.df == pytest.approx(df, rel=CLOSE)
    assert found.se == pytest.approx(np.sqrt(np.diag(wanted)), rel=CLOSE)
    eta = oracle(y, x, v, cluster, weights)[2]
    joint = found.wald(weights)
    gap = weights @ found.coef
    statistic = gap @ np.linalg.solve(weights @ wanted @ weights.T, gap)
    assert joint.df_den == pytest.approx(eta - 1.0, rel=1e-8)
    assert joint.f == pytest.approx(statistic * (eta - 1.0) / (eta * 2), rel=1e-8)


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("kind", ["nested", "slope", "uncorrelated", "crossed"])
def test_as_the_dense_oracle(kind: str, coarse: bool) -> None:
    y, x, pair = trial(3)
    rows = np.arange(96)[np.random.default_rng(0).permutation(96)][:83]
    y, x, pair = y[rows], x[rows], pair[rows]
    cluster = pair // 3 if coarse or kind == "crossed" else pair
    terms = terms_of(kind, rows, x, pair)
    found = fit(y, x, terms)
    assert found.converged
    compare(robust(found, y, x, cluster), y, x, covariance(found, terms), cluster)


def test_boundary_fit_is_least_squares() -> None:
    """At zero variances V is s2 I, and CR2 that of ``robust.fit``: two programs, one number."""
    from rmresearch.numerics import robust as plain

    _, x, pair = trial(0)
    rng = np.random.default_rng(1)
    y = rng.standard_normal(96)
    y -= np.bincount(pair, y)[pair] / 8 * 0.9
    terms = [Term(pair, np.ones((96, 1)))]
    found = fit(y, x, terms)
    assert found.singular
    assert found.theta == pytest.approx(0.0, abs=1e-12)
    one, two = robust(found, y, x, pair), plain.fit(y, x, pair)
    assert one.vcov == pytest.approx(two.vcov, rel=1e-10)
    assert one.df == pytest.approx(two.df, rel=1e-10)
    joint, other = one.wald(np.eye(4)[1:]), two.wald(np.eye(4)[1:])
    assert [joint.f, joint.df_den, joint.p] == pytest.approx([other.f, other.df_den, other.p])


def test_batched_is_single(monkeypatch: pytest.MonkeyPatch) -> None:
    y, x, pair = trial(5, (2, 3))
    terms = terms_of("slope", np.arange(96), x, pair)
    found = fit(y, x, terms)
    weights = np.array([0.0, 0, 0.5, 1])
    # So little room that every replicate is a chunk of its own.
    monkeypatch.setattr(module, "ROOM", 1)
    many = robust(found, y, x, pair)
    assert many.n_clusters == 12
    for i in np.ndindex(2, 3):
        one = robust(fit(y[i], x, terms), y[i], x, pair)
        # Single and batched searches stop within 1e-10 of each other, in units of the SE.
        assert many.vcov[i] == pytest.approx(one.vcov, rel=1e-8)
        assert many.contrast(weights).df[i] == pytest.approx(one.contrast(weights).df, rel=1e-8)
        assert many.wald(np.eye(4)[2:]).p[i] == pytest.approx(one.wald(np.eye(4)[2:]).p, rel=1e-8)


def test_absent_rows_have_no_influence() -> None:
    """Whatever stands in them: the same as the dense oracle on the rows that are there."""
    y, x, pair = trial(7, (3,))
    terms = terms_of("slope", np.arange(96), x, pair)
    found = fit(y, x, terms)
    there = np.random.default_rng(8).random(y.shape) > 0.3
    there[0, pair == 4] = False
    y = np.where(there, y, np.nan)
    weights = np.array([[0.0, 0, 0.5, 1]])
    many = robust(found, y, x, pair, present=there)
    assert list(many.n_clusters) == [11, 12, 12]
    for i in range(3):
        at = there[i]
        v = covariance(found, terms, (i,))[np.ix_(at, at)]
        wanted, df, _ = oracle(y[i][at], x[at], v, pair[at], weights)
        assert many.vcov[i] == pytest.approx(wanted, rel=CLOSE, abs=CLOSE * np.abs(wanted).max())
        assert many.contrast(weights[0]).df[i] == pytest.approx(df, rel=CLOSE)


def test_absent_rows_are_dropped_rows() -> None:
    """A batch of replicates with rows of their own: each as if fitted alone on what it has."""
    y, x, pair = trial(7, (3,))
    rows = np.arange(96)
    there = np.random.default_rng(8).random(y.shape) > 0.3
    there[0, pair == 4] = False
    whole = design(x, terms_of("slope", rows, x, pair))
    many = robust(fit_many(y, whole, present=there), y, x, pair, present=there)
    for i in range(3):
        at = there[i]
        terms = terms_of("slope", rows[at], x[at], pair[at])
        one = robust(fit(y[i][at], x[at], terms), y[i][at], x[at], pair[at])
        # Two searches for one optimum.
        assert many.coef[i] == pytest.approx(one.coef, rel=1e-7)
        assert many.vcov[i] == pytest.approx(one.vcov, rel=1e-7)
        assert many.df[i] == pytest.approx(one.df, rel=1e-7)
        joint, alone = many.wald(np.eye(4)[2:]), one.wald(np.eye(4)[2:])
        assert joint.p[i] == pytest.approx(alone.p, rel=1e-6)


def test_a_replicate_too_short_to_fit_has_no_test() -> None:
    y, x, pair = trial(7, (2,))
    there = np.ones(y.shape, dtype=bool)
    there[1] = np.arange(96) < 3
    whole = design(x, terms_of("nested", np.arange(96), x, pair))
    found = fit_many(y, whole, present=there)
    many = robust(found, y, x, pair, present=there)
    assert (many.df[1] == 0).all()
    assert np.isnan(many.vcov[1]).all()
    assert np.isfinite(many.vcov[0]).all()
    assert list(np.isnan(many.contrast([0, 0, 0, 1]).p)) == [False, True]


def test_no_unit_or_origin_matters() -> None:
    y, x, pair = trial(9)
    terms = terms_of("slope", np.arange(96), x, pair)
    plain = robust(fit(y, x, terms), y, x, pair)
    moved = x @ np.array([[1.0, 2024, 0, 0], [0, 1e-3, 0, 0], [0, 0, 1, 2024], [0, 0, 0, 1e-3]])
    y2 = y * 1e4 + 1e6
    other = robust(fit(y2, moved, terms_of("slope", np.arange(96), moved, pair)), y2, moved, pair)
    # The slope per unit of time, and the arms' difference at the time that was 0.
    weights = [
        (np.array([0, 0.0, 0, 1]), np.array([0, 0, 0, 1e-3])),
        (np.eye(4)[2], [0, 0, 1, 2024]),
    ]
    for one, two in weights:
        was, now = plain.contrast(one), other.contrast(two)
        assert now.se == pytest.approx(was.se * 1e4, rel=1e-8)
        assert now.df == pytest.approx(was.df, rel=1e-8)
        assert now.t == pytest.approx(was.t, rel=1e-7, abs=1e-8)
    joint = plain.wald(np.eye(4)[2:]), other.wald([[0, 0, 1, 2024], [0, 0, 0, 1e-3]])
    assert joint[1].p == pytest.approx(joint[0].p, rel=1e-7)


def test_absent_rows_and_a_large_offset() -> None:
    y, x, pair = trial(7, (2,))
    terms = terms_of("slope", np.arange(96), x, pair)
    there = np.random.default_rng(8).random(y.shape) > 0.3
    plain = robust(fit(y, x, terms), y, x, pair, present=there)
    other = robust(fit(y + 1e6, x, terms), y + 1e6, x, pair, present=there)
    assert other.vcov == pytest.approx(plain.vcov, rel=1e-8)
    assert other.df == pytest.approx(plain.df, rel=1e-8)


def test_a_design_without_a_constant() -> None:
    y, x, pair = trial(2)
    x = x[:, 1:]
    terms = [Term(pair, np.ones((96, 1)))]
    found = fit(y, x, terms)
    one = robust(found, y, x, pair)
    wanted, df, _ = oracle(y, x, covariance(found, terms), pair, np.eye(3)[1:2])
    assert one.vcov == pytest.approx(wanted, rel=CLOSE, abs=CLOSE * np.abs(wanted).max())
    assert one.df[1] == pytest.approx(df, rel=CLOSE)


def test_one_row_is_the_square_of_t() -> None:
    y, x, pair = trial(2, (3,))
    one = robust(fit(y, x, terms_of("nested", np.arange(96), x, pair)), y, x, pair)
    row = np.array([0.5, -1.0, 2.0, 0.25])
    joint, line = one.wald(row), one.contrast(row)
    assert joint.f == pytest.approx(line.t**2, rel=1e-10)
    assert joint.df_den == pytest.approx(line.df, rel=1e-10)
    assert joint.p == pytest.approx(line.p, rel=1e-9)


def test_fewer_clusters_than_contrasts_is_no_joint_test() -> None:
    """Three departments span three directions at most: four coefficients have no joint test."""
    y, x, pair = trial(2)
    one = robust(fit(y, x, terms_of("nested", np.arange(96), x, pair)), y, x, pair // 4)
    joint = one.wald(np.eye(4))
    assert np.isnan(joint.f)
    assert np.isnan(joint.p)
    assert joint.df_den == 0


def test_rows_and_labels_in_any_order() -> None:
    y, x, pair = trial(9)
    rows = np.random.default_rng(2).permutation(96)
    first = robust(fit(y, x, terms_of("slope", np.arange(96), x, pair)), y, x, pair)
    label = np.random.default_rng(3).permutation(500)[:12]
    again = fit(y[rows], x[rows], terms_of("slope", rows, x[rows], pair[rows]))
    second = robust(again, y[rows], x[rows], label[pair[rows]])
    assert second.vcov == pytest.approx(first.vcov, rel=1e-8)
    assert second.df == pytest.approx(first.df, rel=1e-8)


def test_a_cluster_that_alone_determines_a_coefficient() -> None:
    """A department of its own level: no cluster is left to judge it by, the others are served."""
    y, x, pair = trial(4)
    alone = (pair == 5)[:, None]
    x = np.column_stack([np.where(alone, 0.0, x), np.where(alone, x[:, :2], 0.0)])
    terms = [Term(pair, np.ones((96, 1)))]
    found = fit(y, x, terms)
    one = robust(found, y, x, pair)
    assert (one.df[4:] == 0).all()
    assert np.isnan(one.se[4:]).all()
    assert np.isnan(one.contrast(np.eye(6)[4]).p)
    joint = one.wald(np.eye(6)[3:])
    assert np.isnan(joint.p)
    assert joint.df_den == 0
    v = covariance(found, terms)
    wanted, df, _ = oracle(y, x, v, pair, np.eye(6)[3:4])
    assert one.vcov[3, 3] == pytest.approx(wanted[3, 3], rel=1e-8)
    assert one.df[3] == pytest.approx(df, rel=1e-8)


def test_large_variances_keep_their_digits() -> None:
    """People 3,000 times as variable as their answers: within-person slopes stay exact.

    With every person's months the same, months less their mean see nothing of the people: CR2 is
    that of least squares on the people's differences, which no large number enters.
    """
    from rmresearch.numerics import robust as plain

    y, x, pair = trial(6)
    rng = np.random.default_rng(2)
    noise = rng.standard_normal(96)
    y = noise + 3e3 * rng.standard_normal(24)[np.arange(96) // 4]
    found = fit(y, x, [Term(np.arange(96) // 4, np.ones((96, 1)))])
    month = x[:, 1] - 2.5
    inside = np.column_stack([month, month * x[:, 2]])
    want = plain.fit(
        noise - (np.bincount(np.arange(96) // 4, noise) / 4)[np.arange(96) // 4], inside, pair
    )
    got = robust(found, y, x, pair)
    # 3e3 in y leaves 12 digits of the noise, and the shrunken means one part in 1e7 of the rest.
    assert got.se[[1, 3]] == pytest.approx(want.se, rel=1e-6)
    assert got.df[[1, 3]] == pytest.approx(want.df, rel=1e-6)


def test_replicates_without_a_fit_have_no_test() -> None:
    y, x, pair = trial(1, (3,))
    y[1] = x @ np.array([1.0, 2, 3, 4])
    found = fit(y, x, terms_of("nested", np.arange(96), x, pair))
    found = replace(found, converged=np.array([True, False, False]), theta=found.theta.copy())
    found.theta[2] = np.nan
    many = robust(found, y, x, pair)
    assert np.isfinite(many.vcov[0]).all()
    assert np.isnan(many.vcov[1:]).all()
    assert (many.df[1:] == 0).all()
    assert np.isnan(many.se[1:]).all()
    joint = many.wald(np.eye(4)[2:])
    assert list(np.isnan(joint.p)) == [False, True, True]
    assert list(joint.df_den[1:]) == [0, 0]
    alone = robust(fit(y[0], x, terms_of("nested", np.arange(96), x, pair)), y[0], x, pair)
    assert many.se[0] == pytest.approx(alone.se, rel=1e-8)


def test_one_cluster_with_rows_is_no_test() -> None:
    y, x, pair = trial(1, (2,))
    found = fit(y, x, terms_of("nested", np.arange(96), x, pair))
    there = np.ones((2, 96), dtype=bool)
    there[1] = pair == 0
    many = robust(found, y, x, pair, present=there)
    assert list(many.n_clusters) == [12, 1]
    assert (many.df[1] == 0).all()
    assert (many.df[0] > 0).all()


def test_a_department_of_hundreds() -> None:
    """n_g x n_g square roots shrink to the rank of the department's people: dense in the oracle."""
    rng = np.random.default_rng(0)
    sizes = np.array([400, 40, 56, 80, 64])
    department = np.repeat(np.arange(5), sizes)
    person, month = np.arange(sizes.sum()) // 8, np.arange(sizes.sum()) % 8 * 1.0
    x = np.column_stack([np.ones(len(person)), month, department % 2, department % 2 * month])
    y = rng.standard_normal(len(person)) + rng.standard_normal(person[-1] + 1)[person]
    terms = [Term(person, np.ones((len(person), 1)))]
    found = fit(y, x, terms)
    compare(robust(found, y, x, department), y, x, covariance(found, terms), department)


def test_what_is_refused() -> None:
    y, x, pair = trial(1)
    found = fit(y, x, terms_of("nested", np.arange(96), x, pair))
    with pytest.raises(FitError, match=r"1 cluster.*at least 2"):
        robust(found, y, x, np.zeros(96, dtype=int))
    cut = np.where(np.arange(96) < 4, 20, pair)
    with pytest.raises(
        FitError, match="clusters 0, 20 cut through 1 of the 12 groups of random term 1"
    ):
        robust(found, y, x, cut)
    with pytest.raises(ValueError, match="integer codes"):
        robust(found, y, x, pair.astype(float))
    with pytest.raises(ValueError, match="must not be negative"):
        robust(found, y, x, pair - 1)
    with pytest.raises(ValueError, match="not those of the fit"):
        robust(found, y[:-1], x[:-1], pair[:-1])
    with pytest.raises(ValueError, match="booleans"):
        robust(found, y, x, pair, present=np.ones(96))
    one = robust(found, y, x, pair)
    with pytest.raises(ValueError, match="4 entries"):
        one.contrast([1, 2])
    with pytest.raises(ValueError, match="repeat one another"):
        one.wald([[0, 1, 0, 0], [0, 2, 0, 0]])
    with pytest.raises(ValueError, match=r"\(q, 4\)"):
        one.wald([[0, 1]])


@pytest.mark.parametrize("name", MODELS)
def test_as_clubsandwich(name: str) -> None:
    """lme4's theta is known to about 1e-9 (tests/reference/lmm/README.md)."""
    want = EXPECTED[name]["cr2"]
    y, x, terms, cluster = model(name)
    found = robust(fit(y, x, terms), y, x, cluster)
    wanted = np.array(want["vcov"])
    assert found.vcov == pytest.approx(wanted, rel=1e-7, abs=1e-8 * np.abs(wanted).max())
    assert found.se == pytest.approx(want["se"], rel=1e-7)
    assert found.df == pytest.approx(want["df"], rel=1e-5)
    line = found.contrast(want["contrast"]["weights"])
    assert line.estimate == pytest.approx(want["contrast"]["estimate"], rel=1e-7)
    assert line.se == pytest.approx(want["contrast"]["se"], rel=1e-7)
    assert line.df == pytest.approx(want["contrast"]["df"], rel=1e-5)
    labels = EXPECTED[name]["terms"]
    for test in EXPECTED[name]["joint"].values():
        if test["htz"]:
            joint = found.wald(np.eye(len(labels))[[labels.index(t) for t in test["terms"]]])
            assert joint.f == pytest.approx(test["htz"]["f"], rel=1e-6)
            assert joint.df_den == pytest.approx(test["htz"]["df_den"], rel=1e-5)
            assert joint.p == pytest.approx(test["htz"]["p"], rel=1e-5)


def test_holds_its_size_where_the_model_does_not() -> None:
    """Pairs differ in growth, the model says they do not, and no arm grows faster than the other.

    The gate of methods.md: the size may lie outside .035 to .055 by no more than the 99.9% interval
    of 4,000 draws; the model's own test, with the best df, is known to reject 13%.
    """
    rng = np.random.default_rng(12)
    pair, person = np.repeat(np.arange(16), 8), np.repeat(np.arange(32), 4)
    month, arm = np.tile(np.arange(4.0), 32), (pair % 2).astype(float)
    x = np.column_stack([np.ones(128), arm, month, arm * month])
    y = rng.standard_normal((4000, 128)) + 0.8 * rng.standard_normal((4000, 16))[:, pair]
    y += 0.8 * rng.standard_normal((4000, 32))[:, person]
    y += 0.3 * rng.standard_normal((4000, 16))[:, pair] * month
    found = fit(y, x, [Term(pair, np.ones((128, 1))), Term(person, np.ones((128, 1)))])
    sandwich = robust(found, y, x, pair)
    slack = 3.29 * np.sqrt(0.05 * 0.95 / 4000)
    line, joint = sandwich.contrast(np.eye(4)[3]), sandwich.wald(np.eye(4)[[1, 3]])
    for rejected in (np.mean(line.p < 0.05), np.mean(joint.p < 0.05)):
        assert 0.035 - slack <= rejected <= 0.055 + slack
    assert np.mean(found.contrast(np.eye(4)[3]).p < 0.05) > 0.10


@pytest.mark.parametrize("seed", range(4))
def test_lone_clusters_are_those_without_which_coefficients_cannot_be_told(seed: int) -> None:
    """A coefficient can be told from rows where its unit vector lies in their span."""
    rng = np.random.default_rng(seed)
    pair, n, p = np.repeat(np.arange(8), 5), 40, 4
    x = np.column_stack(
        [np.ones(n), rng.normal(size=n), pair == 2, (pair < 2) * rng.normal(size=n)]
    )
    x[:, 3] *= 1e6 if seed % 2 else 1.0
    if seed > 1:  # the pair of the third column is the only one without the fourth, too
        x[:, 3] = pair != 2
        x[pair == 6, 3] = rng.normal(size=5)
    terms = [Term(pair, np.ones(n))]
    found = fit(rng.normal(size=n) + rng.normal(size=8)[pair], x, terms)
    wanted = []
    for g in range(8):
        rest = x[pair != g] / np.linalg.norm(x, axis=0)
        inside = np.linalg.pinv(rest, rcond=1e-10) @ rest
        told = np.abs(np.eye(p) - inside).max(axis=1) < 1e-8
        if not told.all():
            wanted.append((~told).tolist())
    y = rng.normal(size=n)
    assert sorted(one.tolist() for one in robust(found, y, x, pair).lone or ()) == sorted(wanted)
    assert wanted
    here = np.ones((1, n), dtype=bool)
    many = fit_many(y[None], design(x, terms), present=here)
    assert robust(many, y[None], x, pair, present=here).lone is None
