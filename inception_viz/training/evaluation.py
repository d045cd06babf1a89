"""How often each head is right, or says what the main head says, over a set of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.base import HeadFit
from inception_viz.training.augment import Squares
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


def answers(
    network: GoogLeNet,
    photos: Photos,
    size: int,
    preprocessing: Preprocessing,
    accelerator: Accelerator | None = None,
) -> Iterator[tuple[dict[str, Tensor], Tensor]]:
    """Float32 logits by head and classes, batch by batch, of one centre crop a picture.

    The processes of an ``accelerator`` share the work, in its precision. The network's mode is put
    back afterwards.
    """
    device = next(network.parameters()).device
    first, processes, autocast = 0, 1, nullcontext
    if accelerator:
        first, processes = accelerator.process_index, accelerator.num_processes
        autocast = accelerator.autocast
    crops = Subset(Squares(photos, size), range(first, len(photos), processes))
    was_training = network.training
    network.eval()
    try:
        for images, targets in DataLoader(crops, 64):
            with torch.inference_mode(), autocast():
                logits = network(preprocessing.normalise(images.to(device)), heads=True)._asdict()
            heads = {head: z.float() for head, z in logits.items() if z is not None}
            yield heads, targets.to(device)
    finally:
        network.train(was_training)


def evaluate(
    network: GoogLeNet,
    photos: Photos,
    size: int,
    preprocessing: Preprocessing,
    accelerator: Accelerator | None = None,
) -> Evaluation:
    """Score ``network`` on ``photos`` at ``size`` pixels; ``accelerator`` as in :func:`answers`."""
    classes, device = network.config.classes, next(network.parameters()).device
    sums = {head: torch.zeros(2, device=device) for head in ("main", *network.config.heads)}
    confusion = torch.zeros(classes**2, device=device)
    for logits, targets in answers(network, photos, size, preprocessing, accelerator):
        for head, z in logits.items():
            right = (z.argmax(1) == targets).float().sum()
            sums[head] += torch.stack((F.cross_entropy(z, targets, reduction="sum"), right))
        cells = targets * classes + logits["main"].argmax(1)
        confusion += torch.bincount(cells, minlength=classes**2)
    if accelerator is not None:
        sums, confusion = accelerator.reduce((sums, confusion))
    scores = {head: HeadScore(*(row / len(photos)).tolist()) for head, row in sums.items()}
    return Evaluation(scores, confusion.reshape(classes, classes).long().tolist())


def agreement(said: Tensor, wanted: Tensor) -> tuple[float, float]:
    """How often logits (N, classes) have the first choice of ``wanted`` first, and in five."""
    first = wanted.argmax(1, keepdim=True)
    right = said.topk(min(5, said.shape[1]), 1).indices == first
    return float(right[:, 0].float().mean()), float(right.any(1).float().mean())


@torch.inference_mode()
def judge(
    network: GoogLeNet, preprocessing: Preprocessing, photos: Photos, learned: int, data: str
) -> dict[str, HeadFit]:
    """How well each head of ``network`` repeats the main one on ``photos``, one centre crop each.

    ``learned`` and ``data`` say how many photos the heads learned from, and which.
    """
    batches = [b for b, _ in answers(network, photos, network.config.input_size, preprocessing)]
    logits = {head: torch.cat([batch[head] for batch in batches]) for head in batches[0]}
    main = logits.pop("main")
    return {
        head: HeadFit(learned, data, len(photos), *agreement(said, main))
        for head, said in logits.items()
    }
