"""Contributions as bars: per module, and the channels of one branch."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from inception_viz.config import BRANCHES
from inception_viz.explain.channel_scores import ChannelScores
from inception_viz.explain.contributions import Contributions
from inception_viz.figures.colours import BRANCH_COLOURS, BRANCH_NAMES

CHANNELS = 24  # shown; hundreds of slivers would say nothing


def contribution_bars(found: Contributions) -> go.Figure:
    """Four bars a module, up for the target and down against it; a dot where their sum lies."""
    fig = go.Figure()
    for column, branch in enumerate(BRANCHES):
        fig.add_bar(
            x=list(found.modules),
            y=[None if np.isnan(v) else float(v) for v in found.values[:, column]],
            name=BRANCH_NAMES[branch],
            marker={"color": BRANCH_COLOURS[branch], "line": {"width": 0}},
            hovertemplate=f"%{{x}} {BRANCH_NAMES[branch]}: %{{y:+.3g}} {found.unit}<extra></extra>",
        )
    if found.promise != "none":
        fig.add_scatter(
            x=list(found.modules),
            y=[None if np.isnan(v) else float(v) for v in found.sums],
            name="sum of the module",
            mode="markers",
            marker={"symbol": "diamond-open", "size": 9, "color": "#888", "line": {"width": 2}},
            hovertemplate=f"%{{x}}, all four: %{{y:+.3g}} {found.unit}<extra></extra>",
        )
    fig.update_layout(
        title={"text": f"Module by module: {found.label}", "font": {"size": 15}},
        yaxis_title=f"score ({found.unit})",
        height=320,
        margin={"l": 50, "r": 10, "t": 44, "b": 30},
        bargap=0.25,
        legend={"orientation": "h", "y": -0.14, "x": 0},
    )
    fig.update_yaxes(zeroline=True, zerolinewidth=2)
    return fig


def channel_bars(scores: ChannelScores, branch: str, unit: str) -> go.Figure:
    """The strongest channels of a branch, up for the target and down against it."""
    order = scores.order(branch)[:CHANNELS]
    fig = go.Figure(
        go.Bar(
            x=[f"channel {c}" for c in order],
            y=scores.branches[branch][order],
            marker={"color": BRANCH_COLOURS[branch], "line": {"width": 0}},
            hovertemplate=f"%{{x}}: %{{y:+.3g}} {unit}<extra></extra>",
        )
    )
    fig.update_layout(
        title={
            "text": f"{scores.module} {BRANCH_NAMES[branch]}: its channels, strongest first",
            "font": {"size": 15},
        },
        yaxis_title=f"score ({unit})",
        height=300,
        margin={"l": 50, "r": 10, "t": 44, "b": 70},
        bargap=0.2,
    )
    fig.update_xaxes(tickangle=-45)
    return fig
