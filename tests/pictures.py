"""A file as pictures of its pages: what a reader of PDF, PPTX or XLSX would see."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

Picture = np.ndarray[tuple[int, int], np.dtype[np.uint8]]


#: LibreOffice's part that reads a kind of file, and the package that it comes in
PARTS = {".pptx": ("simpress", "libreoffice-impress"), ".xlsx": ("scalc", "libreoffice-calc")}


def needed(program: str, package: str) -> str:
    """The program's path; where there is none the test skips, unless the environment demands it."""
    found = shutil.which(program)
    if found is None:
        _absent(program, package)
    return str(found)


def _absent(program: str, package: str) -> NoReturn:
    reason = f"no {program} on this machine ({package})"
    if os.environ.get("RMRESEARCH_REQUIRE_OFFICE"):
        pytest.fail(f"{reason}, and RMRESEARCH_REQUIRE_OFFICE demands it")
    pytest.skip(reason)


def pictures(file: Path, folder: Path, *, dots: int = 40) -> list[Picture]:
    """Each page, slide or printed sheet in grey (0 black, 255 white), ``dots`` to the inch.

    What is no PDF becomes one in ``folder`` by LibreOffice, with settings of its own there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pdf = file if file.suffix == ".pdf" else _as_pdf(file, folder)
    command = [needed("pdftoppm", "poppler-utils"), "-gray", "-r", str(dots), str(pdf)]
    subprocess.run([*command, str(folder / file.stem)], check=True, capture_output=True)
    made = sorted(folder.glob(f"{file.stem}-*.pgm"))
    return [_grey(path) for path in made]


def _as_pdf(file: Path, folder: Path) -> Path:
    part, package = PARTS[file.suffix]
    office = needed("soffice", package)
    if not (Path(office).resolve().parent / part).exists():
        _absent(part, package)
    settings = f"-env:UserInstallation={(folder / 'office').resolve().as_uri()}"
    command = [office, settings, "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    subprocess.run([*command, str(file)], check=True, capture_output=True, timeout=240)
    return folder / f"{file.stem}.pdf"


def _grey(path: Path) -> Picture:
    """A portable greymap, read: its head is four words, of which the last ends the head."""
    kind, width, height, _, pixels = path.read_bytes().split(maxsplit=4)
    if kind != b"P5":
        raise ValueError(f"{path.name} is no greymap")
    size = int(height) * int(width)
    return np.frombuffer(pixels[-size:], dtype=np.uint8).reshape(int(height), int(width))


def ink(picture: Picture) -> float:
    """The share of a page that differs from its background (its commonest grey)."""
    common = np.bincount(picture.ravel(), minlength=256).argmax()
    return float(np.mean(np.abs(picture.astype(int) - int(common)) > 24))


def empty(seen: list[Picture], least: float = 0.002) -> list[int]:
    """The numbers, from 1, of pages with next to nothing on them."""
    return [number for number, page in enumerate(seen, 1) if ink(page) < least]


#: a word and its place on a page, as pdftotext tells them
_WORD = re.compile(
    r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
)


def crossing(pdf: Path, *, apart: float = 0.75) -> list[str]:
    """Words of a PDF that stand on one another, by more than a quarter of the lower one's height
    and ``apart`` points in width: lines may touch, and boxes of letters are higher than letters.
    """
    command = [needed("pdftotext", "poppler-utils"), "-bbox", str(pdf), "-"]
    told = subprocess.run(command, check=True, capture_output=True).stdout.decode(errors="replace")
    found = []
    for number, page in enumerate(told.split("<page ")[1:], 1):
        words = [(*map(float, one[:4]), one[4]) for one in _WORD.findall(page)]
        words.sort(key=lambda one: one[1])
        for place, (left, top, right, bottom, text) in enumerate(words):
            for x, y, end, low, other in words[place + 1 :]:
                if y >= bottom:
                    break
                high = min(bottom, low) - max(top, y)
                if min(right, end) - max(left, x) > apart and high > 0.25 * min(
                    bottom - top, low - y
                ):
                    found.append(f"page {number}: {text!r} on {other!r}")
    return found
