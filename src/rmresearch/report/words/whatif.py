"""The sentences about simulated designs: what studies like these would find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rmresearch.report.words.gate import say
from rmresearch.report.words.phrases import catalogue, fill, named, quoted

__all__ = ["analysis", "called", "design", "lever", "tell", "value_of", "where"]


def tell(key: str, **parts: Any) -> str:
    """A sentence of the section, through the gate."""
    return say(fill("whatif", key, **parts))


def analysis(name: str) -> str:
    """What an analysis is called: its own name in the file, in words where it is a known one."""
    return named(catalogue()["whatif_analysis"].get(name, name.replace("_", " ")))


def lever(name: str) -> str:
    """A lever's name without its section, in words.

    >>> lever("levers.level_gap"), lever("pairs")
    ('level gap', 'pairs')
    """
    return name.rpartition(".")[2].replace("_", " ")


def value_of(value: Any) -> str:
    """A lever's value as a reader meets it.

    >>> value_of(True), value_of([0, 6]), value_of(0.5), value_of(1.0)
    ('yes', '0, 6', '0.5', '1')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else f"{value}"


def design(name: str, swept: Mapping[str, Any]) -> str:
    """What a design is called: its name, and what was varied.

    >>> design("wait-list", {"levers.cadence": 4}), design("", {"pairs": 24})
    ('wait-list, cadence 4', '24 pairs')
    """
    parts: Sequence[str] = [
        f"{value_of(value)} pairs" if key == "pairs" else f"{lever(key)} {value_of(value)}"
        for key, value in swept.items()
    ]
    return ", ".join([*([named(name)] if name else []), *parts])


def called(name: str, swept: Mapping[str, Any]) -> str:
    """A design within a sentence, its name in quotes.

    >>> called("wait-list", {"pairs": 24})
    '“wait-list”, 24 pairs'
    """
    return ", ".join([*([quoted(name)] if name else []), *([design("", swept)] if swept else [])])


def where(name: str, swept: Mapping[str, Any]) -> str:
    """A design at the end of a clause, its name in quotes; "" where there is only one.

    >>> where("wait-list", {"pairs": 24}), where("", {})
    (' with “wait-list”, 24 pairs', '')
    """
    said = called(name, swept)
    return fill("whatif", "with", design=said) if said else ""
