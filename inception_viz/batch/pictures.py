"""The pictures of a folder: which there are, and read a few ahead of whoever wants them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from torch import Tensor

from inception_viz.classifier import Classifier
from inception_viz.errors import BatchError, ImageError
from inception_viz.pictures.preprocessing import Fit
from inception_viz.pictures.reading import Picture, read_picture
from inception_viz.training.data import SUFFIXES

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class Unreadable:
    """A file that is no picture, and why; ``path`` is relative to the folder."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class Ready:
    """A picture as the network wants it.

    Attributes:
        path: relative to the folder.
        sha256: of the file's bytes.
        size: width and height of the upright original in pixels.
        input: (1, 3, side, side).
        picture: the picture itself, if it was asked for.
    """

    path: str
    sha256: str
    size: tuple[int, int]
    input: Tensor
    picture: Picture | None


def find_pictures(folder: Path) -> tuple[str, ...]:
    """Paths below ``folder``, relative to it and in order, of files named like pictures.

    Links to folders are followed, but every folder is entered once. What begins with a dot is left
    out.

    Raises:
        BatchError: if there is no such folder, it or one in it can't be opened, or there is no
            picture.
    """
    if not folder.is_dir():
        raise BatchError(f"There is no folder {folder}. Check the path.")
    paths = []
    entered = {_identity(folder)}
    for place, folders, files in os.walk(folder, followlinks=True, onerror=_refuse):
        inside = []
        for name in sorted(folders):
            known = name.startswith(".") or (identity := _identity(Path(place, name))) in entered
            if not known:
                entered.add(identity)
                inside.append(name)
        folders[:] = inside
        paths += [
            Path(place, name).relative_to(folder).as_posix()
            for name in files
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")
        ]
    if not paths:
        raise BatchError(
            f"There are no pictures in {folder}. Their names must end in "
            f"{', '.join(sorted(SUFFIXES))}."
        )
    return tuple(sorted(paths))


def _refuse(error: OSError) -> None:
    raise BatchError(
        f"The folder {error.filename} can't be opened ({error.strerror}). Allow reading it, or "
        "move it elsewhere."
    ) from error


def _identity(folder: Path) -> tuple[int, int] | str:
    try:
        status = folder.stat()
    except OSError:  # a link to nowhere; os.walk passes over it
        return str(folder)
    return status.st_dev, status.st_ino


def reader(
    classifier: Classifier, folder: Path, fit: Fit, *, keep: bool
) -> Callable[[str], Ready | Unreadable]:
    """What makes a path ready; ``keep`` the picture as well as the network's input."""

    def read(path: str) -> Ready | Unreadable:
        try:
            picture = read_picture(folder / path)
        except ImageError as error:
            return Unreadable(path, str(error))
        x, _placed = classifier.input_of(picture, fit)
        return Ready(path, picture.sha256, picture.size, x, picture if keep else None)

    return read


def ahead(
    function: Callable[[_In], _Out], items: Iterable[_In], *, workers: int, most: int
) -> Generator[_Out]:
    """``map`` with ``workers`` threads, in order; at most ``most`` results wait or are made."""
    waiting: deque[Future[_Out]] = deque()
    pool = ThreadPoolExecutor(workers, "reading")
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) == most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
