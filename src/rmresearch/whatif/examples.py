"""Questions that come with the package as sweep files: docs/examples in the checkout."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from rmresearch.errors import StudyError, did_you_mean
from rmresearch.files import create_bytes, parse_toml

__all__ = ["copied", "examples", "listed", "sweep_path"]

#: the line of an example that says how it is run
COMMAND = re.compile(r"(?m)^#   rmresearch whatif .*$")


def examples() -> dict[str, Path]:
    """The examples by name: inside the installed package, or in the checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_examples", package.parents[1] / "docs" / "examples"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return {}


def listed() -> str:
    """Each example with its question, and what can be done with it."""
    known = examples()
    wide = max((len(name) for name in known), default=0)
    asked = {name: parse_toml(path.read_text("utf-8"))["question"] for name, path in known.items()}
    return "\n".join(
        [
            *(f"{name:{wide}}  {question}" for name, question in asked.items()),
            "",
            "Run one:         rmresearch whatif NAME --out FOLDER",
            "Make it yours:   rmresearch whatif NAME --copy FILE.toml",
        ]
    )


def sweep_path(sweep: str) -> Path:
    """The sweep file of that path, or the example of that name; ``StudyError`` for neither."""
    known, path = examples(), Path(sweep)
    if path.is_file():
        return path
    if sweep in known:
        return known[sweep]
    hint = did_you_mean(path.stem, known) or f" Examples are {', '.join(known)}."
    raise StudyError(f"{sweep} is neither a file nor the name of an example.{hint}")


def copied(sweep: str, to: Path) -> Path:
    """Copy an example to a new file, which then says how it is run itself.

    ``StudyError`` for a name that is no example's, a file that is there, or a name that does not
    end in .toml; ``ReportError`` where it cannot be written.
    """
    if to.suffix != ".toml":
        raise StudyError(f"{to}: a sweep file ends in .toml")
    own = [to.as_posix(), "--out", to.with_suffix("").as_posix()]
    text = sweep_path(sweep).read_text("utf-8")
    text = COMMAND.sub(lambda _: f"#   rmresearch whatif {shlex.join(own)}", text, count=1)
    if not create_bytes(to, text.encode("utf-8")):
        raise StudyError(f"{to} is there and stays as it is. Name a new file.")
    return to
