"""Releases made by hand, and a reader of pointers that knows nothing of how stories are made."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, replace
from typing import Any

from tests.report.test_words import DESIGN, record, verdict

from rmresearch.files import sha256_text, to_json
from rmresearch.privacy import Release, Standing, read_release
from rmresearch.privacy.codebook import Codebook
from rmresearch.privacy.passing import ReleasedCell, ReleasedEstimate, ReleasedTable
from rmresearch.report.leadership.content import Said, Shown, Story
from rmresearch.report.leadership.judged import judgement
from rmresearch.study import Design

#: numbers that stand in sentences of the catalogue itself
OWN = {"100", "5"}
NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def sealed(**content: Any) -> Release:
    """The release of this content, as ``read_release`` gives it."""
    plain = json.loads(to_json(content))
    return read_release(to_json({"release": plain, "sha256": sha256_text(to_json(plain))}))


def made(
    design: Design = DESIGN,
    *,
    verdicts: Any = (),
    estimates: Any = (),
    tables: Any = (),
    standing: Standing | None = None,
    hidden: tuple[str, ...] = (),
) -> Release:
    """A release for leadership with these parts."""
    return sealed(
        study=design.name,
        title=design.title,
        audience="leadership",
        estimates=[asdict(one) for one in estimates],
        tables=[asdict(one) for one in tables],
        checks=[],
        dropped=[],
        hidden=list(hidden),
        verdicts=list(verdicts),
        standing=asdict(standing or Standing()),
        codebook=Codebook.of(design, str).as_dict(),
    )


def released(one: Any, result: str, *, hidden: bool = False, **more: Any) -> ReleasedEstimate:
    """An estimate as a release holds it, two decimals."""
    ends = {end: getattr(one, end) for end in ("value", "low", "high")}
    kept = {end: None if v is None or hidden else round(v, 2) for end, v in ends.items()}
    keys = ("role", "outcome", "wave", "contrast", "group", "estimand", "term", "method", "level")
    return replace(
        ReleasedEstimate(
            result=result,
            **{key: getattr(one, key) for key in keys},
            **kept,
            n_people=None if hidden else one.n_people,
            n_clusters=None if hidden else one.n_people,
            hidden=hidden,
        ),
        **more,
    )


def judged(
    outcome: Any, ends: Any, facts: Any, *, hidden: bool = False, primary: bool = False
) -> dict[str, Any]:
    """A verdict as a release holds it, from the facts that decide it."""
    one = record(outcome, ends, facts)
    found = verdict(outcome, one, facts)
    function = "pre_post" if facts.single_group else "compare_arms"
    estimate = released(one, f"{function}:{outcome.name}", hidden=hidden)
    words = None if hidden else asdict(judgement(found, primary=primary))
    return {"estimate": asdict(estimate), "judgement": words}


def cells(*values: Any) -> tuple[ReleasedCell, ...]:
    """A row: texts are labels, numbers administrative counts, None hidden."""
    return tuple(
        ReleasedCell(None, "mean", hidden=True)
        if value is None
        else ReleasedCell(value, "label" if isinstance(value, str) else "administrative")
        for value in values
    )


def table(result: str, name: str, columns: tuple[str, ...], *rows: Any) -> ReleasedTable:
    """A table as a release holds it."""
    return ReleasedTable(result, name, name, columns, tuple(cells(*row) for row in rows))


def at(content: Any, pointer: str) -> Any:
    """What stands at a JSON pointer (RFC 6901, without escapes)."""
    for part in pointer.removeprefix("/").split("/"):
        content = content[int(part)] if isinstance(content, list) else content[part]
    return content


def reads(one: Shown, content: Any) -> str:
    """How a number must read, worked out from released.json by hand."""
    values = [at(content, pointer) for pointer in one.at]
    if one.form == "phrase":
        (text,) = values
        return str(text)
    if one.form == "needed":
        found, wanted, here = values
        exact = math.ceil(here * (found / wanted) ** 2)
        digits = 10 ** max(0, len(str(exact)) - 2)
        return f"{-(-exact // digits) * digits:,}"
    value = sum(values)
    if one.form == "count":
        return f"{value:,}"
    if one.form == "percent":
        whole = round(100 * value, one.decimals)
        return f"{whole:.{one.decimals}f}%".replace("-", "−")
    value *= one.by
    text = f"{abs(value):,.{one.decimals}f}"
    zero = float(text.replace(",", "")) == 0
    sign = "" if zero or one.form == "size" else "−" if value < 0 else ""
    sign = "+" if one.form == "signed" and value > 0 and not zero else sign
    return sign + text


def names_of(design: Design) -> list[str]:
    """Names that the study gave: digits in them are not the report's."""
    found = [one.label for one in (*design.outcomes, *design.waves, *design.arms)]
    found += [text for one in design.outcomes for text, _ in one.labels]
    found += [*design.goals, design.title, *(one.name for one in design.matching.questions)]
    found += [f"{one.label[:1].lower()}{one.label[1:]}" for one in design.outcomes]
    return sorted((" ".join(name.split()) for name in found), key=len, reverse=True)


def unexplained(said: Said, design: Design) -> list[str]:
    """Numbers in a text that come neither from the release, nor a name, nor the catalogue."""
    text = said.text
    for one in said.numbers:
        place = text.find(one.text)
        assert place >= 0, f"{one.text!r} is not in {said.text!r}"
        text = text[:place] + "#" + text[place + len(one.text) :]
    for name in names_of(design):
        text = text.replace(name, "#")
    return [number for number in NUMBER.findall(text) if number not in OWN]


def held_to(story: Story, release: Release, design: Design) -> int:
    """Hold every number of a story to released.json; how many there are."""
    content, count = json.loads(release.to_json()), 0
    for said in story.said():
        for one in said.numbers:
            assert one.text == reads(one, content), (said.text, one)
            count += 1
        assert unexplained(said, design) == [], said
    for chart in story.charts:
        assert len(chart.rows) == len(chart.at)
        for row, pointer in zip(chart.rows, chart.at, strict=True):
            estimate = at(content, pointer)
            assert (row.value, row.low, row.high) == tuple(
                estimate[end] for end in ("value", "low", "high")
            )
            assert chart.level in {None, estimate["level"]}
            ends = [end for end in (row.value, row.low, row.high) if end is not None]
            assert chart.low <= min(ends)
            assert max(ends) <= chart.high
            count += len(ends)
    return count
