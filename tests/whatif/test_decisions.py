"""The page on decisions runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path


def test_the_recipes_run(root: Path) -> None:
    page = (root / "docs" / "decisions.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 6
    told: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/decisions.md", "exec"), told)
    assert told["needed"].low < told["needed"].pairs  # type: ignore[attr-defined]
    assert (told["bought"].to_frame()["pairs"] == [20, 44]).all()  # type: ignore[attr-defined]
