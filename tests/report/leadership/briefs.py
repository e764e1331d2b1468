"""Stories that try the two pages: long, many, odd, hidden, early, and none."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from tests.report.test_words import DESIGN, ONE, RCT, READINGS, SKILL

from rmresearch.evidence import Precision
from rmresearch.privacy import Release, Standing
from rmresearch.result import Estimate
from rmresearch.study import Arm, Brand, Design, Logo

from .released import judged, made, released, table

GAIN = READINGS[Precision.SOME_GAIN]
#: 60 characters, and one word of as many
LONG = "Confidence in giving feedback to people of much higher rank x"[:60]
WORD = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunt"
MARKUP = '#x $a^2$ @r *b* _i_ \\ `c` "q" <script>alert(1)</script> & [x]'
HEBREW, ARABIC = "מנטורים ותיקים במחלקת הכספים", "الموجهون الكبار"
LOGO = Logo(
    "mark.svg", "svg",
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 90" width="300" height="90">'
    b'<path d="M0 0h300v90H0z" fill="#8a1538"/></svg>',
    "0" * 64, 300.0, 90.0,
)  # fmt: skip
BRAND = Brand(name="Nordwind Energie", logo=LOGO, accent="#8a1538", ink="#22262b")
HIDDEN = (
    "318 values are not shown: too few people, pairs, juniors or seniors stand behind them.",
    "1255 values are not shown: beside other numbers they would tell a few people's answers.",
    "26 values are not shown: the model behind them rests on too few people.",
    "14 values are not shown: they would tell how many of a few left.",
)
FLOW = ("role", "arm", "stage", "wave", "people")
#: Kirkpatrick's levels of the outcomes, in turn
LEVELS = (2, 3, 4, 2, 3)


def flow(design: Design, *, few: str = "") -> Any:
    """People from assignment to analysis, of both roles in every arm; ``few``: each count."""
    steps = (("assigned", "", 240), ("answered", "before", 200), ("answered", "m6", 180),
             ("analysed", "m6", 170))  # fmt: skip
    rows = [
        (role, arm.name, *step[:2], few or step[2])
        for role in ("senior", "junior")
        for arm in design.arms
        for step in steps
    ]
    return table(f"attrition:{design.outcomes[0].name}", "flow", FLOW, *rows)


def named(text: str, *, many: int = 5, **more: Any) -> Design:
    """The design with this text wherever a study may name something."""
    outcomes = tuple(
        replace(
            SKILL, name=f"o{k}", label=f"{text} {k}", role=("senior", "junior")[k % 2],
            kirkpatrick=LEVELS[k % 5], labels=((text, 1.0), (text, 5.0)), waves=("before", "m6"),
        )
        for k in range(many)
    )  # fmt: skip
    waves = tuple(replace(wave, label=f"{text} {wave.months:.0f}") for wave in DESIGN.waves)
    fields: dict[str, Any] = {
        "outcomes": outcomes,
        "waves": waves,
        "arms": (Arm("programme", text, True), Arm("waiting", f"{text} 2", False)),
        "title": text,
        "organisation": text,
        "goals": (text,) * 3,
        "role_labels": (("senior", text), ("junior", text)),
        "planned_meetings": 12,
        "synthetic": True,
    }
    return replace(DESIGN, **{**fields, **more})


def told(design: Design, *, facts: Any = RCT, primary: bool = True, **more: Any) -> Release:
    """A release in which each outcome has a reading of its own."""
    readings = itertools.cycle(READINGS.values())
    verdicts = [
        judged(outcome, ends, facts, primary=primary and k == 0)
        for k, (outcome, ends) in enumerate(zip(design.outcomes, readings, strict=False))
    ]
    return made(design, verdicts=verdicts, tables=[flow(design)], hidden=HIDDEN, **more)


def reactions() -> Release:
    """Most of those asked were content, of both roles."""
    asked = replace(SKILL, name="liked", label="Satisfied with the programme", role="all",
                    kirkpatrick=1, favourable=4.0, smallest_effect=None)  # fmt: skip
    design = replace(DESIGN, outcomes=(*DESIGN.outcomes, asked))
    answers = [
        Estimate(
            role=role, outcome="liked", wave="m6", estimand="starters who answered", value=value,
            low=low, high=high, n_people=people,
        )
        for role, value, low, high, people in (
            ("senior", 0.77, 0.57, 0.9, 22), ("junior", 0.97, 0.8, 1.0, 17),
        )
    ]  # fmt: skip
    verdicts = [judged(SKILL, GAIN, RCT, primary=True)]
    shares = [released(one, "reaction:liked") for one in answers]
    return made(design, verdicts=verdicts, estimates=shares, tables=[flow(design)])


def briefs() -> dict[str, Release]:
    """Releases by what is odd about them."""
    alone = replace(DESIGN, kind="single-group", arms=DESIGN.arms[:1])
    early = Standing(ended=False)
    return {
        "one": made(DESIGN, verdicts=[judged(SKILL, GAIN, RCT, primary=True)]),
        "all readings": told(DESIGN),
        "reactions": reactions(),
        "one group": told(alone, facts=ONE),
        "hidden": made(DESIGN, verdicts=[judged(SKILL, GAIN, RCT, primary=True, hidden=True)]),
        "nothing": made(DESIGN),
        "early": made(DESIGN, standing=early),
        "few": made(DESIGN, tables=[flow(DESIGN, few="fewer than 5")]),
        "no main question": told(DESIGN, primary=False),
        "twenty-five": told(named("Outcome", many=25)),
        "long names": told(named(LONG, many=25)),
        "one long word": told(named(WORD, many=8)),
        "markup": told(named(MARKUP, many=3)),
        "hebrew": told(named(HEBREW)),
        "arabic": told(named(ARABIC)),
        "branded": told(replace(DESIGN, brand=BRAND, organisation="Nordwind Energie")),
    }
