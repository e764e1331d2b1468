"""The wall: pseudonyms on the way in, a Release on the way out."""

from __future__ import annotations

from rmresearch.privacy.judged import Judged, Judgement, ReleasedVerdict, Standing
from rmresearch.privacy.ledger import Ledger
from rmresearch.privacy.pseudonyms import Pseudonyms, pseudonymise
from rmresearch.privacy.release import Release, read_release, release
from rmresearch.privacy.rules import FEW

__all__ = [
    "FEW",
    "Judged",
    "Judgement",
    "Ledger",
    "Pseudonyms",
    "Release",
    "ReleasedVerdict",
    "Standing",
    "pseudonymise",
    "read_release",
    "release",
]
