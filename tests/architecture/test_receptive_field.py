from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from inception_viz.architecture import GoogLeNetConfig, receptive_fields
from inception_viz.network import GoogLeNet, recording
from tests.conftest import tiny_config


@pytest.mark.parametrize("kernel", ["5", "3+3"])
@pytest.mark.parametrize("unit", [(0, 0), (5, 6)])
def test_fields_are_where_the_gradient_goes(kernel: str, unit: tuple[int, int]) -> None:
    """Average pools in place of max pools let every pixel of the field count."""
    config = tiny_config(kernel_5x5=kernel, norm="none", input_size=256)
    network = GoogLeNet(config).eval()
    for layer in list(network.modules()):
        for name, child in layer.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(layer, name, nn.AvgPool2d(3, child.stride, child.padding, ceil_mode=True))
            if isinstance(child, nn.Conv2d):
                nn.init.constant_(child.weight, 0.1)
    x = torch.rand(1, 3, 256, 256, requires_grad=True)
    first: list[Tensor] = []
    inner = network.get_submodule("trunk.4b.branches.5x5.conv")
    handle = inner.register_forward_hook(lambda _module, _inputs, output: first.append(output))
    with recording(network) as record:
        network(x)
    handle.remove()
    layers = {"conv1": record["conv1"], "pool1": record["pool1"], "conv2": record["conv2"]}
    for module in ("3a", "4b"):
        layers |= {name: maps for name, maps in record.items() if name.startswith(f"{module}/")}
    layers["4b/5x5/first" if kernel == "3+3" else "4b/5x5"] = first[0]
    for name, maps in layers.items():
        (gradient,) = torch.autograd.grad(maps[0, :, unit[0], unit[1]].sum(), x, retain_graph=True)
        rows, columns = gradient[0].abs().sum(0).nonzero(as_tuple=True)
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        expected = receptive_fields(config)[name].box(*unit)
        clipped = [min(max(edge, 0), 256) for edge in expected]
        assert [int(edge) for edge in found] == clipped, name


def test_known_sizes() -> None:
    fields = receptive_fields(GoogLeNetConfig.paper())
    assert (fields["conv1"].size, fields["conv1"].stride) == (7, 2)
    assert (fields["pool2"].size, fields["pool2"].stride) == (27, 8)
    assert fields["3a/1x1"].size == 27
    assert fields["3a/3x3"].size == 27 + 2 * 8
    assert fields["3a/5x5"].size == fields["3a"].size == 27 + 4 * 8
    assert fields["5b"].stride == 32
