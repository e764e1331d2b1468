"""The parts of an Excel workbook, opened so that a hostile file can do no harm.

The parts are streamed through defusedxml rather than read with openpyxl: one pass sees values,
formulas, merged ranges and hidden rows together (openpyxl needs two full loads), in constant
memory and a fifth of the time, and nothing depends on what openpyxl makes of damaged styles.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rmresearch.io.raw import UnreadableError

__all__ = ["Contents", "Part", "Sheet", "book_of", "package", "parse", "unescaped"]

#: what a workbook may unpack to: bytes in all, and times its own size
MAX_UNPACKED, MAX_RATIO = 100_000_000, 100
_CHUNK = 1 << 16
_OLE = b"\xd0\xcf\x11\xe0"
_AGAIN = "Open it in a spreadsheet program and save it again as .xlsx."
#: number formats of East Asian versions that openpyxl does not list: dates and times
_LOCAL_DATES = {*range(27, 37), *range(50, 59)}
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Part:
    """What a parser tells of one XML part; readers of parts fill in what they need."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element opens; ``tag`` carries its namespace in braces."""

    def end(self, tag: str) -> None:
        """An element closes."""

    def data(self, text: str) -> None:
        """Text between tags, perhaps in pieces."""

    def close(self) -> None:
        """The part is over."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One worksheet: its name, the part that holds it, and whether people see it."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """What a workbook holds beside its cells.

    ``formats`` gives the number format of each cell style, by its number; ``uncalculated`` says
    that the program that wrote the file left formulas to be calculated when it is opened.
    """

    sheets: tuple[Sheet, ...]
    strings: list[str]
    formats: dict[str, str]
    dates_from_1904: bool
    uncalculated: bool


def package(data: bytes) -> zipfile.ZipFile:
    """The zip archive of a workbook, refused before anything is unpacked if it is not safe.

    The directory's sizes can be trusted as bounds: zipfile unpacks no more than it states, and a
    part whose stated size or checksum is wrong is reported as damaged.
    """
    if data.startswith(_OLE):
        locked = "EncryptedPackage".encode("utf-16-le") in data
        found = "it is protected by a password" if locked else "this is the old Excel format (.xls)"
        raise UnreadableError("file-type", found, "Save it as .xlsx without a password.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        found = "this is not an Excel workbook, or it was cut off"
        raise UnreadableError("damaged", found, _AGAIN) from None
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * len(data):
        times = unpacked / len(data)
        found = f"it unpacks to {unpacked / 1e6:,.0f} MB, {times:,.0f} times its size"
        limit = f"At most {MAX_UNPACKED / 1e6:.0f} MB and {MAX_RATIO} times are read"
        raise UnreadableError("unsafe-workbook", found, f"{limit}; save the sheet as CSV instead.")
    if any(entry.flag_bits & 1 for entry in entries):
        found = "it is protected by a password"
        raise UnreadableError("file-type", found, "Save it as .xlsx without a password.")
    usual = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
    if any(entry.compress_type not in usual for entry in entries):
        found = "it is packed in a way that spreadsheet programs do not use"
        raise UnreadableError("unsafe-workbook", found, _AGAIN)
    return archive


def parse(archive: zipfile.ZipFile, name: str, part: Part) -> None:
    """Stream one XML part; a document type, the door to entities, is refused."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=part, forbid_dtd=True)
    try:
        with archive.open(name) as stream:
            while chunk := stream.read(_CHUNK):
                parser.feed(chunk)
        parser.close()
    except DefusedXmlException:
        found = "its XML declares a document type or entities, as no spreadsheet program does"
        raise UnreadableError("unsafe-workbook", found, "Do not use this file.") from None


def book_of(archive: zipfile.ZipFile) -> Contents:
    """Sheets, shared texts and number formats of a workbook."""
    names = set(archive.namelist())
    roots = _related(archive, "")
    main = next((target for kind, target in roots.values() if kind == "officeDocument"), "")
    if main.endswith(".bin"):
        raise UnreadableError("file-type", "Excel's binary format is not read", _AGAIN)
    if main not in names:
        raise UnreadableError("damaged", "this is not an Excel workbook", _AGAIN)
    book, related = _Book(), _related(archive, main)
    parse(archive, main, book)
    sheets = []
    for name, key, hidden in book.sheets:
        kind, target = related.get(key, ("", ""))
        sheets += [Sheet(name, target, hidden)] if kind == "worksheet" else []
    parts = {kind: target for kind, target in related.values() if target in names}
    texts, styles = _Strings(), _Styles()
    if "sharedStrings" in parts:
        parse(archive, parts["sharedStrings"], texts)
    if "styles" in parts:
        parse(archive, parts["styles"], styles)
    return Contents(tuple(sheets), texts.texts, styles.formats(), book.from_1904, book.uncalculated)


def unescaped(text: str) -> str:
    """Text of a cell with ``_x000D_`` and the like turned back into characters."""
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text) if "_x" in text else text


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    """A tag without its namespace (it differs between strict and transitional files)."""
    return tag.rpartition("}")[2]


def _related(archive: zipfile.ZipFile, owner: str) -> dict[str, tuple[str, str]]:
    """What a part refers to: id -> (kind, name of the part)."""
    folder, name = posixpath.split(owner)
    listing = posixpath.join(folder, "_rels", f"{name}.rels")
    found = _Relations(folder)
    if listing in archive.namelist():
        parse(archive, listing, found)
    return found.targets


class _Relations(Part):
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.targets: dict[str, tuple[str, str]] = {}

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if _local(tag) == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.join("/", self.folder, attributes.get("Target", ""))
            kind = attributes.get("Type", "").rpartition("/")[2]
            place = posixpath.normpath(target).lstrip("/")
            self.targets[attributes.get("Id", "")] = (kind, place)


class _Book(Part):
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.from_1904 = self.uncalculated = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        element = _local(tag)
        if element == "sheet":
            key = next((v for k, v in attributes.items() if _local(k) == "id"), "")
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), key, hidden))
        elif element == "workbookPr":
            self.from_1904 = attributes.get("date1904") in {"1", "true"}
        elif element == "calcPr":
            self.uncalculated = attributes.get("fullCalcOnLoad") in {"1", "true"}


class _Strings(Part):
    """The shared texts: runs of rich text are joined, phonetic readings left out."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._pieces: list[str] = []
        self._inside = self._phonetic = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        element = _local(tag)
        self._inside = element == "t"
        self._phonetic = self._phonetic or element == "rPh"

    def data(self, text: str) -> None:
        if self._inside and not self._phonetic:
            self._pieces.append(text)

    def end(self, tag: str) -> None:
        element = _local(tag)
        self._inside = False
        if element == "rPh":
            self._phonetic = False
        elif element == "si":
            self.texts.append(unescaped("".join(self._pieces)))
            self._pieces.clear()


class _Styles(Part):
    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._styles: list[str] = []
        self._cells = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        element = _local(tag)
        if element == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif element == "cellXfs":
            self._cells = True
        elif element == "xf" and self._cells:
            self._styles.append(attributes.get("numFmtId", "0"))

    def end(self, tag: str) -> None:
        if _local(tag) == "cellXfs":
            self._cells = False

    def formats(self) -> dict[str, str]:
        """The number format of each style, by the style's number as cells write it."""
        from openpyxl.styles.numbers import BUILTIN_FORMATS

        codes = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        codes |= {str(number): "yyyy-mm-dd" for number in _LOCAL_DATES} | self._codes
        formats = [codes.get(number, "General") for number in self._styles]
        return {str(style): code for style, code in enumerate(formats)}
