"""CR2, Satterthwaite, HTZ, CR1 and HC2 against R: clubSandwich, estimatr, sandwich."""

from __future__ import annotations

import numpy as np
import pytest

from rmresearch.numerics import robust

from .references import design, outputs

DESIGNS = ["balanced", "unbalanced", "few_clusters", "singletons", "cluster_dummy"]
REFERENCE = outputs("robust")
#: trust.md: 1e-8 on standard errors, 1e-4 on df; R prints 15 digits, so nothing looser is needed
SE, DF = 1e-8, 1e-4


@pytest.mark.parametrize("name", DESIGNS)
def test_cr2_as_clubsandwich(name: str) -> None:
    expected = REFERENCE[name]
    y, x, cluster, names = design(name)
    assert list(names) == expected["terms"]
    found = robust.fit(y, x, cluster, names=names)
    assert found.coef == pytest.approx(np.array(expected["coef"]), rel=1e-9)
    assert found.vcov == pytest.approx(np.array(expected["cr2"]), rel=SE, abs=1e-12)
    assert found.se == pytest.approx(np.array(expected["se"]), rel=SE)
    assert found.df == pytest.approx(np.array(expected["df"]), rel=DF)
    each = [found.contrast(unit) for unit in np.eye(len(names))]
    # p follows from t and df, whose tolerance it inherits.
    assert [c.p for c in each] == pytest.approx(expected["p"], rel=DF)


@pytest.mark.parametrize("name", DESIGNS)
def test_contrast_as_clubsandwich(name: str) -> None:
    expected = REFERENCE[name]["contrast"]
    y, x, cluster, _ = design(name)
    found = robust.fit(y, x, cluster).contrast(expected["weights"])
    assert found.estimate == pytest.approx(expected["estimate"], rel=1e-9)
    assert found.se == pytest.approx(expected["se"], rel=SE)
    assert found.df == pytest.approx(expected["df"], rel=DF)
    assert found.interval() == pytest.approx((expected["low"], expected["high"]), rel=DF)


@pytest.mark.parametrize("name", DESIGNS)
def test_joint_tests_as_clubsandwich(name: str) -> None:
    y, x, cluster, names = design(name)
    fit = robust.fit(y, x, cluster)
    assert REFERENCE[name]["htz"]
    for expected in REFERENCE[name]["htz"]:
        rows = np.eye(len(names))[[names.index(term) for term in expected["terms"]]]
        found = fit.wald(rows)
        assert found.df_num == expected["df_num"]
        assert found.df_den == pytest.approx(expected["df_den"], rel=DF)
        assert found.f == pytest.approx(expected["f"], rel=DF)
        assert found.p == pytest.approx(expected["p"], rel=DF)


@pytest.mark.parametrize("name", [d for d in DESIGNS if d != "cluster_dummy"])
def test_cr2_as_estimatr(name: str) -> None:
    expected = REFERENCE[name]["estimatr"]
    y, x, cluster, _ = design(name)
    found = robust.fit(y, x, cluster)
    assert found.se == pytest.approx(np.array(expected["se"]), rel=SE)
    assert found.df == pytest.approx(np.array(expected["df"]), rel=DF)


@pytest.mark.parametrize("name", DESIGNS)
def test_cr1_and_classical(name: str) -> None:
    expected = REFERENCE[name]
    y, x, cluster, _ = design(name)
    cr1 = robust.fit(y, x, cluster, vcov="CR1")
    assert cr1.vcov == pytest.approx(np.array(expected["cr1"]), rel=SE, abs=1e-12)
    assert set(cr1.df) == {len(set(cluster)) - 1.0}
    plain = robust.fit(y, x, vcov="classical")
    assert plain.vcov == pytest.approx(np.array(expected["classical"]), rel=SE)
    assert set(plain.df) == {float(len(y) - x.shape[1])}


def test_no_cluster_means_each_row_its_own() -> None:
    y, x, cluster, _ = design("singletons")
    alone, given = robust.fit(y, x), robust.fit(y, x, cluster)
    assert alone.vcov == pytest.approx(given.vcov, rel=1e-13)
    assert alone.df == pytest.approx(given.df, rel=1e-13)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("vcov", ["classical", "CR1", "CR2"])
def test_dense_route_agrees(name: str, vcov: robust.Variance) -> None:
    """Two independent routes of a headline, to 1e-8 (trust.md section 3)."""
    y, x, cluster, _ = design(name)
    weights = np.array(REFERENCE[name]["contrast"]["weights"])
    one = robust.fit(y, x, cluster, vcov=vcov).contrast(weights)
    two = robust.dense(y, x, cluster, vcov).contrast(weights)
    assert one.estimate == pytest.approx(two.estimate, rel=1e-8)
    assert one.se == pytest.approx(two.se, rel=1e-8)
    assert one.df == pytest.approx(two.df, rel=1e-8)
    assert one.p == pytest.approx(two.p, rel=1e-8)
