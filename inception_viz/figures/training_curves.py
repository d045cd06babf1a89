"""How a training goes: loss and accuracy of every head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import plotly.graph_objects as go

from inception_viz.architecture.config import HEAD_NAMES

# Not the branches' colours: a head is no branch.
HEAD_COLOURS = {"main": "#D55E00", "aux2": "#56B4E9", "aux1": "#8C6BB1"}
Figures = Sequence[Mapping[str, float | None]]


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
    fig = go.Figure()
    rows = steps or history
    accuracy = figure == "accuracy"
    hover = "%{y:.1%}" if accuracy else "%{y:.3f}"
    for head, colour in HEAD_COLOURS.items():
        name = HEAD_NAMES[head].capitalize()
        key = f"{figure}_{head}"
        if not any(row.get(f"train_{key}") is not None for row in rows):
            continue
        fig.add_scatter(
            x=[row["step"] for row in rows],
            y=_smooth([row[f"train_{key}"] or 0.0 for row in rows]),
            name=name,
            legendgroup=head,
            mode="lines",
            line={"color": colour, "width": 2},
            hovertemplate=f"{name}, learning: {hover}<extra></extra>",
        )
        judged = [row for row in history if row.get(f"val_{key}") is not None]
        fig.add_scatter(
            x=[row["step"] for row in judged],
            y=[row[f"val_{key}"] for row in judged],
            name=f"{name}, validation",
            legendgroup=head,
            showlegend=False,
            mode="lines+markers",
            line={"color": colour, "width": 1, "dash": "dot"},
            marker={"color": colour, "size": 8},
            hovertemplate=f"{name}, validation: {hover}<extra></extra>",
        )
    fig.add_hline(
        y=chance, line={"color": "#888", "width": 1, "dash": "dash"}, annotation_text="guessing"
    )
    fig.update_layout(
        title={
            "text": "Accuracy, share of right answers" if accuracy else "Loss, cross-entropy",
            "font": {"size": 15},
        },
        xaxis_title="step",
        height=330,
        margin={"l": 50, "r": 10, "t": 44, "b": 40},
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.22, "x": 0},
        uirevision="keep",
    )
    if accuracy:
        fig.update_yaxes(tickformat=".0%", range=[0, 1.04])
    else:  # a spike of one early validation would flatten everything else
        learned = [row.get(f"train_loss_{head}") or 0.0 for row in rows for head in HEAD_COLOURS]
        fig.update_yaxes(range=[0, 1.1 * max(chance, *learned)])
    return fig


def _smooth(values: list[float], weight: float = 0.8) -> list[float]:
    """A running average, so that the trend shows; the first value counts in full."""
    smoothed: list[float] = []
    for value in values:
        smoothed.append(weight * smoothed[-1] + (1 - weight) * value if smoothed else value)
    return smoothed
