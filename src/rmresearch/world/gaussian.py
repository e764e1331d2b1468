"""Normal scores of people in sets: designs whose every parameter is known, to hold methods to.

Where a `Scenario` imitates a programme, a `Gaussian` is the textbook's linear mixed model and
nothing else, so that a false-positive rate or a coverage has one right answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch import study as s
from rmresearch.errors import kindly
from rmresearch.world.fields import coefficient, coefficients, lowered, problems, short, table
from rmresearch.world.streams import Seed, Streams
from rmresearch.world.tables import frame
from rmresearch.world.truth import ANSWERED_BOTH, AS_ASSIGNED, COMPARISON, PROGRAMME, TruthRow

__all__ = ["OUTCOME", "Gaussian", "GaussianDraw", "draw_gaussian"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

#: the one outcome of such a study, about its seniors
OUTCOME = "score"
START = "start"
SPREAD = "points"
MOST = (0, 1_000_000)


@kindly
@dataclass(frozen=True, slots=True, kw_only=True)
class Gaussian:
    """A study of seniors in independent sets whose scores are normal.

    Senior i of set g scores at wave t = 0, 1, ...: a_g + b_g t + p_i + e_it, plus, in straight
    lines that reach ``drift`` and ``effect`` at the last wave, what happens to everybody and what
    the programme adds. ``tie`` says what makes a set: "junior" = all its seniors share one junior;
    "ring" = as many juniors as seniors, each with two neighbours, who share their juniors' parts
    only (a_g and b_g are then (u_i + u_i-1) / sqrt 2); "department" = everybody has a junior of
    their own and departments were assigned. ``unpaired``: comparison people stand alone and share
    nothing with anybody (``comparison`` counts people).

    Raises ``ValueError`` naming every field with an impossible value.

    >>> one = Gaussian(programme=8, comparison=24, waves=4, slope_sd=0.3, dropout=0.3)
    >>> one.seniors, int(one.sizes.sum()), one.wave_names
    (64, 64, ('start', 'wave1', 'wave2', 'wave3'))
    >>> one.design.kind
    'randomised'
    """

    # fmt: off
    # (one coefficient reads as one entry)
    programme: int = coefficient(12, "sets in the programme", "sets", (1, MOST[1]), "")
    comparison: int = coefficient(0, "sets compared with; 0: one group", "sets", MOST, "")
    people: int = coefficient(2, "seniors of a set", "people", (1, 10_000), "")
    waves: int = coefficient(2, "times of asking", "waves", (2, 50), "")
    tie: Literal["junior", "ring", "department"] = coefficient(
        "junior", "what makes a set", "", ("junior", "ring", "department"), "",
    )
    unpaired: bool = coefficient(False, "comparison people stand alone", "yes or no", (), "")
    set_sd: float = coefficient(0.5, "SD of a_g", SPREAD, (0.0, 100.0), "")
    slope_sd: float = coefficient(0.0, "SD of b_g", "points a wave", (0.0, 100.0), "")
    person_sd: float = coefficient(0.5, "SD of p_i", SPREAD, (0.0, 100.0), "")
    noise_sd: float = coefficient(0.7, "SD of e_it", SPREAD, (1e-6, 100.0), "")
    dropout: float = coefficient(
        0.0, "people gone for good by the last wave, at random", "share", (0.0, 0.9), "",
    )
    drift: float = coefficient(0.0, "change of everybody", SPREAD, (-100.0, 100.0), "")
    effect: float = coefficient(0.0, "what the programme adds", SPREAD, (-100.0, 100.0), "")
    # fmt: on

    def __repr__(self) -> str:
        return short(self)

    def _repr_html_(self) -> str:
        return table(short(self), coefficients("", self)).to_html()

    def __post_init__(self) -> None:
        found = problems("", self)
        if not found and self.tie == "ring" and self.people < 3:
            found = [f"people is {self.people} with tie 'ring'; legal: 3 or more in a ring"]
        lowered(found, "this design is impossible")

    @property
    def sizes(self) -> Codes:
        """Seniors of each set, the programme's sets first."""
        alone = 1 if self.unpaired else self.people
        return np.repeat([self.people, alone], [self.programme, self.comparison])

    @property
    def seniors(self) -> int:
        """How many people are asked."""
        return int(self.sizes.sum())

    @property
    def wave_names(self) -> tuple[str, ...]:
        """start, wave1, wave2, ..."""
        return (START, *(f"wave{t}" for t in range(1, self.waves)))

    @property
    def design(self) -> s.Design:
        """What study.toml would declare."""
        compared = self.comparison > 0
        arms = [s.Arm(PROGRAMME, "Programme", programme=True)]
        if compared:
            arms.append(s.Arm(COMPARISON, "Comparison", programme=False))
        chance = "comparison" if self.unpaired else "randomised"
        alone = "person" if self.unpaired else "set"
        return s.Design(
            name="gaussian",
            title="A design with normal scores",
            synthetic=True,
            kind=chance if compared else "single-group",  # type: ignore[arg-type]
            unit="department" if self.tie == "department" else alone,  # type: ignore[arg-type]
            arms=tuple(arms),
            waves=tuple(
                s.Wave(name, name, float(t), t == 0) for t, name in enumerate(self.wave_names)
            ),
            outcomes=(
                s.Outcome(
                    OUTCOME, "Score", "senior", (OUTCOME,), kind="amount", waves=self.wave_names
                ),
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class GaussianDraw:
    """Cohorts of a `Gaussian`: ``scores`` (replicate, senior, wave), NaN from dropout on.

    Over seniors, set after set: ``arm`` (0 programme, 1 comparison) and ``cluster``, the set.
    """

    description: Gaussian
    scores: Floats
    arm: Codes
    cluster: Codes

    @property
    def replicates(self) -> int:
        """How many cohorts."""
        return len(self.scores)

    def truths(self) -> tuple[TruthRow, ...]:
        """What is true of every cohort, in the population that its sets come from."""
        given, names = self.description, self.description.wave_names
        rows = []
        for t, wave in enumerate(names[1:], start=1):
            grown, since = t / (given.waves - 1), f"{wave} - {START}"
            change = grown * (given.drift + given.effect)
            for whom in (AS_ASSIGNED, ANSWERED_BOTH):
                rows.append(self._true(wave, since, PROGRAMME, whom, change))
                if given.comparison:
                    rows.append(self._true(wave, since, COMPARISON, whom, grown * given.drift))
            if given.comparison:
                between = f"{PROGRAMME} - {COMPARISON}"
                rows.append(self._true(wave, between, "", AS_ASSIGNED, grown * given.effect))
        return tuple(rows)

    def _true(self, wave: str, contrast: str, group: str, whom: str, value: float) -> TruthRow:
        given, same = self.description, np.full(self.replicates, value)
        return TruthRow(
            role="senior",
            outcome=OUTCOME,
            wave=wave,
            contrast=contrast,
            group=group,
            estimand=whom,
            latent=same,
            as_reported=same,
            latent_sd=same / np.sqrt(given.set_sd**2 + given.person_sd**2 + given.noise_sd**2),
        )

    def study(self, replicate: int = 0) -> s.Study:
        """One cohort as a study."""
        given = self.description
        arms = np.array([PROGRAMME, COMPARISON], object)[self.arm]
        seniors = _named("S", np.arange(given.seniors))
        places = _names_of_pairs(given)
        juniors = _named("J", np.unique(places[:, 0]))
        owner = pd.Series(places[:, 0]).drop_duplicates().index.to_numpy()
        theirs = places[owner, 1]
        n = len(seniors) + len(juniors)
        people = {
            "person": np.concatenate([seniors, juniors]),
            "role": np.repeat(np.array(["senior", "junior"], object), [len(seniors), len(juniors)]),
            "arm": np.concatenate([arms, arms[theirs]]),
        }
        if given.tie == "department":
            department = _named("department ", self.cluster)
            people["department"] = np.concatenate([department, department[theirs]])
        pairs = {
            "pair": _named("P", np.arange(len(places))),
            "junior": juniors[places[:, 0]],
            "senior": seniors[places[:, 1]],
        }
        return s.Study(
            participants=frame("participants", people, n),
            pairs=frame("pairs", pairs, len(places)),
            measures=self._measures(seniors, replicate),
            meetings=frame("meetings", {"held": np.empty(0, bool)}, 0),
            records=frame("records", {}, 0),
            design=given.design,
        )

    def _measures(self, seniors: NDArray[np.object_], replicate: int) -> pd.DataFrame:
        scores = self.scores[replicate]
        person, wave = np.nonzero(np.isfinite(scores))
        columns = {
            "person": seniors[person],
            "rater": seniors[person],
            "wave": np.array(self.description.wave_names, object)[wave],
            "item": np.full(len(person), OUTCOME, object),
            "value": scores[person, wave],
        }
        return frame("measures", columns, len(person))


def draw_gaussian(given: Gaussian, replicates: int, seed: Seed) -> GaussianDraw:
    """Draw ``replicates`` cohorts; replicate r is the same however many are drawn.

    >>> draw_gaussian(Gaussian(programme=3, people=2), 4, seed=0).scores.shape
    (4, 6, 2)
    """
    if isinstance(replicates, bool) or not isinstance(replicates, int) or replicates < 1:
        raise ValueError(f"replicates is {replicates!r}; expected a whole number from 1 on")
    streams, n = Streams.of(seed), given.seniors
    cluster = np.repeat(np.arange(len(given.sizes)), given.sizes)
    arm = (cluster >= given.programme).astype(np.int64)
    time = np.arange(given.waves, dtype=float)
    # The waves of a senior lie side by side, as analyses take them.
    noise = streams.generator("noise").standard_normal((replicates, n, given.waves))
    scores = given.noise_sd * noise
    scores += given.person_sd * streams.normal("person", (replicates, n, 1))
    alone = (arm == 1) & given.unpaired
    for cause, sd, shape in (("set", given.set_sd, 1.0), ("slope", given.slope_sd, time)):
        if sd > 0:
            shared = _shared(given, cluster, streams, cause, replicates)
            scores += sd * np.where(alone, 0.0, shared)[..., None] * shape
    grown = time / time[-1]
    scores += grown * (given.drift + given.effect * (arm == 0))[:, None]
    if given.dropout > 0:
        luck = streams.uniform("dropout", (replicates, n))
        # Who leaves (luck below the share) leaves before each later wave alike.
        last = 1 + np.floor(luck / given.dropout * (given.waves - 1))
        scores[time >= last[..., None]] = np.nan
    return GaussianDraw(given, scores, arm, cluster)


def _shared(
    given: Gaussian, cluster: Codes, streams: Streams, cause: str, replicates: int
) -> Floats:
    """What each senior shares with others of the set (replicate, senior), variance 1."""
    if given.tie != "ring":
        sets = streams.normal(cause, (replicates, len(given.sizes)))
        return np.asarray(sets[:, cluster])
    juniors = streams.normal(cause, (replicates, given.seniors))
    return np.asarray((juniors + juniors[:, _before(given)]) / np.sqrt(2.0))


def _before(given: Gaussian) -> Codes:
    """Each senior's neighbour in the ring, which the first has in the last."""
    starts = np.cumsum(given.sizes) - given.sizes
    place = np.arange(given.seniors)
    first = np.repeat(starts, given.sizes)
    return np.asarray(first + (place - first - 1) % np.repeat(given.sizes, given.sizes))


def _names_of_pairs(given: Gaussian) -> Codes:
    """(junior, senior) of each pair, by number."""
    senior = np.arange(given.seniors)
    sets = np.repeat(np.arange(len(given.sizes)), given.sizes)
    if given.unpaired:
        senior = senior[sets < given.programme]
        sets = sets[sets < given.programme]
    if given.tie == "junior":
        return np.column_stack([sets, senior])
    own = np.column_stack([senior, senior])
    if given.tie == "department":
        return own
    # Junior i's second senior is the one whose neighbour before is i.
    return np.vstack([own, np.column_stack([_before(given)[senior], senior])])


def _named(prefix: str, numbers: NDArray[Any]) -> NDArray[np.object_]:
    width = max(3, len(str(len(numbers))))
    return np.array([f"{prefix}{number + 1:0{width}d}" for number in numbers.tolist()], object)
