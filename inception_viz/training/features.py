"""What a trunk computes in front of its heads, for many views, kept in files.

The trunk doesn't change while heads are fitted to it, so each view passes through it once. Files of
a few thousand views are written as they come: killed work goes on where it was, and memory holds
one file's worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from inception_viz.files.paths import is_file
from inception_viz.network.googlenet import AuxHead, GoogLeNet
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.state_files import write_safetensors
from inception_viz.training.augment import normalise
from inception_viz.training.photos import Pixels

AVERAGES = "averages"
FILE_VIEWS = 2048
_BATCH = 32

Maker = Callable[[int], Pixels]


class Features:
    """Features of numbered views in a folder of files.

    Each file has, for each auxiliary head, the averaged maps that it reads (views, channels, 4, 4),
    and under ``averages`` what the main classifier reads (views, channels), all 16-bit.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        """Of files that :func:`collect` wrote."""
        self.files = list(files)

    def read(self, name: str, which: Sequence[int]) -> Tensor:
        """The features ``name`` of the files numbered ``which``, one behind the other."""
        parts = []
        for number in which:
            with safe_open(self.files[number], "pt") as file:
                parts.append(file.get_tensor(name))
        return torch.cat(parts)


def collect(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    make: Maker,
    count: int,
    folder: Path,
    seen: Callable[[int], None] = lambda _: None,
) -> Features:
    """Features of the views ``make(0)`` … ``make(count - 1)``; files that are there are kept.

    Args:
        network: a frozen network with heads; its precision is what is computed in.
        preprocessing: how its input is made.
        make: gives a view, always the same for the same number.
        count: how many.
        folder: for the files, this network's and these views' alone.
        seen: told how many views are done.

    Raises:
        FileError: if the folder can't be written.
    """
    files = []
    for start in range(0, count, FILE_VIEWS):
        numbers = range(start, min(start + FILE_VIEWS, count))
        path = folder / f"views-{start:07}.safetensors"
        files.append(path)
        if not is_file(path):
            parts = list(_passes(network, preprocessing, make, numbers, seen))
            joined = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
            write_safetensors(path, joined, {})
        seen(numbers.stop)
    return Features(files)


def _passes(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    make: Maker,
    numbers: range,
    seen: Callable[[int], None],
) -> Iterator[dict[str, Tensor]]:
    """One pass a batch, while the next batch's views are made."""
    batches = [numbers[i : i + _BATCH] for i in range(0, len(numbers), _BATCH)]

    def pixels(batch: range) -> Tensor:
        stacked = np.stack([make(number) for number in batch])
        return torch.from_numpy(stacked).permute(0, 3, 1, 2)

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(pixels, batches[0])
        for batch, following in zip(batches, [*batches[1:], None], strict=True):
            x = normalise(coming.result(), preprocessing)
            if following is not None:
                coming = pool.submit(pixels, following)
            yield passed(network, x)
            seen(batch.stop)


@torch.inference_mode()
def passed(network: GoogLeNet, x: Tensor) -> dict[str, Tensor]:
    """What the heads read of a batch, 16-bit: :class:`Features` names them."""
    start = output = x.to(network.classifier.weight.dtype)
    largest = torch.finfo(torch.half).max
    attached = network.config.attached
    features = {}
    for step, output in network.walk(start):
        if step in attached:
            head = network.aux[attached[step]]
            assert isinstance(head, AuxHead)  # for the type checker
            features[attached[step]] = head.pooled(output).clamp(max=largest).half()
    features[AVERAGES] = output.float().mean((2, 3)).clamp(max=largest).half()
    return features
