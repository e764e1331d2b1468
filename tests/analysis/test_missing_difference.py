"""The difference with missing answers imputed: by another route, by truth, and refused in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rmresearch.analysis import base
from rmresearch.analysis.base.compared import compared
from rmresearch.analysis.base.imputed import completed, imputed
from rmresearch.analysis.missing import missingness
from rmresearch.numerics.robust import fit
from rmresearch.study import Outcome, Study

from .programmes import failed, found, relabelled, row, same, shuffled
from .studies import SKILL, make_study


def gone_after_the_middle(n: int = 60, seed: int = 1, **options: Any) -> tuple[Study, np.ndarray]:
    """Two arms, three waves; of the programme's, those low in the middle leave. And what all
    would have answered at the last wave."""
    rng = np.random.default_rng(seed)
    programme = np.arange(2 * n) < n
    arm = np.where(programme, "programme", "comparison")
    before = rng.normal(4, 1, 2 * n)
    middle = before + 0.5 * programme + rng.normal(0, 1, 2 * n)
    later = middle + rng.normal(0, 0.4, 2 * n)
    gone = programme & (middle < 4.2)
    items = {
        "before": before.tolist(),
        "after": middle.tolist(),
        "later": np.where(gone, np.nan, later).tolist(),
    }
    options = {"arm": arm.tolist(), "paired": False, **options}
    return make_study({"skill": items}, **options), later


def test_pooled_by_another_route() -> None:
    study = gone_after_the_middle()[0]
    result = missingness(study, "skill", imputations=12, seed=4)
    group = base.people(study, "senior")
    given = imputed(study, SKILL, group, imputations=12, seed=4)
    one = next(iter(compared(study, SKILL, group, [study.design.wave("later")])))
    model = completed(one, given, study.design.baseline)
    assert model is not None
    each = []
    for scores in model.y:
        x = np.column_stack([np.ones(120), one.programme, one.before])
        each.append(fit(scores, x, one.people.cluster).contrast([0, 1, 0]))
    value = np.mean([found.estimate for found in each])
    between = np.var([found.estimate for found in each], ddof=1)
    total = np.mean([found.se**2 for found in each]) + (1 + 1 / 12) * between
    got = found(result, term="imputed", wave="later")
    assert got.value == pytest.approx(value, rel=1e-9)
    assert got.se == pytest.approx(np.sqrt(total), rel=1e-9)
    shown = row(result.table("imputed"), wave="later")
    assert shown["due to missing"] == pytest.approx((1 + 1 / 12) * between / total, rel=1e-9)
    assert (shown["people"], shown["answered"]) == (120, int(one.answered.sum()))
    kept = one.answered
    x = np.column_stack([np.ones(int(kept.sum())), one.programme[kept], one.before[kept]])
    plain = np.linalg.lstsq(x, one.after[kept], rcond=None)[0][1]
    assert shown["difference answered"] == pytest.approx(plain)


def test_nearer_to_what_all_would_have_answered() -> None:
    # leaving depends on an answer that is known: imputing undoes it, the answered alone do not
    errors = []
    for seed in range(6):
        study, later = gone_after_the_middle(seed=seed)
        shown = row(missingness(study, "skill").table("imputed"), wave="later")
        group = base.people(study, "senior")
        before = group.values(study.wide("skill")["before"])
        x = np.column_stack([np.ones(120), group.arm == "programme", before])
        truth = np.linalg.lstsq(x, later, rcond=None)[0][1]
        errors.append((shown["difference answered"] - truth, shown["difference imputed"] - truth))
    answered, imputed_ = np.abs(np.mean(errors, axis=0))
    assert answered > 0.25
    assert imputed_ < 0.08


def test_a_single_group_gets_its_change() -> None:
    rng = np.random.default_rng(2)
    before = rng.normal(4, 1, 30)
    after = np.where(before < 3.5, np.nan, 0.5 * before + 2.5 + rng.normal(0, 0.3, 30))
    items = {"skill": {"before": before.tolist(), "after": after.tolist()}}
    result = missingness(make_study(items, paired=False), "skill")
    got = found(result, term="imputed")
    assert got.contrast == "after - before"
    # those who left were low and would have gained most: half of each point below, on a line
    assert got.value > np.nanmean(after - before) + 0.1
    assert got.value == pytest.approx(np.mean(2.5 - 0.5 * before), abs=0.25)


def test_partners_help_where_they_answered() -> None:
    # the junior's score tells the senior's almost whole; nothing else does
    rng = np.random.default_rng(3)
    n = 40
    shared = rng.normal(0, 1, n)
    senior = {"before": rng.normal(4, 1, n), "after": 4 + shared}
    gone = np.arange(n) < 12
    both = Outcome("skill", "Digital skill", "all", ("skill",), low=1, high=7)
    items = {
        "before": [*senior["before"], *rng.normal(4, 1, n)],
        "after": [*np.where(gone, np.nan, senior["after"]), *(4 + shared + rng.normal(0, 0.05, n))],
    }
    study = make_study(
        {"skill": {wave: list(map(float, values)) for wave, values in items.items()}},
        outcomes=(both,),
        role=["senior"] * n + ["junior"] * n,
        juniors=[None] * (2 * n),
    )
    couples = [(f"p{k:03d}", f"s{n + k:03d}", f"s{k:03d}") for k in range(n)]
    empty = study.pairs
    pairs = empty.reindex(range(n)).assign(
        pair=[one[0] for one in couples],
        junior=[one[1] for one in couples],
        senior=[one[2] for one in couples],
    ).astype(empty.dtypes.to_dict())  # fmt: skip
    study = replace(study, pairs=pairs)
    group = base.people(study, "senior")
    given = imputed(study, both, group, imputations=20, seed=1).scores["after"]
    means = given.mean(axis=0)[gone]
    assert np.corrcoef(means, senior["after"][gone])[0, 1] > 0.95


def test_seeds_and_draws() -> None:
    study = gone_after_the_middle(20)[0]
    one, again = (missingness(study, "skill", seed=0) for _ in range(2))
    assert one == again
    other = missingness(study, "skill", seed=1)
    values = [found(result, term="imputed", wave="later").value for result in (one, other)]
    assert 0 < abs(values[0] - values[1]) < 0.2


def test_order_and_names_do_not_matter() -> None:
    juniors = [f"j{k // 3}" for k in range(40)]
    study = gone_after_the_middle(20, juniors=juniors, unit="set")[0]
    one = missingness(study, "skill")
    same(one, missingness(shuffled(study), "skill"))
    other, renamed = relabelled(study)
    same(one, missingness(other, "skill"), renamed)


def test_effects_can_be_left_out() -> None:
    result = missingness(gone_after_the_middle(10)[0], "skill", effects=False)
    assert "imputed" not in {made.name for made in result.tables}


@pytest.mark.parametrize("options", [{"level": 0.0}, {"imputations": 1}])
def test_wrong_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"level|imputations"):
        missingness(gone_after_the_middle(10)[0], "skill", **options)


# -- data that cannot answer ----------------------------------------------------------------------


def test_nobody_missing_nothing_imputed() -> None:
    study = make_study({"skill": {"before": [1.0, 2, 3], "after": [2.0, 3, 4]}}, paired=False)
    assert "imputed" not in {made.name for made in missingness(study, "skill").tables}


def test_all_missing_at_one_wave_of_an_arm() -> None:
    study = gone_after_the_middle(20)[0]
    programme = [f"s{k:03d}" for k in range(20)]
    rows = study.measures
    lost = (rows["wave"] == "later") & rows["person"].isin(programme)
    result = missingness(replace(study, measures=rows[~lost]), "skill")
    said = failed(result, "answers to impute from")[0]
    assert said.startswith("senior, programme: fewer than 4 independent clusters answered skill")
    assert "at later" in said
    assert not any(one.term == "imputed" and one.wave == "later" for one in result.estimates)


def test_three_pairs_and_one() -> None:
    for n in (3, 1):
        items = {"before": [3.0] * n + [4.0] * n, "after": [None] + [4.0] * (2 * n - 1)}
        arm = ["programme"] * n + ["comparison"] * n
        result = missingness(make_study({"skill": items}, arm=arm), "skill")
        assert failed(result, "answers to impute from")
        assert not any(one.term == "imputed" for one in result.estimates)


def test_no_variance() -> None:
    after = [None if k % 4 == 0 else 4.0 for k in range(40)]
    arm = ["programme"] * 20 + ["comparison"] * 20
    items = {"skill": {"before": [4.0] * 40, "after": after}}
    got = found(missingness(make_study(items, arm=arm, paired=False), "skill"), term="imputed")
    assert got.value == pytest.approx(0.0, abs=1e-12)
    assert (got.se, got.low, got.p) == (None, None, None)


def test_a_stratum_that_is_an_arm() -> None:
    arm = ["programme"] * 20 + ["comparison"] * 20
    after = [None if k % 4 == 0 else float(k % 6 + 1) for k in range(40)]
    items = {"skill": {"before": [float(k % 5 + 1) for k in range(40)], "after": after}}
    study = make_study(items, arm=arm, paired=False, stratum=["x"] * 20 + ["y"] * 20)
    assert failed(missingness(study, "skill"), "imputed answers can be analysed")
