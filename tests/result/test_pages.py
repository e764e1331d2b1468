"""How results, studies and fits show themselves: what is said, in which order, and to Word."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from tests.display.test_grid import read, rows_of

import rmresearch as rm
from rmresearch.result import Call, Cell, Check, Dropped, Estimate, Result, Table
from rmresearch.study import Study

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def study() -> Study:
    return rm.simulate(rm.Scenario(pairs=24), seed=11).study


def estimate(**given: object) -> Estimate:
    fields: dict[str, object] = {
        "role": "senior", "outcome": "digital_skill", "contrast": "programme - comparison",
        "wave": "month6", "value": 0.324, "low": 0.021, "high": 0.6274, "p": 0.0379,
        "n_people": 47, "n_pairs": 46, "n_clusters": 45, "method": "ANCOVA, CR2",
    }  # fmt: skip
    return Estimate(**(fields | given))  # type: ignore[arg-type]


def result(study: Study | None, *estimates: Estimate, **given: object) -> Result:
    design = study.design if study else None
    call = Call("compare_arms", (("study", "pilot"), ("outcome", "digital_skill")), design)
    return Result(call, estimates, **given)  # type: ignore[arg-type]


def test_a_table_of_estimates_in_the_studys_words(study: Study) -> None:
    made = result(study, estimate(wave="month3", value=-0.05, low=None, high=None), estimate())
    cells = read(made._repr_html_())
    assert cells.caption == "Senior mentee · Digital skill · Programme minus Starts later"
    assert [text for _, _, text in cells.rows[0]] == [
        "Wave", "Estimate", "95% interval", "p", "People", "Pairs", "Clusters"
    ]  # fmt: skip
    assert {scope for _, scope, _ in cells.rows[0]} == {"col"}
    assert [text for _, _, text in cells.rows[2]] == [
        "Month 6", "0.32", "0.02 to 0.63", "0.038", "47", "46", "45"
    ]  # fmt: skip
    assert cells.rows[1][0] == ("th", "row", "Month 3")
    assert [text for _, _, text in cells.rows[1]][1:3] == ["−0.05", "–"]
    assert "Method: ANCOVA, CR2." in made._repr_html_()


def test_the_plot_has_the_declared_smallest_effect(study: Study) -> None:
    smallest = study.design.outcome("digital_skill").smallest_effect
    assert smallest == 0.3
    page = result(study, estimate())._repr_html_()
    assert "too small to matter (within 0.30)" in page
    assert "0.32 (95% interval 0.02 to 0.63)" in page
    # neither where no study is known, nor where the number is no difference, nor in other units
    for made in (
        result(None, estimate()),
        result(study, estimate(contrast="")),
        result(study, estimate(term="standardised")),
    ):
        assert "too small to matter" not in made._repr_html_()
        assert "<svg" in made._repr_html_()


def test_failed_checks_stand_out_in_words_and_met_ones_are_folded(study: Study) -> None:
    checks = (Check("cluster rule", False, "4 in all"), Check("spread", True, "alike"))
    page = result(study, estimate(), checks=checks)._repr_html_()
    title = page.index("1 check NOT met")
    assert page.rindex("border-left", 0, title) > 0
    assert "<details" not in page[:title]
    assert page.index("4 in all") < page.index("<summary>1 check met</summary>")
    assert "Not met: cluster rule: 4 in all" in repr(result(study, estimate(), checks=checks))


def test_who_dropped_out_and_tables_and_what_stands_beside(study: Study) -> None:
    row = (Cell("programme", "label"), Cell(0.255, "proportion"), Cell(0.0001, "statistic"))
    table = Table("means", "Means", ("arm", "share", "p"), (row,))
    made = result(
        study, estimate(), estimate(term="standardised"), tables=(table,),
        dropped=(Dropped("no answer at month6", 3, 4),),
    )  # fmt: skip
    page = made._repr_html_()
    said = [[text for _, _, text in row] for row in read(page).rows]
    assert ["no answer at month6", "3", "4"] in said
    assert ["programme", "26%", "<0.001"] in said
    summaries = re.findall(r"<summary>(.*?)</summary>", page)
    assert summaries == ["1 estimate beside the record", "Means: 1 row"]
    assert repr(made).endswith("and 1 more estimate\nTables: means")


def test_names_do_nothing(study: Study) -> None:
    bad = "<img src=x onerror=alert(1)>"
    made = result(
        study,
        estimate(group=bad),
        estimate(group=bad * 2),
        checks=(Check(bad, False, bad),),
        dropped=(Dropped(bad, 1),),
        tables=(Table(bad, bad, (bad,), ((Cell(bad, "label"),),), bad),),
    )
    page = made._repr_html_()
    assert "<img" not in page
    assert page.count("&lt;img") > 5
    assert not re.search(r"<script|<style|<link|href|url\(", page)


def test_many_estimates_are_folded_and_not_plotted(study: Study) -> None:
    made = result(study, *(estimate(group=f"group {k}", n_people=k) for k in range(30)))
    page = made._repr_html_()
    assert "<summary>6 estimates more</summary>" in page
    assert "<svg" not in page
    assert len(repr(made).splitlines()) < 20


@pytest.mark.parametrize("estimates", [(), (Estimate(value=None, role="senior"),)])
def test_a_result_that_knows_nothing_shows_that(estimates: tuple[Estimate, ...]) -> None:
    made = result(None, *estimates)
    assert made._repr_html_().startswith("<p")
    assert "compare_arms: pilot, digital_skill" in repr(made)
    assert rows_of(made.to_latex())[0][-1] in {"Estimate", "Clusters"}


def test_latex_of_a_result_says_of_how_many_by_what_method(study: Study) -> None:
    latex = result(study, estimate(wave="month3", n_people=40, value=-0.1), estimate()).to_latex()
    assert rows_of(latex)[1:] == [
        ["Month 3", "−0.10", "0.02 to 0.63", "0.038", "40", "46", "45"],
        ["Month 6", "0.32", "0.02 to 0.63", "0.038", "47", "46", "45"],
    ]
    caption = latex.splitlines()[2]
    assert "n = 40 to 47 people. Method: ANCOVA, CR2." in caption
    assert "$-$0.10" in latex


def test_no_member_of_anything_is_shown(study: Study) -> None:
    ids = set(study.participants["person"]) | set(study.pairs["pair"])
    made = rm.compare_arms(study, "digital_skill", rerandomise=False)
    shown = [study, study.design, made, *made.tables, *made.estimates]
    for one in shown:
        page = one._repr_html_() if hasattr(one, "_repr_html_") else ""
        assert not ids & set(re.findall(r"[\w-]+", f"{page} {one!r}")), type(one)


def test_a_study_shows_counts_by_role_arm_and_wave(study: Study) -> None:
    people, answers = study.participants, study.scores("digital_skill")
    rows = [[text for _, _, text in row] for row in read(study._repr_html_()).rows]
    for arm in study.design.arms:
        inside = people[people["arm"].eq(arm.name) & people["role"].eq("senior")]["person"]
        row = next(one for one in rows if one[:2] == [arm.label, "senior"])
        assert row[2] == str(len(inside))
        for k, wave in enumerate(study.design.waves):
            there = set(answers.loc[answers["wave"].eq(wave.name), "person"])
            assert row[4 + k] == f"{sum(one in there for one in inside) / len(inside):.0%}"
    assert ["digital_skill", "Digital skill", "senior", "scale 1 to 5"] in [one[:4] for one in rows]
    assert repr(study).startswith("Study 'synthetic-pilot': 48 people, 24 pairs")


def test_fits_show_coefficients_with_intervals_and_variances() -> None:
    frame = pd.DataFrame(
        {"pair": list("aabbcc"), "who": list("xyxyxy"), "score": [1.0, 3, 5, 8, 6, 7]}
    )
    mixed, plain = rm.lmm("score ~ who + (1 | pair)", frame), rm.ols("score ~ who", frame)
    for fit in (mixed, plain):
        rows = [[text for _, _, text in row] for row in read(fit._repr_html_()).rows]
        assert rows[0][:3] == ["Term", "Estimate", "95% interval"]
        assert rows[2][:2] == ["who[T.y]", "2"]  # means 4 and 6
        assert "who[T.y]: 2.00" in fit._repr_html_()  # in the plot's words
        assert rows_of(fit.to_latex())[2][:2] == ["who[T.y]", "2"]
        assert "6 rows" in fit.to_latex()
        assert "who[T.y]" in repr(fit)
    # between pairs' means 2, 6.5, 6.5 and within pairs: 6.5 and 0.5, by the balanced formulas
    assert "Variances: pair Intercept 6.5; Residual 0.5." in mixed.to_latex()
    assert ["pair", "Intercept", "2.55", "6.5", "–"] in [
        [text for _, _, text in row] for row in read(mixed._repr_html_()).rows
    ]


@pytest.mark.slow
def test_it_pastes_into_word_as_a_table(study: Study, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("no LibreOffice")
    made = result(study, estimate(wave="month3", value=-0.05, p=None), estimate(group="a & <b>"))
    page = tmp_path / "page.html"
    page.write_text(f"<meta charset='utf-8'><body>{made._repr_html_()}</body>", "utf-8")
    done = subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/office", "--headless",
         "--infilter=HTML (StarWriter)", "--convert-to", "docx:MS Word 2007 XML",
         "--outdir", str(tmp_path), str(page)],
        check=True, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    if "could not be loaded" in done.stderr:
        pytest.skip("LibreOffice without Writer")
    with zipfile.ZipFile(tmp_path / "page.docx") as word:
        root = ElementTree.fromstring(word.read("word/document.xml"))
    (table,) = list(root.iter(f"{W}tbl"))
    found = [
        ["".join(t.text or "" for t in cell.iter(f"{W}t")).strip() for cell in row.iter(f"{W}tc")]
        for row in table.iter(f"{W}tr")
    ]
    assert found == [[text for _, _, text in row] for row in read(made._repr_html_()).rows]
    assert found[1][:4] == ["Month 3", "", "−0.05", "0.02 to 0.63"]
