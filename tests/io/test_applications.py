"""Applications: real ids, only what matching needs, and every mistake named at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from application_files import Applicants

from rmresearch.errors import StudyError
from rmresearch.io.applications import read_applications
from rmresearch.io.check import check
from rmresearch.numerics.likeness import entries, listed


def refused(applicants: Applicants, folder: Path) -> list[str]:
    with pytest.raises(StudyError) as caught:
        read_applications(applicants.write(folder))
    return [str(problem) for problem in caught.value.problems]


def test_ids_are_those_of_the_files_and_nothing_is_written(tmp_path: Path) -> None:
    folder = Applicants().write(tmp_path / "study")
    before = sorted(p.name for p in folder.rglob("*"))
    found = read_applications(folder)
    assert found.side("junior")["person"].tolist() == ["001", "002", "003", "004", "005"]
    assert found.side("senior")["person"].tolist() == ["S1", "S2", "S3", "S4"]
    assert sorted(p.name for p in folder.rglob("*")) == before, "not even a key of pseudonyms"
    assert found.matching.rules.level_gap == 2
    assert [name for name, _ in found.sources] == ["applications.csv"]


def test_an_application_shows_no_ids_by_accident(tmp_path: Path) -> None:
    applicants = Applicants()
    applicants.pairs = [("S1", "001")]
    shown = repr(read_applications(applicants.write(tmp_path)))
    assert "S1" not in shown
    assert "001" not in shown


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    one, other = Applicants(), Applicants()
    other.rows.reverse()
    first = read_applications(one.write(tmp_path / "a"))
    second = read_applications(other.write(tmp_path / "b"))
    assert first.people.equals(second.people)


def test_no_arm_is_needed_yet_and_tables_may_be_absent(tmp_path: Path) -> None:
    """`check` asks for the arms and the survey file; applications have neither."""
    folder = Applicants().write(tmp_path)
    assert len(read_applications(folder).people) == 9
    assert check(folder).problems


def test_earlier_pairs_come_from_the_pairs(tmp_path: Path) -> None:
    applicants = Applicants()
    applicants.pairs = [("S1", "001"), ("gone", "002")]
    assert read_applications(applicants.write(tmp_path)).earlier == (("S1", "001"), ("gone", "002"))


def test_people_who_did_not_consent_are_left_out_and_counted(tmp_path: Path) -> None:
    applicants = Applicants()
    for row in applicants.rows:
        row["ok"] = "no" if row["ID"] == "S2" else "yes"
    applicants.row("S1")["not_with"] = "S2"  # known, if not an applicant: no misspelling
    applicants.head = applicants.head.replace(
        "values.role", 'consent = { column = "ok", yes = ["yes"] }\nvalues.role'
    )
    found = read_applications(applicants.write(tmp_path))
    assert "S2" not in set(found.people["person"])
    assert found.excluded == (("people who did not consent", 1),)


def test_only_people_of_named_arms(tmp_path: Path) -> None:
    applicants = Applicants()
    for i, row in enumerate(applicants.rows):
        row["arm"] = "later" if i in (0, 4) else "programme"
    applicants.matching = '[matching]\narms = ["programme"]\n' + applicants.matching
    found = read_applications(applicants.write(tmp_path))
    assert len(found.people) == 7
    assert found.excluded == (("people of arms that are not matched", 2),)


MISTAKES: dict[str, tuple[Callable[[Applicants], None], list[str]]] = {}


def mistake(*words: str) -> Callable[[Callable[[Applicants], None]], None]:
    def keep(change: Callable[[Applicants], None]) -> None:
        MISTAKES[change.__name__] = (change, list(words))

    return keep


def matching(old: str, new: str, applicants: Applicants) -> None:
    assert old in applicants.matching
    applicants.matching = applicants.matching.replace(old, new)


@mistake("matching.questions[Hobbies].feature", "'hobies'", "Did you mean 'hobbies'?")
def unknown_feature(a: Applicants) -> None:
    matching('"hobbies"', '"hobies"', a)


@mistake("matching.rules.refusals", "'curiosity' holds numbers; expected text")
def wrong_kind(a: Applicants) -> None:
    matching('"not_with"', '"curiosity"', a)


@mistake("matching.rules.same", "'level' holds numbers")
def a_number_is_no_category(a: Applicants) -> None:
    matching('["site"]', '["level"]', a)


@mistake("matching.rules.levl_gap is not a known key", "Did you mean 'level_gap'?")
def unknown_key(a: Applicants) -> None:
    matching("level_gap", "levl_gap", a)


@mistake("weight", "less than or equal to 1000000")
def weighty(a: Applicants) -> None:
    matching("weight = 3", "weight = 1e308", a)


@mistake("weight", "greater than 0")
def weightless(a: Applicants) -> None:
    matching("weight = 3", "weight = 0", a)


@mistake("matching.questions[Hobbies] needs feature")
def no_column_at_all(a: Applicants) -> None:
    matching('feature = "hobbies"\n', "", a)


@mistake("matching.questions[Hobbies] names feature beside senior or junior")
def both_ways(a: Applicants) -> None:
    matching('feature = "hobbies"', 'feature = "hobbies"\nsenior = "wants"', a)


@mistake("compares numbers without a range")
def no_range(a: Applicants) -> None:
    matching(
        'compare = "words"\nfeature = "hobbies"', 'compare = "close"\nfeature = "curiosity"', a
    )


@mistake("the range 5 to 1 is empty", 'range is for compare = "close"')
def turned_range(a: Applicants) -> None:
    matching('feature = "hobbies"', 'feature = "hobbies"\nrange = [5, 1]', a)


@mistake('anything is for compare = "same"', 'learner is for compare = "teaches"')
def misplaced_options(a: Applicants) -> None:
    matching('feature = "hobbies"', 'feature = "hobbies"\nanything = ["x"]\nlearner = "junior"', a)


@mistake("matching.questions names hobbies twice")
def one_name_for_two(a: Applicants) -> None:
    matching('"What the senior wants to learn"', '"hobbies"', a)


@mistake("matching.arms: 'programm' is not an arm", "Did you mean 'programme'?")
def unknown_arm(a: Applicants) -> None:
    a.matching = '[matching]\narms = ["programm"]\n' + a.matching


@mistake("no column gives arm")
def arms_without_a_column(a: Applicants) -> None:
    a.matching = '[matching]\narms = ["programme"]\n' + a.matching


@mistake("no column gives level", "matching.rules.level_gap")
def no_levels(a: Applicants) -> None:
    a.head = a.head.replace(', level = "Level"', "")


@mistake("no column gives manager")
def no_managers_though_asked(a: Applicants) -> None:
    a.head = a.head.replace(', manager = "Manager"', "")
    matching("level_gap", "reporting_line = true\nlevel_gap", a)


@mistake("row 2, column not_with", "1 refusal of an id that participants lack", "There is '001'")
def misspelt_refusal(a: Applicants) -> None:
    a.row("S1")["not_with"] = "1; 002"


@mistake("row 8, column Manager", "almost a participant's [s2]", "There is 'S2'")
def misspelt_manager(a: Applicants) -> None:
    a.row("003")["Manager"] = "s2"


@mistake("row 3, column curiosity", "outside 1 to 5", "[9]")
def out_of_range(a: Applicants) -> None:
    a.row("S2")["curiosity"] = "9"
    a.matching += (
        '\n[[matching.questions]]\nname = "Curiosity"\ncompare = "close"\n'
        'feature = "curiosity"\nrange = [1, 5]\nweight = 1\n'
    )


@mistake("row 4, column places", "no whole number from 0 on", "[1.5]")
def half_a_partner(a: Applicants) -> None:
    a.row("S3")["places"] = "1.5"
    a.matching = '[matching]\njuniors_per_senior = "places"\n' + a.matching


@mistake("no junior among 4 people who applied")
def one_side_only(a: Applicants) -> None:
    del a.rows[4:]


@mistake("row 3", "the person is listed twice")
def listed_twice(a: Applicants) -> None:
    a.rows[1]["ID"] = "S1"


@mistake("neither junior nor senior")
def unknown_role(a: Applicants) -> None:
    a.rows[1]["Role"] = "guide"


@mistake("linked = false")
def anonymous(a: Applicants) -> None:
    a.head = a.head.replace("[design]", "linked = false\n[design]", 1)


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_named(name: str, tmp_path: Path) -> None:
    change, words = MISTAKES[name]
    applicants = Applicants()
    change(applicants)
    said = "\n".join(refused(applicants, tmp_path))
    for word in words:
        assert word in said


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    applicants = Applicants()
    for name in ("unknown_feature", "misspelt_refusal", "unknown_role", "wrong_kind"):
        MISTAKES[name][0](applicants)
    matching('"curiosity"', '"not_with"', applicants)  # so that the refusals can be read
    said = "\n".join(refused(applicants, tmp_path))
    assert "hobies" in said
    assert "refusal" in said
    assert "guide" in said


def test_check_names_mistakes_in_matching_too_and_reads_on(tmp_path: Path) -> None:
    applicants = Applicants()
    unknown_level = MISTAKES["weightless"][0]
    unknown_level(applicants)
    applicants.rows[1]["Role"] = "guide"
    said = "\n".join(map(str, check(applicants.write(tmp_path)).problems))
    assert "matching.questions" in said
    assert "guide" in said, "a wrong weight does not keep the data from being looked at"


def test_a_refusal_shows_no_words_of_the_cell(tmp_path: Path) -> None:
    applicants = Applicants()
    applicants.row("S1")["not_with"] = "Frau Beispiel"
    assert "Beispiel" not in "\n".join(refused(applicants, tmp_path))


def test_without_managers_the_file_will_say_so(tmp_path: Path) -> None:
    applicants = Applicants()
    applicants.head = applicants.head.replace(', manager = "Manager"', "")
    notes = read_applications(applicants.write(tmp_path)).notes
    assert any("reporting lines could not be looked at" in note for note in notes)


def test_wishes_may_name_anybody(tmp_path: Path) -> None:
    applicants = Applicants()
    applicants.row("S1")["wishes"] = "001; somebody"
    applicants.matching = '[matching]\nwishes = "wishes"\n' + applicants.matching
    notes = read_applications(applicants.write(tmp_path)).notes
    assert "1 wish for somebody who did not apply." in notes


def test_entries_and_lists() -> None:
    # the same word with a combined and with a separate accent, in capitals and padded
    made = entries(["Caf\u00e9;  chess ", "CAFE\u0301", float("nan"), " ; "], ";")
    assert made == [{"caf\u00e9", "chess"}, {"caf\u00e9"}, set(), set()]
    assert listed("007|7 |  | 007", "|") == ("007", "7")
    assert listed(float("nan"), ";") == ()


def test_a_study_that_is_not_there() -> None:
    with pytest.raises(StudyError, match="is not there"):
        read_applications("no-such-programme")
