"""Fonts of the report on paper: those that come with typst and matplotlib, alike everywhere."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["fonts", "lacking"]

FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")


@contextmanager
def fonts(system: bool = False) -> Iterator[Any]:
    """typst's own fonts (Libertinus Serif) and DejaVu Sans; with ``system`` this machine's too.

    They are read while the block lasts.
    """
    import typst

    # by themselves: matplotlib's folder also holds a font that has a tile for every character
    with tempfile.TemporaryDirectory(prefix="rmr-", ignore_cleanup_errors=True) as folder:
        for name in FILES:
            shutil.copyfile(_folder() / name, Path(folder) / name)
        yield typst.Fonts(include_system_fonts=system, font_paths=[folder])


def lacking(text: str) -> set[str]:
    """The characters of a text that these fonts do not have.

    >>> lacking("Zoë, Ζωή, Зоя: 漢")
    {'漢'}
    """
    return {one for one in set(text) if ord(one) not in _covered() and one.isprintable()}


@cache
def _covered() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(_folder() / FILES[0])).get_charmap())


def _folder() -> Path:
    from matplotlib import get_data_path

    return Path(get_data_path()) / "fonts" / "ttf"
