"""What `rmresearch check` says: a study's files, and the slides that a deck would be made in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rmresearch.errors import Problem
from rmresearch.io.brand import study_brand, template_path
from rmresearch.io.check import CheckReport
from rmresearch.io.check import check as check_files

__all__ = ["check"]


def check(study: Path, data: Path | None = None) -> CheckReport:
    """As `io.check.check`, with everything that is wrong with the company's own template too."""
    found = check_files(study, data=data)
    faults = tuple(_faults(study))
    if not faults:
        return found
    counts = {**found.counts, "brand": found.counts.get("brand", 0) + len(faults)}
    return replace(found, problems=(*found.problems, *faults), counts=counts)


def _faults(study: Path) -> Iterator[Problem]:
    """What is wrong inside the file that ``[brand] template`` names; nothing where there is none.

    That it is no presentation at all, or not there, reading study.toml has said.
    """
    path = template_path(study, study_brand(study)[0])
    if path is None:
        return
    from rmresearch.report.leadership.deck.template import faults_of

    for found, fix in faults_of(path.read_bytes()):
        yield Problem("brand", f"brand.template: {found}", fix, file=path.name)
