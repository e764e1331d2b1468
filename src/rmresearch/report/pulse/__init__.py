"""The page of a programme in its middle: is it on course? Made of a release, never of the study."""

from __future__ import annotations

from rmresearch.report.pulse.taking import Pulse, taken

__all__ = ["Pulse", "taken"]
