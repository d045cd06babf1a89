"""Small folders of pictures whose classes can be learned at a glance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inception_viz.architecture import GoogLeNetConfig
from inception_viz.training import Phase, Recipe, TrainingData, open_data
from tests.conftest import tiny_config

COLOURS = {"blue": (40, 60, 200), "green": (40, 180, 60), "red": (200, 50, 40)}
MakeFolder = Callable[..., Path]


def picture(colour: tuple[int, int, int], seed: int, side: int = 40) -> Image.Image:
    """Noise with a tint."""
    noise = np.random.default_rng(seed).integers(-40, 40, (side, side, 3))
    return Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8))


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Write ``count`` pictures for each class below ``tmp_path/name``."""

    def make(name: str = "photos", count: int = 10, side: int = 40) -> Path:
        for label, colour in COLOURS.items():
            folder = tmp_path / name / label
            folder.mkdir(parents=True)
            for index in range(count):
                picture(colour, index, side).save(folder / f"{index:02}.png")
        return tmp_path / name

    return make


@pytest.fixture
def data(make_folder: MakeFolder) -> TrainingData:
    """24 pictures to learn from, 6 to be judged by, in three classes."""
    return open_data(str(make_folder()))


def small_config(**changes: object) -> GoogLeNetConfig:
    """A tiny network for three classes at 64 pixels."""
    return tiny_config(**{"classes": 3, "input_size": 224, "norm": "batch", **changes})


def quick(**changes: object) -> Recipe:
    """A recipe of a few steps in full precision, on pictures of 32 pixels."""
    values = {"phases": (Phase(32, 3),), "batch": 8, "precision": "fp32", **changes}
    return Recipe(**values)  # type: ignore[arg-type]
