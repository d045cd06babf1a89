from __future__ import annotations

import pytest

import inception_viz as iv
from inception_viz.features import nearest, two_photos
from tests.conftest import noise_photo, sample


def test_a_question_is_of_two_photos_that_the_channel_tells_apart(
    classifier: iv.Classifier,
) -> None:
    photos = [iv.read_picture(noise_photo(i, (90 + i, 80))) for i in range(12)]
    index = iv.index(classifier, photos)
    assert index is not None
    traces = [classifier.trace(photo) for photo in photos]
    places, first = set(), []
    for number in range(8):
        question = two_photos(index, number)
        assert question is not None and question == two_photos(index, number)
        layer, _, channel = question.place.partition(":")
        module, branch = layer.split("/")
        most = [float(t.branches[module][branch][int(channel)].max()) for t in traces]  # type: ignore[index]
        assert most[int(question.strong.picture)] == pytest.approx(max(most), rel=1e-5)
        assert most[int(question.weak.picture)] < max(most) / 3
        places.add(question.place)
        first.append(question.strong_first)
    assert len(places) > 4 and len(set(first)) == 2


def test_no_question_where_photos_are_all_the_same(classifier: iv.Classifier) -> None:
    index = iv.index(classifier, [iv.read_picture(noise_photo(1, (90, 80)))])
    assert index is not None and two_photos(index, 0) is None


def test_the_machine_takes_what_is_alike() -> None:
    judge = iv.load("imagenette")
    cat, coffee = (iv.read_picture(sample(name)).image for name in ("cat", "espresso"))
    half = cat.crop((0, 0, cat.width * 3 // 4, cat.height))
    assert nearest(half, [cat, coffee], judge) == 0
    assert nearest(half, [coffee, cat], judge) == 1
