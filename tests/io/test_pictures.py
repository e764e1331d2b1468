"""Logos: what is let in, what is kept of it, what is refused and in which words."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from xml.etree import ElementTree

import pytest
from PIL import Image, PngImagePlugin

from rmresearch.io import pictures
from rmresearch.io.pictures import LARGEST, UnfitError, logo
from rmresearch.study import Logo

SIGNATURE = b"\x89PNG\r\n\x1a\n"
START = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
BOX = ' viewBox="0 0 40 10">'


def png(size: tuple[int, int] = (8, 4), mode: str = "RGB", **told: str) -> bytes:
    """A picture by Pillow, every pixel another colour, with texts beside the pixels."""
    picture = Image.new(mode, size)
    for at in range(size[0] * size[1]):
        picture.putpixel((at % size[0], at // size[0]), at % 2 if mode == "1" else at % 250)
    texts = PngImagePlugin.PngInfo()
    for key, value in told.items():
        texts.add_text(key, value)
    held = io.BytesIO()
    picture.save(held, "png", pnginfo=texts)
    return held.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def made(width: int, height: int, pixels: bytes, *more: bytes) -> bytes:
    packed = chunk(b"IDAT", zlib.compress(pixels))
    return SIGNATURE + header(width, height) + b"".join(more) + packed + chunk(b"IEND", b"")


def svg(inside: str, attributes: str = BOX) -> bytes:
    return f"{START}{attributes}{inside}</svg>".encode()


def refused(file: str, data: bytes) -> str:
    with pytest.raises(UnfitError) as found:
        logo(file, data)
    assert found.value.fix.endswith(".")
    return found.value.found


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_a_png_shows_the_same_and_tells_nothing_more(mode: str) -> None:
    data = png(mode=mode, Author="Ada Beispiel", Location="52.5 13.4")
    assert b"Ada Beispiel" in data
    kept = logo("a.png", data)
    assert (kept.kind, kept.width, kept.height) == ("png", 8.0, 4.0)
    assert kept.digest == hashlib.sha256(data).hexdigest()
    assert b"Beispiel" not in kept.data
    assert b"13.4" not in kept.data
    before, after = (Image.open(io.BytesIO(d)) for d in (data, kept.data))
    assert before.convert("RGBA").tobytes() == after.convert("RGBA").tobytes()


def test_what_follows_a_png_is_left_out() -> None:
    kept = logo("a.png", png() + b"<script>alert(1)</script>")
    assert b"script" not in kept.data


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 5), (8, 8), (9, 17), (33, 7)])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 24, 64])
def test_the_pixels_of_an_interlaced_picture_are_counted_one_by_one(
    size: tuple[int, int], bits: int
) -> None:
    # the eight-by-eight pattern of the PNG specification (section 8.2): the pass of each pixel
    pattern = (
        (1, 6, 4, 6, 2, 6, 4, 6),
        (7, 7, 7, 7, 7, 7, 7, 7),
        (5, 6, 5, 6, 5, 6, 5, 6),
        (7, 7, 7, 7, 7, 7, 7, 7),
        (3, 6, 4, 6, 3, 6, 4, 6),
        (7, 7, 7, 7, 7, 7, 7, 7),
        (5, 6, 5, 6, 5, 6, 5, 6),
        (7, 7, 7, 7, 7, 7, 7, 7),
    )
    rows: dict[tuple[int, int], int] = {}
    for y in range(size[1]):
        for x in range(size[0]):
            key = (pattern[y % 8][x % 8], y)
            rows[key] = rows.get(key, 0) + 1
    total = sum(1 + -(-pixels * bits // 8) for pixels in rows.values())
    assert pictures._size(*size, bits, laced=True) == total


def test_a_text_named_png_is_told() -> None:
    assert "not a PNG or SVG by its content" in refused("a.png", b"hello, this is a logo")


@pytest.mark.parametrize(
    ("start", "kind"), [(b"\xff\xd8\xff\xe0", "JPEG"), (b"GIF89a", "GIF"), (b"RIFF1234", "WebP")]
)
def test_another_kind_of_picture_is_named(start: bytes, kind: str) -> None:
    assert f"(it is a {kind})" in refused("a.png", start + b"\x00" * 50)


def test_the_name_must_be_that_of_the_content() -> None:
    assert refused("a.svg", png()) == "is named .svg but is PNG by its content"
    assert refused("a.png", svg("")) == "is named .png but is SVG by its content"


def test_too_many_bytes_or_none() -> None:
    assert refused("a.png", png() + b"\x00" * LARGEST) == "is larger than 500 KB"
    assert refused("a.png", b"") == "is empty"


def test_too_many_pixels_are_refused_before_they_are_unpacked() -> None:
    # a hundred million pixels that pack into a hundred thousand bytes
    data = made(10_000, 10_000, b"\x00" * 1000)
    assert refused("a.png", data) == "is 10,000 by 10,000 pixels; at most 4,000 a side are read"


def test_pixels_that_unpack_to_more_than_the_header_says() -> None:
    assert logo("a.png", made(2, 2, b"\x00" * 14)).width == 2.0  # two rows of 1 + 2 * 3 bytes
    for wrong in (13, 15, 50_000_000):
        assert "damaged" in refused("a.png", made(2, 2, b"\x00" * wrong))


def test_a_damaged_or_animated_png() -> None:
    data = png()
    assert "damaged" in refused("a.png", data[:-4])
    assert "damaged" in refused("a.png", data[:40] + bytes([data[40] ^ 1]) + data[41:])
    assert "damaged" in refused("a.png", SIGNATURE)
    moving = chunk(b"acTL", struct.pack(">II", 2, 0))
    assert "animated" in refused("a.png", made(2, 2, b"\x00" * 14, moving))


def test_an_svg_keeps_what_draws_and_loses_what_editors_noted() -> None:
    data = f"""<?xml version="1.0"?><!-- by Ada Beispiel -->
    <!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
    {START} xmlns:ed="http://example.org/editor" ed:saved="C:\\Users\\ada" width="80px" height="20"
    id="logo"><metadata><who>Ada Beispiel</who></metadata><ed:view zoom="2"/>
    <defs><linearGradient id="g"><stop offset="0" stop-color="#f00"/></linearGradient></defs>
    <g style="fill: url(#g)"><path d="M0 0h4v4z"/></g><use xlink:href="#p" x="3"/></svg>"""
    kept = logo("a.svg", data.encode())
    assert (kept.kind, kept.width, kept.height) == ("svg", 80.0, 20.0)
    for gone in (b"ada", b"Ada", b"editor", b"metadata", b"DOCTYPE", b"zoom"):
        assert gone not in kept.data
    root = ElementTree.fromstring(kept.data)
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names == ["svg", "defs", "linearGradient", "stop", "g", "path", "use"]
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == "0 0 80 20"
    assert root[-1].get("{http://www.w3.org/1999/xlink}href") == "#p"
    again = logo("a.svg", kept.data)
    assert again.data == kept.data


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ('<rect onclick="alert(1)"/>', "the script onclick"),
        ('<rect ONLOAD="alert(1)"/>', "the script ONLOAD"),
        ("<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>", "foreign"),
        ("<p xmlns='http://www.w3.org/1999/xhtml'>x</p>", "<p>"),
        ('<image href="http://x.example/a.png"/>', "<image>"),
        ('<image href="data:image/png;base64,AA"/>', "<image>"),
        ('<a href="https://x.example"><rect/></a>', "<a>"),
        ('<use href="https://x.example/a.svg#b"/>', "a link to elsewhere"),
        ('<use xlink:href="file:///etc/passwd"/>', "a link to elsewhere"),
        ('<g><g xml:base="http://x.example"/></g>', "xml:base"),
        ('<rect fill="url(http://x.example/a)"/>', "a fill that refers elsewhere"),
        ("<rect style=\"fill: URL( '//x.example' )\"/>", "a style that refers elsewhere"),
        ('<rect style="fill: u\\72l(http://x.example)"/>', "a style that refers elsewhere"),
        ("<style>@import 'http://x.example/a.css';</style>", "a style that refers elsewhere"),
        ("<style>rect { fill: url(http://x.example) }</style>", "a style that refers elsewhere"),
        ('<animate attributeName="x"/>', "<animate>"),
        ('<set attributeName="onclick" to="alert(1)"/>', "<set>"),
        ("<unknown/>", "<unknown>"),
        ('<rect xmlns=""/>', "<rect>"),
    ],
)
def test_an_svg_that_acts_or_calls_elsewhere_is_refused(inside: str, named: str) -> None:
    assert named in refused("a.svg", svg(inside))


def test_all_that_is_wrong_with_an_svg_is_said_at_once() -> None:
    found = refused("a.svg", svg('<script/><rect onclick="a"/><script/><image/>'))
    assert "<script>, the script onclick, <image>" in found


def test_entities_are_refused() -> None:
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + svg("&b;").decode()
    assert refused("a.svg", bomb.encode()) == "is an SVG that declares entities"
    outside = '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + svg("").decode()
    assert refused("a.svg", outside.encode()) == "is an SVG that declares entities"


def test_an_attribute_that_only_the_document_type_gives_is_seen() -> None:
    data = "<!DOCTYPE svg [<!ATTLIST rect onclick CDATA 'alert(1)'>]>" + svg("<rect/>").decode()
    assert "the script onclick" in refused("a.svg", data.encode())


def test_parts_within_parts_end() -> None:
    deep = "<g>" * 5_000 + "</g>" * 5_000
    assert "never end" in refused("a.svg", svg(deep))
    tens = "".join(
        f'<g id="l{level}">' + f'<use href="#l{level - 1}"/>' * 10 + "</g>" for level in range(1, 9)
    )
    assert "never end" in refused("a.svg", svg(f'<rect id="l0"/>{tens}'))
    assert "never end" in refused("a.svg", svg('<g id="a"><use href="#a"/></g>'))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg", "not well-formed"),
        (b"<html><body/></html>", "outermost element"),
        (b"<svg viewBox='0 0 1 1'/>", "outermost element"),
        (svg("", ">"), "without a size"),
        (svg("", ' viewBox="0 0 0 10">'), "without a size"),
        (svg("", ' width="100%" height="100%">'), "without a size"),
        ("<svg/>".encode("utf-16"), "not a PNG or SVG"),
    ],
)
def test_an_svg_that_is_none(data: bytes, words: str) -> None:
    assert words in refused("a.svg", data)


def test_the_picture_is_not_in_what_is_printed_of_it() -> None:
    assert "data" not in repr(Logo("a.png", "png", b"\x00" * 500, "0", 1.0, 1.0))
