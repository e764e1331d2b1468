"""How a brand looks on a page: its colours as a style sheet, its name and logo above the title."""

from __future__ import annotations

import base64
from html import escape

from rmresearch.colours import DARK, EDGE, TINT, lighter_on, shade, tinted
from rmresearch.declared import Brand, Logo
from rmresearch.report.words.phrases import catalogue, fill

__all__ = ["MIME", "brand_css", "data_uri", "masthead"]

MIME = {"png": "image/png", "svg": "image/svg+xml"}
#: contrast on the dark page: what is more than AA is read on panels and hovered rows too
EASY_DARK, INK_DARK = 7.0, 12.0


def brand_css(brand: Brand) -> str:
    """The brand's colours as custom properties, which the pages' style sheets take up.

    ``--brand-accent``, ``--brand-ink``, ``--brand-tint``, ``--brand-edge``, and the same with
    ``-dark`` for a dark page: of the same hue, light enough. Without colours of its own a brand
    has no style.

    >>> brand_css(Brand(name="Nordwind"))
    ''
    """
    named: dict[str, str] = {}
    if brand.accent:
        named |= {"accent": brand.accent}
        named |= {"tint": shade(TINT, brand.accent), "edge": shade(EDGE, brand.accent)}
        light = lighter_on(brand.accent, DARK, EASY_DARK)
        named |= {"accent-dark": light, "tint-dark": tinted(DARK, light, 0.1)}
        named |= {"edge-dark": tinted(DARK, light, 0.3)}
    if brand.ink:
        named |= {"ink": brand.ink, "ink-dark": lighter_on(brand.ink, DARK, INK_DARK)}
    told = " ".join(f"--brand-{name}: {colour};" for name, colour in named.items())
    return f":root {{ {told} }}\n" if told else ""


def masthead(brand: Brand) -> str:
    """The logo and the name beside it as HTML; nothing for a brand without either.

    The logo is part of the page (a ``data:`` URI), on white where the page is dark.
    """
    picture = ""
    if brand.logo:
        said = fill("brand", "logo_of", name=brand.name) if brand.name else ""
        said = said or catalogue()["brand"]["logo"]
        picture = f'<img src="{data_uri(brand.logo)}" alt="{escape(said)}">'
    name = f"<span>{escape(brand.name)}</span>" if brand.name else ""
    return f'<div class="brand">{picture}{name}</div>' if picture or name else ""


def data_uri(logo: Logo) -> str:
    """A logo as an address that holds it whole."""
    return f"data:{MIME[logo.kind]};base64,{base64.b64encode(logo.data).decode()}"
