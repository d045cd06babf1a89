"""Where training pictures come from: Imagenette, CIFAR-10, or any folder of class folders."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inception_viz.errors import DataError
from inception_viz.files import downloads
from inception_viz.files.paths import is_file, is_folder, readable, typed_path
from inception_viz.pictures.kinds import BEGINNING, why_unfit
from inception_viz.training.arrangement import (
    Arrangement,
    File,
    arrange,
    is_made_by_a_tool,
    listed,
)
from inception_viz.training.datasets import ARCHIVES, NAMED, datasets_dir, fetch, root_of
from inception_viz.training.photos import Photos, Progress, Unreadable, read_photos

LEFT_OUT = ".left_out.json"  # what an archive's unpacking left out, beside its class folders
SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
MIN_PER_CLASS = 4
HELD_OUT = 0.2  # of each class, where a folder has no validation pictures of its own


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
    splits: bool | None = None,
    progress: Progress | None = None,
    fetching: downloads.Progress | None = None,
) -> TrainingData:
    """Read and check every picture of ``data``.

    Args:
        data: ``"imagenette"``, ``"cifar10"``, or a folder. A folder holds one folder per class, or
            parts of the data (train, val, test in any spelling) with one folder per class each;
            see :mod:`~inception_viz.training.arrangement`.
        root: where a named dataset lies; by default where :func:`root_of` finds it, and where it
            comes to :func:`datasets_dir`.
        download: fetch a named dataset that isn't there.
        shorter_side: pictures are kept no larger than this, in pixels.
        seed: of the split, where a folder has no validation pictures.
        splits: whether folders called like train and test are parts of the data; None decides by
            what lies in them.
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
    return _folder(typed_path(data), shorter_side, seed, progress, splits)


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


def _folder(
    folder: Path,
    shorter_side: int,
    seed: int,
    progress: Progress | None,
    splits: bool | None = None,
) -> TrainingData:
    if not is_folder(folder):
        raise DataError(f"There is no folder {folder}. Check the path.")
    found = look_at(folder, splits)
    samples, judged_samples = list(found.train), list(found.validation or ())
    photos, unreadable = read_photos(samples + judged_samples, shorter_side, progress)
    if found.validation is None:
        judged = _held_out(photos.targets, seed)
        split = f"{len(judged):,} of {len(photos):,} pictures are held out for validation."
    else:
        judged_paths = {str(path) for path, _ in judged_samples}
        judged = {i for i, path in enumerate(photos.paths) if path in judged_paths}
        split = (
            f"{len(samples):,} pictures to learn from and {len(judged_samples):,} to be judged by, "
            "as the folders say."
        )
    train, validation = photos.at(set(range(len(photos))) - judged), photos.at(judged)
    _check_counts(found.labels, train, validation, unreadable, found.left_out)
    damaged = (f"{_in_class(u)[0]}/{u.reason} It is left out." for u in unreadable)
    notes = (split, *found.left_out, *damaged)
    return TrainingData(folder.name, found.labels, train, validation, notes)


def look_at(folder: Path, splits: bool | None = None) -> Arrangement[Path]:
    """Classes, splits and what is left out of a folder, without decoding a picture.

    Args:
        folder: of class folders, with splits above them or not.
        splits: as in :func:`~inception_viz.training.arrangement.arrange`.

    Raises:
        SplitQuestionError: if it isn't clear whether folders are parts of the data or classes.
        DataError: if there are no classes.
        FileError: if it, or a folder in it, can't be read.
    """
    folders, files = _walked(folder)
    found = arrange(
        (File(_below(folder, path), path, unfit(path)) for path in files),
        [_below(folder, path) for path in folders],
        where=str(folder),
        splits=splits,
    )
    told = folder / LEFT_OUT
    earlier = json.loads(told.read_text("utf-8")) if is_file(told) else []
    return replace(found, left_out=(*earlier, *found.left_out))


def class_folders(folder: Path) -> list[Path]:
    """The folders of a folder that stand for classes, by name; hidden ones don't.

    Raises:
        FileError: if the folder can't be read.
    """
    with readable(folder):
        folders = [p for p in folder.iterdir() if p.is_dir() and not is_made_by_a_tool(p.name)]
    return sorted(folders, key=lambda path: path.name)


def pictures_in(folder: Path) -> list[Path]:
    """The files below a folder that begin like pictures, or are called so, in order.

    Those that are called so and are none can be told as unreadable. Hidden files and what tools
    leave behind are passed over. Links to folders are followed, but every folder is entered once.

    Raises:
        FileError: if it or a folder in it can't be read.
    """
    files = [path for path in _walked(folder)[1] if not is_made_by_a_tool(path.name)]
    return [path for path in files if path.suffix.lower() in SUFFIXES or not unfit(path)]


def unfit(path: Path) -> str:
    """Why a file is no picture that can be read, judged by how it begins; "" if it is one."""
    try:
        with path.open("rb") as file:
            return why_unfit(file.read(BEGINNING))
    except OSError as error:
        return f"can't be read ({error.strerror or error})"


def _below(folder: Path, path: Path) -> tuple[str, ...]:
    return path.relative_to(folder).parts


def _walked(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and the files below a folder, in order, but for those that tools made."""
    folders_found: list[Path] = []
    found: list[Path] = []
    entered = set()

    def is_new(place: Path) -> bool:
        status = place.stat()
        known = (status.st_dev, status.st_ino) in entered
        entered.add((status.st_dev, status.st_ino))
        return not known

    with readable(folder):
        is_new(folder)
        for place, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
            folders_found += [Path(place, name) for name in folders]
            folders[:] = [
                name
                for name in sorted(folders)
                if not is_made_by_a_tool(name) and is_new(Path(place, name))
            ]
            found += [Path(place, name) for name in files if name != LEFT_OUT]
    return sorted(folders_found), sorted(found)


def _refuse(error: OSError) -> None:
    raise error


def _held_out(targets: Sequence[int], seed: int) -> set[int]:
    """A share of every class, the same for the same seed."""
    chosen: set[int] = set()
    for target in sorted(set(targets)):
        members = [i for i, t in enumerate(targets) if t == target]
        random.Random(f"{seed} {target}").shuffle(members)
        chosen |= set(members[: max(1, round(HELD_OUT * len(members)))])
    return chosen


def _check_counts(
    labels: Sequence[str],
    train: Photos,
    validation: Photos,
    unreadable: list[Unreadable],
    left_out: Sequence[str],
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
    also = f" These files can't be read: {listed(damaged)}." if damaged else ""
    also += f" Left out: {' '.join(left_out)}" if left_out else ""
    raise DataError(
        f"Too few pictures in {listed(few)}. Every class needs at least {MIN_PER_CLASS}, some to "
        f"learn from and some to be judged by.{also}"
    )


def _in_class(file: Unreadable) -> tuple[str, ...]:
    """The last folder and the name of a file."""
    return Path(file.path).parts[-2:]
