"""What a forgotten study leaves: the day, and that nothing may be made of it again.

Key and ledger are gone, so a new report could be held against those handed out before, and nobody
would notice. Whoever reads a study asks here first.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rmresearch.errors import StudyError
from rmresearch.files import create_bytes, write_json
from rmresearch.files.atomic import unwritten

__all__ = ["FOLDER", "STONE", "Tombstone", "bury", "refuse_forgotten", "tombstone"]

#: beside study.toml: what belongs to one study and leaves with nobody
FOLDER = ".rmresearch"
STONE = "forgotten"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The day a study began to be forgotten, and the day by which all was done ("" until then)."""

    begun: str
    finished: str = ""

    @property
    def found(self) -> str:
        """What to tell those who would read the study."""
        if not self.finished:
            return f"was being forgotten from {self.begun} on, and that was not finished"
        return (
            f"was forgotten on {self.finished}: answers, key and ledger were deleted, and a new "
            f"report could be held against an earlier one to single people out"
        )

    @property
    def fix(self) -> str:
        """What they can do."""
        if not self.finished:
            return "Finish it by the same command: rmresearch forget STUDY --yes."
        return "Start a new study in a folder of its own."


def tombstone(study_dir: Path) -> Tombstone | None:
    """The tombstone of the study in ``study_dir``; None while it lives.

    A file that cannot be read counts as one: who knows what was deleted.
    """
    path = study_dir / FOLDER / STONE
    if not path.is_file():
        return None
    try:
        return Tombstone(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return Tombstone("an unknown day")


def refuse_forgotten(study_dir: Path) -> None:
    """``StudyError`` where the study in ``study_dir`` was forgotten, or began to be."""
    if stone := tombstone(study_dir):
        raise StudyError(f"{study_dir} {stone.found}. {stone.fix}")


def bury(study_dir: Path, *, finished: bool, today: dt.date | None = None) -> None:
    """Write the tombstone: before the first file goes, and again when the last has gone.

    The day of the beginning stays that of the first time. ``ReportError`` where it cannot be
    written, and then nothing may be deleted.
    """
    day = (today or dt.date.today()).isoformat()
    stone = tombstone(study_dir) or Tombstone(day)
    folder = study_dir / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise unwritten(folder, error) from error
    create_bytes(folder / ".gitignore", b"*\n")
    write_json(folder / STONE, asdict(replace(stone, finished=day if finished else "")))
