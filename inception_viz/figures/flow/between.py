"""What flows between the channels of two branches: the strongest ones, and all others as one. SVG.

A kernel as a small picture belongs to it: a channel's weights are what the ribbon is made of.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from html import escape

import numpy as np
from PIL import Image

from inception_viz.figures.colours import DIVERGING, STEM_COLOUR, colourise
from inception_viz.figures.flow.frame import framed
from inception_viz.figures.flow.ribbons import BAR, Drawing, Node, Placed, Ribbon, place, scale
from inception_viz.figures.flow.streams import colour_of, named
from inception_viz.figures.svg import enlarged, text
from inception_viz.figures.words import signed

_MOST = 6  # channels a side that are drawn on their own
_ICON = 42.0


def channel_diagram(
    table: np.ndarray,
    source: str,
    sink: str,
    looks: Mapping[str, str] | None = None,
    *,
    large: bool = False,
) -> str:
    """Draw the channels of ``source`` on the left, those of ``sink`` on the right.

    Elements to click carry ``data-go``: a channel ("4c/5x5:12"), or two ("4c/5x5:12>4d/3x3:7").

    Args:
        table: (source's channels, sink's channels), what flows, in logits.
        looks: channel → a data URL of what it looks for; shown where it is known.
        large: with letters a quarter larger.
    """
    rows, columns = strongest_pairs(table)
    left = [*_nodes(source, rows, table.sum(1)), *_other(source, table.shape[0] - len(rows))]
    right = [*_nodes(sink, columns, table.sum(0)), *_other(sink, table.shape[1] - len(columns))]
    gathered = _gathered(table, rows, columns)
    ribbons = [
        Ribbon(
            a.id,
            b.id,
            float(gathered[i, j]),
            a.colour,
            f"{_words(a.id)} → {_words(b.id)}: {signed(float(gathered[i, j]))} logits",
            go=a.go and b.go,
        )
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if gathered[i, j]
    ]
    width, extent, gap, top = 486.0, 420.0, 44.0, 50.0
    sides = (left, right)
    placed = {
        name: Placed(p.along, p.across + top, p.length)
        for name, p in place(sides, ribbons, (158.0, 316.0), extent=extent, gap=gap).items()
    }
    drawing = Drawing(placed, scale(sides, ribbons, extent, gap))
    parts = [drawing.ribbons(ribbons)]
    for nodes, sums, x, side in (
        (left, gathered.sum(1), 150.0, "end"),
        (right, gathered.sum(0), 316.0 + BAR + 8, "start"),
    ):
        parts.append(drawing.nodes(nodes))
        title = named(source if side == "end" else sink)
        parts.append(text(x, 16, title, 15, anchor=side, bold=True))
        for node, value in zip(nodes, sums, strict=True):
            y = placed[node.id].middle
            parts += _label(node, float(value), x, y, side, (looks or {}).get(node.id, ""))
    height = top + extent + 14
    label = f"What flows between the channels of {named(source)} and {named(sink)}"
    return framed(enlarged("".join(parts)) if large else "".join(parts), width, height, label)


def channel_nodes(table: np.ndarray, source: str, sink: str) -> list[str]:
    """The channels that :func:`channel_diagram` draws on their own: "4c/5x5:12", …"""
    sides = zip((source, sink), strongest_pairs(table), strict=True)
    return [f"{branch}:{channel}" for branch, channels in sides for channel in channels]


def strongest_pairs(table: np.ndarray) -> tuple[list[int], list[int]]:
    """The channels on either side through which most passes, up or down; in the order of their sum.

    A side with one channel (a head) is whole.
    """
    found = []
    for axis in (1, 0):
        passing, sums = np.abs(table).sum(axis), table.sum(axis)
        kept = np.argsort(-passing, kind="stable")[:_MOST]
        kept = kept[passing[kept] > 0]
        found.append([int(c) for c in kept[np.argsort(-sums[kept], kind="stable")]])
    return found[0], found[1]


def kernel_tile(kernel: np.ndarray, largest: float, side: int = 60) -> bytes:
    """(k, k) weights as a PNG of square cells: red above zero, blue below, ``largest`` the end."""
    levels = kernel / (2 * largest) + 0.5 if largest else np.full_like(kernel, 0.5)
    cells = np.kron(colourise(levels, DIVERGING), np.ones((side // len(kernel),) * 2 + (1,)))
    buffer = io.BytesIO()
    Image.fromarray(cells.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _nodes(branch: str, channels: list[int], sums: np.ndarray) -> list[Node]:
    found = []
    for channel in channels:
        head = "/" not in branch and branch != "stem"
        name = branch if head else f"{branch}:{channel}"
        words = f"{_words(name)}: {signed(float(sums[channel]))} logits"
        below, go = sums[channel] < 0, not head and branch != "stem"
        found.append(Node(name, colour_of(branch), words, go, bool(below)))
    return found


def _other(branch: str, count: int) -> list[Node]:
    words = f"the other {count} channels of {named(branch)}"
    return [Node(f"{branch}:other", STEM_COLOUR, words, go=False)] if count else []


def _gathered(table: np.ndarray, rows: list[int], columns: list[int]) -> np.ndarray:
    """The table of the drawn channels, all others as a last row and a last column if any."""
    for axis, kept in ((0, rows), (1, columns)):
        others = np.setdiff1d(np.arange(table.shape[axis]), kept)
        own = table.take(kept, axis)
        rest = table.take(others, axis).sum(axis, keepdims=True)
        table = np.concatenate([own, rest], axis) if len(others) else own
    return table


def _words(name: str) -> str:
    branch, _, channel = name.partition(":")
    if channel == "other":
        return f"{named(branch)}, the others"
    return f"{named(branch)}, channel {channel}" if channel else named(branch)


def _label(node: Node, value: float, x: float, y: float, side: str, look: str) -> list[str]:
    _, _, channel = node.id.partition(":")
    step = -1 if side == "end" else 1
    parts = []
    if look:
        left = x - _ICON if side == "end" else x
        parts.append(
            f'<image x="{left:g}" y="{y - _ICON / 2:.1f}" width="{_ICON:g}" height="{_ICON:g}" '
            f'href="{escape(look)}"><title>What channel {channel} looks for</title></image>'
        )
        x += step * (_ICON + 6)
    name = "others" if channel == "other" else f"channel {channel}" if channel else node.id
    parts.append(text(x, y - 3, name, 13, anchor=side))
    parts.append(text(x, y + 13, signed(value), 13, anchor=side, bold=True))
    return parts
