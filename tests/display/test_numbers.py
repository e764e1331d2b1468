from __future__ import annotations

import math

import pytest

from rmresearch.display.numbers import (
    NOTHING,
    count,
    decimals_for,
    interval,
    number,
    p_value,
    percent,
)


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([], 2),
        ([None, math.nan], 2),
        ([0.0], 2),
        ([9.99], 2),
        # what rounds up to the next size is shown as that size: 9.996 would read 10.00
        ([9.996], 1),
        ([-12.0, 0.1], 1),
        ([99.94], 1),
        ([99.96], 0),
        ([1e6], 0),
    ],
)
def test_decimals_follow_the_largest(values: list[float], places: int) -> None:
    assert decimals_for(values) == places


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NOTHING),
        (math.nan, NOTHING),
        (math.inf, NOTHING),
        (0, "0"),
        (0.0, "0.00"),
        (-0.004, "0.00"),
        (-0.3, "−0.30"),
        (12345, "12,345"),
        (12345.6, "12,346"),
        (-1234.0, "−1,234"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


def test_signs_and_units() -> None:
    assert number(0.2, signed=True) == "+0.20"
    assert number(-0.2, signed=True) == "−0.20"
    assert number(-0.001, signed=True) == "0.00"
    assert number(3.0, decimals=0, unit="points") == "3 points"
    assert number(None, unit="points") == NOTHING


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.001, "<1%"),
        (0.999, ">99%"),
        (0.5, "50%"),
        (-0.12, "−12%"),
        (-0.001, "0%"),
        (None, NOTHING),
        (math.nan, NOTHING),
    ],
)
def test_shares(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_shares_with_decimals() -> None:
    assert percent(0.4567, decimals=1) == "45.7%"
    assert percent(0.0004, decimals=1) == "<0.1%"
    assert percent(0.9996, decimals=1) == ">99.9%"


def test_p_is_never_zero() -> None:
    assert p_value(0.0) == "<0.001"
    assert p_value(0.0009) == "<0.001"
    assert p_value(0.001) == "0.001"
    assert p_value(1.0) == "1.000"
    assert p_value(None) == NOTHING


def test_intervals() -> None:
    assert interval(-1.0, 12.0) == "−1.0 to 12.0"
    assert interval(0.1, 0.2, decimals=1) == "0.1 to 0.2"
    assert interval(0.0, 1.0, share=True) == "0% to 100%"
    assert interval(None, 1.0) == NOTHING
    assert count(None) == NOTHING
