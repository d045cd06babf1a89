"""The whole network as a map: stem, modules × branches, heads. SVG, crisp at any zoom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Literal

from inception_viz.architecture.config import BRANCHES, Branch
from inception_viz.architecture.places import Place
from inception_viz.figures.colours import (
    BRANCH_COLOURS,
    BRANCH_NAMES,
    STEM_COLOUR,
    hex_colour,
    ink_on,
)
from inception_viz.figures.svg import enlarged, text
from inception_viz.figures.words import percent

Layout = Literal["wide", "tall"]
Box = tuple[float, float, float, float]  # x, y, width, height

_STYLE = """
svg.iv-map { font-family: var(--st-font, system-ui, sans-serif); }
.iv-map text { fill: var(--st-text-color, #1f2937); }
.iv-map .line { stroke: var(--st-text-color, #1f2937); stroke-opacity: .35; fill: none; }
.iv-map [data-go] { cursor: pointer; outline: none; }
.iv-map [data-go]:hover .face, .iv-map [data-go]:focus-visible .face {
  stroke: var(--st-text-color, #1f2937); stroke-width: 2.5; }
.iv-map .cross { display: none; }
.iv-map [aria-pressed=false] .cross { display: block; stroke: #4b5563; stroke-width: 3; }
.iv-map [aria-pressed=false] .face { fill: #9ca3af; }
.iv-map [aria-pressed=false] text { fill: #000 !important; stroke: #9ca3af; stroke-width: 5px;
  paint-order: stroke; }
.iv-map .panel { fill: var(--st-secondary-background-color, #f3f4f6); }
"""


@dataclass(frozen=True)
class HeadAnswer:
    """What a head says: its first choice and the probability, or why it has nothing to say.

    ``after``: the module that an auxiliary head attaches to. ``fit``: for a head that was fitted to
    the trunk afterwards, what must be said of it.
    """

    label: str
    probability: float | None
    after: str = ""
    fit: str = ""


@dataclass(frozen=True)
class Cell:
    """One branch on the map.

    Attributes:
        text: the figure in it.
        fill: its colour, ``#rrggbb``.
        words: everything about it, for tooltips and screen readers.
        pressed: for cells that are switches: whether it is switched on; a switch that is off is
            crossed out. None for cells that lead somewhere.
    """

    text: str
    fill: str
    words: str
    pressed: bool | None = None


@dataclass(frozen=True)
class Painting:
    """What the map's cells show.

    Attributes:
        modules: their names, in order.
        cells: (module, branch) → its cell; a branch that doesn't exist has none.
        scale: the colour scale, as in :mod:`~inception_viz.figures.colours`.
        marks: what its start, middle and end mean; no legend without any.
        widths: (module, branch) → its channels, drawn to scale below the figures; or nothing.
    """

    modules: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    scale: str
    marks: tuple[str, str, str] = ("", "", "")
    widths: Mapping[tuple[str, str], int] = field(default_factory=dict)


def network_map(
    painting: Painting,
    heads: Mapping[str, HeadAnswer],
    layout: Layout = "wide",
    *,
    large: bool = False,
) -> str:
    """Draw the map.

    Elements to click carry ``data-go``: "stem", "3a/1x1", …

    Args:
        painting: what the branches show.
        heads: by name; with none, the modules stand alone, without stem and heads.
        layout: ``wide`` puts modules side by side, ``tall`` below one another (for phones).
        large: with letters a quarter larger, for projectors.
    """
    draw = _wide if layout == "wide" else _tall
    body, width, height = draw(painting, heads)
    body = enlarged(body) if large else body
    return (
        f'<svg class="iv-map iv-{layout}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width:g} {height:g}" role="group" '
        f'aria-label="Map of the network"><style>{_STYLE}</style>{body}</svg>'
    )


def _wide(painting: Painting, heads: Mapping[str, HeadAnswer]) -> tuple[str, float, float]:
    cell_w, cell_h, gap, stage_gap, left = 84.0, 46.0, 8.0, 22.0, 62.0
    top = 104.0 if len(heads) > 1 else 32.0
    parts = [
        text(left - 8, top + row * (cell_h + gap) + 28, BRANCH_NAMES[b], 15, anchor="end")
        for row, b in enumerate(BRANCHES)
    ]
    height = len(BRANCHES) * (cell_h + gap) - gap
    x = left
    if heads:
        parts.append(_stem(left, top, 52, height))
        x += 52 + stage_gap
    columns: dict[str, float] = {}
    opening = _opening(painting.modules)
    for name in painting.modules:
        x += stage_gap if name in opening else 0
        columns[name] = x
        parts.append(text(x + cell_w / 2, top - 12, name, 16, bold=True))
        for row, branch in enumerate(BRANCHES):
            box = (x, top + row * (cell_h + gap), cell_w, cell_h)
            parts.append(_cell(box, painting, (name, branch)))
        x += cell_w + gap
    right = x + stage_gap - gap
    for name, answer in heads.items():
        if name == "main":
            parts.append(_head(right, top + height / 2 - 40, 140, 80, "main head", answer))
            continue
        centre = columns[answer.after] + cell_w / 2
        parts.append(f'<path class="line" d="M{centre:g} {top - 32:g}V54"/>')
        parts.append(_head(centre - 108, 2, 216, 52, f"{name}, after {answer.after}", answer))
    parts.append(_legend(columns[painting.modules[0]], top + height + 16, 240, painting))
    width = right + 144 if heads else x
    return "".join(parts), width, top + height + (50 if any(painting.marks) else 4)


def _tall(painting: Painting, heads: Mapping[str, HeadAnswer]) -> tuple[str, float, float]:
    cell_w, cell_h, gap, left = 76.0, 40.0, 6.0, 38.0
    width = left + 4 * (cell_w + gap) - gap
    parts = [
        text(left + i * (cell_w + gap) + cell_w / 2, 16, BRANCH_NAMES[b], 16)
        for i, b in enumerate(BRANCHES)
    ]
    y = 26.0
    if heads:
        parts.append(_stem(left, y, width - left, 30))
        y += 40
    attached = {answer.after: head for head, answer in heads.items()}
    opening = _opening(painting.modules)
    for name in painting.modules:
        y += 10 if name in opening else 0
        parts.append(text(left - 8, y + 26, name, 16, anchor="end", bold=True))
        for column, branch in enumerate(BRANCHES):
            x = left + column * (cell_w + gap)
            parts.append(_cell((x, y, cell_w, cell_h), painting, (name, branch)))
        y += cell_h + gap
        if name in attached:
            head = attached[name]
            parts.append(_head(left, y, width - left, 44, f"{head}, after {name}", heads[head]))
            y += 44 + gap
    if heads:
        parts.append(_head(left, y + 8, width - left, 52, "main head", heads["main"]))
        y += 62
    parts.append(_legend(left, y + 12, width - left, painting))
    return "".join(parts), width, y + (44 if any(painting.marks) else 4)


def _opening(modules: Sequence[str]) -> set[str]:
    """The modules that begin a stage, but for the first."""
    return {name for before, name in pairwise(modules) if Place(before).stage != Place(name).stage}


def _cell(box: Box, painting: Painting, place: tuple[str, Branch]) -> str:
    x, y, width, height = box
    cell = painting.cells.get(place)
    frame = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5"'
    if cell is None:
        return f'<rect class="line" {frame} stroke-dasharray="4 4"/>'
    words = escape(cell.words)
    pressed, cross = "", ""
    if cell.pressed is not None:
        pressed = f' aria-pressed="{str(cell.pressed).lower()}"'
        cross = f'<path class="cross" d="M{x + 9:g} {y + 4:g}l{width - 13:g} {height - 8:g}"/>'
    right, down = (0, 3) if painting.widths else (3, 6)
    middle = (x + width / 2 + right, y + height / 2 + down)
    return (
        f'<g data-go="{Place(*place)}" tabindex="0" role="button"{pressed} '
        f'aria-label="{words}"><title>{words}</title>'
        f'<rect class="face" {frame} fill="{cell.fill}"/>{_mark(box, painting, place)}{cross}'
        f"{text(*middle, cell.text, 17, fill=ink_on(cell.fill))}</g>"
    )


def _mark(box: Box, painting: Painting, place: tuple[str, str]) -> str:
    """The branch's colour: a bar as long as the branch is wide, or a stripe where nobody said."""
    x, y, width, height = box
    colour = f'fill="{BRANCH_COLOURS[place[1]]}" stroke="#fff" stroke-width=".8"'
    channels = painting.widths.get(place)
    if channels is None:
        return f'<rect x="{x:g}" y="{y:g}" width="7" height="{height:g}" rx="3" {colour}/>'
    length = max((width - 6) * channels / max(painting.widths.values()), 2)
    return (
        f'<rect x="{x + 3:g}" y="{y + height - 10:g}" width="{length:.1f}" height="7" rx="2" '
        f"{colour}/>"
    )


def _legend(x: float, y: float, width: float, painting: Painting) -> str:
    if not any(painting.marks):
        return ""
    stops = "".join(
        f'<stop offset="{step / 8:g}" stop-color="{hex_colour(step / 8, painting.scale)}"/>'
        for step in range(9)
    )
    name = f"iv-scale-{painting.scale}-{width:g}"
    ends = zip((0.0, 0.5, 1.0), ("start", "middle", "end"), painting.marks, strict=True)
    return (
        f'<defs><linearGradient id="{name}">{stops}</linearGradient></defs>'
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="10" rx="3" fill="url(#{name})"/>'
        + "".join(
            text(x + width * place, y + 26, mark, 14, anchor=anchor)
            for place, anchor, mark in ends
            if mark
        )
    )


def _stem(x: float, y: float, width: float, height: float) -> str:
    turned = height > width
    middle_x, middle_y = x + width / 2, y + height / 2
    turn = f' transform="rotate(-90 {middle_x:g} {middle_y:g})"' if turned else ""
    return (
        '<g data-go="stem" tabindex="0" role="button" aria-label="Stem: the layers in front of 3a">'
        "<title>Stem: the convolutions and pools in front of module 3a</title>"
        f'<rect class="face" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" '
        f'fill="{STEM_COLOUR}"/><text x="{middle_x:g}" y="{middle_y + 5:g}" text-anchor="middle" '
        f'font-size="15" style="fill:#fff"{turn}>stem</text></g>'
    )


def _head(x: float, y: float, width: float, height: float, title: str, answer: HeadAnswer) -> str:
    title += ", fitted afterwards" if answer.fit else ""
    label = answer.label if len(answer.label) <= 22 else answer.label[:21] + "…"
    probability = "" if answer.probability is None else f"{percent(answer.probability)} "
    words = escape(f"{title}: {probability}{answer.label}. {answer.fit}".rstrip(". "))
    said = f"{probability}{label}"
    lines = [(title, 12, False), (said, 14, True)]
    if width <= 150 and probability:
        lines = [(title, 13, False), (label, 14, True), (probability.strip(), 14, True)]
    step = height / (len(lines) + 0.6)
    texts = "".join(
        text(x + width / 2, y + step * (i + 0.95), words, size, bold=bold)
        for i, (words, size, bold) in enumerate(lines)
    )
    return (
        f'<g><title>{words}</title><rect class="panel" x="{x:g}" y="{y:g}" width="{width:g}" '
        f'height="{height:g}" rx="8"/>{texts}</g>'
    )
