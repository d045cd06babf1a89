"""Deletion and insertion curves."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from inception_viz.explain.faithfulness import Curve, Game

_NAMES = {"map": "this map", "random": "random", "centre": "centre first"}
_STYLES = {
    "map": {"color": "#D55E00", "width": 3},
    "random": {"color": "#888888", "width": 2, "dash": "dot"},
    "centre": {"color": "#56B4E9", "width": 2, "dash": "dash"},
}
_TITLES: dict[Game, str] = {
    "deletion": "Deletion: the faster it falls, the better",
    "insertion": "Insertion: the faster it rises, the better",
}


def game_curves(game: Game, curves: Mapping[str, Curve], label: str) -> go.Figure:
    """Probability of the class against the share of pixels, a line a ranking."""
    fig = go.Figure()
    for name in ("map", "random", "centre"):
        curve = curves[name]
        fig.add_scatter(
            x=curve.share,
            y=curve.value,
            name=f"{_NAMES[name]}, area {curve.area:.3f}",
            mode="lines",
            line=_STYLES[name],
            fill="tozeroy" if name == "map" else None,
            fillcolor="rgba(213, 94, 0, 0.12)",
            hovertemplate=f"{_NAMES[name]}: %{{y:.1%}} at %{{x:.0%}}<extra></extra>",
        )
    fig.update_layout(
        title={"text": _TITLES[game], "font": {"size": 15}},
        xaxis_title="pixels deleted" if game == "deletion" else "pixels inserted",
        yaxis_title=f"probability of {label}",
        height=320,
        margin={"l": 50, "r": 10, "t": 44, "b": 40},
        legend={"orientation": "h", "y": -0.22, "x": 0},
        hovermode="x unified",
    )
    fig.update_xaxes(tickformat=".0%")
    fig.update_yaxes(tickformat=".0%", rangemode="tozero")
    return fig
