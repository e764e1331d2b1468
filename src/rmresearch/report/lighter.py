"""Make the notebook libraries quick to import."""

from __future__ import annotations

import sys

__all__ = ["lighter_imports"]


def lighter_imports() -> None:
    """Call before importing papermill, nbformat or nbconvert.

    Their JSON schema checker tries to import ``rfc3987_syntax``, which builds a grammar for more
    than a second in order to check the form of web addresses; notebooks hold none to check.
    Without it the checker simply does not offer that format. Once it is there it is left alone.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
