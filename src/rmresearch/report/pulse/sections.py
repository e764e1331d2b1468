"""Answers, meetings and questions on the way: a chart each, then sentences, then the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rmresearch.analysis.pulse.meetings import cadence
from rmresearch.privacy import Release
from rmresearch.report.blocks import (
    Block,
    Bullets,
    Callout,
    Details,
    FigureBlock,
    Paragraph,
    Section,
    Subsection,
)
from rmresearch.report.figures.control import Panel, Round, control_chart
from rmresearch.report.findings import labels_of
from rmresearch.report.pulse.reading import PULSE, Pairs, Track
from rmresearch.report.pulse.saying import against_before, arm_name, group, state
from rmresearch.report.tables import table_block
from rmresearch.report.words import pulse as words
from rmresearch.report.words.phrases import capital, day_of, kept_back, listed, named, spoken
from rmresearch.study import Design

__all__ = ["meetings", "method", "quality", "response", "standing"]

#: questions that have a chart of their own; more stand in the table
MOST_CHARTS = 4
SHOWN = {
    "response": ("wave", "assigned", "answered", "share"),
    "meetings": ("month", "planned", "held", "warning low", "action low", "plan warning"),
    "quality": ("wave", "answered", "favourable", "mean", "warning low", "action low"),
}


def response(design: Design, released: Release, tracks: Sequence[Track]) -> Section:
    """How many answer, round by round."""
    own = [track for track in tracks if track.kind == "response"]
    blocks: list[Block] = []
    for kind in dict.fromkeys(track.about for track in own):
        same = [track for track in own if track.about == kind]
        unit = words.tell("response_unit", round=words.round_name(kind))
        blocks += _chart(design, same, unit, words.tell("response_caption"), share=True)
        blocks.append(Bullets(tuple(against_before(design, track) for track in same)))
    if not own:
        blocks.append(Callout("missing", _lacking(released, "person ids", "answers")))
    blocks += _numbers(design, released, "response", "arm")
    return Section("response", words.tell("response_title"), tuple(blocks))


def meetings(
    design: Design, released: Release, tracks: Sequence[Track], pairs: Sequence[Pairs]
) -> Section:
    """Meetings held against planned, and pairs that ended or fell silent."""
    own = [track for track in tracks if track.kind == "meetings"]
    blocks: list[Block] = []
    if own:
        unit, caption = words.tell("meetings_unit"), words.tell("meetings_caption")
        blocks += _chart(design, own, unit, caption, plan=cadence(design))
    blocks += [Paragraph(state(design, track)) for track in own]
    blocks += [Paragraph(_counts(design, one)) for one in pairs]
    blocks += _missing(released, ("pairs that started", "dates of meetings", "planned meetings"))
    blocks += _numbers(design, released, "meetings", "arm")
    return Section("meetings", words.tell("meetings_title"), tuple(blocks))


def quality(design: Design, released: Release, tracks: Sequence[Track]) -> Section:
    """How the two get on, round by round: the questions about the course first."""
    own = [track for track in tracks if track.kind == "quality"]
    names = list(dict.fromkeys(track.about for track in own))
    course = [name for name in names if design.outcome(name).process is not None]
    blocks: list[Block] = []
    for name in (course or names)[:MOST_CHARTS]:
        same = [track for track in own if track.about == name]
        shown = [track for track in same if any(_known(one) for one in _rounds(track))]
        if not shown:
            continue
        label = design.outcome(name).label
        unit, caption = words.tell("quality_unit"), words.tell("quality_caption")
        chart = _chart(design, shown, unit, caption, share=True)
        said = Bullets(tuple(against_before(design, track) for track in shown))
        blocks.append(Subsection(named(label), (*chart, said), id=f"question-{names.index(name)}"))
    lacks = ("questions on the way", "answers after the start", "favourable declared")
    blocks += _missing(released, lacks)
    blocks += _numbers(design, released, "quality", "outcome")
    return Section("quality", words.tell("quality_title"), tuple(blocks))


def standing(design: Design, *, ended: bool) -> Section:
    """Why no difference is estimated, or where it is."""
    end = day_of(design.end) if design.end else words.tell("no_end")
    text = words.tell("ended") if ended else words.tell("no_estimates", end=end)
    return Section("estimates", words.tell("estimates_title"), (Paragraph(text),))


def method(released: Release) -> Section:
    """How limits are made, what is missing and what is hidden."""
    parts = [words.why(part) for part in ("charts", "pairs", "plan", "panel", "half", "hidden")]
    blocks: list[Block] = [Bullets(tuple(parts))]
    if released.hidden:
        blocks.append(Bullets(tuple(map(kept_back, released.hidden))))
    blocks += _missing(released, ("last day given",))
    return Section("method", words.tell("method_title"), tuple(blocks))


def _rounds(track: Track) -> tuple[Round, ...]:
    return tuple(one.round(track.value) for one in track.rounds)


def _known(one: Round) -> bool:
    return one.value is not None


def _chart(
    design: Design,
    tracks: Sequence[Track],
    unit: str,
    caption: str,
    *,
    share: bool = False,
    plan: float | None = None,
) -> list[FigureBlock]:
    """The chart, unless there is one round only: a sentence says it as well."""
    panels = [Panel(group(design, track), _rounds(track)) for track in tracks]
    if all(len(panel.rounds) == 1 for panel in panels):
        return []
    title = _title(panels)
    return [control_chart(panels, title=title, unit=unit, caption=caption, share=share, plan=plan)]


def _title(panels: Sequence[Panel]) -> str:
    """What the latest rounds say: beyond a limit, within them, or without any."""
    latest = [(panel.name, panel.rounds[-1]) for panel in panels]
    crossed = [name for name, one in latest if one.below]
    if crossed:
        return words.tell("crossed", names=listed(crossed))
    return words.tell("within" if any(one.limits for _, one in latest) else "unjudged")


def _counts(design: Design, pairs: Pairs) -> str:
    arm = arm_name(design, pairs.arm)
    started, ended = (_count(value) for value in (pairs.started, pairs.ended))
    silent = words.tell("silent_unknown")
    if pairs.known:
        silent = words.tell("silent_count", silent=_count(pairs.silent))
    where = words.tell("started_in", arm=arm) if arm else ""
    return capital(words.tell("started", started=started, arm=where, ended=ended, silent=silent))


def _count(value: object) -> str:
    return spoken(str(value))


def _missing(released: Release, names: Iterable[str]) -> list[Block]:
    """A remark for each of these checks that failed."""
    failed = {name for _, name, passed in released.checks if not passed}
    return [Callout("missing", words.missing(name)) for name in names if name in failed]


def _lacking(released: Release, check: str, otherwise: str) -> str:
    failed = {name for _, name, passed in released.checks if not passed}
    return words.missing(check) if check in failed else words.tell(f"no_{otherwise}")


def _numbers(design: Design, released: Release, name: str, by: str) -> list[Block]:
    """All rounds as a table that can be unfolded."""
    for table in released.tables:
        if (table.result, table.name) == (PULSE, name) and table.rows:
            labels = {**labels_of(design), "survey": words.round_name("survey"),
                      "short": words.round_name("short")}  # fmt: skip
            first = {"response": ["round"], "quality": ["role"]}.get(name, [])
            several = len({row[table.columns.index(by)].value for row in table.rows}) > 1
            columns = [SHOWN[name][0], *first, *SHOWN[name][1:]]
            heads = {column: words.column(column) for column in columns}
            shown = table_block(
                table, columns=columns, heads=heads, labels=labels,
                group=by if several else None, caption=words.tell(f"numbers_{name}"),
            )  # fmt: skip
            return [Details(words.tell("numbers"), (shown,))]
    return []
