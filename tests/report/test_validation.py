"""The notebook of the method validation: pictures of the committed table, and of any other."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from rmresearch.report import validation
from rmresearch.report.figures.lanes import Dot, Lanes, lanes_plot
from rmresearch.report.notebook import find_notebook, run_notebook, to_html
from rmresearch.whatif.validation.stored import Table


@pytest.fixture(scope="module")
def table() -> Table:
    return validation.read()


def test_the_notebook_shows_every_picture(table: Table, tmp_path: Path) -> None:
    table.write(tmp_path / "table.json")
    executed: Any = run_notebook(
        find_notebook("05_method_validation"), {"table_file": str(tmp_path / "table.json")}
    )
    html = to_html(executed, title="Method validation", internal=False)
    assert html.count("<figure>") == 8
    assert "import rmresearch" not in html
    for figure in re.findall(r"<figure>.*?</figure>", html, re.DOTALL):
        title = unescape(re.findall(r'<p class="finding">(.*?)</p>', figure)[0])
        assert title.rstrip(".") in unescape(re.findall(r'aria-label="(.*?)"', figure)[0])


def test_every_row_is_drawn_with_its_numbers(table: Table) -> None:
    biased = [row for row in table.rows if not row.valid]
    said = validation.biases(table).alt + validation.latent(table).html()
    said += validation.described(table).alt
    for row in biased:
        assert f"{row.n} sets an arm" in said
        assert row.world in said
    described = validation.described(table).alt
    assert all(row.method in described for row in biased if row.against in validation.DESCRIBED)
    sizes = [abs(row.bias) for row in biased if row.against == "effect as reported"]
    assert f"{max(sizes):.2f}" in validation.biases(table).title


def test_a_failing_row_is_said_on_top(table: Table) -> None:
    assert "all hold" in validation.opening(table).html()
    broken = replace(table, rows=(replace(table.rows[0], failed=("bias",)), *table.rows[1:]))
    assert "1 fail" in validation.opening(broken).html()


def test_lanes_by_hand() -> None:
    rows = [
        Lanes("first", (Dot(0.1, 0.0, 0.2), None), "a method"),
        Lanes("second", (Dot(-0.3, -0.4, -0.2, 0.25), Dot(0.5, 0.4, 0.6))),
    ]
    found = lanes_plot(rows, ["small", "large"], title="T", unit="SD", caption="c", band=(-1, 1))
    assert found.alt == (
        "T. Dots with intervals, SD. a method: first: small 0.10; "
        "a method: second: small −0.30 (predicted 0.25), large 0.50."
    )
    assert found.svg.count("a method") == 1
    with pytest.raises(ValueError, match="at least one row with a value"):
        lanes_plot([Lanes("none", (None,))], ["x"], title="", unit="", caption="")
    with pytest.raises(ValueError, match="at most 4 series"):
        lanes_plot(rows, list("abcde"), title="", unit="", caption="")
