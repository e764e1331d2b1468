"""[brand] of study.toml: its files looked at, its colours measured, everything wrong at once."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

from rmresearch.colours import (
    BAND,
    COMPARISON,
    PAPER,
    TINT,
    contrast,
    nearest,
    shade,
    steps_apart,
)
from rmresearch.errors import Problem, did_you_mean
from rmresearch.io.pictures import LARGEST, UnfitError, logo
from rmresearch.io.schema import BrandEntry
from rmresearch.io.toml import read_toml
from rmresearch.study import Brand, Logo

__all__ = ["AA", "EASY", "SEEN", "read_brand", "study_brand", "template_path"]

#: contrast of text that WCAG 2.2 AA asks for (1.4.3)
AA = 4.5
#: noticeable steps between the accent and the comparison's grey: below SEEN half of all people
#: take the two for one; below EASY, shapes have to help
SEEN, EASY = 1.0, 2.0
LARGEST_TEMPLATE = 50_000_000

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SHORT = re.compile(r"#[0-9a-fA-F]{3}")


def read_brand(entry: BrandEntry, toml: Path) -> tuple[Brand, list[Problem]]:
    """The brand that a study file declares, and all that is wrong with it.

    Wrong parts are left out. Paths are relative to the folder of ``toml``, and may not leave it.
    """
    problems: list[Problem] = []

    def say(key: str, found: str, fix: str, severity: str = "error") -> None:
        words = f"brand.{key} {found}"
        problems.append(Problem("brand", words, fix, file=toml.name, severity=severity))

    accent = _colour("accent", entry.accent, say)
    if accent:
        read = _read_on("accent", accent, _accent_surfaces, _fit, say)
        accent = read and _told_apart(read, say)
    ink = _colour("ink", entry.ink, say)
    if ink:
        ink = _ink(ink, accent, say)
    picture = None if entry.logo is None else _logo(entry.logo, toml.parent, say)
    template = entry.template
    if template is not None:
        try:
            _template(toml.parent, template)
        except UnfitError as error:
            say("template", f"{template!r} {error.found}", error.fix)
            template = None
    return Brand(entry.name.strip(), picture, accent, ink, template), problems


def study_brand(study: Path) -> tuple[Brand, dict[Path, str]]:
    """The brand of a study that can be read, and the files it was made of with their SHA-256.

    ``study`` is the folder with study.toml, or the TOML file. Parts that are wrong are left out:
    reading the study has named them.
    """
    toml = study / "study.toml" if study.is_dir() else study
    file, _, _ = read_toml(toml)
    brand = Brand() if file is None else read_brand(file.brand, toml)[0]
    return brand, {toml.parent / brand.logo.file: brand.logo.digest} if brand.logo else {}


def template_path(study: Path, brand: Brand) -> Path | None:
    """Where the company's own .pptx lies, or None without one.

    ``study`` is the folder with study.toml, or the TOML file. Raises ``UnfitError`` where the file
    is no longer as it was when the study was read.
    """
    if brand.template is None:
        return None
    return _template(study if study.is_dir() else study.parent, brand.template)


Say = Callable[..., None]
Surfaces = Callable[[str], dict[str, str]]


def _colour(key: str, given: str | None, say: Say) -> str | None:
    if given is None:
        return None
    if _COLOUR.fullmatch(given):
        return given.lower()
    whole = "#" + "".join(2 * part for part in given[1:]) if _SHORT.fullmatch(given) else "#12436d"
    say(key, f"is {given[:40]!r}; expected a colour as #rrggbb", f"Write it as {whole!r}.")
    return None


def _accent_surfaces(accent: str) -> dict[str, str]:
    """What the accent is read on, and what is read on it, by name."""
    return {
        "white (and under white text)": PAPER,
        f"its own tint {shade(TINT, accent)}": shade(TINT, accent),
    }


def _ink(ink: str, accent: str | None, say: Say) -> str | None:
    """The ink, or None where it cannot be read on a surface."""
    tint = shade(TINT, accent) if accent else TINT
    under = {
        "white (and under white text)": PAPER,
        f"the tinted panel {tint}": tint,
        f"the grey band {BAND}": BAND,
    }

    def surfaces(_: str) -> dict[str, str]:
        return under

    return _read_on("ink", ink, surfaces, lambda other: _readable(other, surfaces), say)


def _readable(colour: str, surfaces: Surfaces) -> bool:
    return all(contrast(colour, under) >= AA for under in surfaces(colour).values())


def _fit(accent: str) -> bool:
    """Whether an accent can be read everywhere and is no grey of the comparison group."""
    return _readable(accent, _accent_surfaces) and steps_apart(accent, COMPARISON)[0] >= EASY


def _read_on(
    key: str, colour: str, surfaces: Surfaces, passes: Callable[[str], bool], say: Say
) -> str | None:
    """The colour, or None where text in it cannot be read on one of its surfaces."""
    if _readable(colour, surfaces):
        return colour
    ratios = {name: contrast(colour, under) for name, under in surfaces(colour).items()}
    # rounded down: a ratio that fails must not look like one that passes
    low = [f"{_floored(ratio)}:1 on {name}" for name, ratio in ratios.items() if ratio < AA]
    found = f"{colour} has a contrast of {', '.join(low)}; text needs {AA}:1 (WCAG 2.2 AA)"
    say(key, found, f"Use {_instead(colour, passes)}, or another colour.")
    return None


def _told_apart(accent: str, say: Say) -> str | None:
    """The accent, or None where it looks like the comparison group's grey to many people."""
    steps, who = steps_apart(accent, COMPARISON)
    if steps >= EASY:
        return accent
    found = (
        f"{accent} is {_floored(steps)} noticeable steps from the grey of the comparison group "
        f"({COMPARISON}) as seen with {who}"
    )
    better = _instead(accent, _fit)
    if steps < SEEN:
        say("accent", f"{found}; it takes at least {SEEN:g}", f"Use {better}, or another colour.")
        return None
    fix = f"Figures differ in shape and dash too; {better}, would be told apart by colour as well."
    say("accent", found, fix, "warning")
    return accent


def _instead(colour: str, passes: Callable[[str], bool]) -> str:
    more = " and is told from the comparison group's grey" if passes is _fit else ""
    return f"{nearest(colour, passes)!r}, the nearest of its hue that passes{more}"


def _floored(value: float) -> str:
    return f"{int(value * 100) / 100:.2f}"


def _logo(given: str, folder: Path, say: Say) -> Logo | None:
    try:
        path = _inside(folder, given, (".png", ".svg"))
        with path.open("rb") as file:
            return logo(given, file.read(LARGEST + 1))
    except UnfitError as error:
        say("logo", f"{given!r} {error.found}", error.fix)
    except OSError as error:
        say("logo", f"{given!r} cannot be opened ({error.strerror})", "Check its permissions.")
    return None


def _template(folder: Path, given: str) -> Path:
    path = _inside(folder, given, (".pptx",))
    again = "Save it in PowerPoint as a .pptx presentation."
    try:
        if path.stat().st_size > LARGEST_TEMPLATE:
            found = f"is larger than {LARGEST_TEMPLATE // 1_000_000} MB"
            raise UnfitError(found, "Delete the pictures and slides that layouts do not need.")
        with zipfile.ZipFile(path) as archive:
            if "ppt/presentation.xml" in archive.namelist():
                return path
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        pass
    except OSError as error:
        found = f"cannot be opened ({error.strerror})"
        raise UnfitError(found, "Check its permissions.") from None
    raise UnfitError("is not a PowerPoint presentation by its content", again)


def _inside(folder: Path, given: str, endings: tuple[str, ...]) -> Path:
    """Where a declared file lies, once it is sure that it lies in the study's folder."""
    here = "Put the file into the study's folder and give its path from there."
    parts = _parts(given)
    if parts is None:
        raise UnfitError("is not a path inside the study's folder", here)
    if not given.lower().endswith(endings):
        raise UnfitError(f"does not end in {' or '.join(endings)}", "Give a file of that kind.")
    path = folder.joinpath(*parts)
    try:
        inside, there = path.resolve().is_relative_to(folder.resolve()), path.exists()
    except (OSError, RuntimeError):  # a name too long, links in a circle
        raise UnfitError("cannot be opened", here) from None
    if not inside:
        raise UnfitError("leads out of the study's folder by a link", here)
    if not there:
        hint = _near(path, endings)
        raise UnfitError("is not there", f"Put the file there, or correct the path.{hint}")
    if not path.is_file():
        raise UnfitError("is not a file", "Give the path of the file itself.")
    return path


def _parts(given: str) -> list[str] | None:
    """A relative path's parts, or None where it is absolute, climbs, or is written for Windows."""
    windows = PureWindowsPath(given)
    if windows.drive or given.startswith(("/", "~")) or "\\" in given or "\x00" in given:
        return None
    parts = given.split("/")
    return None if not given.strip() or ".." in parts or len(given) > 400 else parts


def _near(path: Path, endings: tuple[str, ...]) -> str:
    try:
        names = [one.name for one in path.parent.iterdir() if one.name.lower().endswith(endings)]
    except OSError:
        return ""
    return did_you_mean(path.name, names)
