"""Places for a layered graph, left to right: few crossings, straight lines, nothing overlaps.

Sugiyama, Tagawa and Toda (1981): layers by the longest way from a source, long arrows as chains of
bends, the order within layers by swept medians, heights by least squares that keep the order
(isotonic regression). No chance is involved: the same graph has the same places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

__all__ = ["Layout", "layout"]

Line = tuple[str, str]
SWEEPS = 24


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands: ``layer`` and ``y`` (middle) of nodes and bends, and each line's
    way from its left end to its right end through its bends.
    """

    layer: Mapping[str, int]
    y: Mapping[str, float]
    ways: Mapping[Line, tuple[str, ...]]


def layout(
    lines: Sequence[Line],
    heights: Mapping[str, float],
    bend: float = 9.0,
    *,
    layers: Mapping[str, int] | None = None,
) -> Layout:
    """Places of the nodes of a graph without circles, each line (left node, right node).

    ``heights`` are what nodes take up with the room around them; ``bend`` is that of a long line
    where it passes a layer. ``layers`` places nodes in layers of one's own choice, from 0 on, in
    which every line must point to a later one.
    """
    layer = _layers(lines) if layers is None else dict(layers)
    ways = {line: _way(line, layer) for line in lines}
    for way in ways.values():
        start = layer[way[0]]
        layer |= {name: start + step for step, name in enumerate(way)}
    steps = [step for way in ways.values() for step in pairwise(way)]
    order = _ordered(layer, steps)
    size = {name: heights.get(name, bend) for name in layer}
    return Layout(layer, _heights(order, steps, size), ways)


def _layers(lines: Sequence[Line]) -> dict[str, int]:
    """The longest way from a source; then nodes move rightwards where that shortens lines.

    A source of one line follows for free, so it does not count against its neighbour's move.
    """
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for left, right in lines:
        before.setdefault(left, [])
        before.setdefault(right, []).append(left)
        after.setdefault(left, []).append(right)
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((depth(one) for one in before[name]), default=-1)
        return found[name]

    for name in before:
        depth(name)
    for name in sorted(found, key=found.__getitem__, reverse=True):
        held = [one for one in before[name] if before[one] or len(after[one]) > 1]
        if name in after and len(held) <= len(after[name]):
            found[name] = min(found[one] for one in after[name]) - 1
    return found


def _way(line: Line, layer: Mapping[str, int]) -> tuple[str, ...]:
    left, right = line
    between = range(layer[left] + 1, layer[right])
    return (left, *(f"{left} > {right} {at}" for at in between), right)


def _ordered(layer: Mapping[str, int], steps: Sequence[Line]) -> list[list[str]]:
    """The layers from top to bottom, with as few crossings as the sweeps find."""
    order = [[n for n in layer if layer[n] == at] for at in range(max(layer.values()) + 1)]
    best, fewest = order, _crossings(order, steps)
    for sweep in range(SWEEPS):
        order = _swept(order, steps, right=sweep % 2 == 0)
        order = _exchanged(order, steps)
        crossings = _crossings(order, steps)
        if crossings < fewest:
            best, fewest = [list(one) for one in order], crossings
    return best


def _neighbours(steps: Iterable[Line], *, right: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for a, b in steps:
        here, there = (b, a) if right else (a, b)
        found.setdefault(here, []).append(there)
    return found


def _swept(order: list[list[str]], steps: Sequence[Line], *, right: bool) -> list[list[str]]:
    near = _neighbours(steps, right=right)
    order = [list(one) for one in order]
    for at in range(len(order)) if right else reversed(range(len(order))):
        other = at - 1 if right else at + 1
        if not 0 <= other < len(order):
            continue
        place = {name: index / len(order[other]) for index, name in enumerate(order[other])}
        mine = {name: index / len(order[at]) for index, name in enumerate(order[at])}
        keys = {
            name: fmean(place[one] for one in near[name]) if name in near else mine[name]
            for name in order[at]
        }
        order[at].sort(key=keys.__getitem__)
    return order


def _exchanged(order: list[list[str]], steps: Sequence[Line]) -> list[list[str]]:
    """Neighbours in a layer change places wherever that saves crossings."""
    sides = [_neighbours(steps, right=right) for right in (True, False)]
    for at, names in enumerate(order):
        places = [
            {name: index for index, name in enumerate(order[other])} if 0 <= other < len(order)
            else {}
            for other in (at - 1, at + 1)
        ]  # fmt: skip
        for index in range(len(names) - 1):
            a, b = names[index], names[index + 1]
            saved = 0
            for near, place in zip(sides, places, strict=True):
                ends_a, ends_b = ([place[n] for n in near.get(one, ())] for one in (a, b))
                saved += sum(x > y for x in ends_a for y in ends_b)
                saved -= sum(y > x for x in ends_a for y in ends_b)
            if saved > 0:
                names[index], names[index + 1] = b, a
    return order


def _crossings(order: Sequence[Sequence[str]], steps: Iterable[Line]) -> int:
    layer = {name: at for at, names in enumerate(order) for name in names}
    place = {name: index for names in order for index, name in enumerate(names)}
    by_layer: dict[int, list[tuple[int, int]]] = {}
    for a, b in steps:
        by_layer.setdefault(layer[a], []).append((place[a], place[b]))
    return sum(
        (one[0] - two[0]) * (one[1] - two[1]) < 0
        for those in by_layer.values()
        for index, one in enumerate(those)
        for two in those[:index]
    )


def _heights(
    order: Sequence[Sequence[str]], steps: Sequence[Line], size: Mapping[str, float]
) -> dict[str, float]:
    """Heights near those of the neighbours, in the order found, without overlaps."""
    sides = [_neighbours(steps, right=right) for right in (True, False)]
    y: dict[str, float] = {}
    for names in order:
        y |= _spaced(names, [sum(size[n] for n in names) / -2.0] * len(names), size)
    for sweep in range(SWEEPS):
        across = range(len(order)) if sweep % 2 == 0 else reversed(range(len(order)))
        for at in across:
            wanted = []
            for name in order[at]:
                near = [y[one] for side in sides for one in side.get(name, ())]
                wanted.append(fmean(near) if near else y[name])
            y |= _spaced(order[at], wanted, size)
    return _closed(y, size)


def _closed(y: Mapping[str, float], size: Mapping[str, float]) -> dict[str, float]:
    """Heights from 0 on, without bands in which nothing stands."""
    found: dict[str, float] = {}
    bottom = up = 0.0
    for index, name in enumerate(sorted(y, key=lambda name: y[name] - size[name] / 2)):
        top = y[name] - size[name] / 2 - up
        if not index or top > bottom:
            up += top - bottom
        found[name] = y[name] - up
        bottom = max(bottom, found[name] + size[name] / 2)
    return found


def _spaced(
    names: Sequence[str], wanted: Sequence[float], size: Mapping[str, float]
) -> dict[str, float]:
    """The least squares heights that leave each node its room; bends are held straighter."""
    from scipy.optimize import isotonic_regression

    offsets = [0.0]
    for a, b in pairwise(names):
        offsets.append(offsets[-1] + (size[a] + size[b]) / 2)
    targets = [want - offset for want, offset in zip(wanted, offsets, strict=True)]
    weights = [3.0 if " > " in name else 1.0 for name in names]
    found = isotonic_regression(targets, weights=weights).x
    return {n: float(x) + offset for n, x, offset in zip(names, found, offsets, strict=True)}
