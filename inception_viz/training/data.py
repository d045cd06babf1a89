"""Where training pictures come from: Imagenette, CIFAR-10, or any folder of class folders."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inception_viz.errors import DataError
from inception_viz.files import downloads
from inception_viz.files.paths import is_folder, readable, typed_path
from inception_viz.training.datasets import ARCHIVES, NAMED, datasets_dir, fetch, root_of
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
    fetching: downloads.Progress | None = None,
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
        fetch(data, root, fetching)
    if data in NAMED:
        return _named(data, root, shorter_side, progress)
    return _folder(typed_path(data), shorter_side, seed, progress)


def _named(data: str, root: Path, shorter_side: int, progress: Progress | None) -> TrainingData:
    from inception_viz import torchvision_on_cpu  # noqa: F401  (before torchvision)
    from torchvision.datasets import CIFAR10, Imagenette  # isort: skip

    folder, title = root / ARCHIVES[data][2], ARCHIVES[data][3]
    if not is_folder(folder):
        raise DataError(
            f"{title} isn't in {root}. Name the folder that holds {folder.name} with --root, or "
            "let it be fetched (100 to 170 MB) with --download."
        )
    try:
        if data == "cifar10":
            parts = [CIFAR10(root, train=train, download=False) for train in (True, False)]
            labels = parts[0].classes
        else:
            labels = [name for name, *_ in Imagenette(root, "train", size="160px").classes]
    except (OSError, KeyError, RuntimeError) as error:
        raise DataError(
            f"{folder} isn't the whole of {title}. Remove it, then fetch it again with --download."
        ) from error
    if data == "imagenette":
        found = _folder(folder, shorter_side, 0, progress)
        return replace(found, name=data, labels=tuple(labels))
    train, validation = (
        Photos(tuple(part.data), ("",) * len(part.data), tuple(part.targets), 32) for part in parts
    )
    return TrainingData(data, tuple(labels), train, validation, ())


def _folder(folder: Path, shorter_side: int, seed: int, progress: Progress | None) -> TrainingData:
    if not is_folder(folder):
        raise DataError(f"There is no folder {folder}. Check the path.")
    learn = folder / "train"
    judge = next((folder / name for name in _VALIDATION if (folder / name).is_dir()), None)
    if judge and learn.is_dir():
        labels, samples = _samples(learn)
        val_labels, val_samples = _samples(judge)
        if labels != val_labels:
            odd = sorted(set(labels) ^ set(val_labels))
            raise DataError(
                f"{learn.name} and {judge.name} in {folder} don't have the same classes: "
                f"{_listed(odd)}. Give every class a folder in both."
            )
        photos, unreadable = read_photos(samples + val_samples, shorter_side, progress)
        judged_paths = {str(path) for path, _ in val_samples}
        judged = {i for i, path in enumerate(photos.paths) if path in judged_paths}
        split = f"{len(samples):,} pictures in {learn.name}, {len(val_samples):,} in {judge.name}."
    else:
        labels, samples = _samples(folder)
        photos, unreadable = read_photos(samples, shorter_side, progress)
        judged = _held_out(photos.targets, seed)
        split = f"{len(judged):,} of {len(photos):,} pictures are held out for validation."
    train, validation = photos.at(set(range(len(photos))) - judged), photos.at(judged)
    _check_counts(labels, train, validation, unreadable)
    left_out = (f"{_in_class(u)[0]}/{u.reason} It is left out." for u in unreadable)
    return TrainingData(folder.name, labels, train, validation, (split, *left_out))


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

    Links to folders are followed, but every folder is entered once.

    Raises:
        FileError: if it or a folder in it can't be read.
    """
    found: list[Path] = []
    entered = set()

    def is_new(place: Path) -> bool:
        status = place.stat()
        known = (status.st_dev, status.st_ino) in entered
        entered.add((status.st_dev, status.st_ino))
        return not known and not place.name.startswith(".")

    with readable(folder):
        is_new(folder)
        for place, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
            folders[:] = [name for name in sorted(folders) if is_new(Path(place, name))]
            found += [Path(place, name) for name in files if not name.startswith(".")]
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES)


def _refuse(error: OSError) -> None:
    raise error


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
    damaged = ["/".join(_in_class(u)) for u in unreadable]
    also = f" These files can't be read: {_listed(damaged)}." if damaged else ""
    raise DataError(
        f"Too few pictures in {_listed(few)}. Every class needs at least {MIN_PER_CLASS}, some to "
        f"learn from and some to be judged by.{also}"
    )


def _in_class(file: Unreadable) -> tuple[str, ...]:
    """The last folder and the name of a file."""
    return Path(file.path).parts[-2:]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
