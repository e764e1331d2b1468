"""A logo as a slide can show it."""

from __future__ import annotations

from typing import Any

from rmresearch.report.pdf.fonts import fonts
from rmresearch.study import Logo

__all__ = ["png"]

#: dots to the inch of a drawing made into a picture: sharp when a slide fills a screen
DOTS = 288.0


def png(logo: Logo) -> bytes:
    """The logo as PNG: slides show no SVG without one beside it, in older programs not at all."""
    if logo.kind == "png":
        return logo.data
    import typst

    source = (
        "#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
        '#image(bytes(sys.inputs.logo), format: "svg", width: 150pt)'
    )
    with fonts() as found:
        made: Any = typst.compile(
            source.encode(),
            format="png",
            ppi=DOTS,
            font_paths=found,
            ignore_system_fonts=True,
            sys_inputs={"logo": logo.data.decode("utf-8")},
        )
    return bytes(made)
