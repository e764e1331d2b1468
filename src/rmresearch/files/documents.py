"""TOML that people wrote, read so that every refusal is one kind of error."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

__all__ = ["parse_toml"]

#: TOML's whole numbers have 64 bits; Python's can be longer than a float, or than it can print
LONGEST = 2**63


def parse_toml(text: str) -> dict[str, Any]:
    """The content of a TOML text; whatever is none raises ``tomllib.TOMLDecodeError``.

    So does what ``tomllib`` itself lets through or fails at: whole numbers of more than 64 bits,
    and brackets nested deeper than its stack.

    >>> parse_toml("pairs = 60")
    {'pairs': 60}
    """
    try:
        content = tomllib.loads(text.replace("\r\n", "\n"))
        too_long = _holds_too_long(content)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("Brackets or dots nested too deeply") from None
    except ValueError:  # more digits than Python reads
        too_long = True
    if too_long:
        raise tomllib.TOMLDecodeError("Whole number of more than 64 bits")
    return content


def _holds_too_long(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_too_long, value.values()))
    if isinstance(value, list):
        return any(map(_holds_too_long, value))
    return isinstance(value, int) and not -LONGEST <= value < LONGEST
