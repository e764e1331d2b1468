"""The notebook of the world runs, shows every picture, and takes another scenario."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from rmresearch.errors import RmError
from rmresearch.report.notebook import find_notebook, run_notebook, to_html
from rmresearch.world.presets import PRESETS

SETTINGS = {"scenario_name": "small-pilot", "replicates": "12", "seed": "1"}


@pytest.fixture(scope="module")
def executed() -> Any:
    return run_notebook(find_notebook("06_world"), SETTINGS)


def test_every_picture_states_a_finding_and_is_told(executed: Any) -> None:
    shown = [
        output["data"]["text/html"]
        for cell in executed.cells
        if cell.cell_type == "code"
        for output in cell["outputs"]
        if "<figure>" in output.get("data", {}).get("text/html", "")
    ]
    graphs, findings = shown[:4], shown[4:]
    assert len(findings) == 8
    for html in (*graphs, *findings):
        title = unescape(re.findall(r'<p class="finding">(.*?)</p>', html)[0])
        assert title.rstrip(".") in unescape(re.findall(r'aria-label="(.*?)" ', html)[0])
    assert all(
        re.search(r"\d", re.findall(r'<p class="finding">(.*?)</p>', h)[0]) for h in findings
    )


def test_the_page_has_no_code_and_keeps_what_is_folded_folded(executed: Any) -> None:
    html = to_html(executed, title="The world", internal=False)
    assert PRESETS["small-pilot"].about in unescape(html)
    assert "import rmresearch" not in html
    assert html.count("<figure>") == 12
    assert "<details><summary>" in html


def test_an_unknown_scenario_is_refused_by_name() -> None:
    with pytest.raises(RmError, match="no scenario 'small'"):
        run_notebook(find_notebook("06_world"), {"scenario_name": "small"})
