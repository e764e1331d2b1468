from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import pytest

from rmresearch.colours import steps_apart
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures import (
    Arm,
    Interval,
    Point,
    Stage,
    balance_plot,
    flow_diagram,
    interval_plot,
    meetings_bars,
    missing_map,
    survival_steps,
    wave_lines,
)
from rmresearch.report.figures.canvas import WIDTH, share_ticks
from rmresearch.report.figures.style import (
    COMPARISON,
    INK,
    MUTED,
    SERIES,
    ink_on,
    luminance,
    text_width,
    tones,
    wrap,
)
from rmresearch.result import Estimate

from .gallery import FIGURES, LONG, NASTY

NAMES = list(FIGURES)


@cache
def figure(name: str) -> FigureBlock:
    return FIGURES[name]()


@dataclass(frozen=True)
class Word:
    """A text of a figure with the box that it fills, measured as the layout measures."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


def texts(svg: str) -> list[str]:
    return [word.text for word in words(svg)]


def words(svg: str) -> list[Word]:
    found = []
    for element in ET.fromstring(svg).iter("text"):
        style = element.get("style", "")
        size = float(re.search(r"font-size: ([\d.]+)px", style)[1])  # type: ignore[index]
        text = element.text or ""
        width = text_width(text, size, "font-weight: 700" in style)
        x, y = float(element.get("x", "0")), float(element.get("y", "0"))
        anchor = re.search(r"text-anchor: (\w+)", style)
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor[1] if anchor else "start"]
        left = x - shift * width
        # letters reach from 0.72 em above the line to 0.2 em below it
        found.append(Word(text, left, left + width, y - 0.72 * size, y + 0.2 * size))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_svg_is_well_formed_and_refers_only_to_itself(name: str) -> None:
    svg = figure(name).svg
    root = ET.fromstring(svg)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
    assert used == set(ids)
    assert "http" not in svg
    assert "<style" not in svg
    assert "DejaVu" not in svg


@pytest.mark.parametrize("name", NAMES)
def test_same_bytes_when_drawn_again(name: str) -> None:
    assert FIGURES[name]().svg == figure(name).svg


@pytest.mark.parametrize("name", NAMES)
def test_no_text_leaves_the_picture(name: str) -> None:
    svg = figure(name).svg
    height = float(ET.fromstring(svg).get("height", "0"))
    for word in words(svg):
        # half a pixel: coordinates are rounded to hundredths, edges fall between pixels
        assert word.left >= -0.5, word
        assert word.right <= WIDTH + 0.5, word
        assert word.top >= -0.5, word
        assert word.bottom <= height + 0.5, word


@pytest.mark.parametrize("name", NAMES)
def test_no_text_runs_into_another(name: str) -> None:
    for one, other in combinations(words(figure(name).svg), 2):
        across = min(one.right, other.right) - max(one.left, other.left)
        down = min(one.bottom, other.bottom) - max(one.top, other.top)
        assert across <= 1.0 or down <= 1.0, (one, other)


@pytest.mark.parametrize("name", NAMES)
def test_text_is_large_enough(name: str) -> None:
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", figure(name).svg)]
    # 11 px on a page of 720 px is 8 pt on A4 paper
    assert min(sizes) >= 11.0


@pytest.mark.parametrize("name", NAMES)
def test_alternative_text_starts_with_the_finding(name: str) -> None:
    block = figure(name)
    assert block.alt.startswith(f"{block.title}. ")
    assert block.alt.endswith(".")
    assert "None" not in block.alt
    assert "nan" not in block.alt.lower().replace("names", "")


def test_alternative_text_has_every_number() -> None:
    alt = figure("intervals").alt
    assert f"{LONG}: +0.52 (0.21 to 0.83)" in alt
    assert f"{NASTY}: −0.12 (−0.49 to 0.25)" in alt
    assert "Openness: not estimated" in alt
    assert "Assigned 124, Answered, month 0 124" in figure("flow of three arms").alt
    assert "2026-01: 22 of 24 (92%), 96% of the 23; 2026-02" in figure("meetings").alt
    assert "Unpaired: Before not asked" in figure("map of three waves").alt
    assert "Middle no answers" in figure("a missing wave").alt
    assert f"{LONG} −0.41" in figure("balance").alt


def test_markup_in_names_is_text() -> None:
    svg = figure("intervals").svg
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert "$x^2$" in svg.replace("\n", "")


def test_points_stand_where_their_values_say() -> None:
    rows = [Interval(label=str(v), value=float(v), low=v - 1.0, high=v + 1.0) for v in (0, 1, 2)]
    root = ET.fromstring(interval_plot(rows, title="x", unit="points").svg)
    uses = [e for e in root.iter("use") if "#ffffff" in e.get("style", "")]
    at = [float(e.get("x", "nan")) for e in uses]
    assert at[1] - at[0] == pytest.approx(at[2] - at[1], abs=0.02)  # hundredths of a pixel
    zero = next(e for e in root.iter("path") if INK in e.get("style", ""))
    assert float(zero.get("d", "").split()[1]) == pytest.approx(at[0], abs=0.02)


def test_an_interval_far_wider_than_the_rest_ends_in_an_arrow() -> None:
    calm = [Interval(label=str(k), value=0.1, low=0.0, high=0.2) for k in range(5)]
    wild = Interval(label="wild", value=0.1, low=-9.0, high=9.2)
    plain = interval_plot(calm, title="x", unit="points").svg
    arrows = interval_plot([*calm, wild], title="x", unit="points").svg
    assert arrows.count("<use") == plain.count("<use") + 3  # its point and two arrow heads
    assert "−9.00 to 9.20" in arrows


def test_a_difference_of_shares_reaches_below_zero() -> None:
    block = figure("difference of shares")
    found = texts(block.svg)
    assert {"−20", "−12", "−31 to 6"} <= set(found)
    # a "%" would say of what: 12% fewer is another thing than 12 percentage points less
    assert [text for text in found if "%" in text] == ["95% interval"]
    assert "Stayed: −12 (−31 to 6)" in block.alt


def test_differences_carry_their_sign_and_shares_that_are_none_do_not() -> None:
    rows = [Interval(label=str(v), value=v, low=v - 0.1, high=v + 0.1) for v in (0.3, -0.2, 0.0)]
    against_zero = texts(interval_plot(rows, title="x", unit="points").svg)
    assert {"+0.30", "−0.20", "0.00"} <= set(against_zero)
    against_one = texts(interval_plot(rows, title="x", unit="ratio", reference=1.0).svg)
    assert "0.30" in against_one
    shares = texts(interval_plot(rows[:1], title="x", unit="y", share=True, reference=None).svg)
    assert {"30%", "20% to 40%"} <= set(shares)


def test_an_interval_row_takes_its_numbers_from_the_estimate() -> None:
    estimate = Estimate(value=0.5, low=0.1, high=0.9, n_people=41)
    row = Interval.of(estimate, "Skill", smallest=0.3)
    assert (row.value, row.low, row.high, row.detail, row.smallest) == (0.5, 0.1, 0.9, "41", 0.3)
    assert Interval.of(Estimate(value=None), "Skill").detail == ""


def test_waves_stand_by_month_unless_they_would_collide() -> None:
    near = figure("three arms, eight waves").svg
    assert "months since the start, not drawn to scale" in near
    far = figure("two arms, three waves").svg
    assert "not drawn to scale" not in far
    assert "Month 3" in far


def test_an_arm_of_thirty_letters_has_its_whole_name_beside_its_counts() -> None:
    name = "Eligible, not in the programme"
    points = [Point(series=arm, wave=f"Month {m}", months=m, value=3.0, n=9)
              for arm in ("Programme", name) for m in (0, 3)]  # fmt: skip
    assert name in texts(wave_lines(points, title="x", unit="points").svg)


def test_the_comparison_is_the_grey_series_wherever_it_stands() -> None:
    for labels in (("Control", "Mentor"), ("Mentor", "Control")):
        assert tones(labels, "Control")["Control"] == COMPARISON
        assert tones(labels, "Control")["Mentor"] == SERIES[0]


def test_stages_of_one_name_stand_on_one_line() -> None:
    programme = Arm("Programme", (Stage("Assigned", 9), Stage("Met", 8), Stage("Answered", 7)))
    waitlist = Arm("Waitlist", (Stage("Assigned", 9), Stage("Answered", 6)))
    found = words(flow_diagram([], [waitlist, programme], title="x").svg)
    for name in ("Assigned", "Answered"):
        heights = [word.bottom for word in found if word.text == name]
        assert len(heights) == 2
        assert heights[0] == heights[1]


def test_stages_in_contrary_order_are_counted_down() -> None:
    one = Arm("One", (Stage("Met", 8), Stage("Answered", 7)))
    other = Arm("Other", (Stage("Answered", 8), Stage("Met", 7)))
    found = words(flow_diagram([], [one, other], title="x").svg)
    assert len({word.bottom for word in found if word.text in ("Met", "Answered")}) == 2


def test_a_stage_that_lost_nobody_has_no_note() -> None:
    block = flow_diagram(
        [], [Arm("All", (Stage("Enrolled", 5), Stage("Stayed", 5, (("left", 0),))))], title="x"
    )
    assert "left" not in block.svg
    assert "left" not in block.alt


@pytest.mark.parametrize(
    "draw",
    [
        lambda: interval_plot([], title="x", unit="y"),
        lambda: wave_lines([], title="x", unit="y"),
        lambda: survival_steps([], title="x", unit="y"),
        lambda: flow_diagram([], [], title="x"),
        lambda: missing_map([], title="x"),
        lambda: meetings_bars([], title="x"),
        lambda: balance_plot([], title="x"),
    ],
)
def test_nothing_to_draw_is_refused(draw: Callable[[], FigureBlock]) -> None:
    with pytest.raises(ValueError, match="need"):
        draw()


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_meet_the_contrast_rules() -> None:
    # WCAG 2.2, criterion 1.4.3: text 4.5 (AA)
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)  # by definition
    for text in (INK, MUTED):
        assert contrast(text, "#ffffff") >= 4.5
    for tone in (*SERIES, COMPARISON):
        assert contrast(tone.colour, "#ffffff") >= 4.5  # series are named in their own colour
        assert contrast(ink_on(tone.colour), tone.colour) >= 4.5


def test_series_are_apart_for_the_colour_blind() -> None:
    """Two noticeable steps, what a brand's accent must have beside the comparison's grey."""
    colours = [tone.colour for tone in (*SERIES, COMPARISON)]
    for one, other in combinations(colours, 2):
        assert steps_apart(one, other)[0] >= 2, (one, other)


def test_series_differ_without_colour() -> None:
    looks = {(tone.marker, str(tone.line), tone.filled) for tone in (*SERIES, COMPARISON)}
    assert len(looks) == len(SERIES) + 1


def test_text_is_broken_to_fit() -> None:
    for text in (LONG, "x" * 400, "日本語 " * 30, ""):
        for line in wrap(text, 120.0, lines=2).split("\n"):
            assert text_width(line) <= 120.0
    assert wrap("one two", 1000.0) == "one two"
    assert wrap(LONG, 200.0, lines=2).endswith("…")


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    wave_lines([Point(series="a", wave="w", months=0.0, value=1.0)], title="x", unit="y")
    assert dict(matplotlib.rcParams) == before


def test_shares_are_ticked_in_steps_that_people_count_in() -> None:
    for low, high, most, steps in (
        (0.84, 0.99, 6, [85, 90, 95]),  # a locator of round numbers would take 2.5
        (0.49, 1.02, 6, [50, 60, 70, 80, 90, 100]),
        (-0.02, 1.02, 6, [0, 20, 40, 60, 80, 100]),
        (-0.12, 0.14, 3, [-10, 0, 10]),
        (0.931, 0.969, 6, [94, 95, 96]),
        (0.0, 1.0, 1, [0, 100]),
    ):
        assert [round(100 * tick, 9) for tick in share_ticks(low, high, most)] == steps
