"""A cluster that speaks to those with its certificates only, which Dask's configuration names."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rmresearch as rm
from rmresearch.errors import StudyError
from rmresearch.whatif.workers import dask_cluster

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl makes certificates"
)

TLS = "distributed.comm.tls"
ENDS = ("scheduler", "worker", "client")


def made(folder: Path, name: str) -> dict[str, str]:
    """A certificate that vouches for itself, as Dask's configuration names it."""
    cert, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    line = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    line += ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(line, check=True, capture_output=True)
    own = {f"{TLS}.{end}.{what}": str(path) for end in ENDS
           for what, path in (("cert", cert), ("key", key))}  # fmt: skip
    return {f"{TLS}.ca-file": str(cert), **own}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    folder = tmp_path_factory.mktemp("certificates")
    return {name: made(folder, name) for name in ("ours", "another")}


@pytest.fixture(scope="module")
def address(certificates: dict[str, dict[str, str]]) -> Iterator[str]:
    """One worker in this process is enough to speak to."""
    with dask.config.set(certificates["ours"]):
        cluster = distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tls://",
            dashboard_address=":0",
            silence_logs=50,
        )
    with cluster:
        yield cluster.scheduler_address


def test_with_its_certificates_a_sweep_runs_there(
    address: str, certificates: dict[str, dict[str, str]]
) -> None:
    assert address.startswith("tls://")
    asked: dict[str, Any] = {"outcome": "score", "replicates": 50, "seed": 1}
    with dask.config.set(certificates["ours"]):
        there = rm.sweep(rm.Gaussian(), rm.pre_post, **asked, dask=address)
    here = rm.sweep(rm.Gaussian(), rm.pre_post, **asked)
    assert rm.judge(there).to_frame().equals(rm.judge(here).to_frame())


def test_without_certificates_it_says_what_to_name(address: str) -> None:
    with (
        pytest.raises(StudyError, match=r"needs certificates .* distributed\.comm\.tls\.ca-file"),
        dask_cluster(address),
    ):
        pass


def test_another_certificate_is_refused(
    address: str, certificates: dict[str, dict[str, str]]
) -> None:
    with (
        dask.config.set(certificates["another"]),
        pytest.raises(StudyError, match="TLS certificate does not match"),
        dask_cluster(address),
    ):
        pass
