"""Logos: really a PNG or an SVG, small enough, and nothing in them that acts or calls elsewhere.

A PNG is checked whole (PNG specification, third edition: signature, chunks and their CRC, pixels)
and keeps only the chunks that decide how it looks. An SVG is drawn from a list of elements that
only draw: scripts, references to elsewhere, pictures in pictures and entities are refused, what
editors note for themselves (namespaces of their own, comments, metadata) is left out.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from rmresearch.io.findings import some
from rmresearch.study import Logo

__all__ = ["LARGEST", "WIDEST", "UnfitError", "logo"]

#: bytes of a logo's file, because each page carries it; pixels of a side
LARGEST, WIDEST = 500_000, 4_000
DEEPEST = 60  # elements within elements

_PNG = b"\x89PNG\r\n\x1a\n"
#: what decides how a PNG looks; all else (texts, times, places) stays behind
_LOOKS = {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"IDAT", b"IEND"}
#: by colour type: samples a pixel, depths
_TYPES = {
    0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)),
    6: (4, (8, 16)),
}  # fmt: skip
#: starts of columns and rows, and steps, of the seven passes of an interlaced picture
_PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # fmt: skip

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_XHTML, _XML = "http://www.w3.org/1999/xhtml", "http://www.w3.org/XML/1998/namespace"
_DRAWS = {
    *("svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line", "polyline"),
    *("polygon", "text", "tspan", "title", "desc", "linearGradient", "radialGradient", "stop"),
    *("clipPath", "mask", "style"),
}
_NOTES = {"metadata"}
_STYLED = re.compile(r"@|\\|image-set|image\s*\(|src\s*\(|element\s*\(|expression", re.IGNORECASE)
_URL = re.compile(r"url\s*\(\s*[\"']?\s*(?!#)", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9]*\.?[0-9]+)(px|pt|pc|mm|cm|in)?\s*")
_AS_PNG = "Export it as a plain SVG with all shapes as paths, or as a PNG."


class UnfitError(Exception):
    """What is wrong with a file, and what to do about it."""

    def __init__(self, found: str, fix: str) -> None:
        super().__init__(found)
        self.found, self.fix = found, fix


def logo(file: str, data: bytes) -> Logo:
    """A logo from the bytes of its file; ``UnfitError`` says why it cannot be one."""
    if len(data) > LARGEST:
        found = f"is larger than {LARGEST // 1000} KB"
        raise UnfitError(found, "Save it smaller: a few hundred pixels are enough.")
    if not data:
        raise UnfitError("is empty", "Put the picture there again.")
    kind = "png" if data.startswith(_PNG) else "svg"
    if kind == "svg" and (b"\x00" in data or b"<" not in data[:1000]):
        raise UnfitError(
            f"is not a PNG or SVG by its content{_really(data)}",
            "Open it in a drawing program and export it as PNG or SVG.",
        )
    named = file.rpartition(".")[2].lower()
    if named != kind:
        found = f"is named .{named} but is {kind.upper()} by its content"
        raise UnfitError(found, f"Name it .{kind}, in [brand] too.")
    kept, width, height = _png(data) if kind == "png" else _svg(data)
    digest = hashlib.sha256(data).hexdigest()
    return Logo(file, "png" if kind == "png" else "svg", kept, digest, width, height)


def _really(data: bytes) -> str:
    starts = {b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"RIFF": "WebP", b"%PDF": "PDF",
              b"BM": "BMP", b"II*\x00": "TIFF", b"MM\x00*": "TIFF"}  # fmt: skip
    return next((f" (it is a {k})" for start, k in starts.items() if data.startswith(start)), "")


def _png(data: bytes) -> tuple[bytes, float, float]:
    """What is kept of a PNG, its width and height."""
    chunks = list(_chunks(data))
    again = "Open it in a drawing program and export it as PNG again."
    names = [name for name, _ in chunks]
    if not names or names[0] != b"IHDR" or names[-1] != b"IEND" or len(chunks[0][1]) != 13:
        raise UnfitError("is a damaged PNG (it begins or ends wrongly)", again)
    if b"acTL" in names:
        raise UnfitError("is an animated PNG", "Save one still picture.")
    width, height, depth, colour, _, _, laced = struct.unpack(">IIBBBBB", chunks[0][1])
    if not 0 < width <= WIDEST or not 0 < height <= WIDEST:
        found = f"is {width:,} by {height:,} pixels; at most {WIDEST:,} a side are read"
        raise UnfitError(found, "Save it smaller: a few hundred pixels are enough.")
    if colour not in _TYPES or depth not in _TYPES[colour][1] or laced > 1:
        raise UnfitError("is a damaged PNG (its header)", again)
    size = _size(width, height, depth * _TYPES[colour][0], laced == 1)
    unpacker = zlib.decompressobj()
    try:
        got = len(unpacker.decompress(b"".join(d for n, d in chunks if n == b"IDAT"), size + 1))
    except zlib.error:
        got = 0
    if got != size or (colour == 3 and b"PLTE" not in names):
        raise UnfitError("is a damaged PNG (its pixels)", again)
    kept = b"".join(_chunk(name, body) for name, body in chunks if name in _LOOKS)
    return _PNG + kept, float(width), float(height)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents, as long as lengths and checksums are right."""
    at = len(_PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        end = at + 12 + length
        if end > len(data) or data[end - 4 : end] != struct.pack(">I", zlib.crc32(name + body)):
            return
        yield name, body
        if name == b"IEND":
            return
        at = end


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _size(width: int, height: int, bits: int, laced: bool) -> int:
    """Bytes of the unpacked pixels: a filter byte a row, rows on whole bytes."""
    total = 0
    for x, y, across, down in _PASSES if laced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - x) // across), -(-(height - y) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _svg(data: bytes) -> tuple[bytes, float, float]:
    """What is kept of an SVG, its width and height in its own units."""
    root = _parsed(data)
    if root.tag != f"{{{_SVG}}}svg":
        found = "is not an SVG (its outermost element is not svg of the SVG namespace)"
        raise UnfitError(found, _AS_PNG)
    if _nested(root):
        raise UnfitError("is an SVG with parts within parts that never end", _AS_PNG)
    wrong = list(dict.fromkeys(_wrongs(root)))
    if wrong:
        raise UnfitError(f"is an SVG with {some(wrong, 6)}, which a report may not carry", _AS_PNG)
    width, height = _extent(root)
    _plain(root)
    root.set("xmlns", _SVG)
    root.set("xmlns:xlink", _XLINK)
    root.tail = None
    return ElementTree.tostring(root, encoding="utf-8"), width, height


def _parsed(data: bytes) -> ElementTree.Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        # the usual document type of SVG 1.1 declares nothing; entities do, and are refused
        found: Any = fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise UnfitError("is an SVG that declares entities", _AS_PNG) from None
    except (ElementTree.ParseError, ValueError, LookupError):
        raise UnfitError("is not well-formed XML, as an SVG must be", _AS_PNG) from None
    root: ElementTree.Element = found
    return root


def _nested(root: ElementTree.Element) -> bool:
    """Whether elements lie too deep, or what is used uses something: a small file could then be
    drawn for hours."""
    level, depth = [root], 0
    while level:
        level, depth = [child for one in level for child in one], depth + 1
        if depth > DEEPEST:
            return True
    use = f"{{{_SVG}}}use"
    used = {one.get("href") or one.get(f"{{{_XLINK}}}href") for one in root.iter(use)}
    return any(
        next(one.iter(use), None) is not None for one in root.iter() if f"#{one.get('id')}" in used
    )


def _space(name: str) -> tuple[str, str]:
    space, _, local = name.rpartition("}")
    return space.removeprefix("{"), local


def _wrongs(element: ElementTree.Element) -> Iterator[str]:
    """What acts, or refers to elsewhere, in an element and all below it."""
    space, name = _space(element.tag)
    if (space == _SVG and name in _NOTES) or space not in (_SVG, _XHTML, ""):
        return  # an editor's own notes: left out
    if space != _SVG or name not in _DRAWS:
        yield f"<{name}>"
        return
    text = (element.text or "") if name == "style" else ""
    if _STYLED.search(text) or _URL.search(text):
        yield "a style that refers elsewhere"
    for key, value in element.attrib.items():
        space, name = _space(key)
        if space not in ("", _XLINK, _XML):
            continue
        if name.lower().startswith("on"):
            yield f"the script {name}"
        elif space == _XML and name == "base":
            yield "xml:base"
        elif name == "href" and not value.strip().startswith("#"):
            yield "a link to elsewhere"
        elif _URL.search(value) or "\\" in value or (name == "style" and _STYLED.search(value)):
            yield f"a {name} that refers elsewhere"
    for child in element:
        yield from _wrongs(child)


def _extent(root: ElementTree.Element) -> tuple[float, float]:
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    try:
        width, height = float(box[2]), float(box[3])
    except (IndexError, ValueError):
        lengths = [_LENGTH.fullmatch(root.get(side, "")) for side in ("width", "height")]
        width, height = (float(found[1]) if found else 0.0 for found in lengths)
        root.set("viewBox", f"0 0 {width:g} {height:g}")
    if not 0 < width < 1e6 or not 0 < height < 1e6:
        raise UnfitError("is an SVG without a size", "Give it a viewBox, or width and height.")
    return width, height


def _plain(element: ElementTree.Element) -> None:
    """Tags and attributes without namespaces but SVG's, and without what editors noted."""
    element.tag = _space(element.tag)[1]
    kept = {}
    for key, value in element.attrib.items():
        space, name = _space(key)
        if space in ("", _XLINK, _XML):
            kept[{"": "", _XLINK: "xlink:", _XML: "xml:"}[space] + name] = value
    element.attrib.clear()
    element.attrib.update(kept)
    for child in list(element):
        space, name = _space(child.tag)
        if space != _SVG or name in _NOTES:
            element.remove(child)
        else:
            _plain(child)
