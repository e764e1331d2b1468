"""Month lines and tornadoes draw what they are given, and refuse what cannot be drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from rmresearch.report.figures.courses import Monthly, month_lines
from rmresearch.report.figures.layers import layout
from rmresearch.report.figures.tornado import Pull, tornado

FLAT = Monthly("none", (0.0, 1.0, 2.0), (0.0, 0.0, 0.0))
UP = Monthly("up", (0.0, 1.0, 2.0), (0.0, 0.5, 0.25), (0.0, 0.4, 0.1), (0.0, 0.6, 0.4))


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_month_lines_name_each_line_where_it_ends_and_tell_its_peak() -> None:
    figure = month_lines([UP, FLAT], title="T", unit="SD", until=1, caption="c")
    assert {"up", "none", "the programme", "months since the start"} <= set(texts(figure.svg))
    assert "up: furthest from zero in month 1 (+0.50), at the end +0.25" in figure.alt
    assert "the programme ending in month 1" in figure.alt
    assert figure.svg == month_lines([UP, FLAT], title="T", unit="SD", until=1, caption="c").svg


def test_names_of_lines_that_end_together_stand_apart() -> None:
    lines = [Monthly(name, (0.0, 24.0), (0.0, 0.0)) for name in ("one", "two", "three")]
    figure = month_lines(lines, title="T", unit="SD", until=6, caption="c")
    heights = [
        float(found[1])
        for name in ("one", "two", "three")
        if (found := re.search(rf'y="([\d.]+)"[^>]*>{name}<', figure.svg))
    ]
    assert len(heights) == 3
    assert all(b - a >= 15.0 for a, b in pairwise(heights))
    assert max(heights) < 330.0


def test_month_lines_need_a_value_for_each_month() -> None:
    with pytest.raises(ValueError, match="month lines need a line"):
        month_lines([], title="T", unit="SD", until=1, caption="c")
    with pytest.raises(ValueError, match="a value for each"):
        month_lines([Monthly("a", (0.0,), ())], title="T", unit="SD", until=1, caption="c")


PULLS = (
    Pull("small", "0.5", (("0", -0.01), ("1", 0.02))),
    Pull("large", "2", (("1", -0.3), ("8", 0.1))),
    Pull("choice", "rules", (("random", -0.05), ("greedy", 0.02), ("optimal", 0.03))),
    Pull("still", "true", (("false", 0.0),)),
)


def test_a_tornado_ranks_by_reach_and_tells_both_sides() -> None:
    figure = tornado(PULLS, title="T", unit="SD", caption="c")
    shown = texts(figure.svg)
    names = [text for text in shown if text.endswith(")") and not text.startswith("lever")]
    assert names == ["large (2)", "choice (rules)", "small (0.5)", "still (true)"]
    assert {"−0.30 at 1", "+0.10 at 8", "−0.05 at random", "+0.03 at optimal"} <= set(shown)
    assert "large (2): −0.30 at 1, +0.10 at 8; choice (rules)" in figure.alt
    assert "still (true): nothing." in figure.alt
    ET.fromstring(figure.svg.replace("<svg ", "<svg xmlns='http://www.w3.org/2000/svg' ", 1))


def test_a_tornado_needs_somewhere_to_move() -> None:
    for pulls in ((), (Pull("a", "1", ()),)):
        with pytest.raises(ValueError, match="a tornado needs at least one lever"):
            tornado(pulls, title="T", unit="SD", caption="c")


LINES = [("a", "c"), ("b", "c"), ("c", "d"), ("a", "d"), ("b", "e"), ("f", "g"), ("d", "h")]
SIZE = {name: 30.0 + 5 * index for index, name in enumerate("abcdefgh")}


def test_layers_point_right_and_nothing_overlaps() -> None:
    found = layout(LINES, SIZE)
    for left, right in LINES:
        assert found.layer[left] < found.layer[right]
        way = found.ways[left, right]
        assert [found.layer[name] for name in way] == list(
            range(found.layer[left], found.layer[right] + 1)
        )
    for at in set(found.layer.values()):
        names = sorted((n for n in found.layer if found.layer[n] == at), key=found.y.__getitem__)
        for upper, lower in pairwise(names):
            room = (SIZE.get(upper, 9.0) + SIZE.get(lower, 9.0)) / 2
            # least squares end within rounding of the constraint
            assert found.y[lower] - found.y[upper] >= room - 1e-6
    tops = [found.y[name] - SIZE.get(name, 9.0) / 2 for name in found.y]
    assert min(tops) == pytest.approx(0.0, abs=1e-9)
    assert layout(LINES, SIZE) == found


def test_sources_stand_beside_what_they_lead_to() -> None:
    found = layout(LINES, SIZE)
    assert found.layer["f"] == found.layer["g"] - 1
    late = layout([("a", "b"), ("b", "c"), ("x", "c")], dict.fromkeys("abcx", 20.0))
    assert late.layer["x"] == 1


def test_crossings_that_need_not_be_are_undone() -> None:
    """Three lines from the top down to the bottom up: put in the wrong order, drawn without one."""
    lines = [("a", "z"), ("b", "y"), ("c", "x")]
    found = layout(lines, dict.fromkeys("abcxyz", 20.0))
    left = sorted("abc", key=found.y.__getitem__)
    right = sorted("xyz", key=found.y.__getitem__)
    assert [dict(lines)[name] for name in left] == right
