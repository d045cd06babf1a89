"""What a network learns from: pictures and views of them; all that is random comes from seeds.

Views are cuts from photos at many scales, and several photos in one. A head that has to repeat
another one's answers needs no labels, so whatever can be shown to the network teaches it something;
cuts and mixtures make many more kinds of pictures than there are photos (the same idea as MixUp,
arXiv 1710.09412, and CutMix, arXiv 1905.04899).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from inception_viz import torchvision_on_cpu  # noqa: F401  (before torchvision)
from inception_viz.pictures.preprocessing import IMAGENET, fit_image, fitting, pixels_of
from inception_viz.training.photos import Photos, Pixels
from inception_viz.training.recipe import Augmentation

SMALLEST = 0.1  # of a photo's area
_BLENDED, _INSET, _QUARTERED = 0.3, 0.2, 0.2  # shares of the views; the rest shows one photo
_EDGE = 0.3  # of the side: no part of a mixture is smaller


def seed_of(*parts: int) -> int:
    """A seed of 63 bits that depends on all ``parts``."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


class Squares(Dataset[tuple[Tensor, int]]):
    """Pictures as uint8 tensors (3, size, size), and their classes.

    Without augmentation they are what a classifier sees, the centre. What is random depends on the
    seeds and the index alone, so it is the same in every process, and after a resumed training too.
    """

    def __init__(
        self, photos: Photos, size: int, augmentation: Augmentation = "none", *seeds: int
    ) -> None:
        """All of ``photos``."""
        self.photos, self.size = photos, size
        self.augmentation: Augmentation = augmentation
        self.seeds = seeds

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.photos)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One picture and its class."""
        image, target = self.photos[index]
        if self.augmentation == "none":
            placed = fitting(image.size, self.size)
            return pixels_of(fit_image(image, placed, IMAGENET.background)), target
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(*self.seeds, index))
            return _transform(self.augmentation, self.size)(pixels_of(image)), target


@cache
def _transform(augmentation: Augmentation, size: int) -> Callable[[Tensor], Tensor]:
    from torchvision.transforms import v2

    strong = augmentation == "strong"
    steps: list[torch.nn.Module] = [
        v2.RandomResizedCrop(size, scale=(0.25 if strong else 0.35, 1.0), antialias=True),
        v2.RandomHorizontalFlip(),
    ]
    if strong:
        colour = v2.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4)
        steps += [
            v2.RandomApply([colour], p=0.5),
            v2.RandomAdjustSharpness(2.5, p=0.25),
            v2.RandomGrayscale(0.05),
            v2.RandomErasing(p=0.25, scale=(0.02, 0.2)),
        ]
    composed: Callable[[Tensor], Tensor] = v2.Compose(steps)
    return composed


def view(photos: Photos, size: int, seed: int) -> Pixels:
    """A square of ``size`` pixels that depends on ``seed`` alone: one photo, or two to four.

    Returns:
        uint8 (size, size, 3).
    """
    draw = random.Random(seed)
    kind = draw.random()
    if kind < _BLENDED:
        share = draw.uniform(0.2, 0.8)
        first, second = (_cut(photos, (size, size), draw) for _ in range(2))
        return (first * share + second * (1 - share)).astype(np.uint8)
    if kind < _BLENDED + _INSET:
        return _inset(photos, size, draw)
    if kind < _BLENDED + _INSET + _QUARTERED:
        return _quartered(photos, size, draw)
    return _cut(photos, (size, size), draw)


def _cut(photos: Photos, size: tuple[int, int], draw: random.Random) -> Pixels:
    """A rectangle of any photo, a tenth of its area or more, scaled to width × height."""
    image, _ = photos[draw.randrange(len(photos))]
    area = draw.uniform(SMALLEST, 1.0) * image.width * image.height
    ratio = 2 ** draw.uniform(-0.4, 0.4) * size[0] / size[1]
    width = min(max(round((area * ratio) ** 0.5), 1), image.width)
    height = min(max(round((area / ratio) ** 0.5), 1), image.height)
    left, top = draw.randint(0, image.width - width), draw.randint(0, image.height - height)
    cut = image.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))
    if draw.random() < 0.5:
        cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(cut)


def _inset(photos: Photos, size: int, draw: random.Random) -> Pixels:
    """One photo in front of another."""
    whole = _cut(photos, (size, size), draw).copy()
    width, height = (draw.randint(round(_EDGE * size), round(0.8 * size)) for _ in range(2))
    left, top = draw.randint(0, size - width), draw.randint(0, size - height)
    whole[top : top + height, left : left + width] = _cut(photos, (width, height), draw)
    return whole


def _quartered(photos: Photos, size: int, draw: random.Random) -> Pixels:
    """Four photos side by side."""
    whole = np.empty((size, size, 3), np.uint8)
    x, y = (draw.randint(round(_EDGE * size), round((1 - _EDGE) * size)) for _ in range(2))
    for top, height in ((0, y), (y, size - y)):
        for left, width in ((0, x), (x, size - x)):
            whole[top : top + height, left : left + width] = _cut(photos, (width, height), draw)
    return whole
