"""Shared by all tests: where the real files lie, and small classifiers."""

from __future__ import annotations

import os
from pathlib import Path

# Test processes run side by side; each with threads for all cores would slow all of them tenfold.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # see app/server/tuning.py

import numpy as np
import pytest
from PIL import Image

import inception_viz as iv
from inception_viz.architecture import GoogLeNetConfig, ModuleRow, StemConfig

ROOT = Path(__file__).parents[1]

# Real photos and weights: where INCEPTION_VIZ_DATA says, else in folders data and weights, here or
# in a folder beside the repository. Tests that need them skip where they are not.
_NEAR = [ROOT / "data", *sorted(ROOT.parent.glob("*/data"))]
DATA = Path(os.environ.get("INCEPTION_VIZ_DATA") or next(filter(Path.is_dir, _NEAR), _NEAR[0]))
os.environ["INCEPTION_VIZ_DATA"] = str(DATA)  # the app looks there, too
CAFFEMODEL = DATA.parent / "weights" / "bvlc_googlenet.caffemodel"
IMAGENETTE = DATA / "imagenette2-160"


def tiny_config(**changes: object) -> GoogLeNetConfig:
    """The paper's shape with a few channels: fast to build, same code paths."""
    row = ModuleRow(4, 3, 6, 2, 4, 3)
    return GoogLeNetConfig.paper(
        **{
            "stem": StemConfig(4, 4, 8),
            "stage3": (row,) * 2,
            "stage4": (row,) * 5,
            "stage5": (row,) * 2,
            "classes": 7,
            **changes,
        }
    )


@pytest.fixture(scope="session")
def tiny() -> iv.Classifier:
    """A tiny random classifier."""
    return iv.load("random", config=tiny_config())


@pytest.fixture(scope="session")
def caffemodel() -> Path:
    """The real BVLC weights."""
    if not CAFFEMODEL.is_file():
        pytest.skip(f"the BVLC weights are not at {CAFFEMODEL}")
    return CAFFEMODEL


@pytest.fixture(scope="session")
def bvlc(caffemodel: Path) -> iv.Classifier:
    """The real BVLC classifier."""
    return iv.load(caffemodel)


def noise_photo(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A colourful random picture."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def noise_folders(root: Path, count: int) -> Path:
    """``root`` with so many different pictures in its folders ``even`` and ``odd``."""
    for i in range(count):
        path = root / ("odd" if i % 2 else "even") / f"{i:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise_photo(i, (60 + i, 50)).save(path)
    return root


def sample(name: str) -> Path:
    """A bundled photo."""
    return ROOT / "assets" / "samples" / f"{name}.jpg"
