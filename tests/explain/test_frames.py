from __future__ import annotations

import numpy as np
import pytest

import inception_viz as iv
from inception_viz.architecture import Place
from inception_viz.errors import ExplainError
from inception_viz.explain import glance


def test_a_glance_equals_what_is_computed_at_leisure(small: iv.Classifier, trace: iv.Trace) -> None:
    found = glance(small, trace, Place("4b", "3x3"), shade="cam", scored=True)
    target = iv.Target(trace.top_classes(1)[0][0])
    last = list(trace.modules)[-1]
    assert found.shade is not None
    whole = iv.grad_cam(small, trace, target)
    np.testing.assert_array_equal(found.shade, np.maximum(whole.raw(last), 0))
    at_leisure = iv.contributions(small, trace, target, method="gradient_x_activation")
    assert found.contributions is not None
    np.testing.assert_array_equal(found.contributions.values, at_leisure.values)
    assert found.firing.branches == iv.firing(trace, small.weights.reference).branches


def test_the_strongest_channels_of_the_branch_in_question(
    small: iv.Classifier, trace: iv.Trace
) -> None:
    found = glance(small, trace, Place("3a", "5x5"), shade="branch", scored=False)
    maps = trace.branches["3a"]["5x5"].numpy()
    means = [(-float(channel.mean()), number) for number, channel in enumerate(maps)]
    assert [place.channel for place in found.strongest] == [n for _, n in sorted(means)[:3]]
    assert {(place.module, place.branch) for place in found.strongest} == {("3a", "5x5")}
    assert found.levels == pytest.approx([-level for level, _ in sorted(means)[:3]])
    assert found.shade == pytest.approx(maps.mean(0))
    assert found.contributions is None


@pytest.mark.parametrize("place", [Place("3a"), Place("9z", "3x3")])
def test_a_branch_that_does_not_exist_is_said(
    small: iv.Classifier, trace: iv.Trace, place: Place
) -> None:
    with pytest.raises(ExplainError, match="no branch"):
        glance(small, trace, place, shade="none", scored=False)
