"""Answers to numbers, by the codebook: labels, wave labels, missing codes, numeric codes as is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem
from rmresearch.io.findings import NAMED, Findings, is_code, suggesting
from rmresearch.io.mapping.cells import Column, number
from rmresearch.io.mapping.tables import not_a_number
from rmresearch.io.schema import OutcomeEntry

__all__ = ["Answers", "Codebook", "answer_codes"]

Ints = NDArray[np.int64]
UNKNOWN_LABEL, NOT_A_NUMBER = 1, 2


@dataclass(frozen=True, slots=True)
class Codebook:
    """The declared items and how their answers are coded."""

    outcomes: tuple[OutcomeEntry, ...]
    entries: Mapping[str, OutcomeEntry]

    @classmethod
    def of(cls, outcomes: Sequence[OutcomeEntry]) -> Codebook:
        """By item; an outcome without items is its own item."""
        entries: dict[str, OutcomeEntry] = {}
        for outcome in outcomes:
            for item in outcome.items or [outcome.name]:
                entries.setdefault(item, outcome)
        return cls(tuple(outcomes), entries)

    @property
    def items(self) -> list[str]:
        """Every declared item, in declared order."""
        return list(self.entries)

    def asked(self, item: str, wave: str) -> bool:
        """Whether some outcome with the item is asked at the wave."""
        return any(
            item in (o.items or [o.name]) and (not o.waves or wave in o.waves)
            for o in self.outcomes
        )

    def labels(self, item: str, wave: str) -> dict[str, float]:
        """Answer text to code at a wave: the outcome's labels and the wave's own wording."""
        if item not in self.entries:
            return {}
        entry = self.entries[item]
        both = {**entry.labels, **entry.wave_labels.get(wave, {})}
        return {text.strip(): float(code) for text, code in both.items()}

    def silent(self, item: Column, value: Column) -> NDArray[np.bool_]:
        """Rows whose answer is one that the item's outcome declares to mean "no answer"."""
        silent = np.zeros(len(value), dtype=bool)
        for outcome in self.outcomes:
            if outcome.missing:
                items = outcome.items or [outcome.name]
                silent |= value.holds(outcome.missing) & item.holds(items)
        return silent


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Rows of one file that answer items.

    ``groups`` gives each row's (item, wave) among ``keys`` (-1: not to be coded); ``frame`` says
    where each row came from; ``column`` is the file's column that holds the answers.
    """

    value: Column
    groups: Ints
    keys: Sequence[tuple[str, str]]
    frame: pd.DataFrame
    column: str
    decimal: str


def answer_codes(
    given: Answers, book: Codebook, findings: Findings
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The number of each row's answer (NaN where there is none), and which could not be read.

    Labels are looked up first, then numbers are taken as they are.
    """
    value, groups = given.value, given.groups
    rows = np.flatnonzero((value.codes >= 0) & (groups >= 0))
    combined = groups[rows] * max(len(value.text), 1) + value.codes[rows]
    distinct, inverse = np.unique(combined, return_inverse=True)
    codes, faults = _looked_up(given, distinct, book)
    result = np.full(len(value), np.nan)
    result[rows] = codes[inverse]
    wrong = faults[inverse]
    unread = np.zeros(len(value), dtype=bool)
    if wrong.any():
        rows, wrong = rows[wrong > 0], wrong[wrong > 0]
        unread[rows] = True
        _note(given, rows, wrong, book, findings)
    return result, unread


def _looked_up(given: Answers, distinct: Ints, book: Codebook) -> tuple[NDArray[np.float64], Ints]:
    value = given.value
    labels = [book.labels(item, wave) for item, wave in given.keys]
    codes = np.full(len(distinct), np.nan)
    faults = np.zeros(len(distinct), dtype=np.int64)
    size = max(len(value.text), 1)
    group_of, cell_of = (part.tolist() for part in np.divmod(distinct, size))
    for i, (group, cell) in enumerate(zip(group_of, cell_of, strict=True)):
        text, label, known = value.text[cell], value.label[cell], labels[group]
        if text in known:
            codes[i] = known[text]
        elif label is not None and label in known:
            codes[i] = known[label]
        else:
            codes[i] = number(value.cells[cell], given.decimal)
            if np.isnan(codes[i]):
                faults[i] = UNKNOWN_LABEL if known else NOT_A_NUMBER
    return codes, faults


def _note(given: Answers, rows: Ints, wrong: Ints, book: Codebook, findings: Findings) -> None:
    texts = np.array(given.value.text, dtype=object)[given.value.codes[rows]]
    table = given.frame.iloc[rows].assign(text=texts)
    here = given.groups[rows]
    known: dict[str, dict[str, float]] = {}
    groups_of: dict[str, list[int]] = {}
    for group in np.unique(here).tolist():
        item, wave = given.keys[group]
        known.setdefault(item, {}).update(book.labels(item, wave))
        groups_of.setdefault(item, []).append(group)
    for item, labels in known.items():
        mine = np.isin(here, groups_of[item])
        problem = Problem(
            "unknown-label",
            f"the answer to {item} is not among its labels",
            "Correct it, or add it to the outcome's labels (or wave_labels, or missing): "
            f"{'; '.join(labels)}.",
            column=given.column,
        )
        findings.grouped(
            table,
            mine & (wrong == UNKNOWN_LABEL),
            "text",
            problem,
            hint=suggesting(labels),
            show=is_code,
            most=NAMED,
        )
        plain = not_a_number(given.column, given.value, given.decimal)
        plain = replace(plain, found=f"the answer to {item} is not a number")
        findings.each(table, mine & (wrong == NOT_A_NUMBER), plain)
