"""What every module puts out on many photos, averaged over its map, kept in files.

A lens is fitted to these alone, so each photo passes through the network once. Files of some
hundred photos are written as they come: killed work goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from inception_viz.classifier import Classifier
from inception_viz.errors import ImageError
from inception_viz.files.paths import is_file
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.pictures.reading import read_picture
from inception_viz.sources.state_files import read_safetensors, write_safetensors
from inception_viz.training.photos import ahead

_FILE_PHOTOS, _AT_ONCE = 512, 8
_KEY = "count"  # beside the modules' tables: a file of no readable photo holds something, too


@dataclass(frozen=True, eq=False)
class Averages:
    """The modules' averages.

    Attributes:
        modules: module → (photos, channels), in the order of the network.
        skipped: a sentence for each file that could not be read.
    """

    modules: dict[str, Tensor]
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        """How many photos."""
        return len(next(iter(self.modules.values())))


def averages_of(
    classifier: Classifier,
    photos: Sequence[Path],
    folder: Path,
    *,
    fast: bool = False,
    seen: Callable[[int], None] = lambda _: None,
) -> Averages:
    """Send every photo's centre through the network.

    Args:
        classifier: whose modules.
        photos: files; those that can't be read are skipped and named.
        folder: for the files, of these photos and this network alone: those there are kept.
        fast: compute in 16 bits.
        seen: is told how many photos are done.

    Raises:
        FileError: if the folder can't be written.
    """
    network = classifier.inference_network
    network = deepcopy(network).to(torch.bfloat16) if fast else network
    tables: dict[str, list[Tensor]] = {name: [] for name in network.modules_by_name}
    skipped: list[str] = []

    def read(path: Path) -> Tensor | str:
        try:
            return classifier.input_of(read_picture(path), "crop")[0]
        except ImageError as error:
            return f"{path}: {error}"

    for start in range(0, len(photos), _FILE_PHOTOS):
        some, path = photos[start : start + _FILE_PHOTOS], folder / f"{start:07}.safetensors"
        if not is_file(path):
            bad: list[str] = []
            found: dict[str, list[Tensor]] = {name: [] for name in tables}
            with closing(ahead(read, some, workers=1, most=2 * _AT_ONCE)) as inputs:
                done = start
                while batch := list(islice(inputs, _AT_ONCE)):
                    bad += [one for one in batch if isinstance(one, str)]
                    if good := [one for one in batch if isinstance(one, Tensor)]:
                        for name, means in _means(network, torch.cat(good)).items():
                            found[name].append(means)
                    done += len(batch)
                    seen(done)
            whole = {name: torch.cat(means) for name, means in found.items() if means}
            count = {_KEY: torch.tensor([len(some) - len(bad)])}
            write_safetensors(path, whole | count, {"skipped": bad})
        kept, about = read_safetensors(path)
        for name, parts in tables.items():
            parts += [kept[name].float()] if name in kept else []
        skipped += json.loads(about["skipped"])
        seen(start + len(some))
    return Averages(
        {n: torch.cat(t) if t else torch.zeros(0, 0) for n, t in tables.items()}, tuple(skipped)
    )


@torch.inference_mode()
def _means(network: GoogLeNet, x: Tensor) -> dict[str, Tensor]:
    """Module → (N, channels), 16-bit, of inputs (N, 3, size, size)."""
    modules, largest = network.modules_by_name, torch.finfo(torch.half).max
    return {
        step: output.float().mean((2, 3)).clamp(max=largest).half()
        for step, output in network.walk(x.to(network.classifier.weight.dtype))
        if step in modules
    }
