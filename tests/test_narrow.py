"""The handbook's pictures for phones say what the wide ones say, within a phone's width."""

from __future__ import annotations

import re
from html import unescape
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rmresearch.report.figures.curves import Line, Spot
from rmresearch.report.figures.intervals import Interval
from rmresearch.report.figures.style import text_width
from rmresearch.report.figures.waves import Point

LONG = "everybody who was assigned, whether their pair met, stopped early or never began at all"
TEXT = re.compile(r'<text style="([^"]*)" x="([^"]*)"[^>]*>([^<]*)</text>')


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch, root: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(root / "docs"))
    import narrow

    return narrow


def pictures(narrow: ModuleType) -> dict[str, Any]:
    rows = [
        Interval(label="Month 3", value=0.02, low=-0.27, high=0.31, smallest=0.3, detail="47"),
        Interval(
            label=LONG, value=0.32, low=0.02, high=0.62, detail="1,047", group=LONG, main=True
        ),
        Interval(label="silent", value=None, detail="3", group=LONG),
        Interval(label="bounds", value=None, low=-1.5, high=1.5, span=(-1.0, 1.0), group=LONG),
    ]
    lines = [
        Line(name, tuple(Spot(x, x / 300, x / 300 - 0.04, x / 300 + 0.04) for x in (24, 96, 192)))
        for name in ("as assumed", LONG)
    ]
    points = [
        Point(series=name, wave=f"Month {m}", months=m, value=3 + m / 10, low=2.8, high=4.0, n=n)
        for name, n in (("Programme", 24), (LONG, 23)) for m in (0, 3, 6)
    ]  # fmt: skip
    sides = ("the waiting list gained more", "the programme gained more")
    return {
        "intervals": narrow.interval_plot(rows, title="t", unit=LONG, sides=sides),
        "shares": narrow.interval_plot(
            rows[1:2], title="t", unit="studies", share=True, reference=0.05, detail="studies"
        ),
        "curves": narrow.curves_plot(lines, title="t", unit=LONG, along="pairs", caption="c"),
        "waves": narrow.wave_lines(points, title="t", unit=LONG, comparison=LONG),
    }


@pytest.mark.parametrize("name", ["intervals", "shares", "curves", "waves"])
def test_all_texts_stay_within_a_phone(narrow: ModuleType, name: str) -> None:
    svg = pictures(narrow)[name].narrow.svg
    found = TEXT.findall(svg)
    assert len(found) == svg.count("<text") > 4
    for style, x, text in found:
        size = float(re.findall(r"([\d.]+)px", style)[0])
        wide = text_width(unescape(text), size, "bold" in style or "700" in style)
        before = {"middle": wide / 2, "end": wide}.get(anchor(style), 0.0)
        assert float(x) - before >= -1.0, text
        assert float(x) - before + wide <= narrow.WIDTH + 1.0, text


def anchor(style: str) -> str:
    found = re.search(r"text-anchor: (\w+)", style)
    return found[1] if found else "start"


def test_numbers_below_an_axis_do_not_run_into_each_other(narrow: ModuleType) -> None:
    """Small numbers with many decimals, on an axis that these leave little room."""
    rows = [
        Interval(label=str(value), value=value, low=value - 0.0015, high=value + 0.0015)
        for value in (-0.0023, 0.0028)
    ]
    svg = narrow.interval_plot(rows, title="t", unit="points", decimals=4).narrow.svg
    ticks = [(float(x), unescape(text)) for style, x, text in TEXT.findall(svg)
             if anchor(style) == "middle"]  # fmt: skip
    assert len(ticks) >= 2
    for (x, text), (after, other) in pairwise(sorted(ticks)):
        assert x + text_width(text, 12.0) / 2 < after - text_width(other, 12.0) / 2


def test_numbers_and_people_are_those_of_the_wide_picture(narrow: ModuleType) -> None:
    both = pictures(narrow)["intervals"]
    wide, phone = (
        [unescape(t) for *_, t in TEXT.findall(one.svg)] for one in (both.wide, both.narrow)
    )
    for said in ("+0.02", "−0.27 to 0.31", "+0.32", "0.02 to 0.62", "not estimated"):
        assert wide.count(said) == phone.count(said) == 1
    assert {"47 people", "1,047 people", "3 people"} <= set(phone)
    assert both.narrow.alt == both.wide.alt


def test_each_screen_has_one_of_the_two(narrow: ModuleType) -> None:
    page = pictures(narrow)["waves"].html()
    assert re.findall(r'<div class="(wide|narrow)"><figure>', page) == ["wide", "narrow"]
    assert page.count("<svg ") == 2
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
