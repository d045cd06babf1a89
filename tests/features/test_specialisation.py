from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import inception_viz as iv
from inception_viz import cli
from inception_viz.features import (
    FAMILIES,
    Tuning,
    between_branches,
    holm,
    permutation_test,
    specialisation,
    tuning,
    tuning_of,
)
from inception_viz.files import cached
from inception_viz.pictures import Preprocessing

WIDTHS = {"3a": {"1x1": 20, "3x3": 30, "5x5": 10}, "3b": {"1x1": 20, "3x3": 20}}


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


def same(one: Tuning, other: Tuning) -> bool:
    tables = [
        (one.responses[family][module], other.responses[family][module])
        for family in FAMILIES
        for module in one.widths
    ]
    facts = [(of.title, of.network, of.widths) for of in (one, other)]
    return facts[0] == facts[1] and all(np.array_equal(a, b) for a, b in tables)


def test_a_tuning_is_kept_without_loss(classifier: iv.Classifier, tmp_path: Path) -> None:
    measured = tuning(classifier)
    measured.save(tmp_path / "x.npz")
    assert same(Tuning.load(tmp_path / "x.npz"), measured)
    with pytest.raises(iv.FileError, match="can't be written"):
        measured.save(tmp_path / "x.npz" / "y.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a zip", b"\x80\x04pickle"])
def test_what_is_no_tuning_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(iv.FileError, match="no tuning"):
        Tuning.load(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", about=np.frombuffer(b'{"widths": {"3a": {}}}', np.uint8))
    with pytest.raises(iv.FileError, match="no tuning"):
        Tuning.load(tmp_path / "x.npz")


def test_a_tuning_is_measured_once(
    classifier: iv.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tuning_of(classifier)
    (kept,) = cached("tuning").glob("*.npz")
    with monkeypatch.context() as patch:
        patch.delattr("inception_viz.features.kept_tuning.tuning")  # measures nothing now
        assert same(tuning_of(classifier), first)
    kept.write_bytes(kept.read_bytes()[:500])
    assert same(tuning_of(classifier), first), "a damaged one is measured anew"
    assert same(Tuning.load(kept), first), "and kept"


def test_the_cache_keeps_the_newest_alone(
    classifier: iv.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.features.kept_tuning._KEPT", 1)
    tuning_of(classifier)
    (first,) = cached("tuning").glob("*.npz")
    os.utime(first, (0, 0))
    tuning_of(iv.load("random", config=classifier.config, seed=1))
    (second,) = cached("tuning").glob("*.npz")
    assert second != first


def test_other_weights_and_other_preprocessing_are_measured_for_themselves(
    classifier: iv.Classifier,
) -> None:
    other_weights = iv.load("random", config=classifier.config, seed=1)
    dark = Preprocessing(mean=(0, 0, 0), std=(500, 500, 500))
    other_input = iv.wrap(classifier.network, preprocessing=dark)
    as_it_is = iv.wrap(classifier.network, preprocessing=classifier.preprocessing)
    found = [tuning_of(c) for c in (classifier, other_weights, other_input, as_it_is)]
    first = [of.responses["colour"]["3a"] for of in found]
    assert not np.allclose(first[0], first[1]) and not np.allclose(first[0], first[2])
    assert np.array_equal(first[0], first[3])


def test_where_nothing_can_be_kept_it_is_measured_all_the_same(
    classifier: iv.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "file"))
    assert same(tuning_of(classifier), tuning(classifier))


@pytest.mark.parametrize("source", ["bvlc", "imagenette", "random"])
def test_the_bundled_tunings_are_those_of_the_bundled_weights(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = iv.load(source)
    monkeypatch.delattr("inception_viz.features.kept_tuning.tuning")  # measures nothing now
    found = tuning_of(bundled)
    assert found.title == bundled.title
    with torch.inference_mode():  # one level by the plain network, not the prepared one
        x = bundled.preprocessing.normalise(255 * FAMILIES["orientation"].pictures(224)[0])
        means = dict(bundled.network.walk(x, upto="3a"))["3a"].mean((0, 2, 3)).numpy()
    assert found.responses["orientation"]["3a"][:, 0] == pytest.approx(means, rel=1e-2, abs=1e-3)


def test_the_command(
    classifier: iv.Classifier,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features = import_module("inception_viz.cli.features")
    monkeypatch.setattr(features, "loaded", lambda _source: classifier)
    monkeypatch.setattr("inception_viz.features.specialised.PERMUTATIONS", 99)
    assert cli.main(["specialisation", "random", "-o", str(tmp_path / "x.npz")]) == 0
    said = capsys.readouterr().out
    assert Tuning.load(tmp_path / "x.npz").widths == tuning_of(classifier).widths
    tests = specialisation(classifier).tests
    for test in tests:
        assert f"{test.family:12}{test.module}" in said
        assert (test.sentence in said) == test.significant
    assert f"{sum(t.significant for t in tests)} of {len(tests)} tests significant" in said
    table = tmp_path / "x.csv"
    assert cli.main(["specialisation", "random", "imagenette", "-o", str(table)]) == 0
    beside = capsys.readouterr().out.splitlines()
    assert beside[0].count(classifier.title) == 2
    assert len(pd.read_csv(table)) == 2 * len(tests)
    assert cli.main(["specialisation", "a", "b", "-o", str(tmp_path / "x.npz")]) == 1
    assert ".csv" in capsys.readouterr().err
    assert cli.main(["specialisation", "a", "b", "c"]) == 1
    assert "two" in capsys.readouterr().err
