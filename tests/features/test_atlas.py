from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import inception_viz as iv
from inception_viz import cli
from inception_viz.architecture import Place
from inception_viz.features import atlas_of, make_atlas, picture_of
from inception_viz.files import cached
from tests.conftest import noise_photo, tiny_config

SIZE, STEPS = 32, 3


@pytest.fixture(scope="module")
def classifier() -> iv.Classifier:
    return iv.load("random", config=tiny_config(input_size=96))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "cache"))


def test_an_atlas_holds_every_channel_and_goes_on_where_it_stopped(
    classifier: iv.Classifier,
) -> None:
    assert atlas_of(classifier) is None

    def stop(share: float) -> None:
        if share > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_atlas(classifier, size=SIZE, steps=STEPS, progress=stop)
    assert atlas_of(classifier) is None
    (half_done,) = cached("atlas").glob(".random-*")
    made = {path.name: path.stat().st_mtime_ns for path in half_done.glob("*.png")}
    assert made
    told: list[float] = []
    atlas = make_atlas(classifier, size=SIZE, steps=STEPS, progress=told.append)
    assert told[0] > 0.3, "what was painted is not painted again"
    assert not half_done.exists()
    widths = {n: m.widths for n, m in classifier.network.modules_by_name.items()}
    channels = {f"{m}/{b}": width for m, found in widths.items() for b, width in found.items()}
    assert {branch: len(facts.activation) for branch, facts in atlas.facts.items()} == channels
    found = atlas_of(classifier)
    assert found == atlas


def test_a_tile_is_the_picture_of_its_channel(classifier: iv.Classifier, tmp_path: Path) -> None:
    atlas = make_atlas(classifier, tmp_path / "sheets", size=SIZE, steps=STEPS)
    tile = atlas.tile(Place("4c", "5x5", 2))
    assert tile is not None and tile.size == (SIZE, SIZE)
    own = picture_of(classifier, "4c/5x5:2", size=SIZE, steps=STEPS)
    other = picture_of(classifier, "4c/5x5:1", size=SIZE, steps=STEPS)
    far = [
        np.abs(np.asarray(tile, float) - np.asarray(one.image, float)).mean()
        for one in (own, other)
    ]
    assert far[0] < far[1]
    assert atlas.tile(Place("4c", "5x5", 4)) is None
    assert atlas.tile(Place("9z", "5x5", 0)) is None
    assert atlas.tile(Place("4c", "5x5")) is None
    assert atlas.facts["4c/5x5"].activation[2] == pytest.approx(own.activation, rel=0.05, abs=0.01)


def test_an_atlas_of_other_weights_is_no_atlas(classifier: iv.Classifier) -> None:
    atlas = make_atlas(classifier, size=SIZE, steps=1)
    about = json.loads((atlas.folder / "atlas.json").read_text())
    (atlas.folder / "atlas.json").write_text(json.dumps(about | {"weights": "others"}))
    assert atlas_of(classifier) is None
    (atlas.folder / "atlas.json").write_text("{")
    assert atlas_of(classifier) is None


def test_what_cannot_be_written_is_said(classifier: iv.Classifier, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(iv.FileError, match="can't be written"):
        make_atlas(classifier, tmp_path / "file" / "sheets", size=SIZE, steps=1)


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
    assert cli.main(["atlas", "random", "-o", str(tmp_path / "sheets")]) == 0
    assert "pictures of 96 pixels" in capsys.readouterr().out
