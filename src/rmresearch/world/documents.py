"""study.toml and plan.toml of a synthetic study, as plain documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rmresearch.study import Design, Matching, Outcome

__all__ = ["design_document", "plan_document", "tables_document"]

Document = dict[str, Any]


def design_document(design: Design) -> Document:
    """Everything of study.toml but where the tables are."""
    return {
        "study": {
            "name": design.name,
            "title": design.title,
            "organisation": design.organisation,
            "synthetic": design.synthetic,
        },
        "design": {
            "kind": design.kind,
            "unit": design.unit,
            "start": design.start,
            "end": design.end,
            "planned_meetings": design.planned_meetings,
            "goals": list(design.goals),
            "arms": [
                {"name": arm.name, "label": arm.label, "programme": arm.programme}
                for arm in design.arms
            ],
        },
        "roles": {role: {"label": label} for role, label in design.role_labels},
        "waves": [
            {
                "name": wave.name,
                "label": wave.label,
                "months": _plain(wave.months),
                "date": wave.day,
                "baseline": wave.baseline or None,
            }
            for wave in design.waves
        ],
        "outcomes": [_outcome(outcome, design) for outcome in design.outcomes],
        "value": _value(design) if design.costs or design.worth else None,
        "matching": _matching(design.matching),
    }


def _value(design: Design) -> Document:
    """What the programme takes and what its gains are worth; one number where it is known."""

    def spans(named: Iterable[tuple[str, tuple[float, float, float]]]) -> Document:
        return {
            name: _plain(span[0]) if len(set(span)) == 1 else [_plain(end) for end in span]
            for name, span in named
        }

    costs = {"currency": design.currency or None, **spans(design.costs)}
    return {**costs, "worth": spans(design.worth) or None}


def _matching(made: Matching) -> Document:
    """How pairs were made: the rules that held, and what can be compared, with equal weights."""
    return {
        "procedure": made.procedure,
        "rules": {
            "level_gap": made.level_gap,
            "other_department": made.other_department or None,
            "reporting_line": None if made.reporting_line else False,
            "same": list(made.same) or None,
        },
        "questions": [
            {
                "name": one.name,
                "compare": one.compare,
                "senior": one.senior,
                "junior": one.junior,
                "range": [_plain(one.low), _plain(one.high)],
                "weight": 1,
            }
            for one in made.questions
        ],
    }


def _outcome(outcome: Outcome, design: Design) -> Document:
    """Defaults are left out: a short file is read."""
    everywhere = outcome.waves == tuple(wave.name for wave in design.waves)
    alone = outcome.items == (outcome.name,)
    bounded = outcome.low is not None and outcome.high is not None
    return {
        "name": outcome.name,
        "label": outcome.label,
        "role": outcome.role,
        "kind": None if outcome.kind == "scale" else outcome.kind,
        "items": None if alone else list(outcome.items),
        "range": [_plain(outcome.low), _plain(outcome.high)] if bounded else None,
        "reverse": [item for item in outcome.items if item in outcome.reverse] or None,
        "waves": None if everywhere else list(outcome.waves),
        "source": None if outcome.source == "self" else outcome.source,
        "kirkpatrick": outcome.kirkpatrick,
        "process": outcome.process,
        "direction": None if outcome.direction == 1 else "lower",
        "timing": None if outcome.timing == "repeated" else outcome.timing,
        "related": outcome.related,
        "unit": None if outcome.unit == "points" else outcome.unit,
        "smallest_effect": outcome.smallest_effect,
        "favourable": None if outcome.favourable is None else _plain(outcome.favourable),
        "labels": {text: _plain(code) for text, code in outcome.labels} or None,
    }


def _plain(number: float | None) -> int | float | None:
    return int(number) if number is not None and float(number).is_integer() else number


def tables_document(design: Design, tables: Iterable[str], kind: str) -> Document:
    """[tables.*] of a study whose files have our own columns: one of a kind for each table."""
    sources: Document = {name: {"file": f"{name}.{kind}"} for name in tables}
    sources["participants"]["features"] = dict(design.features) or None
    return {"tables": sources}


INTERCURRENT = {
    "never_met": "as-assigned",
    "left": "as-assigned",
    "crossed_over": "until-then",
}


def plan_document(design: Design) -> Document:
    """plan.toml: every repeated scale at the last wave, the first one primary.

    Without a comparison arm the questions are about change. What partners rate is not compared
    with people who have no partner; what is asked once, or only recorded, is not planned.
    """
    last, other = design.waves[-1], design.comparison
    out = {"record", "partner"} if design.kind == "comparison" else {"record"}
    repeated = [o for o in design.outcomes if o.kirkpatrick > 1 and o.timing == "repeated"]
    scales = [o for o in repeated if o.source not in out]
    if other is None:
        analysis, contrast = "pre_post", f"{last.name} - {design.baseline.name}"
    else:
        analysis, contrast = "compare_arms", f"{design.programme_arms[0].name} - {other.name}"
    return {
        "plan": {"title": f"{design.title}: what was asked before the answers were known"},
        "question": [
            {
                "id": outcome.name.replace("_", "-"),
                "analysis": analysis,
                "role": outcome.role,
                "outcome": outcome.name,
                "wave": last.name,
                "contrast": contrast,
                "population": "everyone-assigned",
                "scale": "points",
                "primary": number == 0,
                "why": WHY.get(outcome.name, "Named in the programme's goals."),
                "intercurrent": INTERCURRENT,
            }
            for number, outcome in enumerate(scales)
        ],
    }


WHY = {
    "digital_skill": "What the programme sets out to teach seniors.",
    "inclusion_awareness": "Seniors hear how younger colleagues see the organisation.",
    "digital_use": "Skill counts when others can see it used; somebody else rates it.",
    "leadership_confidence": "Juniors practise leading a conversation with somebody senior.",
    "visibility": "Seniors show juniors how decisions are made.",
    "demonstration": "Skill that is shown counts more than skill that is claimed.",
    "leadership_seen": "Somebody senior sees whether confidence becomes leadership.",
    "burden": "What the programme costs juniors is asked as openly as what it brings.",
    "engagement": "People who are listened to may care more about their work.",
}
