"""Every docstring example runs, from the checkout's root, as the README's reader would run it."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import rmresearch

NAMES = [
    one.name
    for one in pkgutil.walk_packages(rmresearch.__path__, "rmresearch.")
    if not one.name.endswith("__main__")
]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name: str, monkeypatch: pytest.MonkeyPatch, root: object) -> None:
    monkeypatch.chdir(str(root))
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
