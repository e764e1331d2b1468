"""`rmresearch match`: from applications to a workbook of proposed pairs.

The workbook shows real ids, because the programme team has to act on it. It is no report: it is
marked as personal data, readable by its owner only, and refused a place where reports lie.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from rmresearch.errors import StudyError
from rmresearch.files import write_bytes
from rmresearch.io.applications import read_applications
from rmresearch.report.proposals.pages import given_up, pages, summary
from rmresearch.report.proposals.task import Task, task
from rmresearch.report.proposals.workbook import check_target, workbook
from rmresearch.world.matching.proposal import Proposal, propose

__all__ = ["match"]


def match(
    study: Path,
    out: Path,
    *,
    policy: str,
    seed: int | None = None,
    data: Path | None = None,
    say: Callable[[str], None] = lambda message: None,
) -> Path:
    """Pair the applicants of a study and write the proposals to the workbook ``out``.

    ``policy`` is one of `matching.POLICIES`; without a seed one is drawn, said and recorded. The
    same files, policy and seed give the same bytes. Applications that cannot be read, or of
    which no pair at all can be made, raise ``StudyError`` (and nothing is written); a place or
    a file that is not ours to write raises ``ReportError``.
    """
    check_target(out)
    applications = read_applications(study, data=data)
    asked = task(applications, policy)
    if seed is None:
        seed = secrets.randbelow(2**32)
        say(f"seed {seed} (drawn; --seed {seed} makes the same proposals again)")
    made = propose(
        policy,
        asked.places,
        seed=seed,
        rules=[held.rule for held in asked.rules],
        questions=[weighed.question for weighed in asked.questions],
        wishes=asked.wishes,
    )
    if not len(made.seniors):
        raise StudyError(_nobody(asked, made))
    for line in summary(asked, made):
        say(line)
    write_bytes(out, workbook(pages(asked, made), f"Proposed pairs: {asked.title}"), mode=0o600)
    return out


def _nobody(asked: Task, made: Proposal) -> str:
    """Why no pair can be made, and what giving up each rule would bring."""
    n, m = len(asked.seniors), len(asked.juniors)
    lines = [
        f"no pair can be made of {n:,} {asked.words('senior', n)} and {m:,} "
        f"{asked.words('junior', m)} under policy {made.policy}."
    ]
    gains = {one.what: one.seniors + one.juniors for one in made.relaxed}
    together = gains.pop("all rules", 0)
    helping = {what: people for what, people in gains.items() if people}
    for what, people in sorted(helping.items(), key=lambda item: -item[1]):
        lines.append(f"  {given_up(what)}, {people:,} people could have a partner")
    if not helping and together:
        lines.append(
            f"  No single rule is to blame; without any, {together:,} people could have one"
        )
    if not helping and not together:
        lines.append("  On one of the two sides nobody has a place for a partner")
    lines.append("Relax it in [matching] of study.toml; nothing was written.")
    return "\n".join(lines)
