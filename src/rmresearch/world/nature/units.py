"""The units in which nature is written."""

from __future__ import annotations

__all__ = ["LOG", "LOGIT", "SD", "SHARE"]

SHARE = "share of variance"
SD = "SD of the score among the eligible"
LOGIT = "log odds per SD"
LOG = "log rate per SD"
