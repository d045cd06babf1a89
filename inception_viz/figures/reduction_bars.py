"""What a reduce layer saves, as charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import plotly.graph_objects as go

from inception_viz.architecture.reduction import Reduction
from inception_viz.figures.colours import BRANCH_COLOURS, STEM_COLOUR


def reduction_bars(chosen: Reduction) -> go.Figure:
    """Two bars: the naive convolution, and the reduced one in its two parts."""
    colour = BRANCH_COLOURS["3x3" if chosen.kernel == 3 else "5x5"]
    name = f"{chosen.kernel}×{chosen.kernel}"
    fig = go.Figure()
    for label, values, fill in (
        ("1×1 reduce", [0, chosen.reduce_cost / 1e6], BRANCH_COLOURS["1x1"]),
        (name, [chosen.naive / 1e6, chosen.convolution_cost / 1e6], colour),
    ):
        fig.add_bar(
            y=["without", "with reduction"],
            x=values,
            name=label,
            orientation="h",
            marker={"color": fill},
            hovertemplate=f"{label}: %{{x:,.1f}} M<extra></extra>",
        )
    fig.update_layout(
        barmode="stack",
        title={"text": "Multiplications, in millions", "font": {"size": 15}},
        height=190,
        margin={"l": 100, "r": 10, "t": 40, "b": 30},
        legend={"orientation": "h", "y": -0.2, "x": 0},
    )
    return fig


def saving_curve(chosen: Reduction) -> go.Figure:
    """Cost against the number of reduce filters, with the break-even point."""
    end = max(int(chosen.break_even * 1.25), chosen.reduce + 1, 4)
    steps = sorted({max(round(end * i / 60), 1) for i in range(61)})
    fig = go.Figure()
    fig.add_scatter(
        x=steps,
        y=[replace(chosen, reduce=r).reduced / 1e6 for r in steps],
        mode="lines",
        line={"color": BRANCH_COLOURS["1x1"], "width": 3},
        name="with reduction",
        hovertemplate="%{x} reduce filters: %{y:,.1f} M<extra></extra>",
    )
    fig.add_hline(
        y=chosen.naive / 1e6, line={"color": STEM_COLOUR, "dash": "dash"}, annotation_text="without"
    )
    fig.add_vline(
        x=chosen.break_even,
        line={"color": STEM_COLOUR, "dash": "dot"},
        annotation_text=f"break-even {chosen.break_even:.1f}",
        annotation_position="bottom right",
    )
    fig.add_scatter(
        x=[chosen.reduce],
        y=[chosen.reduced / 1e6],
        mode="markers",
        marker={"size": 12, "color": "#D55E00"},
        hovertemplate="%{x} reduce filters: %{y:,.1f} M<extra></extra>",
    )
    fig.update_layout(
        title={"text": "Where reducing stops paying", "font": {"size": 15}},
        xaxis_title="reduce filters",
        yaxis_title="M multiplications",
        showlegend=False,
        height=270,
        margin={"l": 60, "r": 10, "t": 40, "b": 40},
    )
    fig.update_yaxes(rangemode="tozero")
    return fig


def growth_bars(ours: Mapping[str, int], naive: Mapping[str, int]) -> go.Figure:
    """Channels from module to module, beside the naive network's."""
    fig = go.Figure()
    for name, channels, colour in (
        ("the table", ours, BRANCH_COLOURS["1x1"]),
        ("naive modules", naive, STEM_COLOUR),
    ):
        fig.add_bar(
            x=list(channels),
            y=list(channels.values()),
            name=name,
            marker={"color": colour},
            hovertemplate=f"{name}, %{{x}}: %{{y:,}} channels<extra></extra>",
        )
    fig.update_layout(
        title={"text": "Channels that each module puts out", "font": {"size": 15}},
        yaxis_title="channels",
        height=280,
        margin={"l": 60, "r": 10, "t": 40, "b": 30},
        legend={"orientation": "h", "y": -0.15, "x": 0},
    )
    return fig
