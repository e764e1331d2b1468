"""Calibration: which scenario would draw studies like this pilot, and what is that known from?

Nature's coefficients are fitted by moments, each held against the world's own.

Answers. An answer is a number rounded to the scale's codes, so with cut points known its mean and
SD follow from the answers' mean and variance, and the correlation of two numbers from the
answers' covariance (`numerics.rounded`; Olsson 1979, Mehler's formula). That gives, per scale:
items' means (center, difficulty, change), their SD (spread), the covariance of two items of one
wave (reliability), of two waves (what lasts: the state's share, at its monthly correlation), of
one item over time beyond that (an item's own), and of the two people of a pair (pair share). A
one-way analysis of variance gives what departments differ by, with the exact interval for its
F ratio.

Selection. Volunteers' means and variances differ from the eligible's; by how much is drawn from
the world at its volunteering coefficients (`reference`), and taken off.

Counts. Shares (response, meetings held) have intervals for clustered shares (Korn and Graubard
1998), rates (endings, leaving, promotion) Jeffreys' interval for events over months at risk. What
the world makes of a coefficient, because pairs that get on go on, is drawn and divided out.

Gains. The contrast between the arms, adjusted for the difference before the start, less
self-inflation, over what the world's people learn by then, of those who answer: that takes off the
bias of answers that follow gains (respondents learned some 4% more at the defaults).

Intervals come from leaving out sets of connected pairs in turn (`jackknife`), with t at the number
of groups less one. On 2,000 synthetic pilots of 200 pairs of the default world, and 2,000 of a
world with other values, each interval held the truth in 93.4 to 96.3% (docs/calibration.md;
tests/whatif/test_calibrate_coverage.py; make validate). Everything is conditional on the
coefficients that a pilot cannot inform: they keep their priors, and the table says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from rmresearch.errors import StudyError, kindly, nearest
from rmresearch.privacy.rules import Limits
from rmresearch.study import Study
from rmresearch.whatif.calibrate.fit import Findings, fit
from rmresearch.whatif.calibrate.parameters import kept, settled
from rmresearch.whatif.calibrate.pilot import COMPARISON, PROGRAMME, Pilot, pilot
from rmresearch.whatif.calibrate.reference import Course
from rmresearch.whatif.calibrate.result import Calibration, Parameter
from rmresearch.whatif.calibrate.setup import setup
from rmresearch.world.instruments import JUNIOR, SENIOR, SKILL
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario

__all__ = ["Calibration", "Parameter", "calibrate", "numbers"]

#: S6 of the release rules: people behind each number that is told
PEOPLE_A_PARAMETER, PEOPLE_BEYOND = 5, 10


@kindly
def calibrate(study: Study, *, given: Mapping[str, float] | None = None) -> Calibration:
    """Which scenario would draw studies like this one?

    ``given`` maps names of nature's coefficients (``rmresearch simulate --explain`` lists them
    with unit and range) to what the organisation knows of its own eligible people, used instead
    of an estimate: ``{"item_center": 3.6, "trend": 0.02, "response": 0.6}``. With a trend given, a
    single group informs the gains too.

    Raises ``ValueError`` or ``TypeError`` for what is given and unknown or out of range, all at
    once, and ``StudyError`` for a study that lacks what any calibration needs (person ids, a wave
    before the start and one after, self-rated scales of items) or is too small: each arm needs as
    many sets of pairs, and people of each role who answered, as the release rules want behind an
    interval (10).

    >>> import rmresearch as rm
    >>> found = rm.calibrate(rm.simulate(rm.Scenario(pairs=60), seed=7).study)
    >>> found.to_frame().columns.tolist()[:5]
    ['parameter', 'estimate', 'low', 'high', 'prior']
    >>> rm.simulate(found.scenario, seed=8).study.design.kind
    'waitlist'
    >>> found.lines()[0].split()
    ['coefficient', 'estimate', '95%', 'interval', 'prior', 'value']
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     found.write(f"{folder}/ours.toml").read_text("utf-8") == found.to_toml()
    True
    """
    if not isinstance(study, Study):
        raise TypeError(f"study is {type(study).__name__}; expected a Study")
    known = _given({} if given is None else given)
    arrays = pilot(study)
    _large_enough(arrays)
    scenario = setup(arrays, known)
    found, months = fit(arrays, scenario, known)
    useful = {name: one.estimate for name, one in found.items() if one.helps(name)}
    nature, cut = settled(scenario.nature, useful)
    people = int(arrays.answered.any(axis=1).sum())
    told = sum(bool(np.isfinite(one.estimate)) for one in found.values())
    return Calibration(
        scenario=dataclasses.replace(scenario, nature=nature),
        parameters=tuple(_parameters(nature, found, known)),
        notes=(*arrays.notes, *cut, *_notes(scenario, nature, found, months)),
        study=study.design.name,
        people=people,
        internal=people < PEOPLE_A_PARAMETER * told or people - told < PEOPLE_BEYOND,
        synthetic=study.design.synthetic,
    )


def numbers(words: Sequence[str]) -> dict[str, float]:
    """What is given as it is typed, name=value; ``ValueError`` names all that cannot be.

    >>> numbers(["trend=0.02", "response = .6"])
    {'trend': 0.02, 'response': 0.6}
    """
    found, wrong = {}, []
    for word in words:
        name, _, value = word.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            wrong.append(word)
    if wrong:
        raise ValueError(f"{', '.join(map(repr, wrong))}: expected name=number, as trend=0.02")
    return _given(found)


def _given(given: Mapping[str, float]) -> dict[str, float]:
    """What is given, checked: names and ranges, all problems at once."""
    if not isinstance(given, Mapping):
        raise TypeError(f"given is {type(given).__name__}; expected names of coefficients, values")
    names = [field.name for field in dataclasses.fields(Nature)]
    wrong = []
    for name in given:
        if name not in names:
            near = nearest(name, names)
            hint = f"; did you mean {near!r}?" if near else ""
            wrong.append(f"{name!r} is no coefficient of nature{hint}")
    values = {name: value for name, value in given.items() if name in names}
    try:
        dataclasses.replace(Nature(), **values)
    except ValueError as error:
        wrong.append(str(error).partition(": ")[2].removesuffix("."))
    if wrong:
        raise ValueError("given: " + "; ".join(wrong) + ".")
    return {name: float(value) for name, value in values.items()}


def _large_enough(arrays: Pilot) -> None:
    """Below the release rules' least crowd neither interval nor aggregate would hold."""
    fewest = Limits.of(arrays.study.design.privacy).interval
    design, lacking = arrays.study.design, []
    for arm, name in ((PROGRAMME, "the programme"), (COMPARISON, "the comparison")):
        here = arrays.arm == arm
        if not here.any():
            if arm == PROGRAMME:
                lacking.append("nobody is in the programme")
            continue
        sets = len(np.unique(arrays.cluster[here]))
        if sets < fewest:
            lacking.append(f"{name} has fewer than {fewest} independent sets of pairs")
        for side, role in ((SENIOR, "senior"), (JUNIOR, "junior")):
            if not any(one.side == side for one in arrays.self_rated):
                continue
            answered = arrays.answered & (here & (arrays.side == side))[:, None]
            for wave, count in zip(
                (design.baseline, *design.follow_ups), answered.sum(axis=0), strict=True
            ):
                if count < fewest:
                    label = design.role_label(role)
                    lacking.append(
                        f"fewer than {fewest} answered at {wave.name} in {name} ({label})"
                    )
    if lacking:
        raise StudyError(
            "this pilot is too small to calibrate to: "
            + "; ".join(lacking)
            + ". Draw from a preset, and use `given` where more is known."
        )


def _parameters(nature: Nature, found: Findings, given: Mapping[str, float]) -> list[Parameter]:
    made = []
    for field in dataclasses.fields(Nature):
        name, prior = field.name, float(field.default)  # type: ignore[arg-type]
        value = float(getattr(nature, name))
        one = found.get(name)
        nan = float("nan")
        if name in given:
            made.append(Parameter(name, nan, nan, nan, prior, value, False, "given"))
        elif one is None:
            made.append(Parameter(name, nan, nan, nan, prior, value, False, kept(name)))
        else:
            informed = one.helps(name)
            why = one.basis
            if not informed and np.isfinite(one.estimate):
                why = f"too wide to be of use, prior kept: {why}"
            ends = one.estimate, one.low, one.high
            made.append(Parameter(name, *ends, prior, value, informed, why))
    return made


def _notes(scenario: Scenario, nature: Nature, found: Findings, months: Course) -> list[str]:
    """What a reader must know of how gains were read."""
    last = scenario.design.waves[-1]
    every, answering = (
        float(one[SKILL][-1]) for one in (months.learned, months.learned_of_answering)
    )
    made = [
        f"Gains are at full learning: in this world people reach {every:.0%} of it by month "
        f"{last}, those who answer {answering:.0%}; that they differ is taken off."
    ]
    inflation = found.get("self_inflation")
    if inflation is None or not inflation.helps("self_inflation"):
        made.append(
            f"Self-ratings alone cannot tell gain from flattery: gains are read with "
            f"self_inflation at {nature.self_inflation:g}; were it 0.1 more, seniors' gains would "
            f"be {0.1 / answering:.2g} less."
        )
    return made
