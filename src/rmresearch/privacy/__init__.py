"""The wall: pseudonyms on the way in, a Release on the way out."""

from __future__ import annotations

from rmresearch.privacy.pseudonyms import Pseudonyms, pseudonymise

__all__ = ["Pseudonyms", "pseudonymise"]
