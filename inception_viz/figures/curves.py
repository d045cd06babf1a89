"""Curves: belief with depth, deletion and insertion, training, and what reducing saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import plotly.graph_objects as go

from inception_viz.architecture.config import HEAD_NAMES
from inception_viz.architecture.cost import Reduction
from inception_viz.explain.faithfulness import Curve, Game
from inception_viz.explain.heads import HeadBelief
from inception_viz.explain.lens import Reading
from inception_viz.figures.chart import Values, chart
from inception_viz.figures.colours import BRANCH_COLOURS, HEAD_COLOURS, STEM_COLOUR

_RANKINGS = {  # name on the figure, and its line
    "map": ("this map", {"color": "#D55E00", "width": 3}),
    "random": ("random", {"color": "#888888", "width": 2, "dash": "dot"}),
    "centre": ("centre first", {"color": "#56B4E9", "width": 2, "dash": "dash"}),
}
_LENS = "#888"  # not a head's colour
Figures = Sequence[Mapping[str, float | None]]


def _line(x: Values, y: Values, hover: str, **more: Any) -> go.Scatter:
    return go.Scatter(x=x, y=y, hovertemplate=f"{hover}<extra></extra>", **more)


def belief_curve(
    heads: Sequence[HeadBelief], readings: Sequence[Reading], modules: Sequence[str], label: str
) -> go.Figure:
    """The probability of a class against depth: what the heads say, and what read-outs read.

    Args:
        heads: their beliefs, earliest first.
        readings: what a lens reads after each module; none where there is no lens.
        modules: all modules in order.
        label: the class.
    """
    fitted = [reading for reading in readings if reading.fit is not None]
    read = {reading.module: reading.probability for reading in fitted}
    lens = _line(
        [reading.module for reading in readings],
        [reading.probability for reading in readings],
        "%{text}: %{y:.1%}",
        name="fitted read-outs",
        mode="lines+markers",
        line={"color": _LENS, "width": 2, "dash": "dash"},
        marker={
            "symbol": "circle-open",
            "size": [10 if reading.fit else 0 for reading in readings],
            "color": _LENS,
            "line": {"width": 2},
        },
        text=[_read_out(reading) for reading in readings],
    )
    curve = _line(
        [head.after for head in heads],
        [head.probability for head in heads],
        "%{hovertext}, after %{x}: %{y:.1%}",
        name="heads",
        mode="markers+text" if fitted else "lines+markers+text",
        line={"color": "#888", "width": 2},
        marker={"size": 14, "color": [HEAD_COLOURS[head.head] for head in heads]},
        text=[h.head + ("<br>(fitted afterwards)" if h.fit else "") for h in heads],
        hovertext=[h.head + (" (fitted afterwards)" if h.fit else "") for h in heads],
        textposition=[
            "bottom center" if head.probability < read.get(head.after, 0.0) else "top center"
            for head in heads
        ],  # off the line
        showlegend=bool(fitted),
    )
    return chart(
        [curve, lens] if fitted else [curve],
        f"Belief in {label}, from module to module",
        340,
        legend=-0.25,
        xaxis={
            "title": "read after module",
            "type": "category",
            "categoryorder": "array",
            "categoryarray": list(modules),
            "range": [-0.5, len(modules) - 0.5],
        },
        yaxis={
            "title": "probability",
            "tickformat": ".0%",
            "range": [-0.06, 1.16],
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
        },
    )


def _read_out(reading: Reading) -> str:
    """What a point of the lens is."""
    if reading.fit is None:
        return f"main head, after {reading.module}"
    return (
        f"fitted read-out after {reading.module}<br>says the same as the network on "
        f"{reading.fit.first:.0%} of photos it never saw<br>belief"
    )


def game_curves(game: Game, curves: Mapping[str, Curve], label: str) -> go.Figure:
    """Probability of the class against the share of pixels, a line a ranking."""
    lines = [
        _line(
            curves[ranking].share,
            curves[ranking].value,
            f"{name}: %{{y:.1%}} at %{{x:.0%}}",
            name=f"{name}, area {curves[ranking].area:.3f}",
            mode="lines",
            line=line,
            fill="tozeroy" if ranking == "map" else None,
            fillcolor="rgba(213, 94, 0, 0.12)",
        )
        for ranking, (name, line) in _RANKINGS.items()
    ]
    way, pixels = ("falls", "deleted") if game == "deletion" else ("rises", "inserted")
    return chart(
        lines,
        f"{game.capitalize()}: the faster it {way}, the better",
        320,
        legend=-0.22,
        xaxis={"title": f"pixels {pixels}", "tickformat": ".0%"},
        yaxis={"title": f"probability of {label}", "tickformat": ".0%", "rangemode": "tozero"},
        hovermode="x unified",
    )


def training_curves(
    history: Figures, steps: Figures, figure: Literal["loss", "accuracy"], chance: float
) -> go.Figure:
    """Lines for the pictures learned from, dots for the validation pictures.

    Args:
        history: rows an epoch, as in history.csv.
        steps: rows every few seconds, as in steps.csv.
        figure: which of the two.
        chance: what guessing gives, drawn as a dotted line.
    """
    lines = []
    rows = steps or history
    accuracy = figure == "accuracy"
    hover = "%{y:.1%}" if accuracy else "%{y:.3f}"
    for head, colour in HEAD_COLOURS.items():
        name = HEAD_NAMES[head].capitalize()
        key = f"{figure}_{head}"
        if not any(row.get(f"train_{key}") is not None for row in rows):
            continue
        learned = _line(
            [row["step"] for row in rows],
            _smooth([row[f"train_{key}"] or 0.0 for row in rows]),
            f"{name}, learning: {hover}",
            name=name,
            legendgroup=head,
            mode="lines",
            line={"color": colour, "width": 2},
        )
        judged = [row for row in history if row.get(f"val_{key}") is not None]
        validated = _line(
            [row["step"] for row in judged],
            [row[f"val_{key}"] for row in judged],
            f"{name}, validation: {hover}",
            name=f"{name}, validation",
            legendgroup=head,
            showlegend=False,
            mode="lines+markers",
            line={"color": colour, "width": 1, "dash": "dot"},
            marker={"color": colour, "size": 8},
        )
        lines += [learned, validated]
    if accuracy:
        title, axis = "Accuracy, share of right answers", {"tickformat": ".0%", "range": [0, 1.04]}
    else:  # a spike of one early validation would flatten everything else
        losses = [row.get(f"train_loss_{head}") or 0.0 for row in rows for head in HEAD_COLOURS]
        title, axis = "Loss, cross-entropy", {"range": [0, 1.1 * max(chance, *losses)]}
    keep: dict[str, Any] = {"hovermode": "x unified", "uirevision": "keep"}
    fig = chart(lines, title, 330, legend=-0.22, xaxis_title="step", yaxis=axis, **keep)
    guessing = {"color": "#888", "width": 1, "dash": "dash"}
    return fig.add_hline(y=chance, line=guessing, annotation_text="guessing")


def _smooth(values: list[float]) -> list[float]:
    """A running average, so that the trend shows; the first value counts in full."""
    import pandas as pd

    smoothed: list[float] = pd.Series(values).ewm(alpha=0.2, adjust=False).mean().tolist()
    return smoothed


def saving_curve(chosen: Reduction) -> go.Figure:
    """Cost against the number of reduce filters, with the break-even point."""
    end = max(int(chosen.break_even * 1.25), chosen.reduce + 1, 4)
    steps = sorted({max(round(end * i / 60), 1) for i in range(61)})
    hover = "%{x} reduce filters: %{y:,.1f} M"
    costs = [replace(chosen, reduce=r).reduced / 1e6 for r in steps]
    line = {"color": BRANCH_COLOURS["1x1"], "width": 3}
    curve = _line(steps, costs, hover, mode="lines", line=line, name="with reduction")
    here = {"size": 12, "color": "#D55E00"}
    dot = _line([chosen.reduce], [chosen.reduced / 1e6], hover, mode="markers", marker=here)
    fig = chart(
        [curve, dot],
        "Where reducing stops paying",
        270,
        left=60,
        xaxis_title="reduce filters",
        yaxis={"title": "M multiplications", "rangemode": "tozero"},
        showlegend=False,
    )
    fig.add_hline(
        y=chosen.naive / 1e6, line={"color": STEM_COLOUR, "dash": "dash"}, annotation_text="without"
    )
    return fig.add_vline(
        x=chosen.break_even,
        line={"color": STEM_COLOUR, "dash": "dot"},
        annotation_text=f"break-even {chosen.break_even:.1f}",
        annotation_position="bottom right",
    )
