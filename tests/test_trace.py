from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from threading import Barrier

import pytest
import torch
from torch import nn

import inception_viz as iv
from inception_viz.trace import run
from tests.conftest import noise_photo, tiny_config


def hooks(network: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in network.modules())


def same(a: iv.Trace, b: iv.Trace) -> bool:
    pairs = [(a.input, b.input), (a.logits, b.logits)]
    pairs += [(a.modules[m], b.modules[m]) for m in a.modules]
    pairs += [(a.stem[s], b.stem[s]) for s in a.stem]
    pairs += [(a.reduces[m][r], b.reduces[m][r]) for m in a.reduces for r in a.reduces[m]]
    pairs += [(a.heads[h], b.heads[h]) for h in a.heads]
    return all(torch.equal(x, y) for x, y in pairs)


def test_holds_every_layer(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(0))
    assert trace.input.shape == (1, 3, 224, 224)
    assert list(trace.branches) == ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    assert {b: tuple(m.shape) for b, m in trace.branches["4c"].items()} == {
        "1x1": (4, 14, 14),
        "3x3": (6, 14, 14),
        "5x5": (4, 14, 14),
        "pool": (3, 14, 14),
    }
    assert {b: tuple(m.shape) for b, m in trace.reduces["3a"].items()} == {
        "3x3": (3, 28, 28),
        "5x5": (2, 28, 28),
    }
    assert list(trace.stem) == [
        "conv1",
        "pool1",
        "norm1",
        "conv2_reduce",
        "conv2",
        "norm2",
        "pool2",
    ]
    assert {h: tuple(v.shape) for h, v in trace.heads.items()} == dict.fromkeys(
        ("main", "aux1", "aux2"), (7,)
    )


def test_branches_equal_the_branches_run_alone(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(1))
    network = tiny.network
    with torch.no_grad():
        x = trace.input
        for name, step in network.trunk.items():
            if name in trace.branches:
                for branch, layers in step.branches.items():  # type: ignore[union-attr,operator]
                    torch.testing.assert_close(trace.branches[name][branch], layers(x)[0])
                    if hasattr(layers, "reduce"):
                        torch.testing.assert_close(trace.reduces[name][branch], layers.reduce(x)[0])
            x = step(x)
        torch.testing.assert_close(trace.logits, network.classify(x)[0])


def test_activations_are_behind_their_relu(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(2))
    for branches in trace.branches.values():
        assert all(maps.min() >= 0 for maps in branches.values())


def test_layers_by_name(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(2))
    assert trace.layer("conv1") is trace.stem["conv1"]
    assert trace.layer("4c") is trace.modules["4c"]
    assert trace.layer("4c/5x5") is trace.branches["4c"]["5x5"]
    assert trace.layer("4c/5x5/reduce") is trace.reduces["4c"]["5x5"]
    for unknown in ("4z", "4c/7x7", "4c/1x1/reduce", "4c/5x5/conv", "4c/5x5:1"):
        with pytest.raises(KeyError):
            trace.layer(unknown)


def test_predictions_are_softmax_of_the_logits(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(3))
    expected = torch.softmax(trace.heads["aux1"], 0)
    best = int(expected.argmax())
    label, probability = trace.predictions(k=3, head="aux1")[0]
    assert label == tiny.labels[best]
    assert probability == pytest.approx(float(expected[best]))
    assert len(trace.predictions(k=100)) == 7
    with pytest.raises(KeyError, match="no trained head"):
        trace.predictions(head="aux9")


def test_nothing_can_be_reassigned(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(3))
    with pytest.raises(FrozenInstanceError):
        trace.input = torch.zeros(1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        trace.branches["3a"] = {}  # type: ignore[index]
    with pytest.raises(TypeError):
        trace.branches["3a"]["1x1"] = torch.zeros(1)  # type: ignore[index]


def test_thirty_threads_get_what_thirty_single_calls_get(tiny: iv.Classifier) -> None:
    photos = [noise_photo(seed) for seed in range(30)]
    single = [tiny.trace(photo) for photo in photos]
    together = Barrier(30)

    def work(index: int) -> iv.Trace:
        together.wait()
        return tiny.trace(photos[index])

    with ThreadPoolExecutor(30) as pool:
        threaded = list(pool.map(work, range(30)))
    assert all(same(a, b) for a, b in zip(single, threaded, strict=True))
    assert not same(threaded[0], threaded[1])
    assert hooks(tiny.inference_network) == 0


def test_other_peoples_hooks_stay(
    tiny: iv.Classifier,
) -> None:
    network = tiny.inference_network
    block = network.modules_by_name["4c"].branches["3x3"]
    seen: list[torch.Tensor] = []
    handle = block.get_submodule("reduce").register_forward_hook(
        lambda _layer, _inputs, output: seen.append(output)
    )
    try:
        trace = tiny.trace(noise_photo(4))
        with pytest.raises(RuntimeError):
            run(network, torch.zeros(1, 5, 224, 224))
        assert hooks(network) == 1
    finally:
        handle.remove()
    (output,) = seen
    assert torch.equal(output[0], trace.reduces["4c"]["3x3"])
    assert hooks(network) == 0


def test_a_failing_thread_leaves_the_others_alone(tiny: iv.Classifier) -> None:
    network = tiny.inference_network

    def work(index: int) -> bool:
        if index % 3 == 0:
            with pytest.raises(RuntimeError):
                run(network, torch.zeros(1, 5, 224, 224))
            return True
        return same(tiny.trace(noise_photo(index)), tiny.trace(noise_photo(index)))

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, range(18)))
    assert hooks(network) == 0


def test_traces_can_be_used_for_gradients(tiny: iv.Classifier) -> None:
    trace = tiny.trace(noise_photo(6))
    start = trace.stem["pool2"][None].clone().requires_grad_()
    network = tiny.inference_network
    *_, (_, last) = network.walk(start, after="pool2")
    logits = network.classify(last)
    (gradient,) = torch.autograd.grad(logits[0, 3], start)
    assert gradient.abs().sum() > 0


def test_untrained_heads_are_left_out() -> None:
    from dataclasses import replace

    classifier = iv.load("random", config=tiny_config())
    weights = replace(classifier.weights, trained_heads=("main",))
    assert list(replace(classifier, weights=weights).trace(noise_photo(7)).heads) == ["main"]
