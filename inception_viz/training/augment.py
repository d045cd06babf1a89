"""From stored pictures to batches: what is random is drawn from (seed, epoch, picture)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from inception_viz import torchvision_on_cpu  # noqa: F401  (before torchvision)
from inception_viz.pictures.preprocessing import (
    IMAGENET,
    Preprocessing,
    fit_image,
    fitting,
)
from inception_viz.training.photos import Photos
from inception_viz.training.recipe import Augmentation, Recipe

Key = tuple[int, int]  # (epoch, index of the picture)


def seed_of(*parts: int) -> int:
    """A seed of 63 bits that depends on all ``parts``."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


class AugmentedPhotos(Dataset[tuple[Tensor, int]]):
    """Training pictures by (epoch, index): uint8 tensors (3, size, size) and their class.

    The same key gives the same pixels in every process, and after a resumed training too.
    """

    def __init__(self, photos: Photos, recipe: Recipe) -> None:
        """``recipe`` gives the size of each epoch and the augmentation."""
        self.photos, self.recipe = photos, recipe

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.photos)

    def __getitem__(self, key: Key) -> tuple[Tensor, int]:
        """One picture, augmented."""
        epoch, index = key
        size, recipe = self.recipe.sizes[epoch], self.recipe
        image, target = self.photos[index]
        if recipe.augmentation == "none":
            return centre_crop(image, size), target
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(recipe.seed, epoch, index))
            augmented = _transform(recipe.augmentation, size)(as_tensor(image))
        return augmented, target


class CentreCrops(Dataset[tuple[Tensor, int]]):
    """Validation pictures as the classifier sees them: uint8 tensors (3, size, size)."""

    def __init__(self, photos: Photos, size: int, indices: Sequence[int]) -> None:
        """Only the pictures at ``indices``."""
        self.photos, self.size, self.indices = photos, size, indices

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.indices)

    def __getitem__(self, position: int) -> tuple[Tensor, int]:
        """One picture and its class."""
        image, target = self.photos[self.indices[position]]
        return centre_crop(image, self.size), target


class EpochSampler(Sampler[Key]):
    """The order of one epoch, shuffled by (seed, epoch), from step ``first_step`` on."""

    def __init__(self, count: int, batch: int, seed: int) -> None:
        """``count`` pictures in whole batches of ``batch``; the rest waits for the next epoch."""
        self.count, self.batch, self.seed = count, batch, seed
        self.epoch, self.first_step = 0, 0

    @property
    def steps(self) -> int:
        """Batches in a whole epoch."""
        return self.count // self.batch

    def __len__(self) -> int:
        """Pictures that are left in this epoch."""
        return (self.steps - self.first_step) * self.batch

    def __iter__(self) -> Iterator[Key]:
        """Keys of :class:`AugmentedPhotos`."""
        generator = torch.Generator().manual_seed(seed_of(self.seed, self.epoch))
        order = torch.randperm(self.count, generator=generator).tolist()
        chosen = order[self.first_step * self.batch : self.steps * self.batch]
        return iter([(self.epoch, index) for index in chosen])


def as_tensor(image: Image.Image) -> Tensor:
    """A uint8 tensor (3, height, width) with the pixels of an RGB image."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def centre_crop(image: Image.Image, size: int) -> Tensor:
    """The same square that a classifier takes, as uint8 (3, size, size)."""
    return as_tensor(fit_image(image, fitting(image.size, size), IMAGENET.background))


def normalise(batch: Tensor, preprocessing: Preprocessing) -> Tensor:
    """A uint8 RGB batch (N, 3, H, W) as the network reads it, channels-last in memory."""
    if preprocessing.channels == "BGR":
        batch = batch.flip(1)
    mean, std = (
        torch.tensor(values, device=batch.device)[:, None, None]
        for values in (preprocessing.mean, preprocessing.std)
    )
    values = (batch.float() * preprocessing.scale - mean) / std
    return values.contiguous(memory_format=torch.channels_last)


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
