from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inception_viz as iv
from inception_viz.batch import accuracy_on_folder
from tests.conftest import IMAGENETTE, noise_photo


@pytest.fixture
def folder(tmp_path: Path, tiny: iv.Classifier) -> Path:
    for place, label in enumerate(tiny.labels[:3]):
        (tmp_path / label).mkdir()
        for number in range(3):
            noise_photo(10 * place + number, (80, 80)).save(tmp_path / label / f"{number}.png")
    return tmp_path


def test_it_counts_right_answers(folder: Path, tiny: iv.Classifier) -> None:
    other = iv.load("random", config=tiny.config, seed=5)
    expected = tuple(
        sum(
            classifier.trace(path).predictions(1)[0][0] == path.parent.name
            for path in folder.rglob("*.png")
        )
        for classifier in (tiny, other)
    )
    shares: list[float] = []
    found = accuracy_on_folder([tiny, other], folder, progress=shares.append)
    assert found.right == expected
    assert (found.photos, found.unreadable, found.in_order) == (9, 0, False)
    assert shares[0] == 0 and shares[-1] == 1


def test_a_few_of_each_class_and_unreadable_files(folder: Path, tiny: iv.Classifier) -> None:
    (folder / tiny.labels[0] / "0.png").write_bytes(b"no picture")
    found = accuracy_on_folder([tiny], folder, photos=6)
    assert (found.photos, found.unreadable) == (5, 1)


def test_folders_that_fit_no_classes(folder: Path, tmp_path: Path, tiny: iv.Classifier) -> None:
    with pytest.raises(iv.FileError, match="can't be read"):
        accuracy_on_folder([tiny], tmp_path / "nowhere")
    (tmp_path / "x" / "a").mkdir(parents=True)
    with pytest.raises(iv.BatchError, match="one folder per class"):
        accuracy_on_folder([tiny], tmp_path / "x")
    for name in ("b", "c", "d", "e", "f", "g", ".hidden"):
        (tmp_path / "x" / name).mkdir()
    with pytest.raises(iv.BatchError, match="no photos"):
        accuracy_on_folder([tiny], tmp_path / "x")


def test_a_class_folder_that_cannot_be_read(
    folder: Path, tiny: iv.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As somebody else's folder; the superuser of a container may read everything."""

    def refusing(real: Callable[[Path], Any]) -> Callable[[Path], Any]:
        def look(place: Path) -> Any:
            if Path(place).name == tiny.labels[1]:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
            return real(place)

        return look

    for name in ("scandir", "listdir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    with pytest.raises(iv.FileError, match=f"{tiny.labels[1]} can't be read"):
        accuracy_on_folder([tiny], folder)


@pytest.mark.skipif(not IMAGENETTE.is_dir(), reason=f"Imagenette is not at {IMAGENETTE}")
def test_the_bundled_model_on_its_own_photos() -> None:
    found = accuracy_on_folder([iv.load("imagenette")], IMAGENETTE / "val", photos=60)
    assert found.in_order and found.photos == 60
    assert found.right[0] / found.photos > 0.8
