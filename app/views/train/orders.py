"""What the Train page asks for: orders for new runs, and the runs themselves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import inception_viz as iv
from inception_viz.architecture import check_budget
from inception_viz.files import is_file
from inception_viz.sources import Weights, save_weights
from inception_viz.training import Recipe, Run, for_size, process, runs_dir, unpack


@dataclass(frozen=True)
class Pictures:
    """What to train on: a ZIP that was uploaded, or the name or folder of a dataset.

    ``splits`` and ``names``: what the user said of its folders, and of how its names are written.
    """

    name: str
    source: str = ""
    archive: BinaryIO | None = None
    download: bool = False
    splits: bool | None = None
    names: str | None = None


@dataclass(frozen=True)
class Network:
    """What to train: an architecture, and weights to begin with, unless random ones."""

    config: iv.GoogLeNetConfig
    weights: Callable[[], Weights] | None = None


def start(pictures: Pictures, network: Network, recipe: Recipe) -> Run:
    """Start a training in a process of its own.

    Raises:
        TrainingError: if the pictures can't be used, or another training is going on.
        FileError: if the weights to begin with can't be written.
        ConfigError: if the network is too large for this computer.
    """
    config = for_size(network.config, recipe.sizes[-1])
    check_budget(config)
    busy = process.active_run()
    if busy is not None:
        raise iv.TrainingError(f"{busy.path.name} is training already. Wait for it, or stop it.")
    run = process.new_run(pictures.name)
    try:
        source = pictures.source
        if pictures.archive is not None:
            folder = run.path / "photos" / process.folder_name(pictures.name)
            unpacked = unpack(
                pictures.archive, folder, splits=pictures.splits, names=pictures.names
            )
            source = str(unpacked.folder)
        start_from = None
        if network.weights is not None:
            start_from = run.path / "start.safetensors"
            save_weights(network.weights(), start_from)
        process.start(
            run,
            source,
            config,
            recipe,
            download=pictures.download,
            start_from=start_from,
            splits=pictures.splits if pictures.archive is None else None,
        )
    except iv.InceptionVizError:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run


def find(name: str) -> Run | None:
    """A run by its folder's name."""
    if not name or Path(name).name != name:
        return None
    run = Run(runs_dir() / name)
    return run if is_file(run.path / "status.json") else None
