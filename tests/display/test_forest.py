"""The small plot: where marks stand, what it says in words, and that names do nothing."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from rmresearch.display.forest import EDGE, PLOT, Interval, forest

ROWS = [Interval("month 3", 0.02, -0.27, 0.31), Interval("month 6", 0.32, 0.02, 0.62)]


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # (our own text)


def numbers(root: ElementTree.Element, kind: str, *names: str) -> list[list[float]]:
    return [[float(one.attrib[name]) for name in names] for one in root.iter(kind)]


def test_marks_stand_where_the_axis_says() -> None:
    root = drawn(forest(ROWS, smallest=0.3))
    labels = [one for one in root.iter("text") if one.attrib.get("text-anchor") == "middle"]
    ticks = {float((one.text or "").replace("−", "-")): float(one.attrib["x"]) for one in labels}
    (low, left), (high, right) = min(ticks.items()), max(ticks.items())

    def at(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    assert 0.0 in ticks
    for tick, x in ticks.items():  # places are rounded to a tenth of a pixel
        assert x == pytest.approx(at(tick), abs=0.15)
    dots = [x for (x,) in numbers(root, "circle", "cx")]
    assert dots == pytest.approx([at(0.02), at(0.32)], abs=0.15)
    bars = [line for line in numbers(root, "line", "x1", "x2", "y1", "y2") if line[2] == line[3]]
    for (x1, x2, _, _), row in zip(bars, ROWS, strict=False):
        assert row.low is not None
        assert row.high is not None
        assert [x1, x2] == pytest.approx([at(row.low), at(row.high)], abs=0.15)
    ((x, width),) = numbers(root, "rect", "x", "width")
    assert [x, x + width] == pytest.approx([at(-0.3), at(0.3)], abs=0.25)


def test_it_says_in_words_what_it_shows() -> None:
    svg = forest(ROWS, unit="points", level="95%", smallest=0.3)
    root = drawn(svg)
    words = root.attrib["aria-label"]
    assert root.attrib["role"] == "img"
    assert words == (
        "Intervals in points. month 3: 0.02 (95% interval −0.27 to 0.31); "
        "month 6: 0.32 (95% interval 0.02 to 0.62). A line marks zero. "
        "A band marks what is too small to matter: −0.30 to 0.30."
    )
    assert "shaded: too small to matter (within 0.30)" in svg


def test_without_a_difference_there_is_no_zero_and_no_band() -> None:
    root = drawn(forest([Interval("start", 3.3, 3.1, 3.5)], zero=False, smallest=0.3))
    assert not list(root.iter("rect"))
    assert "zero" not in root.attrib["aria-label"]
    assert "0.00" not in [one.text for one in root.iter("text")]


@pytest.mark.parametrize("low", [None, -1.0])
def test_a_value_without_an_interval_is_a_dot(low: float | None) -> None:
    root = drawn(forest([Interval("a", 1.0, low, None)]))
    assert len(list(root.iter("circle"))) == 1
    assert "a: 1.00 (no interval)" in root.attrib["aria-label"]


def test_names_do_nothing_and_long_ones_are_cut() -> None:
    name = "<script>alert('&')</script>" + "x" * 40
    svg = forest([Interval(name, 0.1, 0.0, 0.2)])
    root = drawn(svg)
    assert {one.tag for one in root.iter()} == {"svg", "title", "text", "line", "circle"}
    assert name in root.attrib["aria-label"]
    (shown,) = [one.text for one in root.iter("text") if one.attrib["x"] == "0"]
    assert shown == name[:35] + "…"


def test_no_script_no_file_and_the_colours_around_it() -> None:
    svg = forest(ROWS, smallest=0.3)
    assert not re.search(r"href|url\(|script|@import|src=", svg)
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg)) == {"currentColor", "none"}


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e4, 1e9])
def test_every_scale_fits(scale: float) -> None:
    root = drawn(forest([Interval("a", 0.3 * scale, -0.2 * scale, 1.7 * scale)]))
    wide = float(root.attrib["viewBox"].split()[2])
    assert wide == 7 + PLOT + 2 * EDGE
    for (x,) in numbers(root, "circle", "cx"):
        assert 0 < x < wide
    assert all(math.isfinite(x) for line in numbers(root, "line", "x1", "x2") for x in line)


def test_nothing_of_nothing() -> None:
    assert forest([]) == ""
