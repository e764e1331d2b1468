"""The files of the library as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from rmresearch.declared import Process
from rmresearch.errors import nearest
from rmresearch.files import parse_toml

__all__ = [
    "Instrument",
    "Reference",
    "Reliability",
    "Subscale",
    "Wording",
    "instrument",
    "instruments",
]


@dataclass(frozen=True, slots=True)
class Subscale:
    """A part of an instrument; ``items`` count from 1 (none: which items belong was not seen)."""

    name: str
    label: str
    items: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reliability:
    """A published figure, of whom, and where it stands."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A publication; ``doi`` without the address before it, else a ``url``."""

    text: str
    doi: str = ""
    url: str = ""

    @property
    def link(self) -> str:
        """Where it is found."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url


@dataclass(frozen=True, slots=True)
class Wording:
    """Who may use the items' words; ``texts`` hold them, one an item, only where all may."""

    licence: str
    where: str
    stem: str = ""
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is known of a scale: its structure, its scoring, its sources.

    ``items`` is their number; ``reverse`` and the items of subscales count from 1. ``bounds`` are
    the lowest and highest answer (None: not seen, to be said by who inserts it); ``answers`` the
    words of codes, all of them or the ends. ``whole``: one score of all items is published.
    ``after_start``: it asks about the partner or the programme, so there is nothing to ask before.
    ``scoring`` is what is published ("mean", "sum", "the answer"); rmresearch keeps the mean.
    ``seen`` says what was held against which source, ``unseen`` what could not be; ``compare`` is
    what to hold against one's own questionnaire. The other fields are those of
    `declared.Outcome`.
    """

    name: str
    title: str
    label: str
    measures: str
    answered: str
    role: Literal["junior", "senior", "all"]
    kirkpatrick: Literal[1, 2, 3, 4]
    items: int
    scoring: Literal["mean", "sum", "the answer"]
    wording: Wording
    seen: str
    unseen: str = ""
    compare: str = ""
    caution: str = ""
    kind: Literal["scale", "ordinal", "recommend"] = "scale"
    bounds: tuple[int, int] | None = None
    answers: tuple[tuple[int, str], ...] = ()
    reverse: tuple[int, ...] = ()
    direction: Literal["higher", "lower"] = "higher"
    favourable: int | None = None
    process: Process | None = None
    after_start: bool = False
    whole: bool = True
    subscales: tuple[Subscale, ...] = ()
    reliability: tuple[Reliability, ...] = field(default=(), repr=False)
    references: tuple[Reference, ...] = field(default=(), repr=False)

    @property
    def free(self) -> bool:
        """Whether the items' words may be used by everybody, and are here."""
        return bool(self.wording.texts)


def instruments() -> tuple[Instrument, ...]:
    """Every instrument of the library, by name.

    >>> [one.name for one in instruments()][:2]
    ['assertiveness-ipip', 'computer-self-efficacy-10']
    """
    return tuple(_library().values())


def instrument(name: str) -> Instrument:
    """The instrument of that name; for another name ``ValueError`` with those most like it.

    >>> instrument("psychological-safety").reverse
    (1, 3, 5)
    >>> instrument("safety")
    Traceback (most recent call last):
    ValueError: no instrument 'safety'. Did you mean psychological-safety?
    """
    known = _library()
    if name in known:
        return known[name]
    wanted = name.casefold().replace("_", "-")
    inside = [
        one.name
        for one in known.values()
        if wanted and (wanted in one.name or wanted in f"{one.title} {one.measures}".casefold())
    ]
    alike = nearest(wanted, known)
    near = dict.fromkeys([*inside, *([alike] if alike else [])])
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known)}."
    raise ValueError(f"no instrument {name!r}. {hint}")


@cache
def _library() -> Mapping[str, Instrument]:
    found = [one for one in files(__package__).iterdir() if one.name.endswith(".toml")]
    read = [_instrument(one.name[:-5], parse_toml(one.read_text("utf-8"))) for one in found]
    return {one.name: one for one in sorted(read, key=lambda one: one.name)}


def _instrument(name: str, content: dict[str, Any]) -> Instrument:
    bounds = content.pop("range", None)
    words = content.pop("wording")
    return Instrument(
        name=name,
        bounds=None if bounds is None else (bounds[0], bounds[1]),
        answers=tuple((int(code), text) for code, text in content.pop("answers", {}).items()),
        reverse=tuple(content.pop("reverse", ())),
        subscales=tuple(
            Subscale(one["name"], one["label"], tuple(one.get("items", ())))
            for one in content.pop("subscales", ())
        ),
        reliability=tuple(Reliability(**one) for one in content.pop("reliability", ())),
        references=tuple(Reference(**one) for one in content.pop("references", ())),
        wording=Wording(**words | {"texts": tuple(words.get("texts", ()))}),
        **content,
    )
