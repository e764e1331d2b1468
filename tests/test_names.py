"""Whoever mistypes a name is told the nearest one, wherever names are typed."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

import rmresearch as rm
from rmresearch.cli import main
from rmresearch.errors import did_you_mean, kindly, nearest
from rmresearch.report.evaluation import Evaluation
from rmresearch.study import Study

SKILL = "digital_skill"
DESIGN = rm.Gaussian(programme=10, people=1, drift=0.6)
FRAME = pd.DataFrame({"pair": list("aabbcc"), "score": [1.0, 3, 5, 8, 6, 7], "who": list("xyxyxy")})
CHANGE = {"outcome": "score", "replicates": 200, "seed": 1}


@pytest.fixture(scope="module")
def study() -> Study:
    return rm.simulate(rm.Scenario(pairs=24), seed=11).study


#: what is typed, and what is meant
OF_A_STUDY: dict[str, tuple[Callable[[Study], Any], str]] = {
    "outcome": (lambda s: s.scores("digital_skil"), SKILL),
    "wave": (lambda s: rm.pre_post(s, SKILL, wave="month5"), "month6"),
    "baseline": (lambda s: rm.pre_post(s, SKILL, baseline="strat"), "start"),
    "waves": (lambda s: rm.compare_arms(s, SKILL, waves=["mnth6"]), "month6"),
    "arm": (lambda s: rm.compare_arms(s, SKILL, programme="programm"), "programme"),
    "arm by name": (lambda s: s.design.arm("comparsion"), "comparison"),
    "covariate": (lambda s: rm.compare_arms(s, SKILL, covariates=["departmnt"]), "department"),
    "moderator": (lambda s: rm.subgroups(s, SKILL, by="departmnt"), "department"),
    "feature": (lambda s: rm.match_quality(s, SKILL, features=["Intrests"]), "Interests"),
    "other outcome": (lambda s: rm.dyadic(s, SKILL, junior_outcome="visibilty"), "visibility"),
    "record": (lambda s: rm.workforce_outcomes(s, "promotd"), "promoted"),
    "reaction": (lambda s: rm.reaction(s, "satisfacton"), "satisfaction"),
    "random part": (lambda s: rm.mixed_model(s, SKILL, random=["persn"]), "person"),
    "table": (lambda s: rm.wave_means(s, SKILL).table("mean"), "means"),
    "given": (lambda s: rm.calibrate(s, given={"trnd": 0.1}), "trend"),
    "keyword": (lambda s: rm.compare_arms(s, SKILL, covariate=()), "covariates"),
}
ELSEWHERE: dict[str, tuple[Callable[[], Any], str]] = {
    "column": (lambda: rm.lmm("scor ~ who + (1 | pair)", FRAME), "score"),
    "column of a group": (lambda: rm.lmm("score ~ who + (1 | pairs)", FRAME), "pair"),
    "column of least squares": (lambda: rm.ols("score ~ whom", FRAME), "who"),
    "cluster": (lambda: rm.ols("score ~ who", FRAME, cluster="Pair"), "pair"),
    "errors": (lambda: rm.ols("score ~ who", FRAME, vcov="clasical"), "classical"),
    "df": (lambda: rm.lmm("score ~ who + (1 | pair)", FRAME, ddf="kenward"), "kenward-roger"),
    "preset": (lambda: rm.preset("rtc"), "rct"),
    "preset to explore": (lambda: rm.explore("small-pilt"), "small-pilot"),
    "lever": (lambda: rm.Levers(cadense=4), "cadence"),
    "nature": (lambda: rm.Nature(item_reliabilty=0.5), "item_reliability"),
    "setting": (lambda: rm.Setting(department=4), "departments"),
    "scenario": (lambda: rm.Scenario(pair=4), "pairs"),
    "Gaussian": (lambda: rm.Gaussian(efect=4), "effect"),
    "lever's choice": (lambda: rm.Levers(matching="optimum"), "optimal"),
    "comparison": (lambda: rm.Scenario(comparison="wait-list"), "waitlist"),
    "instrument": (lambda: rm.Setting(instruments=("digital_skil",)), "digital_skill"),
    "lever pulled": (lambda: rm.levers_pulled(rm.Scenario(), "trainig"), "training"),
    "option of an analysis": (
        lambda: rm.sweep(DESIGN, rm.pre_post, basline=1, **CHANGE), "baseline"),
    "what a sweep needs": (
        lambda: rm.sweep(DESIGN, rm.pre_post, outcome="score", replicate=5, seed=1), "replicates"),
    "outcome of a sweep": (
        lambda: rm.sweep(DESIGN, rm.pre_post, outcome="scor", replicates=5, seed=1), "score"),
    "about": (lambda: rm.required(DESIGN, rm.pre_post, about={"grup": "x"}, **CHANGE), "group"),
    "value of about": (
        lambda: rm.required(DESIGN, rm.pre_post, about={"group": "program"}, **CHANGE),
        "programme"),
    "base": (
        lambda: rm.policies({"usual": DESIGN, "more": DESIGN}, rm.pre_post, base="usal",
                            outcome="score", replicates=500, seed=1), "usual"),
    "section": (lambda: Evaluation(None, None).section("anwser"), "answer"),
    "attribute": (lambda: rm.compare_arm, "compare_arms"),
    "class": (lambda: rm.scenario, "Scenario"),
    "truth": (
        lambda: rm.simulate(rm.Scenario(pairs=8), seed=1).truth.row("visibilty", "month6"),
        "visibility"),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_A_STUDY)
def test_the_nearest_name_in_a_study(study: Study, name: str) -> None:
    typed, meant = OF_A_STUDY[name]
    with pytest.raises(Exception, match=rf"(?i)did you mean '?{meant}'?\?"):
        typed(study)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_nearest_name_elsewhere(name: str) -> None:
    typed, meant = ELSEWHERE[name]
    with pytest.raises(Exception, match=rf"(?i)did you mean '?{meant}'?\?"):
        typed()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chek x", "check"),
        ("plan freez x", "freeze"),
        ("report . --audience leadershp", "leadership"),
        ("report . --formats htlm", "html"),
        ("match . --policy optimum --out x.xlsx", "optimal"),
        ("simulate small-pilt --out x", "small-pilot"),
        ("calibrate data/synthetic/pilot --out x.toml --given trnd=1", "trend"),
    ],
)
def test_the_nearest_name_on_the_command_line(
    typed: str, meant: str, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.chdir(root)
    done = CliRunner().invoke(main, typed.split())
    assert done.exit_code == 2
    assert f"id you mean '{meant}'?" in done.output


@pytest.mark.parametrize(
    ("there", "typed", "meant"),
    [("[study]", "[stdy]", "study"), ("smallest_effect =", "smallest_efect =", "smallest_effect"),
     ("title =", "titel =", "title"), ('"waitlist"', '"wait-list"', "waitlist")],
)  # fmt: skip
def test_the_nearest_key_of_study_toml(
    there: str, typed: str, meant: str, tmp_path: Path, root: Path
) -> None:
    text = (root / "data" / "synthetic" / "pilot" / "study.toml").read_text("utf-8")
    assert there in text
    (tmp_path / "study.toml").write_text(text.replace(there, typed), "utf-8")
    said = "\n".join(rm.check(tmp_path).lines())
    assert f"Did you mean '{meant}'?" in said, said


def test_a_role_is_never_guessed(tmp_path: Path, root: Path) -> None:
    """A mentor is the junior here: a guess would turn every effect round."""
    text = (root / "data" / "synthetic" / "pilot" / "study.toml").read_text("utf-8")
    (tmp_path / "study.toml").write_text(text.replace('role = "senior"', 'role = "seniors"'))
    (line,) = [one for one in rm.check(tmp_path).lines() if "role" in one and "seniors" in one][:1]
    assert "Did you mean" not in line
    assert "junior" in line


def arguments(name: str) -> list[str]:
    """What may be given by name; nothing where more may be given than is listed."""
    public = getattr(rm, name)
    if inspect.isclass(public) and issubclass(public, Exception):
        return []
    taken = inspect.signature(public).parameters
    open_ended = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    return [] if any(one.kind in open_ended for one in taken.values()) else list(taken)


#: classes that are made by functions only
GIVEN = {"Budget", "Calibration", "Cohort", "Design", "Outcome", "Policies", "Problem", "Required",
         "Study"}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in rm.__all__ if n not in GIVEN and arguments(n)])
def test_each_public_function_knows_its_arguments(name: str) -> None:
    longest = max(arguments(name), key=len)
    with pytest.raises(TypeError, match=rf"{name}\(\) .* Did you mean '{longest}'\?"):
        getattr(rm, name)(**{longest[:-1] + "_": 1})


def test_an_argument_like_none_lists_them_all() -> None:
    with pytest.raises(TypeError, match=r"'zzz'. There are: scenario, replicates, seed"):
        rm.lever_effects(rm.Scenario(), zzz=1)


def test_a_kind_function_is_the_function() -> None:
    def pair(juniors: int, *, seniors: int = 1) -> int:
        """People of a pair."""
        return juniors + seniors

    kind = kindly(pair)
    assert (kind(2), kind(2, seniors=3), kind(juniors=1)) == (3, 5, 2)
    assert (kind.__name__, kind.__doc__) == ("pair", "People of a pair.")
    assert inspect.signature(kind) == inspect.signature(pair)


def test_python_adds_no_hint_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import rmresearch as rm; rm.compare_arm"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.count("id you mean") == 1


def test_completion_shows_public_names_only() -> None:
    assert dir(rm) == sorted([*rm.__all__, "__version__"])
    study = rm.simulate(rm.Scenario(pairs=8), seed=1).study
    result = rm.wave_means(study, SKILL)
    for value in (study, study.design, result, result.estimates[0], rm.Scenario()):
        shown = [name for name in dir(value) if not name.startswith("_")]
        assert not hasattr(value, "__dict__")
        assert all(name.isidentifier() and name == name.lower() for name in shown)
    assert {"pairs", "scores", "design", "clusters"} <= set(dir(study))


def test_likeness() -> None:
    assert nearest("MONTH6", ["start", "month6"]) == "month6"
    assert nearest("elephant", ["start", "month6"]) is None
    assert did_you_mean(["mont6", "elephant", "strt"], ["start", "month6"]) == (
        " Did you mean 'month6', 'start'?"
    )
    assert did_you_mean(None, []) == ""
