"""What of a flow is drawn on its own, what is gathered, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from inception_viz.architecture.places import Place
from inception_viz.explain.flow.result import Flow
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES, HEAD_COLOURS, STEM_COLOUR
from inception_viz.figures.flow.ribbons import Node, Ribbon
from inception_viz.figures.words import bar, fixed, short_number, signed

BIAS_COLOUR = "#9AA3AF"
_STRIPES = "repeating-linear-gradient(90deg,{} 0 3px,transparent 3px 6px)"
_SHARE, _MOST = 0.85, 8  # of all that passes between two modules, what is drawn on its own


def named(name: str) -> str:
    """A node in words: "4c, 5×5", "main head"; others ("stem", "biases") as they are."""
    found = Place.parse(name)
    if found is None or found.branch is None:
        return f"{name} head" if name in HEAD_COLOURS else name
    return f"{found.module}, {BRANCH_NAMES[found.branch]}"


def colour_of(name: str) -> str:
    """The colour of a node."""
    found = Place.parse(name)
    if found is not None and found.branch is not None:
        return BRANCH_COLOURS[found.branch]
    return HEAD_COLOURS.get(name, STEM_COLOUR)


def small(edges: np.ndarray) -> np.ndarray:
    """Which edges of a step, (branches, branches), are gathered into "the rest".

    All but the largest that make up 85 % of all that passes, up or down; eight at most stay.
    """
    sizes = np.abs(edges).ravel()
    order = np.argsort(-sizes, kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    found = np.ones(sizes.size, dtype=bool)
    found[order[before < _SHARE * sizes.sum()][:_MOST]] = False
    rest: np.ndarray = (found & (sizes > 0)).reshape(edges.shape)
    return rest


class Streams:
    """What of a flow is drawn.

    Attributes:
        columns: the nodes of each step.
        ribbons: what is drawn on its own, what joins from biases, too.
        gathered: step → (its branches, the next step's branches): what is gathered into "the rest".
    """

    def __init__(self, flow: Flow, *, everything: bool = False) -> None:
        """``everything``: nothing is gathered."""
        self._flow = flow
        self.gathered = {
            step: np.zeros_like(e, dtype=bool) if everything or 1 in e.shape else small(e)
            for step, e in flow.edges.items()
        }
        self.columns = [self._nodes(step) for step in flow.steps]
        self.ribbons = [*self._edges(), *self._biases()]

    def rest(self, step: str) -> float:
        """What the gathered ribbons behind a step add up to, in logits."""
        return float(self._flow.edges[step][self.gathered[step]].sum())

    def _nodes(self, step: str) -> list[Node]:
        flow, last = self._flow, self._flow.steps[-1]
        values = flow.branches[step]
        return [
            Node(
                name,
                colour_of(name),
                f"{named(name)}: {short_number(float(value))} logits"
                if step == last
                else f"{named(name)}: {signed(float(value))} logits pass through it",
                go=step not in ("stem", last),
                below=bool(value < 0),
            )
            for name, value in zip(flow.names[step], values, strict=True)
        ]

    def _edges(self) -> list[Ribbon]:
        flow = self._flow
        found: list[Ribbon] = []
        for step, after in flow.pairs:
            for i, source in enumerate(flow.names[step]):
                for j, sink in enumerate(flow.names[after]):
                    value = float(flow.edges[step][i, j])
                    if value and not self.gathered[step][i, j]:
                        words = f"{named(source)} → {named(sink)}: {signed(value)} logits"
                        found.append(Ribbon(source, sink, value, colour_of(source), words))
        return found

    def _biases(self) -> list[Ribbon]:
        """What is too thin to be seen is left out; the sentence above the drawing has the sum."""
        flow = self._flow
        least = 0.01 * max(float(np.abs(e).sum()) for e in flow.edges.values())
        where = "biases, and what came from the other picture" if flow.exchanged else "biases"
        return [
            Ribbon(
                "",
                name,
                float(value),
                BIAS_COLOUR,
                f"{where} in {named(name)}: {signed(float(value))} logits",
                go=False,
            )
            for step, values in flow.bias.items()
            for name, value in zip(flow.names[step], values, strict=True)
            if abs(value) > least
        ]


def flow_sentence(flow: Flow) -> str:
    """What an answer is made of, and the widest ribbons. HTML, labels escaped."""
    stem = float(flow.branches["stem"][0])
    added = sum(float(values.sum()) for values in flow.bias.values())
    of = "biases and the other picture" if flow.exchanged else "biases"
    score = ", its score," if flow.target.against is None else ""
    value, stem_, added_ = (fixed(part, 1.0) for part in (flow.value, stem, added))
    text = (
        f"The {escape(flow.label)}{score} is <b>{value.lstrip('+')}</b>: {stem_} comes all "
        f"the way from the photo's stem, {added_} from {of} on the way, which count where this "
        "photo opens a ReLU."
    )
    edges = {
        (source, sink): float(flow.edges[step][i, j])
        for step, after in list(flow.pairs)[1:-1]
        for i, source in enumerate(flow.names[step])
        for j, sink in enumerate(flow.names[after])
    }
    if not edges:
        return text
    most, least = max(edges, key=edges.__getitem__), min(edges, key=edges.__getitem__)
    if edges[most] > 0:
        text += f" Most flows from {_ends(most)}: <b>{signed(edges[most])}</b>"
        text += "." if edges[least] >= 0 else ";"
    if edges[least] < 0:
        text += f" most against it from {_ends(least)}: <b>{signed(edges[least])}</b>."
    return text


def flow_change_sentence(difference: Flow) -> str:
    """Between which branches most flows more than before, and most less. HTML."""
    edges = {
        (source, sink): float(difference.edges[step][i, j])
        for step, after in difference.pairs
        for i, source in enumerate(difference.names[step])
        for j, sink in enumerate(difference.names[after])
    }
    most, least = max(edges, key=edges.__getitem__), min(edges, key=edges.__getitem__)
    parts = []
    if edges[most] > 0:
        parts.append(f"most more flows from {_ends(most)}: <b>{signed(edges[most])}</b> logits")
    if edges[least] < 0:
        parts.append(f"most less from {_ends(least)}: <b>{signed(edges[least])}</b> logits")
    said = "; ".join(parts)
    return f"{said[:1].upper()}{said[1:]}." if said else "Nothing flows differently."


def flow_bars(rows: Sequence[tuple[str, float]], most: float) -> str:
    """A bar for each (node, value), in the node's colour; striped below zero; ``most`` is whole."""
    return "".join(
        bar(
            named(name),
            fixed(value, 1.0),
            min(abs(value) / most, 1.0) if most else 0.0,
            colour_of(name) if value >= 0 else _STRIPES.format(colour_of(name)),
        )
        for name, value in rows
    )


def _ends(edge: tuple[str, str]) -> str:
    source, sink = (named(name).replace(",", "") for name in edge)
    return f"{source} to {sink}"
