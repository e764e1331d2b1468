"""The mixed-model rows of the table of targets."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import accuracy, cohort
from benchmarks.rows import Bound, Row, alone, beside
from benchmarks.workers import PeerError, Worker, compare, started

__all__ = ["Check", "measure"]

#: how far a peer's criterion may be from ours, by median over the shared outcomes, to count as
#: the same model; and for those that stop early, above ours
SAME, EARLY = 1e-4, 1e-2


@dataclass(frozen=True, slots=True)
class Contest:
    """A row with a peer: the task of ours, the peer's name and task, and what a unit is.

    ``faster``: the ratio is the peer's time over ours, else ours over the peer's.
    """

    what: str
    unit: str
    ours: tuple[str, ...]
    peer: tuple[str, ...]
    bound: Bound | None
    faster: bool = True
    rounds: int = 5
    warm: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of a peer before it was timed, and the ratio by wall clock."""

    what: str
    peer: str
    said: str
    wall: float | None


UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6}


def contests(folder: Path, *, quick: bool) -> list[Contest]:
    """All rows with a peer; ``quick`` leaves out the million rows and rows without a target."""
    place = str(folder)
    found = [
        Contest(
            f"{what} over draw (us a cohort)",
            "us",
            (task, model),
            ("ours", "draw", model),
            bound,
            faster=False,
            rounds=5 if quick else 15,
        )
        for what, task, model, bound in (
            (
                "balanced nested: draw, closed form and p",
                "plain",
                "nested",
                Bound(1.3, 1.2),
            ),
            ("the same, outcomes composed of effects", "balanced", "nested", None),
            (
                "random intercept: draw, fit and Satterthwaite",
                "judge",
                "intercept",
                Bound(3, 1.5),
            ),
            ("nested: draw, fit and Satterthwaite", "judge", "nested", Bound(5, 2)),
            ("random slope: draw, fit and Satterthwaite", "judge", "slope", Bound(9, 3)),
            (
                "nested: sufficient statistics drawn, closed form and p",
                "sufficient",
                "nested",
                Bound(0.10, 0.05),
            ),
        )
    ]

    def fits(peer: str, model: str, count: int, bound: Bound | None, task: str = "fit") -> None:
        what = f"batched {model} {'ML ' if task == 'fit-ml' else ''}fit against {peer} (ms a fit)"
        count = max(1, count // 4) if quick else count
        name = peer.split(" ")[0].replace("-", "_").lower()
        ours, theirs = (task, model, place), (name, "fit", place, model, str(count))
        found.append(Contest(what, "ms", ours, theirs, bound, rounds=2 if quick else 5))

    fits("statsmodels", "nested", 4, Bound(10_000, 30_000, most=False))
    fits("lme4", "nested", 60, Bound(600, 3_000, most=False))
    fits("mixedlm", "nested", 200, Bound(200, 1_000, most=False))
    if not quick:
        fits("mixedlm-rs core", "intercept", 4_000, None)
        fits("GPBoost", "nested", 100, None, "fit-ml")

    found.extend(powers(folder, quick=quick))
    if not quick:
        found.extend(million(place))
    return found


WALD, SIMR = "mixedlm.powerSim, Wald", "simr, Satterthwaite"
LOOP, DECLARED = "a loop of lmerTest, Satterthwaite", "DeclareDesign, lmerTest"
STATSMODELS = "a loop of statsmodels, z"
#: each peer's script, and replicates a round
POWER_PEERS = {
    WALD: ("mixedlm", 200),
    SIMR: ("simr", 50),
    LOOP: ("lme4", 30),
    DECLARED: ("declaredesign", 30),
    STATSMODELS: ("statsmodels", 8),
}
TARGETS = {WALD: Bound(150, 5_000, most=False), SIMR: Bound(5_000, 300_000, most=False)}


@dataclass(frozen=True, slots=True)
class Way:
    """How ours comes to power; the model's fixed part and the term that the peers test for it."""

    said: str
    formula: str
    term: str
    peers: tuple[str, ...]
    targets: Mapping[str, Bound]


WAYS = {
    "power": Way("from outcomes", cohort.FORMULA, "arm", (WALD, LOOP), TARGETS),
    "power-sufficient": Way(
        "from sufficient statistics", cohort.FORMULA, "arm", (WALD, SIMR), TARGETS
    ),
    # which infers more than any peer does: CR2, with an allowance for small samples
    "sweep": Way("by rm.sweep of compare_arms", cohort.COURSE, "at2", tuple(POWER_PEERS), {}),
}


def powers(folder: Path, *, quick: bool) -> Iterator[Contest]:
    """1,000 replicates of the nested model, drawn, fitted and tested, at two sizes."""
    for pairs in (cohort.PAIRS, cohort.SMALL):
        place = str(cohort.place(folder, pairs))
        for task, way in WAYS.items():
            for peer in way.peers[:1] if quick else way.peers:
                name, count = POWER_PEERS[peer]
                count = 20 if quick else count
                yield Contest(
                    f"power at {pairs} pairs, 1,000 replicates {way.said}, against {peer} (s)",
                    "s",
                    (task, place, str(pairs)),
                    (name, "power", place, str(count), way.formula, way.term),
                    way.targets.get(peer),
                    rounds=1 if quick else 5,
                )


def million(place: str) -> list[Contest]:
    """A million rows by formula, string ids."""
    return [
        Contest(
            f"1,000,000 rows, {model}, by formula, string ids, against {peer} (s)",
            "s",
            ("million", model, place),
            (peer.replace("-", "_"), "million", place),
            Bound(must, reach, most=False),
            rounds=rounds,
            warm=False,  # each has fitted once for its check
        )
        for model, peer, must, reach, rounds in (
            ("nested", "mixedlm", 6, 10, 3),
            ("intercept", "mixedlm-rs", 3, 7, 3),
            ("nested", "lme4", 100, 180, 1),
        )
    ]


def measure(folder: Path, *, quick: bool) -> Iterator[tuple[Row, Check | None]]:
    """Each row as soon as it is measured, on the data in ``folder``."""
    kept: dict[tuple[str, ...], Worker] = {}
    with ExitStack() as stack:
        for contest in contests(folder, quick=quick):
            if contest.ours not in kept:
                kept[contest.ours] = stack.enter_context(started("ours", *contest.ours))
            yield run(contest, kept[contest.ours])
    if not quick and sys.platform == "linux":  # which alone can forget a peak
        with started("ours", "memory", str(folder)) as worker:
            found = worker.check
        ratio = found["peak"] / found["input"]
        what = "1,000,000 rows, nested: peak memory over the input's (MB)"
        yield beside(what, found["peak"], found["input"], ratio, Bound(2.5, 1.6)), None
    count = 9 if quick else 60
    errors = accuracy.measure(count)
    where = f"{count} random small designs, {errors.boundary} at the boundary"
    yield (
        alone(f"criterion above the best known, {where}", errors.criterion, Bound(1e-8, 1e-8)),
        None,
    )
    yield alone(f"standard errors, relative error, {where}", errors.se, Bound(1e-6, 1e-6)), None
    yield alone(f"Satterthwaite's df, relative error, {where}", errors.df, Bound(1e-6, 1e-6)), None


def run(contest: Contest, ours: Worker) -> tuple[Row, Check | None]:
    """Check the peer against ours on the same data, then time both in turn."""
    scale, name = UNITS[contest.unit], contest.peer[0]
    try:
        with started(*contest.peer) as peer:
            same, said = agreement(ours.check, peer.check)
            if not same:
                raise PeerError(f"fits another model: {said}")
            timed = compare(ours, peer, contest.rounds, warm=contest.warm)
    except PeerError as reason:
        seconds = ours.round()["cpu"]
        row = beside(contest.what, seconds * scale, None, None, contest.bound)
        return row, Check(contest.what, name, str(reason), None)
    ratio, wall = (1.0 / r if contest.faster else r for r in (timed.ratio, timed.wall))
    row = beside(contest.what, timed.ours * scale, timed.peer * scale, ratio, contest.bound)
    return row, None if name == "ours" else Check(contest.what, name, said, wall)


def agreement(ours: dict[str, Any], peer: dict[str, Any]) -> tuple[bool, str]:
    """Whether a peer fits the model that ours fits, and how near it comes, in words."""
    if "power" in peer:
        error = np.sqrt(
            ours["power"] * (1 - ours["power"]) * (1 / 1_000 + 1 / peer.get("replicates", 200))
        )
        same = abs(peer["power"] - ours["power"]) < 4 * error
        same &= bool(np.isclose(peer["effect"], ours["effect"], rtol=1e-4))
        return (
            same,
            f"simulates the same effect; power {peer['power']:.3g}, ours {ours['power']:.3g}",
        )
    if "criterion" not in peer:
        return True, ""
    above = np.atleast_1d(peer["criterion"]) - np.atleast_1d(ours["criterion"])
    # Some peers stop early or at a worse optimum, which makes them a peer all the same.
    same = bool(above.min() > -SAME and np.median(above) < EARLY)
    said = f"criterion above ours: median {_small(np.median(above))}, largest {_small(above.max())}"
    if "se" in peer:
        off = np.atleast_1d(peer["se"]) / np.atleast_1d(ours["se"]) - 1.0
        shift = np.atleast_1d(peer["estimate"]) - np.atleast_1d(ours["estimate"])
        shift = shift / np.atleast_1d(ours["se"])
        same &= bool(np.median(np.abs(off)) < 1e-3 and np.median(np.abs(shift)) < 1e-3)
        said += f"; SE apart by {_small(np.abs(off).max())} at most"
    many = "" if above.size == 1 else "s"
    return same, f"{said} ({above.size} outcome{many})"


def _small(value: float) -> str:
    return "< 1e-6" if abs(value) < 1e-6 else f"{value:.1g}"
