"""From stored pictures to batches: what is random is drawn from (seed, epoch, picture)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.utils.data import Dataset

from inception_viz import torchvision_on_cpu  # noqa: F401  (before torchvision)
from inception_viz.pictures.preprocessing import IMAGENET, fit_image, fitting, pixels_of
from inception_viz.training.photos import Photos
from inception_viz.training.recipe import Augmentation


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
