"""Which channels of a branch differ most between two results."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

SHOWN = 24
_HIGHER, _LOWER = "#B2182B", "#2166AC"  # as on signed scales: red where the second is higher


def difference_bars(first: np.ndarray, second: np.ndarray) -> go.Figure:
    """Bars of second − first for the channels that differ most.

    Args:
        first, second: (channels,) of the same branch, as many in both.
    """
    difference = second - first
    order = np.argsort(-np.abs(difference), kind="stable")[:SHOWN]
    fig = go.Figure(
        go.Bar(
            x=[f"channel {c}" for c in order],
            y=difference[order],
            marker={"color": [_HIGHER if difference[c] > 0 else _LOWER for c in order]},
            customdata=np.stack([first[order], second[order]], axis=1),
            hovertemplate="%{x}: %{customdata[0]:.3g} and %{customdata[1]:.3g}, %{y:+.3g}"
            "<extra></extra>",
        )
    )
    fig.update_layout(
        title={"text": "The channels that differ most", "font": {"size": 15}},
        yaxis_title="mean activation, second − first",
        height=300,
        margin={"l": 50, "r": 10, "t": 44, "b": 70},
        bargap=0.2,
    )
    fig.update_xaxes(tickangle=-45)
    return fig
