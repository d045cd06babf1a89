from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import inception_viz as iv
from inception_viz.explain import Curve, centre_prior, random_map
from tests.explain.whole_network import blobs, precise

PIXELS = 64 * 64


def unique_map(seed: int) -> np.ndarray:
    """Every value once, so that there is one order."""
    return np.random.default_rng(seed).permutation(PIXELS).reshape(64, 64).astype(np.float32)


def blurred(x: torch.Tensor) -> torch.Tensor:
    """A Gaussian of 20 pixels for a 224-pixel input, cut at ±25; edges are mirrored."""
    offsets = torch.arange(-7, 8, dtype=torch.float64)
    weights = torch.exp(-((offsets / (20 * 64 / 224)) ** 2) / 2)
    weights /= weights.sum()
    channels = F.pad(x.double(), (7, 7, 7, 7), mode="reflect").transpose(0, 1)
    across = F.conv2d(channels, weights[None, None, None, :])
    return F.conv2d(across, weights[None, None, :, None]).transpose(0, 1)


def probability(
    classifier: iv.Classifier, x: torch.Tensor, index: int, head: str = "main"
) -> float:
    logits = getattr(precise(classifier)(x.double(), heads=True), head)[0]
    return float(logits.softmax(0)[index])


def test_ends_of_the_curves(small: iv.Classifier, trace: iv.Trace) -> None:
    found = iv.faithfulness(small, trace, unique_map(0), 3, steps=3)
    photo = float(trace.logits.double().softmax(0)[3])
    grey = probability(small, torch.zeros_like(trace.input), 3)
    soft = blurred(trace.input)
    for ranking in ("map", "random", "centre"):
        deletion, insertion = found.deletion[ranking], found.insertion[ranking]
        assert deletion.value[0] == pytest.approx(photo, rel=1e-4)
        assert deletion.value[-1] == pytest.approx(grey, rel=1e-4)
        assert insertion.value[0] == pytest.approx(probability(small, soft, 3), rel=1e-4)
        assert insertion.value[-1] == pytest.approx(photo, rel=1e-4)
        np.testing.assert_allclose(deletion.share, [0, 1 / 3, 2 / 3, 1])
    assert photo != pytest.approx(grey, rel=0.01)


@pytest.mark.parametrize("head", ["main", "aux1"])
def test_pixels_go_in_the_maps_order(small: iv.Classifier, trace: iv.Trace, head: str) -> None:
    values = unique_map(1)
    found = iv.faithfulness(small, trace, values, iv.Target(3, head=head), steps=7)
    soft = blurred(trace.input)
    for step in (2, 5):
        gone = torch.from_numpy(values >= PIXELS - PIXELS * step // 7)  # the highest ones
        assert int(gone.sum()) == PIXELS * step // 7
        deleted = torch.where(gone, 0, trace.input)
        expected = probability(small, deleted, 3, head)
        assert found.deletion["map"].value[step] == pytest.approx(expected, rel=1e-3)
        inserted = torch.where(gone, trace.input.double(), soft)
        expected = probability(small, inserted, 3, head)
        assert found.insertion["map"].value[step] == pytest.approx(expected, rel=1e-3)


def test_a_map_upside_down_deletes_the_other_half(small: iv.Classifier, trace: iv.Trace) -> None:
    values = unique_map(2)
    up, down = (iv.faithfulness(small, trace, m, 3, steps=2) for m in (values, -values))
    for found, gone in ((up, values >= PIXELS / 2), (down, values < PIXELS / 2)):
        expected = probability(small, torch.where(torch.from_numpy(gone), 0, trace.input), 3)
        assert found.deletion["map"].value[1] == pytest.approx(expected, rel=1e-3)
    assert up.deletion["map"].value[1] != pytest.approx(down.deletion["map"].value[1], rel=1e-3)


def test_the_opponents_are_what_they_say(small: iv.Classifier, trace: iv.Trace) -> None:
    found = iv.faithfulness(small, trace, unique_map(0), 3, steps=2, seed=5)
    as_map = [
        iv.faithfulness(small, trace, values, 3, steps=2)
        for values in (centre_prior(64), random_map(64, 5), random_map(64, 6))
    ]
    for game in ("deletion", "insertion"):
        centre, first, second = (getattr(played, game)["map"].value for played in as_map)
        np.testing.assert_allclose(getattr(found, game)["centre"].value, centre, rtol=1e-4)
        mean = (first + second) / 2
        np.testing.assert_allclose(getattr(found, game)["random"].value, mean, rtol=1e-4)


def test_the_centre_prior_falls_with_the_distance() -> None:
    prior = centre_prior(9)
    rows, columns = np.indices((9, 9)) - 4
    distance = np.hypot(rows, columns)
    order = np.argsort(-prior, axis=None, kind="stable")
    assert prior.argmax() == 40
    assert (np.diff(distance.ravel()[order]) >= -1e-9).all()


def test_random_maps_follow_their_seed() -> None:
    np.testing.assert_array_equal(random_map(64, 1), random_map(64, 1))
    assert not np.array_equal(random_map(64, 1), random_map(64, 2))


def test_area_by_hand() -> None:
    curve = Curve(np.array([0.0, 0.25, 0.5, 1.0]), np.array([1.0, 0.6, 0.4, 0.0]))
    assert curve.area == pytest.approx(0.25 * 0.8 + 0.25 * 0.5 + 0.5 * 0.2)


def test_area_of_a_found_curve(lrn: iv.Classifier) -> None:
    found = iv.faithfulness(lrn, lrn.trace(blobs(0)), unique_map(0), 3, steps=4)
    value = found.deletion["map"].value
    expected = 0.25 * (value[0] / 2 + value[1] + value[2] + value[3] + value[4] / 2)
    assert found.deletion["map"].area == pytest.approx(expected)


def test_target_becomes_the_classs_probability(lrn: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    found = iv.faithfulness(lrn, trace, unique_map(0), iv.Target(3, against=1), steps=1)
    assert found.target == iv.Target(3, kind="probability")
    best = int(trace.logits.argmax())
    assert iv.faithfulness(lrn, trace, unique_map(0), steps=1).target.index == best


def test_as_a_table(lrn: iv.Classifier) -> None:
    found = iv.faithfulness(lrn, lrn.trace(blobs(0)), unique_map(0), 3, steps=2)
    table = found.to_frame()
    assert len(table) == 2 * 3 * 3
    rows = table[(table.game == "insertion") & (table.ranking == "centre")]
    assert rows.probability.tolist() == found.insertion["centre"].value.tolist()
    with pytest.raises(TypeError):
        found.deletion["map"] = found.deletion["random"]  # type: ignore[index]


def test_what_cannot_be_judged_is_refused(lrn: iv.Classifier, batch: iv.Classifier) -> None:
    trace = lrn.trace(blobs(0))
    with pytest.raises(iv.ExplainError, match="Unmute everything first"):
        iv.faithfulness(lrn, iv.mute(lrn, trace, ["4c"]), unique_map(0))
    with pytest.raises(iv.ExplainError, match=r"The map is \(7, 7\); it must be \(64, 64\)"):
        iv.faithfulness(lrn, trace, np.zeros((7, 7)))
    with pytest.raises(iv.ExplainError, match="made by another model"):
        iv.faithfulness(batch, trace, unique_map(0))


def test_progress_rises_to_one_and_may_stop_the_work(lrn: iv.Classifier) -> None:
    trace, shares = lrn.trace(blobs(0)), list[float]()
    iv.faithfulness(lrn, trace, unique_map(0), steps=6, progress=shares.append)
    assert len(shares) > 4 and shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares)

    class StopError(Exception):
        pass

    def stop(share: float) -> None:
        if share >= 0.5:
            raise StopError

    with pytest.raises(StopError):
        iv.faithfulness(lrn, trace, unique_map(0), steps=2, progress=stop)
