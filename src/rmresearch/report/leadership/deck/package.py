"""The file that a presentation is: a zip of parts, written so that the same parts are the same
bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping

__all__ = ["rewritten"]

#: the first day that a zip can hold
DAY = (1980, 1, 1, 0, 0, 0)


def rewritten(
    packed: bytes, changed: Mapping[str, bytes] | None = None, without: Collection[str] = ()
) -> bytes:
    """The same zip with fixed times, ``changed`` parts by name, and ``without`` others."""
    held = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as before,
        zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            if name in without:
                continue
            info = zipfile.ZipInfo(name, DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            after.writestr(info, (changed or {}).get(name) or before.read(name))
    return held.getvalue()
