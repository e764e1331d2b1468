"""Arguments as they are given: what is of the wrong kind is told before any work, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["bounds_of", "called", "number", "share", "whole"]


def whole(name: str, value: object, *, least: int) -> None:
    """Refuse what is no whole number (``TypeError``) or a smaller one (``ValueError``)."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} is {value!r}; expected a whole number")
    if value < least:
        raise ValueError(f"{name} is {value}; expected {least} or more")


def number(name: str, value: object, expected: str = "a number") -> None:
    """Refuse with ``TypeError`` what is no number: a text, None, a list, yes or no."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} is {value!r}; expected {expected}")


def share(name: str, value: float) -> None:
    """Refuse what is no number (``TypeError``) or none between 0 and 1 (``ValueError``).

    >>> share("alpha", "0.05")
    Traceback (most recent call last):
    TypeError: alpha is '0.05'; expected a number between 0 and 1
    """
    number(name, value, "a number between 0 and 1")
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, not {value}")


def called(name: str, value: object, expected: str) -> None:
    """Refuse with ``TypeError`` what was given and cannot be called."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} is {value!r}; expected {expected}")


def bounds_of(bounds: tuple[int, int], step: int) -> tuple[int, int]:
    """The smallest and the largest possible number of pairs within what was asked."""
    if isinstance(bounds, str) or not isinstance(bounds, Sequence) or len(bounds) != 2:
        raise TypeError(f"bounds is {bounds!r}; expected the fewest and the most pairs, (4, 2000)")
    for one, name in zip(bounds, ("lower", "upper"), strict=True):
        whole(f"the {name} of bounds", one, least=0)
    low, high = -(-max(bounds[0], 1) // step) * step, bounds[1] // step * step
    if low >= high:
        raise ValueError(
            f"bounds are {tuple(bounds)}; expected room for two sizes, multiples of {step}"
        )
    return low, high
