"""The tour's pictures say what was drawn, and its sentences are true of what they stand beside."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.report import walk
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.notebook import find_notebook, run_notebook

SEED = 7
READINGS = [rm.compare_arms, walk.before_after, walk.completers]


@pytest.fixture(scope="module")
def pilot() -> Any:
    """The tour's own, by its own settings."""
    return rm.simulate(rm.preset("default", pairs=60), seed=SEED)


@pytest.fixture(scope="module")
def many(pilot: Any) -> Any:
    """The tour's four hundred studies of two worlds."""
    worlds = {"yours": pilot.truth.scenario, "nothing": rm.preset("no-effect", pairs=60)}
    return rm.sweep(
        worlds, READINGS, outcome="digital_skill", replicates=400, seed=SEED, workers=1
    )  # fmt: skip


def told(figure: FigureBlock, label: str) -> float:
    """A row's value, read from the alternative text."""
    found = re.search(re.escape(label) + r": ([−+]?\d+(?:\.\d+)?)", figure.alt)
    assert found, f"{label} is not in: {figure.alt}"
    return float(found[1].replace("−", "-"))


def test_means_are_those_of_the_answers(pilot: Any) -> None:
    figure = walk.means(pilot.study, "digital_skill")
    scores = pilot.study.scores("digital_skill")
    people = pilot.study.participants.set_index("person")
    last = scores[scores["wave"] == "month6"].join(people["arm"], on="person")
    for arm, label in (("programme", "Programme"), ("comparison", "Starts later")):
        mean = last.loc[last["arm"] == arm, "value"].mean()
        assert f"{mean:.2f} ({label})" in figure.title
    assert figure.title.endswith("at Month 6")


def test_what_was_found_stands_beside_what_is_true(pilot: Any) -> None:
    found = rm.compare_arms(pilot.study, "digital_skill")
    figure = walk.beside_truth(pilot, found)
    truth = pilot.truth.row("digital_skill", "month6")
    (last,) = (one for one in found.estimates if one.term == "" and one.wave == "month6")
    assert (
        figure.title
        == f"Digital skill, Month 6: +{last.value:.2f} points found, +{truth.latent:.2f} true"
    )
    assert told(figure, "Month 6, as people report it") == pytest.approx(
        truth.as_reported, abs=0.0051
    )
    assert told(figure, "Month 6, true") == pytest.approx(truth.latent, abs=0.0051)
    assert told(figure, "Month 3, found in the answers") == pytest.approx(
        found.estimates[0].value, abs=0.0051
    )


def bias(many: Any, world: str) -> Any:
    rows = rm.judge(many).to_frame()
    rows = rows[(rows["scenario"] == world) & (rows["wave"] == "month6") & (rows["group"] == "")]
    return rows.set_index(["against", "analysis"])


def test_the_tempting_readings_mislead_as_the_tour_says(many: Any) -> None:
    """Each difference that the tour's words rest on, beyond three Monte Carlo errors."""
    for world in ("yours", "nothing"):
        rows = bias(many, world)
        off, error = rows["bias"], rows["bias error"]
        # before against after claims more than the arms compared, in both worlds
        tempting, record = ("latent", "before_after"), ("latent", "compare_arms")
        assert off[tempting] - off[record] > 3 * (error[tempting] ** 2 + error[record] ** 2) ** 0.5
        # arms compared: off by flattery alone, which is true of what people report
        assert off[record] > 3 * error[record]
        assert abs(off["as_reported", "compare_arms"]) < 3 * error["as_reported", "compare_arms"]
    yours = bias(many, "yours")
    stayed = yours.loc[("as_reported", "completers")]
    assert stayed["bias"] > 3 * stayed["bias error"]
    nothing = bias(many, "nothing")["rejects"]
    assert nothing["latent", "before_after"] > 0.2
    # more often than chance: 5% of 400 is 20 studies, its standard deviation 4.4
    assert nothing["latent", "compare_arms"] > 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_pictures_of_many_studies_show_the_judgement(many: Any) -> None:
    rows = bias(many, "yours")
    figure = walk.off_by(many, "yours")
    for name in ("compare_arms", "before_after", "completers"):
        value = rows.loc[("latent", name), "bias"]
        assert told(figure, walk.CLAIMED[name]) == pytest.approx(value, abs=0.0051)
    assert figure.title.startswith("Before against after: off by +")
    nothing = bias(many, "nothing").loc["latent"]
    figure = walk.found_anything(many, "nothing")
    assert figure.title.startswith("Nothing was put in, yet a difference is found: ")
    for name, share in nothing["rejects"].items():
        assert f"{walk.CLAIMED[str(name)]} {100 * share:.0f}%" in figure.title
    assert walk.found_anything(many, "yours").title.startswith("A difference is found: ")


def test_more_pairs_find_it_more_often(pilot: Any) -> None:
    sizes = {f"{pairs} pairs": rm.preset("default", pairs=pairs) for pairs in (12, 150)}
    done = rm.sweep(
        sizes, rm.compare_arms, outcome="digital_skill", replicates=100, seed=1, workers=1
    )  # fmt: skip
    figure = walk.found_by_size(done)
    rows = rm.judge(done).to_frame().query("against == 'latent' and wave == 'month6'")
    shares = rows.set_index("scenario")["rejects"]
    assert figure.title == (
        f"A difference is found: 12 pairs {100 * shares['12 pairs']:.0f}%; "
        f"150 pairs {100 * shares['150 pairs']:.0f}%"
    )
    assert shares["12 pairs"] < shares["150 pairs"]


def test_the_last_wave_is_the_latest_not_the_last_in_the_alphabet() -> None:
    late = rm.Scenario(pairs=12, design=rm.Setting(waves=(0, 6, 12)))
    done = rm.sweep({"late": late}, rm.compare_arms, outcome="digital_skill", replicates=10,
                    seed=1, workers=1)  # fmt: skip
    rows = rm.judge(done).to_frame().query("against == 'latent' and wave == 'month12'")
    assert told(walk.off_by(done, "late"), walk.CLAIMED["compare_arms"]) == pytest.approx(
        rows["bias"].iloc[0], abs=0.0051
    )


def test_pages_are_linked_where_a_link_reaches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here, beyond = tmp_path / "a tour" / "x.html", tmp_path.parent / "<y>.html"
    html = walk.Pages((("Near & dear", here), ("Far", beyond))).html()
    assert '<a href="a%20tour/x.html">Near &amp; dear</a>' in html
    assert html.count("<a ") == 1
    assert "&lt;y&gt;.html" in html


@pytest.mark.skipif(os.name == "nt", reason="quoted for POSIX shells")
def test_what_is_to_be_typed_works_in_a_bare_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command, as typed; whether the program is installed beside Python or not."""
    for scripts in (sysconfig.get_path("scripts"), str(tmp_path)):
        monkeypatch.setattr(walk.sysconfig, "get_path", lambda name, scripts=scripts: scripts)
        lines = walk.your_own("my pilot").plain().splitlines()
        assert [line.startswith("# ") for line in lines] == [True, False] * 4
        for line in (lines[1], lines[-1]):
            assert "'my pilot'" in line
            told = subprocess.run(["sh", "-c", f"{line} --help"], env={"PATH": "/usr/bin:/bin"},
                                  capture_output=True, check=True)  # fmt: skip
            assert told.stdout.decode().startswith("Usage:")
    assert "&#x27;my pilot&#x27;" in walk.your_own("my pilot").html()


@pytest.mark.slow
def test_the_notebook_runs_and_makes_its_pages(tmp_path: Path) -> None:
    executed = run_notebook(find_notebook("00_tour"), {"out_dir": "made here"}, cwd=tmp_path)
    last = next(cell for cell in executed.cells if cell.id == "report")["outputs"]
    html = "".join(one["data"]["text/html"] for one in last)
    assert "Read, evaluated and written in" in html
    links = [link.replace("%20", " ") for link in re.findall('<a href="(.*?)"', html)]
    assert len(links) == 3
    for link in links:
        assert "synthetic" in (tmp_path / link).read_text("utf-8").lower()
    assert (tmp_path / "made here" / "pilot" / "study.toml").is_file()
    assert (tmp_path / "made here" / "pilot.truth").is_dir()


@pytest.mark.slow
def test_the_tour_goes_through_a_programme_that_does_nothing() -> None:
    settings = {"scenario_name": "no-effect", "pairs": "30", "seed": "3"}
    executed = run_notebook(find_notebook("00_tour"), settings, last="the explorer")
    told = {cell.id: str(cell["outputs"]) for cell in executed.cells if "outputs" in cell}
    assert "points found, 0.00 true" in told["truth"]
    assert "Nothing was put in, yet a difference is found: 24 pairs" in told["size"]
