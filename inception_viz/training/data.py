"""Where training pictures come from: Imagenette, CIFAR-10, or any folder of class folders."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inception_viz.errors import DataError
from inception_viz.files.paths import is_folder, readable, typed_path
from inception_viz.training.datasets import NAMED, datasets_dir, fetch, imagenette_folder, root_of
from inception_viz.training.photos import Photos, Progress, Unreadable, read_photos

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
MIN_PER_CLASS = 4
HELD_OUT = 0.2  # of each class, where a folder has no validation pictures of its own
_VALIDATION = ("val", "valid", "validation", "test")
_NAMED_AT_MOST = 8  # files or classes listed in a message

Samples = list[tuple[Path, int]]


@dataclass(frozen=True)
class TrainingData:
    """Pictures to learn from, pictures to be judged by, and the classes' names.

    ``notes`` say what was left out, and how the pictures were split.
    """

    name: str
    labels: tuple[str, ...]
    train: Photos
    validation: Photos
    notes: tuple[str, ...]

    def describe(self) -> dict[str, Any]:
        """For the record of a run."""
        return {
            "name": self.name,
            "labels": list(self.labels),
            "train": len(self.train),
            "validation": len(self.validation),
            "notes": list(self.notes),
        }


def open_data(
    data: str,
    *,
    root: Path | None = None,
    download: bool = False,
    shorter_side: int = 256,
    seed: int = 0,
    progress: Progress | None = None,
    fetching: Progress | None = None,
) -> TrainingData:
    """Read and check every picture of ``data``.

    Args:
        data: ``"imagenette"``, ``"cifar10"``, or a folder. A folder holds one folder per class, or
            ``train`` and ``val`` with one folder per class each.
        root: where a named dataset lies; by default where :func:`root_of` finds it, and where it
            comes to :func:`datasets_dir`.
        download: fetch a named dataset that isn't there.
        shorter_side: pictures are kept no larger than this, in pixels.
        seed: of the split, where a folder has no validation pictures.
        progress: told how many pictures of how many are read.
        fetching: told how many bytes of how many are downloaded; an exception in it stops that.

    Raises:
        DataError, FileError: naming the folders, classes or files that can't be used.
    """
    if root is None:
        root = (root_of(data) if data in NAMED else None) or datasets_dir()
    if download and data in NAMED:
        fetch(data, root, _counted(fetching))
    if data == "imagenette":
        return _imagenette(root, shorter_side, progress)
    if data == "cifar10":
        return _cifar10(root)
    return _folder(typed_path(data), shorter_side, seed, progress)


def _counted(fetching: Progress | None) -> Callable[[int, int | None], None]:
    return lambda done, total: fetching(done, total or 0) if fetching else None


def _imagenette(root: Path, shorter_side: int, progress: Progress | None) -> TrainingData:
    from inception_viz import torchvision_on_cpu  # noqa: F401  (before torchvision)
    from torchvision.datasets import Imagenette  # isort: skip

    folder = imagenette_folder(root)
    if not is_folder(folder):
        raise DataError(
            f"Imagenette isn't in {root}. Name the folder that holds imagenette2-160 with --root, "
            "or let it be fetched (about 100 MB) with --download."
        )
    try:
        names = [names[0] for names in Imagenette(root, "train", size="160px").classes]
    except (OSError, KeyError) as error:
        raise DataError(
            f"{folder} isn't the whole of Imagenette. Remove it, then fetch it again with "
            "--download."
        ) from error
    data = _folder(folder, shorter_side, 0, progress)
    return TrainingData("imagenette", tuple(names), data.train, data.validation, data.notes)


def _cifar10(root: Path) -> TrainingData:
    from inception_viz import torchvision_on_cpu  # noqa: F401  (before torchvision)
    from torchvision.datasets import CIFAR10  # isort: skip

    def part(train: bool) -> Any:
        return CIFAR10(root, train=train, download=False)

    try:
        train, test = part(True), part(False)
    except RuntimeError as error:
        raise DataError(
            f"CIFAR-10 isn't in {root}. Name the folder that holds cifar-10-batches-py with "
            "--root, or let it be fetched (170 MB) with --download."
        ) from error

    def photos(part: Any) -> Photos:
        pixels = tuple(np.asarray(image) for image in part.data)
        return Photos(pixels, ("",) * len(pixels), tuple(part.targets), 32)

    return TrainingData("cifar10", tuple(train.classes), photos(train), photos(test), ())


def _folder(folder: Path, shorter_side: int, seed: int, progress: Progress | None) -> TrainingData:
    if not is_folder(folder):
        raise DataError(f"There is no folder {folder}. Check the path.")
    parts = [folder / "train", *(folder / name for name in _VALIDATION)]
    held_out = next((p for p in parts[1:] if p.is_dir()), None)
    if parts[0].is_dir() and held_out:
        labels, samples = _samples(parts[0])
        val_labels, val_samples = _samples(held_out)
        if labels != val_labels:
            odd = sorted(set(labels) ^ set(val_labels))
            raise DataError(
                f"{parts[0].name} and {held_out.name} in {folder} don't have the same classes: "
                f"{_listed(odd)}. Give every class a folder in both."
            )
        count = len(samples)
        photos, unreadable = read_photos(samples + val_samples, shorter_side, progress)
        paths = {str(path) for path, _ in samples}
        inside = [path in paths for path in photos.paths]
        notes = [f"{count:,} pictures in {parts[0].name}, {len(val_samples):,} in {held_out.name}."]
    else:
        labels, samples = _samples(folder)
        photos, unreadable = read_photos(samples, shorter_side, progress)
        chosen = _held_out(photos.targets, seed)
        inside = [index not in chosen for index in range(len(photos))]
        notes = [f"{len(chosen):,} of {len(photos):,} pictures are held out for validation."]
    train, validation = _take(photos, inside), _take(photos, [not i for i in inside])
    _check_counts(labels, train, validation, unreadable)
    notes += [f"{u.path.parent.name}/{u.reason} It is left out." for u in unreadable]
    return TrainingData(folder.name, labels, train, validation, tuple(notes))


def class_folders(folder: Path) -> list[Path]:
    """The folders of a folder that stand for classes, by name; hidden ones don't.

    Raises:
        FileError: if the folder can't be read.
    """
    with readable(folder):
        folders = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__"))]
    return sorted(folders, key=lambda path: path.name)


def pictures_in(folder: Path) -> list[Path]:
    """The files below a folder that are pictures by their names, in order; hidden ones aren't.

    Raises:
        FileError: if the folder can't be read.
    """
    with readable(folder):
        os.scandir(folder).close()  # rglob passes over what can't be read
    return sorted(
        f
        for f in folder.rglob("*")
        if f.suffix.lower() in SUFFIXES and not f.name.startswith(".") and not f.is_dir()
    )


def _samples(folder: Path) -> tuple[tuple[str, ...], Samples]:
    classes = class_folders(folder)
    if len(classes) < 2:
        raise DataError(
            f"{folder} has {len(classes) or 'no'} folders with pictures. Put the pictures of each "
            "class in a folder of its own, at least two classes; the folders' names become labels."
        )
    samples: Samples = []
    empty = []
    for target, path in enumerate(classes):
        files = pictures_in(path)
        samples += [(file, target) for file in files]
        if not files:
            empty.append(path.name)
    if empty:
        raise DataError(
            f"No pictures in {_listed(empty)}. Put some in, or remove "
            f"{'the folder' if len(empty) == 1 else 'these folders'} from {folder}."
        )
    return tuple(path.name for path in classes), samples


def _held_out(targets: Sequence[int], seed: int) -> set[int]:
    """A share of every class, the same for the same seed."""
    chosen: set[int] = set()
    for target in sorted(set(targets)):
        members = [i for i, t in enumerate(targets) if t == target]
        random.Random(f"{seed} {target}").shuffle(members)
        chosen |= set(members[: max(1, round(HELD_OUT * len(members)))])
    return chosen


def _take(photos: Photos, keep: Sequence[bool]) -> Photos:
    indices = [i for i, wanted in enumerate(keep) if wanted]
    return Photos(
        tuple(photos.pixels[i] for i in indices),
        tuple(photos.paths[i] for i in indices),
        tuple(photos.targets[i] for i in indices),
        photos.shorter_side,
    )


def _check_counts(
    labels: Sequence[str], train: Photos, validation: Photos, unreadable: list[Unreadable]
) -> None:
    there, judged = Counter(train.targets), Counter(validation.targets)
    few = [
        f"{label} ({there[i] + judged[i]})"
        for i, label in enumerate(labels)
        if there[i] + judged[i] < MIN_PER_CLASS or not there[i] or not judged[i]
    ]
    if not few:
        return
    damaged = [f"{u.path.parent.name}/{u.path.name}" for u in unreadable]
    also = f" These files can't be read: {_listed(damaged)}." if damaged else ""
    raise DataError(
        f"Too few pictures in {_listed(few)}. Every class needs at least {MIN_PER_CLASS}, some to "
        f"learn from and some to be judged by.{also}"
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
