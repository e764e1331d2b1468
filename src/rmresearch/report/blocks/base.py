"""What every block can do: give its HTML, and show itself in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

__all__ = ["CLOSE", "ESCAPED", "OPEN", "Block", "joined"]

#: metadata of an output whose HTML was escaped at the source (the export sanitises all other HTML)
ESCAPED = {"rmresearch": "escaped"}
#: what a block stands in when it is shown by itself
OPEN, CLOSE = '<div class="rmr">', "</div>"


class Block(ABC):
    """A part of a page. ``html()`` is its escaped HTML; a notebook shows it by itself."""

    __slots__ = ()

    @abstractmethod
    def html(self) -> str:
        """The block as HTML, everything from data escaped."""

    def plain(self) -> str:
        """What stands in for the block where HTML cannot be shown."""
        return type(self).__name__

    def _repr_html_(self) -> str:
        return f"{OPEN}{self.html()}{CLOSE}"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        bundle = {"text/html": self._repr_html_(), "text/plain": self.plain()}
        return bundle, {"text/html": ESCAPED}


def joined(blocks: Iterable[Block]) -> str:
    """The HTML of several blocks, in order."""
    return "".join(block.html() for block in blocks)
