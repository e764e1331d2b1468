"""Whom a report is for, in which formats: what is possible, and what was asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rmresearch.errors import did_you_mean

__all__ = ["ALL", "AUDIENCES", "FOLDERS", "PAGES", "check_formats", "possible", "wanted"]

#: the files of each audience by format; the first one asked for in this order leads
AUDIENCES: Mapping[str, Mapping[str, str]] = {
    "technical": {"html": "report.html", "pdf": "report.pdf"},
    "leadership": {
        "html": "brief.html",
        "pdf": "brief.pdf",
        "pptx": "deck.pptx",
        "xlsx": "workbook.xlsx",
    },
    "pulse": {"html": "pulse.html"},
}
PAGES = AUDIENCES["technical"]
#: every audience at once, in whatever of the formats asked for it can have
ALL = "all"
#: each audience's folder, so that it can be handed on as it is
FOLDERS = {"technical": "internal", "leadership": "leadership", "pulse": "pulse"}
#: formats of an audience where none is asked for; the others have all of theirs
USUAL = {"technical": ("html",)}
CAN_BE = {
    "technical": "the technical report can be",
    "leadership": "what leadership gets can be",
    "pulse": "a pulse is a page and can be",
}


def wanted(audience: str, formats: Collection[str] | None = None) -> dict[str, tuple[str, ...]]:
    """The formats of each audience asked for; ``ValueError`` for what cannot be.

    Of ``all``, an audience that has none of the formats is left out.

    >>> wanted("all", ["pdf", "xlsx"])
    {'technical': ('pdf',), 'leadership': ('pdf', 'xlsx')}
    """
    if audience not in (*AUDIENCES, ALL):
        raise ValueError(f"no audience {audience!r}; there are: {', '.join((*AUDIENCES, ALL))}")
    if audience != ALL:
        asked = USUAL.get(audience, tuple(AUDIENCES[audience])) if formats is None else formats
        return {audience: check_formats(asked, audience)}
    if formats is None:
        return {name: tuple(files) for name, files in AUDIENCES.items()}
    asked = _known(formats)
    parts = {name: tuple(one for one in files if one in asked) for name, files in AUDIENCES.items()}
    return {name: part for name, part in parts.items() if part}


def check_formats(formats: Collection[str], audience: str = "technical") -> tuple[str, ...]:
    """An audience's formats, each once, in the order of its files; ``ValueError`` for others."""
    can = f"{CAN_BE[audience]}: {', '.join(AUDIENCES[audience])}"
    try:
        asked = _known(formats)
    except ValueError as error:
        raise ValueError(f"{error}; {can}") from None
    others = sorted(asked - set(AUDIENCES[audience]))
    if others:
        said = ", ".join(map(repr, others))
        raise ValueError(f"no format {said} here; {can}. Possible are: {possible()}")
    return tuple(name for name in AUDIENCES[audience] if name in asked)


def possible() -> str:
    """Every possible pair of audience and formats, in a line."""
    return "; ".join(f"{name}: {', '.join(files)}" for name, files in AUDIENCES.items())


def _known(formats: Collection[str]) -> set[str]:
    """The formats as a set; ``ValueError`` for none, and for those that nobody can have."""
    asked = {formats} if isinstance(formats, str) else set(formats)
    known = dict.fromkeys(name for files in AUDIENCES.values() for name in files)
    unknown = sorted(asked - set(known))
    if unknown:
        said = " ".join(f"{one!r}.{did_you_mean(one, known)}" for one in unknown)
        raise ValueError(f"there is no format {said} Known are: {', '.join(known)}")
    if not asked:
        raise ValueError("no format asked for")
    return asked
