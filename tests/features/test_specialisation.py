from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz.features import (
    FAMILIES,
    Tuning,
    between_branches,
    holm,
    permutation_test,
    specialisation,
    tuning,
)
from tests.conftest import tiny_config

WIDTHS = {"3a": {"1x1": 20, "3x3": 30, "5x5": 10}, "3b": {"1x1": 20, "3x3": 20}}


@pytest.fixture(scope="module")
def classifier() -> iv.Classifier:
    return iv.load("random", config=tiny_config(input_size=96))


def responses(random: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
    """Channels that respond as they like, whatever their branch."""
    return {
        name: {
            module: random.gamma(1.0, size=(sum(widths.values()), len(family.levels)))
            for module, widths in WIDTHS.items()
        }
        for name, family in FAMILIES.items()
    }


def tuned(of: Mapping[str, Mapping[str, np.ndarray]]) -> Tuning:
    return Tuning(of, WIDTHS, "made")  # type: ignore[arg-type]


def test_shuffled_labels_are_rarely_called_specialised() -> None:
    random = np.random.default_rng(0)
    false_alarms = 0
    for run in range(200):
        tests = between_branches(tuned(responses(random)), permutations=399, seed=run)
        assert len(tests) == 8
        false_alarms += any(test.significant for test in tests)
    assert false_alarms <= 0.05 * 200


def test_what_is_built_specialised_is_found() -> None:
    of = responses(np.random.default_rng(1))
    of["colour"]["3a"][50:, 1:] += 1
    of["colour"]["3a"][50:, 0] *= 0.01  # 5×5 hears hues alone
    tests = {(t.module, t.family): t for t in between_branches(tuned(of), permutations=999)}
    found = tests["3a", "colour"]
    assert found.significant and found.eta_squared > 0.1
    assert max(found.means, key=lambda branch: found.means[branch]) == "5x5"
    assert "differ in colour" in found.sentence and "5x5" in found.sentence
    assert not any(test.significant for place, test in tests.items() if place != ("3a", "colour"))
    assert "can't be ruled out" in tests["3b", "colour"].sentence


def test_eta_squared_by_hand() -> None:
    values, labels = np.array([1.0, 2.0, 3.0, 6.0]), np.array([0, 0, 1, 1])
    share, p = permutation_test(values, labels, 9999, np.random.default_rng(0))
    assert share == pytest.approx((2 * 1.5**2 + 2 * 1.5**2) / (4 + 1 + 0 + 9))
    # Of the six ways to choose two of four, this one and its mirror reach as much.
    assert p == pytest.approx(2 / 6, abs=0.02)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_a_silent_channel_has_no_index() -> None:
    of = responses(np.random.default_rng(2))
    for family in of.values():
        family["3a"][3] = 0
    made = tuned(of)
    for name in FAMILIES:
        assert np.isnan(made.index(name, "3a")[3])
        assert np.isfinite(made.index(name, "3a")[4:]).all()
    assert {test.channels for test in between_branches(made, permutations=9)} == {59, 40}


def test_indices_say_what_they_mean() -> None:
    of = responses(np.random.default_rng(3))
    of["orientation"]["3a"][0] = 0
    of["orientation"]["3a"][0, 4] = 2.0  # one angle alone
    of["orientation"]["3a"][1] = 1.0  # all alike
    of["frequency"]["3a"][0] = 0
    of["frequency"]["3a"][0, 4] = 1.0  # 16 pixels
    of["curvature"]["3a"][0] = [1, 0, 0, 0]
    of["colour"]["3a"][0] = [0, 0, 1]
    made = tuned(of)
    assert made.index("orientation", "3a")[:2] == pytest.approx([1, 0])
    assert made.index("frequency", "3a")[0] == pytest.approx(4)
    assert made.index("curvature", "3a")[0] == -1
    assert made.index("colour", "3a")[0] == 1


def test_stimuli_differ_in_one_thing() -> None:
    for family in FAMILIES.values():
        pictures = family.pictures(64)
        assert pictures.shape[0] == len(family.levels)
        assert pictures.shape[2:] == (3, 64, 64)
        assert pictures.min() >= 0 and pictures.max() <= 1
    hues = FAMILIES["colour"].pictures(64)
    luma = (hues * torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]).sum(2)
    assert luma[0].std() > 0.1
    assert luma[1:].std() < 1e-3, "hues keep luma as it is"
    assert hues[0].std(dim=1).max() < 1e-6, "grey is grey"
    turned = FAMILIES["orientation"].pictures(64)
    assert turned.mean((1, 2, 3, 4)).std() < 0.01
    ink = (FAMILIES["curvature"].pictures(112) < 0.49).float().mean((1, 2, 3, 4))
    assert ink.max() / ink.min() < 1.3, "arcs are as long as lines"


def test_a_network_is_tuned_and_tested(classifier: iv.Classifier) -> None:
    told: list[float] = []
    found = specialisation(classifier, permutations=99, progress=told.append)
    assert told[-1] == 1
    assert {test.module for test in found.tests} <= set(classifier.network.modules_by_name)
    frame = found.to_frame()
    assert len(frame) == len(found.tests) > 0
    again = tuning(classifier)
    for name in FAMILIES:
        assert np.array_equal(again.responses[name]["3a"], found.tuning.responses[name]["3a"]), (
            "the same again"
        )
