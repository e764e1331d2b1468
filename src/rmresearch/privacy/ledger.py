"""What a study has published, so that a later release cannot be held against it.

One person withdraws, one answers late: last month's mean beside this month's tells the answer. The
ledger keeps which sets of people numbers were published for, by keyed hashes and without any
number, beside the key of the pseudonyms.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rmresearch.errors import PrivacyError, ReportError
from rmresearch.files import lock, to_json, write_bytes
from rmresearch.privacy.crowds import Crowds, Flags
from rmresearch.privacy.differencing import Past, PastSet, Published, refused
from rmresearch.privacy.pseudonyms import Pseudonyms
from rmresearch.privacy.subjects import Subject
from rmresearch.privacy.tombstone import FOLDER
from rmresearch.study import Design

__all__ = ["Ledger"]

PERSON = b"rmresearch ledger: person\0"
SEAL = b"rmresearch ledger: seal\0"
DIGITS = 16  # 64 bits: two of 100,000 people share a hash with probability 3e-10


@dataclass(frozen=True, slots=True)
class _Entry:
    """One release: ``people`` are hashes with a role's initial; ``sets`` are indices into them."""

    people: tuple[str, ...]
    sets: tuple[tuple[Subject, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The sets of people that a study has published numbers for; ``path`` None keeps nothing.

    The file is sealed with the study's key: whoever changes it without the key is found out.
    By itself nobody can tell a ledger that was taken away, or put back to an earlier state, from
    one that never held more: reports note its ``state``, which it must have ``held``.
    """

    path: Path | None
    key: bytes = field(repr=False)
    entries: tuple[_Entry, ...] = field(default=(), repr=False)

    @classmethod
    def read(cls, study_dir: Path, design: Design) -> Ledger:
        """The ledger of the study in ``study_dir``, empty before its first release.

        It lies in ``.rmresearch`` beside the key. A synthetic study keeps none. A ledger that was
        changed, or that another key sealed, raises ``PrivacyError``.
        """
        return cls.of(study_dir, design.name, synthetic=design.synthetic)

    @classmethod
    def of(cls, study_dir: Path, name: str, *, synthetic: bool) -> Ledger:
        """The ledger of the study of that name, as ``read``."""
        if synthetic:
            return cls(None, b"")
        pseudonyms = Pseudonyms.of(study_dir, name, synthetic=False, create=False)
        path = study_dir / FOLDER / f"{name}.ledger.json"
        return cls(path, pseudonyms.key, _read(path, pseudonyms.key))

    @property
    def state(self) -> str:
        """The seal of all that it holds, which tells nothing without the key; "" of nothing."""
        content = [_plain(one) for one in self.entries]
        return _seal(self.key, content) if content else ""

    def held(self, state: str) -> bool:
        """Whether this was its ``state`` at some time: entries are only ever added."""
        content = [_plain(one) for one in self.entries]
        seals = (_seal(self.key, content[:n]) for n in range(len(content), 0, -1))
        return not state or any(hmac.compare_digest(one, state) for one in seals)

    def past(self, crowds: Crowds) -> Past:
        """What was published before, as sets of today's people and of those since gone."""
        if not self.entries:
            return Past()
        now = {self._hash(one): i for i, one in enumerate(crowds.everybody.tolist())}
        roles = {one[:DIGITS]: one[DIGITS + 1 :] for e in self.entries for one in e.people}
        gone = {one: i for i, one in enumerate(sorted(roles.keys() - now.keys()))}
        return Past(
            tuple(
                PastSet(subject, _flags(now, people), _flags(gone, people))
                for entry in self.entries
                for subject, people in entry.sets
            ),
            tuple(roles[one] for one in gone),
        )

    def record(self, published: Published | None) -> Ledger:
        """The ledger with a release's ``published`` sets in it, written down before this returns.

        Call it before what was released leaves the house. Sets that were published before make no
        new entry. ``PrivacyError`` where the release was read from a file, so that it does not
        know whom it is about, or does not go with what was published before.
        """
        if published is None:
            raise PrivacyError(
                "a release that was read from a file cannot be recorded, as it does not say whom "
                "its numbers are about: make it again from the study and record that."
            )
        if self.path is None:
            return self
        with lock(self.path.parent, f"{self.path.name}.lock"):
            now = replace(self, entries=_read(self.path, self.key))
            asked = dict.fromkeys(published.claims, 0)
            if refused(asked, published.crowds, now.past(published.crowds)):
                raise PrivacyError(
                    "beside an earlier release this one would tell a few people's answers: it was "
                    "made without the study's ledger, or another was recorded since. Make it again."
                )
            entry = now._entry(published)
            if not entry.sets:
                return now
            whole = replace(now, entries=(*now.entries, entry))
            content = [_plain(one) for one in whole.entries]
            sealed = {"releases": content, "seal": _seal(self.key, content)}
            write_bytes(self.path, to_json(sealed).encode(), mode=0o600)
        return whole

    def _entry(self, published: Published) -> _Entry:
        crowds, known = published.crowds, {one for entry in self.entries for one in entry.sets}
        everybody = np.array([self._hash(one) for one in crowds.everybody.tolist()], dtype=object)
        found = [(claim.subject, crowds.people(claim.members)) for claim in published.claims]
        sets = {(about, frozenset(everybody[flags].tolist())): flags for about, flags in found}
        fresh = {one: flags for one, flags in sets.items() if one not in known}
        named = np.zeros(len(everybody), bool)
        for flags in fresh.values():
            named |= flags
        people = zip(everybody[named], crowds.initials[named].tolist(), strict=True)
        order = sorted(fresh, key=lambda one: (one[0].variable, one[0].waves, sorted(one[1])))
        return _Entry(tuple(sorted(f"{a}:{b}" for a, b in people)), tuple(order))

    def _hash(self, pseudonym: str) -> str:
        """A person's hash; the role's letter in front of a pseudonym may change, the rest not."""
        code = pseudonym.partition("-")[2] or pseudonym
        return hmac.digest(self.key, PERSON + code.encode(), "sha256").hex()[:DIGITS]


def _flags(places: Mapping[str, int], people: Iterable[str]) -> Flags:
    flags = np.zeros(len(places), bool)
    flags[[places[one] for one in people if one in places]] = True
    return flags


def _seal(key: bytes, content: Sequence[Mapping[str, Any]]) -> str:
    return hmac.digest(key, SEAL + to_json(content).encode(), "sha256").hex()


def _plain(entry: _Entry) -> dict[str, Any]:
    """An entry for the file: each set as bits over ``people``, base64."""
    places = {one[:DIGITS]: i for i, one in enumerate(entry.people)}
    sets = [
        [
            subject.variable,
            list(subject.waves),
            base64.b64encode(np.packbits(_flags(places, people)).tobytes()).decode(),
        ]
        for subject, people in entry.sets
    ]
    return {"people": list(entry.people), "sets": sets}


def _read(path: Path, key: bytes) -> tuple[_Entry, ...]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(
            f"{path} could not be read ({error}). Restore it from a backup."
        ) from None
    try:
        whole = json.loads(text)
        content = whole["releases"]
        if not hmac.compare_digest(whole["seal"], _seal(key, content)):
            raise ValueError("changed")
        return tuple(_entry(one) for one in content)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise PrivacyError(
            f"{path} was changed, or sealed with another key than the study's. Restore it and the "
            f"key from a backup: without them a new release cannot be held against earlier ones."
        ) from None


def _entry(plain: Mapping[str, Any]) -> _Entry:
    people = tuple(plain["people"])
    hashes = np.array([one[:DIGITS] for one in people], dtype=object)
    sets = []
    for variable, waves, bits in plain["sets"]:
        octets = np.frombuffer(base64.b64decode(bits), np.uint8)
        flags = np.unpackbits(octets, count=len(people)).astype(bool)
        sets.append((Subject(variable, tuple(waves)), frozenset(hashes[flags].tolist())))
    return _Entry(people, tuple(sets))
