"""The leadership deck: the story as slides with native charts, real tables and speaker notes."""

from __future__ import annotations

from rmresearch.errors import ReportError
from rmresearch.privacy import Release
from rmresearch.report.leadership.content import Story
from rmresearch.report.words.phrases import catalogue
from rmresearch.study import Brand

__all__ = ["check_template", "deck", "deck_of"]


def deck(story: Story, brand: Brand | None = None, template: bytes | None = None) -> bytes:
    """The story as a .pptx file: eight slides, questions to expect, and every number.

    ``template`` is a company's own presentation (its slides are left out, its layouts, fonts,
    colours and size kept; `deck.template` says which layouts); without one the slides are ours, in
    the brand's colours and with its logo. Charts hold their numbers in a sheet of their own, so
    that they can be edited. What is too long goes on to another slide, never over an edge. A
    template that cannot be used raises ``ReportError`` with all that is wrong with it. The same
    arguments give the same bytes.

    >>> import rmresearch as rm
    >>> from rmresearch.privacy import release
    >>> from rmresearch.report.leadership import story
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> means = {"wave_means:digital_skill": rm.wave_means(study, "digital_skill")}
    >>> deck(story(release(means, study), study.design))[:2]
    b'PK'
    """
    from rmresearch.report.leadership.deck.slides import slides
    from rmresearch.report.leadership.deck.template import opened
    from rmresearch.report.leadership.deck.writing import written

    worn = brand or Brand()
    opening = opened(template, worn)
    mark = catalogue()["deck"]["synthetic"] if story.synthetic else ""
    foot = [part for part in (mark, story.organisation, story.title) if part]
    return written(
        opening,
        slides(story, opening.frame),
        title=story.title,
        author=worn.name or story.organisation,
        foot=foot,
    )


def deck_of(released: Release, template: bytes | None = None) -> bytes:
    """The deck of a release for leadership, which carries what was declared, brand and all.

    Raises what ``story`` raises, and ``ReportError`` for a release without a codebook.
    """
    from rmresearch.report.leadership.story import story

    if released.codebook is None:
        raise ReportError(
            "this release does not say what was measured: make the report again with this "
            "version (rmresearch report STUDY --audience leadership)."
        )
    design = released.codebook.design(released.study, released.title)
    return deck(story(released, design), design.brand, template)


def check_template(template: bytes, brand: Brand) -> None:
    """Raise ``ReportError`` with everything that is wrong with a template; read nothing else."""
    from rmresearch.report.leadership.deck.template import opened

    opened(template, brand)
