"""Contributions as bars: per module, and the channels of one branch.

Built in one go, which takes plotly a quarter of the time that one addition after another does.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from inception_viz.architecture.config import BRANCHES
from inception_viz.explain.channel_scores import ChannelScores
from inception_viz.explain.contributions import Contributions
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES

CHANNELS = 24  # shown; hundreds of slivers would say nothing


def contribution_bars(scores: Contributions) -> go.Figure:
    """Four bars a module, up for the target and down against it; a dot where their sum lies."""
    bars: list[go.Bar | go.Scatter] = [
        go.Bar(
            x=list(scores.modules),
            y=_shown(scores.values[:, column]),
            name=BRANCH_NAMES[branch],
            marker={"color": BRANCH_COLOURS[branch], "line": {"width": 0}},
            hovertemplate=f"%{{x}} {BRANCH_NAMES[branch]}: %{{y:+.3g}} {scores.unit}"
            "<extra></extra>",
        )
        for column, branch in enumerate(BRANCHES)
    ]
    if scores.promise != "none":
        sums = go.Scatter(
            x=list(scores.modules),
            y=_shown(scores.sums),
            name="sum of the module",
            mode="markers",
            marker={"symbol": "diamond-open", "size": 9, "color": "#888", "line": {"width": 2}},
            hovertemplate=f"%{{x}}, all four: %{{y:+.3g}} {scores.unit}<extra></extra>",
        )
        bars.append(sums)
    layout = go.Layout(
        title={"text": f"Module by module: {scores.label}", "font": {"size": 15}},
        yaxis={"title": f"score ({scores.unit})", "zeroline": True, "zerolinewidth": 2},
        height=320,
        margin={"l": 50, "r": 10, "t": 44, "b": 30},
        bargap=0.25,
        legend={"orientation": "h", "y": -0.14, "x": 0},
    )
    return go.Figure(bars, layout)


def _shown(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def channel_bars(scores: ChannelScores, branch: str, unit: str) -> go.Figure:
    """The strongest channels of a branch, up for the target and down against it."""
    order = scores.order(branch)[:CHANNELS]
    bars = go.Bar(
        x=[f"channel {c}" for c in order],
        y=scores.branches[branch][order],
        marker={"color": BRANCH_COLOURS[branch], "line": {"width": 0}},
        hovertemplate=f"%{{x}}: %{{y:+.3g}} {unit}<extra></extra>",
    )
    layout = go.Layout(
        title={
            "text": f"{scores.module} {BRANCH_NAMES[branch]}: its channels, strongest first",
            "font": {"size": 15},
        },
        xaxis={"tickangle": -45},
        yaxis={"title": f"score ({unit})"},
        height=300,
        margin={"l": 50, "r": 10, "t": 44, "b": 70},
        bargap=0.2,
    )
    return go.Figure(bars, layout)
