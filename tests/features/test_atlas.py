from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import inception_viz as iv
from inception_viz import cli
from inception_viz.architecture import Place
from inception_viz.features import Tile, atlas_of, make_atlas, picture_of
from inception_viz.files import cached
from tests.conftest import noise_photo, tiny_config

SIZE, STEPS = 32, 3


def test_an_atlas_holds_every_channel_and_goes_on_where_it_stopped(
    classifier: iv.Classifier,
) -> None:
    atlas = atlas_of(classifier)
    widths = {n: m.widths for n, m in classifier.network.modules_by_name.items()}
    places = [Place(m, b, c) for m, of in widths.items() for b, n in of.items() for c in range(n)]
    assert not any(map(atlas.tile, places))

    def stop(share: float) -> None:
        if share > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_atlas(classifier, size=SIZE, steps=STEPS, progress=stop)
    assert 0.2 < np.mean([atlas.tile(place) is not None for place in places]) < 0.8
    made = {file: file.stat().st_mtime_ns for file in cached("atlas").rglob("*.webp")}
    told: list[float] = []
    make_atlas(classifier, size=SIZE, steps=STEPS, progress=told.append)
    assert told == sorted(told) and told[-1] == 1
    assert all(file.stat().st_mtime_ns == time for file, time in made.items())
    assert all(map(atlas.tile, places))
    assert atlas.missing(Place("4c", "5x5")) == []


def test_a_tile_is_the_picture_of_its_channel(classifier: iv.Classifier) -> None:
    atlas, place = atlas_of(classifier), Place("4c", "5x5", 2)
    assert atlas.tile(place) is None and 2 in atlas.missing(Place("4c", "5x5"))
    atlas.paint(Place("4c", "5x5"), [2], size=SIZE, steps=STEPS)
    assert 2 not in atlas.missing(Place("4c", "5x5"))
    tile = atlas_of(classifier).tile(place)
    assert tile is not None and tile.image.size == (SIZE, SIZE)
    own = picture_of(classifier, "4c/5x5:2", size=SIZE, steps=STEPS)
    other = picture_of(classifier, "4c/5x5:1", size=SIZE, steps=STEPS)
    far = [
        np.abs(np.asarray(tile.image, float) - np.asarray(one.image, float)).mean()
        for one in (own, other)
    ]
    assert far[0] < far[1]
    assert tile.activation == pytest.approx(own.activation, rel=0.05, abs=0.01)
    assert atlas.tile(Place("4c", "5x5", 99)) is None
    assert atlas.tile(Place("9z", "5x5", 0)) is None
    assert atlas.tile(Place("4c", "5x5")) is None


def test_a_grey_picture_says_that_it_shows_nothing() -> None:
    assert Tile(b"", activation=3.0, gain=8.0).shows_something
    assert not Tile(b"", activation=3.0, gain=1.1).shows_something
    assert not Tile(b"", activation=0.0, gain=100.0).shows_something


def test_a_bundle_is_read_for_its_own_weights_alone(
    classifier: iv.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.features.atlas.BUNDLED", tmp_path)
    atlas = atlas_of(classifier)
    atlas.paint(Place("4c", "5x5"), [0, 1], size=SIZE, steps=1)
    atlas.pack(tmp_path / f"{classifier.source}.zip")
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "empty"))
    assert atlas_of(classifier).tile(Place("4c", "5x5", 1)) is not None
    assert 1 not in atlas_of(classifier).missing(Place("4c", "5x5"))
    other = iv.load("random", config=tiny_config(input_size=96, classes=3))
    assert atlas_of(other).tile(Place("4c", "5x5", 1)) is None


@pytest.mark.parametrize("damage", [b"", b"RIFF", b"no picture"])
def test_a_damaged_tile_is_no_tile(classifier: iv.Classifier, damage: bytes) -> None:
    atlas = atlas_of(classifier)
    atlas.paint(Place("4c", "5x5"), [0], size=SIZE, steps=1)
    (file,) = cached("atlas").rglob("*.webp")
    file.write_bytes(damage)
    assert atlas.tile(Place("4c", "5x5", 0)) is None


def test_what_cannot_be_written_is_said(
    classifier: iv.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "file"))
    with pytest.raises(iv.FileError, match="can't be written"):
        make_atlas(classifier, size=SIZE, steps=1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "photos"
    root.mkdir()
    for i in range(14):
        noise_photo(i, (90 + i, 80)).save(root / f"{i:02}.png")
    return root


def test_a_picture_is_measured_against_photos(
    classifier: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    index = iv.index(classifier, photos, tmp_path / "x.npz")
    assert index is not None
    places = [f"3b/3x3:{c}" for c in range(6)]
    place = next(p for p in places if index.top(p)[0].value > 0 and index.band(p, 0))
    judge = iv.load("random", config=tiny_config(input_size=96, classes=3))
    painted = picture_of(classifier, place, size=32, steps=16, index=index, judge=judge)
    assert painted.reached == pytest.approx(painted.activation / index.top(place)[0].value)
    assert painted.transfer is not None and 0 <= painted.transfer <= 1
    alone = picture_of(classifier, place, size=32, steps=1)
    assert alone.reached is None and alone.transfer is None
    module = picture_of(classifier, "3b", size=32, steps=1, index=index)
    assert module.reached is None, "an index holds channels alone"
    with pytest.raises(ValueError, match="another network"):
        picture_of(judge, place, index=index)


def test_a_photo_transfers_to_itself(
    classifier: iv.Classifier, photos: Path, tmp_path: Path
) -> None:
    """A crop of the strongest photos is nearer to these than to weak ones; a weak one is not."""
    from inception_viz.features import crop, transfer

    index = iv.index(classifier, photos, tmp_path / "x.npz")
    assert index is not None
    places = (f"3b/3x3:{c}" for c in range(6))
    place = next(p for p in places if index.top(p)[0].value > 0 and len(index.band(p, 0)) > 0)
    strong = crop(index, place, index.top(place)[0])
    weak = crop(index, place, index.band(place, 0)[-1])
    assert strong.width == strong.height <= 96
    of_strong, of_weak = (transfer(image, place, index, classifier) for image in (strong, weak))
    assert of_strong is not None and of_weak is not None and of_strong > of_weak


def test_the_commands(
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (
        cli.main(["index", str(photos), "--weights", "random", "-o", str(tmp_path / "x.npz")]) == 0
    )
    assert "6,960 channels on 14 photos" in capsys.readouterr().out
    assert iv.Index.load(tmp_path / "x.npz").folder == str(photos)
    assert cli.main(["index", str(photos), "-o", str(tmp_path / "x.csv")]) == 1
    assert ".npz" in capsys.readouterr().err
    tiny = iv.load("random", config=tiny_config(input_size=96))
    features = sys.modules["inception_viz.cli.features"]
    monkeypatch.setattr(features, "loaded", lambda _source: tiny)
    monkeypatch.setattr("inception_viz.features.atlas.STEPS", 1)
    assert cli.main(["atlas", "random", "-o", str(tmp_path / "all.zip")]) == 0
    assert "pictures, in" in capsys.readouterr().out
    assert (tmp_path / "all.zip").stat().st_size > 1000
    assert cli.main(["atlas", "random", "-o", str(tmp_path / "all.webp")]) == 1
    assert ".zip" in capsys.readouterr().err
