from __future__ import annotations

import numpy as np
import pytest

import inception_viz as iv
from inception_viz.explain import last_step, walk, walks
from tests.conftest import noise_photo, sample, tiny_config


@pytest.fixture(scope="module", params=["imagenette", "tiny", "tiny with LRN"])
def scene(request: pytest.FixtureRequest) -> tuple[iv.Classifier, iv.Trace]:
    if request.param == "imagenette":
        clf = iv.load("imagenette")
        return clf, clf.trace(sample("cat"))
    norm = "lrn" if "LRN" in request.param else "batch"
    clf = iv.load("random", config=tiny_config(norm=norm))
    return clf, clf.trace(noise_photo(3))


def test_every_output_value_is_its_window_times_the_kernel(
    scene: tuple[iv.Classifier, iv.Trace],
) -> None:
    clf, trace = scene
    for module, branch in [("3a", "5x5"), ("4a", "3x3"), ("5b", "5x5")]:
        found = walk(clf, trace, module, branch)
        side = found.total.shape[0]
        for row, column in [(0, 0), (0, side - 1), (side // 2, side // 3), (side - 1, side - 1)]:
            by_hand = sum(
                found.window(row, column)[y, x] * found.weights[y, x]
                for y in range(found.kernel)
                for x in range(found.kernel)
            )
            assert by_hand == pytest.approx(found.part[row, column], abs=1e-4)


def test_the_output_is_the_map_in_the_trace(scene: tuple[iv.Classifier, iv.Trace]) -> None:
    clf, trace = scene
    for module, branch in walks(clf):
        found = walk(clf, trace, module, branch)
        recorded = trace.branches[module][branch][found.channel].numpy()  # type: ignore[index]
        scale = max(recorded.max(), 1.0)
        np.testing.assert_allclose(found.output / scale, recorded / scale, atol=1e-4)
        reduced = trace.reduces[module][branch][found.reduced].numpy()
        np.testing.assert_allclose(np.maximum(found.reduce_total, 0), reduced, atol=1e-3 * scale)


def test_the_strongest_map_is_followed_unless_another_is_asked_for(
    scene: tuple[iv.Classifier, iv.Trace],
) -> None:
    clf, trace = scene
    maps = trace.branches["4c"]["3x3"]
    assert walk(clf, trace, "4c", "3x3").channel == int(maps.mean((1, 2)).argmax())
    assert walk(clf, trace, "4c", "3x3", 2).channel == 2


def test_the_last_step_adds_up_to_the_logit(scene: tuple[iv.Classifier, iv.Trace]) -> None:
    clf, trace = scene
    for index in (0, 3):
        found = last_step(clf, trace, index)
        assert sum(found.branches.values()) + found.bias == pytest.approx(
            float(trace.logits[index]), rel=1e-4, abs=1e-4
        )
        # The decomposition that gradient × activation gives at the last module, independently.
        scores = iv.contributions(clf, trace, index, "gradient_x_activation")
        for branch, value in found.branches.items():
            assert scores.get("5b", branch) == pytest.approx(value, rel=1e-3, abs=1e-3)


def test_a_margin_is_taken_apart_as_a_margin(scene: tuple[iv.Classifier, iv.Trace]) -> None:
    clf, trace = scene
    found = last_step(clf, trace, iv.Target(0, against=3))
    margin = float(trace.logits[0] - trace.logits[3])
    assert found.value == pytest.approx(margin, rel=1e-5)
    assert sum(found.branches.values()) + found.bias == pytest.approx(margin, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("target", [iv.Target(0, head="aux1"), iv.Target(0, kind="probability")])
def test_what_is_no_sum_over_the_last_module_is_refused(
    scene: tuple[iv.Classifier, iv.Trace], target: iv.Target
) -> None:
    with pytest.raises(iv.ExplainError, match="Choose the main head and the kind logit"):
        last_step(*scene, target)


def test_refusals() -> None:
    clf = iv.load("random", config=tiny_config())
    trace = clf.trace(noise_photo(1))
    with pytest.raises(iv.ExplainError, match="no channel 99"):
        walk(clf, trace, "4c", "3x3", 99)
    with pytest.raises(iv.ExplainError, match="no 1x1 branch"):
        walk(clf, trace, "4c", "1x1")
    naive = iv.load("random", config=iv.GoogLeNetConfig.naive(classes=3))
    assert walks(naive) == []
