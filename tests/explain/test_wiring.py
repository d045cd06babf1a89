from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient
from torch import nn

import inception_viz as iv
from inception_viz.architecture import Place
from inception_viz.explain import channel_inputs, channel_push, scale_channel
from inception_viz.network import ConvBlock
from tests.conftest import noise_photo, tiny_config


@pytest.fixture(scope="module")
def classifier() -> iv.Classifier:
    return iv.load("random", config=tiny_config(input_size=96))


@pytest.fixture(scope="module")
def trace(classifier: iv.Classifier) -> iv.Trace:
    return classifier.trace(noise_photo(3, (120, 100)))


class MeanOfChannel(nn.Module):
    def __init__(self, *steps: nn.Module, channel: int) -> None:
        super().__init__()
        self.steps, self.channel = nn.Sequential(*steps), channel

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean: torch.Tensor = self.steps(x)[:, self.channel].mean((1, 2))
        return mean


@pytest.mark.parametrize("place", ["3a/1x1:1", "3b/3x3:2", "4a/5x5:1", "4c/pool:0", "5b/3x3:3"])
def test_inputs_are_captums_and_add_up(
    classifier: iv.Classifier, trace: iv.Trace, place: str
) -> None:
    where = Place.parse(place)
    assert where is not None
    found = channel_inputs(classifier, trace, where)
    trunk = dict(classifier.inference_network.trunk)
    names = list(trunk)
    before = names[names.index(where.module) - 1]
    x = trace.modules.get(found.source, trace.stem.get(found.source))
    assert x is not None
    x = x[None]
    if before != found.source:
        x = trunk[before](x)
    channel = where.channels(classifier.network.modules_by_name[where.module].widths).start
    model = MeanOfChannel(copy.deepcopy(trunk[where.module]), channel=channel)
    expected = InputXGradient(model).attribute(x.clone().requires_grad_()).sum((2, 3))[0]
    ours = np.concatenate([*found.added.values()])
    np.testing.assert_allclose(ours, expected.detach(), atol=1e-6)
    assert ours.sum() + found.bias == pytest.approx(found.total, abs=1e-9)
    assert found.total == pytest.approx(float(model(x)), rel=1e-5)
    widths = {b: len(v) for b, v in found.added.items()}
    modules = classifier.network.modules_by_name
    known = modules[found.source].widths if found.source in modules else {"": x.shape[1]}
    assert widths == dict(known)


def test_the_strongest_inputs_are_the_largest_up_or_down(
    classifier: iv.Classifier, trace: iv.Trace
) -> None:
    found = channel_inputs(classifier, trace, Place("4c", "3x3", 1))
    rows = found.strongest(3)
    everything = np.concatenate([*found.added.values()])
    assert [abs(value) for _, _, value in rows] == sorted(np.abs(everything), reverse=True)[:3]
    branch, channel, value = rows[0]
    assert found.added[branch][channel] == value
    by_weight = found.strongest(1, by_weight=True)[0]
    assert abs(by_weight[2]) == max(np.abs(np.concatenate([*found.weights.values()])))


@pytest.mark.parametrize("kernel", ["5", "3", "3+3"])
@pytest.mark.parametrize("branch", ["1x1", "3x3", "5x5", "pool"])
def test_weights_are_what_a_constant_input_adds_with_all_gates_open(
    branch: str, kernel: str
) -> None:
    classifier = iv.load("random", config=tiny_config(input_size=96, kernel_5x5=kernel))
    trace = classifier.trace(noise_photo(3, (120, 100)))
    place = Place("4c", branch, 1)  # type: ignore[arg-type]
    weights = np.concatenate([*channel_inputs(classifier, trace, place).weights.values()])
    layers = copy.deepcopy(classifier.network.modules_by_name["4c"].branches[branch])
    for block in layers.children():
        if isinstance(block, ConvBlock):
            block.relu = nn.Identity()  # type: ignore[assignment]
    inputs = len(weights)
    x = torch.zeros(inputs + 1, inputs, 15, 15)
    x[torch.arange(inputs), torch.arange(inputs)] = 1
    with torch.no_grad():
        middle = layers(x)[:, 1, 7, 7]
    np.testing.assert_allclose(weights, middle[:-1] - middle[-1], atol=1e-5)


@pytest.mark.parametrize("place", ["3a/3x3:0", "4c/5x5:1", "5b/1x1:2"])
def test_a_push_is_the_gradient_times_the_activation_for_every_class(
    classifier: iv.Classifier, trace: iv.Trace, place: str
) -> None:
    where = Place.parse(place)
    assert where is not None and where.branch is not None and where.channel is not None
    push = channel_push(classifier, trace, where)
    assert push.shape == (len(classifier.labels),)
    for target in range(3):
        slopes = iv.gradients(classifier, trace, target)
        scores = iv.channel_scores(trace, slopes, where.module).branches[where.branch]
        assert push[target] == pytest.approx(scores[where.channel], rel=1e-4, abs=1e-6)


def test_behind_the_last_module_a_push_is_mean_times_weight(
    classifier: iv.Classifier, trace: iv.Trace
) -> None:
    channel = 3
    weights = classifier.network.classifier.weight.detach()[:, channel]
    expected = weights * trace.modules["5b"][channel].mean()
    push = channel_push(classifier, trace, Place("5b", "1x1", channel))
    np.testing.assert_allclose(push, expected, rtol=1e-5, atol=1e-7)


def test_a_channel_scaled(classifier: iv.Classifier, trace: iv.Trace) -> None:
    place = Place("4b", "3x3", 1)
    shares = scale_channel(classifier, trace, place, [0, 1, 3])
    muted = iv.mute(classifier, trace, [str(place)])
    np.testing.assert_allclose(shares[0], muted.probabilities(), atol=1e-6)
    np.testing.assert_allclose(shares[1], trace.probabilities(), atol=1e-6)
    x = trace.modules["4b"][None].clone()
    x[:, place.channels(classifier.network.modules_by_name["4b"].widths)] *= 3
    with torch.no_grad():
        *_, (_, last) = classifier.network.walk(x, after="4b")
        expected = classifier.network.classify(last)[0].softmax(0)
    np.testing.assert_allclose(shares[2], expected, atol=1e-5)
    assert abs(shares[2] - shares[1]).max() > 1e-5


@pytest.mark.parametrize("ask", [channel_inputs, channel_push])
def test_what_does_not_exist_is_said(
    classifier: iv.Classifier, trace: iv.Trace, ask: object
) -> None:
    for place in (Place("4c", "5x5", 99), Place("9z", "5x5", 0), Place("4c", "5x5"), Place("4c")):
        with pytest.raises(iv.ExplainError, match="no channel"):
            ask(classifier, trace, place)  # type: ignore[operator]
    other = iv.load("random", config=tiny_config(input_size=96, classes=3))
    with pytest.raises(iv.ExplainError, match="another model"):
        ask(other, trace, Place("4c", "5x5", 0))  # type: ignore[operator]
