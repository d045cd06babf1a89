"""Bars: contributions, channels, activations, and what a reduce layer saves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from inception_viz.architecture.config import BRANCHES
from inception_viz.architecture.cost import Reduction
from inception_viz.explain.channels import ChannelScores
from inception_viz.explain.contributions import Contributions
from inception_viz.figures.chart import Values, chart
from inception_viz.figures.colours import (
    BRANCH_COLOURS,
    BRANCH_NAMES,
    HIGHER,
    LOWER,
    STEM_COLOUR,
)

CHANNELS = 24  # shown; hundreds of slivers would say nothing
_BINS = 30


def _bars(x: Values, y: Values, colour: str | list[str], hover: str) -> go.Bar:
    marker = {"color": colour, "line": {"width": 0}}
    return go.Bar(x=x, y=y, marker=marker, hovertemplate=f"{hover}<extra></extra>")


def contribution_bars(scores: Contributions) -> go.Figure:
    """Four bars a module, up for the target and down against it; a dot where their sum lies."""
    modules = list(scores.modules)
    bars: list[go.Bar | go.Scatter] = []
    for branch, values in zip(BRANCHES, scores.values.T, strict=True):
        name = BRANCH_NAMES[branch]
        hover = f"%{{x}} {name}: %{{y:+.3g}} {scores.unit}"
        bars.append(_bars(modules, _shown(values), BRANCH_COLOURS[branch], hover).update(name=name))
    if scores.promise != "none":
        sums = go.Scatter(
            x=modules,
            y=_shown(scores.sums),
            name="sum of the module",
            mode="markers",
            marker={"symbol": "diamond-open", "size": 9, "color": "#888", "line": {"width": 2}},
            hovertemplate=f"%{{x}}, all four: %{{y:+.3g}} {scores.unit}<extra></extra>",
        )
        bars.append(sums)
    axis = {"title": f"score ({scores.unit})", "zeroline": True, "zerolinewidth": 2}
    title = f"Module by module: {scores.label}"
    return chart(bars, title, 320, legend=-0.14, bottom=30, yaxis=axis, bargap=0.25)


def _shown(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def channel_bars(scores: ChannelScores, branch: str, unit: str) -> go.Figure:
    """The strongest channels of a branch, up for the target and down against it."""
    order = scores.order(branch)[:CHANNELS]
    hover = f"%{{x}}: %{{y:+.3g}} {unit}"
    bars = _bars(_channels(order), scores.branches[branch][order], BRANCH_COLOURS[branch], hover)
    title = f"{scores.module} {BRANCH_NAMES[branch]}: its channels, strongest first"
    return _channel_chart(bars, title, f"score ({unit})")


def difference_bars(first: np.ndarray, second: np.ndarray) -> go.Figure:
    """Bars of second − first for the channels that differ most.

    Args:
        first, second: (channels,) of the same branch, as many in both.
    """
    difference = second - first
    order = np.argsort(-np.abs(difference), kind="stable")[:CHANNELS]
    colours = [HIGHER if difference[c] > 0 else LOWER for c in order]
    hover = "%{x}: %{customdata[0]:.3g} and %{customdata[1]:.3g}, %{y:+.3g}"
    bars = _bars(_channels(order), difference[order], colours, hover)
    bars.customdata = np.stack([first[order], second[order]], axis=1)
    title = "The channels that differ most"
    return _channel_chart(bars, title, "mean activation, second − first")


def _channels(order: np.ndarray) -> list[str]:
    return [f"channel {c}" for c in order]


def _channel_chart(bars: go.Bar, title: str, axis: str) -> go.Figure:
    return chart([bars], title, 300, bottom=70, xaxis_tickangle=-45, yaxis_title=axis, bargap=0.2)


def activation_histogram(values: np.ndarray, colour: str) -> go.Figure:
    """Counts of the positive activations of one channel map; zeros are told apart in the title.

    Args:
        values: (height, width), after ReLU.
        colour: of the bars.
    """
    positive = values[values > 0]
    counts, edges = np.histogram(positive, bins=_BINS, range=(0, float(values.max()) or 1.0))
    hover = "activation %{x:.3g}<br>%{y} units"
    bars = _bars((edges[:-1] + edges[1:]) / 2, counts, colour, hover)
    bars.width = np.diff(edges)
    zeros = values.size - positive.size
    title = f"{positive.size} of {values.size} units fire, {zeros} are exactly 0"
    axis = "activation (units above 0)"
    return chart([bars], title, 240, bargap=0, xaxis_title=axis, yaxis_title="units")


def reduction_bars(chosen: Reduction) -> go.Figure:
    """Two bars: the naive convolution, and the reduced one in its two parts."""
    bars = []
    for label, branch, values in (
        ("1×1 reduce", "1x1", (0, chosen.reduce_cost)),
        (
            f"{chosen.kernel}×{chosen.kernel}",
            "3x3" if chosen.kernel == 3 else "5x5",
            (chosen.naive, chosen.convolution_cost),
        ),
    ):
        macs, names = [value / 1e6 for value in values], ["without", "with reduction"]
        own = _bars(macs, names, BRANCH_COLOURS[branch], f"{label}: %{{x:,.1f}} M")
        bars.append(own.update(name=label, orientation="h"))
    title = "Multiplications, in millions"
    return chart(bars, title, 190, legend=-0.2, left=100, bottom=30, barmode="stack")


def growth_bars(ours: Mapping[str, int], naive: Mapping[str, int]) -> go.Figure:
    """Channels from module to module, beside the naive network's."""
    bars = []
    for name, channels, colour in (
        ("the table", ours, BRANCH_COLOURS["1x1"]),
        ("naive modules", naive, STEM_COLOUR),
    ):
        hover = f"{name}, %{{x}}: %{{y:,}} channels"
        own = _bars(list(channels), list(channels.values()), colour, hover)
        bars.append(own.update(name=name))
    title = "Channels that each module puts out"
    return chart(bars, title, 280, legend=-0.15, left=60, bottom=30, yaxis_title="channels")
