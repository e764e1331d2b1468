"""docs/world.md is what the code makes: graph, code and page cannot come apart."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from rmresearch.report.figures.causes import causal_graph
from rmresearch.report.world_page import graphs, pages, write_pages
from rmresearch.world.fields import Edge
from rmresearch.world.graph import edges, kinds, parts
from rmresearch.world.presets import PRESETS
from rmresearch.world.scenario import Scenario, entries

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: made once
made = cache(pages)
SVG = "{http://www.w3.org/2000/svg}"


def test_the_page_is_what_make_world_writes() -> None:
    for name, text in made().items():
        committed = (DOCS / name).read_text("utf-8")
        assert committed == text, f"docs/{name} is not what the code says: run `make world`"


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    page = write_pages(tmp_path)
    assert page == tmp_path / "world.md"
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == made()


def test_every_arrow_stands_in_the_tables_once() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([+−0?]) \| ", made()["world.md"], re.MULTILINE)
    listed = [(cause, effect, sign.replace("−", "-")) for effect, cause, sign in rows]
    assert sorted(listed) == sorted((one.cause, one.effect, one.sign) for one in edges())


def test_every_number_stands_in_a_table_with_all_its_columns() -> None:
    text = made()["world.md"]
    for entry in entries(Scenario()):
        rows = [line for line in text.splitlines() if line.startswith(f"| `{entry.name}` |")]
        assert len(rows) == 1, entry.name
        cells = re.split(r" (?<!\\)\| ", rows[0])
        assert entry.legal in rows[0]
        assert len(cells) == 6
    for name, one in PRESETS.items():
        assert f"### {name}\n\n{one.about}" in text


def test_pictures_stand_alone_and_the_page_shows_them() -> None:
    for name in set(made()) - {"world.md"}:
        root = ET.fromstring(made()[name])
        assert root.tag == f"{SVG}svg"
        assert f"({name})" in made()["world.md"]
        assert root.findtext(f"{SVG}title")
        assert root.findtext(f"{SVG}desc")


def boxes(svg: str) -> Iterator[tuple[float, float, float, float]]:
    """The filled shapes of a picture: left, top, right, bottom."""
    for path in re.findall(r'<path d="(M [^"]*z)[^>]*style="fill: #', svg):
        points = [float(one) for one in re.findall(r"-?\d+\.?\d*", path)]
        across, down = points[::2], points[1::2]
        yield min(across), min(down), max(across), max(down)


def test_boxes_do_not_overlap_and_lie_inside() -> None:
    for figure in graphs():
        width, height = (float(n) for n in re.findall(r'viewBox="0 0 (\S+) (\S+)"', figure.svg)[0])
        large = [box for box in boxes(figure.svg) if 100 < box[2] - box[0] < 0.9 * width]
        assert len(large) >= 8
        for index, one in enumerate(large):
            assert min(one[:2]) >= 0
            assert one[2] <= width
            assert one[3] <= height
            for other in large[:index]:
                apart = one[2] <= other[0] or other[2] <= one[0]
                assert apart or one[3] <= other[1] or other[3] <= one[1]


def test_names_are_shown_whole_and_arrows_told() -> None:
    for figure, part in zip(graphs(), parts(edges()), strict=True):
        shown = re.sub(r"\s+", " ", " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", figure.svg)))
        assert "…" not in shown
        for edge in part:
            assert edge.effect in shown.replace("&apos;", "'")
            assert edge.effect in figure.alt


def test_parts_hold_every_arrow_once_and_say_what_each_node_is() -> None:
    whole = edges()
    each = parts(whole)
    assert sorted(map(str, whole)) == sorted(str(edge) for part in each for edge in part)
    kind = [kinds(part, whole) for part in each]
    assert kind[0]["training"] == "lever"
    assert kind[0]["meetings"] == "elsewhere"
    assert kind[0]["baseline performance"] == "given"
    assert kind[1]["meetings"] == "between"
    assert kind[2]["senior skill"] == "outcome"
    assert kind[2]["own gain"] == "between"
    assert kind[3]["non-response"] == "seen"
    assert kind[3]["senior skill"] == "elsewhere"


def test_a_scenario_without_effects_dots_their_arrows() -> None:
    nothing = graphs(PRESETS["no-effect"].scenario)[2]
    assert nothing.alt.count("(none)") > graphs()[2].alt.count("(none)")


def test_a_graph_with_circles_and_long_arrows_is_drawn() -> None:
    arrows = [
        Edge("a", "b", "+"), Edge("b", "c", "-"), Edge("c", "a", "+"), Edge("a", "c", "0"),
        Edge("alone", "with", "?"),
    ]  # fmt: skip
    figure = causal_graph(
        arrows, dict.fromkeys(("a", "b", "c", "alone", "with"), "given"), title="t", caption="c"
    )
    ET.fromstring(figure.svg.replace("<svg ", "<svg xmlns='http://www.w3.org/2000/svg' ", 1))
    assert "a: b (more), c (none); b: c (less); c: a (more); alone: with (open)" in figure.alt
