"""How well auxiliary heads repeat what the main head says, on photos they didn't learn from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.base import HeadFit
from inception_viz.training.evaluation import answers
from inception_viz.training.photos import Photos

HELD_OUT = 0.1


def held_out(photos: Sequence[Path], share: float = HELD_OUT) -> tuple[list[Path], list[Path]]:
    """Photos to learn from and photos to judge on, by content: copies of one fall together."""
    learn: list[Path] = []
    judge: list[Path] = []
    for path in photos:
        try:
            digest = hashlib.sha256(path.read_bytes()).digest()
        except OSError:  # whoever reads it as a picture says why it can't be read
            learn.append(path)
            continue
        chosen = int.from_bytes(digest[:4]) < share * 2**32
        (judge if chosen else learn).append(path)
    return learn, judge


def agreement(said: Tensor, wanted: Tensor) -> tuple[float, float]:
    """How often logits (N, classes) have the first choice of ``wanted`` first, and in five."""
    first = wanted.argmax(1)
    five = said.topk(min(5, said.shape[1]), 1).indices
    right = (said.argmax(1) == first, (five == first[:, None]).any(1))
    return float(right[0].float().mean()), float(right[1].float().mean())


@torch.inference_mode()
def judge(
    network: GoogLeNet, preprocessing: Preprocessing, photos: Photos, learned: int, data: str
) -> dict[str, HeadFit]:
    """How well each head of ``network`` repeats the main one on ``photos``, one centre crop each.

    ``learned`` and ``data`` say how many photos the heads learned from, and which.
    """
    logits: dict[str, list[Tensor]] = {}
    for batch, _ in answers(network, photos, network.config.input_size, preprocessing):
        for name, values in batch.items():
            logits.setdefault(name, []).append(values)
    joined = {name: torch.cat(parts) for name, parts in logits.items()}
    main = joined.pop("main")
    return {
        name: HeadFit(learned, data, len(photos), *agreement(said, main))
        for name, said in joined.items()
    }
