"""Behind the last module there is only an average and a linear layer: all methods must agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

import inception_viz as iv
from inception_viz.explain import METHODS, Baseline, ask, baseline_outputs, measure_reference
from inception_viz.sources import Reference
from tests.conftest import sample
from tests.explain.whole_network import blobs, channels

AGREEING = ("gradient_x_activation", "ablation", "shapley", "integrated_gradients")


def weight_times_average(
    classifier: iv.Classifier,
    trace: iv.Trace,
    index: int,
    against: int | None = None,
    usual: Reference | None = None,
) -> dict[str, float]:
    """Branch → Σ over its channels of weight · (mean over the map − usual mean), in double."""
    last = list(trace.modules)[-1]
    weight = classifier.network.classifier.weight.detach().double().numpy()
    row = weight[index] if against is None else weight[index] - weight[against]
    found: dict[str, float] = {}
    for branch, activations in trace.branches[last].items():
        maps = activations.double().numpy()
        means = maps.reshape(len(maps), -1).mean(axis=1)
        if usual is not None:
            means = means - usual.channels[last][branch]
        found[branch] = float((row[channels(classifier, last, branch)] * means).sum())
    return found


def scores(
    classifier: iv.Classifier,
    trace: iv.Trace,
    target: iv.Target,
    method: str,
    baseline: Baseline = "zero",
) -> dict[str, float]:
    """Of the last module alone, so that it is quick."""
    question = ask(classifier, trace, target)
    question = replace(question, modules=question.modules[-1:])
    outputs = baseline_outputs(question, classifier.weights.reference, baseline)
    found = METHODS[method].score(replace(question, baseline=outputs), lambda _share: None)
    return {branch: value for (_, branch), value in found.values.items()}


def agree(found: dict[str, float], expected: dict[str, float]) -> None:
    scale = max(abs(value) for value in expected.values())
    assert scale > 1e-2 and len(expected) == 4
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-4 * scale)


@pytest.mark.parametrize("method", AGREEING)
def test_methods_equal_weight_times_average(
    method: str, small: iv.Classifier, trace: iv.Trace
) -> None:
    for index in range(7):
        expected = weight_times_average(small, trace, index)
        agree(scores(small, trace, iv.Target(index), method), expected)


@pytest.mark.parametrize("method", AGREEING)
def test_of_a_margin(method: str, small: iv.Classifier, trace: iv.Trace) -> None:
    expected = weight_times_average(small, trace, 2, against=6)
    agree(scores(small, trace, iv.Target(2, against=6), method), expected)


@pytest.mark.parametrize("method", AGREEING)
def test_from_the_reference(method: str, small: iv.Classifier, trace: iv.Trace) -> None:
    usual = measure_reference((small.trace(blobs(s)) for s in (30, 31)), "noise")
    known = replace(small, weights=replace(small.weights, reference=usual))
    expected = weight_times_average(small, trace, 2, usual=usual)
    agree(scores(known, trace, iv.Target(2), method, "reference"), expected)


@pytest.mark.parametrize("method", AGREEING)
def test_of_the_bundled_network(method: str, imagenette: iv.Classifier, photo: iv.Trace) -> None:
    index = photo.top_classes(1)[0][0]
    expected = weight_times_average(imagenette, photo, index)
    agree(scores(imagenette, photo, iv.Target(index), method), expected)


def test_of_the_original_network(bvlc: iv.Classifier) -> None:
    trace = bvlc.trace(sample("espresso"))
    index = bvlc.labels.index("espresso")
    expected = weight_times_average(bvlc, trace, index)
    for method in AGREEING:
        agree(scores(bvlc, trace, iv.Target(index), method), expected)


def test_whole_results_agree_in_the_last_row(small: iv.Classifier, trace: iv.Trace) -> None:
    expected = weight_times_average(small, trace, 1)
    for method in AGREEING:
        found = iv.contributions(small, trace, 1, method)
        agree({branch: found.get("5b", branch) for branch in expected}, expected)
        assert found.relative_gap[-1] < 1e-4
