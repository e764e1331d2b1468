"""Named scenarios, each with what it stands for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rmresearch.errors import StudyError, did_you_mean, kindly
from rmresearch.world.levers import Levers, Setting
from rmresearch.world.nature import Nature
from rmresearch.world.scenario import Scenario

__all__ = ["PRESETS", "Preset", "preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A scenario with the paragraph that says what it stands for."""

    scenario: Scenario
    about: str


NOTHING = Nature(
    digital_skill_gain=0.0,
    inclusion_awareness_gain=0.0,
    leadership_confidence_gain=0.0,
    visibility_gain=0.0,
    junior_performance_gain=0.0,
    engagement_gain=0.0,
    quality_on_engagement=0.0,
    burden_gain=0.0,
    harm_added=0.0,
)
STRONG = Nature(
    digital_skill_gain=1.4,
    inclusion_awareness_gain=0.7,
    leadership_confidence_gain=1.05,
    visibility_gain=1.4,
)
PRESETS: dict[str, Preset] = {
    "default": Preset(
        Scenario(),
        "A supported programme of 48 pairs at two sites, half of them waiting. Senior skill peaks "
        "near .4 SD while pairs meet, and fades when they stop. For reverse mentoring itself no "
        "credible controlled estimate exists: the sizes are priors, set from mentoring at large.",
    ),
    "no-effect": Preset(
        Scenario(nature=NOTHING),
        "The programme does nothing at all, and everything that makes it look as if it did stays "
        "on: low scorers volunteer and drift back to their mean, people flatter themselves, those "
        "who get on answer the last survey. An analysis that finds a gain here would find one "
        "anywhere.",
    ),
    "strong": Preset(
        Scenario(nature=STRONG),
        "The upper end of what seems possible, senior skill peaking near .7 SD: what an analysis "
        "must be able to see.",
    ),
    "small-pilot": Preset(
        Scenario(pairs=12, comparison="none", design=Setting(sites=1, waves=(0, 6), eligible=2)),
        "What organisations mostly run: a dozen pairs at one site, asked before and after, nobody "
        "to compare with. Small numbers, and change that has other causes too.",
    ),
    "rct": Preset(
        Scenario(pairs=120, comparison="control", design=Setting(spillover=0.0)),
        "The study that would settle it: 120 places, volunteers drawn by lot within their site, "
        "the others unpaired, and nothing that spills over to them.",
    ),
    "volunteers": Preset(
        Scenario(
            comparison="pool",
            nature=Nature(response_start=0.85, response=0.45),
            levers=Levers(sponsor=0.2),
        ),
        "Volunteers with little support from above, compared with colleagues who did not get a "
        "place, most of whom never applied, and surveys that fewer than half answer: selection "
        "and non-response as they come.",
    ),
    "group-format": Preset(
        Scenario(
            pairs=48,
            levers=Levers(format="group", juniors=2, cadence=1, matching="greedy"),
        ),
        "Two juniors meet one senior, six meetings in six months: less intimidating, a smaller "
        "part of each hour. People of one set share what they learn, so 48 pairs are 24 "
        "independent units.",
    ),
}


@kindly
def preset(name: str, *, pairs: int | None = None) -> Scenario:
    """The scenario of that name, with another number of pairs if given.

    An unknown name raises ``StudyError`` with the nearest known one.

    >>> preset("rct").comparison
    'control'
    """
    if name not in PRESETS:
        hint = did_you_mean(name, PRESETS)
        raise StudyError(f"no scenario {name!r}; there are {', '.join(PRESETS)}.{hint}")
    found = PRESETS[name].scenario
    return found if pairs is None else replace(found, pairs=pairs)
