"""The handbook's page on Python names everything that is public, once, and its code runs."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

from tests.test_docstrings import classes

import rmresearch

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text("utf-8")
SHOWN = re.findall(r"^\.\. auto(\w+):: rmresearch\.([\w.]+)$", PAGE, re.MULTILINE)


def found(name: str) -> Any:
    """What stands under a dotted name below the package."""
    where, _, last = name.rpartition(".")
    holder = importlib.import_module(f"rmresearch.{where}") if where else rmresearch
    return getattr(holder, last)


def test_every_public_name_is_on_the_page_once() -> None:
    names = [name for _, name in SHOWN]
    assert len(names) == len(set(names))
    assert {name for name in names if "." not in name} == set(rmresearch.__all__)


def test_what_functions_give_is_there_too() -> None:
    shown = {name.rpartition(".")[2] for _, name in SHOWN}
    given = {one.__name__ for one in classes().values() if "numerics" not in one.__module__}
    # what the others hold, or give, and their own pages name
    assert given - shown <= {"Bootstrap", "Call", "CheckReport", "Comparison"}


def test_each_is_shown_as_what_it_is() -> None:
    for kind, name in SHOWN:
        one = found(name)
        if kind == "function":
            assert inspect.isfunction(one), name
        else:
            assert inspect.isclass(one), name
            assert (kind == "exception") == issubclass(one, Exception), name


def test_the_pages_code_runs() -> None:
    names: dict[str, Any] = {}
    for code in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "docs/api.md", "exec"), names)
    assert isinstance(names["result"], rmresearch.result.Result)
    assert names["result"].table("waves").to_latex()
