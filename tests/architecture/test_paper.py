from __future__ import annotations

from functools import partial

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import inception_viz.torchvision_on_cpu  # noqa: F401  (before torchvision)
from inception_viz.architecture import WELL_KNOWN, GoogLeNetConfig, audit, audit_table, cost, differ


def test_every_printed_shape_and_depth_is_what_the_network_has() -> None:
    rows = audit()
    assert len(rows) == 17
    for row in rows:
        assert row.output == row.computed_output, row.name
        assert row.depth == row.computed_depth, row.name


def test_the_printed_column_adds_up_as_the_design_says() -> None:
    assert sum(row.paper_params or 0 for row in audit()) == pytest.approx(6797.7)


def test_differences_are_marked_and_explained() -> None:
    rows = {row.name: row for row in audit()}
    marked = {name for name, row in rows.items() if differ(row.paper_params, row.params)}
    assert marked == {
        "convolution", "inception (4c)", "inception (4d)", "inception (5a)", "inception (5b)",
    }  # fmt: skip
    slower = {name for name, row in rows.items() if differ(row.paper_ops, row.ops)}
    assert slower == {"convolution", "inception (5a)"}
    assert {name for name, row in rows.items() if row.remark} == marked | slower
    assert rows["convolution"].params == pytest.approx(9408 / 1024)
    assert rows["convolution"].ops == pytest.approx(118.0, abs=0.05)


def test_the_printed_convolution_fits_a_split_kernel() -> None:
    """What its remark claims, by hand."""
    split = 2 * 7 * 3 * 64
    printed = {row.name: row for row in audit()}["convolution"]
    assert split / 1000 == pytest.approx(printed.paper_params, abs=0.05)
    assert split * 112**2 / 1e6 == pytest.approx(printed.paper_ops, abs=0.5)


def test_remarks_about_the_modules_hold() -> None:
    """Where the remark says that the printed columns fit each other, they do, and nowhere else."""
    sizes = {"4c": 14, "4d": 14, "5a": 7, "5b": 7}
    for row in audit():
        name = row.name.removeprefix("inception (").rstrip(")")
        if name not in sizes or row.paper_params is None or row.paper_ops is None:
            continue
        implied = row.paper_params * 1024 * sizes[name] ** 2 / 1e6
        fit = abs(implied - row.paper_ops) < 0.6
        assert fit == ("fit each other" in row.remark), name


def test_as_a_table() -> None:
    frame = audit_table()
    assert len(frame) == 17
    assert list(frame["#1×1"])[4] == "64"


def test_well_known_networks_have_what_torchvisions_have() -> None:
    from torchvision import models

    builders = {"AlexNet": models.alexnet, "VGG-16": partial(models.vgg16, init_weights=False)}
    for name, known in WELL_KNOWN.items():
        with torch.device("meta"):
            network = builders[name](weights=None).eval()
            x = torch.empty(1, 3, 224, 224)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(x)
        assert known.parameters == sum(p.numel() for p in network.parameters())
        assert known.macs * 2 == counter.get_total_flops()
    # What VGG's authors' table implies: 15.5 G multiply-accumulates.
    assert WELL_KNOWN["VGG-16"].macs == pytest.approx(15.47e9, rel=0.001)
    ours = cost.totals(cost.at_inference(cost.layers(GoogLeNetConfig.paper()))).parameters
    assert WELL_KNOWN["AlexNet"].parameters / ours == pytest.approx(8.7, abs=0.05)
    assert WELL_KNOWN["VGG-16"].parameters / ours == pytest.approx(19.8, abs=0.05)
