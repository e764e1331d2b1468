"""Colours measured: contrast, what the colour-blind see, and the nearest that does.

Colours are texts ``#rrggbb``; three floats are linear sRGB, 0 to 1. Contrast: WCAG 2.2. Lightness
and hue: OKLCH (Ottosson 2020, "A perceptual color space for image processing"). Colour blindness:
Machado, Oliveira and Fernandes (2009), doi 10.1109/TVCG.2009.113, severity 1. How far apart marks
look: Stone, Szafir and Setlur (2014), "An engineering model for color difference as a function of
size", on CIELAB (D65).
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = [
    "ACCENT",
    "BAND",
    "COMPARISON",
    "DARK",
    "EDGE",
    "INK",
    "PAPER",
    "TINT",
    "contrast",
    "lighter_on",
    "luminance",
    "nearest",
    "shade",
    "steps_apart",
    "tinted",
]

#: the house's colours, by what they are for
PAPER = "#ffffff"
INK = "#1c2733"
ACCENT = "#12436d"
#: a panel's surface in the accent's hue, a line on it
TINT = "#eef3f7"
EDGE = "#bccad6"
BAND = "#e9eef2"
COMPARISON = "#68737e"
#: the surface of a page in dark mode
DARK = "#15191e"

Three = tuple[float, float, float]

_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_OKLAB = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_FROM_LMS = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
_XYZ = (
    (0.4123907993, 0.3575843394, 0.1804807884),
    (0.2126390059, 0.7151686788, 0.0721923154),
    (0.0193308187, 0.1191947798, 0.9505321522),
)
_SEEN = {
    "full colour vision": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
#: a step that half of all people notice, in L*, a* and b*, for a mark of a third of a degree: the
#: smallest that was measured
_NOTICED = (5.079 + 0.751 * 3, 5.339 + 1.541 * 3, 5.349 + 2.871 * 3)
_STEP = 1 / 512  # of OKLCH lightness: finer than eight bits tell apart


def luminance(colour: str) -> float:
    """Relative luminance of a ``#rrggbb`` colour, 0 to 1 (WCAG 2.2)."""
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2).

    >>> round(contrast("#000000", "#ffffff"), 9)
    21.0
    """
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def steps_apart(one: str, other: str) -> tuple[float, str]:
    """How many noticeable steps lie between two colours' marks, and to whom they are so near.

    The least of full colour vision, protanopia and deuteranopia, small marks supposed.

    >>> steps_apart("#12436d", "#12436d")[0]
    0.0
    """
    apart = {}
    for who, matrix in _SEEN.items():
        a, b = (_cielab(_clipped(_times(matrix, _linear(colour)))) for colour in (one, other))
        apart[who] = math.hypot(*((x - y) / n for x, y, n in zip(a, b, _NOTICED, strict=True)))
    who = min(apart, key=apart.__getitem__)
    return apart[who], who


def nearest(colour: str, passes: Callable[[str], bool]) -> str | None:
    """The colour of the same hue that ``passes``, with the least change of lightness (OKLCH).

    What comes back has passed; None where no lightness does.

    >>> nearest("#777777", lambda one: contrast(one, "#ffffff") >= 4.5)
    '#767676'
    """
    if passes(colour):
        return colour
    lightness, chroma, hue = _oklch(colour)
    for step in range(1, round(1 / _STEP) + 1):
        for way in (-1, 1):
            other = lightness + way * step * _STEP
            if 0.0 <= other <= 1.0 and passes(found := _colour(other, chroma, hue)):
                return found
    return None


def lighter_on(colour: str, surface: str, ratio: float) -> str:
    """The colour itself or the first lighter one of its hue with that contrast on a dark surface.

    Raises ``ValueError`` where not even white has it.

    >>> contrast(lighter_on("#12436d", "#15191e", 7.0), "#15191e") >= 7.0
    True
    """
    lightness, chroma, hue = _oklch(colour)
    if contrast(colour, surface) >= ratio and luminance(colour) > luminance(surface):
        return colour
    for step in range(round((1.0 - lightness) / _STEP) + 1):
        found = _colour(min(1.0, lightness + step * _STEP), chroma, hue)
        if luminance(found) > luminance(surface) and contrast(found, surface) >= ratio:
            return found
    raise ValueError(f"nothing has a contrast of {ratio} on {surface}")


def shade(pattern: str, colour: str, of: str = ACCENT) -> str:
    """``pattern``, a shade that goes with colour ``of``, as it goes with ``colour`` instead.

    Its luminance stays, so that text on it is read as before; hue and strength are the colour's.

    >>> shade("#eef3f7", "#12436d")
    '#eef3f7'
    """
    if colour == of:
        return pattern
    ours, (_, own, _), (_, given, hue) = _oklch(pattern), _oklch(of), _oklch(colour)
    chroma = ours[1] * given / own
    wanted = luminance(pattern)
    low, high = 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        if luminance(_colour(middle, chroma, hue)) < wanted:
            low = middle
        else:
            high = middle
    return _colour(high, chroma, hue)


def tinted(surface: str, colour: str, share: float) -> str:
    """A surface with that share (0 to 1) of a colour laid over it.

    >>> tinted("#000000", "#ffffff", 0.2)
    '#333333'
    """
    parts = zip(_bytes(surface), _bytes(colour), strict=True)
    return _text(*(round(under + share * (over - under)) for under, over in parts))


def _bytes(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _text(*parts: int) -> str:
    return "#" + "".join(f"{part:02x}" for part in parts)


def _linear(colour: str) -> Three:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (part / 255.0 for part in _bytes(colour))
    )
    return red, green, blue


def _times(matrix: tuple[Three, Three, Three], values: Three) -> Three:
    one, two, three = (sum(a * b for a, b in zip(row, values, strict=True)) for row in matrix)
    return one, two, three


def _clipped(values: Three) -> Three:
    one, two, three = (min(1.0, max(0.0, value)) for value in values)
    return one, two, three


def _cielab(linear: Three) -> Three:
    white = _times(_XYZ, (1.0, 1.0, 1.0))
    ratios = (part / full for part, full in zip(_times(_XYZ, linear), white, strict=True))
    x, y, z = (math.cbrt(t) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _oklch(colour: str) -> Three:
    long, medium, short = (math.cbrt(part) for part in _times(_LMS, _linear(colour)))
    lightness, a, b = _times(_OKLAB, (long, medium, short))
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _colour(lightness: float, chroma: float, hue: float) -> str:
    """The colour of that lightness and hue, as strong as screens can show up to ``chroma``."""
    low, high = 0.0, chroma
    found = _unbounded(lightness, high, hue)
    if not _shown(found):
        for _ in range(20):
            middle = (low + high) / 2
            inside = _shown(_unbounded(lightness, middle, hue))
            low, high = (middle, high) if inside else (low, middle)
        found = _unbounded(lightness, low, hue)
    return _text(*(round(255 * _gamma(part)) for part in _clipped(found)))


def _unbounded(lightness: float, chroma: float, hue: float) -> Three:
    oklab = (lightness, chroma * math.cos(hue), chroma * math.sin(hue))
    long, medium, short = _times(_FROM_OKLAB, oklab)
    return _times(_FROM_LMS, (long**3, medium**3, short**3))


def _shown(linear: Three) -> bool:
    return all(-1e-4 <= part <= 1 + 1e-4 for part in linear)


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
