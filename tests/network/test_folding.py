from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

import inception_viz as iv
from inception_viz.network import ConvBlock, GoogLeNet, can_pack, fold_batch_norm
from inception_viz.trace import run
from tests.explain.whole_network import lively, small_config

Anew = Callable[[GoogLeNet], GoogLeNet]

with torch.no_grad():
    _CAN_PACK = can_pack(torch.zeros(1, 3, 1, 1), torch.zeros(1, 3, 8, 8))
packs = pytest.mark.skipif(not _CAN_PACK, reason="weights are packed on x86 with oneDNN alone")


@pytest.fixture(params=["lrn", "batch"])
def classifier(request: pytest.FixtureRequest) -> iv.Classifier:
    return lively(small_config(request.param))


def photo(side: int = 64, count: int = 1) -> torch.Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(side + count))


def packed(network: GoogLeNet) -> dict[str, torch.Tensor]:
    """The blocks whose weights are packed, and into what."""
    blocks = {n: m for n, m in network.named_modules() if isinstance(m, ConvBlock)}
    shared = {name: getattr(block, "shared", None) for name, block in blocks.items()}
    found = {name: weights.packed for name, weights in shared.items() if weights is not None}
    return {name: parts.weight for name, parts in found.items() if parts is not None}


def test_every_step_equals_the_network_as_it_was_trained(classifier: iv.Classifier) -> None:
    folded = classifier.inference_network
    exact = copy.deepcopy(classifier.network).double()
    for x in (photo(), photo(count=3), photo(96), photo(), photo(48)):  # packed anew for each size
        (logits, record), (truth, reference) = run(folded, x), run(exact, x.double())
        assert list(record) == list(reference)
        for name, expected in reference.items():
            scale = float(expected.abs().max())
            torch.testing.assert_close(
                record[name].double(), expected, rtol=0, atol=2e-5 * scale, msg=name
            )
        for found, wanted in zip(logits, truth, strict=True):
            assert found is not None
            torch.testing.assert_close(found.double(), wanted, rtol=1e-4, atol=1e-4)


@packs
def test_weights_are_packed_once_for_a_size(classifier: iv.Classifier) -> None:
    folded = classifier.inference_network
    run(folded, photo())
    before = packed(folded)
    blocks = [n for n, m in folded.named_modules() if isinstance(m, ConvBlock)]
    assert list(before) == blocks
    run(folded, photo(count=2))
    assert all(packed(folded)[name] is weight for name, weight in before.items())
    run(folded, photo(96))
    assert packed(folded)["trunk.conv1"] is not before["trunk.conv1"]


def test_weights_that_change_are_seen(classifier: iv.Classifier) -> None:
    folded = fold_batch_norm(classifier.network)
    run(folded, photo())
    conv = folded.modules_by_name["4c"].branches["3x3"].conv.conv  # type: ignore[union-attr]
    with torch.no_grad():
        conv.weight.mul_(0)  # type: ignore[union-attr,operator]
    _, record = run(folded, photo())
    maps = folded.modules_by_name["4c"].split(record["4c"])["3x3"]
    bias = conv.bias.relu()[None, :, None, None]  # type: ignore[union-attr,operator]
    torch.testing.assert_close(maps, bias.expand_as(maps))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_nan_and_infinity_stay(classifier: iv.Classifier, bad: float) -> None:
    x = photo()
    x[0, 1, 30, 30] = bad
    logits, record = run(classifier.inference_network, x)
    assert record["conv2_reduce"].isnan().any()
    assert not logits.main.isfinite().all()


def test_gradients_pass_through(classifier: iv.Classifier) -> None:
    folded, x = classifier.inference_network, photo().double().requires_grad_()
    run(folded, photo())
    exact = copy.deepcopy(classifier.network).double().requires_grad_(False)
    (expected,) = torch.autograd.grad(exact(x).main[0, 2], x)
    small = x.detach().float().requires_grad_()
    answer = folded(small).main[0, 2]
    (found,) = torch.autograd.grad(answer, small)
    assert torch.cosine_similarity(found.flatten().double(), expected.flatten(), dim=0) > 0.999
    assert not any(p.requires_grad for p in folded.parameters())


@packs
def test_a_rebuilt_network_shares_what_is_packed() -> None:
    base = lively(small_config("batch"))
    config = base.config
    rows = (replace(config.stage5[0], f_1x1=config.stage5[0].f_1x1 + 1), *config.stage5[1:])
    rebuilt = iv.surgery.operate(base, replace(config, stage5=rows)).classifier
    run(base.inference_network, photo())
    run(rebuilt.inference_network, photo())
    ours, theirs = packed(rebuilt.inference_network), packed(base.inference_network)
    shared = {name for name, weight in ours.items() if weight is theirs.get(name)}
    assert "trunk.conv1" in shared and "trunk.4e.branches.3x3.conv" in shared
    assert "trunk.5a.branches.1x1.conv" not in shared


@pytest.mark.parametrize("anew", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_may_be_changed(classifier: iv.Classifier, anew: Anew) -> None:
    x = photo()
    (before, _) = run(classifier.inference_network, x)
    copied = anew(classifier.inference_network)
    (same, _) = run(copied, x)
    torch.testing.assert_close(same.main, before.main, rtol=1e-5, atol=1e-5)
    copied.get_submodule("trunk.conv1.conv").weight.data.zero_()  # type: ignore[operator]
    _, record = run(copied, x)
    assert (record["conv1"] == record["conv1"][..., :1, :1]).all()
    (after, _) = run(classifier.inference_network, x)
    assert torch.equal(after.main, before.main)
    assert not packed(copied)


def other_numbers(*_args: object) -> torch.Tensor:
    return torch.zeros(1)


def missing(*_args: object) -> torch.Tensor:
    raise AttributeError("'_OpNamespace' 'mkldnn' object has no attribute")


def refusing(*_args: object) -> torch.Tensor:
    raise RuntimeError("expected 11 arguments")


@packs
@pytest.mark.parametrize("operation", ["_pack", "_convolve"])
@pytest.mark.parametrize("changed", [other_numbers, missing, refusing])
def test_another_pytorch_computes_plainly(
    operation: str, changed: Callable[..., torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier, x = lively(small_config("batch")), photo()
    expected, _ = run(copy.deepcopy(classifier.inference_network), x)  # a copy packs nothing
    monkeypatch.setattr(f"inception_viz.network.folding.{operation}", changed)
    for _ in range(2):
        found, _ = run(classifier.inference_network, x)
        torch.testing.assert_close(found.main, expected.main, rtol=1e-5, atol=1e-5)
    assert not packed(classifier.inference_network)
