"""How a channel's activations are spread."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

BINS = 30


def activation_histogram(values: np.ndarray, colour: str) -> go.Figure:
    """Counts of the positive activations of one channel map; zeros are told apart in the title.

    Args:
        values: (height, width), after ReLU.
        colour: of the bars.
    """
    positive = values[values > 0]
    counts, edges = np.histogram(positive, bins=BINS, range=(0, float(values.max()) or 1.0))
    centres = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(
        go.Bar(
            x=centres,
            y=counts,
            width=np.diff(edges),
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="activation %{x:.3g}<br>%{y} units<extra></extra>",
        )
    )
    zeros = values.size - positive.size
    figure.update_layout(
        title={
            "text": f"{positive.size} of {values.size} units fire, {zeros} are exactly 0",
            "font": {"size": 14},
        },
        xaxis_title="activation (units above 0)",
        yaxis_title="units",
        height=240,
        margin={"l": 50, "r": 10, "t": 40, "b": 40},
        bargap=0,
    )
    return figure
