"""The package's own errors: every one says what was found, where, and what to do."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

__all__ = [
    "FitError",
    "PrivacyError",
    "Problem",
    "ReportError",
    "RmError",
    "StudyError",
    "did_you_mean",
    "kindly",
    "nearest",
    "number_of",
]

Asked = TypeVar("Asked", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a study's files, in the words of the input contract.

    ``where`` parts that do not apply are ``None``; ``row`` counts as a spreadsheet does
    (the header is row 1). ``value`` is an id or a code, never free text or a name.
    ``severity`` is ``"error"`` (nothing is read) or ``"warning"`` (said in the data-quality page).

    >>> print(Problem("range", "a value above 5", "Correct it.", file="answers.csv", row=3))
    answers.csv, row 3: a value above 5. Correct it.
    """

    rule: str
    found: str
    fix: str
    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    severity: str = "error"

    def __str__(self) -> str:
        places = [self.file, f"sheet {self.sheet}" if self.sheet else None]
        places += [f"row {self.row}" if self.row is not None else None]
        places += [f"column {self.column}" if self.column else None]
        where = ", ".join(place for place in places if place)
        value = f" [{self.value}]" if self.value is not None else ""
        return f"{where + ': ' if where else ''}{self.found}{value}. {self.fix}"


def number_of(count: int, one: str, several: str) -> str:
    """A count with its noun, as a sentence needs it.

    >>> number_of(1, "person", "people"), number_of(0, "person", "people")
    ('1 person', '0 people')
    """
    return f"{count:,} {one if count == 1 else several}"


def nearest(name: object, known: Iterable[object], cutoff: float = 0.6) -> str | None:
    """The known name most like this one, capitals aside; None where none is like it.

    ``cutoff`` is the least likeness, 0 to 1, as ``difflib`` counts it.

    >>> nearest("Compare_arm", ["compare_arms", "pre_post"])
    'compare_arms'
    """
    candidates = {str(one).casefold(): str(one) for one in known}
    near = difflib.get_close_matches(str(name).casefold(), candidates, n=1, cutoff=cutoff)
    return candidates[near[0]] if near else None


def did_you_mean(given: object, known: Iterable[object]) -> str:
    """The sentence that suggests the nearest known name, after a space; empty where none is near.

    ``given`` is a name, or a list of them.

    >>> did_you_mean("month5", ["start", "month3"])
    " Did you mean 'month3'?"
    """
    choices = list(known)
    found = [nearest(one, choices) for one in (given if isinstance(given, list) else [given])]
    near = ", ".join(repr(one) for one in dict.fromkeys(found) if one)
    return f" Did you mean {near}?" if near else ""


def kindly(asked: Asked) -> Asked:
    """The function or class, which answers an argument that it does not have with the nearest.

    >>> @kindly
    ... def pair(juniors: int, seniors: int) -> int:
    ...     return juniors + seniors
    >>> pair(juniors=1, senior=2)
    Traceback (most recent call last):
    TypeError: pair() got an unexpected keyword argument 'senior'. Did you mean 'seniors'?
    """
    if isinstance(asked, type):
        asked.__init__ = _kindly(asked.__init__, asked.__name__)  # type: ignore[misc]
        return asked
    found: Asked = _kindly(asked, asked.__name__)
    return found


def _kindly(asked: Any, name: str) -> Any:
    taken = {name: one for name, one in inspect.signature(asked).parameters.items()
             if name != "self"}  # fmt: skip
    known = list(taken)
    # what is left over may be for somebody else, unless something that must be there is not
    passed_on = any(one.kind is one.VAR_KEYWORD for one in taken.values())
    needed = {
        n for n, one in taken.items() if one.kind is one.KEYWORD_ONLY and one.default is one.empty
    }

    @wraps(asked)
    def answer(*args: Any, **named: Any) -> Any:
        for given in named:
            if given not in known and (not passed_on or nearest(given, needed - set(named))):
                hint = did_you_mean(given, known) or f" There are: {', '.join(known)}."
                raise TypeError(f"{name}() got an unexpected keyword argument {given!r}.{hint}")
        return asked(*args, **named)

    return answer


class RmError(Exception):
    """Base of the package's errors.

    >>> import rmresearch as rm
    >>> try:
    ...     rm.read_study("no-such-pilot")
    ... except rm.RmError as error:
    ...     print(type(error).__name__)
    StudyError
    """


class StudyError(RmError):
    """The data or the question do not fit; ``problems`` lists everything that was found.

    >>> import rmresearch as rm
    >>> try:
    ...     rm.read_study("no-such-pilot")
    ... except rm.StudyError as error:
    ...     print(error.problems[0].found)
    is not there
    """

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class FitError(RmError):
    """A model could not be fitted to these data.

    >>> import pandas as pd
    >>> import rmresearch as rm
    >>> try:
    ...     rm.ols("y ~ x", pd.DataFrame({"y": [1.0, 2.0, 4.0], "x": [1.0, 1.0, 1.0]}))
    ... except rm.FitError as error:
    ...     print("x" in str(error))
    True
    """


class ReportError(RmError):
    """A report could not be made or does not match its manifest.

    >>> import rmresearch as rm
    >>> fitted = rm.calibrate(rm.simulate(rm.Scenario(pairs=60), seed=7).study)
    >>> try:
    ...     fitted.write("pyproject.toml")
    ... except rm.ReportError as error:
    ...     print(error)
    pyproject.toml is there and no scenario file, so it is not replaced. Name another file.
    """


class PrivacyError(RmError):
    """Something would leave that the release rules do not let out.

    >>> import pickle
    >>> import rmresearch as rm
    >>> from rmresearch.privacy import release
    >>> study = rm.simulate(rm.Scenario(pairs=20), seed=7).study
    >>> out = release({"means": rm.wave_means(study, "digital_skill")}, study)
    >>> try:
    ...     pickle.dumps(out)
    ... except rm.PrivacyError as error:
    ...     print(error)
    a Release is not pickled; write to_json() and use read_release.
    """
