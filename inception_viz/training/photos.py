"""Labelled pictures for training: decoded once, kept small, and checked before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

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


@dataclass(frozen=True)
class Unreadable:
    """A file that is no picture, and why."""

    path: Path
    reason: str


def read_photos(
    samples: Sequence[tuple[Path, int]],
    shorter_side: int,
    progress: Progress | None = None,
    cache_bytes: int = CACHE_BYTES,
) -> tuple[Photos, list[Unreadable]]:
    """Decode every file of ``samples`` (path, class); those that can't be read are left out.

    Args:
        samples: paths and classes.
        shorter_side: larger pictures are shrunk to this side in pixels.
        progress: told how many pictures of how many are done.
        cache_bytes: how much memory decoded pictures may take.
    """
    kept: list[tuple[Pixels | None, Path, int]] = []
    unreadable: list[Unreadable] = []
    used = 0

    def decode(sample: tuple[Path, int]) -> Pixels | Unreadable:
        try:
            return np.asarray(_shrunk(sample[0], shorter_side))
        except ImageError as error:
            return Unreadable(sample[0], str(error))

    with ThreadPoolExecutor(min(8, cpu_count() or 1)) as pool:
        results = zip(samples, _in_chunks(pool, decode, samples), strict=True)
        for done, ((path, target), result) in enumerate(results, 1):
            if isinstance(result, Unreadable):
                unreadable.append(result)
            else:
                used += result.nbytes
                kept.append((result if used <= cache_bytes else None, path, target))
            if progress:
                progress(done, len(samples))
    pixels, paths, targets = zip(*kept, strict=True) if kept else ((), (), ())
    return Photos(pixels, tuple(map(str, paths)), targets, shorter_side), unreadable


def _in_chunks(
    pool: ThreadPoolExecutor, function: Callable[[_In], _Out], items: Sequence[_In]
) -> Iterator[_Out]:
    """``pool.map`` that holds only a few results at a time, whatever the consumer's speed."""
    for start in range(0, len(items), 64):
        yield from pool.map(function, items[start : start + 64])


def _shrunk(path: Path, shorter_side: int) -> Image.Image:
    image = read_picture(path).image
    scale = shorter_side / min(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)
