"""The numbers behind a figure, as text for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from inception_viz.explain.channels import Layer
from inception_viz.files.foreign import csv_text


def figure_csv(fig: go.Figure) -> str:
    """Every point of a plotly figure as CSV: series, x, y. Series without a name get none."""
    import pandas as pd

    points = [
        (trace.name or "", x, y)
        for trace in fig.data
        if trace.x is not None and trace.y is not None
        for x, y in zip(trace.x, trace.y, strict=True)
    ]
    return csv_text(pd.DataFrame(points, columns=["series", "x", "y"])) if points else ""


def grid_csv(values: np.ndarray) -> str:
    """A map (height, width) as CSV with four digits: one line a row, no header."""
    import pandas as pd

    return pd.DataFrame(values).to_csv(index=False, header=False, float_format="%.4g")


def channels_csv(layers: Mapping[str, Layer]) -> str:
    """Every channel of some layers as CSV: layer, channel, mean, maximum, share of units at 0."""
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                "layer": name,
                "channel": range(len(layer.mean)),
                "mean": layer.mean,
                "maximum": layer.maximum,
                "zero_share": layer.zero_share,
            }
        )
        for name, layer in layers.items()
    ]
    return csv_text(pd.concat(frames)) if frames else ""
