from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz.explain import Randomised, SanityCheck, rank_correlation
from inception_viz.network import GoogLeNet
from inception_viz.trace import outputs_of
from tests.explain.whole_network import blobs, slopes

ORDER = ["classifier", *["5b", "5a", "4e", "4d", "4c", "4b", "4a", "3b", "3a"]]
STEM = ["conv2", "conv2_reduce", "conv1"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3], [10, 20, 90], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3, 4, 5], [2, 1, 4, 3, 5], 0.8),  # 1 − 6·Σd²/(n³ − n) with Σd² = 4
        ([1, 2, 2, 3], [1, 2, 3, 4], 4.5 / (4.5 * 5) ** 0.5),  # ranks 1, 2.5, 2.5, 4
        ([0, 0, 0, 1], [0, 0, 1, 1], 1 / 3**0.5),
    ],
)
def test_rank_correlation_by_hand(first: list[float], second: list[float], expected: float) -> None:
    assert rank_correlation(np.array(first), np.array(second)) == pytest.approx(expected)
    assert rank_correlation(np.array(second), np.array(first)) == pytest.approx(expected)
    cubed = np.array(first, float) ** 3  # only the order counts
    assert rank_correlation(cubed, np.array(second)) == pytest.approx(expected)


def test_rank_correlation_of_maps_and_of_flat_ones() -> None:
    values = np.arange(6.0).reshape(2, 3)
    assert rank_correlation(values, values * 2 + 1) == pytest.approx(1.0)
    assert np.isnan(rank_correlation(values, np.zeros((2, 3))))
    assert np.isnan(rank_correlation(np.ones((2, 3)), values))


@pytest.mark.parametrize(
    ("correlations", "suspicious"),
    [([0.1, 0.95], True), ([0.95, 0.1], False), ([1.0, -0.9], False), ([1.0, float("nan")], False)],
)
def test_only_the_end_is_suspicious(correlations: list[float], suspicious: bool) -> None:
    stages = tuple(Randomised("conv1", c, np.zeros((2, 2))) for c in correlations)
    assert SanityCheck("5b", stages, iv.Target(0)).suspicious is suspicious


def test_a_map_that_ignores_the_network_is_suspicious(
    lrn: iv.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = lrn.trace(blobs(0))
    edges = iv.grad_cam(lrn, trace, 2)  # the same whatever the weights, as an edge detector's
    monkeypatch.setattr("inception_viz.explain.randomisation.cams_from", lambda *_: edges)
    found = iv.sanity_check(lrn, trace, 2, module="4b")
    assert found.suspicious
    assert [stage.correlation for stage in found.stages] == pytest.approx([1.0] * 13)


def test_stages_go_from_the_classifier_to_all_weights(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    found = iv.sanity_check(lrn, trace, 2)
    assert [stage.down_to for stage in found.stages] == ORDER + STEM
    assert (found.module, found.target) == ("5b", iv.Target(2))
    at_head = iv.sanity_check(lrn, trace, iv.Target(2, head="aux1"))
    assert [s.down_to for s in at_head.stages] == ["classifier", "4a", "3b", "3a", *STEM]
    assert at_head.module == "4a"
    for stage in found.stages:
        assert stage.values.shape == (64, 64) and (stage.values >= 0).all()
        assert np.isnan(stage.correlation) or -1 <= stage.correlation <= 1


@pytest.mark.parametrize("head", ["main", "aux2"])
def test_each_stage_shuffles_one_more_step_and_keeps_its_values(
    small: iv.Classifier, trace: iv.Trace, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[dict[str, torch.Tensor]] = []

    def watch(network: GoogLeNet, *rest: Any, **named: Any) -> object:
        states.append(copy.deepcopy(network.state_dict()))
        return outputs_of(network, *rest, **named)

    monkeypatch.setattr("inception_viz.explain.randomisation.outputs_of", watch)
    found = iv.sanity_check(small, trace, iv.Target(2, head=head))
    before: dict[str, torch.Tensor] = small.inference_network.state_dict()
    answer = "classifier." if head == "main" else f"aux.{head}."
    assert len(states) == len(found.stages)
    for stage, after in zip(found.stages, states, strict=True):
        part = answer if stage.down_to == "classifier" else f"trunk.{stage.down_to}."
        moved = {key for key in before if not torch.equal(before[key], after[key])}
        assert moved and all(key.startswith(part) for key in moved)
        weights = {key for key in before if key.startswith(part) and key.endswith("weight")}
        assert weights <= moved
        for key in moved:
            assert torch.equal(before[key].flatten().sort()[0], after[key].flatten().sort()[0])
        before = after


def test_correlations_and_maps_are_those_of_the_shuffled_network(
    lrn: iv.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the classifier alone shuffled, the last module's map has a formula."""
    trace = lrn.trace(blobs(0))
    networks: list[torch.Tensor] = []

    def watch(network: GoogLeNet, *rest: Any, **named: Any) -> object:
        networks.append(network.classifier.weight[2].clone())
        return outputs_of(network, *rest, **named)

    monkeypatch.setattr("inception_viz.explain.randomisation.outputs_of", watch)
    found = iv.sanity_check(lrn, trace, 2)
    truth, shuffled = (
        (weight[:, None, None] * trace.modules["5b"]).sum(0).detach().numpy()
        for weight in (lrn.network.classifier.weight[2], networks[0])
    )
    assert found.stages[0].correlation == pytest.approx(rank_correlation(truth, shuffled))
    assert found.stages[0].values.any() == (shuffled > 0).any()


def test_every_stage_runs_with_the_weights_shuffled_so_far(
    small: iv.Classifier, trace: iv.Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks: list[GoogLeNet] = []

    def watch(network: GoogLeNet, *rest: Any, **named: Any) -> object:
        networks.append(copy.deepcopy(network).double())
        return outputs_of(network, *rest, **named)

    monkeypatch.setattr("inception_viz.explain.randomisation.outputs_of", watch)
    found = iv.sanity_check(small, trace, 2)
    assert len(networks) == len(found.stages)
    for stage, network in zip(found.stages, networks, strict=True):
        output, slope = slopes(network, trace.input, lambda z: z["main"][2])["5b"]
        by_hand = (slope.mean((1, 2), keepdim=True) * output).sum(0).clamp(min=0)
        assert stage.values.max() == pytest.approx(float(by_hand.max()), rel=1e-3, abs=1e-6)


def test_the_seed_decides(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    first, again, other = (
        iv.sanity_check(lrn, trace, 2, module="3b", seed=seed, variant="hires_cam")
        for seed in (1, 1, 2)
    )
    for a, b in zip(first.stages, again.stages, strict=True):
        np.testing.assert_array_equal(a.values, b.values)
    assert not np.array_equal(first.stages[0].values, other.stages[0].values)


def test_the_classifiers_weights_stay(lrn: iv.Classifier) -> None:
    networks = (lrn.network, lrn.inference_network)
    before = [copy.deepcopy(network.state_dict()) for network in networks]
    iv.sanity_check(lrn, lrn.trace(blobs(0)), 2)
    for network, state in zip(networks, before, strict=True):
        assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())


def test_what_cannot_be_checked_is_refused(lrn: iv.Classifier, batch: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match="Unmute everything first"):
        iv.sanity_check(lrn, iv.mute(lrn, trace, ["4c"]), 2)
    with pytest.raises(iv.ExplainError, match="can't see module 5b"):
        iv.sanity_check(lrn, trace, iv.Target(2, head="aux1"), module="5b")
    with pytest.raises(iv.ExplainError, match='no variant "score_cam"'):
        iv.sanity_check(lrn, trace, 2, variant="score_cam")  # type: ignore[arg-type]
    with pytest.raises(iv.ExplainError, match="made by another model"):
        iv.sanity_check(batch, trace, 2)


def test_progress_rises_to_one_and_may_stop_the_work(lrn: iv.Classifier) -> None:
    trace, shares = lrn.trace(blobs(0)), list[float]()
    iv.sanity_check(lrn, trace, 2, progress=shares.append)
    assert shares == pytest.approx([i / 13 for i in range(14)])

    def stop(share: float) -> None:
        if share > 0.2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        iv.sanity_check(lrn, trace, 2, progress=stop)
