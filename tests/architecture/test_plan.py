from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from inception_viz.architecture import (
    AuxHeadConfig,
    GoogLeNetConfig,
    Layer,
    channel_growth,
    check_budget,
    cost,
    plan,
    receptive_fields,
    reductions,
    steps,
)
from inception_viz.figures import module_diagram, network_diagram
from inception_viz.network import GoogLeNet
from tests.conftest import tiny_config

PAPER = GoogLeNetConfig.paper()
ROW = tiny_config().stage3[0]
NAIVE = replace(ROW, f_3x3_r=0, f_5x5_r=0, f_pp=0)
NO_POOL = replace(ROW, f_pp=None)

CONFIGS = {
    "paper": PAPER,
    "torchvision": GoogLeNetConfig.torchvision(input_size=96, classes=3),
    "twice": tiny_config(norm="batch", kernel_5x5="3+3", input_size=129),
    "odd": tiny_config(stage3=(NAIVE,), stage4=(NO_POOL, ROW, ROW, ROW), pool4=2, norm="none"),
    "same": tiny_config(padding="same", input_size=129, pool4=2),
    "mixed": tiny_config(aux1=AuxHeadConfig("3b"), aux2=AuxHeadConfig("4d", pool="4x4")),
    "no heads": tiny_config(aux1=None, aux2=None, input_size=32),
}


def path(layer: Layer) -> str:
    """Where the layer stands in the built network."""
    part = layer.name.rpartition("/")[2]
    if layer.place in ("aux1", "aux2"):
        return f"aux.{layer.place}.{'pool' if part == 'average' else part}"
    if layer.place == "main":
        return part
    branch = f".branches.{layer.branch}.{layer.role}" if layer.branch else ""
    return f"trunk.{layer.step}{branch}"


@pytest.mark.parametrize("name", CONFIGS)
def test_every_layer_is_what_the_network_does(name: str) -> None:
    config = CONFIGS[name]
    network = GoogLeNet(config).eval()
    seen: dict[nn.Module, tuple[tuple[int, ...], tuple[int, ...]]] = {}

    def look(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen[module] = tuple(inputs[0].shape[1:]), tuple(output.shape[1:])

    layers = {path(layer): layer for layer in plan(config) if layer.name != "average"}
    handles = [network.get_submodule(at).register_forward_hook(look) for at in layers]
    with torch.no_grad():
        network(torch.zeros(1, 3, config.input_size, config.input_size), heads=True)
    for handle in handles:
        handle.remove()
    for at, layer in layers.items():
        read, put = seen[network.get_submodule(at)]
        flat = layer.kind in ("linear", "dropout")
        if layer.kind != "concatenation":
            assert read == ((layer.inputs,) if flat else (layer.inputs, *(layer.in_size,) * 2)), at
        assert put == ((layer.outputs,) if flat else (layer.outputs, *(layer.size,) * 2)), at
        parameters = network.get_submodule(at).parameters()
        if layer.kind != "concatenation":
            assert layer.parameters == sum(p.numel() for p in parameters), at
    leaves = nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Dropout
    built = sum(isinstance(module, leaves) for module in network.modules())
    assert built == sum(la.kind not in ("norm", "concatenation") for la in layers.values())


@pytest.mark.parametrize("name", CONFIGS)
def test_layers_read_one_another_in_order(name: str) -> None:
    known: dict[str, Layer] = {}
    for layer in plan(CONFIGS[name]):
        read = [known[other] for other in layer.reads]  # never one that comes later
        if not read:
            assert (layer.name, layer.inputs) == ("conv1", 3)
        elif layer.kind == "concatenation":
            assert sum(other.outputs for other in read) == layer.inputs == layer.outputs
        else:
            assert len(read) == 1
            sides = read[0].size ** 2 if layer.kind == "linear" else 1
            assert layer.inputs == read[0].outputs * sides
        assert layer.name not in known
        known[layer.name] = layer


def test_the_trunk_of_the_paper_step_by_step() -> None:
    assert list(steps(PAPER)) == [
        "conv1", "pool1", "norm1", "conv2_reduce", "conv2", "norm2", "pool2", "3a", "3b", "pool3",
        "4a", "4b", "4c", "4d", "4e", "pool4", "5a", "5b", "main", "aux1", "aux2",
    ]  # fmt: skip
    named = [layer.name for layer in steps(PAPER)["3a"]]
    assert named == [
        "3a/1x1", "3a/3x3/reduce", "3a/3x3", "3a/5x5/reduce", "3a/5x5", "3a/pool/max", "3a/pool",
        "3a",
    ]  # fmt: skip


def test_a_key_in_the_lab_unrolls_the_table_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that the page asks of a config that it hasn't seen before."""
    expanded = 0
    modules: Any = vars(GoogLeNetConfig)["modules"]

    def counted(config: GoogLeNetConfig) -> Any:
        nonlocal expanded
        expanded += 1
        return modules.fget(config)

    before = plan.cache_info().misses
    config = replace(PAPER, stage5=(replace(PAPER.stage5[0], f_1x1=77), PAPER.stage5[1]))
    monkeypatch.setattr(GoogLeNetConfig, "modules", property(counted))
    readers: list[Any] = [
        check_budget, cost.layers, cost.table, cost.branch_table, receptive_fields, reductions,
        channel_growth, network_diagram, lambda c: module_diagram(c, "4c"),
        lambda c: module_diagram(c, "4c", naive=True),
    ]  # fmt: skip
    for read in readers:
        read(config)
    with torch.device("meta"):
        GoogLeNet(config)
    assert plan.cache_info().misses == before + 1
    assert expanded <= 3
