"""Images a second of our training loop beside a plain one.

    python benchmarks/training.py --data FOLDER

Plain: the same network in fp32, memory as PyTorch lays it out, pictures decoded and augmented by
torchvision each time. Ours: ``Trainer``. Both from JPEG files to updated weights, batch 64, both
heads; they take turns, so that whatever slows the machine slows both.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

import inception_viz.torchvision_on_cpu  # noqa: F401  (before torchvision)
from benchmarks.harness import DATA, Row, interleaved, measure, ratio
from inception_viz.architecture import GoogLeNetConfig
from inception_viz.network import GoogLeNet
from inception_viz.pictures import IMAGENET
from inception_viz.training import Phase, Recipe, Trainer, imagenette_folder, read_photos

BATCH = 64


class PlainLoop:
    """What one writes first."""

    def __init__(self, folder: Path, config: GoogLeNetConfig, size: int) -> None:
        from torchvision.datasets import ImageFolder
        from torchvision.transforms import v2

        transform = v2.Compose(
            [
                v2.RandomResizedCrop(size, scale=(0.35, 1.0)),
                v2.RandomHorizontalFlip(),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(IMAGENET.mean, IMAGENET.std),
            ]
        )
        self.network = GoogLeNet(config)
        self.network.initialise(0)
        self.optimizer = torch.optim.SGD(
            self.network.parameters(), 0.01, momentum=0.9, nesterov=True, weight_decay=5e-4
        )
        data = ImageFolder(str(folder), transform)
        self.batches = iter(DataLoader(data, BATCH, shuffle=True, drop_last=True))

    def step(self) -> None:
        images, targets = next(self.batches)
        logits = self.network(images)
        loss = F.cross_entropy(logits.main, targets)
        loss = loss + 0.3 * F.cross_entropy(logits.aux1, targets)
        loss = loss + 0.3 * F.cross_entropy(logits.aux2, targets)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()


class OurLoop:
    """``Trainer``, one step at a time."""

    def __init__(self, folder: Path, config: GoogLeNetConfig, size: int) -> None:
        classes = sorted(p for p in folder.iterdir() if p.is_dir())
        samples = [(path, i) for i, c in enumerate(classes) for path in sorted(c.iterdir())[:300]]
        photos, _ = read_photos(samples, 256)
        recipe = Recipe(phases=(Phase(size, 1000),), batch=BATCH, learning_rate=0.01)
        self.trainer = Trainer(config, recipe, photos, photos)
        self.batches = iter(self.trainer.batches(0))

    def step(self) -> None:
        self.trainer._step(*next(self.batches))


def measured(options: argparse.Namespace) -> Iterator[Row]:
    """Both loops at each size."""
    folder = imagenette_folder(options.data) / "train"
    config = GoogLeNetConfig.paper(norm="batch", classes=10)
    for size in options.sizes:
        plain, ours = PlainLoop(folder, config, size), OurLoop(folder, config, size)
        taken = interleaved({"plain": plain.step, "ours": ours.step}, options.rounds, warm=2)
        rates = (f"{name} {BATCH / median(taken[name]):.0f} images/s" for name in taken)
        value = ratio(taken["plain"], taken["ours"])
        yield Row(f"{size} px: our rate / the plain one", value, "", "≥ 1.7", ", ".join(rates))


if __name__ == "__main__":
    measure(__doc__, {"training": measured}, data=DATA, rounds=12, sizes=(96, 128))
