"""The first section: what needs a look, by which rule, and what the owner can do."""

from __future__ import annotations

from collections.abc import Sequence

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
from rmresearch.report.numbers import count, number
from rmresearch.report.pulse.reading import RISKS, Sign, Status
from rmresearch.report.pulse.saying import about, arm_name, group, listed, seen
from rmresearch.report.words import pulse as words
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
        expected = number(WARNING * len(held), decimals=1)
        blocks.append(Paragraph(words.tell("chance", of=count(len(held)), expected=expected)))
    if flagged:
        blocks.append(Paragraph(words.tell("adapt")))
    if signs:
        blocks.append(Details(words.tell("all_signs"), (_table(design, signs),), printed=True))
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
        detail = words.tell(told, n=count(judged)) if own else words.tell("tile_unasked")
        tiles.append(Fact(words.risk(risk), words.status(worst), detail))
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
    heads = ("risk", "sign", "whose", "rule", "latest", "value", "limit", "status")
    titles = [words.tell(f"head_{head}") for head in heads]
    return TableBlock(
        caption=words.tell("all_signs"),
        columns=tuple(Column(title, numeric=False) for title in titles),
        rows=tuple(_row(design, sign) for sign in signs),
    )


def _row(design: Design, sign: Sign) -> tuple[str, ...]:
    panel = sign.track is not None and sign.track.latest.row.get("limits from") == "panel"
    rule = words.tell("rule_panel" if panel else f"rule_{sign.rule}")
    status = words.status(sign.status)
    if sign.track is None:
        pairs = sign.pairs
        arm = arm_name(design, pairs.arm) if pairs else ""
        value = str(pairs.silent) if pairs else ""
        limit = str(pairs.warning) if pairs and pairs.warning is not None else words.tell("nothing")
        whose = arm or words.tell("everyone")
        return (words.risk(sign.risk), about(design, sign), whose, rule, words.tell("now"),
                value, limit, status)  # fmt: skip
    track = sign.track
    column = {"plan": "plan warning", "before": "warning low"}.get(sign.rule, "")
    limit = words.tell("half_limit") if sign.rule == "half" else track.latest.said(column)
    latest = track.latest
    return (words.risk(sign.risk), about(design, sign), group(design, track), rule, latest.label,
            latest.said(track.value), limit, status)  # fmt: skip
