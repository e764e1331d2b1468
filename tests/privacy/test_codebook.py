"""What is declared travels with a release: nothing is lost on the way, no id gets out by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

from rmresearch.declared import Brand, Logo, Matching
from rmresearch.privacy import read_release, release
from rmresearch.privacy.codebook import Codebook
from rmresearch.study import Arm, Wave

from .studies import SCALE, YES, pilot

LOGO = Logo("logo.svg", "svg", b"<svg>\x00\xff</svg>", "0" * 64, 120.0, 40.0)
STUDY = pilot()
DECLARED = replace(
    STUDY.design,
    waves=(Wave("before", "Before", 0.0, True, date(2025, 9, 1)), Wave("after", "After", 6.0)),
    outcomes=(replace(SCALE, reverse=frozenset({"q3", "q1"}), labels=(("never", 1.0),)), YES),
    arms=(Arm("programme", "Programme #1 <b>", True),),
    organisation="Nordwind AG",
    synthetic=True,
    linked=False,
    role_labels=(("senior", "leader"), ("junior", "guide")),
    goals=("Learn to ask", "שלום"),
    matching=Matching(procedure="random"),
    costs=(("programme", (1.0, 2.0, 3.5)),),
    worth=(("skill", (0.0, 1.0, 2.0)),),
    currency="EUR",
    brand=Brand("Nordwind", LOGO, "#8a1538", "#101010", "house.pptx"),
)


def same(text: str) -> str:
    return text


def test_a_design_comes_back_from_json_as_it_was_declared() -> None:
    codebook = Codebook.of(DECLARED, same)
    read = Codebook.read(json.loads(json.dumps(codebook.as_dict(), default=str)))
    assert read == codebook
    back = read.design(DECLARED.name, DECLARED.title)
    left = ("start", "end", "adaptations", "features", "privacy")
    for name in DECLARED.__slots__:
        if name not in left:
            assert getattr(back, name) == getattr(DECLARED, name), name


def test_money_stays_out_of_a_pulse() -> None:
    declared = replace(DECLARED, waves=STUDY.design.waves)
    assert declared.costs
    assert declared.worth
    for audience, there in (("leadership", True), ("technical", True), ("pulse", False)):
        made = release({}, replace(STUDY, design=declared), audience=audience).codebook
        assert made is not None
        money = (made.costs, made.worth, made.currency)
        assert money == (
            (declared.costs, declared.worth, declared.currency) if there else ((), (), "")
        )


def test_a_release_carries_it_and_strikes_out_what_tells_a_person() -> None:
    person = str(STUDY.participants["person"].iloc[0])
    told = "s-0123456789ab"  # the form of a pseudonym
    declared = replace(
        DECLARED,
        goals=(f"Ask {told} often", "Learn"),
        organisation=person,
        brand=replace(DECLARED.brand, name=f"Firm of {told}"),
        waves=STUDY.design.waves,
    )
    text = release({}, replace(STUDY, design=declared)).to_json()
    assert told not in text
    read = read_release(text).codebook
    assert read is not None
    assert (read.organisation, read.goals[1]) == ("", "Learn")
    assert read.brand == replace(DECLARED.brand, name="Firm of ")
