"""Take a study's pulse: one analysis, the release rules, then the page from what they let out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from rmresearch.analysis.pulse import pulse
from rmresearch.errors import StudyError
from rmresearch.evidence import programme_ended
from rmresearch.files import write_text
from rmresearch.io.read import read_study
from rmresearch.privacy import Ledger, Release, release
from rmresearch.report.blocks import Badge, Callout, Head, Page, Section
from rmresearch.report.pulse import sections
from rmresearch.report.pulse.attention import attention
from rmresearch.report.pulse.reading import PULSE, Pairs, Track, pairs_of, signs, tracks
from rmresearch.report.words import pulse as words
from rmresearch.report.words.phrases import day_of
from rmresearch.study import Design

__all__ = ["RELEASED", "Pulse", "taken"]

RELEASED = "released.json"


@dataclass(frozen=True, eq=False)
class Pulse:
    """What a pulse may show: a release for its audience, and what the design declares.

    ``ended`` says whether the data reach the planned end, ``until`` the day they cover (None: not
    told). ``ledger`` is the study's, in which what is shown is put down first.
    """

    released: Release
    design: Design
    ended: bool
    until: date | None = None
    ledger: Ledger | None = None

    @cached_property
    def _tracks(self) -> tuple[Track, ...]:
        return tracks(self.released, self.design)

    @cached_property
    def _pairs(self) -> tuple[Pairs, ...]:
        return pairs_of(self.released)

    @cached_property
    def _made(self) -> Mapping[str, Callable[[], Section]]:
        design, released = self.design, self.released
        return {
            "attention": lambda: attention(design, signs(self._tracks, self._pairs)),
            "response": lambda: sections.response(design, released, self._tracks),
            "meetings": lambda: sections.meetings(design, released, self._tracks, self._pairs),
            "quality": lambda: sections.quality(design, released, self._tracks),
            "estimates": lambda: sections.standing(design, ended=self.ended),
            "method": lambda: sections.method(released),
        }

    @property
    def head(self) -> Head:
        """The title, the day, and what this page is not."""
        return self.page(()).head

    def section(self, name: str) -> Section:
        """One section of the page; an unknown name lists the known ones."""
        if name not in self._made:
            raise KeyError(f"no section {name!r}; there are: {', '.join(self._made)}")
        return self._made[name]()

    def page(self, names: tuple[str, ...] | None = None) -> Page:
        """The whole page as typed blocks."""
        design = self.design
        day = day_of(self.until) if self.until else ""
        said = words.tell("ended_short") if self.ended else words.tell("not_yet")
        return Page(
            title=design.title,
            subtitle=words.tell("running", day=day) if day else words.tell("known"),
            kicker=words.tell("kicker"),
            badges=(
                Badge(words.tell("no_evaluation"), "caution"),
                *((Badge(words.tell("synthetic"), "caution"),) if design.synthetic else ()),
            ),
            top=(Callout("note", said),),
            sections=tuple(self.section(one) for one in (self._made if names is None else names)),
            brand=design.brand,
        )

    def write(self, folder: str | Path | None) -> tuple[Path, ...]:
        """Write released.json; whom it is about goes into the study's ledger first.

        Without a folder nothing is written.
        """
        if not folder:
            return ()
        if self.ledger is not None:
            self.ledger.record(self.released.published)
        out = Path(folder) / RELEASED
        write_text(out, self.released.to_json())
        return (out,)


def taken(
    study: str | Path, *, data: str | Path | None = None, until: str | date | None = None
) -> Pulse:
    """How is this programme running?

    ``study`` is the study's folder or its TOML file, ``data`` the folder with its data files
    (default: ``data`` beside study.toml), ``until`` the last day that they cover ("2026-01-31").

    >>> taken("data/synthetic/pilot").section("meetings").title
    'Do pairs meet?'
    """
    folder, day = Path(study), _day(until)
    read = read_study(study, data=data)
    found = pulse(read, until=day)
    ledger = Ledger.read(folder if folder.is_dir() else folder.parent, read.design)
    shown = release({PULSE: found}, read, audience="pulse", ledger=ledger)
    return Pulse(shown, read.design, programme_ended(read), day, ledger)


def _day(until: str | date | None) -> date | None:
    if not isinstance(until, str):
        return until
    try:
        return date.fromisoformat(until) if until else None
    except ValueError:
        raise StudyError(f"{until!r} is no day; write it as 2026-01-31.") from None
