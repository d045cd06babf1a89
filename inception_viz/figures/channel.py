"""One channel's figures: among photos, scaled, tuned; its inputs and its push as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from inception_viz.features.stimuli import FAMILIES
from inception_viz.figures.chart import chart
from inception_viz.figures.colours import HIGHER, LOWER
from inception_viz.figures.words import bar, percent, short_number, signed

_LINES = ("#3B82C4", "#E07B39", "#4C9F70", "#9467BD", "#888888")


def signed_bars(rows: Sequence[tuple[str, float]]) -> str:
    """One bar for each (label, value), red above zero and blue below, the largest whole."""
    most = max((abs(value) for _, value in rows), default=0.0) or 1.0
    return "".join(
        bar(label, signed(value), abs(value) / most, HIGHER if value >= 0 else LOWER)
        for label, value in rows
    )


def photo_histogram(edges: np.ndarray, counts: np.ndarray, value: float, colour: str) -> go.Figure:
    """How many photos make a channel fire how strongly, and where this photo stands.

    Args:
        edges: (steps + 1,) of the strongest unit's activation.
        counts: (steps,), photos.
        value: this photo's strongest unit.
        colour: of the bars.
    """
    below = float(np.interp(value, edges, [0, *np.cumsum(counts)])) / max(counts.sum(), 1)
    bars = go.Bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges),
        marker={"color": colour, "line": {"width": 0}},
        hovertemplate="strongest unit %{x:.3g}<br>%{y} photos<extra></extra>",
        showlegend=False,
    )
    here = go.Scatter(
        x=[value, value],
        y=[0, max(float(counts.max()), 1.0)],
        mode="lines",
        line={"color": "#E23B3B", "width": 3},
        name="this photo",
        hovertemplate=f"this photo: {short_number(value)}<extra></extra>",
    )
    title = f"Stronger here than on {percent(below)} of {counts.sum()} photos"
    axis = "activation of the strongest unit"
    return chart(
        [bars, here], title, 260, legend=1.02, bargap=0, xaxis_title=axis, yaxis_title="photos"
    )


def scale_chart(
    factors: Sequence[float], probabilities: Mapping[str, np.ndarray], chosen: float
) -> go.Figure:
    """The probabilities of some classes over how strong a channel is.

    Args:
        factors: (N,), 1 for the channel as it is.
        probabilities: label → (N,), 0 to 1.
        chosen: the factor to mark.
    """
    lines = [
        go.Scatter(
            x=list(factors),
            y=100 * values,
            name=label,
            mode="lines",
            line={"color": colour, "width": 3},
            hovertemplate=f"{escape(label)}: %{{y:.1f}} % at %{{x:.2f}} ×<extra></extra>",
        )
        for (label, values), colour in zip(probabilities.items(), _LINES, strict=False)
    ]
    figure = chart(
        lines,
        "The answer if the channel were louder or quieter",
        320,
        legend=-0.22,
        bottom=50,
        xaxis={"title": "times as strong", "dtick": 1},
        yaxis={"title": "probability (%)", "range": [0, 102]},
    )
    return figure.add_vline(chosen, line={"color": "#E23B3B", "width": 2, "dash": "dot"})


def tuning_chart(responses: Mapping[str, np.ndarray], colour: str) -> go.Figure:
    """How strongly a channel answers each level of the four families of made pictures.

    Args:
        responses: family → (levels,), mean activation.
        colour: of the bars.
    """
    families = [FAMILIES[name] for name in responses]
    figure = make_subplots(rows=2, cols=2, vertical_spacing=0.25)
    for place, (family, values) in enumerate(zip(families, responses.values(), strict=True)):
        row, column = divmod(place, 2)
        levels = [f"{lv:g}" if isinstance(lv, float) else lv for lv in family.levels]
        bars = go.Bar(
            x=levels,
            y=values,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"%{{x}} {family.unit}: %{{y:.3g}}<extra></extra>",
        )
        figure.add_trace(bars, row=row + 1, col=column + 1)
        name = f"{family.title} ({family.unit})" if family.unit else family.title
        figure.update_xaxes(title=name, type="category", row=row + 1, col=column + 1)
        figure.update_yaxes(rangemode="tozero", row=row + 1, col=column + 1)
    title = {"text": "What patterns it answers", "font": {"size": 15}}
    return figure.update_layout(
        title=title, height=420, showlegend=False, margin={"l": 50, "r": 10, "t": 60, "b": 50}
    )
