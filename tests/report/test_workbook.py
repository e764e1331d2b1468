"""The leadership workbook: every number the release's own, text always text, the same bytes."""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import json
import pkgutil
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analysis.registry import CASES
from tests.pictures import empty, needed, pictures
from tests.report.test_translation import WORD as LATIN
from tests.report.test_translation import in_book, left, translate

from rmresearch import analysis
from rmresearch.analysis import leavers, match, missing, scales, workforce
from rmresearch.analysis.meetings import parts as meetings
from rmresearch.errors import PrivacyError
from rmresearch.files import sha256_text, to_json
from rmresearch.numerics.surface import SURFACE
from rmresearch.privacy import Ledger, Release, read_release, terms
from rmresearch.report import words
from rmresearch.report.evaluation import Evaluation, evaluate
from rmresearch.report.findings import labels_of
from rmresearch.report.words.phrases import catalogue
from rmresearch.report.workbook import workbook
from rmresearch.report.workbook.said import label
from rmresearch.report.workbook.writing import sheet_names
from rmresearch.result import Result
from rmresearch.study import Design
from rmresearch.whatif import receipt

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "data" / "synthetic" / "pilot"
HEAD = "{http://schemas.openxmlformats.org/drawingml/2006/"
LONG = "Department of the long name that goes on for sixty characters"
#: what is typed as a formula, or runs from right to left, or is code
NASTY = ("=1+1", "+2", "-3", "@SUM(A1)", "\tx", "\rx", "מיומנות דיגיטלית", "<b>x</b>", LONG)


@pytest.fixture(scope="module")
def pilot() -> Evaluation:
    return evaluate(PILOT)


@pytest.fixture(scope="module")
def design(pilot: Evaluation) -> Design:
    return pilot.findings.study.design


@pytest.fixture(scope="module")
def content(pilot: Evaluation, design: Design) -> bytes:
    return workbook(pilot.released, design)


@pytest.fixture(scope="module")
def book(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


@pytest.fixture(scope="module")
def plain(pilot: Evaluation) -> Mapping[str, Any]:
    """released.json as anybody can read it."""
    found: Mapping[str, Any] = json.loads(pilot.released.to_json())["release"]
    return found


def made_of(plain: Mapping[str, Any], **other: Any) -> Release:
    """A release that says something else than the example's."""
    text = to_json({**plain, **other})
    whole = json.loads(text)
    return read_release(to_json({"release": whole, "sha256": sha256_text(to_json(whole))}))


def body(sheet: Any) -> tuple[list[str], list[list[Any]]]:
    """The heads of a sheet's table and its rows: they begin below the link to the first sheet."""
    rows = [list(row) for row in sheet.iter_rows()]
    top = next(i for i, row in enumerate(rows) if row[0].value == "Read me") + 1
    return [str(cell.value) for cell in rows[top]], rows[top + 1 :]


def test(column: str) -> bool:
    """Whether a column holds a test of chance, which leadership does not get."""
    return (
        column in {"p", "F", "df", "denominator df"}
        or column.endswith(" p")
        or column.startswith("p (")
    )


def shown(cell: Mapping[str, Any]) -> Any:
    if cell["hidden"]:
        return "hidden"
    return "–" if cell["value"] in (None, "") else cell["value"]


test.__test__ = False  # type: ignore[attr-defined]


def test_every_number_of_a_table_is_the_release_s(book: Any, plain: Mapping[str, Any]) -> None:
    kinds: dict[str, list[Any]] = {}
    for table in plain["tables"]:
        key = f"{table['result'].partition(':')[0]}-{table['name']}"
        kinds.setdefault(key, []).append(table)
    assert len(kinds) > 35
    seen = typed = 0
    for key, tables in kinds.items():
        heads, rows = body(book[catalogue()["workbook_sheet"][key]])
        columns = list(dict.fromkeys(c for t in tables for c in t["columns"] if not test(c)))
        wanted = [
            {c: shown(cell) for c, cell in zip(t["columns"], row, strict=True)}
            for t in tables
            for row in t["rows"]
        ]
        kept = [c for c in columns if any(row.get(c, "–") != "–" for row in wanted)]
        assert len(heads) - len(kept) in {0, 1}, key  # the outcome's name may stand in front
        assert len(rows) == len(wanted)
        for row, expected in zip(rows, wanted, strict=True):
            for cell, column in zip(row[len(heads) - len(kept) :], kept, strict=True):
                value = expected.get(column, "–")
                if isinstance(value, (int, float)):
                    assert (cell.value, cell.data_type) == (value, "n"), (key, column)
                    whole = displayed(cell)
                    assert whole == pytest.approx(value, abs=1e-9), (key, column)
                    seen += 1
                elif value in ("hidden", "–"):
                    assert cell.value == value
                elif re.fullmatch(r"[\d,]+(\.\d+)?", value):  # declared, told as text
                    assert (cell.value, cell.data_type) == (float(value.replace(",", "")), "n")
                    assert displayed(cell) == cell.value
                    typed += 1
                else:
                    assert cell.data_type == "s"
    # every number that the release lets out, counted without the sheets
    let_out = [
        shown(cell)
        for table in plain["tables"]
        for row in table["rows"]
        for column, cell in zip(table["columns"], row, strict=True)
        if not test(column)
    ]
    assert seen == sum(isinstance(value, (int, float)) for value in let_out)
    assert typed == 9 + 10  # three costs with three numbers each; the smallest effect ten times
    assert seen > 2_980  # 3,000 less those that would tell how few left, or an extreme share


def displayed(cell: Any) -> float:
    """The number that the cell's format shows."""
    form = cell.number_format
    if form.endswith("%"):
        return round(cell.value, 2 + len(form.rstrip("%").partition(".")[2]))
    return float(round(cell.value, len(form.partition(".")[2])))


def test_every_estimate_is_the_release_s(book: Any, plain: Mapping[str, Any]) -> None:
    heads, rows = body(book["Estimates"])
    assert len(rows) == len(plain["estimates"]) > 800
    at = {head: place for place, head in enumerate(heads)}
    numbers = {"Value": "value", "From": "low", "To": "high", "People": "n_people",
               "Pairs": "n_pairs", "Independent units": "n_clusters"}  # fmt: skip
    for row, one in zip(rows, plain["estimates"], strict=True):
        for head, name in numbers.items():
            cell = row[at[head]]
            if one["hidden"]:
                assert cell.value == "hidden"
            elif one[name] is None:
                assert cell.value == "–"
            else:
                assert cell.value == one[name]
                if cell.data_type == "n":
                    assert displayed(cell) == pytest.approx(one[name], abs=1e-9)
    skill = next(
        row for row in rows
        if (row[at["Question"]].value, row[at["Quantity"]].value, row[at["Survey"]].value)
        == ("Difference between groups", "The main number", "Month 6")
    )  # fmt: skip
    assert skill[at["Comparison"]].value == "Programme − Waiting list"
    assert skill[at["Who"]].value == "Senior mentees"


def test_charts_draw_released_numbers_and_say_them(
    content: bytes, book: Any, plain: Mapping[str, Any]
) -> None:
    """Every point and both ends of its error bar, read from the cells that a chart names."""
    sheet = book["Charts"]
    verdicts = [one["estimate"] for one in plain["verdicts"]]
    known = {(one["value"], one["low"], one["high"]) for one in (*plain["estimates"], *verdicts)}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = sorted(n for n in archive.namelist() if re.match(r"xl/charts/chart\d+\.xml", n))
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
        charts = [ElementTree.fromstring(archive.read(name)) for name in names]
    # five outcomes' means, and their differences
    assert len(charts) == 6
    told = re.findall(r'descr="([^"]*)"', drawing)
    assert len(told) == 6
    # as deck and brief say: at the level that decides, not each number by itself at 95%
    first = next(one for one in verdicts if one["wave"] == "month6")
    assert first["level"] == 0.99
    ends = "{value:.2f} ({low:.2f} to {high:.2f})".format(**first)
    assert f"(99%), at the last survey: Digital skill {ends}" in told[0]
    points = bands = 0
    for chart in charts:
        for series in chart.iter(f"{HEAD}chart}}ser"):
            if next(series.iter(f"{HEAD}chart}}plus"), None) is None:
                bars = series.find(f"{HEAD}chart}}val")
                assert bars is not None
                bands += set(map(abs, cells(sheet, bars))) == {
                    0.3
                }  # as declared, on either side of zero
                continue
            tags = ("plus", "minus", "yVal" if series.find(f"{HEAD}chart}}yVal") else "val")
            above, below, values = (
                cells(sheet, next(series.iter(f"{HEAD}chart}}{tag}"))) for tag in tags
            )
            for value, up, down in zip(values, above, below, strict=True):
                assert any(
                    value == v and up == pytest.approx(h - v) and down == pytest.approx(v - low)
                    for v, low, h in known
                    if isinstance(v, (int, float)) and low is not None and h is not None
                )
                points += 1
    assert points == 5 + 5 * 6
    assert bands == 2


def test_answers_stand_first_and_are_what_deck_and_brief_say(
    book: Any, plain: Mapping[str, Any]
) -> None:
    assert [sheet.title for sheet in book.worksheets[:3]] == ["Read me", "Charts", "Answers"]
    heads, rows = body(book["Answers"])
    assert len(rows) == len(plain["verdicts"]) == 10
    numbers = {"Value": "value", "From": "low", "To": "high", "Level": "level",
               "People": "n_people"}  # fmt: skip
    for row, one in zip(rows, plain["verdicts"], strict=True):
        cell = dict(zip(heads, row, strict=True))
        for head, name in numbers.items():
            assert cell[head].value == one["estimate"][name], (head, name)
            assert displayed(cell[head]) == pytest.approx(one["estimate"][name], abs=1e-9)
        assert cell["Level"].number_format == "0%"  # not 0.##%, which reads 99.%
        assert cell["Certainty of the design"].value == one["judgement"]["certainty"]
        assert cell["Smallest difference that matters"].value == 0.3
    assert {row[-1].value for row in rows} >= {"too imprecise to tell"}


#: for statisticians; only the codebook has them, beside what they mean
TECHNICAL = re.compile(
    r"\b(REML|CR2|Satterthwaite|Kenward|Hedges|Wilson|Holm|Kaplan|Pearson|ICC of|mixed model|"
    r"profile likelihood|confidence interval|random part|covarian\w+|heteroskedas\w+|wave|arm)\b",
    re.IGNORECASE,
)


def test_titles_and_notes_are_plain_and_technical_words_stand_in_the_codebook(
    book: Any, plain: Mapping[str, Any]
) -> None:
    said = catalogue()
    for sheet in book.worksheets:
        if sheet.title.startswith("Codebook"):
            continue
        top = [row[0] for row in sheet.iter_rows(values_only=True, max_row=3)]
        if sheet.title == "Read me":
            top += [row[1] for row in sheet.iter_rows(values_only=True)]
        for text in filter(None, top):
            assert not TECHNICAL.search(text), (sheet.title, text)
    heads, rows = body(book["Estimates"])
    assert "Method" not in heads
    for row in rows:
        for cell in row:
            assert not re.search(r"REML|CR2|Satterthwaite", str(cell.value)), cell.value
    methods = {row[2].value for row in body(book["Codebook methods"])[1]}
    technical = {one["method"] for one in plain["estimates"] if one["method"]}
    assert len(methods) == len(technical)
    words_told = " ".join(row[0].value for row in body(book["Codebook words"])[1])
    for word in ("REML", "CR2", "Satterthwaite", "Holm", "Hedges", "Wilson", "mixed model"):
        assert word in words_told
    tables = {f"{one['result'].partition(':')[0]}-{one['name']}" for one in plain["tables"]}
    assert tables <= said["workbook_title"].keys()
    noted = {f"{t['result'].partition(':')[0]}-{t['name']}" for t in plain["tables"] if t["note"]}
    assert noted <= said["workbook_note"].keys()  # an analyst's note reaches nobody else


def test_a_role_has_one_name(book: Any) -> None:
    for sheet in book.worksheets[3:]:
        heads, rows = body(sheet)
        if "Who" in heads and not sheet.title.startswith("Codebook"):
            place = heads.index("Who")
            people = {"Senior mentees", "Junior mentors", "Pairs", "All", "Everyone", "People"}
            assert {row[place].value for row in rows} <= people, sheet.title


def cells(sheet: Any, reference: ElementTree.Element) -> list[Any]:
    found = next(reference.iter(f"{HEAD}chart}}f")).text or ""
    return [row[0].value for row in sheet[found.partition("!")[2].replace("$", "")]]


def test_an_axis_holds_every_interval_whole(content: bytes, plain: Mapping[str, Any]) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        chart = archive.read("xl/charts/chart1.xml").decode()
    low, high = (float(re.findall(rf'<c:{end} val="([^"]*)"', chart)[-1]) for end in ("min", "max"))
    ends = [
        one["estimate"][end]
        for one in plain["verdicts"]
        for end in ("low", "high")
        if one["estimate"]["wave"] == "month6"
    ]
    assert low <= min(ends) < 0 < max(ends) <= high


@pytest.mark.parametrize(
    ("low", "high", "axis"),
    [(3.0, 3.6, (1, 5)), (0.9, 3.6, (0.5, 4)), (-40.0, 3_830.0, (-500, 4_000))],
)
def test_an_axis_of_means_is_the_scale_unless_an_interval_leaves_it(
    plain: Mapping[str, Any], design: Design, low: float, high: float, axis: tuple[float, float]
) -> None:
    """Hand-made: a scale from 1 to 5; steps of a half hold .9 to 3.6, of 500 hold -40 to 3,830."""
    one = next(e for e in plain["estimates"] if e["result"] == "wave_means:digital_skill")
    made = [{**one, "value": 3.3, "low": low, "high": high}]
    content = workbook(made_of(plain, estimates=made, verdicts=[]), design)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        chart = archive.read("xl/charts/chart1.xml").decode()
    found = (float(re.findall(rf'<c:{end} val="([^"]*)"', chart)[-1]) for end in ("min", "max"))
    assert tuple(found) == axis


def test_the_same_release_is_the_same_bytes(
    pilot: Evaluation, design: Design, content: bytes
) -> None:
    back = read_release(pilot.released.to_json())
    assert workbook(back, design) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
        names = archive.namelist()
        parts = b"".join(archive.read(name) for name in names)
    assert re.findall(r">(\d{4})-", core) == ["2000", "2000"]
    assert "<dc:creator></dc:creator>" in core
    assert not [name for name in names if "external" in name.lower()]
    assert b"TargetMode" not in parts
    assert b"<f>" not in parts.replace(b"<c:f>", b"")


def test_heads_stay_and_pages_fit(book: Any) -> None:
    for sheet in book.worksheets[2:]:
        heads, rows = body(sheet)
        assert sheet.freeze_panes is not None
        assert sheet.print_title_rows
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert bool(sheet.auto_filter.ref) == (len(rows) >= 12), sheet.title
        assert len(set(heads)) == len(heads), sheet.title
        for place in range(1, len(heads) + 1):
            width = sheet.column_dimensions[openpyxl.utils.get_column_letter(place)].width
            assert 9 <= width <= 53


def test_no_word_that_leadership_may_not_read(book: Any) -> None:
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True):
            for text in row:
                if isinstance(text, str):
                    assert words.lint(text) == (), (sheet.title, text)
                    assert words.chance_words(text) == (), (sheet.title, text)


def places(sheet: Any) -> list[str]:
    """Where the links of a sheet lead, all inside the workbook."""
    links = [cell.hyperlink for row in sheet.iter_rows() for cell in row if cell.hyperlink]
    assert all(link.target is None for link in links)
    return [link.location for link in links]


def test_every_sheet_is_listed_first_and_leads_back(book: Any) -> None:
    first = book["Read me"]
    links = set(places(first))
    assert {f"'{sheet.title}'!A1" for sheet in book.worksheets[1:]} == links
    for sheet in book.worksheets[1:]:
        assert places(sheet) == ["'Read me'!A1"]
    said = " ".join(str(row[1]) for row in first.iter_rows(values_only=True))
    assert "invented" in said
    assert "too few people" in said


@pytest.mark.parametrize("name", NASTY)
def test_names_from_data_stay_text(plain: Mapping[str, Any], design: Design, name: str) -> None:
    outcomes = (replace(design.outcomes[0], label=name), *design.outcomes[1:])
    arms = (replace(design.arms[0], label=name), *design.arms[1:])
    label = {"value": name, "kind": "label", "hidden": False}
    count = {"value": 12, "kind": "count", "hidden": False}
    table = {"result": "subgroups:digital_skill", "name": "subgroups", "title": name, "note": name,
             "columns": ["group", "people"], "rows": [[label, count]]}  # fmt: skip
    means = [one for one in plain["estimates"] if one["result"].startswith("wave_means:digital")]
    released = made_of(plain, title=name, estimates=means, tables=[table])
    content = workbook(released, replace(design, outcomes=outcomes, arms=arms, organisation=name))
    book = openpyxl.load_workbook(io.BytesIO(content))
    texts = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in texts} <= {"s", "n"}
    named = [cell for cell in texts if cell.value == name]
    # in the means' rows, the codebook, the estimates, the table of groups: as they were given
    assert len(named) > 5 or name.strip() != name
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [archive.read(n) for n in archive.namelist() if n.startswith("xl/worksheets/")]
        charts = [archive.read(n) for n in archive.namelist() if n.startswith("xl/charts/")]
    assert not any(b"<f>" in part for part in parts)
    drawn = {found for part in charts for found in re.findall(rb"<c:f>([^<]*)</c:f>", part)}
    assert drawn
    assert all(re.fullmatch(rb"Charts!\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?", found) for found in drawn)
    if name[0] in "=+-@":
        assert all(cell.quotePrefix for cell in named)


def test_many_outcomes_and_one_without_data(plain: Mapping[str, Any], design: Design) -> None:
    first = design.outcomes[0]
    outcomes = tuple(
        replace(first, name=f"o{i}", label=f"{LONG} {i}", items=(f"I{i}",)) for i in range(25)
    )
    some = [one for one in plain["estimates"] if one["outcome"] == first.name and not one["term"]]
    estimates = [
        {**one, "outcome": f"o{i}", "result": f"{one['result'].partition(':')[0]}:o{i}"}
        for i in range(24)
        for one in some
    ]
    content = workbook(
        made_of(plain, estimates=estimates, tables=[], verdicts=[]),
        replace(design, outcomes=outcomes),
    )
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(body(book["Codebook outcomes"])[1]) == 25
    assert len(book["Charts"]._charts) == 25  # of 24 their means, and one of their differences
    drawn = [chart.anchor for chart in book["Charts"]._charts]
    ends = sorted((a._from.row, a.to.row) for a in drawn)
    assert all(before[1] < after[0] for before, after in pairwise(ends))


def test_nothing_released_is_still_a_workbook(plain: Mapping[str, Any], design: Design) -> None:
    empty = made_of(plain, estimates=[], tables=[], checks=[], dropped=[], hidden=[], verdicts=[])
    book = openpyxl.load_workbook(io.BytesIO(workbook(empty, design)))
    said = [row[0] for row in book["Charts"].iter_rows(values_only=True)]
    assert "This release holds no mean or difference that could be drawn." in said
    assert len(body(book["Estimates"])[1]) == 0


def test_a_yes_or_no_outcome_is_in_percent(plain: Mapping[str, Any], design: Design) -> None:
    outcomes = (replace(design.outcomes[0], kind="binary", low=0, high=1), *design.outcomes[1:])
    one = next(one for one in plain["estimates"] if one["result"] == "compare_arms:digital_skill"
               and not one["term"])  # fmt: skip
    released = made_of(plain, estimates=[{**one, "value": 0.12, "low": -0.05, "high": 0.29}])
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(released, replace(design, outcomes=outcomes)))
    )
    row = body(book["Estimates"])[1][0]
    assert [(cell.value, cell.number_format) for cell in row[7:10]] == [
        (0.12, "0%"), (-0.05, "0%"), (0.29, "0%"),
    ]  # fmt: skip
    heads, rows = body(book["Differences between groups"])
    mean = rows[0][heads.index("Mean")]
    assert mean.number_format == "0%"


def test_a_release_for_analysts_is_refused(plain: Mapping[str, Any], design: Design) -> None:
    with pytest.raises(PrivacyError, match="for analysts"):
        workbook(made_of(plain, audience="technical"), design)


@given(st.lists(st.text(max_size=60), max_size=12))
def test_sheet_names_are_legal_and_each_once(wanted: list[str]) -> None:
    made = sheet_names(wanted)
    assert len({name.casefold() for name in made}) == len(made) == len(wanted)
    for name in made:
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
        assert not name.startswith("'")
        assert not name.endswith("'")


#: the tables of analyses that declare several, by the question they answer
DECLARED = {
    "attrition": leavers.TABLES,
    "engagement": meetings.TABLES,
    "match_quality": match.TABLES,
    "missingness": missing.TABLES,
    "reliability": scales.TABLES,
    "workforce_outcomes": workforce.TABLES,
}


def modules() -> Iterator[ModuleType]:
    """Every module whose analyses the workbook shows; the pulse has pages of its own."""
    for package in (analysis, receipt):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".pulse" not in found.name:
                yield importlib.import_module(found.name)


def handed(module: ModuleType, function: str, place: int) -> Iterator[Any]:
    """What calls of a function are given at a place: texts, and constants by their value."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function:
            given = node.args[place]
            if isinstance(given, ast.Constant):
                yield given.value
            elif isinstance(given, ast.Name) and hasattr(module, given.id):
                yield getattr(module, given.id)


@pytest.fixture(scope="module")
def asked() -> tuple[tuple[Result, Design], ...]:
    """An answer of every analysis but the pulse, and of which study."""
    made = ((case.ask(study := case.study(), 0.0, 1.0), study.design) for case in CASES.values())
    return tuple((one, of) for one, of in made if one.call.function != "pulse")


@pytest.fixture(scope="module")
def results(asked: tuple[tuple[Result, Design], ...]) -> tuple[Result, ...]:
    return tuple(one for one, _ in asked)


def test_every_quantity_has_its_words(results: tuple[Result, ...]) -> None:
    known = catalogue()["workbook_term"]
    for term in {*terms.IN_POINTS, *terms.SHARES, *terms.WHOLE, *terms.MONEY, *SURFACE} - {""}:
        assert term in known, term
    told = [one for result in results for one in result.estimates]
    assert {one.term for one in told} - {""} <= known.keys()
    assert {one.estimand for one in told} - {""} <= catalogue()["workbook_about"].keys()
    assert {one.call.function for one in results} <= catalogue()["workbook_question"].keys()


def test_every_quantity_of_the_example_has_its_words(plain: Mapping[str, Any]) -> None:
    known = catalogue()["workbook_term"]
    assert {one["term"] for one in plain["estimates"]} - {""} <= known.keys()
    told = {one["estimand"] for one in plain["estimates"]} - {""}
    assert told <= catalogue()["workbook_about"].keys()


def test_every_check_has_its_words(results: tuple[Result, ...], plain: Mapping[str, Any]) -> None:
    written = {name for module in modules() for name in handed(module, "Check", 0)}
    assert len(written) > 90
    seen = {one.name for result in results for one in result.checks}
    seen |= {name for _, name, _ in plain["checks"]}
    assert written | seen <= catalogue()["workbook_check"].keys()


def test_every_table_and_column_has_its_words(
    results: tuple[Result, ...], plain: Mapping[str, Any]
) -> None:
    tables = [(one.call.function, table) for one in results for table in one.tables]
    kinds = {f"{function}-{table.name}" for function, table in tables}
    kinds |= {f"{function}-{name}" for function, declared in DECLARED.items() for name in declared}
    assert kinds <= catalogue()["workbook_sheet"].keys()
    assert kinds <= catalogue()["workbook_title"].keys()
    columns = {name for _, table in tables for name in table.columns}
    columns |= {name for table in plain["tables"] for name in table["columns"]}
    constants = [many for module in modules() for many in handed(module, "Table", 2)]
    columns |= {name for many in constants for name in many}
    columns |= {name for many in DECLARED.values() for one in many.values() for name in one[1]}
    assert len(columns) > 150
    known = catalogue()["workbook_head"].keys()
    for name in columns:
        assert test(name) or re.sub(" (low|high)$", "", name) in known, name


def test_a_translation_holds_all_that_results_say(
    pilot: Evaluation,
    design: Design,
    asked: tuple[tuple[Result, Design], ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Left in Latin letters are codes, values of the study's columns, reasons and methods."""
    translate(monkeypatch)
    study = pilot.findings.study
    values = {str(one) for name in ("department", "stratum") for one in study.participants[name]}
    codes = ("code", "items", "reversed", "reason", "method")
    said = in_book(workbook(pilot.released, design), codes=codes)
    assert left(said, design) <= {word for one in values for word in LATIN.findall(one)}
    # the made studies' departments, sites, feature, and a reason for which pairs ended
    own = {"Finance", "Technology", "site", "interests", "not", "good", "match"}
    for result, of in asked:
        labels = labels_of(of)
        for table in result.tables:
            texts = [cell.value for row in table.rows for cell in row]
            told = [label(one, labels) for one in texts if isinstance(one, str)]
            items = {item for one in of.outcomes for item in one.items}
            assert left([one for one in told if one not in items], of) <= own, table.name


def test_whom_it_is_about_is_in_the_ledger_before_it_is_written(
    pilot: Evaluation, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.json"
    written = replace(pilot, ledger=Ledger(path, b"a key of the study")).write(tmp_path)
    assert [p.name for p in written] == ["results.json", "released.json", "workbook.xlsx"]
    assert len(json.loads(path.read_text("utf-8"))["releases"]) == 1
    path.unlink()
    path.mkdir()  # a ledger that cannot be written: nothing may leave
    out = tmp_path / "out"
    with pytest.raises(Exception, match="ledger"):
        replace(pilot, ledger=Ledger(path, b"a key of the study")).write(out)
    assert not out.exists()


WORD = re.compile(
    r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>'
)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.slow
def test_every_sheet_is_drawn_whole(content: bytes, book: Any, tmp_path: Path) -> None:
    """As LibreOffice prints it: nothing empty, no number too wide, no text or chart cut off."""
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    seen = pictures(path, tmp_path, dots=30)
    assert len(seen) >= len(book.worksheets)
    assert empty(seen) == []
    pages: dict[str, list[str]] = {}
    for page in pypdf.PdfReader(tmp_path / "book.pdf").pages:
        text = page.extract_text()
        name = re.search(r"Leadership workbook (.*?) Page \d+ of \d+", text)
        assert name, text
        pages.setdefault(name[1], []).append(text)
    assert list(pages) == [sheet.title for sheet in book.worksheets]
    # a chart that is wider than its page would go on to another
    assert len(pages["Charts"]) == len(book["Charts"].row_breaks.brk) + 1
    for sheet in book.worksheets:
        drawn = squeezed("".join(pages[sheet.title]))
        assert "###" not in drawn, sheet.title
        whole = {squeezed(str(cell.value)) for row in sheet.iter_rows() for cell in row
                 if cell.data_type == "s" and cell.column <= 18}  # fmt: skip
        cut = [text for text in whole if text not in drawn]
        assert cut == [], (sheet.title, cut)
    command = [needed("pdftotext", "poppler-utils"), "-bbox", str(tmp_path / "book.pdf"), "-"]
    boxes = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for number, page_of in enumerate(boxes.split("<page ")[1:], 1):
        words_of = sorted(
            (tuple(map(float, found[:4])), found[4]) for found in WORD.findall(page_of)
        )
        for place, (one, told) in enumerate(words_of):
            for other, below in words_of[place + 1 :]:
                if other[0] > one[2] - 1.0:
                    break  # further to the right, as are all that follow
                high = min(one[3], other[3]) - max(one[1], other[1])
                wide = min(one[2], other[2]) - other[0]
                tall = min(one[3] - one[1], other[3] - other[1])
                assert wide <= 1.0 or high <= tall / 3, (number, told, below)
