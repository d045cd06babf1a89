from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import inception_viz as iv
from inception_viz.explain import measure_reference
from inception_viz.sources import Reference
from tests.explain.whole_network import blobs, branches, channels, muting, precise, replaced, rerun


def with_reference(classifier: iv.Classifier, reference: Reference | None) -> iv.Classifier:
    return replace(classifier, weights=replace(classifier.weights, reference=reference))


@pytest.fixture(scope="session")
def reference(small: iv.Classifier) -> Reference:
    return measure_reference((small.trace(blobs(seed)) for seed in range(20, 24)), "noise")


def test_equals_the_whole_network_without_the_branch(small: iv.Classifier, trace: iv.Trace) -> None:
    found = iv.contributions(small, trace, 4, "ablation")
    network = precise(small)
    for module in trace.modules:
        for branch in branches(small, module):
            z = rerun(network, trace.input, muting(small, f"{module}/{branch}")).heads["main"]
            expected = float(trace.logits[4]) - float(z[4])
            assert found.get(module, branch) == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert found.cost.variants == 36


def test_probability_at_a_head(small: iv.Classifier, trace: iv.Trace) -> None:
    target = iv.Target(4, head="aux2", kind="probability")
    found = iv.contributions(small, trace, target, "ablation")
    z = rerun(precise(small), trace.input, muting(small, "4a/5x5")).heads["aux2"]
    expected = float(trace.heads["aux2"].softmax(0)[4]) - float(z.softmax(0)[4])
    assert found.get("4a", "5x5") == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert found.unit == "probability"


def test_reference_puts_each_channels_usual_mean(
    small: iv.Classifier, trace: iv.Trace, reference: Reference
) -> None:
    known = with_reference(small, reference)
    found = iv.contributions(known, trace, 4, "ablation", baseline="reference")
    zero = iv.contributions(known, trace, 4, "ablation")
    network = precise(small)
    for module, branch in [("3a", "3x3"), ("4c", "5x5"), ("5b", "pool")]:
        usual = torch.tensor(reference.channels[module][branch])
        change = replaced(channels(small, module, branch), usual)
        z = rerun(network, trace.input, {module: change}).heads["main"]
        expected = float(trace.logits[4]) - float(z[4])
        assert found.get(module, branch) == pytest.approx(expected, rel=1e-3, abs=1e-5)
        assert abs(found.get(module, branch) - zero.get(module, branch)) > 1e-4


def test_reference_without_channels_puts_the_branchs_mean(
    small: iv.Classifier, trace: iv.Trace, reference: Reference
) -> None:
    known = with_reference(small, replace(reference, channels={}))
    found = iv.contributions(known, trace, 4, "ablation", baseline="reference")
    part = channels(small, "4c", "5x5")
    usual = torch.full((part.stop - part.start,), reference.mean["4c"]["5x5"])
    z = rerun(precise(small), trace.input, {"4c": replaced(part, usual)}).heads["main"]
    expected = float(trace.logits[4]) - float(z[4])
    assert found.get("4c", "5x5") == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_what_is_muted_stays_at_zero_in_the_reference(
    small: iv.Classifier, trace: iv.Trace, reference: Reference
) -> None:
    known = with_reference(small, reference)
    muted = iv.mute(known, trace, ["4c/5x5"])
    for method in ("ablation", "shapley"):
        found = iv.contributions(known, muted, 4, method, baseline="reference")
        assert found.get("4c", "5x5") == pytest.approx(0, abs=1e-6)
        assert abs(found.get("4c", "1x1")) > 1e-4


def test_z_none_is_kept_apart_for_each_reference(
    small: iv.Classifier, trace: iv.Trace, reference: Reference
) -> None:
    louder = {
        m: {b: [2 * x for x in v] for b, v in p.items()} for m, p in reference.channels.items()
    }
    first, second = (
        iv.contributions(with_reference(small, r), trace, 4, "shapley", baseline="reference")
        for r in (reference, replace(reference, channels=louder))
    )
    assert first.relative_gap.max() <= 1e-3
    assert second.relative_gap.max() <= 1e-3


@pytest.mark.parametrize("method", ["shapley", "ablation", "gradient_x_activation", "firing"])
def test_without_reference_photos_the_error_says_so(method: str, lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match=r"without reference photos.*Use the baseline zero"):
        iv.contributions(lrn, trace, 4, method, baseline="reference")
