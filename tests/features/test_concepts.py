"""Concepts: found where there is one, not where there is none; what the answer owes to them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
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


def read(concept: iv.Concept, place: str, rows: np.ndarray) -> np.ndarray:
    """What the discriminant reads for averages (examples, channels)."""
    return rows @ concept.discriminants[place] - concept.middles[place]  # type: ignore[no-any-return]


def fisher(with_it: np.ndarray, without: np.ndarray) -> tuple[np.ndarray, float]:
    """The discriminant and its middle, solved in the channels, as the formula stands."""
    means = with_it.mean(0), without.mean(0)
    scatter = (with_it - means[0]).T @ (with_it - means[0])
    scatter += (without - means[1]).T @ (without - means[1])
    ridge = 0.01 * np.trace(scatter) * np.eye(len(scatter))
    found = np.linalg.pinv(scatter + ridge) @ (means[0] - means[1])
    found *= 2 / (found @ (means[0] - means[1]))
    return found, float(found @ (means[0] + means[1]) / 2)


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
    fresh = averages(bvlc, textures(kind, 10, seed=7))[found.best]  # type: ignore[arg-type]
    others_ = [averages(bvlc, textures(k, 5, seed=7))[found.best] for k in beside]  # type: ignore[arg-type]
    right = (read(found, found.best, fresh) > 0).mean()
    wrong = (read(found, found.best, np.concatenate(others_)) > 0).mean()
    assert (right + 1 - wrong) / 2 >= 0.9, "textures that it never saw"
    frame = found.to_frame()
    assert list(frame["place"][frame["found"]]) == found.found


def test_random_groups_come_out_by_chance_five_times_in_a_hundred(tiny: iv.Classifier) -> None:
    random = np.random.default_rng(0)
    other = made_up(random, 60)
    found = [
        iv.concept(tiny, made_up(random, 10), made_up(random, 10), other=other) for _ in range(100)
    ]
    assert sum(bool(each.found) for each in found) <= 10  # of a binomial with 5 %: 5 ± 2.2
    shares = [share for each in found for share in each.accuracy.values()]
    assert float(np.mean(shares)) == pytest.approx(0.5, abs=0.03)


def test_a_discriminant_is_the_solution_in_the_channels(tiny: iv.Classifier) -> None:
    random = np.random.default_rng(3)
    with_it, without = made_up(random, 8, 3.0), made_up(random, 12)
    found = iv.concept(tiny, with_it, without, other=made_up(random, 20))
    for place, rows in with_it.items():
        expected, middle = fisher(rows, without[place])
        np.testing.assert_allclose(found.discriminants[place], expected, rtol=1e-9, atol=1e-12)
        assert found.middles[place] == pytest.approx(middle)
        assert read(found, place, rows).mean() == pytest.approx(1)
        assert read(found, place, without[place]).mean() == pytest.approx(-1)


def test_accuracy_is_that_of_discriminants_of_the_other_examples(tiny: iv.Classifier) -> None:
    """With five a side, one of each is left out; one way to pair them explains every place."""
    random = np.random.default_rng(4)
    shifts = {f"{number}": 0.4 * (number % 4) for number in range(16)}
    sides = [
        {p: random.normal(size=(5, 30)) + side * shift for p, shift in shifts.items()}
        for side in (1, 0)
    ]
    pool = {place: random.normal(size=(30, 30)) for place in shifts}
    accuracy = iv.concept(tiny, *sides, other=pool).accuracy
    right = {place: np.empty((2, 5, 5)) for place in shifts}
    for place in shifts:
        plus, minus = sides[0][place], sides[1][place]
        for i in range(5):
            for j in range(5):
                w, middle = fisher(np.delete(plus, i, 0), np.delete(minus, j, 0))
                right[place][:, i, j] = plus[i] @ w > middle, minus[j] @ w < middle
    assert 0.5 < np.mean(list(accuracy.values())) < 0.95
    assert len(set(accuracy.values())) > 4, "they differ, so they can't agree by accident"
    assert any(
        all(
            accuracy[place] == pytest.approx(right[place][:, range(5), list(order)].mean())
            for place in shifts
        )
        for order in permutations(range(5))
    )


def test_a_shift_of_one_channel_is_found_there_and_only_there(tiny: iv.Classifier) -> None:
    random = np.random.default_rng(1)
    other = made_up(random, 60)
    found = iv.concept(tiny, made_up(random, 20, 6.0), made_up(random, 20), other=other)
    assert found.found == ["3a"] and found.best == "3a"
    assert int(np.abs(found.directions["3a"]).argmax()) == 4
    assert found.directions["3a"][4] == pytest.approx(6.0, abs=1.2)


def test_examples_on_the_wrong_side_count_as_wrong(tiny: iv.Classifier) -> None:
    """Far apart, every fold is right; one beyond the other group is wrong."""
    rows = np.zeros((10, 3))
    rows[:, 0] = np.arange(10) * 0.01
    far = {"3a": rows + np.array([5.0, 0, 0])}
    near = {"3a": rows}
    pool = {"3a": np.random.default_rng(2).normal(size=(40, 3))}
    assert iv.concept(tiny, far, near, other=pool).accuracy["3a"] == 1.0
    swapped = {"3a": far["3a"].copy()}
    swapped["3a"][0, 0] = -5.0
    assert iv.concept(tiny, swapped, near, other=pool).accuracy["3a"] == pytest.approx(0.95)


def test_examples_without_any_spread_leave_the_difference_of_means(tiny: iv.Classifier) -> None:
    with_it, without = {"3a": np.tile([3.0, 1, 0], (4, 1))}, {"3a": np.tile([1.0, 1, 0], (4, 1))}
    pool = {"3a": np.random.default_rng(5).normal(size=(20, 3))}
    found = iv.concept(tiny, with_it, without, other=pool)
    np.testing.assert_allclose(found.discriminants["3a"], [1, 0, 0])
    assert found.middles["3a"] == pytest.approx(2) and found.accuracy["3a"] == 1.0
    same = iv.concept(tiny, without, without, other=pool)
    np.testing.assert_array_equal(same.discriminants["3a"], [0, 0, 0])


def test_the_best_module_is_the_middle_one_of_several(stripes: iv.Concept) -> None:
    accuracy = {"3a": 0.9, "3b": 1.0, "4a/1x1": 1.0, "4a": 1.0, "4b": 1.0, "4c": 0.95}
    assert replace(stripes, accuracy=accuracy).best == "4a"
    assert replace(stripes, accuracy=accuracy | {"4b": 0.9}).best == "3b"


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
    direction, discriminant = stripes.directions["4e"], stripes.discriminants["4e"]
    maps = trace.modules["4e"].double().numpy()
    reading = np.tensordot(discriminant, maps, 1) - stripes.middles["4e"]
    changed = maps - direction[:, None, None] * (reading + 1) / 2
    after_it = np.tensordot(discriminant, changed, 1) - stripes.middles["4e"]
    np.testing.assert_allclose(after_it, -1, atol=1e-6)
    network = bvlc.inference_network
    x = torch.tensor(changed, dtype=torch.float32)[None]
    with torch.no_grad():
        *_, (_, last) = network.walk(x, after="4e")
        after = float(network.classify(last)[0, 7])
    assert found.removed == pytest.approx(after - float(trace.logits[7]), abs=1e-3)
    slopes = iv.gradients(bvlc, trace, target).at["4e"].sum((1, 2)).numpy()
    assert found.added == pytest.approx(float(slopes @ stripes.directions["4e"]), rel=1e-4)
    assert 0 <= found.rank <= 1 and len(found.chance) == 24
    without = dependence(bvlc, trace, replace(stripes, directions={"4e": 0 * direction}), "4e")
    assert without.removed == 0 and not without.chance.any(), "random ones move as far: nowhere"


def test_random_groups_of_photos_rarely_seem_to_matter(
    bvlc: iv.Classifier, other: Examples
) -> None:
    """The difference of any two groups of photos changes more than channels drawn alike do."""
    trace, random = bvlc.trace(sample("viaduct")), np.random.default_rng(0)
    ranks = []
    for _ in range(20):
        rows = random.permutation(other["5b"])
        groups = [{"5b": part} for part in (rows[:8], rows[8:16], rows[16:])]
        found = iv.concept(bvlc, *groups[:2], other=groups[2])
        ranks.append(dependence(bvlc, trace, found, "5b").rank)
    assert sum(rank >= 0.95 for rank in ranks) <= 6  # of a binomial with 2 of 25: 1.6 ± 1.2


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
        np.testing.assert_allclose(
            back.discriminants[place], stripes.discriminants[place], rtol=1e-5, atol=1e-6
        )
        assert back.middles[place] == stripes.middles[place]


def test_a_file_of_the_first_version_reads_by_its_direction(
    bvlc: iv.Classifier, stripes: iv.Concept, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file, save_file

    path = tmp_path / "old.safetensors"
    stripes.save(path)
    arrays = load_file(path)
    for place in stripes.accuracy:
        del arrays[f"discriminant:{place}"], arrays[f"middle:{place}"]
        length = float(np.linalg.norm(arrays[f"direction:{place}"]))
        arrays[f"means:{place}"] = np.array([0.5, 0.5 + length])
    about = {
        "kind": "inception-viz concept",
        "name": "old",
        "network": stripes.network,
        "accuracy": json.dumps(dict(stripes.accuracy)),
        "examples": "[10, 10]",
    }
    save_file(arrays, path, metadata=about)
    old, trace = iv.Concept.load(path), bvlc.trace(sample("cat"))
    direction = arrays["direction:4c"].astype(float)
    length = float(np.linalg.norm(direction))
    along = np.tensordot(direction / length, trace.modules["4c"].double().numpy(), 1)
    np.testing.assert_allclose(
        concept_map(bvlc, trace, old, "4c"), (along - 0.5 - length / 2) / (length / 2), atol=1e-6
    )
    save_file(arrays, path, metadata=about | {"version": "3"})
    with pytest.raises(iv.FileError, match="later version"):
        iv.Concept.load(path)
    arrays["means:4c"] = np.zeros(3)
    save_file(arrays, path, metadata=about)
    with pytest.raises(iv.FileError, match="damaged"):
        iv.Concept.load(path)


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
