"""Gradient × activation and integrated gradients of the branches."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import LayerGradientXActivation

import inception_viz as iv
from inception_viz import gradients
from inception_viz.explain import METHODS, TOLERANCE, ask, baseline_outputs
from tests.explain.whole_network import (
    blobs,
    branches,
    channels,
    muting,
    precise,
    rerun,
    slopes,
)


def test_gradients_equal_backpropagation_through_the_whole_network(
    small: iv.Classifier, trace: iv.Trace
) -> None:
    target = iv.Target(3, head="aux2", kind="probability")
    found = gradients(small, trace, target)
    expected = slopes(precise(small), trace.input, lambda z: z["aux2"].softmax(0)[3])
    assert list(found.at) == list(expected) == ["3a", "3b", "4a", "4b", "4c", "4d"]
    for module, (_, slope) in expected.items():
        scale = float(slope.abs().max())
        assert scale > 0
        torch.testing.assert_close(found.at[module].double(), slope, rtol=1e-3, atol=1e-4 * scale)
    assert found.value == pytest.approx(float(trace.heads["aux2"].softmax(0)[3]), rel=1e-5)


def test_gradient_x_activation_equals_captum(small: iv.Classifier, trace: iv.Trace) -> None:
    found = iv.contributions(small, trace, 2, "gradient_x_activation")
    network = copy.deepcopy(small.inference_network)
    for module, step in network.modules_by_name.items():
        captum = LayerGradientXActivation(lambda x: network(x).main, step)
        maps = captum.attribute(trace.input.clone().requires_grad_(), target=2)[0].detach()
        for branch in branches(small, module):
            expected = float(maps[channels(small, module, branch)].double().sum())
            assert found.get(module, branch) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert found.cost.backward_passes == 1


def test_gradient_x_activation_of_a_muted_trace(small: iv.Classifier, trace: iv.Trace) -> None:
    places = ["3b/1x1", "4c/5x5:2", "5a/pool"]
    found = iv.contributions(small, iv.mute(small, trace, places), 2, "gradient_x_activation")
    by_hand = slopes(precise(small), trace.input, lambda z: z["main"][2], muting(small, *places))
    for module in ("3a", "3b", "4b", "5a"):
        output, slope = by_hand[module]
        for branch in branches(small, module):
            part = channels(small, module, branch)
            expected = float((output[part] * slope[part]).sum())
            assert found.get(module, branch) == pytest.approx(expected, rel=1e-3, abs=1e-4)
    assert found.get("3b", "1x1") == 0


def test_integrated_gradients_equal_the_path_through_the_whole_network(
    small: iv.Classifier, trace: iv.Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mean of 48 slopes of the whole network along the path, weighted as Gauss and Legendre."""
    monkeypatch.setattr("inception_viz.explain.contributions.integrated.MOST_STEPS", 48)
    found = iv.contributions(small, trace, 2, "integrated_gradients")
    network = precise(small)
    output = trace.modules["4d"].double()
    places, weights = np.polynomial.legendre.leggauss(48)
    total = torch.zeros_like(output)
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        faded = {"4d": lambda whole, share=place: whole * share}
        _, slope = slopes(network, trace.input, lambda z: z["main"][2], faded)["4d"]
        total += weight * slope
    for branch in branches(small, "4d"):
        part = channels(small, "4d", branch)
        expected = float((total[part] * output[part]).sum())
        assert found.get("4d", branch) == pytest.approx(expected, rel=2e-2, abs=5e-3)


def integrated_only(
    classifier: iv.Classifier, trace: iv.Trace, target: int | None, modules: tuple[str, ...]
) -> dict[str, float]:
    """Module → sum of its scores; the last module must be among them."""
    question = replace(ask(classifier, trace, target), modules=modules)
    question = replace(question, baseline=baseline_outputs(question, None, "zero"))
    found = METHODS["integrated_gradients"].score(question, lambda _share: None)
    return {m: sum(v for (name, _), v in found.values.items() if name == m) for m in modules}


def test_a_module_with_a_wide_gap_is_done_again_with_more_steps(
    small: iv.Classifier, trace: iv.Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.explain.contributions.integrated.MOST_STEPS", 48)
    coarse = iv.contributions(small, trace, 2, "integrated_gradients")
    monkeypatch.undo()
    fine = iv.contributions(small, trace, 2, "integrated_gradients")
    assert coarse.cost.variants == 9 * 48 < fine.cost.variants
    wide = coarse.relative_gap > TOLERANCE
    assert wide.any()
    assert (np.abs(fine.gap) <= np.abs(coarse.gap) + 1e-9).sum() >= wide.sum()
    assert np.abs(fine.gap[wide]).sum() < np.abs(coarse.gap[wide]).sum()


def test_integrated_gradients_of_the_bundled_network_add_up_within_a_percent(
    imagenette: iv.Classifier, photo: iv.Trace
) -> None:
    index, logit = photo.top_classes(1)[0][0], float(photo.logits.max())
    for module, total in integrated_only(imagenette, photo, None, ("4c", "5b")).items():
        silent = {module: lambda output: output * 0}
        network = copy.deepcopy(imagenette.network)
        none = float(rerun(network, photo.input, silent).heads["main"][index])
        assert abs(total - (logit - none)) <= 0.01 * abs(logit - none)


def test_integrated_gradients_of_a_straight_network_add_up_exactly(tiny: iv.Classifier) -> None:
    # Without biases everything behind a module is positively homogeneous: no step is too long.
    found = iv.contributions(tiny, tiny.trace(blobs(0)), 3, "integrated_gradients")
    assert found.relative_gap.max() <= 1e-3
    assert np.abs(found.values).min(axis=1).max() > 0


def test_more_steps_close_the_gap(lrn: iv.Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = lrn.trace(blobs(0))
    network, modules = precise(lrn), ("3b", "4c", "5b")
    whole = {
        m: float(trace.logits[2])
        - float(rerun(network, trace.input, muting(lrn, m)).heads["main"][2])
        for m in modules
    }
    few = integrated_only(lrn, trace, 2, modules)
    monkeypatch.setattr("inception_viz.explain.contributions.integrated.STEPS", 600)
    many = integrated_only(lrn, trace, 2, modules)
    for module in modules:
        gap = abs(many[module] - whole[module])
        assert gap <= 0.01 * abs(whole[module])
        assert module == "5b" or gap < abs(few[module] - whole[module]) / 2


def test_promises_match_the_methods(odd: iv.Classifier) -> None:
    trace = odd.trace(blobs(0))
    promises = {
        method: iv.contributions(odd, trace, 0, method).promise
        for method in ("shapley", "integrated_gradients", "gradient_x_activation", "ablation")
    }
    assert list(promises.values()) == ["exact", "limit", "first order", "none"]
