"""The first section: what needs a look, by which rule, and what the owner can do."""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.display.numbers import count, number
from rmresearch.numerics.control import WARNING
from rmresearch.report.blocks import (
    Block,
    Bullets,
    Callout,
    Column,
    Details,
    Fact,
    Facts,
    Paragraph,
    Section,
    Subsection,
    TableBlock,
)
from rmresearch.report.pulse.reading import RISKS, Sign, Status
from rmresearch.report.pulse.saying import about, arm_name, group, seen
from rmresearch.report.words import pulse as words
from rmresearch.report.words.phrases import day_of, listed, named, spoken
from rmresearch.study import Design

__all__ = ["attention"]

ORDER: tuple[Status, ...] = ("unknown", "steady", "watch", "act")


def attention(design: Design, signs: Sequence[Sign]) -> Section:
    """What lies beyond its limits in the latest rounds."""
    flagged = [sign for sign in signs if sign.status in {"watch", "act"}]
    judged = [sign for sign in signs if sign.status != "unknown"]
    blocks: list[Block] = [Paragraph(_lead(flagged, judged), "lead"), _tiles(signs)]
    for risk in RISKS:
        own = [sign for sign in flagged if sign.risk == risk]
        if own:
            blocks.append(_warning(design, risk, own))
    held = [sign for sign in judged if sign.rule != "half"]
    if held:
        chance = WARNING * len(held)
        expected = words.tell("expected", n=number(chance, decimals=1))
        expected = words.tell("few_expected") if chance < 1.0 else expected
        key = "chance_one" if len(held) == 1 else "chance"
        blocks.append(Paragraph(words.tell(key, of=count(len(held)), expected=expected)))
    if flagged:
        blocks.append(Paragraph(words.tell("adapt")))
    if design.adaptations:
        changes = (words.tell("change", day=day_of(one.day), what=named(one.what))
                   for one in design.adaptations)  # fmt: skip
        blocks += [Paragraph(words.tell("changes")), Bullets(tuple(changes))]
    if signs:
        blocks.append(Details(words.tell("all_signs"), (_table(design, signs),)))
    blocks.append(Paragraph(words.tell("groups"), "small"))
    return Section("attention", words.tell("attention_title"), tuple(blocks))


def _lead(flagged: Sequence[Sign], judged: Sequence[Sign]) -> str:
    if not judged:
        return words.tell("none")
    if not flagged:
        return words.tell("calm")
    risks = listed([words.risk(r).lower() for r in RISKS if any(s.risk == r for s in flagged)])
    key = "one" if len(flagged) == 1 else "several"
    return words.tell(key, of=count(len(judged)), risks=risks, count=count(len(flagged)))


def _tiles(signs: Sequence[Sign]) -> Facts:
    """A tile a risk: its worst status, and how many signs it rests on."""
    tiles = []
    for risk in RISKS:
        own = [sign for sign in signs if sign.risk == risk]
        worst: Status = max((sign.status for sign in own), key=ORDER.index, default="unknown")
        if risk == "reception" and worst in {"unknown", "steady"}:
            continue
        judged = sum(sign.status != "unknown" for sign in own)
        told = "tile" if judged else "tile_none"
        if own:
            detail = words.tell(told, n=count(judged))
            tiles.append(Fact(words.risk(risk), words.status(worst), detail))
        else:
            nothing, detail = words.tell("nothing"), words.tell("tile_unasked")
            tiles.append(Fact(words.risk(risk), nothing, detail))
    return Facts(tuple(tiles))


def _warning(design: Design, risk: str, own: Sequence[Sign]) -> Subsection:
    worst = max((sign.status for sign in own), key=ORDER.index)
    by_track: dict[object, list[Sign]] = {}
    for sign in own:
        by_track.setdefault(sign.track, []).append(sign)
    said = " ".join(seen(design, signs) for signs in by_track.values())
    meaning = f"{words.tell('may_mean')} {words.meaning(risk)}"
    advice = f"{words.tell('to_do')} {words.advice(risk)}"
    title = words.tell("warning", risk=words.risk(risk), status=words.status(worst))
    return Subsection(
        title,
        (Callout("caution", said, words.tell("was_seen")), Bullets((meaning, advice))),
        id=f"warning-{risk}",
    )


def _table(design: Design, signs: Sequence[Sign]) -> TableBlock:
    heads = ("sign", "whose", "rule", "latest", "value", "limit", "status")
    titles = [words.tell(f"head_{head}") for head in heads]
    risks = [sign.risk for sign in signs]
    return TableBlock(
        caption=words.tell("signs_caption"),
        columns=tuple(Column(title, numeric=False) for title in titles),
        rows=tuple(_row(design, sign) for sign in signs),
        groups=tuple((risks.index(one), words.risk(one)) for one in dict.fromkeys(risks)),
    )


def _row(design: Design, sign: Sign) -> tuple[str, ...]:
    status = words.status(sign.status)
    if sign.pairs is not None:
        whose = arm_name(design, sign.pairs.arm) or words.tell("everyone")
        warning = sign.pairs.warning
        limit = words.tell("nothing") if warning is None else spoken(str(warning))
        rule = words.tell("rule_silent")
        silent = spoken(str(sign.pairs.silent))
        return about(design, sign), whose, rule, words.tell("now"), silent, limit, status
    if sign.track is None:
        raise ValueError("a sign is about a track or about pairs")
    track, latest = sign.track, sign.track.latest
    panel = sign.rule == "before" and latest.row.get("limits from") == "panel"
    rule = words.tell("rule_panel" if panel else f"rule_{sign.rule}")
    column = "plan warning" if sign.rule == "plan" else "warning low"
    limit = words.tell("half_limit") if sign.rule == "half" else latest.said(column)
    whose, value = group(design, track), latest.said(track.value)
    return about(design, sign), whose, rule, latest.label, value, limit, status
