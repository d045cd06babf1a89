"""No explanation leaves a trace on the classifier, whatever happens and whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from inspect import isfunction
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import inception_viz as iv
from inception_viz import channel_scores, gradients
from inception_viz.architecture import ModuleRow
from inception_viz.explain import (
    METHODS,
    PIXEL_METHODS,
    VARIANTS,
    Progress,
    measure_reference,
    silent,
)
from inception_viz.network import GoogLeNet
from tests.explain.whole_network import blobs, head, lens_for, lively, small_config

Explainer = Callable[[iv.Classifier, iv.Trace, Progress], Any]
TARGET = iv.Target(2, against=5)


def of_method(method: str) -> Explainer:
    return lambda c, t, p: iv.contributions(c, t, TARGET, method, progress=p).values


def of_variant(variant: Any) -> Explainer:
    return lambda c, t, _: iv.grad_cam(c, t, iv.Target(1, head="aux2"), variant=variant)["4b"]


def of_pixels(method: Any) -> Explainer:
    return lambda c, t, p: iv.pixel_map(c, t, TARGET, method, progress=p).values


@cache
def other(classifier: iv.Classifier) -> iv.Trace:
    """Of a picture that the network with local response normalisation answers differently."""
    return classifier.trace(blobs(7))


def whole(classifier: iv.Classifier, trace: iv.Trace) -> iv.Trace:
    """The trace with nothing muted: only such are exchanged."""
    return classifier.trace(trace.picture) if trace.muted else trace


EXPLAINERS: dict[str, Explainer] = {
    **{method: of_method(method) for method in METHODS},
    **{variant: of_variant(variant) for variant in VARIANTS},
    **{f"pixels {method}": of_pixels(method) for method in PIXEL_METHODS},
    "gradients": lambda c, t, _: gradients(c, t, TARGET).at["4b"].numpy(),
    "channels": lambda c, t, _: channel_scores(t, gradients(c, t, 1), "4b").branches["3x3"],
    "mute": lambda c, t, _: iv.mute(c, t, ["4a/1x1", "5a/3x3:1"]).logits.numpy(),
    "sweep": lambda c, t, p: [r.value for r in iv.sweep(c, t, TARGET, p).rows],
    "beliefs": lambda c, t, _: [b.entropy for b in iv.beliefs(c, t, 2)],
    "flow": lambda c, t, _: np.concatenate(
        [e.ravel() for e in iv.flow(c, t, TARGET).edges.values()]
    ),
    "flow of channels": lambda c, t, _: iv.flow(c, t, TARGET).channels("4a/5x5", "4b/3x3"),
    "interchange": lambda c, t, _: iv.interchange(
        c, whole(c, t), other(c), ["4a/5x5"]
    ).logits.numpy(),
    "carrying set": lambda c, t, p: [
        step.margin for step in iv.carrying_set(c, whole(c, t), other(c), progress=p).steps
    ],
    "lens": lambda c, t, _: [r.probability for r in iv.lens(c, t, 2, using=lens_for(c))],
    "faithfulness": lambda c, t, p: (
        iv.faithfulness(c, t, np.arange(1024).reshape(32, 32), 2, steps=3, progress=p)
        .deletion["map"]
        .value
    ),
    "sanity": lambda c, t, p: [s.values for s in iv.sanity_check(c, t, 2, progress=p).stages],
}
WITH_PROGRESS = [*METHODS, *(f"pixels {m}" for m in PIXEL_METHODS), "sweep", "faithfulness"]
WITH_PROGRESS += ["sanity", "carrying set"]
UNMUTED_ONLY = ("faithfulness", "sanity")
CALLING_THE_NETWORK = [n for n in EXPLAINERS if n not in ("firing", "beliefs", "lens")]


@dataclass
class Snapshot:
    tensors: dict[str, torch.Tensor]
    versions: dict[str, int]
    flags: list[object]


def snapshot(network: nn.Module) -> Snapshot:
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    flags: list[object] = [(name, p.requires_grad) for name, p in network.named_parameters()]
    flags += [(name, p.grad is None) for name, p in network.named_parameters()]
    for name, module in network.named_modules():
        hooks = (
            module._forward_hooks,
            module._forward_pre_hooks,
            module._backward_hooks,
            module._backward_pre_hooks,
        )
        flags.append((name, module.training, type(module), [dict(each) for each in hooks]))
    return Snapshot(
        {name: tensor.detach().clone() for name, tensor in tensors.items()},
        {name: tensor._version for name, tensor in tensors.items()},
        flags,
    )


class Unchanged:
    """Everything about a classifier and a trace, compared on leaving."""

    def __init__(self, classifier: iv.Classifier, trace: iv.Trace) -> None:
        self.classifier, self.trace = classifier, trace

    def look(self) -> tuple[list[Snapshot], list[torch.Tensor], list[bool]]:
        networks = [self.classifier.network, self.classifier.inference_network]
        trace = self.trace
        outputs = [trace.input, *trace.modules.values(), *trace.heads.values()]
        modes = [torch.is_grad_enabled(), torch.is_inference_mode_enabled()]
        return (
            [snapshot(network) for network in networks],
            [output.clone() for output in outputs],
            modes,
        )

    def __enter__(self) -> None:
        self.before = self.look()

    def __exit__(self, *_: object) -> None:
        after = self.look()
        for a, b in zip(self.before[0], after[0], strict=True):
            assert a.flags == b.flags
            assert a.versions == b.versions
            assert a.tensors.keys() == b.tensors.keys()
            assert all(torch.equal(a.tensors[name], b.tensors[name]) for name in a.tensors)
        assert all(torch.equal(x, y) for x, y in zip(self.before[1], after[1], strict=True))
        assert self.before[2] == after[2]


def short_config(norm: str = "lrn") -> iv.GoogLeNetConfig:
    """Four modules on 32 pixels: all code paths, quickly."""
    row = ModuleRow(4, 3, 6, 2, 4, 3)
    return small_config(
        norm,
        input_size=32,
        stage3=(row,),
        stage4=(row, row),
        stage5=(row,),
        aux1=head("4a"),
        aux2=head("4b"),
    )


@pytest.fixture(scope="module")
def lrn() -> iv.Classifier:
    classifier = lively(short_config())
    first_choices = {
        t.top_classes(1)[0][0] for t in (other(classifier), classifier.trace(blobs(0)))
    }
    assert len(first_choices) == 2
    return classifier


@pytest.fixture(scope="module")
def batch() -> iv.Classifier:
    return lively(short_config("batch"))


@pytest.fixture
def trace(lrn: iv.Classifier) -> iv.Trace:
    return lrn.trace(blobs(0))


def test_no_explainer_is_forgotten() -> None:
    public = {"contributions", "grad_cam", "mute", "sweep", "pixel_map", "faithfulness"}
    public |= {"beliefs", "lens", "sanity_check", "gradients", "channel_scores", "firing"}
    public |= {"flow", "interchange", "carrying_set"}
    functions = [f for f in (getattr(iv, name) for name in dir(iv)) if isfunction(f)]
    assert {f.__name__ for f in functions if ".explain." in f.__module__} == public


def test_the_comparison_sees_a_change(lrn: iv.Classifier, trace: iv.Trace) -> None:
    handle = None
    with pytest.raises(AssertionError), Unchanged(lrn, trace):
        handle = lrn.inference_network.trunk["4b"].register_forward_hook(lambda *_: None)
    assert handle is not None
    handle.remove()
    weight = lrn.network.classifier.weight.data
    with pytest.raises(AssertionError), Unchanged(lrn, trace):
        weight[0, 0] += 1
    weight[0, 0] -= 1
    with pytest.raises(AssertionError), Unchanged(lrn, trace):
        lrn.network.train()
    lrn.network.eval()


@pytest.mark.parametrize("norm", ["lrn", "batch"])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_after_success(name: str, norm: str, request: pytest.FixtureRequest) -> None:
    classifier: iv.Classifier = request.getfixturevalue(norm)
    trace = classifier.trace(blobs(0))
    with Unchanged(classifier, trace):
        EXPLAINERS[name](classifier, trace, silent)


@pytest.mark.parametrize("name", WITH_PROGRESS)
def test_after_being_stopped(name: str, lrn: iv.Classifier, trace: iv.Trace) -> None:
    calls = 0

    def stop(share: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 3 or share == 1:
            raise InterruptedError

    with Unchanged(lrn, trace), pytest.raises(InterruptedError):
        EXPLAINERS[name](lrn, trace, stop)


@pytest.mark.parametrize("name", CALLING_THE_NETWORK)
def test_after_failing_in_the_middle(
    name: str, lrn: iv.Classifier, trace: iv.Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    with Unchanged(lrn, trace), monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr("inception_viz.network.googlenet.AuxHead.classify", fail)
        patch.setattr(GoogLeNet, "classify", fail)
        EXPLAINERS[name](lrn, trace, silent)


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
@pytest.mark.parametrize("name", EXPLAINERS)
def test_the_callers_mode_changes_nothing(
    name: str, mode: Callable[[], Any], lrn: iv.Classifier, trace: iv.Trace
) -> None:
    if name not in UNMUTED_ONLY:
        trace = iv.mute(lrn, trace, ["3a/1x1", "4b/5x5:1"])
    expected = EXPLAINERS[name](lrn, trace, silent)
    with Unchanged(lrn, trace):
        with mode():
            found = EXPLAINERS[name](lrn, trace, silent)
        np.testing.assert_allclose(
            np.array(found, float), np.array(expected, float), rtol=1e-4, atol=1e-6
        )


# What needs gradients of the classifier's own network; pixel maps work on a copy.
BACKWARD = ["gradient_x_activation", "integrated_gradients", *VARIANTS]
BACKWARD += ["gradients", "channels", "sanity", "flow", "flow of channels"]


@pytest.mark.parametrize("name", [name for name in EXPLAINERS if name not in BACKWARD])
def test_all_may_happen_in_inference_mode(name: str) -> None:
    check_made_in_inference_mode(name)


@pytest.mark.parametrize("name", BACKWARD)
def test_all_may_happen_in_inference_mode_with_gradients(name: str) -> None:
    check_made_in_inference_mode(name)


def check_made_in_inference_mode(name: str) -> None:
    """Loaded, traced and explained in inference mode; explained again outside."""
    with torch.inference_mode():
        classifier = lively(short_config())
        trace = classifier.trace(blobs(0))
        found = EXPLAINERS[name](classifier, trace, silent)
    expected = EXPLAINERS[name](classifier, trace, silent)
    np.testing.assert_allclose(
        np.array(found, float), np.array(expected, float), rtol=1e-4, atol=1e-6
    )


def test_the_reference_is_measured_without_a_trace(lrn: iv.Classifier, trace: iv.Trace) -> None:
    with Unchanged(lrn, trace):
        measure_reference((lrn.trace(blobs(seed)) for seed in range(2)), "blobs")
