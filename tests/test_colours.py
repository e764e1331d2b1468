"""Contrast, colour blindness and the nearest colour that passes, against R and published values."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmresearch import colours
from rmresearch.colours import (
    ACCENT,
    COMPARISON,
    DARK,
    EDGE,
    PAPER,
    TINT,
    contrast,
    lighter_on,
    luminance,
    nearest,
    shade,
    steps_apart,
    tinted,
)

#: R's colorspace 2.1.0: see make.R beside it
REFERENCE = json.loads(
    (Path(__file__).parent / "reference" / "colours" / "output.json").read_text("utf-8")
)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3).map(lambda parts: "#" + bytes(parts).hex())
#: marks of a third of a degree, half of all people: Stone and others (2014), table 2
NOTICED = (5.079 + 0.751 / (1 / 3), 5.339 + 1.541 / (1 / 3), 5.349 + 2.871 / (1 / 3))


def seen(one: dict[str, object], other: dict[str, object], eyes: str) -> float:
    """Steps between two of R's CIELAB colours, as a plain sum."""
    total = 0.0
    for axis in range(3):
        total += ((one[eyes][axis] - other[eyes][axis]) / NOTICED[axis]) ** 2  # type: ignore[index]
    return math.sqrt(total)


@pytest.mark.parametrize("one", REFERENCE, ids=lambda one: one["colour"])
def test_contrast_is_that_of_r(one: dict[str, object]) -> None:
    # R prints eight digits
    assert contrast(str(one["colour"]), "#ffffff") == pytest.approx(one["contrast"], rel=1e-6)


def test_contrast_as_published() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)  # WCAG 2.2: 21 at most
    assert contrast("#123456", "#123456") == 1.0
    # the darkest grey that fails and the lightest that passes on white, as WebAIM gives them
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize("one", REFERENCE, ids=lambda one: one["colour"])
@pytest.mark.parametrize("other", REFERENCE[:2], ids=lambda one: one["colour"])
def test_steps_apart_are_those_of_r(one: dict[str, object], other: dict[str, object]) -> None:
    found, who = steps_apart(str(one["colour"]), str(other["colour"]))
    wanted = {
        "full colour vision": seen(one, other, "lab"),
        "protanopia": seen(one, other, "protan"),
        "deuteranopia": seen(one, other, "deutan"),
    }
    # R's white point has five digits, ours is the sum of its matrix: 0.02 of a step at most
    assert found == pytest.approx(min(wanted.values()), abs=0.02)
    assert wanted[who] == pytest.approx(min(wanted.values()), abs=0.02)


def test_a_grey_is_a_grey_to_everybody() -> None:
    for matrix in colours._SEEN.values():  # rows that sum to 1 keep white white (Machado 2009)
        for row in matrix:
            assert sum(row) == pytest.approx(1.0, abs=2e-6)


def test_red_and_green_are_near_to_the_colour_blind_alone() -> None:
    # a dark red and an olive green of one lightness: the confusion that both deficiencies share
    steps, who = steps_apart("#b33c00", "#6f6a00")
    assert steps < 1.5
    assert who in {"protanopia", "deuteranopia"}


@pytest.mark.parametrize(
    ("colour", "lightness", "chroma", "hue"),
    # CSS Color 4, its examples of oklch()
    [("#ff0000", 0.62796, 0.25768, 29.234), ("#008000", 0.51975, 0.17686, 142.495)],
)
def test_oklch_as_css_has_it(colour: str, lightness: float, chroma: float, hue: float) -> None:
    found = colours._oklch(colour)
    assert found[0] == pytest.approx(lightness, abs=1e-4)
    assert found[1] == pytest.approx(chroma, abs=1e-4)
    assert math.degrees(found[2]) == pytest.approx(hue, abs=0.01)


@given(COLOURS)
def test_every_colour_comes_back_from_oklch(colour: str) -> None:
    assert colours._colour(*colours._oklch(colour)) == colour


@given(COLOURS)
def test_what_is_suggested_passes_keeps_its_hue_and_nothing_nearer_passes(colour: str) -> None:
    def passes(one: str) -> bool:
        return contrast(one, PAPER) >= 4.5

    found = nearest(colour, passes)
    assert found is not None
    assert passes(found)
    if found == colour:
        return
    lightness, chroma, hue = colours._oklch(colour)
    new, kept, other = colours._oklch(found)
    if chroma > 0.03 and kept > 0.03:  # a grey has no hue, and eight bits blur a weak one
        turn = (math.degrees(other - hue) + 180) % 360 - 180
        assert abs(turn) < 4.0
    # a colour of this hue that is nearer by three steps still fails
    near = lightness + (new - lightness) * (1 - 3 / 512 / max(abs(new - lightness), 3 / 512))
    assert not passes(colours._colour(near, chroma, hue))


def test_nothing_may_pass() -> None:
    assert nearest("#123456", lambda _: False) is None


@given(COLOURS)
def test_a_lighter_one_is_read_on_the_dark_page(colour: str) -> None:
    found = lighter_on(colour, DARK, 7.0)
    assert contrast(found, DARK) >= 7.0
    assert luminance(found) >= luminance(colour)
    if contrast(colour, DARK) >= 7.0:
        assert found == colour


def test_no_light_is_enough_on_white() -> None:
    with pytest.raises(ValueError, match="contrast of 4"):
        lighter_on("#12436d", "#ffffff", 4.5)


@given(COLOURS, st.sampled_from([TINT, EDGE, "#a6bfd3", "#3c6d97"]))
def test_a_shade_keeps_the_luminance_so_that_text_on_it_is_read_alike(
    colour: str, pattern: str
) -> None:
    # a step of eight bits in the lightest grey is 0.0087 of luminance
    assert luminance(shade(pattern, colour)) == pytest.approx(luminance(pattern), abs=0.009)


def test_the_house_keeps_its_own_shades() -> None:
    for pattern in (TINT, EDGE):
        assert shade(pattern, ACCENT) == pattern


def test_a_surface_with_a_colour_over_it() -> None:
    assert tinted("#102030", "#ffffff", 0.0) == "#102030"
    assert tinted("#102030", "#ffffff", 1.0) == "#ffffff"
    assert tinted("#000000", "#c86400", 0.5) == "#643200"  # 200, 100, 0 halved


def test_the_house_passes_what_it_asks_of_others() -> None:
    assert contrast(ACCENT, PAPER) >= 4.5
    assert contrast(ACCENT, TINT) >= 4.5
    assert steps_apart(ACCENT, COMPARISON)[0] >= 2.0
