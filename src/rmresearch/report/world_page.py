"""docs/world.md: the synthetic world on one page, made from the code (``make world``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from rmresearch.files import write_text
from rmresearch.report.blocks import FigureBlock
from rmresearch.report.figures.causes import causal_graph
from rmresearch.world.codebook import askable
from rmresearch.world.equations import ABOUT, ABSENT, EQUATIONS, SOURCES
from rmresearch.world.explain import (
    BASES,
    DIRECTION,
    SIGNS,
    Section,
    changed,
    mark,
    numbered,
    sections,
    shown,
)
from rmresearch.world.fields import Edge
from rmresearch.world.graph import BY_DEFINITION, carriers, edges, kinds, parts
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario

__all__ = ["graphs", "pages", "write_pages"]

#: the parts of the graph: file, title, what it shows
PARTS = (
    ("world-people.svg", "People and their pairs",
     "Who takes part, who meets whom, and what makes the two get on."),
    ("world-months.svg", "The months",
     "What is met, taught, learnt and forgotten; quality and meetings move each other."),
    ("world-scores.svg", "What comes of it",
     "True scores, engagement and careers."),
    ("world-seen.svg", "What is seen",
     "What surveys, raters and records make of it, and what it costs juniors."),
)  # fmt: skip
WHOLE = "world-graph.svg"


def graphs(scenario: Scenario | None = None) -> tuple[FigureBlock, ...]:
    """The causal graph of a scenario (default: the default one), in its four parts."""
    arrows = edges(scenario)
    return tuple(
        causal_graph(part, kinds(part, arrows), title=title, caption=about)
        for part, (_, title, about) in zip(parts(arrows), PARTS, strict=True)
    )


def pages() -> dict[str, str]:
    """The page and its pictures, by file name."""
    arrows = edges()
    whole = causal_graph(
        arrows, kinds(arrows, arrows), title="The causal graph", caption="All arrows on one sheet."
    )
    figures = {WHOLE: whole} | {
        name: figure for (name, _, _), figure in zip(PARTS, graphs(), strict=True)
    }
    pictures = {name: _standing(figure) for name, figure in figures.items()}
    return {"world.md": "\n".join(_page()) + "\n", **pictures}


def write_pages(folder: Path) -> Path:
    """Write the page and its pictures into a folder; returns the page's path."""
    for name, text in pages().items():
        write_text(folder / name, text)
    return folder / "world.md"


def _standing(figure: FigureBlock) -> str:
    """A figure as a file of its own: on white, with its title and alternative text."""
    head, _, body = figure.svg.partition(">")
    described = f"<title>{escape(figure.title)}</title><desc>{escape(figure.alt)}</desc>"
    paper = '<rect width="100%" height="100%" fill="#ffffff"/>'
    named = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" role="img" ', 1)
    return f"{named}>{described}{paper}{body}\n"


def _page() -> Iterator[str]:
    yield "# The synthetic world\n"
    yield "Made by `make world` from the code; `rmresearch simulate --explain` prints the same.\n"
    yield from (f"{text}\n" for text in ABOUT)
    yield from _evidence()
    yield from _graph()
    yield "## The equations in words\n"
    yield "Chance is normal, with mean 0 and SD 1 unless said otherwise.\n"
    for title, texts in EQUATIONS:
        yield f"**{title}.**\n"
        yield from (f"- {text}" for text in texts)
        yield ""
    yield "## Every number\n"
    for section in sections():
        yield from _section(section)
    yield from _instruments()
    yield from _presets()
    yield "## What is left out\n"
    yield from (f"- {text}" for text in ABSENT)
    yield "\n## Sources\n"
    yield from _table(("short name", "source"), SOURCES)


def _evidence() -> Iterator[str]:
    counts = numbered()
    yield "## What is evidence, and what is assumed\n"
    yield (
        f"Of the {sum(counts.values())} numbers of nature and levers below, {counts['A']} are "
        f"assumptions. {DIRECTION} An analysis that does well here does well in a world like "
        f"this one; whether a programme works, no simulation can say.\n"
    )
    rows = [(f"[{key}]" if key else "none", text, str(counts[key])) for key, text in BASES.items()]
    yield from _table(("letter", "stands for", "numbers"), rows)


def _graph() -> Iterator[str]:
    yield "## The causal graph\n"
    yield (
        "Every arrow is carried by a coefficient, or is a definition, and a test moves each of "
        "them and holds that nothing changes but what the graph says can. Arrows that point "
        "back to the left act a month later; those from volunteering are selection: who takes "
        f"part was somebody before. [All on one sheet]({WHOLE}).\n"
    )
    for part, (name, title, about) in zip(parts(edges()), PARTS, strict=True):
        yield f"### {title}\n"
        yield f"{about}\n"
        yield f"![{title}: the {len(part)} arrows of the table below]({name})\n"
        yield "<details><summary>The same as a table</summary>\n"
        yield from _table(("effect", "cause", "sign", "carried by", "evidence"), _arrows(part))
        yield "</details>\n"
    yield f"Signs: {SIGNS.partition(': ')[2]}\n"


def _arrows(part: Sequence[Edge]) -> Iterator[tuple[str, ...]]:
    carrying = carriers()
    effects = list(dict.fromkeys(edge.effect for edge in part))
    for edge in sorted(part, key=lambda edge: effects.index(edge.effect)):
        those = carrying[edge.cause, edge.effect]
        names = ", ".join(f"`{one.name}`" for one in those)
        letters = ", ".join(dict.fromkeys(one.evidence for one in those if one.evidence))
        definition = "by definition" if edge in BY_DEFINITION else names
        yield edge.effect, edge.cause, edge.sign.replace("-", "−"), definition, letters


def _section(section: Section) -> Iterator[str]:
    yield f"### {section.title}\n"
    yield f"{section.about}\n"
    rows = [
        (f"`{one.name}`", shown(one.value), one.unit, one.legal, one.what, mark(one))
        for one in section.entries
    ]
    head = ("name", "default", "unit", "legal", "what", "evidence")
    yield from _table(head, rows)


def _instruments() -> Iterator[str]:
    yield "## What a study can ask\n"
    yield (
        "`instruments` of the design lists their names. What is not asked is not drawn, and "
        "changes no other number. Programme people only: satisfaction, recommend, reported_match, "
        "goal_attainment and pulse.\n"
    )
    rows = [(f"`{name}`", *others) for name, *others in askable()]
    yield from _table(("name", "what", "about", "answered by", "when", "default"), rows)


def _presets() -> Iterator[str]:
    yield "## Scenarios by name\n"
    yield '`rmresearch simulate NAME --out FOLDER`, or `preset = "NAME"` in a scenario file.\n'
    for name, one in PRESETS.items():
        yield f"### {name}\n"
        yield f"{one.about}\n"
        differs = [f"`{now.name}` {shown(now.value)} ({shown(usual.value)})"
                   for now, usual in changed(one.scenario)]  # fmt: skip
        if differs:
            yield f"Differs from the default (in brackets) in {', '.join(differs)}.\n"


def _table(
    head: Sequence[str], rows: Sequence[tuple[str, ...]] | Iterator[tuple[str, ...]]
) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


if __name__ == "__main__":
    print(write_pages(Path(__file__).resolve().parents[3] / "docs"))  # noqa: T201
