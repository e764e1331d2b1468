"""The whole story from a release and the declared design, never from the study."""

from __future__ import annotations

from rmresearch.errors import PrivacyError, ReportError
from rmresearch.privacy import Release
from rmresearch.report.leadership.ahead import ahead
from rmresearch.report.leadership.answer import answer
from rmresearch.report.leadership.appendix import numbers
from rmresearch.report.leadership.asked import asked
from rmresearch.report.leadership.both import both
from rmresearch.report.leadership.claims import claims
from rmresearch.report.leadership.content import Said, Shown, Story
from rmresearch.report.leadership.levels import levels, tiles
from rmresearch.report.leadership.pairs import match
from rmresearch.report.leadership.people import done, lost
from rmresearch.report.leadership.source import Source
from rmresearch.report.words.phrases import kept_back
from rmresearch.study import Design

__all__ = ["story"]


def story(released: Release, design: Design) -> Story:
    """What may leadership be told, and in which words?

    ``released`` is a release for leadership, as ``read_release`` reads it back; ``design`` what
    study.toml declares. Every number shown carries its place in released.json. A release for
    another audience raises ``PrivacyError``, one of another study ``ReportError``.

    >>> import rmresearch as rm
    >>> from rmresearch.privacy import release
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> means = {"wave_means:digital_skill": rm.wave_means(study, "digital_skill")}
    >>> story(release(means, study), study.design).tiles[2].name
    'Behaviour'
    """
    if released.audience != "leadership":
        raise PrivacyError(
            f"this release is for the audience {released.audience!r}: brief and deck are for "
            'leadership. Make one for them: release(results, study, audience="leadership").'
        )
    if released.study != design.name:
        raise ReportError(
            f"this release is of the study {released.study!r}, and the design is of "
            f"{design.name!r}: give the study.toml that the release was made with."
        )
    source = Source(released, design)
    return Story(
        title=released.title,
        organisation=design.organisation,
        synthetic=design.synthetic,
        answer=answer(source),
        done=done(source),
        levels=levels(source),
        tiles=tiles(source),
        both=both(source),
        match=match(source),
        lost=lost(source),
        claims=claims(source),
        next=ahead(source),
        asked=asked(source),
        numbers=numbers(source),
        hidden=tuple(_kept_back(place, text) for place, text in enumerate(released.hidden)),
    )


def _kept_back(place: int, text: str) -> Said:
    """What the release rules keep back, and by which of them."""
    said = kept_back(text)
    return Said(said, (Shown(said, (f"/release/hidden/{place}",), "phrase"),))
