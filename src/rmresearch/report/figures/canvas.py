"""From a painting function to small, clean, inline SVG that is the same bytes every time.

Text stays text: it can be selected, searched and enlarged, and shows in the page's own font.
"""

from __future__ import annotations

import hashlib
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from typing import Any

from rmresearch.display.numbers import number
from rmresearch.report.figures.style import INK, MUTED, SMALL, TEXT, rc, text_width, wrap

__all__ = [
    "WIDTH",
    "apart",
    "place",
    "plain_ticks",
    "px",
    "round_ticks",
    "rule",
    "share_ticks",
    "svg",
    "tidy",
    "write",
    "write_near",
]

#: width of every figure in pixels
WIDTH = 720.0
FONTS = (
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', "
    "Arial, sans-serif"
)

#: steps of an axis of shares
SHARES = (0.01, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)

_NUMBER = re.compile(r"-?\d+\.\d+")
_TAG = re.compile(r"(<[^>]+>)")
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^")]+)')


def svg(height: float, paint: Callable[[Any], None], width: float = WIDTH) -> str:
    """A figure of this many pixels, painted by ``paint(figure)``, as inline SVG.

    Nothing of pyplot is touched, so figures can be made anywhere and leave no state behind.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style = rc()
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # Names in scripts that DejaVu Sans lacks are drawn by the reader's own fonts.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        figure = Figure(figsize=(width / 72.0, height / 72.0), dpi=72)
        paint(figure)
        out = StringIO()
        blank = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(out, metadata=blank)
    return tidy(out.getvalue(), width, height)


def px(figure: Any) -> Any:
    """The transform from pixels, counted from the top left, to the figure."""
    from matplotlib.transforms import Affine2D

    width, height = figure.get_size_inches() * 72.0
    return Affine2D().scale(1.0 / width, -1.0 / height).translate(0.0, 1.0) + figure.transFigure


def place(figure: Any, left: float, top: float, width: float, height: float) -> Any:
    """Axes at this place in pixels from the top left."""
    across, down = figure.get_size_inches() * 72.0
    box = (left / across, 1.0 - (top + height) / down, width / across, height / down)
    axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    return axes


def write(figure: Any, x: float, y: float, text: str, **style: Any) -> None:
    """Text with its vertical middle at this place in pixels (its foot, with ``va="bottom"``).

    Each line is set by itself, so that it stays anchored where it is in whatever font is shown.
    """
    settings = {"ha": "left", "va": "center_baseline", "size": TEXT, "color": INK, **style}
    lines = text.split("\n")
    above = len(lines) - 1 if settings["va"] == "bottom" else (len(lines) - 1) / 2
    for index, line in enumerate(lines):
        at = y + (index - above) * settings["size"] * 1.25
        figure.text(x, at, line, transform=px(figure), **settings)


def write_near(figure: Any, x: float, y: float, text: str, **style: Any) -> None:
    """One line of small grey text centred on ``x``, moved or cut so that it stays inside."""
    line = wrap(text, WIDTH - 2.0, SMALL, lines=1)
    half = text_width(line, SMALL) / 2 + 1.0
    inside = min(max(x, half), WIDTH - half)
    write(figure, inside, y, line, **{"ha": "center", "size": SMALL, "color": MUTED, **style})


def rule(figure: Any, x: Sequence[float], y: Sequence[float], **style: Any) -> None:
    """A line through these points, in pixels."""
    from matplotlib.lines import Line2D

    figure.add_artist(Line2D(x, y, transform=px(figure), **style))


def apart(wanted: Sequence[float], heights: Sequence[float], bottom: float) -> list[float]:
    """Places as near to the wanted ones as labels of these heights allow, from top to bottom.

    >>> apart([10.0, 12.0], [20.0, 20.0], 100.0)
    [10.0, 30.0]
    """
    placed: list[float] = []
    for index, y in enumerate(wanted):
        room = placed[-1] + (heights[index - 1] + heights[index]) / 2 if placed else y
        placed.append(max(y, room))
    over = placed[-1] + heights[-1] / 2 - bottom if placed else 0.0
    for index in range(len(placed) - 1, -1, -1):
        limit = placed[index] - max(over, 0.0)
        if index + 1 < len(placed):
            limit = placed[index + 1] - (heights[index] + heights[index + 1]) / 2
        placed[index] = min(placed[index], limit)
    return placed


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most about this many round numbers from ``low`` to ``high``."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(tick) for tick in ticks if low <= tick <= high]


def share_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most so many shares from ``low`` to ``high`` in steps that people count in.

    >>> [round(tick, 2) for tick in share_ticks(0.83, 0.98)]
    [0.85, 0.9, 0.95]
    """
    for step in SHARES:
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    return [n * step for n in range(first, last + 1)]


def plain_ticks(axis: Any, ticks: Any, as_text: Callable[[float], str] | None = None) -> None:
    """Set ticks, written with as few decimals as tell them apart."""
    places = next((d for d in range(6) if all(abs(t - round(t, d)) < 1e-9 for t in ticks)), 6)
    show = as_text or (lambda value: number(float(value), decimals=places))
    axis.set_ticks(list(ticks), [show(float(tick)) for tick in ticks])


def tidy(text: str, width: float, height: float) -> str:
    """matplotlib's SVG without what a page does not need, with ids that belong to this figure.

    Gone are the XML head, the style that would apply to the whole page, unused ids, empty groups,
    font names and digits beyond hundredths of a pixel.
    """
    body = text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = body.replace("xlink:href=", "href=")
    used = dict.fromkeys(_REFERENCE.findall(body))
    body = "".join(_shorter(body, set(used)))
    mark = hashlib.sha256(body.encode()).hexdigest()[:8]
    for index, name in enumerate(used):
        body = body.replace(f'"#{name}"', f'"#f{mark}-{index}"')
        body = body.replace(f"url(#{name})", f"url(#f{mark}-{index})")
        body = body.replace(f'id="{name}"', f'id="f{mark}-{index}"')
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    return f'<svg {size} font-family="{FONTS}" stroke-linejoin="round">{body}</svg>'


def _shorter(body: str, used: set[str]) -> Iterator[str]:
    groups: list[bool] = []
    for part in _TAG.split(body):
        if not part.startswith("<"):
            yield part if part.strip() else ""
            continue
        tag = _shorter_tag(part, used)
        if tag == "<g/>":
            continue
        if tag.startswith("<g"):
            groups.append(tag != "<g>")
            yield tag if groups[-1] else ""
        elif tag == "</g>":
            yield tag if groups.pop() else ""
        else:
            yield "" if tag.startswith("<!--") else tag


def _shorter_tag(tag: str, used: set[str]) -> str:
    tag = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^"]*\)"', "", tag)
    tag = _NUMBER.sub(lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), tag)
    return re.sub(r"\s+", " ", tag).replace("-0 ", "0 ").replace(' "', '"')
