"""Every docstring example runs, from the checkout's root, as the README's reader would run it, and
whatever is public has one: each name of ``rm``, each class that these give, each of its methods.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import rmresearch
from rmresearch.models.compare import Comparison
from rmresearch.models.simulate import Bootstrap
from rmresearch.result import Call, Cell, Check, Dropped, Estimate, Table

NAMES = [
    one.name
    for one in pkgutil.walk_packages(rmresearch.__path__, "rmresearch.")
    if not one.name.endswith("__main__")
]
#: what stands in the results, beside what functions say that they give
INSIDE = (Bootstrap, Call, Cell, Check, Comparison, Dropped, Estimate, Table)
#: an interactive panel: `explore` shows how it is used
NO_VALUE = {"Explorer"}


@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch, root: object) -> None:
    monkeypatch.chdir(str(root))
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def public(kind: type) -> Iterator[tuple[str, Any]]:
    """The methods and properties that a class defines for others, as functions."""
    for name, value in vars(kind).items():
        plain = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not name.startswith("_") and inspect.isfunction(plain):
            yield name, plain


def given_by(function: Any) -> str:
    """The name of the class that a function says it gives."""
    return str(inspect.unwrap(function).__annotations__.get("return", "")).strip("'\"")


FUNCTIONS = {n: v for n in rmresearch.__all__ if inspect.isfunction(v := getattr(rmresearch, n))}


def classes() -> dict[str, type]:
    """Public classes, and what public functions give, found beside them."""
    found = {one.__name__: one for one in INSIDE}
    found |= {n: v for n in rmresearch.__all__ if inspect.isclass(v := getattr(rmresearch, n))}
    for function in FUNCTIONS.values():
        name = given_by(function)
        kind = getattr(inspect.getmodule(inspect.unwrap(function)), name, None)
        if inspect.isclass(kind) and kind.__module__.startswith("rmresearch"):
            found[name] = kind
    return {name: kind for name, kind in found.items() if name not in NO_VALUE}


def examples(documented: Any) -> str:
    """The code of the examples in a docstring."""
    found = doctest.DocTestParser().get_examples(documented.__doc__ or "")
    return "".join(one.source for one in found)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_each_public_function_has_an_example_of_itself(name: str) -> None:
    assert re.search(rf"\b{name}\(", examples(FUNCTIONS[name])), f"rm.{name} has no example"


@pytest.mark.parametrize("name", sorted(classes()))
def test_each_public_class_and_method_has_an_example(name: str) -> None:
    """In its own docstring, or in that of the class, or of the function that gives it."""
    kind = classes()[name]
    makers = [*FUNCTIONS.values(), *(f for one in classes().values() for _, f in public(one))]
    shown = examples(kind) + "".join(examples(f) for f in makers if name in given_by(f))
    assert shown, f"{name} has no example"
    for method, function in public(kind):
        assert (function.__doc__ or "").strip(), f"{name}.{method} has no docstring"
        used = re.search(rf"\.{method}\b", shown + examples(function))
        assert used, f"{name}.{method} has no example"


def test_what_must_have_examples_is_found() -> None:
    expected = {
        "Study", "Design", "Outcome", "Result", "Estimate", "Table", "Cohort", "Scenario", "Sweep",
        "Verdict", "Budget", "Policies", "Required", "Calibration", "Gaussian", "LmmFit", "OlsFit",
        "Evaluation", "CheckReport", "StudyError",
    }  # fmt: skip
    assert expected <= set(classes())
    assert {"to_frame", "to_latex", "table"} <= {name for name, _ in public(classes()["Result"])}
