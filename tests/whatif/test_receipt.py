"""The calibration receipt: it finds out wrong errors, and draws studies of one shape."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import rmresearch as rm
from rmresearch.analysis.base.batch import Estimates, Flags, Kernel, Panel
from rmresearch.errors import StudyError
from rmresearch.result import Estimate, Result
from rmresearch.whatif import receipt as module
from rmresearch.whatif.receipt import HELD, SIZE, receipt
from rmresearch.whatif.receipt.drawn import Luck, Trial, drawn
from rmresearch.whatif.receipt.posed import KERNELS, Posed, posed
from rmresearch.whatif.receipt.worlds import Levels, World, world
from rmresearch.world.gaussian import Gaussian, draw_gaussian

PILOT = "data/synthetic/pilot"


@pytest.fixture(scope="module")
def pilot() -> rm.Study:
    return rm.read_study(PILOT)


def asked(
    study: rm.Study, analysis: Any = rm.compare_arms, **options: Any
) -> tuple[Result, Estimate]:
    """A result and its last estimate of record."""
    result = analysis(study, options.pop("outcome", "digital_skill"), **options)
    return result, [one for one in result.estimates if one.term == ""][-1]


def numbers(result: Result) -> pd.DataFrame:
    return result.table("receipt").to_frame().set_index("correlation")


def passed(result: Result, name: str) -> bool:
    return next(check.passed for check in result.checks if check.name == name)


def too_sure(kernel: Kernel, times: float) -> Kernel:
    """The same with its standard error, and so its intervals, so many times as large."""

    def answer(panel: Panel, options: Any) -> tuple[list[Estimates], Flags]:
        found, clear = kernel.answer(panel, options)
        return [
            replace(
                one,
                se=times * one.se,
                low=one.value - times * (one.value - one.low),
                high=one.value + times * (one.high - one.value),
            )
            for one in found
        ], clear

    return Kernel(answer, kernel.refuse, kernel.options)


@pytest.mark.parametrize("analysis", [rm.compare_arms, rm.pre_post])
def test_a_wrong_standard_error_is_found_out(
    pilot: rm.Study, analysis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, record = asked(pilot, analysis)
    right = receipt(pilot, result, record, studies=400)
    assert passed(right, HELD)
    assert passed(right, SIZE)
    name, times = analysis.__name__, 0.6
    monkeypatch.setitem(KERNELS, name, too_sure(KERNELS[name], times))
    module._counted.cache_clear()
    wrong = receipt(pilot, result, replace(record, se=times * (record.se or 0.0)), studies=400)
    module._counted.cache_clear()
    assert not passed(wrong, HELD)
    assert not passed(wrong, SIZE)
    # |t| < .6 t_crit; df differ from study to study, and answers are no normals: within .04
    df = record.df or 0.0
    expected = 1 - 2 * stats.t.sf(times * stats.t.ppf(0.975, df), df)
    table = numbers(wrong)
    errors = 3.3 * np.sqrt(expected * (1 - expected) / 400)
    assert (np.abs(table["coverage"] - expected) < errors + 0.04).all()
    assert (np.abs(1 - table["false positives"] - expected) < errors + 0.04).all()


@pytest.mark.parametrize("analysis", [rm.compare_arms, rm.pre_post])
def test_it_agrees_with_a_sweep_of_a_gaussian_design_of_the_same_shape(analysis: Any) -> None:
    """The sweep draws by its own generator: rates and widths agree within Monte Carlo errors."""
    shape = {"programme": 9, "comparison": 7, "people": 2, "waves": 2}
    study = draw_gaussian(Gaussian(**shape, noise_sd=0.5), 1, seed=3).study()
    result, record = asked(study, analysis, outcome="score")
    n = 4_000
    row = numbers(receipt(study, result, record, studies=n)).loc["estimate"]
    made = posed(study, result, record)
    sds = world(made, module._limits(made)["estimate"], 0.0).sds
    design = Gaussian(**shape, set_sd=sds[0], person_sd=sds[1], noise_sd=sds[2])
    swept = rm.judge(rm.sweep(design, analysis, outcome="score", replicates=n, seed=8)).to_frame()
    same = swept[(swept["group"] == record.group) & (swept["contrast"] == record.contrast)]
    one = same[same["against"] == "latent"].iloc[0]
    rate, other = row["false positives"], one["rejects"]
    assert abs(rate - other) < 3.3 * np.hypot(row["false positives error"], one["rejects error"])
    # of one distribution and as many studies, the receipt's mean is as uncertain as the sweep's
    apart = abs(row["detectable"] - one["smallest_detectable"])
    assert apart < 3.3 * np.sqrt(2) * one["smallest_detectable error"]


def both(made: Posed, at: World, luck: Luck) -> tuple[np.ndarray, np.ndarray]:
    """All studies without the difference and, by the same luck, with it."""
    with_it = [np.full(len(luck.score), shifted) for shifted in (False, True)]
    null, shifted = (drawn(made, at, replace(luck, shifted=one)) for one in with_it)
    return null, shifted


def test_scores_are_items_rounded_to_their_codes(pilot: rm.Study) -> None:
    """Loops over people, waves and items give the same scores from the same luck."""
    made = posed(pilot, *asked(pilot))
    at = world(made, Levels(0.5, 0.2, 0.4), 0.3)
    luck = Trial(made, (at,), 2, seed=4).luck(0, 2)
    found = both(made, at, luck)
    rows = [(i, t) for i, t in np.ndindex(made.scores.shape) if np.isfinite(made.scores[i, t])]
    arms = made.panel.design.arms
    for with_effect in (False, True):
        for r in range(2):
            for row, (i, t) in enumerate(rows):
                moved = with_effect and t > 0 and arms[made.panel.arm[0, i]].programme
                codes = []
                for j in range(6):
                    behind = (at.shifted if moved else at.null)[t, j]
                    behind += at.sds[0] * luck.cluster[r, made.panel.cluster[i]]
                    behind += at.sds[1] * luck.person[r, i] + at.sds[2] * luck.score[r, row]
                    behind += at.sds[3] * luck.item[r, row, j]
                    codes.append(1 + min(max(round(float(behind)), 0), 4))
                assert found[with_effect][r, i, t] == pytest.approx(sum(codes) / 6, abs=1e-9)
        assert (np.isnan(found[with_effect]) == np.isnan(made.scores)).all()


def simulated(made: Posed, at: World, n: int) -> tuple[np.ndarray, np.ndarray]:
    return both(made, at, Trial(made, (at,), n, seed=6).luck(0, n))


@pytest.mark.parametrize("where", ["lower limit", "estimate", "upper limit"])
def test_simulated_scores_have_the_means_variances_and_correlation_asked_for(
    pilot: rm.Study, where: str
) -> None:
    result, record = asked(pilot)
    made = posed(pilot, result, record)
    level = module._limits(made)[where]
    null, shifted = simulated(made, world(made, level, 0.3), 4_000)
    there = np.isfinite(made.scores)
    # every person is one of 47 x 4,000 draws: a mean is known to .005
    means = np.nanmean(null, axis=(0, 1))
    assert means == pytest.approx(np.nanmean(made.answers, axis=0).mean(axis=-1), abs=0.01)
    gained = (shifted - null).mean(axis=0)
    programme = np.array([a.programme for a in made.panel.design.arms])[made.panel.arm[0]]
    assert gained[programme & there[:, 2], 2].mean() == pytest.approx(0.3, abs=0.01)
    assert np.nansum(np.abs(gained[~programme])) == 0
    # the Hermite series is exact, answers' own lasting parts are not in it: a few percent
    both = there.all(axis=1)
    centred = null[:, both] - null[:, both].mean(axis=0)
    variance = (centred**2).mean()
    lasting = np.mean(
        [(centred[..., s] * centred[..., t]).mean() for s, t in ((0, 1), (0, 2), (1, 2))]
    )
    assert variance == pytest.approx(level.variance, rel=0.04)
    assert lasting / variance == pytest.approx(level.correlation, abs=0.02)


def test_people_of_a_cluster_are_alike_as_asked(pilot: rm.Study) -> None:
    made = posed(pilot, *asked(pilot))
    n = len(made.scores)
    paired = replace(made, panel=replace(made.panel, cluster=np.arange(n) // 2))
    level = Levels(0.45, 0.25, 0.4)
    null, _ = simulated(paired, world(paired, level, 0.3), 4_000)
    first, second = null[:, 0:-1:2, 0], null[:, 1::2, 0]
    known = np.isfinite(first[0]) & np.isfinite(second[0])
    products = (first - first.mean(axis=0)) * (second - second.mean(axis=0))
    assert products[:, known].mean() == pytest.approx(0.25 * 0.45, rel=0.06)


def test_other_correlations_keep_the_proportions_of_the_rest() -> None:
    moved = Levels(2.0, 0.2, 0.4).at(0.6)
    # the other .8 were person .4 and error .4; of .4 each has .2
    assert (moved.variance, moved.cluster, moved.person) == (2.0, 0.6, pytest.approx(0.2))
    assert Levels(2.0, 0.0, 0.4).at(0.6) == Levels(2.0, 0.0, 0.6)


def test_the_same_study_has_the_same_receipt_and_another_seed_another(pilot: rm.Study) -> None:
    result, record = asked(pilot, rm.pre_post)
    told = partial(receipt, pilot, result, record, studies=300)
    module._counted.cache_clear()
    first = told()
    assert module._counted.cache_info().misses == 1
    again = told()
    assert module._counted.cache_info().hits == 1
    module._counted.cache_clear()
    assert first == again == told()
    assert numbers(told(seed=1)).to_numpy().tolist() != numbers(first).to_numpy().tolist()
    assert set(numbers(first)["studies"]) == {300}


def test_as_many_studies_as_hold_six_million_answers(
    pilot: rm.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STUDIES", 20_000)
    whole = module.prepare(pilot, *asked(pilot))
    # 130 scores of 6 items; and of a change, of those who answered before and at the last wave
    assert whole.trial.studies == 6_000_000 // (130 * 6)
    change = module.prepare(pilot, *asked(pilot, rm.pre_post))
    scores = int(np.isfinite(change.trial.asked.scores).sum())
    assert change.trial.studies == min(20_000, 6_000_000 // (scores * 6))


def test_a_large_study_is_tried_by_a_part_of_its_clusters(
    pilot: rm.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, record = asked(pilot)
    whole = numbers(receipt(pilot, result, record, studies=30))
    assert (whole["share of people"] == 1).all()
    assert whole["detectable"].notna().all()
    monkeypatch.setattr(module, "TOGETHER", 1425 * module.FIT)
    monkeypatch.setattr(module, "CLUSTERS", 10)
    part = numbers(receipt(pilot, result, record))
    # 130 scores and the fit: 498 studies of the whole, a quarter of them in a large study's time,
    # so every fifth cluster of 47
    assert (part["people"] == 10).all()
    assert (part["share of people"] == 10 / 47).all()
    assert (part["studies"] == 500).all()
    assert part["detectable"].isna().all()
    monkeypatch.setattr(module, "CLUSTERS", 11)
    with pytest.raises(StudyError, match="clusters are few \\(47\\)"):
        receipt(pilot, result, record)


def single(pilot: rm.Study, kind: Any) -> rm.Study:
    """The first item as an outcome of its own: its codes, or whether they are 4 or 5."""
    old = pilot.design.outcome("digital_skill")
    bounds = (0.0, 1.0) if kind == "binary" else (1.0, 5.0)
    one = replace(old, items=("D1",), reverse=frozenset(), kind=kind, low=bounds[0], high=bounds[1],
                  labels=(), smallest_effect=0.1)  # fmt: skip
    measures = pilot.measures.copy()
    if kind == "binary":
        own = measures["item"] == "D1"
        measures.loc[own, "value"] = (measures.loc[own, "value"] >= 4).astype(float)
    others = tuple(o for o in pilot.design.outcomes if o is not old)
    design = replace(pilot.design, outcomes=(one, *others))
    return replace(pilot, measures=measures, design=design)


@pytest.mark.parametrize("kind", ["ordinal", "binary"])
def test_single_items_keep_their_codes(pilot: rm.Study, kind: str) -> None:
    study = single(pilot, kind)
    result, record = asked(study)
    made = posed(study, result, record)
    null, _ = simulated(made, world(made, module._limits(made)["estimate"], 0.1), 200)
    assert set(np.unique(null[np.isfinite(null)])) == (
        {0, 1} if kind == "binary" else {1, 2, 3, 4, 5}
    )
    found = receipt(study, result, record, studies=300)
    assert passed(found, HELD)


def test_what_cannot_be_simulated_is_refused_with_its_reason(pilot: rm.Study) -> None:
    result, record = asked(pilot)
    with pytest.raises(StudyError, match="no interval"):
        receipt(pilot, result, replace(record, low=None, high=None))
    with pytest.raises(ValueError, match=r"level 0\.9; give"):
        receipt(pilot, result, replace(record, level=0.9))
    with pytest.raises(ValueError, match="studies is 0"):
        receipt(pilot, result, record, studies=0)
    with pytest.raises(StudyError, match="own estimate"):
        receipt(pilot, result, replace(record, value=(record.value or 0.0) + 0.01), studies=5)
    other = replace(result, call=replace(result.call, function="mixed_model"))
    with pytest.raises(StudyError, match="mixed_model has none"):
        receipt(pilot, other, record)
    far = replace(pilot.design.outcome("digital_skill"), smallest_effect=3.0)
    outcomes = (far, *pilot.design.outcomes[1:])
    study = replace(pilot, design=replace(pilot.design, outcomes=outcomes))
    with pytest.raises(StudyError, match="leave its range"):
        receipt(study, *asked(study), studies=5)


@pytest.mark.parametrize("covariates", ["level", ("level", "department")])
def test_covariates_of_the_plan_are_in_the_model_that_is_tried(
    pilot: rm.Study, covariates: str | tuple[str, ...]
) -> None:
    """As far as the study's own estimate tells, to which `posed` holds the arrays."""
    result, record = asked(pilot, covariates=covariates)
    table = numbers(receipt(pilot, result, record, studies=400))
    plain = numbers(receipt(pilot, *asked(pilot), studies=400))
    assert table["value"].tolist() == plain["value"].tolist()
    assert (table["detectable"] != plain["detectable"]).all()
    assert (np.abs(table["coverage"] - 0.95) < 3.3 * np.sqrt(0.05 * 0.95 / 400)).all()


def test_the_correlation_is_that_of_the_levels_variances(pilot: rm.Study) -> None:
    """Another route to the same model: `mixed_model` by role, arm and wave."""
    found = rm.mixed_model(pilot, "digital_skill", slope=False, level=0.8)
    share = next(e for e in found.estimates if e.term == "variance-share" and e.group == "person")
    limits = module._limits(posed(pilot, *asked(pilot)))
    told = [limits[name].correlation for name in ("lower limit", "estimate", "upper limit")]
    assert told == pytest.approx([share.low, share.value, share.high], abs=1e-6)
    sizes = [e.value or 0.0 for e in found.estimates if e.term == "variance"]
    assert limits["estimate"].variance == pytest.approx(sum(sizes), rel=1e-6)


def test_people_of_a_department_are_as_alike_as_they_were_found() -> None:
    """Departments that were assigned whole, drawn with a variance of theirs of 1 in 3."""
    design = Gaussian(programme=60, comparison=60, people=3, tie="department", set_sd=1.0,
                      person_sd=1.0, noise_sd=1.0)  # fmt: skip
    study = draw_gaussian(design, 1, seed=2).study()
    result, record = asked(study, outcome="score")
    found = receipt(study, result, record, studies=300)
    table = numbers(found)
    # 120 departments: a correlation of 1/3 is known to .04 or so
    assert table.loc["estimate", "value"] == pytest.approx(1 / 3, abs=0.15)
    assert (table["value"].diff().dropna() > 0).all()
    assert passed(found, HELD)


def test_an_item_that_all_answer_alike_is_refused(pilot: rm.Study) -> None:
    measures = pilot.measures.copy()
    measures.loc[measures["item"] == "D2", "value"] = 5.0
    study = replace(pilot, measures=measures)
    with pytest.raises(StudyError, match="answered alike by everybody"):
        receipt(study, *asked(study), studies=5)


def test_without_a_smallest_effect_an_interval_holds_none_or_claims_one(pilot: rm.Study) -> None:
    free = replace(pilot.design.outcome("digital_skill"), smallest_effect=None)
    outcomes = (free, *pilot.design.outcomes[1:])
    study = replace(pilot, design=replace(pilot.design, outcomes=outcomes))
    table = numbers(receipt(study, *asked(study, rm.pre_post), studies=200))
    assert (table["coverage"] + table["false positives"]).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("some", "all_", "low", "high"),
    [
        # no success in 10: high = 1 - .0005^(1/10); all of 10: the mirror image
        (0, 10, 0.0, 1 - 0.0005**0.1),
        (10, 10, 0.0005**0.1, 1.0),
    ],
)
def test_monte_carlo_intervals_of_shares(some: int, all_: int, low: float, high: float) -> None:
    assert module._surely(some, all_) == (pytest.approx(low), pytest.approx(high))


def test_no_share_of_few_studies_looks_certain() -> None:
    share, error = module._share(12, 12)
    # 14 of 16: sqrt(14/16 * 2/16 / 16)
    assert share == 1.0
    assert error == pytest.approx(0.0826797)
    assert module._share(0, 0) == (None, None)


@pytest.mark.parametrize(
    ("held", "fine"),
    # of 20,000: 93.5% has the interval 92.9-94.1 which reaches .94; 93.2% ends at 93.8
    [(19_000, True), (18_700, True), (18_640, False), (19_300, True), (19_460, False)],
)
def test_the_flag_is_raised_where_the_monte_carlo_interval_lies_outside(
    held: int, fine: bool
) -> None:
    sound = (19_000, 20_000)
    check = module._check(HELD, [sound, (held, 20_000), sound], module.COVERAGE)
    assert check.passed is fine
    assert f"{held / 200:.1f}%" in check.detail
