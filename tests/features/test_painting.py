from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

import inception_viz as iv
from inception_viz.features import Canvas, Leaking, layers_of, picture_of, pictures_of
from tests.conftest import sample

quick = partial(picture_of, size=32, steps=12)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(float)


def test_a_canvas_shows_a_picture_and_its_gradient_is_real() -> None:
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 0.9 + 0.05
    canvas = Canvas([0, 1], 16)
    assert canvas.pixels().std() < 0.2, "it begins nearly grey"
    canvas.show(picture.expand(2, -1, -1, -1))
    assert torch.allclose(canvas.pixels(), picture.expand(2, -1, -1, -1), atol=1e-4)
    (slope,) = torch.autograd.grad(canvas.pixels()[0].sum(), canvas.coefficients)
    assert not slope[1].any(), "pictures don't meet"
    with torch.no_grad():
        before = canvas.pixels()
        canvas.coefficients[:, :, 0, 0, 1] += 1  # the imaginary part of the mean colour
    assert torch.allclose(canvas.pixels(), before)


def test_a_leak_changes_gradients_and_nothing_else(classifier: iv.Classifier) -> None:
    network = classifier.inference_network
    leaking = Leaking(network)
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    slopes = {}
    for share in (0.0, 0.1, 1.0):
        leaking.leak(share)
        (out,) = (maps for name, maps in leaking.network.walk(x, upto="conv1") if name == "conv1")
        assert torch.equal(out, dict(network.walk(x, upto="conv1"))["conv1"])
        slopes[share] = torch.autograd.grad(out.sum(), x)[0]
    assert torch.allclose(slopes[0.1], 0.9 * slopes[0.0] + 0.1 * slopes[1.0], atol=1e-5)
    assert all(type(m) is torch.nn.ReLU for n, m in network.named_modules() if n.endswith("relu"))


@pytest.mark.parametrize("what", ["conv1:1", "4c", "4c/5x5", "4c/5x5:1", "4c/5x5/reduce:0"])
def test_a_picture_makes_its_aim_fire(classifier: iv.Classifier, what: str) -> None:
    painted = picture_of(classifier, what, size=32, steps=24)
    first, last = painted.curve[:4].mean(), painted.curve[-4:].mean()
    assert last > first
    assert painted.image.size == (32, 32) and painted.image.mode == "RGB"
    assert painted.what == what and painted.alive == (painted.activation > 0)


def test_a_class_and_its_opposite(classifier: iv.Classifier) -> None:
    target = iv.Target(3)
    most = picture_of(classifier, target, size=32, steps=24)
    least = picture_of(classifier, target, opposite=True, size=32, steps=24)
    assert most.what == "main:3"
    assert most.activation > least.activation
    assert most.curve[-8:].mean() > least.curve[-8:].mean()


def test_the_opposite_of_a_channel_is_sought_in_front_of_its_relu(
    classifier: iv.Classifier,
) -> None:
    painted = picture_of(classifier, "4c/5x5:1", opposite=True, size=32, steps=24)
    assert painted.curve[-4:].mean() < painted.curve[:4].mean()
    assert painted.curve.min() < 0


def test_the_same_again_alone_and_among_others(classifier: iv.Classifier) -> None:
    one = quick(classifier, "3b/3x3:2")
    again = quick(classifier, "3b/3x3:2")
    other = quick(classifier, "3b/3x3:2", seed=1)
    among = pictures_of(classifier, ["3b/3x3:0", "3b/3x3:2", "3b/3x3:1"], size=32, steps=12)
    assert np.array_equal(pixels(one.image), pixels(again.image))
    assert not np.array_equal(pixels(one.image), pixels(other.image))
    assert np.abs(pixels(among[1].image) - pixels(one.image)).mean() < 0.5
    assert [painted.what for painted in among] == ["3b/3x3:0", "3b/3x3:2", "3b/3x3:1"]


def test_it_can_begin_with_a_photo(classifier: iv.Classifier) -> None:
    photo = Image.open(sample("flower")).convert("RGB").resize((32, 32))
    painted = picture_of(classifier, "4c/5x5:1", start=photo, size=32, steps=1)
    far = np.abs(pixels(photo) - pixels(painted.image)).mean()
    assert far < 30 < np.abs(pixels(photo) - 128).mean()


def test_the_classifier_stays_as_it_is(classifier: iv.Classifier) -> None:
    before = {name: value.clone() for name, value in classifier.network.state_dict().items()}
    key = classifier.key
    quick(classifier, "5a/1x1:0")
    after = classifier.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert classifier.key == key
    assert not any(p.requires_grad for p in classifier.inference_network.parameters())
    assert not any(m._forward_hooks for m in classifier.inference_network.modules())


def test_it_stops_where_nothing_is_gained(classifier: iv.Classifier) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inception_viz.features.painting._GAIN", 1e9)
        painted = picture_of(classifier, "3a/1x1:0", size=32, steps=200)
    assert len(painted.curve) == 64


def test_progress_is_told_and_may_stop_it(classifier: iv.Classifier) -> None:
    told: list[float] = []
    quick(classifier, "3a/1x1:0", progress=told.append)
    assert told[0] == 0 and told[-1] == 1 and told == sorted(told)

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quick(classifier, "3a/1x1:0", progress=stop)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("9z", 'no layer "9z"'),
        ("4c/7x7:1", 'no layer "4c/7x7"'),
        ("4c/5x5:4", "channels are 0 to 3"),
        ("4c/5x5:-1", "channels are 0 to 3"),
        (iv.Target(7), "classes are 0 to 6"),
        (iv.Target(0, head="aux9"), "aux9"),
    ],
)
def test_what_does_not_exist_is_said(
    classifier: iv.Classifier, what: str | iv.Target, says: str
) -> None:
    with pytest.raises(iv.ExplainError, match=says):
        quick(classifier, what)


def test_aims_of_two_layers_or_an_odd_size_are_refused(classifier: iv.Classifier) -> None:
    with pytest.raises(ValueError, match="one layer"):
        pictures_of(classifier, ["3a/1x1:0", "3b/1x1:0"])
    with pytest.raises(ValueError, match="even number"):
        picture_of(classifier, "3a/1x1:0", size=33)


def test_every_layer_that_is_recorded_can_be_painted(classifier: iv.Classifier) -> None:
    with iv.recording(classifier.network) as record, torch.no_grad():
        classifier.network(torch.zeros(1, 3, 96, 96), heads=True)
    heads = {"main", "aux1", "aux2"}
    widths = {name: maps.shape[1] for name, maps in record.items() if name not in heads}
    assert {name: layer.outputs for name, layer in layers_of(classifier.config).items()} == widths
