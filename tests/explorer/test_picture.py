"""The picture, read back: every dot, line and label where its number stands on the drawn axis."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from rmresearch.explorer.picture import picture
from rmresearch.explorer.seen import Mean, Seen
from rmresearch.report.figures.style import ACCENT, AXIS, BAND, INK

from .made import made

SPREAD = np.random.default_rng(3).normal(0.3, 0.2, 500)


class Read:
    """An SVG's paths and texts, and the value that stands at a place of its axis."""

    def __init__(self, found: Seen, unit: str = "points") -> None:
        # our own drawing, a moment ago
        self.root = ElementTree.fromstring(picture(found, unit))
        self.paths = [one.attrib for one in self.root.iter("path")]
        self.texts = {one.text or "": one.attrib for one in self.root.iter("text")}
        ticks = {float(one.attrib["x"]): one.text or "" for one in self.root.iter("text")
                 if one.attrib["y"] == "280.0"}  # fmt: skip
        self.places = sorted(ticks)
        self.values = [float(ticks[x].replace("−", "-")) for x in self.places]

    def value(self, x: float) -> float:
        slope = (self.values[-1] - self.values[0]) / (self.places[-1] - self.places[0])
        return self.values[0] + slope * (x - self.places[0])

    def dots(self, colour: str) -> list[tuple[float, float]]:
        marks = [one["d"] for one in self.paths
                 if one.get("stroke") == colour and "h.01M" in one["d"]]  # fmt: skip
        return [(float(x), float(y)) for one in marks
                for x, y in re.findall(r"M([\d.]+) ([\d.]+)h", one)]  # fmt: skip

    def line(self, colour: str, width: str) -> tuple[float, float]:
        drawn = next(one["d"] for one in self.paths
                     if one.get("stroke") == colour and one["stroke-width"] == width)  # fmt: skip
        start, end = re.findall(r"[MH](-?[\d.]+)", drawn)
        return self.value(float(start)), self.value(float(end))


def test_every_study_is_a_dot_at_its_estimate() -> None:
    hits = SPREAD > 0.35
    read = Read(made(SPREAD.tolist(), hits.tolist()))
    blue, grey = read.dots(ACCENT), read.dots(AXIS)
    assert (len(blue), len(grey)) == (hits.sum(), 500 - hits.sum())
    both = [*blue, *grey]
    assert len(set(both)) == 500  # none over another
    gap = min(b - a for a, b in zip(*(lambda xs: (xs, xs[1:]))(sorted({x for x, _ in both})),
                                    strict=False))  # fmt: skip
    half = read.value(gap / 2) - read.value(0.0)
    drawn = sorted(read.value(x) for x, _ in both)
    # in the order of their estimates a dot is never further off than half a column and rounding
    assert np.abs(np.array(drawn) - np.sort(SPREAD)).max() <= half + 0.001
    assert all(34 <= y <= 190 for _, y in both)
    assert {str(len(blue)), str(len(grey))} <= set(read.texts)


def test_the_average_study_and_the_truth_stand_where_they_should() -> None:
    read = Read(made(SPREAD.tolist(), [True] * 500))
    low, high = read.line(ACCENT, "3")
    # a tenth of a pixel is 0.0004 points here
    assert (low, high) == (pytest.approx(-0.03, abs=1e-3), pytest.approx(0.69, abs=1e-3))
    diamond = next(one["d"] for one in read.paths if one.get("fill") == INK)
    at = re.match(r"M([\d.]+) ", diamond)
    assert at is not None
    assert read.value(float(at[1])) == pytest.approx(0.24, abs=1e-3)
    assert {"0.33", "0.24", "−0.03 to 0.69", "average study", "true difference"} <= set(read.texts)


def test_zero_and_what_is_too_small_to_matter_are_shown() -> None:
    read = Read(made(SPREAD.tolist(), [True] * 500))
    band = next(one["d"] for one in read.paths if one.get("fill") == BAND)
    ends = [float(x) for x in re.findall(r"[MH](-?[\d.]+)", band)][:2]
    assert [read.value(x) for x in ends] == [pytest.approx(v, abs=1e-3) for v in (-0.3, 0.3)]
    zero = next(one["d"] for one in read.paths if one.get("stroke") == INK)
    assert read.value(float(zero[1 : zero.index(" ")])) == pytest.approx(0.0, abs=1e-3)
    assert "too small to matter (±0.30)" in read.texts
    bare = made([0.1, 0.2], [True, False])
    without = Read(replace(bare, outcome=replace(bare.outcome, smallest_effect=None)))
    assert not [one for one in without.paths if one.get("fill") == BAND]


def approx(value: float) -> object:
    return pytest.approx(value, abs=1e-3)  # a tenth of a pixel


def test_the_axis_stays_until_something_lies_beyond() -> None:
    def ends(*values: float) -> tuple[float, float]:
        read = Read(made(list(values), [False] * len(values)))
        return read.value(150.0), read.value(574.0)

    # half points, from −0.5 to 1.0 at the least
    assert ends(0.1, 0.4) == (approx(-0.5), approx(1.0))
    assert ends(0.1, 1.2) == (approx(-0.5), approx(1.5))
    assert ends(-3.1, 0.2) == (approx(-3.5), approx(1.0))


@pytest.mark.parametrize("many", [1, 2, 5_000])
def test_any_number_of_studies_has_room(many: int) -> None:
    read = Read(made([0.2] * many, [True] * many))
    assert min(y for _, y in read.dots(ACCENT) or [(0.0, 40.0)]) >= 34
    nothing = made([0.2], [True], estimate=None, low=None, high=None, true=None, reported=None)
    assert "average study" not in Read(nothing).texts


def test_labels_are_escaped_and_the_picture_is_light() -> None:
    found = made(SPREAD.tolist(), [True] * 500)
    assert "<b>" not in picture(found, "<b>points")
    assert "<b>points" in Read(found, "<b>points").texts
    assert len(picture(found, "points").encode()) < 20_000
    assert Mean(0.33, 0.008) == found.estimate
