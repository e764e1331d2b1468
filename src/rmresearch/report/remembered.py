"""A report notes how far the study's ledger had come, so that a lost or older one is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rmresearch.errors import PrivacyError
from rmresearch.files import MANIFEST, read_manifest
from rmresearch.io.toml import read_toml
from rmresearch.privacy import Ledger, read_release

__all__ = ["check_ledger", "noted"]

NOTE = "ledger"


def noted(study: Path, released: bytes) -> dict[str, Any]:
    """What the manifest of a folder that holds this release says of the study's ledger.

    ``study`` is the study's folder or TOML file. Empty where no ledger is kept.
    """
    made = read_release(released.decode())
    synthetic = made.codebook is not None and made.codebook.synthetic
    state = Ledger.of(_home(study), made.study, synthetic=synthetic).state
    return {NOTE: {"study": made.study, "state": state}} if state else {}


def check_ledger(study: Path, folder: Path) -> None:
    """Refuse where the ledger does not hold what an earlier report in ``folder`` put into it.

    ``PrivacyError`` says what to do. An earlier report of another study is none of its business.
    """
    if not (folder / MANIFEST).is_file():
        return
    note = read_manifest(folder).settings.get(NOTE)
    file, _, _ = read_toml(study / "study.toml" if study.is_dir() else study)
    if note is None or file is None or file.study.synthetic or file.study.name != note["study"]:
        return
    ledger = Ledger.of(_home(study), note["study"], synthetic=False)
    if not ledger.held(note["state"]):
        raise PrivacyError(
            f"{ledger.path} does not hold the report that lies in {folder}: it was removed, or put "
            f"back to an older copy, and without it new numbers cannot be held against those that "
            f"were handed out. Restore the study's .rmresearch folder from a backup. If it is lost "
            f"for good, remove {folder}, knowing that its numbers beside new ones may tell a few "
            f"people's answers."
        )


def _home(study: Path) -> Path:
    return study if study.is_dir() else study.parent
