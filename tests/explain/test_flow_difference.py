"""One flow minus another: itself a flow, whose sums hold."""

from __future__ import annotations

import numpy as np
import pytest

import inception_viz as iv
from inception_viz.explain import flow_difference
from inception_viz.figures import contribution_change_sentence, flow_change_sentence
from tests.explain.whole_network import blobs, lively, odd_config, small_config

TARGET = iv.Target(2, against=5)


def flows(classifier: iv.Classifier, target: iv.Target = TARGET) -> list[iv.Flow]:
    return [iv.flow(classifier, classifier.trace(blobs(seed)), target) for seed in (0, 1)]


@pytest.mark.parametrize("config", [small_config("lrn"), odd_config()], ids=["small", "odd"])
def test_a_difference_is_a_flow_itself(config: iv.GoogLeNetConfig) -> None:
    before, after = flows(lively(config))
    found = flow_difference(before, after)
    for name in ("edges", "bias", "branches"):
        one, two, difference = (getattr(flow, name) for flow in (before, after, found))
        assert list(difference) == list(two)
        for step, values in difference.items():
            np.testing.assert_array_equal(values, two[step] - one[step])
            assert not values.flags.writeable
    assert found.value == after.value - before.value
    largest = max(float(np.abs(values).max()) for values in found.branches.values())
    assert found.gap < 1e-4 * largest, "what comes in, and what goes on, agree"
    source, sink = found.names["4a"][0], found.names["4b"][0]
    table = found.channels(source, sink)
    assert table.sum() == pytest.approx(found.edge(source, sink), abs=1e-4 * largest)
    kernels = found.kernels(f"{source}:0", f"{sink}:1")
    assert kernels.flows.sum() == pytest.approx(table[0, 1], abs=1e-4 * largest)
    assert kernels.where.sum() == pytest.approx(table[0, 1], abs=1e-4 * largest)
    assert found.label.startswith("change of the margin")
    assert len(found.to_frame()) == len(after.to_frame())


def test_the_sentence_names_the_largest_edges() -> None:
    before, after = flows(lively(small_config()))
    found = flow_difference(before, after)
    flowing = np.concatenate([values.ravel() for values in found.edges.values()])
    said = flow_change_sentence(found)
    for value in (flowing.max(), flowing.min()):
        number = f"{value:+.3g}".replace("-", "−")
        assert f"<b>{number}</b> logits" in said
    assert flow_change_sentence(flow_difference(after, after)) == "Nothing flows differently."


def test_only_flows_of_one_output_of_one_network_are_compared() -> None:
    classifier = lively(small_config())
    before, after = flows(classifier)
    (_, other) = flows(classifier, iv.Target(2))
    for pair in ((before, other), (before, flows(lively(small_config(), 1))[1])):
        with pytest.raises(iv.ExplainError, match="same output of the same network"):
            flow_difference(*pair)
    assert flow_difference(before, after).edges


def test_contributions_that_changed_most_are_named() -> None:
    classifier = lively(small_config())
    first, second = (
        iv.contributions(classifier, classifier.trace(blobs(seed)), TARGET, method="ablation")
        for seed in (0, 1)
    )
    said = contribution_change_sentence(first, second)
    changes = {p: abs(second.scores[p] - score) for p, score in first.scores.items()}
    three = sorted(changes, key=lambda place: -changes[place])[:3]
    places = [said.index(f"branch of {module} (") for module, _ in three]
    assert said.count("branch of") == 3 and all(place > 0 for place in places)
    module, branch = three[0]
    assert f"{first.scores[module, branch]:+.3g}".replace("-", "−") in said
