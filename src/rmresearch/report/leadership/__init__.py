"""What leadership is told: one typed story from a release and the declared design alone."""

from __future__ import annotations
