"""The benchmark's own parts: rows, workers, what makes a peer, the judge of accuracy, the page."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks import accuracy, cohort, machine, mixed, ours, swept, workers
from benchmarks.__main__ import line
from benchmarks.mixed import Contest
from benchmarks.rows import HEAD, Bound, Row, alone, as_json, as_page, beside, number
from benchmarks.workers import PeerError, compare, environment, started

import rmresearch as rm
from rmresearch.world.gaussian import draw_gaussian

ROOT = Path(__file__).resolve().parents[1]

# --- rows ----------------------------------------------------------------------------------


def test_a_bound_points_its_way_and_says_so() -> None:
    most, least = Bound(3, 1.5), Bound(10_000, 30_000, most=False)
    assert (most.must, least.reach) == ("<= 3", ">= 30,000")
    assert [most.keeps(x) for x in (2.9, 3.0, 3.1, math.nan)] == [True, True, False, False]
    assert [least.keeps(x) for x in (9_999, 10_000, math.nan)] == [False, True, False]


def test_without_the_peer_nothing_is_met_or_missed() -> None:
    assert beside("a", 2.0, None, None, Bound(3, 1)).met is None
    assert beside("a", 2.0, 1.0, 2.0, Bound(3, 1)).met is True
    assert beside("a", 4.0, 1.0, 4.0, Bound(3, 1)).met is False
    free = beside("a", 4.0, 1.0, 4.0, None)
    assert (free.must, free.reach, free.met) == (None, None, None)
    assert alone("a", 4.0, Bound(3, 1)) == Row("a", 4.0, None, None, "<= 3", "<= 1", False)


def test_json_has_the_agreed_shape() -> None:
    rows = [alone("a", 1.0, Bound(3, 1)), beside("b", 2.0, None, None, Bound(3, 1))]
    read = json.loads(json.dumps(as_json({"processor": "x"}, rows), allow_nan=False))
    assert set(read) == {"machine", "rows"}
    assert [tuple(row) for row in read["rows"]] == [HEAD, HEAD]
    assert read["rows"][1]["peer"] is None
    assert read["rows"][1]["met"] is None


def test_the_page_and_the_line_show_a_row() -> None:
    row = beside("fit (ms)", 0.01634, 163.4, 10_000.0, Bound(600, 3_000, most=False))
    last = as_page([row]).splitlines()[-1]
    assert last == "| fit (ms) | 0.0163 | 163 | 10,000 | >= 600 | >= 3,000 | yes |"
    assert line(row).startswith("met    fit (ms): 0.0163, peer 163, ratio 10,000 (must >= 600")
    missing = as_page([beside("x", 1.0, None, None, Bound(3, 1))]).splitlines()[-1]
    assert missing == "| x | 1 | - | - | <= 3 | <= 1 | - |"


@pytest.mark.parametrize(
    "value, text",
    [(0.0, "0"), (1.1e-13, "1.1e-13"), (0.0163, "0.0163"), (99.96, "100"), (1234.6, "1,235")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_the_committed_table_is_true_to_its_own_ratios() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    table = page.split("`met` is judged")[0]
    rows = [
        [cell.strip() for cell in text.strip("|").split(" | ")]
        for text in re.findall(r"^\| .*(?:<=|>=).* \|$", table, re.MULTILINE)
    ]
    assert len(rows) >= 12
    for what, figure, _, ratio, must, _, met in rows:
        sign, limit = must.split()
        if ratio == "-" and met == "-":
            continue
        judged, limit = (
            float(x.replace(",", "")) for x in (figure if ratio == "-" else ratio, limit)
        )
        if abs(judged / limit - 1.0) > 0.01:  # nearer than the digits shown
            assert (judged <= limit if sign == "<=" else judged >= limit) == (met == "yes"), what


# --- workers -------------------------------------------------------------------------------

WORKER = """
import sys
from benchmarks.serve import serve
print("a package's own words")
def work():
    print("more of them")
    sum(range({size}))
    return 2.0
serve({{"criterion": [{criterion}], "se": [1.0], "estimate": [0.0]}}, work)
"""


def stand_in(monkeypatch: pytest.MonkeyPatch, scripts: dict[str, str]) -> None:
    """Workers of these names run these scripts."""
    monkeypatch.setattr(
        workers,
        "command",
        lambda name, _: ([sys.executable, "-c", scripts[name]], environment()),
    )


def script(size: int = 1, criterion: float = 5.0) -> str:
    return WORKER.format(size=size, criterion=criterion)


def test_a_worker_answers_whatever_its_package_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"peer": script()})
    with started("peer") as worker:
        assert worker.check["criterion"] == [5.0]
        found = worker.round()
    assert set(found) == {"cpu", "wall"}
    assert 0 <= found["cpu"] < 10


def test_more_work_takes_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"ours": script(100), "peer": script(3_000_000)})
    with started("ours") as first, started("peer") as peer:
        timed = compare(first, peer, 3)
    assert timed.peer > timed.ours
    assert timed.ratio < 0.5


def test_a_peer_that_does_not_import_leaves_its_row_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"ours": script(), "peer": "import no_such_peer"})
    bound = Bound(200, 1_000, most=False)
    with started("ours") as first:
        row, check = mixed.run(Contest("fit (ms)", "ms", (), ("peer",), bound), first)
    assert (row.peer, row.ratio, row.met) == (None, None, None)
    assert row.ours >= 0
    assert check is not None
    assert "No module named 'no_such_peer'" in check.said


@pytest.mark.parametrize(
    "said, reason",
    [
        (["Traceback", "ImportError: no x"], "ImportError: no x"),
        (["Error in library(x) : there is no x", "Execution halted"],
         "Error in library(x) : there is no x"),
        (["Error in library(x) : ", "  there is no x", "Execution halted"],
         "Error in library(x) : there is no x"),
        ([], ""),
    ],
)  # fmt: skip
def test_the_reason_is_python_s_last_line_or_r_s_error(said: list[str], reason: str) -> None:
    assert workers._reason(said) == reason


def test_a_peer_that_fits_another_model_is_no_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"ours": script(), "peer": script(criterion=4.0)})
    contest = Contest("fit (s)", "s", (), ("peer",), Bound(1, 2, most=False))
    with started("ours") as first:
        row, check = mixed.run(contest, first)
    assert row.peer is None
    assert check is not None
    assert check.said.startswith("fits another model")


def test_a_faster_row_divides_the_peer_by_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, {"ours": script(100), "peer": script(3_000_000)})
    contest = Contest("fit (us)", "us", (), ("peer",), Bound(2, 3, most=False), rounds=2)
    with started("ours") as first:
        row, check = mixed.run(contest, first)
    assert row.ratio is not None
    assert row.ratio > 2
    assert row.met is True
    assert check is not None
    assert check.wall is not None


def test_an_environment_without_peers_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PEERS", ROOT / "nowhere" / "python")
    with pytest.raises(PeerError, match="python of mixedlm is not there"), started("mixedlm"):
        pass


def test_one_thread_and_numpys_own_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    assert "OPENBLAS_CORETYPE" not in environment()
    assert environment(r=True)["OPENBLAS_CORETYPE"] == "Prescott"
    assert {environment()[f"{name}_NUM_THREADS"] for name in workers.THREADS} == {"1"}


def test_every_peer_of_a_contest_has_a_script(tmp_path: Path) -> None:
    for contest in mixed.contests(tmp_path, quick=False):
        name = contest.peer[0]
        places = [ROOT / "benchmarks" / "peers" / f"{name}{end}" for end in (".py", ".R")]
        assert name == "ours" or any(place.exists() for place in places), name


def test_peers_know_nothing_of_ours() -> None:
    folder = ROOT / "benchmarks"
    for path in (*(folder / "peers").iterdir(), folder / "cohort.py", folder / "serve.py"):
        assert not path.is_file() or "rmresearch" not in path.read_text("utf-8"), path.name


def test_the_machine_is_named() -> None:
    found = machine.describe(quick=True)
    assert found["processor"]
    assert found["cores"] >= 1
    assert found["packages"]["numpy"] == np.__version__
    assert set(found["peers"]) >= {"mixedlm", "mixedlm-rs", "gpboost", "statsmodels", "lme4"}


# --- what makes a peer ---------------------------------------------------------------------


def fitted(criterion: list[float], se: float = 1.0) -> dict[str, list[float]]:
    return {"criterion": criterion, "estimate": [0.0] * 3, "se": [se] * 3}


def test_the_same_model_is_told_by_criterion_and_errors() -> None:
    found = fitted([1.0, 2.0, 3.0])
    assert mixed.agreement(found, fitted([1.0, 2.0, 3.0]))[0]
    assert mixed.agreement(found, fitted([1.0, 2.0, 9.0]))[0], "one worse optimum of three"
    assert not mixed.agreement(found, fitted([1.0, 2.0, 2.9]))[0], "better than the optimum"
    assert not mixed.agreement(found, fitted([2.0, 3.0, 4.0]))[0], "all worse"
    assert not mixed.agreement(found, fitted([1.0, 2.0, 3.0], se=1.01))[0]


def test_the_same_simulation_is_told_by_effect_and_power() -> None:
    found = {"effect": 0.25, "power": 0.20}
    assert mixed.agreement(found, {"effect": 0.25, "power": 0.23})[0]
    assert not mixed.agreement(found, {"effect": 0.25, "power": 0.60})[0]
    assert not mixed.agreement(found, {"effect": 0.50, "power": 0.20})[0]


# --- the data ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", list(cohort.RANDOM))
def test_outcomes_are_the_drawn_numbers_added_up(model: str) -> None:
    made = cohort.room(model, 2)
    cohort.draw(np.random.default_rng(0), made)
    frame = cohort.rows()
    fixed = cohort.mean(frame)
    before = {name: one.copy() for name, one in made.items()}
    y = cohort.compose(made, fixed)
    for r in range(2):
        for i, row in enumerate(frame.itertuples()):
            expected = before["residual"][r, i] + fixed[i] + 0.7 * before["pair"][r, row.pair]
            if model == "nested":
                expected += 0.6 * before["person"][r, row.person]
            if model == "slope":
                expected += 0.3 * (row.wave - 1) * before["slope"][r, row.pair]
            assert y[r, i] == pytest.approx(expected, abs=1e-12)  # sums of a few numbers near 1


def test_the_large_table_is_shuffled_with_text_ids() -> None:
    frame = cohort.million(1_000)
    assert len(frame) == 1_000
    assert frame["person"].str.match(r"^e\d{6}$").all()
    assert frame.groupby("person")["pair"].nunique().max() == 1
    assert frame.groupby("pair")["person"].nunique().max() == 2
    assert not frame["pair"].is_monotonic_increasing


def test_our_three_routes_judge_the_same_cohorts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "BATCH", dict.fromkeys(ours.BATCH, 2_000))
    p = {
        task: ours.judging(task, "nested")(np.random.default_rng(3)).p
        for task in ("judge", "balanced", "sufficient")
    }
    np.testing.assert_allclose(p["judge"], p["balanced"], rtol=1e-6)  # the search's last step
    power = {task: (one < 0.05).mean() for task, one in p.items()}
    error = math.sqrt(2 * power["judge"] * (1 - power["judge"]) / 2_000)
    assert 0.2 < power["judge"] < 0.9, "both verdicts occur often"
    assert abs(power["sufficient"] - power["judge"]) < 4 * error


def test_each_size_has_its_files(tmp_path: Path) -> None:
    cohort.write(tmp_path, large=False)
    for pairs in (cohort.PAIRS, cohort.SMALL):
        folder = cohort.place(tmp_path, pairs)
        frame = pd.read_csv(folder / "rows.csv")
        assert frame["pair"].nunique() == pairs
        assert cohort.outcomes(folder, "nested").shape == (cohort.STORED, len(frame))
        apart = frame.groupby("wave")[["at1", "at2"]].sum().to_numpy()
        assert apart.tolist() == [[0, 0], [pairs, 0], [0, pairs]]  # half the pairs, two people


def test_the_peers_model_is_that_of_the_swept_analysis() -> None:
    """Two routes to one number: formula and data frame here, study and analysis there."""
    given = rm.Gaussian(programme=7, comparison=6, people=2, waves=3, effect=0.4)
    study = draw_gaussian(given, 1, seed=3).study()
    found = rm.compare_arms(study, "score", slope=False)
    record = next(one for one in found.estimates if one.term == "" and one.wave == "wave2")
    pairs = study.pairs.assign(pair=study.pairs["junior"])  # a set shares its junior
    frame = study.measures.drop(columns="pair").merge(
        pairs[["senior", "pair"]], left_on="person", right_on="senior"
    )
    frame = frame.merge(study.participants[["person", "arm"]], on="person")
    for wave in (1, 2):
        there = frame["wave"].eq(f"wave{wave}") & frame["arm"].eq("programme")
        frame[f"at{wave}"] = there.astype(float)
    formula = f"{cohort.COURSE} + {cohort.RANDOM['nested']}"
    model = rm.lmm(formula, frame.rename(columns={"value": "score"}))
    at = model.terms.index("at2")
    assert record.value == pytest.approx(float(model.kernel.coef[at]), abs=1e-9)  # two searches
    p = swept.swept_power(given, 50, seed=1)
    assert p in [k / 50 for k in range(51)]


# --- the judge of accuracy -----------------------------------------------------------------


def test_the_judge_finds_the_balanced_one_way_answer() -> None:
    # Means 2, 6, 7 of two values each: mean squares 14 between (2 df) and 2 within (3 df), so the
    # variance between is 6 and the mean of all has variance 14 / 6 on 2 df.
    y, one = np.array([1.0, 3, 5, 7, 6, 8]), np.ones((6, 1))
    judge = accuracy.Judge(y, one, [np.repeat([0, 1, 2], 2)], [one])
    theta = judge.best(np.random.default_rng(0))
    assert theta[0] ** 2 == pytest.approx(3.0, rel=1e-9)  # Newton ends at rounding
    assert judge.variance(theta) == pytest.approx(2.0, rel=1e-9)
    se, df = judge.contrast(theta, np.ones(1))
    assert se == pytest.approx(math.sqrt(14 / 6), rel=1e-9)
    assert df == pytest.approx(2.0, rel=1e-8)


def test_the_judges_derivatives_are_those_of_its_criterion() -> None:
    rng = np.random.default_rng(4)
    y, x, codes, z = accuracy._design(rng, 2)
    judge, theta, s2, h = accuracy.Judge(y, x, codes, z), np.array([0.6, 0.2, 0.4]), 1.3, 1e-6
    gradient, hessian = judge.curvature(theta, s2)
    at = np.append(theta, s2)
    for k in range(4):
        step = h * np.eye(4)[k]
        up, down = (judge.curvature(one[:3], one[3])[0] for one in (at + step, at - step))
        # central differences of exact gradients: h^2 times third derivatives, and rounding / h
        np.testing.assert_allclose(hessian[k], (up - down) / (2 * h), rtol=1e-6, atol=1e-5)
        if k < 3:
            up, down = (judge.profiled(one[:3])[0] for one in (at + step, at - step))
            slope = judge.profiled(theta)[1][k]
            assert slope == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-6)
    at_minimum = judge.curvature(theta, judge.variance(theta))[0]
    np.testing.assert_allclose(at_minimum[:3], judge.profiled(theta)[1], atol=1e-9)
    assert at_minimum[3] == pytest.approx(0.0, abs=1e-9)
    assert gradient.shape == (4,)
