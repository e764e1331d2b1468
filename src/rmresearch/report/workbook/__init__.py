"""The leadership workbook: what a release holds, as sheets to sort, filter and chart."""

from __future__ import annotations

from rmresearch.errors import PrivacyError
from rmresearch.privacy import Release
from rmresearch.report.workbook import lists
from rmresearch.report.workbook.charts import plots
from rmresearch.report.workbook.tables import tables
from rmresearch.report.workbook.writing import written
from rmresearch.study import Design

__all__ = ["workbook"]


def workbook(released: Release, design: Design) -> bytes:
    """A release as an XLSX file: charts, answers, every table, every estimate, a codebook.

    All numbers come from ``released``, so that one read back by ``read_release`` gives the same
    bytes; ``design``, what study.toml declares, gives names, ranges and the codebook. The same
    table of all outcomes stands on one sheet. Tests of chance are left out, and text never becomes
    a formula. A release for analysts (``audience`` "technical") raises ``PrivacyError``.

    >>> import rmresearch as rm
    >>> from rmresearch.privacy import release
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> means = {"wave_means:digital_skill": rm.wave_means(study, "digital_skill")}
    >>> workbook(release(means, study), study.design)[:2]
    b'PK'
    """
    if released.audience == "technical":
        raise PrivacyError(
            "this release is for analysts: the workbook is for leadership. Make a release for "
            'them: release(results, study, audience="leadership").'
        )
    sheets = (
        lists.answers(released, design),
        *tables(released, design),
        lists.estimates(released, design),
        lists.checks(released, design),
        lists.dropped(released, design),
        *lists.codebook(released, design),
    )
    return written(released, design, plots(released, design), sheets)
