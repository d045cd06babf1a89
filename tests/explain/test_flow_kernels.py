"""What flows between two channels, kernel by kernel, beside forward convolutions by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import inception_viz as iv
from inception_viz.explain import walk
from tests.explain.test_flow import CONFIGS
from tests.explain.whole_network import blobs, lively


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_kernels_add_up_to_what_flows_between_the_channels(config: iv.GoogLeNetConfig) -> None:
    classifier = lively(config)
    flow = iv.flow(classifier, classifier.trace(blobs(0)), iv.Target(2))
    random = np.random.default_rng(0)
    for step, after in list(flow.pairs)[:-1]:
        for source in flow.names[step]:
            for sink in flow.names[after]:
                table = flow.channels(source, sink)
                i, j = (int(random.integers(size)) for size in table.shape)
                found = flow.kernels(f"{source}:{i}", f"{sink}:{j}")
                scale = np.abs(table).max() or 1.0
                assert found.flows.sum() == pytest.approx(table[i, j], abs=1e-5 * scale)
                assert found.where.sum() == pytest.approx(table[i, j], abs=1e-4 * scale)
                assert len(found.maps) == len(found.flows) == len(found.weights)
                assert sorted(found.order) == list(range(len(found.flows)))


def test_each_kernel_passes_on_what_a_convolution_by_hand_says() -> None:
    classifier = iv.load("bvlc")
    trace = classifier.trace(blobs(1))
    flow = iv.flow(classifier, trace)
    found = flow.kernels("4c/5x5:12", "4d/3x3:7")
    module = classifier.inference_network.modules_by_name["4d"]
    reduce, convolve = (
        conv for conv in module.branches["3x3"].modules() if isinstance(conv, nn.Conv2d)
    )
    channel = sum(len(trace.branches["4c"][b]) for b in ("1x1", "3x3")) + 12
    read = trace.modules["4c"][channel]
    assert found.into is not None
    torch.testing.assert_close(
        torch.tensor(found.into), reduce.weight.detach()[:, channel, 0, 0], rtol=0, atol=1e-7
    )
    slope = iv.gradients(classifier, trace).at["4d"]
    own = slope[112 + 7]  # behind the 112 of 1x1
    gate = trace.branches["4d"]["3x3"][7] > 0
    for path in found.order[:5]:
        open_ = trace.layer("4d/3x3/reduce")[path] > 0
        reduced = found.into[path] * read * open_
        kernel = convolve.weight.detach()[7, path]
        np.testing.assert_array_equal(found.weights[path], kernel)
        out = F.conv2d(reduced[None, None], kernel[None, None], padding=1)[0, 0]
        assert float((out * own * gate).sum()) == pytest.approx(found.flows[path], abs=1e-6)


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        ("4c/5x5", "4d/3x3:7"),
        ("4c/5x5:64", "4d/3x3:7"),
        ("4c/5x5:1", "4e/3x3:7"),
        ("4c/5x5:1", "main"),
        ("stem:192", "3a/1x1:0"),
        ("stem:x", "3a/1x1:0"),
        ("stem", "3a/1x1:0"),
    ],
)
def test_what_is_no_pair_of_neighbouring_channels_is_refused(source: str, sink: str) -> None:
    classifier = iv.load("bvlc")
    flow = iv.flow(classifier, classifier.trace(blobs(1)))
    with pytest.raises(iv.ExplainError):
        flow.kernels(source, sink)


def test_a_walk_follows_the_maps_that_are_asked_for() -> None:
    classifier = iv.load("bvlc")
    trace = classifier.trace(blobs(1))
    found = walk(classifier, trace, "4d", "3x3", 7, reduced=5, source=300)
    np.testing.assert_array_equal(found.source, trace.modules["4c"][300])
    np.testing.assert_array_equal(found.window_map, trace.layer("4d/3x3/reduce")[5])
    assert (found.reduced, found.source_channel) == (5, 300)
    for wrong in ({"reduced": 144}, {"source": 512}, {"reduced": -1}):
        with pytest.raises(iv.ExplainError, match="There is no map"):
            walk(classifier, trace, "4d", "3x3", 7, **wrong)
