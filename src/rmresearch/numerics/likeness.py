"""Soft questions: how well the answers of two people fit, 0 (not at all) to 1 (fully).

Every part has shape (seniors, juniors) and is NaN where one of the two did not answer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = [
    "Answers",
    "blend",
    "closeness",
    "common",
    "entries",
    "listed",
    "overlap",
    "same",
    "taught",
]

Floats = NDArray[np.float64]
#: the entries that somebody gave; none = no answer
Answers = frozenset[str]


def listed(cell: object, separator: str) -> tuple[str, ...]:
    """The ids of a cell in their order, as they stand.

    >>> listed(" 007; a1 ;007;", ";")
    ('007', 'a1')
    """
    if not isinstance(cell, str):
        return ()
    parts = (part.strip() for part in cell.split(separator))
    return tuple(dict.fromkeys(part for part in parts if part))


def entries(cells: Collection[object], separator: str) -> list[frozenset[str]]:
    """The entries of every cell; capitals, spaces around and the way accents are coded are alike.

    >>> entries(["Chess; SAILING", float("nan")], ";") == [{"chess", "sailing"}, set()]
    True
    """
    found = []
    for cell in cells:
        text = unicodedata.normalize("NFKC", cell).casefold() if isinstance(cell, str) else ""
        found.append(frozenset(listed(text, separator)))
    return found


def closeness(seniors: Floats, juniors: Floats, low: float, high: float) -> Floats:
    """Numbers: 1 where equal, 0 where they lie at the two ends of the range low to high.

    >>> closeness(np.array([1.0, np.nan]), np.array([1.0, 4.0]), 1, 5)
    array([[1.  , 0.25],
           [ nan,  nan]])
    """
    return 1.0 - np.abs(seniors[:, None] - juniors) / (high - low)


def same(
    seniors: Sequence[Answers], juniors: Sequence[Answers], anything: Answers = frozenset()
) -> Floats:
    """Categories: 1 where the two have an entry in common, or one says ``anything``; else 0.

    >>> both = [frozenset({"video"}), frozenset({"either"})]
    >>> same(both, [frozenset({"in person"}), frozenset()], frozenset({"either"}))
    array([[ 0., nan],
           [ 1., nan]])
    """
    fits = common(seniors, juniors) > 0
    if anything:
        fits |= np.array([bool(a & anything) for a in seniors], bool)[:, None]
        fits |= np.array([bool(a & anything) for a in juniors], bool)
    return _answered(fits.astype(np.float64), seniors, juniors)


def overlap(seniors: Sequence[Answers], juniors: Sequence[Answers]) -> Floats:
    """Sets of words: entries in common by entries of either (Jaccard 1901).

    >>> overlap([frozenset({"chess", "sailing"})], [frozenset({"chess"}), frozenset({"opera"})])
    array([[0.5, 0. ]])
    """
    both = common(seniors, juniors)
    either = _sizes(seniors)[:, None] + _sizes(juniors) - both
    return _answered(both / np.maximum(either, 1.0), seniors, juniors)


def taught(learners: Sequence[Answers], teachers: Sequence[Answers]) -> Floats:
    """Complements: the share of what the learner wants that the teacher offers.

    Shape (learners, teachers): transpose it where the juniors are the learners.

    >>> taught([frozenset({"ai", "video"})], [frozenset({"ai"}), frozenset({"chess"})])
    array([[0.5, 0. ]])
    """
    share = common(learners, teachers) / np.maximum(_sizes(learners), 1.0)[:, None]
    return _answered(share, learners, teachers)


def blend(parts: Sequence[Floats], weights: Sequence[float]) -> tuple[Floats, list[Floats]]:
    """Score of every pair from 0 to 1, and what each question gives to it (they add up to it).

    Weights are relative: twice the weight counts twice. Where one of two people did not answer,
    the question counts as its mean over all pairs who both did, so that silence neither helps nor
    harms; a question that no pair answered counts 0. At least one part is needed.

    >>> score, shares = blend([np.array([[1.0, 0.0, np.nan]]), np.array([[0.0, 1.0, 1.0]])], [3, 1])
    >>> score, shares[0]
    (array([[0.75 , 0.25 , 0.625]]), array([[0.75 , 0.   , 0.375]]))
    """
    whole = float(sum(weights))
    score, shares = np.zeros(parts[0].shape), []
    for part, weight in zip(parts, weights, strict=True):
        share = part * (weight / whole)
        unknown = np.isnan(part)
        if unknown.any():
            known = share[~unknown]
            share[unknown] = known.mean() if len(known) else 0.0
        score += share
        shares.append(share)
    return score, shares


def common(seniors: Sequence[Answers], juniors: Sequence[Answers]) -> Floats:
    """How many entries two people have in common.

    >>> common([frozenset({"a", "b"})], [frozenset({"b", "c"}), frozenset()])
    array([[1., 0.]])
    """
    number: dict[str, int] = {}
    for answers in (*seniors, *juniors):
        for entry in sorted(answers):
            number.setdefault(entry, len(number))
    one, other = _incidence(seniors, number), _incidence(juniors, number)
    counts: Floats = (one @ other.T).toarray()
    return counts


def _incidence(people: Sequence[Answers], number: dict[str, int]) -> csr_array:
    ends = np.cumsum([0, *(len(answers) for answers in people)])
    entries = [number[entry] for answers in people for entry in sorted(answers)]
    shape = (len(people), max(len(number), 1))
    return csr_array((np.ones(len(entries)), entries, ends), shape=shape)


def _sizes(people: Sequence[Answers]) -> Floats:
    return np.array([len(answers) for answers in people], dtype=np.float64)


def _answered(part: Floats, seniors: Sequence[Answers], juniors: Sequence[Answers]) -> Floats:
    part[_sizes(seniors) == 0] = np.nan
    part[:, _sizes(juniors) == 0] = np.nan
    return part
