"""What a sweep is, as plain data: what a folder of results is held to when a run goes on."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import inspect
import math
import platform
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from rmresearch.files import sha256_text
from rmresearch.whatif.plan import Asked, Plan

__all__ = ["differences", "identity", "versions"]

KINDS = {
    "scenarios": "scenario", "analyses": "analysis", "compared": "what is compared,",
    "decisions": "table",
}  # fmt: skip
#: what can change a number
LIBRARIES = ("rmresearch", "numpy", "pandas", "scipy", "statsmodels")


def identity(plan: Plan) -> dict[str, Any]:
    """Everything that decides a sweep's results; JSON holds it.

    A source or an option that cannot be written down (no dataclass, and its ``repr`` an address
    in memory) raises ``TypeError``. Of a function that is not the package's own the text counts.
    """
    return {
        "sweep": {
            "replicates": plan.replicates,
            "seed": plan.seed,
            "alpha": plan.alpha,
            "keep": plan.keep,
            "order": list(plan.sources),
        },
        "scenarios": {
            name: {"from": plain(one), "outcome": plain(plan.outcomes[name])}
            for name, one in plan.sources.items()
        },
        "analyses": {name: _analysis(asked) for name, asked in plan.analyses.items()},
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of Python and of the libraries that can change a number."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python} | {name: importlib.metadata.version(name) for name in LIBRARIES}


def differences(here: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """In what two identities differ, a phrase each: what is asked here, and what is there."""
    found = []
    for part in dict.fromkeys([*here, *there]):
        ours, theirs = here.get(part, {}), there.get(part, {})
        for name in dict.fromkeys([*ours, *theirs]):
            one, other = ours.get(name), theirs.get(name)
            if one == other and name in ours and name in theirs:
                continue
            if name == "order":
                found += ["the scenarios come in another order"] * (sorted(one) == sorted(other))
            elif part in KINDS:
                said = "differs" if name in ours and name in theirs else "is not in both"
                found.append(f"{KINDS[part]} {name!r} {said}")
            else:
                found.append(f"{name} is {one!r} here and {other!r} there")
    return found


def _analysis(asked: Asked) -> dict[str, Any]:
    function = asked.analysis
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    own = str(module).split(".")[0] == "rmresearch"
    return {
        "function": f"{module}.{name}" if name else plain(function),
        "text": None if own else _text(function),
        **({} if own else {"holds": _holds(function)}),
        "options": plain(dict(asked.options)),
    }


def _holds(function: Any) -> dict[str, Any]:
    """What a function keeps beside its text: defaults, and what it took from around it."""
    code = getattr(function, "__code__", None)
    if code is None:
        return {}
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    kept = {name: _held(cell) for name, cell in cells}
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return kept | {f"default {place}": _value(one) for place, one in enumerate(defaults)}


def _held(cell: Any) -> Any:
    try:
        return _value(cell.cell_contents)
    except ValueError:  # a name that was never given anything
        return None


def _value(value: Any) -> Any:
    """A value as JSON; of functions and modules their names, and their text where there is one."""
    if callable(value) or inspect.ismodule(value):
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
        if name is not None:
            return [f"{getattr(value, '__module__', '')}.{name}", _text(value)]
    return plain(value)


def _text(function: Any) -> str | None:
    """The hash of a function's source, None where Python cannot show it."""
    try:
        return sha256_text(inspect.getsource(function))
    except (OSError, TypeError):
        return None


def plain(value: Any) -> Any:
    """A value as JSON holds it, dataclasses field by field."""
    kind = type(value)
    if value is None or kind is str or kind is int or kind is bool:  # most of a scenario is
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, dt.date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        shown = {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.repr}
        return {"kind": kind.__name__, **shown}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Set):
        return sorted((plain(one) for one in value), key=repr)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    said = repr(value)
    if " at 0x" in said:
        raise TypeError(
            f"{said} cannot be written down, so a folder could not tell one sweep from another: "
            f"make it a dataclass, or run the sweep without out="
        )
    return said
