"""The colours of a brand where the house's would stand, each with the same task."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rmresearch.colours import ACCENT, EDGE, INK, TINT, shade, steps_apart
from rmresearch.report.figures.style import COMPARISON, SERIES, SHADES, Tone
from rmresearch.study import Brand

__all__ = ["Palette", "palette", "recoloured"]

#: bars behind a figure's points
PALE = "#c3d2df"
#: noticeable steps that two series keep from each other (see `colours.steps_apart`)
APART = 1.0

_PAINT = re.compile(r"""((?:fill|stroke)(?::\s*|="))(#[0-9a-f]{6})\b""")


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they are for, ``#rrggbb``.

    ``tint`` is a panel's surface, ``edge`` a line on it, ``pale`` a bar behind points, ``shades``
    six steps from none to all; ``series`` the tones of arms and outcomes, the accent first,
    ``comparison`` that of the comparison group. Markers and dashes are the house's.
    """

    ink: str
    accent: str
    tint: str
    edge: str
    pale: str
    shades: tuple[str, ...]
    series: tuple[Tone, ...]
    comparison: Tone = COMPARISON


def palette(brand: Brand) -> Palette:
    """The colours that a brand's figures, tables and pages have.

    A shade has the luminance of the house's and the hue of the accent, so that what is read on one
    is read on the other. Series after the first keep the house's colours, but for one that looks
    like the accent: the house's own blue takes its place.

    >>> palette(Brand()).accent, palette(Brand(accent="#8a1538")).series[0].colour
    ('#12436d', '#8a1538')
    """
    accent = brand.accent or ACCENT
    return Palette(
        ink=brand.ink or INK,
        accent=accent,
        tint=shade(TINT, accent),
        edge=shade(EDGE, accent),
        pale=shade(PALE, accent),
        shades=tuple(shade(one, accent) for one in SHADES),
        series=_series(accent),
    )


def _series(accent: str) -> tuple[Tone, ...]:
    """The tones of series: the accent, then what is told apart from it, then what is not."""
    if accent == ACCENT:
        return SERIES
    spare = [*(tone.colour for tone in SERIES[1:]), ACCENT]
    near = [colour for colour in spare if steps_apart(colour, accent)[0] < APART]
    ordered = [accent, *(one for one in spare if one not in near), *near]
    return tuple(
        replace(tone, colour=colour) for tone, colour in zip(SERIES, ordered, strict=False)
    )


def recoloured(svg: str, brand: Brand) -> str:
    """A figure as the brand's: what it paints in one of the house's colours, in the brand's.

    Only ``fill`` and ``stroke`` change, no text; a brand without colours changes nothing.

    >>> recoloured('<path style="fill: #12436d"/>', Brand(accent="#8a1538"))
    '<path style="fill: #8a1538"/>'
    """
    if not brand.accent and not brand.ink:
        return svg
    ours, theirs = palette(Brand()), palette(brand)
    swaps = {
        **dict(zip(ours.shades, theirs.shades, strict=True)),
        **{a.colour: b.colour for a, b in zip(ours.series, theirs.series, strict=True)},
        ours.pale: theirs.pale,
        ours.tint: theirs.tint,
        ours.edge: theirs.edge,
        ours.ink: theirs.ink,
    }
    return _PAINT.sub(lambda found: found[1] + swaps.get(found[2], found[2]), svg)
