"""How a question may be asked: arguments checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["correlation", "several", "within"]


def several(names: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Names given as one or as many; None stays None."""
    if names is None:
        return None
    return (names,) if isinstance(names, str) else tuple(names)


def within(**shares: float | None) -> None:
    """Refuse with ``ValueError`` what must lie between 0 and 1 and does not (None passes)."""
    for name, share in shares.items():
        if share is not None and not 0.0 < share < 1.0:
            raise ValueError(f"{name} must lie between 0 and 1, not {share}")


def correlation(**given: float | None) -> None:
    """Refuse with ``ValueError`` what is no correlation (None passes)."""
    for name, value in given.items():
        if value is not None and not -1.0 <= value <= 1.0:
            raise ValueError(f"{name} must lie between -1 and 1, not {value}")
