"""docs/scale.md tells the truth: its commands run, its settings exist, its arithmetic is right."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks import scale
from benchmarks.scale import CASES, CORES, Cost, Kept

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "scale.md").read_text("utf-8")
PREFIX = "DASK_DISTRIBUTED__COMM__"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


# --- what it says to run --------------------------------------------------------------------


@pytest.mark.slow
def test_the_local_trial_runs(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    script = tmp_path / "trial.py"
    script.write_text(blocks("python")[0].replace("20_000", "200"), "utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"wave2 +0\.\d+ +0\.0\d+", done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_the_cluster_with_tls_answers(tmp_path: Path) -> None:
    """The block as it stands, on another port, with a smaller key and fewer studies.

    It waits for the scheduler as one who types does, however slow the machine.
    """
    pytest.importorskip("distributed")
    place = tmp_path / "docs" / "examples"
    place.mkdir(parents=True)
    example = (ROOT / "docs" / "examples" / "how-many-pairs.toml").read_text("utf-8")
    few = re.sub(r"(?m)^replicates = .*$", "replicates = 4", example)
    (place / "how-many-pairs.toml").write_text(few, "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    wait = f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.2; done\nrmresearch"
    text = blocks("sh")[0].replace("8786", port).replace("rsa:4096", "rsa:2048")
    text = text.replace("\nrmresearch", f"\n{wait}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    with subprocess.Popen(
        ["bash", "-e", "-c", text], cwd=tmp_path, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    ) as run:  # fmt: skip
        try:
            assert run.wait(timeout=240) == 0, run.stdout and run.stdout.read()
        finally:
            os.killpg(run.pid, signal.SIGTERM)  # scheduler and workers, which stay
    assert (tmp_path / "how-many-pairs" / "whatif.html").exists()


def test_the_other_python_is_python() -> None:
    _, slurm = blocks("python")
    compile(slurm, "scale.md", "exec")
    assert "SLURMCluster(" in slurm


def test_image_and_shell_name_the_same_settings_which_dask_knows() -> None:
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    image = dict(re.findall(rf"({PREFIX}\w+)=(\S+)", blocks("dockerfile")[0]))
    shell = blocks("sh")[0]
    named = {
        one.replace("${end}", end)
        for one in re.findall(rf"{PREFIX}[\w${{}}]+(?==)", shell)
        for end in re.findall(r"for end in (.*);", shell)[0].split()
    }
    assert named == set(image)
    for name in image:
        key = name.removeprefix("DASK_").lower().replace("__", ".")
        dask.config.get(key)  # raises KeyError for a setting that there is not


def test_the_resources_fit_together() -> None:
    yaml = pytest.importorskip("yaml")
    cluster, job = yaml.safe_load_all(blocks("yaml")[0])
    assert (cluster["kind"], job["kind"]) == ("DaskCluster", "Job")
    pods = [cluster["spec"]["worker"]["spec"], cluster["spec"]["scheduler"]["spec"]]
    pods.append(job["spec"]["template"]["spec"])
    for pod in pods:
        (container,) = pod["containers"]
        assert container["image"] in blocks("sh")[1]
        mounted = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        assert mounted["certs"] == "/certs"
        assert set(mounted) == {one["name"] for one in pod["volumes"]}
    address = f"tls://{cluster['metadata']['name']}-scheduler:8786"
    assert pods[0]["containers"][0]["env"][0]["value"] == address
    assert pods[2]["containers"][0]["args"][-1] == address


# --- its figures ----------------------------------------------------------------------------


def rows(head: str) -> list[list[str]]:
    """The rows of the table whose head begins so."""
    lines = PAGE.split(f"| {head}")[1].split("\n\n")[0].splitlines()[2:]
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if "|" in line
    ]


def test_hours_are_those_of_the_cores_less_a_tenth() -> None:
    # 3,600 core seconds on ten cores, of which nine work: 400 s
    assert scale.hours(36e-6, 100_000_000, 10) == pytest.approx(400 / 3_600)


def test_the_pages_hours_follow_from_its_costs() -> None:
    costs = {row[0]: float(row[1].replace(",", "")) for row in rows("sweep | us a replicate")}
    large = rows("sweep | replicates |")
    assert list(costs) == [row[0] for row in large] == [case.called for case in CASES.values()]
    for called, replicates, *shown in large:
        for cores, hours in zip(CORES, shown, strict=True):
            expected = scale.hours(costs[called] / 1e6, int(replicates.replace(",", "")), cores)
            assert float(hours.replace(",", "")) == pytest.approx(expected, rel=0.02), called


def test_figures_go_between_the_marks_alone() -> None:
    costs = dict.fromkeys(CASES, Cost(0.00005, 2_000, 77, 1_228, 484, 190.0))
    figures = scale.tables(costs, Kept(3_956, 136_000.0, 0.012), 0.004, "Measured here.")
    assert "| 50 | 2,000 | 0.1 | 77 | 1,228 | 190 |" in figures
    text = scale.page(PAGE, figures)
    assert figures in text
    assert scale.page(text, figures) == text
    outside = [
        re.sub(r"<!-- begin.*?<!-- end -->", "", one, flags=re.DOTALL) for one in (text, PAGE)
    ]
    assert outside[0] == outside[1]


def test_a_case_is_measured() -> None:
    found = scale.cost("change")
    assert found.replicates == 2_000
    assert 0 < found.each < 0.01
    assert found.there < found.back < found.replicates * 8  # less than a number a replicate


def test_a_folder_is_as_large_however_many_tasks(tmp_path: Path) -> None:
    few, more = (scale.kept(tmp_path / str(n), tasks=n) for n in (1, 3))
    assert abs(few.folder - more.folder) < 0.1 * few.folder  # longer numbers
    assert few.estimates == pytest.approx(more.estimates, rel=0.01)
    assert 0 < more.writing < 10


def test_an_analysis_that_fails_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*given: Any, **options: Any) -> Any:
        raise KeyError("nothing")

    case = CASES["one-by-one"]
    wrong = scale.Case(case.called, scale.NORMAL, fails, "score", case.aim)
    monkeypatch.setitem(CASES, "one-by-one", wrong)
    with pytest.raises(RuntimeError, match="one-by-one: KeyError"):
        scale.cost("one-by-one")
