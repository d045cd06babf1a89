from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inception_viz.errors import DataError, FileError
from inception_viz.training import open_data, read_photos, root_of
from tests.conftest import IMAGENETTE
from tests.training.conftest import COLOURS, MakeFolder, picture


def test_a_folder_of_class_folders(make_folder: MakeFolder) -> None:
    data = open_data(str(make_folder(count=10)))
    assert data.labels == ("blue", "green", "red")
    assert len(data.train) == 24
    assert len(data.validation) == 6
    assert sorted(set(data.validation.targets)) == [0, 1, 2]
    assert not set(data.train.paths) & set(data.validation.paths)
    image, target = data.train[0]
    assert image.size == (40, 40)
    assert data.labels[target] == Path(data.train.paths[0]).parent.name


def test_the_split_depends_on_the_seed_alone(make_folder: MakeFolder) -> None:
    folder = str(make_folder(count=20))
    first, again, other = (open_data(folder, seed=s).validation.paths for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_train_and_val_folders_are_taken_as_they_are(make_folder: MakeFolder) -> None:
    make_folder("set/train", 6)
    folder = make_folder("set/valid", 2).parent
    data = open_data(str(folder))
    assert (len(data.train), len(data.validation)) == (18, 6)
    assert all("valid" in path for path in data.validation.paths)


def test_classes_that_differ_between_train_and_val_are_named(make_folder: MakeFolder) -> None:
    make_folder("set/train", 6)
    folder = make_folder("set/val", 2)
    (folder / "red").rename(folder / "purple")
    with pytest.raises(DataError, match="purple, red"):
        open_data(str(folder.parent))


def test_empty_folders_are_named(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "nothing").mkdir()
    (folder / "texts").mkdir()
    (folder / "texts" / "notes.txt").write_text("no picture")
    with pytest.raises(DataError, match="nothing, texts"):
        open_data(str(folder))


def test_classes_with_too_few_pictures_are_named(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "rare").mkdir()
    for index in range(3):
        picture((0, 0, 0), index).save(folder / "rare" / f"{index}.png")
    with pytest.raises(DataError, match=r"Too few pictures in rare \(3\)"):
        open_data(str(folder))


def test_unreadable_files_are_named_and_left_out(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff not really")
    (folder / "red" / "words.png").write_text("words")
    data = open_data(str(folder))
    assert len(data.train) + len(data.validation) == 30
    notes = " ".join(data.notes)
    assert "red/broken.jpg" in notes
    assert "red/words.png" in notes


def test_unreadable_files_explain_a_class_that_is_too_small(make_folder: MakeFolder) -> None:
    folder = make_folder(count=4)
    (folder / "red" / "00.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"red \(3\).*red/00.png is empty"):
        open_data(str(folder))


@pytest.mark.parametrize("content", ["none", "files", "one"])
def test_folders_without_classes(tmp_path: Path, content: str) -> None:
    if content == "files":
        picture((0, 0, 0), 0).save(tmp_path / "a.png")
    if content == "one":
        (tmp_path / "only").mkdir()
    with pytest.raises(DataError, match="at least two classes"):
        open_data(str(tmp_path))


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        open_data(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", ["imagenette", "cifar10"])
def test_a_dataset_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="--download"):
        open_data(name, root=tmp_path)


def test_cifar10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import inception_viz.torchvision_on_cpu  # noqa: F401  (before torchvision)
    from torchvision.datasets import CIFAR10  # isort: skip

    folder = tmp_path / CIFAR10.base_folder
    folder.mkdir()
    names = [name for name, _ in CIFAR10.train_list + CIFAR10.test_list]
    for number, name in enumerate(names):
        pixels = np.full((4, 3072), number, np.uint8)
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "labels": [0, 1, 2, 9]}))
    meta = {"label_names": [f"thing {i}" for i in range(10)]}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta))
    monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)
    data = open_data("cifar10", root=tmp_path)
    assert (len(data.train), len(data.validation), len(data.labels)) == (20, 4, 10)
    image, target = data.validation[3]
    assert image.size == (32, 32)
    assert image.getpixel((0, 0)) == (5, 5, 5)
    assert target == 9


@pytest.mark.skipif(not IMAGENETTE.is_dir(), reason=f"Imagenette is not at {IMAGENETTE}")
def test_imagenette_has_torchvisions_classes(tmp_path: Path) -> None:
    for split in ("train", "val"):  # a few photos of each class stand for the set
        for source in (IMAGENETTE / split).iterdir():
            target = tmp_path / "imagenette2-160" / split / source.name
            target.mkdir(parents=True)
            for photo in sorted(source.iterdir())[:4]:
                (target / photo.name).symlink_to(photo)
    data = open_data("imagenette", root=tmp_path)
    assert data.labels[:2] == ("tench", "English springer")
    assert data.labels[-1] == "parachute"
    assert (len(data.train), len(data.validation)) == (40, 40)


def test_large_pictures_are_kept_small(tmp_path: Path) -> None:
    picture((9, 9, 9), 0, side=100).resize((300, 100)).save(tmp_path / "wide.png")
    photos, _ = read_photos([(tmp_path / "wide.png", 0)], 50)
    assert photos[0][0].size == (150, 50)


def test_pictures_beyond_the_memory_limit_are_read_again(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(count=3)
    samples = [(path, 0) for path in sorted(folder.rglob("*.png"))]
    kept, _ = read_photos(samples, 64)
    monkeypatch.setattr("inception_viz.training.photos.CACHE_BYTES", 4 * 40 * 40 * 3)
    half, _ = read_photos(samples, 64)
    assert sum(p is not None for p in half.pixels) == 4
    for index in range(len(samples)):
        assert np.array_equal(np.asarray(kept[index][0]), np.asarray(half[index][0]))


def test_progress_is_told(make_folder: MakeFolder) -> None:
    told: list[tuple[int, int]] = []
    open_data(str(make_folder(count=4)), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (4 * len(COLOURS), 4 * len(COLOURS))


def test_a_dataset_is_found_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("INCEPTION_VIZ_DATA", raising=False)
    assert root_of("cifar10") is None
    (tmp_path / "mine" / "cifar-10-batches-py").mkdir(parents=True)
    monkeypatch.setenv("INCEPTION_VIZ_DATA", str(tmp_path / "mine"))
    assert root_of("cifar10") == tmp_path / "mine"
    assert root_of("imagenette") is None, "it isn't there"
    downloaded = tmp_path / "cache" / "datasets"
    (downloaded / "imagenette2-160").mkdir(parents=True)
    assert root_of("imagenette") == downloaded
    with pytest.raises(DataError, match="mine"):
        open_data("cifar10")


def test_a_class_folder_that_cannot_be_read(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, scandir = make_folder(), os.scandir

    def refuse(place: Path) -> Any:
        if Path(place).name == "green":  # as somebody else's; a superuser may read everything
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FileError, match="green can't be read"):
        open_data(str(folder))
