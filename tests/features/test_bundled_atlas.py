from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import inception_viz as iv
from inception_viz.architecture import Place
from inception_viz.features import atlas_of, picture_of
from tests.conftest import ROOT

MODELS = ("bvlc", "imagenette")


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> iv.Classifier:
    return iv.load(request.param)


def strongest_unit(model: iv.Classifier, image: Image.Image, place: Place) -> float:
    maps = model.trace(image, fit="squash").layer(str(place).partition(":")[0])
    return float(maps[place.channel].max())


def test_every_channel_of_every_branch_has_its_picture(model: iv.Classifier) -> None:
    atlas = atlas_of(model)
    for name, module in model.network.modules_by_name.items():
        for branch in module.widths:
            assert atlas.missing(Place(name, branch)) == []
    assert (ROOT / "assets" / "atlas" / f"{model.source}.zip").stat().st_size <= 16e6


def test_a_bundled_picture_makes_its_channel_fire(model: iv.Classifier) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8))
    for place in (Place("3b", "3x3", 5), Place("4c", "5x5", 7), Place("5b", "1x1", 300)):
        tile = atlas_of(model).tile(place)
        assert tile is not None and tile.image.size == (96, 96)
        assert tile.shows_something
        fires = strongest_unit(model, tile.image, place)
        assert fires > 0 and fires > 2 * strongest_unit(model, noise, place)


def test_it_is_a_picture_as_painting_gives_it(model: iv.Classifier) -> None:
    """Another processor rounds otherwise, and pictures drift apart: alike, not the same."""
    place = Place("3a", "1x1", 5)
    tile = atlas_of(model).tile(place)
    assert tile is not None
    painted = picture_of(model, str(place), size=96)
    assert painted.activation == pytest.approx(tile.activation, rel=0.5)
