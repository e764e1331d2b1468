"""Pseudonyms on the way in: keyed, per study, and rows in an order that says nothing."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from rmresearch.errors import PrivacyError, ReportError
from rmresearch.files import create_bytes
from rmresearch.numerics.likeness import listed
from rmresearch.privacy.tombstone import FOLDER, refuse_forgotten
from rmresearch.study import Matching, Study

__all__ = ["Pseudonyms", "pseudonymise"]

KEY_BYTES = 32
LENGTH = 12  # of 32 signs: 100,000 ids collide with probability 4e-9
ALPHABET = np.frombuffer(b"0123456789abcdefghjkmnpqrstvwxyz", dtype="S1")  # no i, l, o, u
PUBLIC_KEY = b"rmresearch: a synthetic study's key is public"

#: the columns that hold ids, by table; "person" and "pair" ids never share a pseudonym
IDS: Mapping[str, Mapping[str, str]] = {
    "participants": {"person": "person", "manager": "person"},
    "pairs": {"pair": "pair", "junior": "person", "senior": "person"},
    "measures": {"person": "person", "rater": "person", "pair": "pair"},
    "meetings": {"pair": "pair"},
    "records": {"person": "person"},
}
#: what orders each table's rows once the ids are replaced
ORDER: Mapping[str, tuple[str, ...]] = {
    "participants": ("person",),
    "pairs": ("pair", "junior", "senior"),
    "measures": ("person", "rater", "pair", "wave", "item", "value"),
    "meetings": ("pair", "date", "wave", "held", "minutes"),
    "records": ("person", "date", "kind", "value"),
}


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The keyed function from ids to pseudonyms of one study.

    HMAC-SHA256 [RFC 2104] of study name, kind of id and id: without the key nobody can try
    names against the pseudonyms, and another study gives another pseudonym even with this key.
    """

    study: str
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, study_dir: Path, name: str, *, synthetic: bool, create: bool = True) -> Pseudonyms:
        """The pseudonyms of the study in ``study_dir``, its key made at the first read.

        The key lies in ``study_dir/.rmresearch/key`` (mode 0600) beside a .gitignore that keeps
        the folder out of version control. A synthetic study uses a fixed public key and writes
        nothing. With ``create=False`` nothing is written either: without a key file the
        pseudonyms then hold for this run only. A key that is damaged, or that can be neither read
        nor made, raises ``PrivacyError``, a study that was forgotten ``StudyError``.
        """
        if synthetic:
            return cls(name, PUBLIC_KEY)
        refuse_forgotten(study_dir)
        path = study_dir / FOLDER / "key"
        try:
            if not path.exists():
                fresh = secrets.token_bytes(KEY_BYTES)
                if not create:
                    return cls(name, fresh)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                create_bytes(path.parent / ".gitignore", b"*\n")
                create_bytes(path, fresh.hex().encode() + b"\n", mode=0o600)
            return cls(name, _read_key(path))
        except (OSError, ReportError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            raise PrivacyError(
                f"{path} could not be made or read{f': {why}' if why else ''}. It holds the key of "
                f"the study's pseudonyms and must lie beside the study: allow writing and reading "
                f"there, or copy the study to a folder where it is allowed."
            ) from error

    def codes(self, ids: Iterable[str], kind: str = "person") -> list[str]:
        """The codes of distinct ids, in their order; ids that would collide get longer ones."""
        ids = list(ids)
        start = f"{self.study}\0{kind}\0".encode()
        digests = [hmac.digest(self.key, start + one.encode(), "sha256") for one in ids]
        short = _spell(digests, LENGTH)
        if len(set(short)) == len(short):
            return short
        counts = pd.Series(short).value_counts()
        long = _spell(digests, 32)
        return [b if counts[a] > 1 else a for a, b in zip(short, long, strict=True)]


def pseudonymise(study: Study, pseudonyms: Pseudonyms) -> Study:
    """The same study with pseudonyms for ids and rows ordered by them.

    People become ``s-...`` (seniors), ``j-...`` (juniors) or ``o-...`` (others: managers or
    raters who are not participants), pairs ``pair-...``; one id has one pseudonym wherever it
    stands, lists of wishes and refusals included; missing stays missing. The order depends on the
    key and on the rows, not on the order in which they came.
    """
    tables = {name: getattr(study, name) for name in IDS}
    names = {
        kind: _names(study, pseudonyms, kind, _found(tables, kind)) for kind in ("person", "pair")
    }
    new = {name: _renamed(table, name, names) for name, table in tables.items()}
    _lists(new["participants"], study.design.matching, names["person"])
    return replace(
        study,
        participants=new["participants"],
        pairs=new["pairs"],
        measures=new["measures"],
        meetings=new["meetings"],
        records=new["records"],
    )


def _lists(people: pd.DataFrame, matching: Matching, names: Mapping[str, str]) -> None:
    """Wishes and refusals are lists of ids: each becomes its pseudonym, a stranger's goes."""
    for column in {matching.wishes, matching.refusals} & set(people.columns):
        told = [listed(cell, matching.separator) for cell in people[column]]
        known = [matching.separator.join(names[one] for one in ids if one in names) for ids in told]
        people[column] = pd.Series([text or None for text in known], people.index, dtype="str")


def _found(tables: Mapping[str, pd.DataFrame], kind: str) -> list[str]:
    """The distinct ids of a kind in all tables, sorted."""
    columns = [tables[t][c] for t, ids in IDS.items() for c, k in ids.items() if k == kind]
    found: set[str] = set()
    for column in columns:
        found.update(column.dropna().unique().tolist())
    return sorted(found)


def _names(study: Study, pseudonyms: Pseudonyms, kind: str, ids: list[str]) -> dict[str, str]:
    codes = pseudonyms.codes(ids, kind)
    if kind == "pair":
        return {one: f"pair-{code}" for one, code in zip(ids, codes, strict=True)}
    table = study.participants
    starts = {
        person: {"senior": "s-", "junior": "j-"}.get(str(role), "o-")
        for person, role in zip(table["person"], table["role"], strict=True)
    }
    return {one: starts.get(one, "o-") + code for one, code in zip(ids, codes, strict=True)}


def _renamed(
    table: pd.DataFrame, name: str, names: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    new = table.copy(deep=False)
    ranks: dict[str, np.ndarray] = {}
    for column, kind in IDS[name].items():
        new[column], ranks[column] = _replaced(table[column], names[kind])
    for column in ORDER[name]:
        if column not in ranks:
            ranks[column] = np.asarray(pd.factorize(new[column], sort=True)[0])
    order = np.lexsort([ranks[column] for column in reversed(ORDER[name])])
    return new.iloc[order].reset_index(drop=True)


def _replaced(ids: pd.Series[str], names: Mapping[str, str]) -> tuple[pd.Series[str], np.ndarray]:
    """The pseudonyms, and whole numbers that sort as they do (missing first)."""
    codes, unique = pd.factorize(ids)
    fresh = [names[one] for one in unique.tolist()]
    known = pd.array([*fresh, None], dtype="str")  # code -1, a missing id, takes the last
    rank = np.append(np.argsort(np.argsort(fresh)), -1).astype(np.int64)
    return pd.Series(known.take(codes), index=ids.index), rank[codes]


def _spell(digests: list[bytes], length: int) -> list[str]:
    if not digests:
        return []
    octets = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(len(digests), 32)
    signs = np.ascontiguousarray(ALPHABET[octets[:, :length] & 31])  # 5 bits of each octet
    return [one.decode() for one in signs.view(f"S{length}").ravel().tolist()]


def _read_key(path: Path) -> bytes:
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        with contextlib.suppress(OSError):  # another owner's file: they decide
            path.chmod(0o600)
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != KEY_BYTES:
        raise PrivacyError(
            f"{path} is damaged: it should hold {2 * KEY_BYTES} hexadecimal digits. Restore it "
            f"from a backup, or delete it: pseudonyms will then differ from earlier reports."
        )
    return key
