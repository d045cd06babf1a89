from __future__ import annotations

import io

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import torch

from inception_viz.explain import measure
from inception_viz.figures import channels_csv, figure_csv, grid_csv


def read(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text))


def test_every_point_of_a_figure_is_a_row() -> None:
    fig = go.Figure()
    fig.add_scatter(x=[1, 2], y=[0.5, -1.5], name="a, with a comma")
    fig.add_bar(x=["u", "v", "w"], y=[3, None, 5])
    found = read(figure_csv(fig))
    assert list(found["series"].dropna()) == ["a, with a comma"] * 2
    assert list(found["x"]) == ["1", "2", "u", "v", "w"]
    assert found["y"].fillna(-99).tolist() == [0.5, -1.5, 3, -99, 5]
    assert figure_csv(go.Figure()) == ""


def test_a_map_keeps_its_rows_and_values() -> None:
    values = np.array([[1.25, 0], [3, -4.5], [0, 7]])
    found = pd.read_csv(io.StringIO(grid_csv(values)), header=None)
    np.testing.assert_array_equal(found.to_numpy(), values)


def test_channels_are_summarised_by_hand() -> None:
    maps = torch.tensor([[[0.0, 2.0], [4.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    found = read(channels_csv({"4c/5x5": measure(maps), "4c/pool": measure(maps[:1])}))
    assert list(found["layer"]) == ["4c/5x5", "4c/5x5", "4c/pool"]
    assert list(found["channel"]) == [0, 1, 0]
    assert list(found["mean"]) == [1.5, 1, 1.5]
    assert list(found["maximum"]) == [4, 1, 4]
    assert list(found["zero_share"]) == [0.5, 0, 0.5]
    assert channels_csv({}) == ""
