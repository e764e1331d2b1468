"""What seniors learned and what juniors gained: both directions get the same space."""

from __future__ import annotations

from collections.abc import Sequence

from rmresearch.report.leadership.answer import last
from rmresearch.report.leadership.content import Grid, Part, Said
from rmresearch.report.leadership.levels import MOST
from rmresearch.report.leadership.source import Source, Told, joined, said, sizes
from rmresearch.report.leadership.verdicts import chart, marks, own_ratings, state
from rmresearch.report.words.phrases import capital, catalogue, fill, named

__all__ = ["both", "row"]


def both(source: Source) -> Part:
    """What seniors learned, and what juniors gained: both directions get the same space."""
    told = [one for one in last(source) if one.outcome.kirkpatrick > 1]
    by_role = [(role, [t for t in told if t.held.estimate.role == role]) for role in ROLES]
    sentences = [_direction(source, role, found) for role, found in by_role]
    everyone = [one for one in told if one.held.estimate.role == "all"]
    sentences += [_direction(source, "all", everyone)] if everyone else []
    heading = _heading(source, dict(by_role))
    return Part(
        name="both",
        asks=said("brief_part", "both", seniors=source.who("senior"),
                  juniors=source.who("junior")).text,
        title=heading,
        said=tuple(sentences),
        chart=chart(source, told[:MOST], "both", heading, by="who"),
        grid=_grid(source, told) if told else None,
        notes=(said("brief_both", "note"),),
    )  # fmt: skip


ROLES = ("senior", "junior")


def _state(told: Told) -> str:
    """Its state; a gain or loss that no plan asked for is a lead, one of many by chance (E4)."""
    found = state(told)
    planned = told.judgement is not None and told.judgement.planned
    return f"lead {found}" if found in {"gain", "harm"} and not planned else found


def _heading(source: Source, by_role: dict[str, list[Told]]) -> str:
    """What both directions show; a loss, or a side that is kept back, is not passed over."""
    found = {role: {_state(told) for told in by_role[role]} for role in ROLES}
    names = {"seniors": source.who("senior"), "juniors": source.who("junior")}
    key = _both_key(by_role, found)
    rated = "_self" * own_ratings(told for role in ROLES for told in by_role[role])
    lost = [role for role in ROLES if "harm" in found[role]]
    kept_back = [role for role in ROLES if found[role] and found[role] <= {"hidden", "no answer"}]
    if lost:
        mixed = "gain" in found["senior"] | found["junior"]
        key = "title_mixed" if mixed else f"title_harm{rated}"
        who = catalogue()["brief_both"]["everyone"].format(**names)
        return said("brief_both", key, who=who if len(lost) > 1 else source.who(lost[0])).text
    leads = any(one.startswith("lead") for role in ROLES for one in found[role])
    if leads and key.startswith("title_neither"):
        return said("brief_both", "title_lead").text
    if len(kept_back) == 1 and key.startswith(("title_senior", "title_junior", "title_neither")):
        (other,) = kept_back
        which = "neither" if key.startswith("title_neither") else f"gain{rated}"
        ending = "_change" if key.endswith("_change") else ""
        who = source.who(next(role for role in ROLES if role != other))
        key = f"title_{which}_hidden{ending}"
        return said("brief_both", key, who=who, other=source.who(other)).text
    if key in {"title_both", "title_senior", "title_junior"}:
        key += rated
    return said("brief_both", key, **names).text


def _both_key(by_role: dict[str, list[Told]], found: dict[str, set[str]]) -> str:
    """Which sides gained, or whose scores changed in one group."""
    asked = [role for role in ROLES if found[role]]
    if not asked:
        return "title_none_asked"
    every = set().union(*found.values())
    if every <= {"hidden", "no answer", "too early"}:
        return "title_early" if "too early" in every else "title_hidden"
    if len(asked) == 1:
        return f"title_only_{asked[0]}"
    single = by_role[asked[0]][0].single
    seen = [role for role in ROLES if ("changed" if single else "gain") in found[role]]
    which = "both" if len(seen) == 2 else seen[0] if seen else "neither"
    return f"title_{which}{'_change' if single else ''}"


def _direction(source: Source, role: str, found: Sequence[Told]) -> Said:
    """What one role gained, over all that was asked of it."""
    who = source.who(role)
    if not found:
        return said("brief_both", "not_asked", who=who)
    states = [_state(told) for told in found]

    def labels(*wanted: str, rated: bool | None = None) -> str:
        """Of the outcomes with these states; rated by people themselves, by others or either."""
        names = [
            told.called(source.label(told.outcome))
            for told, one in zip(found, states, strict=True)
            if one in wanted and (rated is None or own_ratings([told]) is rated)
        ]
        several = "; ".join(names[:LISTED])
        return fill("brief_both", "more", names=several) if names[LISTED:] else several

    parts = [_led(who, labels("lead gain"), labels("lead harm"))]
    if changed := labels("changed"):
        parts.insert(0, said("brief_both", "changed", who=who, changed=changed))
    for rated in (True, False):
        gain, harm = labels("gain", rated=rated), labels("harm", rated=rated)
        if gain or harm:
            key = "mixed" if gain and harm else "gain" if gain else "harm"
            key += "_self" * rated
            parts.insert(0, said("brief_both", key, who=who, gain=gain, harm=harm))
    told_of = [part for part in parts if part is not None]
    return joined(*told_of) if told_of else said("brief_both", _nothing(states, found), who=who)


def _nothing(states: Sequence[str], found: Sequence[Told]) -> str:
    """Why no outcome of a role stands out."""
    if set(states) <= {"hidden", "no answer"}:
        return "hidden"
    if "too early" in states:
        return "early"
    return "none_change" if found[0].single else "none"


def _led(who: str, better: str, worse: str) -> Said | None:
    """What stood out and no plan asked for."""
    if not better and not worse:
        return None
    key = "lead_mixed" if better and worse else "lead_gain" if better else "lead_harm"
    return said("brief_both", key, who=who, better=better, worse=worse)


def _grid(source: Source, told: Sequence[Told]) -> Grid:
    """Every outcome at the last wave, whatever it says, in one row each."""
    return Grid(
        caption=catalogue()["brief_both"]["caption"],
        heads=tuple(catalogue()["brief_head"][name] for name in HEADS),
        numeric=(False, False, True, True, False, False),
        rows=tuple(row(source, one) for one in told),
    )


#: outcomes that a sentence names; the table has them all
LISTED = 8
HEADS = ("outcome", "who", "difference", "range", "result", "certainty")


def row(source: Source, told: Told) -> tuple[Said, ...]:
    """A verdict as cells: outcome, who, value, range, result, certainty."""
    parts = sizes(told.held, told.outcome)
    judgement = told.judgement
    words = catalogue()
    hidden = Said(words["brief_head"]["hidden"])
    who = Said(capital(source.who(told.held.estimate.role)))
    first = (Said(told.called(named(told.outcome.label))), who)
    if judgement is None:
        return (*first, hidden, hidden, hidden, hidden)
    value = said("brief_head", "value", value=parts["signed"], unit=parts["unit"])
    key = "ends" if told.held.estimate.low is not None else "no_ends"
    ends = said("brief_head", key, low=parts["low"], high=parts["high"])
    mark = marks(judgement, single=told.single)
    return (*first, value, ends, Said(mark[1].label), Said(mark[0].label))
