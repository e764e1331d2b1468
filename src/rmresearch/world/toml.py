"""Plain values as TOML text: what ``tomllib`` reads back as the same values."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["to_toml"]

BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(document: Mapping[str, Any]) -> str:
    """A document of text, numbers, bools, dates, lists, tables and lists of tables, in its order.

    Tables become ``[name]`` sections and lists of tables ``[[name]]``; ``None`` is left out.
    Other types, and numbers that are not finite, raise ``TypeError`` or ``ValueError``.

    >>> print(to_toml({"waves": [{"name": "start", "months": 0}]}), end="")
    [[waves]]
    name = "start"
    months = 0
    """
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines, sections = [], []
    for name, value in table.items():
        here = (*path, name)
        title = ".".join(_key(part) for part in here)
        if value is None:
            continue
        if isinstance(value, Mapping):
            # A header over nothing but sub-tables says nothing that they do not say.
            inner = _table(value, here)
            plain = any(not _nested(v) for v in value.values()) or not value
            sections += ["", f"[{title}]", *inner] if plain else inner
        elif _tables(value):
            for entry in value:
                sections += ["", f"[[{title}]]", *_table(entry, here)]
        else:
            lines.append(f"{_key(name)} = {_value(value)}")
    return lines + sections


def _tables(value: object) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value)


def _nested(value: object) -> bool:
    return isinstance(value, Mapping) or _tables(value)


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else _text(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} does not belong in a study's TOML")
        return repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    raise TypeError(f"{type(value).__name__} does not belong in a study's TOML")


def _text(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL, which JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
