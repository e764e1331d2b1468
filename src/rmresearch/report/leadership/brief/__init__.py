"""The brief for leadership: two A4 pages of a release, on screen and on paper, alike in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rmresearch.declared import Brand
from rmresearch.errors import ReportError
from rmresearch.files import write_bytes
from rmresearch.privacy import Release, read_release
from rmresearch.report.leadership.brief import screen
from rmresearch.report.leadership.brief.kept import Brief, kept
from rmresearch.report.leadership.brief.paper import to_pdf
from rmresearch.report.leadership.brief.screen import Piece, sheet
from rmresearch.report.leadership.content import Story
from rmresearch.report.leadership.story import story

__all__ = ["PAPER", "Pages", "read_pages", "sheet"]

PAPER, SLIDES = "brief.pdf", "deck.pptx"
RELEASED = "released.json"


@dataclass(frozen=True)
class Pages:
    """A story as two pages; each place of them shows itself in a notebook.

    >>> import rmresearch as rm
    >>> from rmresearch.privacy import release
    >>> study = rm.read_study("data/synthetic/pilot")
    >>> means = {"wave_means:digital_skill": rm.wave_means(study, "digital_skill")}
    >>> Pages.of(release(means, study)).brief.tiles[2].asks
    'Behaviour: What do they do otherwise?'
    """

    story: Story
    brand: Brand

    @classmethod
    def of(cls, released: Release) -> Pages:
        """The pages of a release for leadership, which carries what was declared.

        Raises what `story` raises, and ``ReportError`` for a release without a codebook.
        """
        if released.codebook is None:
            raise ReportError(
                "this release does not say what was measured: make the report again with this "
                "version (rmresearch report STUDY --audience leadership)."
            )
        design = released.codebook.design(released.study, released.title)
        return cls(story(released, design), design.brand)

    @cached_property
    def brief(self) -> Brief:
        """What of the story the pages hold."""
        return kept(self.story)

    @property
    def head(self) -> Piece:
        """Who speaks of what; in a notebook it brings the style along."""
        return screen.head(self.brief, self.brand)

    @property
    def answer(self) -> Piece:
        """The answer in one sentence, with its certainty and its precision."""
        return screen.answer(self.brief)

    @property
    def done(self) -> Piece:
        """What was done, with whom, and of how many the answer speaks."""
        return screen.done(self.brief)

    @property
    def levels(self) -> Piece:
        """The four levels, a tile each."""
        return screen.levels(self.brief)

    @property
    def both(self) -> Piece:
        """Both directions, with all results at the end."""
        return screen.results(self.brief)

    @property
    def match_and_lost(self) -> Piece:
        """Matching and meeting; who left."""
        return screen.following(self.brief)

    @property
    def claims(self) -> Piece:
        """What can and cannot be claimed, what to do next, what is not shown."""
        return screen.claims(self.brief)

    def pdf(self) -> bytes:
        """The pages on paper."""
        return to_pdf(self.brief, self.brand)

    def write_pdf(self, folder: str | Path | None) -> Path | None:
        """Write brief.pdf; without a folder nothing."""
        if not folder:
            return None
        path = Path(folder) / PAPER
        write_bytes(path, self.pdf())
        return path

    def write_deck(self, folder: str | Path | None, template: str = "") -> Path | None:
        """Write deck.pptx, the same story as slides; without a folder nothing.

        ``template`` is the company's own presentation, where there is one.
        """
        from rmresearch.report.leadership.deck import deck

        if not folder:
            return None
        lent = Path(template).read_bytes() if template else None
        path = Path(folder) / SLIDES
        write_bytes(path, deck(self.story, self.brand, lent))
        return path


def read_pages(folder: str | Path) -> Pages:
    """The pages of the released.json in a folder.

    A folder without one raises ``ReportError``, a file that was changed ``PrivacyError``.
    """
    path = Path(folder) / RELEASED
    if not path.is_file():
        raise ReportError(
            f"{folder} has no {RELEASED}. Make it first: rmresearch report STUDY "
            "--audience leadership writes it into the folder leadership of the report."
        )
    return Pages.of(read_release(path.read_text("utf-8")))
