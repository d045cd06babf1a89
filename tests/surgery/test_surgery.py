from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

import inception_viz as iv
from inception_viz import surgery
from inception_viz.architecture import (
    AuxHeadConfig,
    GoogLeNetConfig,
    Kernel5x5,
    Norm,
    StemConfig,
    cost,
)
from inception_viz.network import AuxHead, ConvBlock, GoogLeNet, Logits
from inception_viz.trace import Trace
from tests.conftest import noise_photo, sample, tiny_config

NORMS: tuple[Norm, ...] = get_args(Norm)


def lively(config: GoogLeNetConfig) -> iv.Classifier:
    """A random classifier whose biases and batch norms do something."""
    classifier = iv.load("random", config=config)
    generator = torch.Generator().manual_seed(7)
    for name, tensor in classifier.network.state_dict().items():
        if name.endswith("num_batches_tracked") or tensor.ndim > 1:
            continue
        noise = torch.rand(tensor.shape, generator=generator)
        is_scale = name.endswith(("running_var", "norm.weight"))
        tensor.copy_(0.5 + noise if is_scale else 0.2 * (noise - 0.5))
    return classifier


@pytest.fixture(scope="module", params=NORMS)
def classifier(request: pytest.FixtureRequest) -> iv.Classifier:
    return lively(tiny_config(norm=request.param))


def answers(network: GoogLeNet, x: Tensor) -> Logits:
    with torch.no_grad():
        found: Logits = network(x, heads=True)
    return found


def close(first: Logits, second: Logits, tolerance: float) -> bool:
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    assert pairs
    return all(
        float((a - b).abs().max()) <= tolerance * max(1.0, float(a.abs().max())) for a, b in pairs
    )


def filter_norms(block: nn.Module) -> Tensor:
    """By what each filter does to a picture: the convolution with its norm behind it."""
    assert isinstance(block, ConvBlock)
    norm = block.norm
    weight = block.conv.weight.detach().double()
    if isinstance(norm, nn.BatchNorm2d):
        assert norm.running_var is not None
        scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
        weight = weight * scale.detach()[:, None, None, None]
    found: Tensor = torch.linalg.vector_norm(weight.flatten(1), dim=1)
    return found


def weight(network: GoogLeNet, path: str) -> Tensor:
    found = network.get_submodule(path).weight
    assert isinstance(found, Tensor)
    return found


def kept(block: nn.Module, count: int, together: bool) -> list[int]:
    norms = filter_norms(block)
    if together:
        sums = [float(norms[i : i + count].sum()) for i in range(len(norms) - count + 1)]
        start = max(range(len(sums)), key=sums.__getitem__)
        return list(range(start, start + count))
    return sorted(norms.argsort(descending=True)[:count].tolist())


@contextmanager
def silenced(network: GoogLeNet, filters: dict[str, list[int]]) -> Iterator[None]:
    """Zero the activations of all filters of a block that aren't listed."""

    def mute(channels: list[int], _block: Any, _inputs: Any, output: Tensor) -> Tensor:
        mask = torch.zeros(output.shape[1])
        mask[channels] = 1
        return output * mask[:, None, None]

    handles = [
        network.get_submodule(name).register_forward_hook(partial(mute, channels))
        for name, channels in filters.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def test_the_same_config_is_the_identity(classifier: iv.Classifier) -> None:
    done = surgery.operate(classifier, classifier.config)
    state, before = done.classifier.network.state_dict(), classifier.network.state_dict()
    assert all(torch.equal(state[name], before[name]) for name in before)
    assert {layer.fate for layer in done.layers} == {"kept"}
    assert done.survived == 1 and not done.new_weights and not done.gone
    assert done.classifier.weights.trained_heads == classifier.weights.trained_heads


def test_fewer_filters_is_the_old_network_with_those_filters_silent(
    classifier: iv.Classifier,
) -> None:
    old = classifier.network
    row = classifier.config.stage3[0]
    small = replace(row, f_1x1=3, f_3x3_r=2, f_3x3=4, f_5x5_r=1, f_5x5=2, f_pp=2)
    config = replace(
        classifier.config,
        stem=StemConfig(3, 2, 5),
        stage3=(small, row),
        stage4=(row, small, row, row, small),
        stage5=(small, small),
        aux1=AuxHeadConfig(after="4a", conv=40, fc=100),
    )
    lrn = config.norm == "lrn"
    head = old.aux["aux1"]
    assert isinstance(head, AuxHead)
    filters = {
        "trunk.conv1": kept(old.trunk["conv1"], 3, lrn),
        "trunk.conv2_reduce": kept(old.trunk["conv2_reduce"], 2, False),
        "trunk.conv2": kept(old.trunk["conv2"], 5, lrn),
        "aux.aux1.conv": kept(head.conv, 40, False),
    }
    for module in ("3a", "4b", "4e", "5a", "5b"):
        for path, count in (
            ("1x1.conv", 3), ("3x3.reduce", 2), ("3x3.conv", 4), ("5x5.reduce", 1),
            ("5x5.conv", 2), ("pool.project", 2),
        ):  # fmt: skip
            name = f"trunk.{module}.branches.{path}"
            filters[name] = kept(old.get_submodule(name), count, False)
    hidden = head.fc.weight.norm(dim=1).argsort(descending=True)[:100]
    x = classifier.trace(noise_photo(0)).input

    def only_strongest(_layer: Any, _inputs: Any, output: Tensor) -> Tensor:
        mask = torch.zeros(output.shape[1])
        mask[hidden] = 1
        return output * mask

    handle = head.relu.register_forward_hook(only_strongest)
    with silenced(old, filters):
        expected = answers(old, x)
    handle.remove()
    done = surgery.operate(classifier, config)
    assert close(expected, answers(done.classifier.network, x), 1e-5)
    assert not done.new_weights
    assert 0 < done.survived < 1
    untouched = answers(old, x)
    assert not close(expected, untouched, 1e-3)  # the filters mattered


def test_more_filters_change_no_answer(classifier: iv.Classifier) -> None:
    row = classifier.config.stage3[0]
    big = replace(row, f_1x1=9, f_3x3_r=5, f_3x3=11, f_5x5_r=4, f_5x5=6, f_pp=5)
    config = replace(
        classifier.config,
        stem=StemConfig(7, 6, 12),
        stage3=(row, big),
        stage4=(big, row, big, row, row),
        stage5=(row, big),
        aux2=AuxHeadConfig(after="4d", conv=150, fc=1100),
    )
    x = classifier.trace(noise_photo(1)).input
    done = surgery.operate(classifier, config)
    assert close(answers(classifier.network, x), answers(done.classifier.network, x), 1e-6)
    assert done.survived == 1
    assert done.new_weights > 0
    # New filters are alive: they fire and can be trained.
    found = surgery.rebuild(classifier, config).trace(noise_photo(1))
    assert float(found.branches["5b"]["3x3"][6:].max()) > 0


def test_what_was_added_can_be_trained(classifier: iv.Classifier) -> None:
    row = replace(classifier.config.stage5[1], f_3x3=9)
    config = replace(classifier.config, stage5=(classifier.config.stage5[0], row))
    network = surgery.rebuild(classifier, config).network
    network.requires_grad_(True)
    network(classifier.trace(noise_photo(0)).input).main.square().sum().backward()
    columns = slice(4 + 6, 4 + 9)  # behind the four of 1×1: the three new ones of 3×3
    assert network.classifier.weight.grad is not None
    assert float(network.classifier.weight.grad[:, columns].abs().max()) > 0
    assert float(network.classifier.weight.detach()[:, columns].abs().max()) == 0


@pytest.mark.parametrize("branch", ["1x1", "3x3", "5x5", "pool"])
def test_a_removed_branch_is_a_muted_one(classifier: iv.Classifier, branch: str) -> None:
    nothing: dict[str, dict[str, Any]] = {
        "1x1": {"f_1x1": 0}, "3x3": {"f_3x3": 0, "f_3x3_r": 0}, "5x5": {"f_5x5": 0, "f_5x5_r": 0},
        "pool": {"f_pp": None},
    }  # fmt: skip
    rows = list(classifier.config.stage4)
    rows[2] = replace(rows[2], **nothing[branch])
    without = surgery.rebuild(classifier, replace(classifier.config, stage4=tuple(rows)))
    trace = classifier.trace(noise_photo(2))
    muted = iv.mute(classifier, trace, [f"4c/{branch}"])
    found = without.trace(noise_photo(2))
    for head, logits in muted.heads.items():
        torch.testing.assert_close(found.heads[head], logits, rtol=1e-4, atol=1e-5)


def traces_agree(first: Trace, second: Trace, tolerance: float = 1e-4) -> None:
    torch.testing.assert_close(first.logits, second.logits, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("kernel", "wider"), [("3", "5"), ("3", "3+3")])
def test_a_larger_kernel_changes_nothing_until_trained(kernel: Kernel5x5, wider: Kernel5x5) -> None:
    for norm in NORMS:
        old = lively(tiny_config(kernel_5x5=kernel, norm=norm))
        done = surgery.operate(old, replace(old.config, kernel_5x5=wider))
        traces_agree(old.trace(noise_photo(0)), done.classifier.trace(noise_photo(0)))
        fates = {layer.name: layer for layer in done.layers}
        assert fates["4c/5x5"].fate == ("grown" if wider == "5" else "new")


def test_a_smaller_kernel_keeps_its_middle() -> None:
    old = lively(tiny_config())
    done = surgery.operate(old, replace(old.config, kernel_5x5="3"))
    before = weight(old.network, "trunk.4c.branches.5x5.conv.conv")
    after = weight(done.classifier.network, "trunk.4c.branches.5x5.conv.conv")
    assert torch.equal(after, before[:, :, 1:4, 1:4])
    fate = next(layer for layer in done.layers if layer.name == "4c/5x5")
    assert fate.fate == "sliced" and "middle" in fate.note


@pytest.mark.parametrize(("before", "after"), [("batch", "none"), ("none", "batch")])
def test_batch_norm_comes_and_goes_without_a_trace(before: Norm, after: Norm) -> None:
    old = lively(tiny_config(norm=before))
    done = surgery.operate(old, replace(old.config, norm=after))
    traces_agree(old.trace(noise_photo(0)), done.classifier.trace(noise_photo(0)))
    assert any("batch norms" in note for note in done.notes)


def test_losing_lrn_is_said() -> None:
    old = lively(tiny_config(norm="lrn"))
    done = surgery.operate(old, replace(old.config, norm="batch"))
    assert any("normalisation is gone" in note for note in done.notes)


def test_a_removed_module_is_found_by_its_row() -> None:
    rows = tuple(replace(tiny_config().stage4[0], f_1x1=n) for n in (4, 5, 6, 7, 8))
    old = lively(tiny_config(stage4=rows))
    done = surgery.operate(old, replace(old.config, stage4=(*rows[:2], *rows[3:]), aux2=None))
    assert done.origins["4c"] == "4d" and done.origins["4d"] == "4e"
    assert done.gone == ("4c",)
    fates = {layer.name: layer for layer in done.layers}
    assert "other maps" in fates["4c/1x1"].note
    assert fates["4b/1x1"].fate == fates["4d/1x1"].fate == "kept"


def test_an_added_module_is_new_and_the_rest_is_kept() -> None:
    rows = tuple(replace(tiny_config().stage5[0], f_1x1=n) for n in (4, 5))
    old = lively(tiny_config(stage5=rows))
    extra = replace(rows[0], f_1x1=9)
    done = surgery.operate(old, replace(old.config, stage5=(rows[0], extra, rows[1])))
    assert done.origins["5b"] is None and done.origins["5c"] == "5b"
    fates = {layer.name: layer.fate for layer in done.layers}
    assert fates["5b/3x3"] == "new"
    # 5c reads one more 1×1 channel than before, and has a weight of zero for it.
    assert done.survived == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kernel", get_args(Kernel5x5))
def test_every_layer_is_reported_by_its_name_in_the_cost_table(kernel: Kernel5x5) -> None:
    old = lively(tiny_config(aux1=None))
    rows = (*old.config.stage5, replace(old.config.stage5[0], f_3x3_r=0))
    config = replace(
        old.config, kernel_5x5=kernel, stage5=rows, aux1=AuxHeadConfig(after="4a", conv=9)
    )
    done = surgery.operate(old, config)
    weights = {layer.name: layer.weights for layer in cost.layers(config) if layer.weights}
    assert {fate.name: fate.weights for fate in done.layers} == weights
    assert len(done.layers) == len(weights)


def test_moved_modules_take_their_weights_along() -> None:
    old = lively(tiny_config())
    origins = {name: name for name in old.config.modules} | {"4b": "4c", "4c": "4b"}
    done = surgery.operate(old, old.config, origins=origins)
    before = weight(old.network, "trunk.4c.branches.3x3.conv.conv")
    after = weight(done.classifier.network, "trunk.4b.branches.3x3.conv.conv")
    assert torch.equal(before, after)


def test_heads_that_did_not_come_along_are_not_trained() -> None:
    old = lively(tiny_config(aux1=None))
    config = replace(old.config, aux1=AuxHeadConfig(after="4a"))
    found = surgery.rebuild(old, config)
    assert found.weights.trained_heads == ("main", "aux2")
    assert "aux1" not in found.trace(noise_photo(0)).heads


def test_classes_may_come_and_go() -> None:
    old = lively(tiny_config())
    more = surgery.rebuild(old, replace(old.config, classes=9))
    assert more.labels[7:] == ("class 7", "class 8")
    less = surgery.rebuild(old, replace(old.config, classes=4))
    before, after = old.trace(noise_photo(0)), less.trace(noise_photo(0))
    torch.testing.assert_close(after.logits, before.logits[:4], rtol=1e-4, atol=1e-5)


def test_the_most_active_filters_can_be_kept() -> None:
    classifier = iv.load("imagenette")
    rows = list(classifier.config.stage5)
    rows[1] = replace(rows[1], f_1x1=100)
    config = replace(classifier.config, stage5=tuple(rows))
    found = surgery.rebuild(classifier, config, keep="activation")
    reference = classifier.weights.reference
    assert reference is not None
    means = torch.tensor(list(reference.channels["5b"]["1x1"]))
    strongest = sorted(means.argsort(descending=True, stable=True)[:100].tolist())
    path = "trunk.5b.branches.1x1.conv.conv"
    before = weight(classifier.network, path)
    after = weight(found.network, path)
    assert torch.equal(after, before[strongest])
    assert found.weights.reference is None  # measured on another network


def test_the_report_counts_what_survived() -> None:
    classifier = iv.load("imagenette")
    half = GoogLeNetConfig.half_width(norm="batch", classes=10)
    done = surgery.operate(classifier, half)
    frame = done.to_frame()
    assert frame["carried"].sum() == frame["weights"].sum()
    weights = cost.totals(cost.layers(half)).weights
    assert frame["weights"].sum() == weights
    assert done.survived == pytest.approx(
        weights / cost.totals(cost.layers(classifier.config)).weights
    )
    assert set(frame["fate"]) == {"sliced"}
    assert f"{len(frame)}" and done.classifier.key != classifier.key
    assert done.classifier.trace(sample("cat")).predictions(1)


def test_the_old_network_stays_as_it_was(classifier: iv.Classifier) -> None:
    before = {name: tensor.clone() for name, tensor in classifier.network.state_dict().items()}
    surgery.rebuild(classifier, replace(classifier.config, stem=StemConfig(2, 2, 2), classes=3))
    after = classifier.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_an_unknown_way_to_choose_is_refused(classifier: iv.Classifier) -> None:
    with pytest.raises(iv.WeightsError, match="norm or activation"):
        surgery.rebuild(classifier, classifier.config, keep="magic")  # type: ignore[arg-type]


def _bytes(*networks: GoogLeNet) -> int:
    """Memory of all weights, each tensor counted once."""
    tensors = [t for n in networks for t in (*n.parameters(), *n.buffers())]
    return sum(
        {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values()
    )


def test_a_rebuilt_network_takes_the_memory_of_what_is_new_in_it(classifier: iv.Classifier) -> None:
    base, config = classifier, classifier.config
    stage = (config.stage4[0], replace(config.stage4[1], f_1x1=2), *config.stage4[2:])
    small = surgery.rebuild(base, replace(config, stage4=stage))
    before = _bytes(base.network, base.inference_network)
    both = _bytes(base.network, base.inference_network, small.network, small.inference_network)
    assert before < both < 1.5 * before
    alone = replace(small, base=None)
    x = torch.randn(2, 3, config.input_size, config.input_size)
    for head in ("main", "aux1", "aux2"):
        with torch.no_grad():
            shared = getattr(small.inference_network(x, heads=True), head)
            own = getattr(alone.inference_network(x, heads=True), head)
        assert torch.equal(shared, own)


def test_the_same_config_shares_everything(classifier: iv.Classifier) -> None:
    same = surgery.rebuild(classifier, classifier.config)
    networks = (classifier.network, classifier.inference_network)
    assert _bytes(*networks, same.network, same.inference_network) == _bytes(*networks)
