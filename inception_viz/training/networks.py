"""Networks to train, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import TrainingError

PAPER_SIZE = 224


@dataclass(frozen=True)
class Preset:
    """A named network: its title on screen, a sentence about it, and how to build it."""

    title: str
    summary: str
    build: Callable[[], GoogLeNetConfig]


PRESETS = {
    "paper": Preset(
        "Paper, with batch norm",
        "The nine modules of the paper. Batch norm came a year later; with it, training from "
        "scratch is quick and safe.",
        lambda: GoogLeNetConfig.paper(norm="batch"),
    ),
    "paper-lrn": Preset(
        "Paper, with LRN as in 2014",
        "As published: local response normalisation in the stem, nothing behind the convolutions. "
        "Needs a lower learning rate and patience.",
        GoogLeNetConfig.paper,
    ),
    "torchvision": Preset(
        "torchvision's variant",
        "Batch norm, 3×3 kernels in the 5×5 branch, smaller pool before stage 5.",
        GoogLeNetConfig.torchvision,
    ),
    "naive": Preset(
        "Naive modules (figure 2a)",
        "No 1×1 reduction and no pool projection: channels pile up from module to module, and "
        "every step costs far more.",
        lambda: GoogLeNetConfig.naive(norm="batch"),
    ),
}


def read_network(name: str) -> GoogLeNetConfig:
    """A preset by its name, or the config in a JSON file.

    Raises:
        TrainingError: if there is neither.
        ConfigError: if the file holds no valid config.
    """
    if name in PRESETS:
        return PRESETS[name].build()
    try:
        return GoogLeNetConfig.from_json(Path(name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(
            f"There is no preset or file {name}. Use {', '.join(PRESETS)}, or a JSON file."
        ) from error


def for_size(config: GoogLeNetConfig, size: int) -> GoogLeNetConfig:
    """The same network for pictures of ``size`` pixels.

    The heads' 5×5/3 pool gives 4×4 values at 224 pixels alone; at other sizes an adaptive pool
    does, so that the heads keep their shape.

    Raises:
        ConfigError: if the pictures are too small for it.
    """

    heads: dict[str, Any] = {
        name: replace(head, pool=head.pool if size == PAPER_SIZE else "4x4")
        for name, head in config.heads.items()
    }
    return replace(config, input_size=size, **heads)
