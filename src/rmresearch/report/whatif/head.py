"""The top of a what-if page: the question, how much was simulated, and what was asked."""

from __future__ import annotations

from rmresearch.display.numbers import count
from rmresearch.report.blocks import (
    Block,
    Callout,
    Definitions,
    Fact,
    Facts,
    Head,
    Paragraph,
    Section,
)
from rmresearch.report.whatif.readings import readings
from rmresearch.report.words import whatif as words
from rmresearch.whatif.judgement import Judgement

__all__ = ["asked", "opening"]


def opening(found: Judgement) -> Head:
    """The question, how much was simulated, and whether all of it could be."""
    designs = len(found.designs)
    each = (
        words.tell("design_one") if designs == 1 else words.tell("design_several", n=count(designs))
    )
    blocks: list[Block] = [
        Paragraph(
            words.tell("lead", count=f"{count(found.replicates)} studies", designs=each), "lead"
        )
    ]
    if found.broken:
        said = words.tell("incomplete", done=count(designs - len(found.broken)),
                          all=count(designs), names="; ".join(found.broken))  # fmt: skip
        blocks.append(Callout("caution", said, "Incomplete"))
    failed = sum(one.failed for one in readings(found))
    blocks.append(
        Facts(
            (
                Fact("designs", count(designs), f"seed {found.seed}"),
                Fact("studies a design", count(found.replicates), "the same luck in each"),
                Fact("analyses", count(len(found.analyses)), "of the same studies"),
                Fact(
                    "without an answer",
                    count(failed),
                    f"of {_answers(found)}, counted below",
                ),
            )
        )
    )
    return Head(
        found.question,
        subtitle=f"{found.label}, {found.role}s: what simulated studies find",
        kicker="What if",
        blocks=tuple(blocks),
    )


def _answers(found: Judgement) -> str:
    return count(len(found.designs) * len(found.analyses) * found.replicates)


def asked(found: Judgement) -> Section:
    """The designs as what they differ in, and the analyses."""
    changes = "; ".join(f"{words.lever(name)} {value}" for name, value in found.base)
    base = words.tell("base_other", changes=changes) if changes else words.tell("base_default")
    analyses = "; ".join(
        words.analysis(name) + (f" ({ask})" if words.analysis(name) != ask else "")
        for name, ask in found.analyses.items()
    )
    items = [("outcome", f"{found.label}, of {found.role}s, {_rated(found)}"), ("start", base)]
    items += [
        (words.lever(one.name), f"{one.what}: {'; '.join(_tried(found, one.name))}")
        for one in found.levers
    ]
    items += _pulled(found) if found.pulled else _named(found)
    items.append(("analyses", analyses))
    return Section("asked", "What was asked", (Definitions(tuple(items)),))


def _named(found: Judgement) -> list[tuple[str, str]]:
    """Each name of [[scenarios]] with what it changes."""
    named = (one for one in found.designs if one.named)
    return list(
        dict.fromkeys(
            (one.named, words.design("", one.changes) or words.tell("unchanged")) for one in named
        )
    )


def _pulled(found: Judgement) -> list[tuple[str, str]]:
    """Each lever that is pulled: where it stands, and the ends that it is moved to."""
    ends: dict[str, list[str]] = {}
    for one in found.pulled:
        start = words.tell("pulled_from", now=words.value_of(one.now))
        ends.setdefault(one.lever, [start]).append(words.value_of(one.end))
    return [(words.lever(name), f"{told[0]} {', '.join(told[1:])}") for name, told in ends.items()]


def _rated(found: Judgement) -> str:
    return {"self": "by their own rating", "record": "from records"}.get(
        found.rated, f"{found.rated} rated"
    )


def _tried(found: Judgement, name: str) -> list[str]:
    return list(dict.fromkeys(words.value_of(one.swept[name]) for one in found.designs))
