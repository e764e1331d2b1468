"""One set of answers in every layout and file kind gives one and the same table of measures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from pilot_files import LABELS, Pilot, Row, as_csv

from rmresearch.io.check import check
from rmresearch.io.read import load
from rmresearch.study import TABLES, Study

ITEMS = ["skill_1", "skill_2", "skill_3", "skill_4", "confidence"]
MEASURES = '[tables.measures]\nfile = "measures.csv"\n'


def loaded(folder: Path) -> Study:
    found = load(folder)
    assert found.study is not None, [str(problem) for problem in found.findings.lines()]
    return found.study


def answers(study: Study) -> list[tuple[object, ...]]:
    """The measures as sorted rows, whatever their order."""
    columns = ["person", "rater", "wave", "item", "value"]
    return sorted(study.measures[columns].itertuples(index=False, name=None))


def expected() -> list[tuple[object, ...]]:
    """The same from the pilot's rows, by a plain loop."""
    codes = {label: float(i + 1) for i, label in enumerate(LABELS)}
    return sorted(
        (
            row["person"],
            row["person"],
            row["wave"],
            row["item"],
            codes.get(row["value"]) or float(row["value"]),
        )
        for row in Pilot().measures
    )


def by_wave() -> list[Row]:
    rows: dict[tuple[str, str], Row] = {}
    for row in Pilot().measures:
        blank = {"id": row["person"], "when": row["wave"], **dict.fromkeys(ITEMS, "")}
        rows.setdefault((row["person"], row["wave"]), blank)[row["item"]] = row["value"]
    return list(rows.values())


def wide() -> list[Row]:
    rows: dict[str, Row] = {}
    columns = [f"{item}.{wave}" for wave in ("pre", "post") for item in ITEMS]
    for row in Pilot().measures:
        blank = {"id": row["person"], **dict.fromkeys(columns, "")}
        rows.setdefault(row["person"], blank)[f"{row['item']}.{row['wave']}"] = row["value"]
    return list(rows.values())


def in_files(toml: str, **files: str) -> Callable[[Path], Study]:
    def write(folder: Path) -> Study:
        pilot = Pilot().replace(MEASURES, toml)
        pilot.raw |= {name.replace("_csv", ".csv"): text for name, text in files.items()}
        return loaded(pilot.write(folder))

    return write


LAYOUTS = {
    "long": in_files(MEASURES),
    "by wave": in_files(
        '[tables.measures]\nfile = "survey.csv"\nlayout = "by-wave"\n'
        'columns = { person = "id", wave = "when" }\n',
        survey_csv=as_csv(by_wave()),
    ),
    "by wave, columns renamed": in_files(
        '[tables.measures]\nfile = "survey.csv"\nlayout = "by-wave"\n'
        'columns = { person = "id", wave = "when" }\nitems = { confidence = "Q 7" }\n',
        survey_csv=as_csv(by_wave()).replace("confidence", "Q 7"),
    ),
    "a file a wave": in_files(
        '[[tables.measures]]\nfile = "pre.csv"\nlayout = "by-wave"\nconstants = { wave = "pre" }\n'
        'columns = { person = "id" }\n'
        '[[tables.measures]]\nfile = "post.csv"\nlayout = "by-wave"\n'
        'constants = { wave = "post" }\ncolumns = { person = "id" }\n',
        pre_csv=as_csv([row for row in by_wave() if row["when"] == "pre"]),
        post_csv=as_csv([row for row in by_wave() if row["when"] == "post"]),
    ),
    "wide": in_files(
        '[tables.measures]\nfile = "survey.csv"\nlayout = "wide"\ncolumns = { person = "id" }\n'
        'waves = { pre = "{item}.pre", post = "{item}.post" }\n',
        survey_csv=as_csv(wide()),
    ),
    "wide by number, one item mapped": in_files(
        '[tables.measures]\nfile = "survey.csv"\nlayout = "wide"\ncolumns = { person = "id" }\n'
        'waves = { pre = "Q{n}.pre", post = "Q{n}.post" }\n'
        'items.pre = { confidence = "confidence.pre" }\n'
        'items.post = { confidence = "confidence.post" }\n',
        survey_csv=as_csv(wide()).replace("skill_", "Q"),
    ),
    "two wide sources": in_files(
        '[[tables.measures]]\nfile = "survey.csv"\nlayout = "wide"\ncolumns = { person = "id" }\n'
        'waves = { pre = "{item}.pre", post = "{item}.post" }\nonly = ["confidence"]\n'
        '[[tables.measures]]\nfile = "survey.csv"\nlayout = "wide"\ncolumns = { person = "id" }\n'
        'waves = { pre = "{item}.pre", post = "{item}.post" }\n'
        'only = ["skill_1", "skill_2", "skill_3", "skill_4"]\n',
        survey_csv=as_csv(wide()),
    ),
    "semicolons, other words for waves and items": in_files(
        '[tables.measures]\nfile = "measures.csv"\ndelimiter = ";"\n'
        'values.wave = { "T0" = "pre", "T1" = "post" }\nvalues.item = { "Q5" = "confidence" }\n',
        measures_csv=as_csv(Pilot().measures, ";")
        .replace(";pre;", ";T0;")
        .replace(";post;", ";T1;")
        .replace(";confidence;", ";Q5;"),
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_answers(layout: str, tmp_path: Path) -> None:
    study = LAYOUTS[layout](tmp_path)
    assert answers(study) == expected()


def typed(rows: list[Row], items: list[str]) -> pd.DataFrame:
    """The wide table with numbers as numbers."""
    frame = pd.DataFrame(rows).replace("", None)
    for item in items:
        for wave in ("pre", "post"):
            frame[f"{item}.{wave}"] = pd.to_numeric(frame[f"{item}.{wave}"])
    return frame


WIDE = (
    '[tables.measures]\nfile = "{file}"\nlayout = "wide"\ncolumns = {{ person = "id" }}\n'
    'waves = {{ pre = "{{item}}.pre", post = "{{item}}.post" }}\n'
)


def test_a_workbook_gives_the_same_answers(tmp_path: Path) -> None:
    folder = Pilot().replace(MEASURES, WIDE.format(file="s.xlsx")).write(tmp_path)
    typed(wide(), ITEMS[:4]).to_excel(folder / "data" / "s.xlsx", index=False)
    assert answers(loaded(folder)) == expected()


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_value_labels_are_matched_by_their_text(kind: str, tmp_path: Path) -> None:
    """Codes run the other way in the file: only the label says what was answered."""
    turned = {label: 5.0 - i for i, label in enumerate(LABELS)}
    frame = typed(wide(), ITEMS[:4])
    frame.columns = [column.replace(".", "_w_") for column in frame.columns]
    labels = {}
    for wave in ("pre", "post"):
        column = f"confidence_w_{wave}"
        frame[column] = frame[column].map(turned)
        labels[column] = {code: label for label, code in turned.items()}
        if kind == "dta":
            labels[column] = {int(code): label for code, label in labels[column].items()}
            frame[column] = frame[column].astype(float)
    toml = WIDE.format(file=f"s.{kind}").replace(".pre", "_w_pre").replace(".post", "_w_post")
    folder = Pilot().replace(MEASURES, toml).write(tmp_path)
    write = pyreadstat.write_sav if kind == "sav" else pyreadstat.write_dta
    write(frame, str(folder / "data" / f"s.{kind}"), variable_value_labels=labels)
    assert answers(loaded(folder)) == expected()


def test_a_wave_may_have_its_own_wording(tmp_path: Path) -> None:
    pilot = Pilot().replace(
        "missing = [",
        'wave_labels.post = { "None" = 1, "Some" = 2, "Medium" = 3, "Much" = 4, "Most" = 5 }\n'
        "missing = [",
    )
    new = dict(zip(LABELS, ["None", "Some", "Medium", "Much", "Most"], strict=True))
    for row in pilot.measures:
        if row["wave"] == "post":
            row["value"] = new.get(row["value"], row["value"])
    assert answers(loaded(pilot.write(tmp_path))) == expected()


def test_labels_are_trimmed_and_numeric_codes_taken_as_they_are(tmp_path: Path) -> None:
    pilot = Pilot()
    for row in pilot.measures:
        if row["item"] == "confidence" and row["wave"] == "pre":
            row["value"] = f" {row['value']}  "
        elif row["item"] == "confidence":
            row["value"] = str(LABELS.index(row["value"]) + 1)
    assert answers(loaded(pilot.write(tmp_path))) == expected()


def test_answers_that_mean_no_answer_are_left_out(tmp_path: Path) -> None:
    pilot = Pilot().replace('file = "measures.csv"', 'file = "measures.csv"\nmissing = ["-9"]')
    pilot.answer("J01", "pre", "confidence")["value"] = "Rather not say"
    pilot.answer("S01", "pre", "skill_1")["value"] = "-9"
    pilot.answer("S02", "pre", "skill_1")["value"] = ""
    gone = {("J01", "pre", "confidence"), ("S01", "pre", "skill_1"), ("S02", "pre", "skill_1")}
    kept = [row for row in expected() if (row[0], row[2], row[3]) not in gone]
    assert answers(loaded(pilot.write(tmp_path))) == kept


def test_decimal_commas_are_declared(tmp_path: Path) -> None:
    pilot = Pilot().replace("range = [1, 5]\nreverse", "range = [0, 5]\nreverse")
    pilot.replace('file = "measures.csv"', 'file = "measures.csv"\ndecimal = ","')
    pilot.answer("S01", "pre", "skill_1")["value"] = '"2,5"'
    study = loaded(pilot.write(tmp_path))
    rows = study.measures
    mine = rows[(rows["person"] == "S01") & (rows["wave"] == "pre") & (rows["item"] == "skill_1")]
    assert mine["value"].tolist() == [2.5]


def test_several_raters_and_pairs(tmp_path: Path) -> None:
    """Two raters of one person are two answers; about two pairs likewise."""
    pilot = Pilot()
    for row in pilot.measures:
        row["rater"] = row["pair"] = ""
    first = dict(pilot.answer("S01", "pre", "skill_1"))
    pilot.measures += [
        first | {"rater": "J01", "value": "1"},
        first | {"pair": "P01", "value": "5"},
    ]
    rows = loaded(pilot.write(tmp_path)).measures
    mine = rows[(rows["person"] == "S01") & (rows["wave"] == "pre") & (rows["item"] == "skill_1")]
    assert mine["rater"].tolist() == ["S01", "J01", "S01"]
    assert mine["pair"].isna().tolist() == [True, True, False]


def test_once_keeps_the_first_answer(tmp_path: Path) -> None:
    pilot = Pilot().replace('file = "measures.csv"', 'file = "measures.csv"\nonce = true')
    pilot.measures += [
        dict(row) | {"value": "5"} for row in pilot.measures if row["item"] == "skill_1"
    ]
    assert answers(loaded(pilot.write(tmp_path))) == expected()


def test_answers_at_a_wave_where_nobody_was_asked_are_left_out_and_said(tmp_path: Path) -> None:
    pilot = Pilot().replace('kind = "ordinal"', 'kind = "ordinal"\nwaves = ["pre"]')
    pilot.answer("J01", "post", "confidence")["value"] = "Rather not say"
    folder = pilot.write(tmp_path)
    kept = [row for row in expected() if not (row[2] == "post" and row[3] == "confidence")]
    assert answers(loaded(folder)) == kept
    (warning,) = check(folder).warnings
    assert warning.rule == "not-asked"
    assert "11 answers to confidence at wave post" in warning.found


def test_columns_that_fit_a_pattern_but_no_outcome_are_noted(tmp_path: Path) -> None:
    toml = (
        '[tables.measures]\nfile = "survey.csv"\nlayout = "wide"\ncolumns = { person = "id" }\n'
        'waves = { pre = "Q{n}.pre", post = "Q{n}.post" }\n'
        'items.pre = { confidence = "confidence.pre" }\n'
        'items.post = { confidence = "confidence.post" }\n'
    )
    pilot = Pilot().replace(MEASURES, toml)
    pilot.raw["survey.csv"] = as_csv([row | {"Q9.pre": "1"} for row in wide()]).replace(
        "skill_", "Q"
    )
    notes = check(pilot.write(tmp_path)).notes
    assert "survey.csv: no outcome names Q9.pre; they are not read." in notes


def test_a_missing_wide_column_names_what_was_looked_for(tmp_path: Path) -> None:
    toml = WIDE.format(file="survey.csv")
    pilot = Pilot().replace(MEASURES, toml)
    pilot.raw["survey.csv"] = as_csv(wide()).replace("skill_2.post", "skil_2.post")
    (problem,) = check(pilot.write(tmp_path)).problems
    assert problem.rule == "absent-item"
    assert "there is no column 'skill_2.post'" in problem.found


def test_dtypes_are_those_of_the_study(tmp_path: Path) -> None:
    study = loaded(Pilot().write(tmp_path))
    kinds = {"text": "str", "number": "float64", "date": "datetime64[us]", "flag": "bool"}
    for table, columns in TABLES.items():
        frame = getattr(study, table)
        assert list(frame.columns) == list(columns)
        assert {c: str(d) for c, d in frame.dtypes.items()} == {
            c: kinds[k] for c, k in columns.items()
        }
        assert frame.index.equals(pd.RangeIndex(len(frame)))
