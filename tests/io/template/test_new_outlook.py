"""What so many pairs could show is what check says of them once they have answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from filling import open_book, write

from rmresearch.files import parse_toml
from rmresearch.io.check import check
from rmresearch.io.schema import StudyFile, to_design
from rmresearch.io.template.choices import chosen
from rmresearch.io.template.declaring import study_text
from rmresearch.io.template.folder import new_study
from rmresearch.io.template.outlook import outlook


def said(pairs: int, **given: str) -> tuple[str, ...]:
    choices, wrong = chosen("p", given)
    assert choices is not None, wrong
    file = StudyFile.model_validate(parse_toml(study_text(choices)))
    return outlook(to_design(file), pairs, departments=choices.departments)


#: comparison -> its arms with the pairs, or people of a role, in each of 23, and which are paired
SIZES = {
    "waitlist": ({"programme": 12, "waiting": 11}, True),
    "lot": ({"programme": 12, "not-drawn": 11}, False),
    "colleagues": ({"programme": 23, "colleagues": 23}, False),
    "none": ({"": 23}, True),
}


@pytest.mark.parametrize("comparison", SIZES)
def test_it_is_what_check_says_once_everybody_has_answered(tmp_path: Path, comparison: str) -> None:
    arms, all_paired = SIZES[comparison]
    given = {"comparison": comparison, "outcomes": "digital_skill,leadership_confidence"}
    made = new_study(tmp_path / "p", given, pairs=23)
    book = open_book(made.path)
    people, pairs, answers = [], [], []
    for arm, size in arms.items():
        for number in range(size):
            for role, item, count in (("senior", "Digital", 6), ("junior", "Confidence", 5)):
                person = f"{arm}-{role}-{number}"
                people.append({"Person": person, "Role": role} | ({"Group": arm} if arm else {}))
                every = {f"{item} {question}": "Agree" for question in range(1, count + 1)}
                answers.append({"Person": person} | every)
            if all_paired or arm == "programme":
                sides = {"Junior": f"{arm}-junior-{number}", "Senior": f"{arm}-senior-{number}"}
                pairs.append({"Pair": f"{arm}{number}"} | sides)
    write(book["Participants"], people)
    write(book["Pairs"], pairs)
    write(book["Survey start"], answers)
    book.save(made.path / "data" / "data.xlsx")
    report = check(made.path)
    assert report.problems == ()
    beforehand = [line for line in made.outlook if line in report.abilities]
    # 3 surveys and 2 differences are 5 parameters: a release asks 25 people, and 12 + 11 are there
    drawn = comparison in {"waitlist", "lot"}
    kept_back = [line for line in beforehand if "Outside the evaluation team no" in line]
    assert len(kept_back) == (2 if drawn else 0), "each role, where a lot halves the 23"
    assert all("answers of 25 " in line and "and 23 answered" in line for line in kept_back)
    rest = [line for line in beforehand if line not in kept_back]
    assert len(rest) == 4, "two roles, the certainty, what is hidden"
    assert len([line for line in made.outlook if "standard deviations" in line]) == 2
    assert all("standard deviations" in line for line in beforehand[:2])


def test_who_is_reckoned_with_is_said_first() -> None:
    assert "12 start now and 11 wait" in said(23)[0]
    assert "12 of 23 who apply" in said(23, comparison="lot")[0]
    assert "23 take part, and as many colleagues" in said(23, comparison="colleagues")[0]
    assert "23 take part," in said(23, comparison="none")[0]


def test_few_clusters_and_small_departments_are_said() -> None:
    """10 in each group for a p-value, 5 of a role for a mean; of 20 matched pairs 10 wait."""
    assert not any("no p-value" in line for line in said(20))
    assert any("no p-value" in line for line in said(19))
    assert not any("no p-value" in line for line in said(5, comparison="none"))
    assert any(line.startswith("At most 2 departments") for line in said(20))
    assert any(line.startswith("No department") for line in said(8)), "4 start"
    assert any(line.startswith("At most 1 department ") for line in said(9)), "5 start"
    assert not any("department" in line for line in said(20, departments="no"))


def test_two_pairs_are_the_fewest() -> None:
    lines = said(2)
    assert not any("standard deviations" in line for line in lines), "one in each group"
    assert any("standard deviations" in line for line in said(2, comparison="none"))
