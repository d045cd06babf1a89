"""The flow of an answer as one drawing: from the photo through all branches to the answer. SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Literal

import numpy as np

from inception_viz.architecture.places import Place
from inception_viz.explain.flow.result import Flow
from inception_viz.figures.colours import BRANCH_NAMES, STEM_COLOUR
from inception_viz.figures.flow.frame import framed
from inception_viz.figures.flow.ribbons import BAR, Drawing, Node, Placed, place, scale
from inception_viz.figures.flow.streams import Streams
from inception_viz.figures.network_map import HeadAnswer, Layout
from inception_viz.figures.svg import enlarged, text
from inception_viz.figures.words import fixed, percent, short_number, signed

_LEFT, _RIGHT = 92.0, 150.0  # the ends' room
Drawn = tuple[str, float, float]  # body, width, height


@dataclass(frozen=True)
class Ends:
    """What stands at both ends of the drawing.

    Attributes:
        photo: a data URL of a small picture, and ``alt``, what it shows.
        answer: what the target is called: "espresso", "espresso over cup".
        heads: what the heads say, by name.
    """

    photo: str
    alt: str
    answer: str
    heads: Mapping[str, HeadAnswer]


def flow_diagram(
    flow: Flow,
    ends: Ends,
    layout: Layout | Literal["small"] = "wide",
    *,
    everything: bool = False,
    large: bool = False,
) -> str:
    """Draw a flow.

    Elements to click carry ``data-go``: a branch ("4c/5x5"), or two ("4c/5x5>4d/3x3").

    Args:
        layout: ``wide`` runs from left to right, ``tall`` from top to bottom (for phones);
            ``small`` is wide and low, without values.
        everything: with all ribbons; else the smaller ones between two modules are one, "the rest".
        large: with letters a quarter larger, for projectors.
    """
    plan = _Plan(flow, ends, everything)
    draw = {"wide": plan.wide, "tall": plan.tall, "small": plan.small}[layout]
    body, width, height = draw()
    words = f"Flow of the {flow.label} from the photo through all branches"
    return framed(enlarged(body) if large else body, width, height, words, layout)


class _Plan:
    """What is drawn where."""

    def __init__(self, flow: Flow, ends: Ends, everything: bool) -> None:
        self.flow, self.ends = flow, ends
        self.streams = Streams(flow, everything=everything)

    def wide(self) -> Drawn:
        """From left to right, with all values."""
        top, extent, steps = 104.0, 370.0, self.flow.steps
        placed, drawing, pitch = self._across(top, extent, 30.0)
        parts = [drawing.ribbons(self.streams.ribbons)]
        for step, nodes in zip(steps, self.streams.columns, strict=True):
            x = placed[nodes[0].id].along
            parts.append(drawing.nodes(nodes))
            if step not in (steps[0], steps[-1]):
                parts.append(text(x + BAR / 2, top - 36, step, 16, bold=True))
                parts += [
                    _value(x + BAR / 2, placed[n.id].across - 7, n, self._short(float(v)))
                    for n, v in zip(nodes, self.flow.branches[step], strict=True)
                ]
            if step != steps[-1]:
                lane = (x + BAR + 4, x + pitch - 4, top + extent + 36)
                parts.append(self._rest(step, *lane, drawing))
        stem = placed["stem"]
        parts.append(
            text(
                stem.along + BAR / 2, stem.across + stem.length + 17, "stem " + self._of("stem"), 13
            )
        )
        for name, head in self.ends.heads.items():
            if head.after in steps:
                x = placed[self.flow.names[head.after][0]].along + BAR / 2
                parts.append(_chip(x, top, name, head))
        parts += self._both_ends(placed, top + extent / 2)
        return "".join(parts), self._width, top + extent + 74

    def small(self) -> Drawn:
        """From left to right, low, with the modules' names alone."""
        top, extent = 26.0, 150.0
        placed, drawing, _ = self._across(top, extent, 9.0)
        parts = [drawing.ribbons(self.streams.ribbons)]
        for step, nodes in zip(self.flow.steps, self.streams.columns, strict=True):
            parts.append(drawing.nodes(nodes))
            if step in self.flow.widths:
                parts.append(text(placed[nodes[0].id].along + BAR / 2, 14, step, 15, bold=True))
        parts += self._both_ends(placed, top + extent / 2)
        return "".join(parts), self._width, top + extent + 6

    @property
    def _width(self) -> float:
        return max(1180.0, _LEFT + _RIGHT + 78 * (len(self.flow.steps) - 1))

    def _across(
        self, top: float, extent: float, gap: float
    ) -> tuple[dict[str, Placed], Drawing, float]:
        """Where the nodes are, the drawing of them, and how far it is from column to column."""
        steps = self.flow.steps
        pitch = (self._width - _LEFT - _RIGHT) / (len(steps) - 1)
        along = [_LEFT + pitch * i for i in range(len(steps))]
        placed = {
            name: Placed(p.along, p.across + top, p.length)
            for name, p in self._placed(along, extent, gap).items()
        }
        unit = scale(self.streams.columns, self.streams.ribbons, extent, gap)
        return placed, Drawing(placed, unit), pitch

    def _both_ends(self, placed: Mapping[str, Placed], middle: float) -> list[str]:
        end = placed[self.flow.steps[-1]].along + BAR + 10
        return [self._photo(4, middle - 36, 72), *self._answer(end, middle)]

    def tall(self) -> Drawn:
        """From top to bottom."""
        steps = self.flow.steps
        left, width, gap, pitch, top = 34.0, 380.0, 40.0, 84.0, 104.0
        extent = width - left - 8
        along = [top + pitch * i for i in range(len(steps))]
        placed = {
            name: Placed(p.along, p.across + left, p.length)
            for name, p in self._placed(along, extent, gap).items()
        }
        unit = scale(self.streams.columns, self.streams.ribbons, extent, gap)
        drawing = Drawing(placed, unit, down=True)
        parts = [drawing.ribbons(self.streams.ribbons)]
        attached = {h.after: name for name, h in self.ends.heads.items() if h.after}
        for step, y, nodes in zip(steps, along, self.streams.columns, strict=True):
            parts.append(drawing.nodes(nodes))
            if step == steps[-1]:
                continue
            if self.streams.gathered[step].any():
                parts.append(
                    text(
                        2,
                        y + 58,
                        f"not drawn {self._short(self.streams.rest(step))}",
                        12,
                        anchor="start",
                    )
                )
            if step == steps[0]:
                continue
            if step == steps[1]:
                parts += [text(placed[n.id].middle, y - 22, _name(n), 12) for n in nodes]
            parts.append(text(2, y + BAR, step, 16, anchor="start", bold=True))
            if step in attached:
                parts.append(text(2, y + BAR + 17, attached[step], 12, anchor="start"))
            parts += [
                text(placed[n.id].middle, y - 6, self._short(float(v)), 13, bold=True)
                for n, v in zip(nodes, self.flow.branches[step], strict=True)
            ]
        middle = left + extent / 2
        y = along[-1] + BAR
        parts += [
            self._photo(middle - 36, 2, 72),
            text(middle, top - 8, "stem " + self._of("stem"), 13),
            *self._answer(middle, y + 30, anchor="middle"),
        ]
        y += 92
        for name, h in self.ends.heads.items():
            if h.after in steps:
                parts.append(text(middle, y, f"{name}, after {h.after}: {_said(h)}", 13))
                y += 20
        return "".join(parts), width, y

    def _placed(self, along: Sequence[float], extent: float, gap: float) -> dict[str, Placed]:
        return place(self.streams.columns, self.streams.ribbons, along, extent=extent, gap=gap)

    def _short(self, value: float) -> str:
        """With as many decimals as the largest branch needs."""
        largest = max(float(np.abs(v).max()) for v in self.flow.branches.values())
        return fixed(value, largest)

    def _of(self, step: str) -> str:
        return self._short(float(self.flow.branches[step][0]))

    def _photo(self, x: float, y: float, side: float) -> str:
        return (
            f'<image x="{x:g}" y="{y:g}" width="{side:g}" height="{side:g}" '
            f'href="{self.ends.photo}"><title>{escape(self.ends.alt)}</title></image>'
        )

    def _answer(self, x: float, y: float, anchor: str = "start") -> list[str]:
        lines = wrap(
            self.ends.answer, 15 if anchor == "start" else 38, max_lines=3, placeholder=" …"
        )
        below = [f"{short_number(self.flow.value)} logits", f"{self.flow.steps[-1]} head"]
        start = y - 6 - 20 * (len(lines) - 1) * (anchor == "start")
        y = start + 20 * (len(lines) - 1)
        return [
            f"<g><title>{escape(self.ends.answer)}</title>",
            *(
                text(x, start + 20 * i, line, 16, anchor=anchor, bold=True)
                for i, line in enumerate(lines)
            ),
            "</g>",
            *(text(x, y + 20 + 17 * i, line, 13, anchor=anchor) for i, line in enumerate(below)),
        ]

    def _rest(self, step: str, x: float, stop: float, y: float, drawing: Drawing) -> str:
        """What was gathered between two modules, in a lane of its own."""
        count = int(self.streams.gathered[step].sum())
        if not count:
            return ""
        value = self.streams.rest(step)
        wide = max(abs(value) * drawing.unit, 1.5)
        kind = "for" if value >= 0 else "against"
        words = f"Not drawn: {count} thinner ribbons, together {signed(value)} logits"
        return (
            f'<g><title>{words}</title><path class="ribbon {kind}" fill="{STEM_COLOUR}" '
            f'stroke="{STEM_COLOUR}" d="M{x:.1f} {y - wide / 2:.1f}H{stop:.1f}V{y + wide / 2:.1f}'
            f'H{x:.1f}Z" data-words="{words}"/>'
            f"{text((x + stop) / 2, y + 17, 'not drawn', 12)}"
            f"{text((x + stop) / 2, y + 33, self._short(value), 12, bold=True)}</g>"
        )


def _name(node: Node) -> str:
    found = Place.parse(node.id)
    return BRANCH_NAMES[found.branch] if found and found.branch else ""


def _value(x: float, y: float, node: Node, value: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="13">'
        f'{_name(node)} <tspan font-weight="600">{value}</tspan></text>'
    )


def _chip(x: float, top: float, name: str, head: HeadAnswer) -> str:
    """A head above the module that it attaches to."""
    words = escape(f"{name}, after {head.after}: {_said(head)}. {head.fit}".rstrip(". "))
    return (
        f'<g><title>{words}</title><path class="line" d="M{x:g} {top - 52:g}V44"/>'
        f'<rect class="panel" x="{x - 92:g}" y="2" width="184" height="42" rx="8"/>'
        f"{text(x, 19, name, 12)}{text(x, 36, _said(head, 24), 13, bold=True)}</g>"
    )


def _said(head: HeadAnswer, most: int = 40) -> str:
    said = head.label if head.probability is None else f"{percent(head.probability)} {head.label}"
    return said if len(said) <= most else said[: most - 1] + "…"
