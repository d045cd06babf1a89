from __future__ import annotations

import torch

from inception_viz.explain import Unit, measure

MAPS = torch.tensor([[[0.0, 0], [0, 4]], [[1, 1], [1, 1]], [[0, 0], [0, 0]], [[0, 9], [0, 0]]])


def test_summary_of_known_maps() -> None:
    layer = measure(MAPS)
    assert layer.mean.tolist() == [1, 1, 0, 2.25]
    assert layer.maximum.tolist() == [4, 1, 0, 9]
    assert layer.zero_share.tolist() == [0.75, 0, 1, 0.75]
    assert (layer.overall_mean, layer.highest) == (1.0625, 9)
    assert [layer.rank(channel) for channel in range(4)] == [2, 2, 4, 1]
    assert layer.mean_map.tolist() == [[0.25, 2.5], [0.25, 1.25]]
    assert layer.strongest_unit(3) == Unit(0, 1, 9.0)
    assert layer.strongest_unit(0) == Unit(1, 1, 4.0)


def test_a_units_place_on_the_input() -> None:
    assert Unit(row=1, column=6, value=0.0).place(7, 224) == (208.0, 48.0)


def test_orders() -> None:
    layer = measure(MAPS)
    assert layer.order("strength").tolist() == [3, 0, 1, 2]  # equal ones keep their numbers' order
    assert layer.order("index").tolist() == [0, 1, 2, 3]
