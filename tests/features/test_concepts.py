"""Concepts: found where there is one, not where there is none; what the answer owes to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import inception_viz as iv
from inception_viz.features import (
    Examples,
    averages,
    concept_map,
    dependence,
    others,
    square,
    textures,
)
from tests.conftest import noise_photo, sample, tiny_config


@pytest.fixture(scope="module")
def bvlc() -> iv.Classifier:
    return iv.load("bvlc")


@pytest.fixture(scope="module")
def other(bvlc: iv.Classifier) -> Examples:
    return averages(bvlc, others()[::2])


@pytest.fixture(scope="module")
def stripes(bvlc: iv.Classifier, other: Examples) -> iv.Concept:
    beside = [*textures("dots", 5), *textures("checks", 5)]
    return iv.concept(bvlc, textures("stripes", 10), beside, name="stripes", other=other)


@pytest.fixture(scope="module")
def tiny() -> iv.Classifier:
    return iv.load("random", config=tiny_config())


def made_up(random: np.random.Generator, count: int, shift: float = 0.0) -> Examples:
    """Averages that differ from others by ``shift`` in one channel of 3a."""
    rows = {p: random.normal(size=(count, n)) for p, n in (("3a", 30), ("3a/1x1", 9), ("3b", 20))}
    rows["3a"][:, 4] += shift
    return rows


def test_averages_are_those_of_single_traces(bvlc: iv.Classifier) -> None:
    pictures = [sample("cat"), sample("espresso")]
    found = averages(bvlc, pictures)
    traces = [bvlc.trace(picture) for picture in pictures]
    assert set(found) == {
        *(m for m in traces[0].modules),
        *(f"{m}/{b}" for m, b in traces[0].widths),
    }
    for place in ("3a", "4c/5x5", "5b"):
        expected = [trace.layer(place).mean((1, 2)).numpy() for trace in traces]
        np.testing.assert_allclose(found[place], expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["stripes", "dots", "checks"])
def test_textures_are_told_apart_on_what_was_left_out(
    bvlc: iv.Classifier, other: Examples, kind: str
) -> None:
    beside = [k for k in ("stripes", "dots", "checks") if k != kind]
    without = [image for k in beside for image in textures(k, 5, seed=1)]  # type: ignore[arg-type]
    found = iv.concept(bvlc, textures(kind, 10), without, other=other)  # type: ignore[arg-type]
    assert max(found.accuracy.values()) >= 0.95
    assert len([place for place in found.found if "/" not in place]) >= 3
    assert 0.5 < float(np.median(found.chance)) < 0.95
    frame = found.to_frame()
    assert list(frame["place"][frame["found"]]) == found.found


def test_random_groups_come_out_by_chance_five_times_in_a_hundred(tiny: iv.Classifier) -> None:
    random = np.random.default_rng(0)
    other = made_up(random, 60)
    false = sum(
        bool(iv.concept(tiny, made_up(random, 10), made_up(random, 10), other=other).found)
        for _ in range(200)
    )
    assert false <= 16  # of a binomial with 5 %: 10 ± 3.1


def test_a_shift_of_one_channel_is_found_there_and_only_there(tiny: iv.Classifier) -> None:
    random = np.random.default_rng(1)
    other = made_up(random, 60)
    found = iv.concept(tiny, made_up(random, 20, 6.0), made_up(random, 20), other=other)
    assert found.found == ["3a"] and found.best == "3a"
    assert int(np.abs(found.directions["3a"]).argmax()) == 4
    assert found.directions["3a"][4] == pytest.approx(6.0, abs=1.2)


def test_accuracy_is_that_of_leaving_out_one_fifth_by_hand(tiny: iv.Classifier) -> None:
    """Far apart, every fold is right; on the wrong side, every fold is wrong."""
    rows = np.zeros((10, 3))
    rows[:, 0] = np.arange(10) * 0.01
    far = {"3a": rows + np.array([5.0, 0, 0])}
    near = {"3a": rows}
    pool = {"3a": np.random.default_rng(2).normal(size=(40, 3))}
    assert iv.concept(tiny, far, near, other=pool).accuracy["3a"] == 1.0
    # One of each side lies beyond the other group: nothing but it is wrong.
    swapped = {"3a": far["3a"].copy()}
    swapped["3a"][0, 0] = -5.0
    assert iv.concept(tiny, swapped, near, other=pool).accuracy["3a"] == pytest.approx(0.95)


def test_too_few_examples_are_refused(tiny: iv.Classifier) -> None:
    random = np.random.default_rng(0)
    for positives, negatives, words in ((2, 9, "2 photos with"), (9, 1, "is 1 photo without")):
        with pytest.raises(iv.ExplainError, match=words):
            iv.concept(
                tiny, made_up(random, positives), made_up(random, negatives),
                other=made_up(random, 20),
            )  # fmt: skip


def test_without_negatives_the_samples_crops_stand_in(bvlc: iv.Classifier, other: Examples) -> None:
    found = iv.concept(bvlc, textures("dots", 5), other=other)
    assert found.negatives == len(other["3a"]) and found.positives == 5


def test_the_map_is_one_at_the_mean_of_photos_with_it(
    bvlc: iv.Classifier, stripes: iv.Concept
) -> None:
    with_it = [bvlc.trace(image) for image in textures("stripes", 10)]
    means = [float(concept_map(bvlc, trace, stripes, "4c").mean()) for trace in with_it]
    assert np.mean(means) == pytest.approx(1.0, abs=0.01)
    without = [*textures("dots", 5), *textures("checks", 5)]
    means = [float(concept_map(bvlc, bvlc.trace(i), stripes, "4c").mean()) for i in without]
    assert np.mean(means) == pytest.approx(-1.0, abs=0.01)
    trace = bvlc.trace(sample("cat"))
    found = concept_map(bvlc, trace, stripes, "4c/5x5")
    assert found.shape == tuple(trace.layer("4c/5x5").shape[1:])


def test_taking_it_out_is_a_forward_with_that_tensor_changed_by_hand(
    bvlc: iv.Classifier, stripes: iv.Concept
) -> None:
    trace, target = bvlc.trace(sample("viaduct")), iv.Target(7)
    found = dependence(bvlc, trace, stripes, "4e", target)
    direction = stripes.directions["4e"] / np.linalg.norm(stripes.directions["4e"])
    maps = trace.modules["4e"].double().numpy()
    along = np.tensordot(direction, maps, 1)
    changed = maps + direction[:, None, None] * (stripes.means["4e"][0] - along)
    network = bvlc.inference_network
    x = torch.tensor(changed, dtype=torch.float32)[None]
    with torch.no_grad():
        *_, (_, last) = network.walk(x, after="4e")
        after = float(network.classify(last)[0, 7])
    assert found.removed == pytest.approx(after - float(trace.logits[7]), abs=1e-3)
    slopes = iv.gradients(bvlc, trace, target).at["4e"].sum((1, 2)).numpy()
    assert found.added == pytest.approx(float(slopes @ stripes.directions["4e"]), rel=1e-4)
    assert 0 <= found.rank <= 1 and len(found.chance) == 24


def test_a_concept_fits_its_own_network_alone(
    bvlc: iv.Classifier, tiny: iv.Classifier, stripes: iv.Concept
) -> None:
    with pytest.raises(iv.ExplainError, match="another network"):
        concept_map(tiny, tiny.trace(noise_photo(0)), stripes, "3a")
    trace = bvlc.trace(sample("cat"))
    with pytest.raises(iv.ExplainError, match="no place"):
        concept_map(bvlc, trace, stripes, "9z")
    wrong = replace(stripes, directions=dict(stripes.directions) | {"4c": np.ones(3)})
    with pytest.raises(iv.ExplainError, match="no place"):
        concept_map(bvlc, trace, wrong, "4c")
    with pytest.raises(iv.ExplainError, match="can't see"):
        dependence(bvlc, trace, stripes, "5a", iv.Target(3, head="aux1"))


def test_a_saved_concept_comes_back(stripes: iv.Concept, tmp_path: Path) -> None:
    path = tmp_path / "stripes.safetensors"
    stripes.save(path)
    back = iv.Concept.load(path)
    assert (back.name, back.network, back.positives, back.negatives) == (
        "stripes", stripes.network, 10, 10,
    )  # fmt: skip
    assert back.accuracy == stripes.accuracy and back.found == stripes.found
    for place, direction in stripes.directions.items():
        np.testing.assert_allclose(back.directions[place], direction, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(back.means[place], stripes.means[place])


def test_what_is_no_concept_is_refused_in_a_sentence(stripes: iv.Concept, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    stripes.save(path)
    whole = path.read_bytes()
    damaged = [b"", b"x" * 100, whole[: len(whole) // 2], whole[:50], whole.replace(b'"4c', b'"4k')]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(iv.FileError):
            iv.Concept.load(path)
    with pytest.raises(iv.FileError, match="damaged or not there"):
        iv.Concept.load(tmp_path / "missing.safetensors")
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(3)}, path)
    with pytest.raises(iv.FileError, match="holds no concept"):
        iv.Concept.load(path)
    broken = replace(stripes, chance=np.array([np.nan]))
    broken.save(path)
    with pytest.raises(iv.FileError, match="damaged"):
        iv.Concept.load(path)


def test_a_square_is_what_the_network_sees(bvlc: iv.Classifier) -> None:
    picture = iv.read_picture(sample("cat"))
    crop = iv.Crop(0.4, 0.5, 0.6)
    whole = bvlc.trace(picture, fit=crop)
    again = bvlc.trace(square(picture, crop), fit="squash")
    torch.testing.assert_close(again.input, whole.input)
