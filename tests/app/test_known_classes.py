"""What is said of the classes that a model has or hasn't: only where it is known what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

import inception_viz as iv
from app.session import explanations, photos
from app.session.scene import Scene
from inception_viz.sources import are_imagenet, imagenet_labels, inception5h_labels
from tests.conftest import sample, tiny_config


def named(*labels: str, source: str = "file", **changes: object) -> iv.Classifier:
    """A tiny network with classes of these names."""
    random = iv.load("random", config=tiny_config(classes=len(labels), aux1=None, aux2=None))
    weights = replace(random.weights, labels=labels, notes=(), fingerprint=source, **changes)  # type: ignore[arg-type]
    return replace(random, weights=weights, source=source)


INCEPTION5H = inception5h_labels()
NAMES = imagenet_labels()


@pytest.mark.parametrize(
    ("model", "goldfish", "moose"),
    [
        (named(*NAMES), True, False),
        (named(*INCEPTION5H), True, False),  # with "dummy" and "unused 1001" …
        (named("background", *NAMES), True, False),
        (named("tench", "golf ball"), False, False),
        (named("class 0", "class 1"), None, None),
        (named("goldfish", "class 1"), None, None),
        (named("pond", "forest", "kitchen"), None, None),
        (named("dummy", "background"), None, None),
        (named(*NAMES, assumed=frozenset({"labels"})), None, None),
        (named(*NAMES, source="random"), None, None),
    ],
    ids=["ImageNet", "inception5h", "1001", "two", "numbered", "mixed", "places", "nothing",
         "assumed", "random"],
)  # fmt: skip
def test_claims_are_made_where_classes_are_known(
    model: iv.Classifier, goldfish: bool | None, moose: bool | None
) -> None:
    assert photos.has_a_class_for("goldfish", model) is goldfish
    picture = photos.sample_picture("moose")
    assert photos.shows_a_class_of(picture, model) is moose
    with_class, without = ([s.id for s in some] for some in photos.samples_for(model))
    assert ("moose" in without) is (moose is False)
    assert ("moose" in with_class) is (moose is None)
    scene = Scene(model, model.trace(picture), 0, "Moose", "A moose", model)
    html = explanations.report(scene)
    assert ("it has no class for what is on this photo" in html) is (moose is False)
    assert ("has learned nothing" in html) is (model.source == "random")


def test_of_other_photos_nothing_is_known() -> None:
    model = named(*NAMES)
    picture = iv.read_picture(sample("moose").read_bytes() + b"\0", name="mine.jpg")
    assert photos.shows_a_class_of(picture, model) is None
    assert not are_imagenet(())
