"""A formula and a data frame in front of a kernel."""

from __future__ import annotations

from rmresearch.models.linear import OlsFit, ols
from rmresearch.models.mixed import lmm
from rmresearch.models.mixed_fit import LmmFit

__all__ = ["LmmFit", "OlsFit", "lmm", "ols"]
