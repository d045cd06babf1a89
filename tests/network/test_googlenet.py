from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import inception_viz.torchvision_on_cpu  # noqa: F401  (before torchvision)
from inception_viz.architecture import GoogLeNetConfig, LrnConfig, ModuleRow
from inception_viz.network import GoogLeNet, LocalResponseNorm, fold_batch_norm
from inception_viz.sources import fill_network, read_layout
from inception_viz.trace import run
from tests.conftest import tiny_config


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("norm", ["none", "lrn"])
def test_parameter_counts_of_the_paper(norm: str) -> None:
    with torch.device("meta"):
        network = GoogLeNet(GoogLeNetConfig.paper(norm=norm))
    assert parameters(network.trunk) + parameters(network.classifier) == 6_998_552
    assert parameters(network.aux["aux1"]) == 3_188_840
    assert parameters(network.aux["aux2"]) == 3_190_888


def test_parameter_counts_of_torchvision() -> None:
    with torch.device("meta"):
        network = GoogLeNet(GoogLeNetConfig.torchvision())
    assert parameters(network) == 13_004_888
    assert parameters(network.trunk) + parameters(network.classifier) == 6_624_904


def test_shapes_in_order() -> None:
    network = GoogLeNet(GoogLeNetConfig.paper()).eval()
    logits, record = run(network, torch.zeros(1, 3, 224, 224))
    steps = {n: tuple(record[n].shape[1:]) for n in network.trunk}
    assert list(steps.items()) == [
        ("conv1", (64, 112, 112)),
        ("pool1", (64, 56, 56)),
        ("norm1", (64, 56, 56)),
        ("conv2_reduce", (64, 56, 56)),
        ("conv2", (192, 56, 56)),
        ("norm2", (192, 56, 56)),
        ("pool2", (192, 28, 28)),
        ("3a", (256, 28, 28)),
        ("3b", (480, 28, 28)),
        ("pool3", (480, 14, 14)),
        ("4a", (512, 14, 14)),
        ("4b", (512, 14, 14)),
        ("4c", (512, 14, 14)),
        ("4d", (528, 14, 14)),
        ("4e", (832, 14, 14)),
        ("pool4", (832, 7, 7)),
        ("5a", (832, 7, 7)),
        ("5b", (1024, 7, 7)),
    ]
    assert [tuple(v.shape) for v in logits if v is not None] == [(1, 1000)] * 3


@pytest.fixture(scope="module")
def torchvision_pair() -> tuple[nn.Module, GoogLeNet]:
    """torchvision's googlenet with random weights and statistics, and ours with the same."""
    from torchvision.models import googlenet

    torch.manual_seed(1)
    reference = googlenet(weights=None, init_weights=False, aux_logits=True).eval()
    for layer in reference.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for value in (layer.weight, layer.running_var):
                value.data.uniform_(0.5, 1.5)  # type: ignore[union-attr]
            for value in (layer.bias, layer.running_mean):
                value.data.normal_(std=0.1)  # type: ignore[union-attr]
    state = reference.state_dict()
    layout = read_layout(state)
    return reference, fill_network(layout.config, layout.state, layout.names, "the reference")


@pytest.mark.parametrize("folded", [False, True])
def test_same_numbers_as_torchvision(
    torchvision_pair: tuple[nn.Module, GoogLeNet], folded: bool
) -> None:
    reference, ours = torchvision_pair
    ours = fold_batch_norm(ours) if folded else ours
    tolerance = 1e-4 if folded else 1e-5
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    theirs: dict[Any, Tensor] = {}
    handles = [
        reference.get_submodule(f"inception{module}.branch{index}").register_forward_hook(
            lambda _m, _i, out, key=(module, branch): theirs.__setitem__(key, out)
        )
        for module in ours.modules_by_name
        for index, branch in enumerate(("1x1", "3x3", "5x5", "pool"), start=1)
    ]
    handles += [
        reference.get_submodule(f"inception{module}").register_forward_hook(
            lambda _m, _i, out, key=module: theirs.__setitem__(key, out)
        )
        for module in ("4a", "4d")
    ]
    logits, record = run(ours, x)
    with torch.no_grad():
        main = reference(x)
        # In eval mode torchvision leaves its heads out; they are modules all the same.
        aux1 = reference.get_submodule("aux1")(theirs.pop("4a"))
        aux2 = reference.get_submodule("aux2")(theirs.pop("4d"))
    for handle in handles:
        handle.remove()
    assert len(theirs) == 36
    for (module, branch), expected in theirs.items():
        maps = ours.modules_by_name[module].split(record[module])
        torch.testing.assert_close(maps[branch], expected, rtol=0, atol=tolerance)
    for value, expected in ((logits.main, main), (logits.aux1, aux1), (logits.aux2, aux2)):
        assert value is not None
        torch.testing.assert_close(value, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 64])
def test_local_response_norm_equals_pytorchs(channels: int) -> None:
    x = torch.randn(2, channels, 6, 6) * 40
    torch.testing.assert_close(LocalResponseNorm()(x), nn.LocalResponseNorm(5)(x))


@pytest.mark.parametrize(
    "lrn",
    [LrnConfig(11, 11e-4, 0.5, 2.0), LrnConfig(3, 0.1, 0.75, 1.0), LrnConfig(7, 0.1, 1.3, 0.2)],
)
def test_local_response_norm_with_other_constants(lrn: LrnConfig) -> None:
    x = torch.randn(2, 12, 6, 6) * 40
    expected = nn.LocalResponseNorm(lrn.size, lrn.alpha, lrn.beta, lrn.k)(x)
    torch.testing.assert_close(LocalResponseNorm(lrn)(x), expected)


@pytest.mark.parametrize("pictures", [1, 2])
def test_local_response_norm_has_the_gradient_of_pytorchs(pictures: int) -> None:
    x = (20 * torch.randn(pictures, 7, 3, 3, dtype=torch.float64)).requires_grad_()
    ours, theirs = (
        torch.autograd.grad(norm(x).pow(3).sum(), x)[0]
        for norm in (LocalResponseNorm(), nn.LocalResponseNorm(5))
    )
    torch.testing.assert_close(ours, theirs)
    assert torch.autograd.gradgradcheck(LocalResponseNorm(), x), "it can be derived twice"


def padded_by_hand(x: Tensor, kernel: int, value: float) -> Tensor:
    """TensorFlow's rule for stride 2, written out: even sides lack kernel − 2, odd ones k − 1."""
    before = {side: (kernel - (1 if side % 2 else 2)) // 2 for side in x.shape[-2:]}
    full = {side: kernel - (1 if side % 2 else 2) for side in x.shape[-2:]}
    height, width = x.shape[-2:]
    out = torch.full(
        (*x.shape[:2], height + full[height], width + full[width]), value, dtype=x.dtype
    )
    out[..., before[height] :, before[width] :][..., :height, :width] = x
    return out


@pytest.mark.parametrize("size", [224, 97, 130])
def test_padding_as_tensorflow_does(size: int) -> None:
    network = GoogLeNet(tiny_config(padding="same", input_size=224, norm="none")).eval()
    x = torch.randn(1, 3, size, size)
    with torch.no_grad():
        steps = dict(network.walk(x, upto="pool1"))
        conv = network.trunk.get_submodule("conv1.conv")
        assert isinstance(conv, nn.Conv2d)
        expected = F.conv2d(padded_by_hand(x, 7, 0.0), conv.weight, conv.bias, stride=2).relu()
        torch.testing.assert_close(steps["conv1"], expected)
        expected = F.max_pool2d(padded_by_hand(expected, 3, float("-inf")), 3, 2)
        torch.testing.assert_close(steps["pool1"], expected)
        assert steps["pool1"].shape[-1] == -(-size // 4)
        folded = fold_batch_norm(network)
        torch.testing.assert_close(folded(x).main, network(x).main)


def test_branch_maps_are_views_of_the_module_output() -> None:
    network = GoogLeNet(tiny_config()).eval()
    module = network.modules_by_name["3a"]
    output = module(torch.randn(1, 8, 28, 28))
    for maps in module.split(output).values():
        assert maps.untyped_storage().data_ptr() == output.untyped_storage().data_ptr()


@pytest.mark.parametrize("kernel", ["5", "3", "3+3"])
@pytest.mark.parametrize("norm", ["none", "lrn", "batch"])
def test_every_kind_of_network_runs_and_learns(kernel: str, norm: str) -> None:
    network = GoogLeNet(tiny_config(kernel_5x5=kernel, norm=norm))
    logits = network(torch.randn(2, 3, 224, 224))
    assert logits.aux1 is not None and logits.aux2 is not None  # training mode evaluates the heads
    sum(value.sum() for value in logits if value is not None).backward()
    assert all(p.grad is not None for p in network.parameters())


def test_eval_mode_leaves_the_heads_out_unless_asked() -> None:
    network = GoogLeNet(tiny_config()).eval()
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert network(x).aux1 is None
        assert network(x, heads=True).aux2 is not None


def test_naive_and_sparse_modules() -> None:
    sparse = ModuleRow(0, 0, 5, 0, 0, None)
    naive = ModuleRow(4, 0, 6, 0, 3, 0)
    network = GoogLeNet(tiny_config(stage3=(sparse, naive)))
    first, second = (network.modules_by_name[name] for name in ("3a", "3b"))
    assert first.widths == {"3x3": 5}
    assert second.widths == {"1x1": 4, "3x3": 6, "5x5": 3, "pool": 5}
    assert not hasattr(second.branches["3x3"], "reduce")
    assert network.eval()(torch.randn(1, 3, 224, 224)).main.shape == (1, 7)


def test_continuing_behind_a_step_gives_the_same_logits() -> None:
    network = GoogLeNet(tiny_config()).eval()
    x = torch.randn(1, 3, 224, 224)
    whole, record = run(network, x)
    steps = list(network.trunk)
    for step in ("pool2", "4c", "5b"):
        with torch.no_grad():
            rest = dict(network.walk(record[step], after=step))
            last = rest.get("5b", record["5b"])
            torch.testing.assert_close(network.answer("main", last), whole.main)
            for head, after in (("aux1", "4a"), ("aux2", "4d")):
                assert (after in rest) == (list(network.trunk).index(after) > steps.index(step))
                if after in rest:
                    torch.testing.assert_close(network.answer(head, rest[after]), record[head])


def test_random_weights_keep_the_activations_alive() -> None:
    network = GoogLeNet(GoogLeNetConfig.paper()).eval()
    network.initialise(seed=3)
    _, record = run(network, torch.randn(1, 3, 224, 224))
    means = [float(record[m].mean()) for m in network.modules_by_name]
    assert min(means) > 1e-3
    assert all(0.05 < later / earlier < 20 for earlier, later in pairwise(means))
    again = GoogLeNet(GoogLeNetConfig.paper())
    again.initialise(seed=3)
    assert torch.equal(again.classifier.weight, network.classifier.weight)
