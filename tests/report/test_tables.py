from __future__ import annotations

import pytest

from rmresearch.display.numbers import HIDDEN, NOTHING
from rmresearch.privacy.passing import ReleasedCell, ReleasedTable
from rmresearch.report.blocks import Column
from rmresearch.report.tables import checks_table, dropped_table, table_block
from rmresearch.result import Cell, CellKind, Check, Dropped, Table


def row(*cells: tuple[float | int | str | None, CellKind]) -> tuple[Cell, ...]:
    return tuple(Cell(value, kind) for value, kind in cells)


MEANS = Table(
    "means",
    "Mean scores",
    ("arm", "wave", "people", "mean", "SD", "low", "high", "p", "empty"),
    (
        row(
            ("mentor", "label"), ("m0", "label"), (24, "count"), (3.14159, "mean"), (0.8, "sd"),
            (2.9, "interval"), (3.4, "interval"), (0.00001, "statistic"), (None, "statistic"),
        ),
        row(
            ("control", "label"), ("m0", "label"), (1024, "count"), (None, "mean"), (None, "sd"),
            (None, "interval"), (None, "interval"), (0.2, "statistic"), (None, "statistic"),
        ),
    ),
    note="As observed.",
)  # fmt: skip


def heads(block: object) -> list[str]:
    return [column.label for column in block.columns]  # type: ignore[attr-defined]


def test_cells_are_formatted_by_kind_and_ends_share_a_cell() -> None:
    block = table_block(MEANS, labels={"mentor": "Mentor", "m0": "Before"})
    assert heads(block) == ["Arm", "Wave", "People", "Mean", "SD", "95% interval", "p"]
    assert block.rows[0] == ("Mentor", "Before", "24", "3.14", "0.80", "2.90 to 3.40", "<0.001")
    assert block.rows[1] == ("control", "Before", "1,024", NOTHING, NOTHING, NOTHING, "0.200")
    assert block.note == "As observed."
    assert [column.numeric for column in block.columns[:3]] == [False, False, True]


def test_columns_are_chosen_named_and_grouped() -> None:
    block = table_block(
        MEANS,
        columns=["wave", "mean"],
        heads={"mean": Column("Mean", "points")},
        group="arm",
        caption="Other",
        labels={"mentor": "Mentor"},
    )
    assert heads(block) == ["Wave", "Mean"]
    assert block.columns[1].unit == "points"
    assert block.groups == ((0, "Mentor"), (1, "control"))
    assert block.caption == "Other"


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(ValueError, match="has no column 'median', 'role'"):
        table_block(MEANS, columns=["median"], group="role")


def shares(numerator: int | None, answered: int) -> Table:
    cells = (
        Cell("all", "label"),
        Cell(answered, "count"),
        Cell(0.4567, "proportion", numerator=numerator),
        Cell(0.31, "interval"),
        Cell(0.61, "interval"),
    )
    columns = ("who", "answered", "favourable", "favourable low", "favourable high")
    return Table("reaction", "Reaction", columns, (cells,))


def test_shares_are_percentages_with_the_numerator_unless_it_stands_beside() -> None:
    assert table_block(shares(21, 46)).rows[0] == ("all", "46", "46% (21)", "31% to 61%")
    assert table_block(shares(46, 46)).rows[0][2] == "46%"
    assert table_block(shares(None, 46)).rows[0][2] == "46%"


def test_rows_of_different_units_are_rounded_by_themselves() -> None:
    columns = ("what", "difference", "low", "high")
    rows = (
        row(("Age", "label"), (266.06, "contrast"), (100.0, "interval"), (400.0, "interval")),
        row(("Skill", "label"), (0.123, "contrast"), (-0.1, "interval"), (0.3, "interval")),
    )
    table = Table("leavers", "Leavers", columns, rows)
    together = table_block(table).rows
    assert together[1] == ("Skill", "0", "0 to 0")
    apart = table_block(table, mixed=True).rows
    assert apart[0] == ("Age", "266", "100 to 400")
    assert apart[1] == ("Skill", "0.12", "−0.10 to 0.30")


def test_what_a_release_hides_looks_the_same_whatever_was_there() -> None:
    cells = (
        ReleasedCell("mentor", "label"),
        ReleasedCell(None, "count", hidden=True),
        ReleasedCell("90% or more", "proportion"),
        ReleasedCell("fewer than 5", "administrative"),
        ReleasedCell(None, "mean"),
    )
    columns = ("arm", "people", "favourable", "assigned", "mean")
    table = ReleasedTable("reaction", "reaction", "Reaction", columns, (cells,))
    assert table_block(table).rows[0] == ("mentor", HIDDEN, "90% or more", "fewer than 5")


def test_a_table_without_rows_keeps_its_heads_when_asked() -> None:
    empty = Table("means", "Means", ("arm", "mean"), ())
    assert table_block(empty, columns=["arm", "mean"]).rows == ()


def test_checks_and_losses() -> None:
    checks = checks_table([Check("clusters", False, "4 in one arm")])
    assert checks.rows == (("clusters", "no", "4 in one arm"),)
    plain = dropped_table([Dropped("left", 3)])
    assert plain.rows == (("left", "3"),)
    both = dropped_table([Dropped("left", 3), Dropped("no consent", 1, rows=12)])
    assert both.rows[1] == ("no consent", "1", "12")


def test_what_is_declared_is_rounded_when_it_is_no_whole_number() -> None:
    """Twelve meetings over 181 days, a month of 30.4375: 365.25 / 181 = 2.0180 a month."""
    rows = (row((1, "label"), (12 * 30.4375 / 181, "label")),)
    block = table_block(Table("meetings", "Meetings", ("month", "planned"), rows))
    assert block.rows == (("1", "2.02"),)
