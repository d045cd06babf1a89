"""Columns of nodes with ribbons between them, as wide as what flows; for values of either sign."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

BAR = 12.0  # of a node, along the flow
_THINNEST = 1.2
_TRIBUTARY = (34.0, 18.0)  # how far along and across a ribbon from outside has its beginning


@dataclass(frozen=True)
class Node:
    """A place that ribbons pass.

    Attributes:
        id: what ribbons and clicks name it.
        colour: of its bar.
        words: what a mouse and a screen reader say.
        go: whether it can be clicked.
        below: whether its balance is below zero; then the bar is pale.
    """

    id: str
    colour: str
    words: str
    go: bool = True
    below: bool = False


@dataclass(frozen=True)
class Ribbon:
    """What flows from one node to one of the next column; from outside where ``source`` is "".

    Attributes:
        value: as wide as its size; below zero it is pale and dashed.
        colour: usually the source's.
        words: what a mouse says.
        go: whether it can be clicked.
    """

    source: str
    sink: str
    value: float
    colour: str
    words: str
    go: bool = True


@dataclass(frozen=True)
class Placed:
    """Where a node's bar is: along and across the flow, and how long it is across."""

    along: float
    across: float
    length: float

    @property
    def middle(self) -> float:
        """Across."""
        return self.across + self.length / 2


def place(
    columns: Sequence[Sequence[Node]],
    ribbons: Sequence[Ribbon],
    along: Sequence[float],
    *,
    extent: float,
    gap: float,
) -> dict[str, Placed]:
    """Where each node stands, all on one scale; each column in the middle of ``extent``.

    Args:
        along: where each column begins.
        extent: the room across; what the widest column may take.
        gap: between two nodes of a column.
    """
    unit = scale(columns, ribbons, extent, gap)
    totals = _totals(ribbons)
    found: dict[str, Placed] = {}
    for nodes, start in zip(columns, along, strict=True):
        lengths = [max(unit * max(totals[node.id]), 3.0) for node in nodes]
        across = (extent - sum(lengths) - gap * (len(nodes) - 1)) / 2
        for node, length in zip(nodes, lengths, strict=True):
            found[node.id] = Placed(start, across, length)
            across += length + gap
    return found


def scale(
    columns: Sequence[Sequence[Node]], ribbons: Sequence[Ribbon], extent: float, gap: float
) -> float:
    """How wide a ribbon of 1 is."""
    totals = _totals(ribbons)
    units = (
        (extent - gap * (len(nodes) - 1)) / most
        for nodes in columns
        if (most := sum(max(totals[node.id]) for node in nodes)) > 0
    )
    return min(units, default=0.0)


def _totals(ribbons: Sequence[Ribbon]) -> Mapping[str, tuple[float, float]]:
    """Node → all that comes in and all that goes out, up or down."""
    came: dict[str, float] = defaultdict(float)
    went: dict[str, float] = defaultdict(float)
    for ribbon in ribbons:
        went[ribbon.source] += abs(ribbon.value)
        came[ribbon.sink] += abs(ribbon.value)
    return defaultdict(lambda: (0.0, 0.0), {n: (came[n], went[n]) for n in {*came, *went}})


class Drawing:
    """The SVG of nodes that are placed; ``down``: the flow runs down the page instead of across."""

    def __init__(self, placed: Mapping[str, Placed], unit: float, *, down: bool = False) -> None:
        """``unit``: how wide a ribbon of 1 is."""
        self.placed, self.unit, self._down = placed, unit, down

    def ribbons(self, ribbons: Sequence[Ribbon]) -> str:
        """All of them; thin ones lie on top of wide ones."""
        starts, ends = self._stacked(ribbons)
        order = sorted(range(len(ribbons)), key=lambda i: -abs(ribbons[i].value))
        return "".join(self._ribbon(ribbons[i], starts[i], ends[i]) for i in order)

    def nodes(self, nodes: Sequence[Node]) -> str:
        """Their bars."""
        return "".join(map(self._node, nodes))

    def point(self, along: float, across: float) -> str:
        """ "x y"."""
        x, y = (across, along) if self._down else (along, across)
        return f"{x:.1f} {y:.1f}"

    def _stacked(self, ribbons: Sequence[Ribbon]) -> tuple[list[float], list[float]]:
        """Where each ribbon begins at its source and ends at its sink, across."""
        totals, placed = _totals(ribbons), self.placed
        free = {
            (node, side): where.middle - totals[node][side] * self.unit / 2
            for node, where in placed.items()
            for side in (0, 1)
        }
        starts, ends = [0.0] * len(ribbons), [0.0] * len(ribbons)

        def across(name: str) -> float:  # what comes from outside comes in last
            return placed[name].across if name else float("inf")

        for i in sorted(range(len(ribbons)), key=lambda i: across(ribbons[i].sink)):
            if source := ribbons[i].source:
                starts[i] = free[source, 1]
                free[source, 1] += abs(ribbons[i].value) * self.unit
        for i in sorted(range(len(ribbons)), key=lambda i: across(ribbons[i].source)):
            ends[i] = free[ribbons[i].sink, 0]
            free[ribbons[i].sink, 0] += abs(ribbons[i].value) * self.unit
        return starts, ends

    def _ribbon(self, ribbon: Ribbon, start: float, end: float) -> str:
        sink, wide = self.placed[ribbon.sink], max(abs(ribbon.value) * self.unit, _THINNEST)
        if ribbon.source:
            begin, stop = self.placed[ribbon.source].along + BAR, sink.along
            bend = (begin + stop) / 2
        else:
            begin, stop = sink.along - _TRIBUTARY[0], sink.along
            start, bend = end + wide / 2 + _TRIBUTARY[1], (begin + stop) / 2
        at = self.point
        path = (
            f"M{at(begin, start)}C{at(bend, start)} {at(bend, end)} {at(stop, end)}"
            f"L{at(stop, end + wide)}"
            f"C{at(bend, end + wide)} {at(bend, start + wide)} {at(begin, start + wide)}Z"
        )
        kind = "for" if ribbon.value >= 0 else "against"
        kind += "" if ribbon.source else " joining"
        go = f' data-go="{ribbon.source}&gt;{ribbon.sink}"' if ribbon.go else ""
        return (
            f'<path class="ribbon {kind}" d="{path}" fill="{ribbon.colour}" '
            f'stroke="{ribbon.colour}" data-from="{ribbon.source}" data-to="{ribbon.sink}"{go} '
            f'data-words="{escape(ribbon.words)}"><title>{escape(ribbon.words)}</title></path>'
        )

    def _node(self, node: Node) -> str:
        where = self.placed[node.id]
        x, y = map(float, self.point(where.along, where.across).split())
        width, height = (where.length, BAR) if self._down else (BAR, where.length)
        words = escape(node.words)
        go = f' data-go="{node.id}" tabindex="0" role="button"' if node.go else ' role="img"'
        # Small ones are easier to hit than they look.
        reach = max(12 - min(width, height), 0) / 2
        return (
            f'<g class="node" data-node="{node.id}"{go} aria-label="{words}" data-words="{words}">'
            f"<title>{words}</title>"
            f'<rect x="{x - reach:.1f}" y="{y - reach:.1f}" width="{width + 2 * reach:.1f}" '
            f'height="{height + 2 * reach:.1f}" fill="transparent"/>'
            f'<rect class="face{" below" * node.below}" x="{x:.1f}" y="{y:.1f}" '
            f'width="{width:.1f}" height="{height:.1f}" rx="2" fill="{node.colour}" '
            f'stroke="{node.colour}"/></g>'
        )
