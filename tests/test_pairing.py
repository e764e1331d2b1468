"""[matching] as arrays: each rule by hand, and how studies keep and write what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rmresearch as rm
from rmresearch.declared import Likeness, Matching
from rmresearch.pairing import fit, forbidden
from rmresearch.privacy.pseudonyms import Pseudonyms, pseudonymise
from rmresearch.world.levers import Levers
from rmresearch.world.scenario import Scenario
from rmresearch.world.writing import write_study

PEOPLE = pd.DataFrame(
    {
        "person": ["s1", "s2", "j1", "j2"],
        "level": [6.0, 5.0, 3.0, 4.0],
        "department": ["Sales", "Legal ", "legal", None],
        "manager": ["boss", None, "s1", "boss"],
        "site": ["x; y", "y", "x", "z"],
        "not_with": ["j2;", None, None, "s2"],
    }
)
SIDES = PEOPLE[:2], PEOPLE[2:]


def rules(**declared: object) -> dict[str, list[list[bool]]]:
    made = Matching(**({"reporting_line": False} | declared))  # type: ignore[arg-type]
    return {name: pairs.tolist() for name, pairs in forbidden(made, PEOPLE, *SIDES)}


def test_each_rule_by_hand() -> None:
    assert rules() == {}
    assert rules(level_gap=2) == {"level gap": [[False, False], [False, True]]}
    # capitals and spaces do not make another department; an unknown one cannot be judged
    assert rules(other_department=True) == {"other department": [[False, True], [True, True]]}
    # s1 manages j1, and shares a manager with j2
    assert rules(reporting_line=True) == {"reporting line": [[True, True], [False, False]]}
    assert rules(same=("site",)) == {"same site": [[False, True], [True, True]]}
    assert rules(refusals="not_with") == {"refusals": [[False, True], [False, True]]}


def test_who_learns_decides_what_fits() -> None:
    people = pd.DataFrame({"wants": ["ai; law", "golf"], "offers": ["golf", "ai"]})
    asked = {
        learner: Likeness("x", "teaches", "wants", "offers", learner="senior")
        if learner == "senior"
        else Likeness("x", "teaches", "offers", "wants", learner="junior")
        for learner in ("senior", "junior")
    }
    np.testing.assert_allclose(fit(asked["senior"], people, people), [[0, 0.5], [1, 0]])
    np.testing.assert_allclose(fit(asked["junior"], people, people), [[0, 1], [0.5, 0]])


@pytest.mark.parametrize(
    "policy, procedure, gap",
    [
        ("random", "random", None),
        ("self-selected", "self-selected", None),
        ("rules", "rules", 3),
        ("greedy", "score", 3),
        ("optimal", "optimal", 3),
    ],
)
def test_synthetic_studies_record_how_pairs_were_made(
    policy: str, procedure: str, gap: int | None, tmp_path: Path
) -> None:
    scenario = Scenario(pairs=12, levers=Levers(matching=policy))  # type: ignore[arg-type]
    study = rm.simulate(scenario, seed=1).study
    made = study.design.matching
    assert (made.procedure, made.level_gap, made.same) == (procedure, gap, ("stratum",))
    # the recorded pairs keep every rule that is declared
    roster = study.participants.set_index("person", drop=False)
    sides = [roster.loc[study.pairs[role]].reset_index(drop=True) for role in ("senior", "junior")]
    for name, pairs in forbidden(made, study.participants, *sides):
        assert not np.diagonal(pairs).any(), name
    folder = write_study(rm.simulate(scenario, seed=1), tmp_path / "study")
    assert rm.read_study(folder).design.matching == made


def test_what_study_toml_says_of_matching_reaches_the_study(tmp_path: Path) -> None:
    scenario = Scenario(pairs=12)
    folder = write_study(rm.simulate(scenario, seed=1), tmp_path / "study")
    text = (folder / "study.toml").read_text("utf-8")
    wrong = text.replace('procedure = "rules"', 'procedure = "by hand"')
    assert wrong != text
    (folder / "study.toml").write_text(wrong, "utf-8")
    with pytest.raises(rm.StudyError, match=r"matching\.procedure"):
        rm.read_study(folder)
    (folder / "study.toml").write_text(text.replace('procedure = "rules"\n', ""), "utf-8")
    assert rm.read_study(folder).design.matching.procedure == "unknown"


def test_lists_of_people_become_pseudonyms() -> None:
    from dataclasses import replace

    study = rm.simulate(Scenario(pairs=12), seed=1).study
    ids = study.participants["person"].tolist()
    listed = [f"{ids[1]}; {ids[2]};stranger"] + [None] * (len(ids) - 1)
    design = replace(study.design, matching=Matching(refusals="not_with"))
    people = study.participants.assign(not_with=pd.Series(listed, dtype="str"))
    pseudonyms = Pseudonyms(design.name, b"key")
    made = pseudonymise(replace(study, participants=people, design=design), pseudonyms)
    codes = dict(zip(sorted(ids), pseudonyms.codes(sorted(ids)), strict=True))
    cells = made.participants["not_with"].dropna().tolist()
    assert len(cells) == 1
    assert [one[2:] for one in cells[0].split(";")] == [codes[ids[1]], codes[ids[2]]]
    assert not [one for one in (*ids, "stranger") if one in cells[0]]
