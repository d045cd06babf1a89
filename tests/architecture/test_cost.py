from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import inception_viz as iv
from inception_viz.architecture import GoogLeNetConfig, cost
from inception_viz.network import GoogLeNet
from inception_viz.trace import run
from tests.conftest import ROOT, tiny_config

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    (ROOT / "tests" / "data" / "fvcore_counts.json").read_text("utf-8")
)
PAPER = GoogLeNetConfig.paper()


@pytest.mark.parametrize("name", GOLDEN)
def test_counts_equal_fvcores_on_the_built_network(name: str) -> None:
    golden = GOLDEN[name]
    config = GoogLeNetConfig.from_json(json.dumps(golden["config"]))
    found = cost.totals(cost.layers(config))
    assert (found.parameters, found.macs) == (golden["parameters"], golden["macs"])


def test_the_figures_of_the_paper() -> None:
    found = cost.at_inference(cost.layers(PAPER))
    whole = cost.totals(found)
    assert whole.weights == 6_990_272
    assert whole.parameters == 6_998_552
    heads = cost.layers(PAPER)
    assert cost.totals(heads, "aux1").parameters == 3_188_840
    assert cost.totals(heads, "aux2").parameters == 3_190_888
    expected = {
        "3a": (159.5, 128.0), "3b": (379.0, 304.3), "4a": (366.8, 73.6), "4b": (438.0, 87.9),
        "4c": (497.5, 99.9), "4d": (590.5, 118.5), "4e": (847.0, 170.0), "5a": (1018.0, 51.1),
        "5b": (1409.0, 70.7),
    }  # fmt: skip
    for module, (params, ops) in expected.items():
        of_module = cost.totals(found, module)
        assert of_module.weights / 1024 == pytest.approx(params, abs=0.051)
        assert of_module.macs / 1e6 == pytest.approx(ops, abs=0.051)


@pytest.mark.parametrize(
    "config",
    [
        tiny_config(),
        tiny_config(norm="batch", kernel_5x5="3+3", input_size=129),
        tiny_config(norm="none", kernel_5x5="3", input_size=96, aux1=None, aux2=None),
        GoogLeNetConfig.naive(classes=3),
    ],
)
def test_shapes_and_parameters_are_those_of_the_built_network(config: GoogLeNetConfig) -> None:
    network = GoogLeNet(config).eval()
    _, record = run(network, torch.zeros(1, 3, config.input_size, config.input_size))
    by_name = {layer.name: layer for layer in cost.layers(config)}
    for name, output in record.items():
        module, _, branch = name.partition("/")
        if name in ("main", *config.heads):
            assert output.shape == (1, config.classes)
        elif name in by_name:
            layer = by_name[name]
            assert tuple(output.shape[1:]) == (layer.outputs, layer.size, layer.size), name
        else:
            widths = network.modules_by_name[module].widths
            assert {la.size for la in by_name.values() if la.place == module} == {output.shape[-1]}
            expected = widths[branch] if branch else sum(widths.values())  # type: ignore[index]
            assert output.shape[1] == expected, name
    for place, part in [("aux1", network.aux["aux1"])] if config.aux1 else []:
        parameters = sum(p.numel() for p in part.parameters())
        assert cost.totals(list(by_name.values()), place).parameters == parameters


def test_pytorchs_own_count_agrees_with_the_table() -> None:
    for config in (PAPER, tiny_config(kernel_5x5="3+3", norm="batch", input_size=193)):
        with torch.device("meta"):
            network = GoogLeNet(config).eval()
        x = torch.empty(1, 3, config.input_size, config.input_size, device="meta")
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(x, heads=True)
        assert 2 * cost.totals(cost.layers(config)).macs == counter.get_total_flops()


def test_an_adaptive_pool_has_no_window() -> None:
    pools = {la.name: la for la in cost.layers(GoogLeNetConfig.torchvision()) if "pool" in la.kind}
    for head in ("aux1", "aux2"):
        pool = pools[f"{head}/average"]
        assert (pool.kind, pool.kernel, pool.stride, pool.size) == ("adaptive pool", 0, 0, 4)
    frame = cost.table(PAPER).set_index("layer").loc["aux1/average"]
    assert tuple(frame[["kind", "kernel", "stride"]]) == ("average pool", 5, 3)


def test_table_and_branches_add_up() -> None:
    frame = cost.table(PAPER)
    assert frame["macs"].sum() == cost.totals(cost.layers(PAPER)).macs
    assert frame["layer"].is_unique
    branches = cost.branch_table(PAPER)
    assert len(branches) == 36
    for module, rows in branches.groupby("module"):
        assert rows["share_of_module"].sum() == pytest.approx(1), module
    modules = branches["macs"].sum()
    whole = cost.totals(cost.at_inference(cost.layers(PAPER))).macs
    assert branches["share_of_network"].sum() == pytest.approx(modules / whole)


def test_memory_is_four_bytes_a_value() -> None:
    conv1 = cost.layers(PAPER)[0]
    assert conv1.bytes == 4 * 64 * 112 * 112


def test_an_input_that_a_head_can_not_read_is_refused() -> None:
    with pytest.raises(iv.ConfigError, match="too small"):
        cost.layers(PAPER, 64)
    assert cost.layers(replace(PAPER, aux1=None, aux2=None), 64)


def test_it_needs_no_torch() -> None:
    code = (
        "import sys\nfrom inception_viz.architecture import cost, paper, text\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    assert iv.cost is cost
