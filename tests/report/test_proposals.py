"""`rmresearch match` from files to the workbook, read back as a person's program would."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from tests.io.application_files import Applicants

from rmresearch import cli
from rmresearch.errors import ReportError, StudyError
from rmresearch.files import write_manifest
from rmresearch.io.read import read_study
from rmresearch.report.proposals import match
from rmresearch.report.proposals.workbook import is_ours
from rmresearch.world.matching import POLICIES


def run(study: Path, out: Path, *more: str, policy: str = "optimal") -> tuple[int, str, str]:
    words = ["match", str(study), "--policy", policy, "--out", str(out), *more]
    done = CliRunner().invoke(cli.main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def sheets(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every sheet as rows by heading; the read-me as rows of title and text."""
    book = openpyxl.load_workbook(path)
    found = {}
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row), "no cell is a formula"
        rows = list(sheet.iter_rows(values_only=True))
        head = ("title", "text") if sheet.title == "Read me" else rows.pop(0)
        found[sheet.title] = [dict(zip(head, row, strict=False)) for row in rows]
    return found


def proposed(path: Path) -> set[tuple[str, str]]:
    return {(row["senior"], row["junior"]) for row in sheets(path)["Proposals"]}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "pairs.xlsx"


#: Allowed by hand: S1 (Sales, 6, Bern): 001 (IT, 2), 002 (HR, 3); 003's Legal level 2, Bern, but
#: reports to S2; 005 (Sales) same department. S2 (Legal, 5): 001, 002. S3 (IT, 7): 002, 003, 005.
#: S4 (HR, 5, Genf): 004. Wants met: S1-001 1, S1-002 1/2, S2-001 1, S2-002 1, S3-003 1, S4-004 1.
ALLOWED = {
    *(("S1", "001"), ("S1", "002"), ("S1", "003"), ("S2", "001"), ("S2", "002")),
    *(("S3", "002"), ("S3", "003"), ("S3", "005"), ("S4", "004")),
}
BEST = {("S1", "001"), ("S2", "002"), ("S3", "003"), ("S4", "004")}


def test_the_best_pairs_by_hand(tmp_path: Path, out: Path) -> None:
    code, printed, said = run(Applicants().write(tmp_path / "study"), out, "--seed", "1")
    assert code == 0
    assert printed.strip() == str(out)
    assert "4 pairs of 4 senior mentees and 5 juniors; left out: 1 person." in said
    found = sheets(out)
    assert list(found) == ["Read me", "Proposals", "Left out", "Rules", "Questions"]
    assert proposed(out) == BEST
    first = found["Proposals"][0]
    # S1 and 001: hobbies {chess, sailing} and {chess}: 1/2 of 25; wants ai and video, offered: 75
    assert first["pair"] == "P001"
    assert first["Hobbies (of 25)"] == pytest.approx(12.5)
    assert first["What the senior wants to learn (of 75)"] == pytest.approx(75)
    assert first["score (of 100)"] == pytest.approx(87.5)
    assert (first["senior's department"], first["junior's department"]) == ("Sales", "IT")
    assert first["levels apart"] == 4
    for row in found["Proposals"]:
        parts = [value for name, value in row.items() if re.search(r"\(of (25|75)\)", name)]
        assert sum(parts) == pytest.approx(row["score (of 100)"])


def test_a_silent_pair_gets_the_mean_and_is_named(tmp_path: Path, out: Path) -> None:
    run(Applicants().write(tmp_path / "study"), out)
    row = next(row for row in sheets(out)["Proposals"] if row["junior"] == "003")
    assert row["not answered by both"] == "Hobbies"
    # all pairs who both named hobbies, by hand: S1 1/2 0 0 1/2, S2 0 1/2 0 0, S3 1 0 0 0, S4 0 1/2
    # 1 0 (juniors 001, 002, 004, 005): 4 of 16 pairs on average, 1/4; of 25 points
    assert row["Hobbies (of 25)"] == pytest.approx(25 * 4 / 16)


def test_left_out_with_the_reasons(tmp_path: Path, out: Path) -> None:
    run(Applicants().write(tmp_path / "study"), out)
    (row,) = sheets(out)["Left out"]
    assert row["person"] == "005"
    assert row["role"] == "junior"
    # of S1-S4: S1 same department and manager, S2 one level apart, S4 one level and another site
    assert (row["candidates"], row["allowed by the rules"]) == (4, 1)
    assert row["excluded by level gap"] == 2
    assert row["excluded by other department"] == 1
    assert row["excluded by reporting line"] == 1
    assert row["excluded by same site"] == 1
    assert row["excluded by refusals"] == 0
    assert "4 juniors depend on the same partners, who have room for 3" in row["why"]


def test_rules_and_questions_say_what_was_applied(tmp_path: Path, out: Path) -> None:
    run(Applicants().write(tmp_path / "study"), out)
    found = sheets(out)
    rules = {row["rule"]: row for row in found["Rules"]}
    assert rules["level gap"]["what it asks of a pair"].startswith("the senior stands at least 2")
    # 5-4 twice (S2 and S4 with 005), 5-3 = 2 is enough
    assert rules["level gap"]["pairs it forbids"] == 2
    assert rules["level gap"]["of all pairs"] == pytest.approx(2 / 20)
    # S4 with 001, 002, 003, 005, and S1-S3 with 004
    assert rules["same site"]["pairs it forbids"] == 7
    more = "more juniors with a partner without it (or with this place more)"
    assert rules["one more junior for each senior"][more] == 1
    questions = {row["question"]: row for row in found["Questions"]}
    teaches = questions["What the senior wants to learn"]
    assert (teaches["weight"], teaches["points of 100"]) == (3, 75)
    assert teaches["column (seniors' / juniors')"] == "wants / offers"
    assert teaches["fit of the proposed pairs"] == 1


def test_the_read_me_says_what_it_is_and_what_it_cannot_say(tmp_path: Path, out: Path) -> None:
    run(Applicants().write(tmp_path / "study"), out, "--seed", "77")
    text = "\n".join(f"{row['title']} {row['text']}" for row in sheets(out)["Read me"])
    for words in (
        *("Contains personal data: for the programme team only. Delete it after use.",),
        *("Seed 77", "correlated .04 with liking", "A small programme", "Policy: optimal"),
        *("silence neither helps nor harms", "applications.csv (SHA-256 ", "nobody can be added"),
    ):
        assert words in text
    assert str(tmp_path) not in text, "no path of this machine"


@pytest.mark.parametrize("policy", ["rules", "greedy", "optimal"])
def test_policies_that_keep_the_rules(policy: str, tmp_path: Path, out: Path) -> None:
    study = Applicants().write(tmp_path / "study")
    for seed in ("0", "1", "2"):
        assert run(study, out, "--seed", seed, policy=policy)[0] == 0
        assert proposed(out) <= ALLOWED


def test_greedy_may_miss_people_and_says_so(tmp_path: Path, out: Path) -> None:
    """S2 and 001 are equal to S2 and 002 in what is taught; hobbies decide for the opera."""
    applicants = Applicants()
    applicants.row("S2")["hobbies"] = "chess"  # now S2-001 has 100 points, and S2-002 only 75
    _, _, said = run(applicants.write(tmp_path / "study"), out, policy="greedy")
    rows = {row["person"]: row for row in sheets(out)["Left out"]}
    assert ("S2", "001") in proposed(out)
    assert "higher score" in rows["005"]["why"]
    # S1 has 002 or 003 left, S3 the other of them: all four seniors are had
    assert "left out: 1 person" in said


def test_chance_says_which_rules_a_pair_breaks(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    applicants.row("002")["not_with"] = "S3; S4"
    study = applicants.write(tmp_path / "study")
    broken = set()
    for seed in range(8):
        run(study, out, "--seed", str(seed), policy="random")
        for row in sheets(out)["Proposals"]:
            pair = (row["senior"], row["junior"])
            assert pair not in {("S2", "003"), ("S1", "004"), ("S1", "005")}, "reporting line"
            assert pair not in {("S3", "002"), ("S4", "002")}, "refused"
            assert (row["rules broken"] is None) == (pair in ALLOWED)
            broken.add(row["rules broken"])
    assert "level gap, same site" in broken  # S4 and 005
    applied = {row["rule"]: row["applied"] for row in sheets(out)["Rules"]}
    assert applied["refusals"] == applied["reporting line"] == "yes"
    assert applied["level gap"] == "no"


def test_own_wishes(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    applicants.matching = '[matching]\nwishes = "wishes"\n' + applicants.matching
    applicants.row("S1")["wishes"] = "002; 001; 003"
    applicants.row("002")["wishes"] = "S2; S1"
    applicants.row("S2")["wishes"] = "002"
    applicants.row("003")["wishes"] = "S2"  # the manager: the rules forbid it
    applicants.row("005")["wishes"] = "S3"
    code, _, _ = run(applicants.write(tmp_path / "study"), out, policy="self-selected")
    assert code == 0
    found = {(r["senior"], r["junior"]): r["wished by"] for r in sheets(out)["Proposals"]}
    # both want 002, who prefers S2; S1 gets the second choice; nobody wished for S4
    assert found == {("S2", "002"): "both", ("S1", "001"): "senior", ("S3", "005"): "junior"}
    rows = {row["person"]: row for row in sheets(out)["Left out"]}
    assert rows["S4"]["excluded by wishes"] == 5


def test_self_selection_without_wishes_says_so(tmp_path: Path, out: Path) -> None:
    code, _, said = run(Applicants().write(tmp_path / "study"), out, policy="self-selected")
    assert code == 2
    assert "needs people's wishes" in said
    assert not out.exists()


def test_weighing_without_questions_says_so(tmp_path: Path, out: Path) -> None:
    applicants = Applicants(matching="")
    study = applicants.write(tmp_path / "study")
    code, _, said = run(study, out, policy="optimal")
    assert code == 2
    assert "[[matching.questions]]" in said
    assert run(study, out, policy="rules")[0] == 0
    assert "Questions" not in sheets(out)


def test_nobody_can_be_paired(tmp_path: Path, out: Path) -> None:
    """Every senior would have to stand 9 levels higher; dropping that rule alone helps."""
    applicants = Applicants()
    applicants.matching = applicants.matching.replace("level_gap = 2", "level_gap = 9")
    code, printed, said = run(applicants.write(tmp_path / "study"), out)
    assert code == 2
    assert not printed
    assert not out.exists()
    assert "no pair can be made of 4 senior mentees and 5 juniors" in said
    # without the gap all four seniors and four juniors: 8 people
    assert "Without the rule 'level gap', 8 people could have a partner" in said
    assert "same site" not in said


def test_no_single_rule_is_to_blame(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    for row in applicants.rows:
        row["Department"] = "Sales"
    applicants.matching = applicants.matching.replace("level_gap = 2", "level_gap = 9")
    code, _, said = run(applicants.write(tmp_path / "study"), out)
    assert code == 2
    assert "No single rule is to blame; without any, 8 people could have one" in said


def test_nobody_has_a_place(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    applicants.matching = '[matching]\njuniors_per_senior = "places"\n' + applicants.matching
    for row in applicants.rows:
        row["places"] = "0"
    code, _, said = run(applicants.write(tmp_path / "study"), out)
    assert code == 2
    assert "nobody has a place" in said


def test_groups_and_places_by_person(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    applicants.matching = '[matching]\njuniors_per_senior = "places"\n' + applicants.matching
    for person, places in {"S1": "2", "S2": "0", "S3": "2", "S4": ""}.items():
        applicants.row(person)["places"] = places
    run(applicants.write(tmp_path / "study"), out)
    pairs = proposed(out)
    assert len(pairs) == 5  # two each of S1 and S3, one (no answer) of S4
    assert not {pair for pair in pairs if pair[0] == "S2"}
    rows = {row["person"]: row for row in sheets(out)["Left out"]}
    assert "no place for a partner" in rows["S2"]["why"]


@pytest.mark.parametrize("places", ["99999999999999999999", "5"])
def test_more_places_than_people_are_as_many_as_people(
    places: str, tmp_path: Path, out: Path
) -> None:
    """Five juniors: more places than five change nothing, for one person or for all."""
    applicants = Applicants()
    plain = applicants.matching
    applicants.matching = '[matching]\njuniors_per_senior = "places"\n' + plain
    for row in applicants.rows:
        row["places"] = places
    run(applicants.write(tmp_path / "study"), out)
    found = proposed(out)
    applicants.matching = f"[matching]\njuniors_per_senior = {2**63 - 1}\n" + plain
    run(applicants.write(tmp_path / "study"), out)
    assert proposed(out) == found
    assert len(found) == 5


def test_earlier_pairs_are_not_proposed_again(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    applicants.pairs = [("S4", "004"), ("S9", "001")]
    run(applicants.write(tmp_path / "study"), out)
    assert ("S4", "004") not in proposed(out)
    rows = {row["person"]: row for row in sheets(out)["Left out"]}
    assert rows["S4"]["excluded by new partner"] == 1
    applicants.matching = applicants.matching.replace(
        "[matching.rules]", "[matching.rules]\nnew_partner = false"
    )
    run(applicants.write(tmp_path / "study"), out)
    assert ("S4", "004") in proposed(out)


def test_every_way_of_comparing(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    applicants.matching += """
[[matching.questions]]
name = "Curiosity"
compare = "close"
feature = "curiosity"
range = [1, 5]
weight = 2
[[matching.questions]]
name = "Way of talking"
compare = "same"
feature = "channel"
anything = ["Either"]
weight = 2
[[matching.questions]]
name = "What the junior wants"
compare = "teaches"
senior = "offers"
junior = "wants"
learner = "junior"
weight = 2
"""
    applicants.row("S3")["offers"] = "strategy"
    applicants.row("003")["wants"] = "strategy; sales"
    run(applicants.write(tmp_path / "study"), out)
    row = next(row for row in sheets(out)["Proposals"] if row["senior"] == "S3")
    # weights 1, 3, 2, 2, 2: a fifth each of the last three; curiosity 5 and 5; either and video;
    # one half of what 003 wants
    assert row["junior"] == "003"
    assert row["Curiosity (of 20)"] == pytest.approx(20)
    assert row["Way of talking (of 20)"] == pytest.approx(20)
    assert row["What the junior wants (of 20)"] == pytest.approx(10)
    compared = [r["how two answers are compared (0 to 1)"] for r in sheets(out)["Questions"]]
    assert "Either fits everybody" in compared[3]
    assert "the range 1 to 5" in compared[2]


HOSTILE = {
    "S1": "=1+1",
    "S2": "<script>alert(1)</script>",
    "S3": "Zoë Ünlü-Ørsted",
    "S4": "@SUM(A1)",
    "001": "-2+3",
    "002": '=HYPERLINK("http://x","y")',
    "003": "00007",
    "004": "1e5",
}


def test_hostile_ids_stay_text(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    applicants.row("S2")["Manager"] = "=1+1"
    for row in applicants.rows:
        row["ID"] = HOSTILE.get(row["ID"], row["ID"])
        row["Manager"] = HOSTILE.get(row["Manager"], row["Manager"])
        row["Department"] = {"IT": "=cmd|' /C calc'!A0"}.get(row["Department"], row["Department"])
    run(applicants.write(tmp_path / "study"), out)
    book = openpyxl.load_workbook(out)
    cells = {cell.value: cell for row in book["Proposals"].iter_rows() for cell in row}
    for senior, junior in BEST:
        for person in (HOSTILE[senior], HOSTILE[junior]):
            assert cells[person].data_type in {"s", "inlineStr"}
    assert cells["=1+1"].quotePrefix
    assert cells["=cmd|' /C calc'!A0"].quotePrefix
    assert not cells["00007"].quotePrefix


def test_same_input_and_seed_same_bytes(tmp_path: Path, out: Path) -> None:
    one, turned = Applicants(), Applicants()
    study = one.write(tmp_path / "study")
    run(study, out, "--seed", "5", policy="rules")
    first = out.read_bytes()
    run(study, out, "--seed", "5", policy="rules")
    assert out.read_bytes() == first
    turned.rows.reverse()
    turned.write(tmp_path / "turned")
    other = tmp_path / "other.xlsx"
    run(tmp_path / "turned", other, "--seed", "5", policy="rules")
    assert proposed(other) == proposed(out), "the order of the rows decides nothing"
    pairs = set()
    for seed in range(6):
        run(study, out, "--seed", str(seed), policy="rules")
        pairs.add(frozenset(proposed(out)))
    assert len(pairs) > 1


def test_a_seed_is_drawn_said_and_recorded(tmp_path: Path, out: Path) -> None:
    study = Applicants().write(tmp_path / "study")
    _, _, said = run(study, out, policy="rules")
    drawn = re.search(r"seed (\d+) \(drawn", said)
    assert drawn is not None
    assert any(f"Seed {drawn[1]}:" in row["text"] for row in sheets(out)["Read me"])
    first = out.read_bytes()
    run(study, out, "--seed", drawn[1], policy="rules")
    assert out.read_bytes() == first


def test_no_times_and_only_its_owner_may_read_it(tmp_path: Path, out: Path) -> None:
    run(Applicants().write(tmp_path / "study"), out)
    with zipfile.ZipFile(out) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2000-01-01" in archive.read("docProps/core.xml")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_a_file_of_ours_is_written_again_and_no_other(tmp_path: Path, out: Path) -> None:
    study = Applicants().write(tmp_path / "study")
    assert run(study, out)[0] == 0
    assert is_ours(out)
    assert run(study, out)[0] == 0
    book = openpyxl.load_workbook(out)
    book["Proposals"]["A2"] = "agreed on Monday"
    book.save(out)
    assert not is_ours(out), "somebody has worked in it"
    before = out.read_bytes()
    code, _, said = run(study, out)
    assert code == 2
    assert "worked in it" in said
    assert out.read_bytes() == before


def test_a_cell_changed_inside_the_file_makes_it_not_ours(tmp_path: Path, out: Path) -> None:
    run(Applicants().write(tmp_path / "study"), out)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert b"senior mentee" in parts["xl/sharedStrings.xml"]
    parts["xl/sharedStrings.xml"] = parts["xl/sharedStrings.xml"].replace(b"S1<", b"S2<")
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    assert not is_ours(out)


@pytest.mark.parametrize("content", [b"", b"my notes", b"PK\x03\x04 broken"])
def test_somebody_elses_file_is_left_alone(content: bytes, tmp_path: Path, out: Path) -> None:
    out.write_bytes(content)
    code, _, said = run(Applicants().write(tmp_path / "study"), out)
    assert code == 2
    assert "Name another file" in said
    assert out.read_bytes() == content


def test_never_among_reports(tmp_path: Path) -> None:
    study = Applicants().write(tmp_path / "study")
    (study / "reports" / "evaluation").mkdir(parents=True)
    sealed = tmp_path / "elsewhere"
    (sealed / "leadership").mkdir(parents=True)
    (sealed / "leadership" / "brief.html").write_text("brief")
    write_manifest(sealed / "leadership", command="test")
    for folder in (
        study / "reports",
        study / "reports" / "evaluation",
        sealed,
        sealed / "leadership",
    ):
        code, _, said = run(study, folder / "pairs.xlsx")
        assert code == 2
        assert "lies among reports" in said
        assert not (folder / "pairs.xlsx").exists()
        with pytest.raises(ReportError):
            match(study, folder / "pairs.xlsx", policy="rules")


@pytest.mark.parametrize("name, words", [("pairs.csv", ".xlsx"), ("no/where.xlsx", "no folder")])
def test_places_that_cannot_be(name: str, words: str, tmp_path: Path) -> None:
    code, _, said = run(Applicants().write(tmp_path / "study"), tmp_path / name)
    assert code == 2
    assert words in said


def test_bad_applications_write_nothing(tmp_path: Path, out: Path) -> None:
    applicants = Applicants()
    applicants.rows[0]["Role"] = "guide"
    code, _, said = run(applicants.write(tmp_path / "study"), out)
    assert code == 2
    assert "neither junior nor senior" in said
    assert not out.exists()


def test_agreed_pairs_can_be_the_studys_pairs(tmp_path: Path, out: Path) -> None:
    """As the read-me says: the file in the data folder, declared as it stands."""
    applicants = Applicants()
    study = applicants.write(tmp_path / "study")
    run(study, out)
    (study / "data" / "agreed.xlsx").write_bytes(out.read_bytes())
    text = (study / "study.toml").read_text("utf-8").replace('kind = "randomised"', "kind = KIND")
    text = text.replace("KIND", '"single-group"').replace('unit = "pair"\n', "")
    start, end = text.index("[[design.arms]]"), text.index("[roles.senior]")
    text = text[:start] + text[end:]
    text = text.replace('[tables.measures]\nfile = "survey.csv"', "")
    text += '\n[tables.pairs]\nfile = "agreed.xlsx"\nsheet = "Proposals"\n'
    (study / "study.toml").write_text(text, encoding="utf-8")
    assert len(read_study(study).pairs) == 4


def test_matching_works_on_the_example_pilot(root: Path, out: Path) -> None:
    """Everybody there is in a pair already: new partners are found for all of them."""
    match(root / "data" / "synthetic" / "pilot", out, policy="rules", seed=1)
    assert len(sheets(out)["Proposals"]) == 48


def test_the_command_offers_every_policy() -> None:
    assert cli.POLICIES == POLICIES


def test_a_study_that_is_not_there(tmp_path: Path, out: Path) -> None:
    with pytest.raises(StudyError, match="is not there"):
        match(tmp_path / "nowhere", out, policy="rules")
