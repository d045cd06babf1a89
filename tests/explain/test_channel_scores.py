from __future__ import annotations

import numpy as np
import pytest

import inception_viz as iv
from inception_viz import channel_scores, gradients
from tests.explain.whole_network import blobs, branches, channels, muting, precise, rerun, slopes


def test_equal_slope_times_activation_of_the_whole_network(
    small: iv.Classifier, trace: iv.Trace
) -> None:
    target = iv.Target(3, against=0)
    known = gradients(small, trace, target)
    by_hand = slopes(precise(small), trace.input, lambda z: z["main"][3] - z["main"][0])
    for module, (output, slope) in by_hand.items():
        found = channel_scores(trace, known, module)
        expected = (output * slope).sum((1, 2)).numpy()
        scale = np.abs(expected).max()
        assert list(found.branches) == branches(small, module)
        for branch, scores in found.branches.items():
            part = expected[channels(small, module, branch)]
            np.testing.assert_allclose(scores, part, rtol=0, atol=1e-3 * scale)
        assert (found.module, found.target) == (module, target)


def test_add_up_to_the_branchs_gradient_x_activation(small: iv.Classifier, trace: iv.Trace) -> None:
    whole = iv.contributions(small, trace, 2, "gradient_x_activation")
    known = gradients(small, trace, 2)
    for module in trace.modules:
        found = channel_scores(trace, known, module)
        for branch, scores in found.branches.items():
            assert found.total(branch) == pytest.approx(scores.sum())
            assert found.total(branch) == pytest.approx(whole.get(module, branch), abs=1e-5)


def test_at_the_last_module_each_is_what_muting_the_channel_costs(
    small: iv.Classifier, trace: iv.Trace
) -> None:
    found = channel_scores(trace, gradients(small, trace, 2), "5b")
    network = precise(small)
    weight = network.classifier.weight[2]
    start = 0
    for branch, scores in found.branches.items():
        for channel, score in enumerate(scores):
            z = rerun(network, trace.input, muting(small, f"5b/{branch}:{channel}")).heads["main"]
            assert score == pytest.approx(float(trace.logits[2]) - float(z[2]), abs=1e-5)
            mean = float(trace.modules["5b"][start].mean())
            assert score == pytest.approx(float(weight[start]) * mean, abs=1e-5)
            start += 1
    assert start == 17


def test_strongest_first_up_or_down(small: iv.Classifier, trace: iv.Trace) -> None:
    found = channel_scores(trace, gradients(small, trace, 2), "4b")
    for branch, scores in found.branches.items():
        order = found.order(branch)
        assert sorted(order.tolist()) == list(range(len(scores)))
        sizes = [abs(scores[i]) for i in order]
        assert sizes == sorted(sizes, reverse=True)
    assert any(scores.min() < 0 < scores.max() for scores in found.branches.values())


def test_table_has_a_row_a_channel(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    found = channel_scores(trace, gradients(lrn, trace, 2), "4c")
    table = found.to_frame()
    assert list(table.columns) == ["module", "branch", "channel", "score"]
    assert len(table) == 17 and list(table.index) == list(range(17))
    picked = table[(table.branch == "5x5") & (table.channel == 3)].score.item()
    assert picked == found.branches["5x5"][3]


def test_a_muted_channel_scores_nothing(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    muted = iv.mute(lrn, trace, ["4b/3x3:2"])
    found = channel_scores(muted, gradients(lrn, muted, 2), "4b")
    assert found.branches["3x3"][2] == 0.0 and found.branches["3x3"].any()


def test_a_module_behind_the_head_is_refused(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    known = gradients(lrn, trace, iv.Target(0, head="aux1"))
    with pytest.raises(iv.ExplainError, match="can't see module 5b; it sees 3a, 3b, 4a"):
        channel_scores(trace, known, "5b")
