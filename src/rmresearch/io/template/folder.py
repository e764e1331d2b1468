"""A new study's folder, written whole or not at all; a workbook made again."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rmresearch.errors import StudyError, did_you_mean
from rmresearch.files import TEMPORARY, create_bytes, parse_toml, write_bytes
from rmresearch.files.atomic import sync_folder, unwritten
from rmresearch.io.contract.declared import declaration_problems
from rmresearch.io.schema import StudyFile, to_design
from rmresearch.io.template.choices import Choices, chosen
from rmresearch.io.template.declaring import plan_text, readme_text, study_text
from rmresearch.io.template.layout import FILE
from rmresearch.io.template.outlook import outlook
from rmresearch.io.template.questions import questions
from rmresearch.io.template.words import filled
from rmresearch.io.template.workbook import workbook
from rmresearch.io.toml import read_toml

__all__ = ["Made", "new_study", "new_workbook", "ready"]


@dataclass(frozen=True, slots=True)
class Made:
    """The new study's folder, and what it could show (nothing where no number was given)."""

    path: Path
    outlook: tuple[str, ...]


def new_study(
    folder: str | Path, given: Mapping[str, str | None], *, pairs: int | None = None
) -> Made:
    """Make a study's folder with study.toml, plan.toml, README.md and data/data.xlsx.

    ``folder`` may be absent or empty; its name is the study's. ``given`` are answers as text by
    the names of `questions`; what is absent or None has its default. ``pairs`` asks what such a
    pilot could show, see `outlook`. Everything wrong is named at once by ``StudyError``; a folder
    that cannot be written raises ``ReportError``. The same answers make the same bytes.
    """
    choices = ready(folder, given)
    target = Path(folder).resolve()
    text = study_text(choices)
    file = StudyFile.model_validate(parse_toml(text))
    content = {
        f"data/{FILE}": workbook(file),
        "README.md": readme_text(choices).encode(),
        ".gitignore": filled("gitignore.txt").encode(),
        "plan.toml": plan_text(choices, to_design(file)).encode(),
        "study.toml": text.encode(),
    }
    said: tuple[str, ...] = ()
    if pairs is not None:
        said = outlook(to_design(file), pairs, departments=choices.departments)
    try:
        _write(target, content)
    except OSError as error:
        raise unwritten(target, error) from error
    return Made(Path(folder), said)


def ready(folder: str | Path, given: Mapping[str, str | None]) -> Choices:
    """The choices that a new study in the folder would have; writes nothing.

    ``StudyError`` names everything that is wrong with the folder, its name and the answers.
    """
    target, known = Path(folder).resolve(), list(questions())
    unknown = [
        f"there is no question {name!r}.{did_you_mean(name, known)}"
        for name in given
        if name not in known
    ]
    choices, wrong = chosen(target.name, given)
    wrong = [*_place(target), *unknown, *wrong]
    if wrong or choices is None:
        raise StudyError("nothing was made:\n" + "\n".join(wrong))
    return choices


def new_workbook(study: str | Path) -> Path:
    """Make data/data.xlsx for a study's study.toml as it is now; the file's path.

    An existing workbook stays as it is and raises ``StudyError``, as does a study.toml that says
    something wrong, or names no sheets of data.xlsx.
    """
    toml = Path(study) / "study.toml"
    file, _, problems = read_toml(toml)
    if file is not None:
        told = declaration_problems(file, toml.name)
        problems += [problem for problem in told if problem.severity == "error"]
    if problems or file is None:
        lines = "\n".join(str(problem) for problem in problems)
        raise StudyError(f"no workbook was made:\n{lines}", problems)
    path = Path(study) / "data" / FILE
    content = workbook(file)
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritten(path, error) from error
    if not create_bytes(path, content):
        raise StudyError(
            f"{path} is there already, and stays as it is. Move it elsewhere first; what it holds "
            "can be copied into the new one, sheet by sheet."
        )
    return path


def _place(target: Path) -> list[str]:
    """Why nothing can be made there."""
    if target == Path.cwd():
        return ["you are in that folder: name a new one"]
    if target.is_dir() and any(target.iterdir()):
        return [
            f"{target} holds something already: name a new folder. For another workbook of the "
            "study there, add --workbook"
        ]
    if target.exists() and not target.is_dir():
        return [f"{target} is a file: name a new folder"]
    return []


def _write(target: Path, content: Mapping[str, bytes]) -> None:
    """Fill a folder beside the target, then let it take the target's place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f".{target.name}.{secrets.token_hex(6)}{TEMPORARY}")
    try:
        (made / "data").mkdir(parents=True)
        for name, data in content.items():
            write_bytes(made / name, data)
        if target.is_dir():
            target.rmdir()  # empty, and Windows renames onto nothing
        os.rename(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    sync_folder(target.parent)
