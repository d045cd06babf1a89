"""How often each head is right, over a set of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader

from inception_viz.network.googlenet import GoogLeNet, Logits
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.training.augment import CentreCrops, normalise
from inception_viz.training.photos import Photos


@dataclass(frozen=True)
class HeadScore:
    """Mean cross-entropy (nats, no smoothing) and share of right answers of one head."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """Scores by head, and ``confusion[true][answered]`` of the main head, in pictures."""

    heads: dict[str, HeadScore]
    confusion: list[list[int]]


def by_head(logits: Logits) -> dict[str, Tensor]:
    """The logits of the heads that were evaluated: ``{"main": …, "aux1": …}``."""
    return {name: value for name, value in logits._asdict().items() if value is not None}


def answers(
    network: GoogLeNet,
    photos: Photos,
    size: int,
    preprocessing: Preprocessing,
    *,
    batch: int = 64,
    workers: int = 0,
    part: tuple[int, int] = (0, 1),
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Iterator[tuple[dict[str, Tensor], Tensor]]:
    """Float32 logits by head and classes, batch by batch, of one centre crop a picture.

    ``part`` (i, n) takes every n-th picture from the i-th on, so that n processes share the work.
    The network's mode is put back afterwards.
    """
    device = next(network.parameters()).device
    crops = CentreCrops(photos, size, range(part[0], len(photos), part[1]))
    was_training = network.training
    network.eval()
    try:
        for images, targets in DataLoader(crops, batch, num_workers=workers):
            with torch.inference_mode(), autocast():
                logits = network(normalise(images.to(device), preprocessing), heads=True)
            yield {h: z.float() for h, z in by_head(logits).items()}, targets.to(device)
    finally:
        network.train(was_training)


def tally(
    network: GoogLeNet, batches: Iterator[tuple[dict[str, Tensor], Tensor]]
) -> dict[str, Tensor]:
    """Sums that may be added over processes: per head (loss, right, pictures), and confusion."""
    classes, device = network.config.classes, next(network.parameters()).device
    sums = {head: torch.zeros(3, device=device) for head in ("main", *network.config.heads)}
    sums["confusion"] = torch.zeros(classes**2, device=device)
    for logits, targets in batches:
        for head, z in logits.items():
            right = (z.argmax(1) == targets).sum()
            loss = F.cross_entropy(z, targets, reduction="sum")
            row = torch.stack((loss, right.float(), torch.tensor(float(len(z)), device=z.device)))
            sums[head] += row
        cells = targets * classes + logits["main"].argmax(1)
        sums["confusion"] += torch.bincount(cells, minlength=classes**2)
    return sums


def evaluation(classes: int, sums: dict[str, Tensor]) -> Evaluation:
    """Scores from the sums of :func:`tally`."""
    heads = {
        head: HeadScore(float(row[0] / row[2]), float(row[1] / row[2]))
        for head, row in sums.items()
        if head != "confusion"
    }
    return Evaluation(heads, sums["confusion"].reshape(classes, classes).long().tolist())


def evaluate(
    network: GoogLeNet, photos: Photos, size: int, preprocessing: Preprocessing
) -> Evaluation:
    """Score ``network`` in float32 on ``photos`` at ``size`` pixels, in this process alone."""
    classes = network.config.classes
    return evaluation(classes, tally(network, answers(network, photos, size, preprocessing)))
