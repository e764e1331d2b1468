"""The words of words.toml and texts.toml, and the text files beside them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from rmresearch.files import parse_toml

__all__ = ["catalogue", "filled"]


@cache
def catalogue(name: str) -> dict[str, Any]:
    """The content of ``name``.toml in this folder.

    >>> sorted(catalogue("words")["comparisons"])
    ['colleagues', 'lot', 'none', 'waitlist']
    """
    content: dict[str, Any] = parse_toml(_text(f"{name}.toml"))
    return content


def filled(name: str, /, **words: object) -> str:
    """A text file of this folder with its $words filled in; an unknown word raises ``KeyError``."""
    return Template(_text(name)).substitute(words)


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
