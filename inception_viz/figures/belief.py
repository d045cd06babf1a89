"""How belief in a class forms with depth."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from inception_viz.explain.heads import EarlyReading, HeadBelief
from inception_viz.figures.training_curves import HEAD_COLOURS


def belief_curve(
    heads: Sequence[HeadBelief], readings: Sequence[EarlyReading], label: str
) -> go.Figure:
    """The heads' probability of a class against depth, beside the main classifier read early.

    Args:
        heads: their beliefs, earliest first.
        readings: the main classifier put behind each module; nothing where it doesn't fit.
        label: the class.
    """
    modules = [reading.module for reading in readings]
    fits = [reading for reading in readings[:-1] if reading.probability is not None]
    early = go.Scatter(
        x=[reading.module for reading in fits],
        y=[reading.probability for reading in fits],
        name="main classifier read early",
        mode="markers",
        marker={"symbol": "diamond-open", "size": 11, "color": "#888"},
        hovertemplate="main classifier on %{x}: %{y:.1%}<extra></extra>",
    )
    curve = go.Scatter(
        x=[head.after for head in heads],
        y=[head.probability for head in heads],
        name="heads",
        mode="lines+markers+text",
        line={"color": "#888", "width": 2},
        marker={"size": 14, "color": [HEAD_COLOURS[head.head] for head in heads]},
        text=[h.head + (" (fitted afterwards)" if h.fit else "") for h in heads],
        textposition="top center",
        hovertemplate="%{text}, after %{x}: %{y:.1%}<extra></extra>",
        showlegend=False,
    )
    layout = go.Layout(
        title={"text": f"Belief in {label}, from module to module", "font": {"size": 15}},
        xaxis={
            "title": "read after module",
            "type": "category",
            "categoryorder": "array",
            "categoryarray": modules,
            "range": [-0.5, len(modules) - 0.5],
        },
        yaxis={
            "title": "probability",
            "tickformat": ".0%",
            "range": [-0.06, 1.16],
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
        },
        height=340,
        margin={"l": 50, "r": 20, "t": 44, "b": 40},
        legend={"orientation": "h", "y": -0.25, "x": 0},
    )
    return go.Figure([early, curve] if fits else [curve], layout)
