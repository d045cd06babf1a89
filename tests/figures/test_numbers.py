from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import torch

from inception_viz.explain import measure
from inception_viz.figures import Grid, channels_csv, figure_csv, grid_csv


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


def test_every_map_is_a_line_a_unit_with_all_that_it_is_of() -> None:
    values = np.array([[1.25, 0], [3, -4.5], [0, 7]], np.float32)
    whole = Grid(values, "4c", "whole module", photo="=cat", model="BVLC", target="logit of cat")
    part = replace(whole, values=values[:1] / 3, branch="5x5")
    text = grid_csv([whole, part])
    assert text.startswith("\ufeffmodule,branch,row,column,value,photo,model,target\n")
    found = read(text)
    assert len(found) == 6 + 2
    assert set(found["photo"]) == {"'=cat"} and set(found["target"]) == {"logit of cat"}
    table = found.pivot(index=["branch", "row"], columns="column", values="value")
    np.testing.assert_array_equal(table.loc["whole module"], values)
    np.testing.assert_array_equal(table.loc["5x5"].astype(np.float32), values[:1] / 3)


def test_maps_of_channels_and_a_difference_say_what_they_are() -> None:
    first = Grid(np.array([[1.0, 2.0]]), "3a", channel=7, model="a", photo="cat")
    second = replace(first, values=np.array([[5.0, 1.0]]), model="b")
    found = read(grid_csv([first, replace(second, channel=None), second.minus(first)]))
    assert list(found) == ["module", "channel", "row", "column", "value", "photo", "model"]
    assert found["channel"].fillna(-1).tolist() == [7, 7, -1, -1, 7, 7]
    assert found["model"].tolist() == ["a", "a", "b", "b", "b − a", "b − a"]
    assert found["value"].tolist() == [1, 2, 5, 1, 4, -1]
    assert set(found["photo"]) == {"cat"}


def test_channels_are_summarised_by_hand() -> None:
    maps = torch.tensor([[[0.0, 2.0], [4.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    found = read(channels_csv({"4c/5x5": measure(maps), "4c/pool": measure(maps[:1])}))
    assert list(found["layer"]) == ["4c/5x5", "4c/5x5", "4c/pool"]
    assert list(found["channel"]) == [0, 1, 0]
    assert list(found["mean"]) == [1.5, 1, 1.5]
    assert list(found["maximum"]) == [4, 1, 4]
    assert list(found["zero_share"]) == [0.5, 0, 0.5]
    assert channels_csv({}) == ""
