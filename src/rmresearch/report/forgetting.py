"""A study whose time has come: what of it is deleted, what stays, what cannot be found from here.

First looked at, then done: the tombstone stands before the first file goes, so that a run which is
killed leaves a study that nobody can read, and the same command finishes.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rmresearch.errors import ReportError, StudyError
from rmresearch.files import MANIFEST, TEMPORARY, lock, parse_toml, read_manifest, sha256
from rmresearch.io.findings import Findings
from rmresearch.io.mapping.opening import Files
from rmresearch.io.schema import StudyFile
from rmresearch.io.toml import read_toml
from rmresearch.privacy.tombstone import FOLDER, STONE, Tombstone, bury, tombstone
from rmresearch.report.proposals.workbook import is_ours
from rmresearch.report.sealing import COMMAND, workshop
from rmresearch.report.wanted import FOLDERS

__all__ = ["Forgetting", "forget", "look"]

#: files that are listed by name before the rest is counted
LISTED = 20
#: in .rmresearch: what is ours beside ledgers and locks
BARE = {".gitignore", STONE, "key", "lock"}
ANSWERS, SECRETS, RELEASED = "files with answers", "key and ledger", "released"
REPORTS, PROPOSALS = "internal reports", "proposals of pairs, which show ids"
REMAINS = "remains of runs that were cut short"
UNSEEN = (
    "reports and proposals that were written to other folders (--out), and what was handed on",
    "notebooks of your own that were saved with their results",
    "copies: backups, version control, mail, the survey tool",
    "what a disk still holds of deleted files until it is written over: this is no shredder",
)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What forgetting the study in ``home`` deletes, leaves, and keeps.

    ``deleted`` are lists of paths with a name for each list, ``left`` paths with the reason why
    they are left for somebody to judge, ``kept`` what is meant to stay.
    """

    home: Path
    stone: Tombstone | None
    deleted: tuple[tuple[str, tuple[Path, ...]], ...]
    left: tuple[tuple[Path, str], ...]
    kept: tuple[Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Everything that is deleted, in that order."""
        return tuple(path for _, paths in self.deleted for path in paths)

    def lines(self, done: bool = False) -> Iterator[str]:
        """The same for people: before (``done`` false) or after."""
        if self.stone is not None and not done:
            yield f"{self.home} {self.stone.found}."
        yield "Deleted:" if done else "To be deleted:"
        for name, paths in self.deleted:
            yield f"  {name}:"
            yield from self._listed([self._short(path) for path in paths])
        if not self.paths:
            yield "  nothing"
        if self.left:
            yield "Left, for you to judge:"
            yield from self._listed([f"{self._short(path)}: {why}" for path, why in self.left])
        yield "Kept:"
        yield from self._listed([self._short(path) for path in self.kept])
        yield "Not to be found from here:"
        yield from (f"    {one}" for one in UNSEEN)
        if done:
            yield f"{self.home} is forgotten: no report can be made of it any more."

    def _short(self, path: Path) -> str:
        try:
            return path.relative_to(self.home).as_posix()
        except ValueError:
            return str(path)

    def _listed(self, names: Sequence[str]) -> Iterator[str]:
        yield from (f"    {name}" for name in names[:LISTED])
        if len(names) > LISTED:
            yield f"    and {len(names) - LISTED:,} more"


def look(study: Path, data: Path | None = None) -> Forgetting:
    """What forgetting a study would delete, leave and keep; changes nothing.

    ``study`` is the study's folder or TOML file, ``data`` the folder with the data files if it is
    elsewhere. Deleted are the data files that study.toml names, inside the data folder alone; in
    the study's folder the internal reports and the proposals of pairs as they were made, remains
    of runs that were killed, key and ledger. ``StudyError`` where study.toml cannot be read, or
    another study lies in the folder and shares its key.
    """
    toml = Path(os.path.abspath(study / "study.toml" if study.is_dir() else study))
    home = toml.parent
    file = _declared(toml)
    _alone(toml)
    root = Path(os.path.abspath(data)) if data else home / "data"
    if data is not None and not root.is_dir():
        raise StudyError(f"{data} is not a folder. Give the folder with the data files.")
    left: list[tuple[Path, str]] = []
    found = {ANSWERS: _answers(file, root, left), **_made(home, left)}
    found[SECRETS] = _secrets(home, left)
    kept = [toml, *(path for path in _plans(toml) if path.is_file()), *found.pop(RELEASED)]
    known = {path.resolve() for path in (*sum(found.values(), kept), *(path for path, _ in left))}
    left += [
        (path, "study.toml does not name it")
        for path in _files(root)
        if known.isdisjoint((path.resolve(), *path.resolve().parents)) and FOLDER not in path.parts
    ]
    deleted = tuple((name, tuple(paths)) for name, paths in found.items() if paths)
    return Forgetting(home, tombstone(home), deleted, tuple(left), tuple(kept))


def forget(study: Path, data: Path | None = None) -> Forgetting:
    """Delete what `look` lists, and leave a tombstone; returns what was deleted.

    Where a report is being made in the study's folder, ``ReportError`` and nothing is deleted. The
    study can then not be read any more. Where the run is cut short, or a file cannot be deleted
    (``ReportError`` names it), the same call finishes.
    """
    seen = look(study, data)
    home = seen.home
    with ExitStack() as held:
        for folder in _outs(home):
            held.enter_context(lock(folder))
            with workshop(folder):  # clears away what a killed run left, puts back what it moved
                pass
        for ledger in sorted((home / FOLDER).glob("*.ledger.json")):
            held.enter_context(lock(ledger.parent, f"{ledger.name}.lock"))
        bury(home, finished=False)
        held.enter_context(lock(home / FOLDER))
        seen = look(study, data)
        failed = [problem for path in seen.paths if (problem := _deleted(path))]
        if failed:
            raise ReportError("\n".join((*failed, "Run the same command again once they can go.")))
        bury(home, finished=True)
    return seen


def _declared(toml: Path) -> StudyFile:
    if not toml.is_file():
        raise StudyError(f"{toml.parent} has no study.toml. Give the folder that holds it.")
    file, _, problems = read_toml(toml)
    if file is None:
        lines = "\n".join(map(str, problems))
        raise StudyError(
            f"{toml} says which files hold answers, and cannot be read. Correct it first.\n{lines}",
            problems,
        )
    return file


def _alone(toml: Path) -> None:
    """Two studies in a folder share key and perhaps data: neither can be forgotten by itself."""
    for other in sorted(toml.parent.glob("*.toml")):
        if other.name == toml.name:
            continue
        try:
            content = parse_toml(other.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            continue
        if "study" in content:
            raise StudyError(
                f"{other} is another study in the same folder, with the same key. Move it with its "
                f"data and a copy of {FOLDER} to a folder of its own, or delete it if it is to be "
                f"forgotten too."
            )


def _plans(toml: Path) -> list[Path]:
    stem = "" if toml.name == "study.toml" else f"{toml.stem}."
    return [toml.with_name(f"{stem}{name}") for name in ("plan.toml", "plan.lock.json")]


def _answers(file: StudyFile, root: Path, left: list[tuple[Path, str]]) -> list[Path]:
    """The data files that study.toml names and that are there, inside the data folder."""
    tables = file.tables
    sources = [
        *(*tables.participants, *tables.pairs, *tables.measures, *tables.meetings, *tables.records)
    ]
    named = [source.file if isinstance(source.file, list) else [source.file] for source in sources]
    files, found = Files(root, Findings()), dict[Path, None]()
    for name in dict.fromkeys(one for names in named for one in names):
        place = files.inside(name) if root.is_dir() else None
        if isinstance(place, Path):
            found[place] = None
            if place.is_symlink():
                found[place.resolve()] = None
        elif place is not None and place.rule != "file":  # what is not there is gone already
            left.append((root / name, place.found))
    return list(found)


def _made(home: Path, left: list[tuple[Path, str]]) -> dict[str, list[Path]]:
    """What we made in the study's folder, by the name of its list."""
    found: dict[str, list[Path]] = {one: [] for one in (REPORTS, PROPOSALS, REMAINS, RELEASED)}
    for folder, inside, names in _walk(home):
        found[REMAINS] += [folder / one for one in (*inside, *names) if one.endswith(TEMPORARY)]
        inside[:] = [name for name in inside if not name.startswith(".")]
        found[PROPOSALS] += [
            folder / name for name in names if name.endswith(".xlsx") and is_ours(folder / name)
        ]
        if MANIFEST not in names:
            continue
        audience = _audience(folder)
        if audience == "technical":
            found[REPORTS] += _internal(folder, left)
        elif audience in FOLDERS:
            found[RELEASED].append(folder)
        elif audience is None and folder.name == FOLDERS["technical"]:
            left.append((folder, f"its {MANIFEST} was changed or damaged"))
    return found


def _audience(folder: Path) -> str | None:
    """Whom a report folder is for; "" for other folders of ours, None where nobody can say."""
    try:
        made = read_manifest(folder)
    except ReportError:
        return None
    return str(made.settings.get("audience", "")) if made.command == COMMAND else ""


def _internal(folder: Path, left: list[tuple[Path, str]]) -> list[Path]:
    """The files of an internal report as they were made, its manifest last."""
    made = read_manifest(folder).outputs
    found = []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if name == MANIFEST:
            continue
        if name not in made:
            left.append((path, "rmresearch did not make it; it may tell of people"))
        elif path.is_symlink() or sha256(path) != made[name]:
            left.append((path, "was changed since it was made; it tells of people"))
        else:
            found.append(path)
    return [*found, folder / MANIFEST]


def _secrets(home: Path, left: list[tuple[Path, str]]) -> list[Path]:
    """Ledgers and what was cut short of them, then the key."""
    folder = home / FOLDER
    ours = (".ledger.json", TEMPORARY)
    found = [path for path in _files(folder) if path.name.endswith(ours)]
    left += [
        (path, "rmresearch did not make it")
        for path in _files(folder)
        if path not in found and path.name not in BARE and path.suffix != ".lock"
    ]
    return [*found, *(path for path in (folder / "key",) if path.is_file())]


def _outs(home: Path) -> list[Path]:
    """The folders in which reports are made: a run holds its own, or has left something there."""
    found = {home / "reports" / "evaluation"}
    for folder, inside, names in _walk(home):
        if any(name.endswith(TEMPORARY) for name in inside):
            found.add(folder)
        if MANIFEST in names and _audience(folder) in FOLDERS:
            found.add(folder.parent)
        inside[:] = [name for name in inside if not name.startswith(".")]
    return sorted(path for path in found if path.is_dir())


def _walk(home: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Folders from the study's on, in order; links are not followed."""
    for folder, inside, names in os.walk(home):
        inside.sort()
        yield Path(folder), inside, sorted(names)


def _files(folder: Path) -> list[Path]:
    return [place / name for place, _, names in _walk(folder) for name in names]


def _deleted(path: Path) -> str:
    """Delete a file, or a folder of remains; why it could not be done, or nothing."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
            if path.name == MANIFEST and not any(path.parent.iterdir()):
                path.parent.rmdir()
    except OSError as error:
        return f"{path} could not be deleted: {error.strerror or error}."
    return ""
