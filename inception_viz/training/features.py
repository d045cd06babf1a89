"""What a trunk computes in front of its heads, for many views, kept in files.

The trunk doesn't change while heads are fitted to it, so each view passes through it once. Files of
a few thousand views are written as they come: killed work goes on where it was, and memory holds
one file's worth.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor
from torch.utils.data import Dataset

from inception_viz.files.paths import is_file
from inception_viz.network.googlenet import AuxHead, GoogLeNet
from inception_viz.pictures.preprocessing import Preprocessing
from inception_viz.sources.state_files import write_safetensors
from inception_viz.training.photos import Pixels, ahead

AVERAGES = "averages"
FILE_VIEWS = 2048
_BATCH = 32


class Features(Dataset[tuple[Tensor, Tensor]]):
    """What a head reads of each view (channels, 4, 4), and the main classifier (channels); 32-bit.

    The files hold them as 16-bit, under the head's name and ``averages``.
    """

    def __init__(self, files: Sequence[Path], head: str) -> None:
        """Of files that :func:`collect` wrote."""
        self.head = head
        self.files: list[Any] = [safe_open(path, "pt") for path in files]
        lengths = [file.get_slice(head).get_shape()[0] for file in self.files]
        self.places = [(f, row) for f, length in enumerate(lengths) for row in range(length)]

    def __len__(self) -> int:
        """How many views."""
        return len(self.places)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """One view's."""
        place, row = self.places[number]
        maps, averages = (self.files[place].get_slice(n)[row] for n in (self.head, AVERAGES))
        return maps.float(), averages.float()


@contextmanager
def work_folder(
    work: Path | None, kind: str, photos: Sequence[Path], *of: object
) -> Iterator[Path]:
    """A folder that these photos, and what else it is ``of``, find again; empty when all is done.

    Args:
        work: where it lies; None makes a temporary one.
        kind: the beginning of its name.
        photos: known by their paths and sizes.
        of: what else decides what is computed.
    """
    if work is None:
        with tempfile.TemporaryDirectory(prefix=f"{kind}-") as name:
            yield Path(name)
        return
    stamps = [(str(path), path.stat().st_size) for path in photos if is_file(path)]
    key = hashlib.sha256(repr((*of, stamps)).encode()).hexdigest()
    folder = work / f"{kind}-{key[:16]}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def collect(
    network: GoogLeNet,
    preprocessing: Preprocessing,
    make: Callable[[int], Pixels],
    count: int,
    folder: Path,
    seen: Callable[[int], None] = lambda _: None,
) -> list[Path]:
    """Write features of the views ``make(0)`` … ``make(count - 1)`` into files of a ``folder``.

    It is these views' and this ``network``'s alone: files that are there are kept. ``network`` has
    heads; its precision is what is computed in. ``seen`` is told how many views are done.

    Raises:
        FileError: if the folder can't be written.
    """
    files = []
    for start in range(0, count, FILE_VIEWS):
        numbers = range(start, min(start + FILE_VIEWS, count))
        path = folder / f"views-{start:07}.safetensors"
        files.append(path)
        if not is_file(path):
            parts: list[dict[str, Tensor]] = []
            with closing(ahead(make, numbers, workers=1, most=_BATCH)) as views:
                while batch := list(islice(views, _BATCH)):
                    x = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2)
                    parts.append(passed(network, preprocessing.normalise(x)))
                    seen(start + _BATCH * len(parts))
            joined = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
            write_safetensors(path, joined, {})
        seen(numbers.stop)
    return files


@torch.inference_mode()
def passed(network: GoogLeNet, x: Tensor) -> dict[str, Tensor]:
    """What the heads read of a batch, 16-bit, by head and under ``averages``."""
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
