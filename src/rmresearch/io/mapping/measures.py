"""Measures in any layout as one long table of answers in numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rmresearch.errors import Problem
from rmresearch.io.findings import BAD, NAMED, PLACE, ROW, is_code, some, suggesting
from rmresearch.io.mapping.cells import Column
from rmresearch.io.mapping.codes import Answers, answer_codes
from rmresearch.io.mapping.layouts import COLUMN, Block, Measures, Setting, blocks, lacking
from rmresearch.io.mapping.opening import Opened
from rmresearch.io.mapping.tables import base_frame, note_padding, our_column, read_columns

__all__ = ["read_measures"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
#: what makes an answer the same answer again
KEY = ["person", "rater", "pair", "wave", "item"]
#: what an anonymous respondent brings along from the measures' own rows
CARRIED = {
    "role": "text",
    "arm": "text",
    "department": "text",
    "level": "number",
    "stratum": "text",
}


def read_measures(files: Sequence[Opened | None], setting: Setting) -> Measures:
    """All answers, in the order of the files and their rows, kept in ``setting.made``.

    Rows whose person, wave or item is wrong stay in the table where their value could be read,
    so that every rule is looked at; such a study is not analysed.
    """
    made = setting.made
    made.complete = all(opened is not None for opened in files)
    frames, people = [made.frame], []
    for opened in files:
        if opened is None:
            continue
        ids, drop = _ids(opened, setting)
        if ids is None:
            made.complete = False
            continue
        answers = _answers(opened, ids, drop, setting)
        frames.append(answers)
        if not setting.linked:
            people.append(_respondents(opened, ids, answers, setting))
    made.frame = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    if not setting.linked:
        made.frame["person"] = made.frame["wave"].str.cat(made.frame["person"], sep="/")
        made.frame["rater"] = made.frame["person"]
        made.people = pd.concat(people, ignore_index=True) if people else None
    return made


def _ids(opened: Opened, setting: Setting) -> tuple[pd.DataFrame | None, Flags]:
    """Person, rater, pair and place of each row, and which rows consent leaves out."""
    frame, findings = base_frame(opened), setting.findings
    for name in ("person", "rater", "pair"):
        column, given = our_column(opened, name)
        if column is not None:
            note_padding(opened, name, column, findings)
            frame[name] = column.series()
        elif name == "person" and not given and not setting.linked:
            # nobody can be followed: each row is somebody of their own
            frame[name] = f"{opened.place}-" + pd.Series(opened.rows).astype("str")
            if opened.source.layout == "long":
                _unanswerable(opened, setting)
        elif name == "person":
            if not given:
                anonymous = ", or, if the survey was anonymous, set linked = false in [study]"
                lacking(opened, name, findings, anonymous)
            return None, np.empty(0, bool)
        else:
            frame[name] = pd.Series(np.nan, index=frame.index, dtype="str")
    drop = opened.refused.copy()
    setting.made.refusals += int(drop.sum())
    if setting.linked and setting.refused:
        theirs = frame["person"].isin(setting.refused) | frame["rater"].isin(setting.refused)
        drop |= theirs.to_numpy(bool)
    frame["rater"] = frame["rater"].fillna(frame["person"])
    return frame, drop


def _unanswerable(opened: Opened, setting: Setting) -> None:
    if all(len(outcome.items) < 2 for outcome in setting.book.outcomes):
        return
    file, sheet = opened.where
    found = "an anonymous table with a row an answer cannot say which answers belong together"
    fix = f'Map a respondent number to person, or use layout = "by-wave" in {opened.key}.'
    setting.findings.add(Problem("unlinked-long", found, fix, file=file, sheet=sheet))


def _answers(opened: Opened, ids: pd.DataFrame, drop: Flags, setting: Setting) -> pd.DataFrame:
    """One file's answers, its faulty rows noted once each."""
    found = [
        part
        for block in blocks(opened, setting)
        if (part := _coded(opened, block, ids, drop, setting)) is not None
    ]
    if not found:
        return setting.made.frame.iloc[:0]
    answers = pd.concat(found, ignore_index=True) if len(found) > 1 else found[0]
    _faulty_rows(answers, setting)
    answers = answers[answers["value"].notna() | answers[BAD]]
    if opened.source.once:
        kept = answers.drop_duplicates(KEY)
        if len(kept) < len(answers):
            words = f"{opened.key}: once kept {len(kept):,} of {len(answers):,} answers."
            setting.findings.note(words)
        answers = kept
    return answers.reset_index(drop=True)


def _coded(
    opened: Opened, block: Block, ids: pd.DataFrame, drop: Flags, setting: Setting
) -> pd.DataFrame | None:
    """The answers of one column in numbers; those that consent leaves out are counted."""
    there = ~block.value.missing & ~setting.book.silent(block.item, block.value)
    setting.made.left_out += int((there & drop).sum())
    there &= ~drop
    if opened.source.only:
        there &= block.item.holds(opened.source.only)
    rows = np.flatnonzero(there)
    if not len(rows):
        return None
    item, wave = block.item.take(rows), block.wave.take(rows)
    frame = ids.iloc[rows].reset_index(drop=True)
    frame["item"], frame["wave"] = item.series(), wave.series()
    header = opened.original.get(block.column, block.column)
    frame[COLUMN] = np.int32(len(setting.made.columns))
    setting.made.columns.append(header)
    groups, keys = _grouped(item, wave, setting)
    value, decimal = block.value.take(rows), opened.source.decimal
    answers = Answers(value, groups, keys, frame, block.column, decimal)
    frame["value"], frame[BAD] = answer_codes(answers, setting.book, setting.findings)
    frame[BAD] |= ~frame["item"].isin(setting.book.items)
    seen = np.unique(groups[groups >= 0]).tolist()
    setting.made.seen.update(keys[group] for group in seen)
    return frame


def _grouped(item: Column, wave: Column, setting: Setting) -> tuple[Ints, list[tuple[str, str]]]:
    """Each row's number among the (item, wave); -1 where the item is unknown or not asked then.

    Undeclared waves count as one, named "": their answers are read for further problems.
    """
    items, waves = setting.book.items, [*setting.waves, ""]
    item_at = _positions(item, items, -1)
    wave_at = _positions(wave, setting.waves, len(waves) - 1)
    distinct, inverse = np.unique(item_at * len(waves) + wave_at, return_inverse=True)
    keys, usable = [], []
    for code in distinct.tolist():
        name, when = items[code // len(waves)], waves[code % len(waves)]
        keys.append((name, when))
        usable.append(code >= 0 and (when == "" or setting.book.asked(name, when)))
    return np.where(np.array(usable, dtype=bool)[inverse], inverse, -1), keys


def _positions(column: Column, known: Sequence[str], other: int) -> Ints:
    """Each row's position among the known texts, ``other`` where it is none of them."""
    places = {text: i for i, text in enumerate(known)}
    at = [places.get(text, other) for text in column.text]
    return np.array([*at, other], dtype=np.int64)[column.codes]


def _faulty_rows(answers: pd.DataFrame, setting: Setting) -> None:
    """Answers that lack an id, a wave or an item, or name one that is not declared."""
    findings, book = setting.findings, setting.book
    rows = answers.drop_duplicates([PLACE, ROW])
    for name in ("person", "wave", "item"):
        problem = Problem(f"no-{name}", f"an answer without {name}", f"Fill in the {name}.")
        findings.each(rows, rows[name].isna().to_numpy(), problem)
    known = some(setting.waves)
    fix = f"Add the wave to study.toml, map it in values.wave, or correct it: {known}."
    problem = Problem("unknown-wave", "the wave is not declared", fix, column="wave")
    _unknown(rows, setting.waves, problem, setting)
    fix = "Add it to an outcome's items, map it in values.item, or filter it out with where."
    problem = Problem("unknown-item", "no outcome has this item", fix, column="item")
    _unknown(rows, book.items, problem, setting)
    _out_of_time(answers, setting)


def _unknown(rows: pd.DataFrame, known: Sequence[str], problem: Problem, setting: Setting) -> None:
    name = str(problem.column)
    wrong = (~rows[name].isin(known) & rows[name].notna()).to_numpy(bool)
    hint = suggesting(known)
    setting.findings.grouped(rows, wrong, name, problem, hint=hint, show=is_code, most=NAMED)


def _out_of_time(answers: pd.DataFrame, setting: Setting) -> None:
    """Warn of answers at a wave at which their outcome is not asked: they are not read."""
    counts = answers.groupby(["item", "wave"], sort=False).size()
    for outcome in setting.book.outcomes:
        items = outcome.items or [outcome.name]
        for wave in setting.waves:
            if any(setting.book.asked(item, wave) for item in items):
                continue
            n = sum(int(counts.get((item, wave), 0)) for item in items)
            if n:
                found = f"{n:,} answers to {outcome.name} at wave {wave} are not read"
                fix = (
                    f"The outcome is asked at {some(outcome.waves)}; add the wave if that is wrong."
                )
                file, sheet = setting.findings.places[int(answers[PLACE].iloc[0])]
                setting.findings.add(
                    Problem("not-asked", found, fix, file=file, sheet=sheet, severity="warning")
                )


def _respondents(
    opened: Opened, ids: pd.DataFrame, answers: pd.DataFrame, setting: Setting
) -> pd.DataFrame:
    """The anonymous people of one file: one a row and wave with an answer."""
    kinds = CARRIED | dict(setting.features)
    read, _, whole = read_columns("measures", opened, kinds, setting.findings)
    setting.made.complete &= whole
    read = read.assign(person=ids["person"]).drop_duplicates("person")
    people = answers[["person", "wave"]].drop_duplicates().merge(read, on="person", how="left")
    people["person"] = people["wave"].str.cat(people["person"], sep="/")
    return people.drop(columns="wave")
