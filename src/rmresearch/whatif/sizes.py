"""A scenario with another number of pairs, and which of an analysis's estimates is meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from math import gcd

from rmresearch.errors import StudyError, did_you_mean
from rmresearch.result import KEY
from rmresearch.study import Design
from rmresearch.whatif.tally import Key
from rmresearch.world.gaussian import Gaussian
from rmresearch.world.scenario import Scenario

__all__ = ["Sized", "alone", "even_step", "fitting", "meant", "pairs_of", "resized", "step_of"]

#: what can be had in any number of pairs
Sized = Scenario | Gaussian


def alone(analysis: object, about: object = None) -> None:
    """Refuse with ``TypeError`` what is not one analysis, or no way to name its estimate."""
    if not callable(analysis):
        raise TypeError(f"analysis is {analysis!r}; expected one function of a study")
    if about is not None and not isinstance(about, Mapping):
        raise TypeError(f'about is {about!r}; expected fields, such as {{"wave": "month6"}}')
    _known(about or {})


def pairs_of(given: Sized) -> int:
    """How many pairs a scenario has, over all arms."""
    if isinstance(given, Scenario):
        return given.pairs
    paired = given.programme * given.people if given.unpaired else given.seniors
    return 2 * paired if given.tie == "ring" else paired


def step_of(given: Sized) -> int:
    """The smallest number of pairs by which a scenario can grow and stay of its kind.

    Groups grow by a senior's juniors, a `Gaussian` by the sets that keep its arms in proportion.

    >>> step_of(Gaussian(programme=8, comparison=12, people=2))
    10
    """
    if isinstance(given, Scenario):
        return given.levers.juniors
    if isinstance(given, Gaussian):
        return pairs_of(given) // gcd(given.programme, given.comparison)
    raise TypeError(
        f"scenario is {type(given).__name__}; expected a Scenario or a Gaussian, whose number of "
        f"pairs can be changed"
    )


def even_step(given: Sized) -> int:
    """The step by which every site keeps its share of each arm, where chance assigns by site.

    Sizes between put the odd pair of a site in an arm by lot, and arms that differ from cohort to
    cohort are analysed one cohort after another.

    >>> even_step(Scenario())  # two sites, half of the pairs in the programme
    4
    """
    if not isinstance(given, Scenario) or not given.stratified:
        return step_of(given)
    share = Fraction(given.design.programme_share).limit_denominator(20)
    return step_of(given) * given.design.sites * share.denominator


def resized(given: Sized, pairs: int) -> Sized:
    """The scenario with so many pairs, a multiple of its step; ``ValueError`` if impossible."""
    if isinstance(given, Scenario):
        return replace(given, pairs=pairs)
    sets = gcd(given.programme, given.comparison)
    times = pairs // step_of(given)
    return replace(
        given,
        programme=given.programme // sets * times,
        comparison=given.comparison // sets * times,
    )


def meant(keys: Iterable[Key], about: Mapping[str, str], design: Design) -> Key:
    """The one estimate that fits ``about``.

    Where the wave is left open, the last one's; where the term is, the estimate itself and not what
    stands beside it.

    Raises ``TypeError`` for a field that no estimate has, and ``StudyError`` where none or more
    than one fits, with what tells them apart.
    """
    _known(about)
    every = list(dict.fromkeys(keys))
    if not every:
        raise StudyError("no cohort gave an estimate: run rm.sweep and look at its failures.")
    fit = fitting(every, about, design)
    if len(fit) == 1:
        return fit[0]
    seen = fit or every
    apart = [
        f"{name}: {', '.join(repr(one) for one in _of(seen, name))}"
        for name in KEY
        if len(_of(seen, name)) > 1 or (not fit and name in about)
    ]
    found = f"{len(fit)} estimates fit" if fit else "no estimate fits"
    hints = [] if fit else [did_you_mean(text, _of(seen, name)) for name, text in about.items()]
    near = "".join(hints)
    raise StudyError(f"{found} about={dict(about)}; name one by {'; '.join(apart)}.{near}")


def fitting(keys: Iterable[Key], about: Mapping[str, str], design: Design) -> list[Key]:
    """The estimates that fit ``about``: the last wave's and no term's where these are left open."""
    order = [wave.name for wave in design.waves]
    fit = [
        key for key in dict.fromkeys(keys) if all(key[KEY.index(k)] == v for k, v in about.items())
    ]
    if "wave" not in about:
        there = [order.index(wave) for wave in _of(fit, "wave") if wave in order]
        last = order[max(there)] if there else ""
        fit = [key for key in fit if key[KEY.index("wave")] == last]
    if "term" not in about and "" in _of(fit, "term"):
        fit = [key for key in fit if not key[KEY.index("term")]]
    return fit


def _known(about: Mapping[str, str]) -> None:
    unknown = sorted(set(map(str, about)) - set(KEY))
    if unknown:
        known = f"an estimate has {', '.join(KEY)}.{did_you_mean(unknown, KEY)}"
        raise TypeError(f"about has {', '.join(unknown)}; {known}")


def _of(keys: list[Key], name: str) -> list[str]:
    """The different values of one field, in order."""
    return list(dict.fromkeys(key[KEY.index(name)] for key in keys))
