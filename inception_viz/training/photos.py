"""Labelled pictures for training: decoded once, kept small, and checked before anything starts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps

from inception_viz.errors import ImageError
from inception_viz.pictures.reading import read_picture

CACHE_BYTES = 4 * 2**30  # of decoded pixels; pictures beyond it are read again when needed

Progress = Callable[[int, int], None]
_In = TypeVar("_In")
_Out = TypeVar("_Out")
Pixels = np.ndarray  # uint8, (height, width, 3)


@dataclass(frozen=True)
class Photos:
    """Pictures and their classes.

    Attributes:
        pixels: each picture decoded, or None where it has to be read from its path again.
        paths: where each picture lies; "" for one that has no file.
        targets: each picture's class.
        shorter_side: pictures are shrunk to this, in pixels.
    """

    pixels: tuple[Pixels | None, ...]
    paths: tuple[str, ...]
    targets: tuple[int, ...]
    shorter_side: int

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        """One picture and its class."""
        pixels = self.pixels[index]
        if pixels is None:
            return _shrunk(Path(self.paths[index]), self.shorter_side), self.targets[index]
        return Image.fromarray(pixels), self.targets[index]

    def at(self, indices: Collection[int]) -> Photos:
        """Some of them, in their order."""
        each = zip(self.pixels, self.paths, self.targets, strict=True)
        chosen = [photo for index, photo in enumerate(each) if index in indices]
        return _photos(chosen, self.shorter_side)


@dataclass(frozen=True)
class Unreadable:
    """A file that is no picture, and why."""

    path: str
    reason: str


def read_photos(
    samples: Sequence[tuple[Path, int]],
    shorter_side: int,
    progress: Progress | None = None,
) -> tuple[Photos, list[Unreadable]]:
    """Decode every file of ``samples`` (path, class); those that can't be read are left out.

    Args:
        samples: paths and classes.
        shorter_side: larger pictures are shrunk to this side in pixels.
        progress: told how many pictures of how many are done.
    """
    kept: list[tuple[Pixels | None, str, int]] = []
    unreadable: list[Unreadable] = []
    used = 0

    def decode(sample: tuple[Path, int]) -> Pixels | Unreadable:
        try:
            return np.asarray(_shrunk(sample[0], shorter_side))
        except ImageError as error:
            return Unreadable(str(sample[0]), str(error))

    results = ahead(decode, samples, workers=min(8, cpu_count() or 1), most=64)
    for done, ((path, target), result) in enumerate(zip(samples, results, strict=True), 1):
        if isinstance(result, Unreadable):
            unreadable.append(result)
        else:
            used += result.nbytes
            kept.append((result if used <= CACHE_BYTES else None, str(path), target))
        if progress:
            progress(done, len(samples))
    return _photos(kept, shorter_side), unreadable


def _photos(each: Sequence[tuple[Pixels | None, str, int]], shorter_side: int) -> Photos:
    pixels, paths, targets = zip(*each, strict=True) if each else ((), (), ())
    return Photos(pixels, paths, targets, shorter_side)


def _shrunk(path: Path, shorter_side: int) -> Image.Image:
    image = read_picture(path).image
    scale = min(1.0, shorter_side / min(image.size))
    return ImageOps.scale(image, scale, Image.Resampling.LANCZOS)


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
