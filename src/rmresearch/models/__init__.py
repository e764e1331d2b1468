"""A formula and a data frame in front of a kernel."""

from __future__ import annotations

from rmresearch.models.linear import OlsFit, ols

__all__ = ["OlsFit", "ols"]
