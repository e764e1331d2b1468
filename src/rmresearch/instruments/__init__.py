"""The instrument library: codebooks of published scales as data, and their place in study.toml.

One TOML file an instrument, named after it. What a file says it was held against, or could not
be, stands in its ``seen`` and ``unseen``; wording stands there only where it is free to use.
"""

from __future__ import annotations

from rmresearch.instruments.blocks import blocks, names_of
from rmresearch.instruments.library import Instrument, instrument, instruments
from rmresearch.instruments.shown import listed, markdown, shown

__all__ = [
    "Instrument",
    "blocks",
    "instrument",
    "instruments",
    "listed",
    "markdown",
    "names_of",
    "shown",
]
