from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import LayerGradientXActivation

import inception_viz as iv
from inception_viz.features import Index, index, kept_indexes
from tests.conftest import noise_folders, noise_photo, tiny_config

COUNT = 22


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = noise_folders(tmp_path_factory.mktemp("data") / "photos", COUNT)
    (root / "odd" / "bad.png").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def found(classifier: iv.Classifier, photos: Path) -> Index:
    made = index(classifier, photos, photos.with_name("whole.npz"))
    assert made is not None
    return made


@pytest.fixture(scope="module")
def traces(classifier: iv.Classifier, photos: Path, found: Index) -> list[iv.Trace]:
    return [classifier.trace(photos / name) for name in found.pictures]


PLACES = ["3a/1x1:1", "4c/5x5:3", "4c/5x5/reduce:1", "5b/pool:2"]


def maps_of(traces: list[iv.Trace], place: str) -> np.ndarray:
    layer, _, channel = place.rpartition(":")
    return np.stack([trace.layer(layer)[int(channel)].numpy() for trace in traces])


def highest_of(traces: list[iv.Trace], place: str) -> np.ndarray:
    return np.asarray(maps_of(traces, place).reshape(len(traces), -1).max(axis=1))


@pytest.mark.parametrize("place", PLACES)
def test_the_strongest_photos_and_units_are_those_of_single_traces(
    found: Index, traces: list[iv.Trace], place: str
) -> None:
    maps, highest = maps_of(traces, place), highest_of(traces, place)
    best = np.argsort(-highest, kind="stable")[:9]
    rows = found.top(place)
    assert [row.value for row in rows] == pytest.approx(highest[best].tolist(), rel=1e-4, abs=1e-6)
    for row in rows:
        seen = maps[found.pictures.index(row.picture)]
        assert row.value == pytest.approx(seen[row.row, row.column], rel=1e-4, abs=1e-6)
        assert row.value == pytest.approx(seen.max(), rel=1e-4, abs=1e-6)
    assert [row.picture for row in found.top(place, 2)] == [row.picture for row in rows[:2]]


@pytest.mark.parametrize("place", PLACES)
def test_relevance_is_captums(
    classifier: iv.Classifier, found: Index, traces: list[iv.Trace], place: str
) -> None:
    layer, _, channel = place.rpartition(":")
    module, branch, *reduce = layer.split("/")
    target = classifier.network.trunk[module].get_submodule(f"branches.{branch}")
    target = target.get_submodule("reduce") if reduce else target
    captum = LayerGradientXActivation(lambda x: classifier.network(x).main, target)
    scores = []
    for trace in traces:
        score = captum.attribute(trace.input, target=int(trace.logits.argmax()))
        scores.append(float(score[0, int(channel)].detach().sum()))
    best = np.argsort(-np.array(scores))[:9]
    rows = found.top(place, by="relevance")
    expected = [scores[i] for i in best]
    scale = max(map(abs, expected)) or 1.0
    assert [row.value for row in rows] == pytest.approx(expected, rel=1e-3, abs=1e-3 * scale)


@pytest.mark.parametrize("place", PLACES)
def test_bands_and_histogram_hold_every_level(
    found: Index, traces: list[iv.Trace], place: str
) -> None:
    highest = highest_of(traces, place)
    most = highest.max()
    edges, counts = found.histogram(place)
    assert counts.sum() == len(highest)
    assert edges[-1] == pytest.approx(most, rel=1e-4)
    for number in range(4):
        rows = found.band(place, number)
        low, high = most * number / 4, most * (number + 1) / 4
        inside = [i for i, v in enumerate(highest) if low <= v <= high * 1.001 and most > 0]
        assert len({row.picture for row in rows}) == len(rows) <= 9
        assert all(low * 0.99 - 1e-3 <= row.value <= high * 1.01 + 1e-3 for row in rows)
        assert len(rows) == min(len(inside), 9) or len(rows) in (len(inside) - 1, 8, 9)
        assert [row.value for row in rows] == sorted((r.value for r in rows), reverse=True)


def test_class_means(found: Index, traces: list[iv.Trace]) -> None:
    highest = highest_of(traces, "4c/5x5:3")
    even = [name.startswith("even") for name in found.pictures]
    means = found.class_means("4c/5x5:3")
    assert list(means) == ["even", "odd"]
    assert means["even"] == pytest.approx(highest[even].mean(), rel=2e-3)


def test_similar_channels_fire_on_the_same_photos(
    classifier: iv.Classifier, found: Index, traces: list[iv.Trace]
) -> None:
    layers = list(found.layers.items())
    assert found.similar("3a/1x1:1", 3, among=found)[0][1] == 1.0, "itself"
    assert all(place != "3a/1x1:1" for place, _ in found.similar("3a/1x1:1", 9))
    with pytest.raises(ValueError, match="different photos"):
        other = index(classifier, [noise_photo_picture(0)])
        assert other is not None
        found.similar("3a/1x1:1", among=other)
    assert layers[0] == ("3a/1x1", 4)


def noise_photo_picture(seed: int) -> iv.Picture:
    return iv.read_picture(noise_photo(seed))


def test_some_photos_give_the_same_without_a_file(
    classifier: iv.Classifier, found: Index, photos: Path
) -> None:
    some = index(classifier, [photos / name for name in found.pictures])
    assert some is not None
    for name, table in found.tables.items():
        if table.dtype.kind == "f":
            assert np.allclose(some.tables[name][..., :9], table[..., :9], rtol=1e-3, atol=1e-3)
    assert found.unreadable == 1


def test_stopped_and_gone_on_it_is_the_same_file(
    classifier: iv.Classifier, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.batch.parts.CHUNK", 4)
    whole, halted = tmp_path / "whole.npz", tmp_path / "halted.npz"
    index(classifier, photos, whole)

    def stop(done: int, total: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index(classifier, photos, halted, progress=stop)
    assert not halted.exists()
    told: list[int] = []
    index(classifier, photos, halted, progress=lambda done, total: told.append(done))
    assert told[0] >= 4, "what was done counts"
    first, second = Index.load(whole), Index.load(halted)
    assert first.pictures == second.pictures
    for name, table in first.tables.items():
        assert np.array_equal(table, second.tables[name]), name


def test_a_small_block_gives_the_same(
    classifier: iv.Classifier, photos: Path, found: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.features.indexing._BLOCK", 10 * COUNT * 7)
    again = index(classifier, photos, photos.with_name("blocks.npz"))
    assert again is not None
    for name, table in found.tables.items():
        assert np.array_equal(table, again.tables[name]), name


def test_silence_is_no_level(classifier: iv.Classifier) -> None:
    picture = noise_photo_picture(0)
    alone = index(classifier, [picture])
    assert alone is not None and alone.pictures == ("0",)
    dead = [p for p in (f"3a/1x1:{c}" for c in range(4)) if alone.top(p)[0].value == 0]
    for place in dead:
        assert not any(alone.band(place, number) for number in range(4))
        assert alone.similar(place) == []


def test_an_index_without_a_name_is_kept_for_its_network(
    classifier: iv.Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "cache"))
    assert kept_indexes(classifier) == []
    for name in ("pets", "cars"):
        (tmp_path / name).mkdir()
        noise_photo(1, (90, 80)).save(tmp_path / name / "a.png")
        assert index(classifier, tmp_path / name) is not None
    newest, oldest = kept_indexes(classifier)
    assert newest.stem.startswith("cars-") and oldest.stem.startswith("pets-")
    assert Index.load(newest).folder == str(tmp_path / "cars")
    assert kept_indexes(iv.load("random", config=tiny_config(input_size=96, classes=3))) == []


@pytest.mark.parametrize("content", [b"", b"no index", b"PK\x03\x04"])
def test_what_is_no_index_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(iv.BatchError, match="no index of photos"):
        Index.load(path)


def test_what_cannot_be_indexed_is_said(classifier: iv.Classifier, tmp_path: Path) -> None:
    with pytest.raises(iv.BatchError, match="at least one photo"):
        index(classifier, [])
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(iv.BatchError, match="None of the 1 photos"):
        index(classifier, tmp_path, tmp_path / "x.npz")
    with pytest.raises(KeyError):
        index_of_one(classifier).top("4c/5x5:9")


def index_of_one(classifier: iv.Classifier) -> Index:
    made = index(classifier, [noise_photo_picture(1)])
    assert made is not None
    assert torch.is_grad_enabled()
    return made
