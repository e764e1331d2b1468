"""Frozen inputs of the mixed models and what R says about them (tests/reference/models)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

FOLDER = Path(__file__).resolve().parent.parent / "reference" / "models"
R: dict[str, Any] = json.loads((FOLDER / "models.json").read_text("utf-8"))
MODELS: dict[str, Any] = R["models"]


def data(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv")


def close(found: ArrayLike, wanted: ArrayLike, rel: float, units: ArrayLike = 0.0) -> None:
    """Relative agreement; what is small beside its ``units`` (its SE) is judged in these."""
    ours, theirs = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    assert ours.shape == theirs.shape
    gap = np.abs(ours - theirs)
    assert (gap <= rel * np.maximum(np.abs(theirs), np.asarray(units))).all(), gap / theirs
