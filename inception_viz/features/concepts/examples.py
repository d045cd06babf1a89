"""Example photos of a concept as averaged activations; crops and textures that come along."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Progress, silent
from inception_viz.pictures.preprocessing import Crop, Fit, fit_image, fitting
from inception_viz.pictures.reading import Picture, read_picture
from inception_viz.trace import Trace

LEAST = 3  # examples on either side
_SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
_CROPS = 4  # of each sample photo
_SIDE = 224

Texture = Literal["stripes", "dots", "checks"]
Example = str | os.PathLike[str] | Image.Image | Picture | tuple[Picture, Fit | Crop] | Trace
Examples = Mapping[str, np.ndarray]
"""Place (a module, a branch) → (examples, channels): activations averaged over the map."""


def averages(
    classifier: Classifier, examples: Sequence[Example], *, progress: Progress = silent
) -> Examples:
    """What every module and branch puts out for some photos, averaged over the map.

    Args:
        examples: pictures, or pictures with the part that the network is to see, or traces.
        progress: is told the share that is done.

    Raises:
        ImageError: for a photo that can't be read.
    """
    rows: dict[str, list[np.ndarray]] = {}
    for done, example in enumerate(examples):
        progress(done / len(examples))
        for place, row in _average(_traced(classifier, example)).items():
            rows.setdefault(place, []).append(row)
    return {place: np.array(found) for place, found in rows.items()}


def _traced(classifier: Classifier, example: Example) -> Trace:
    if isinstance(example, Trace):
        return example
    if isinstance(example, tuple):
        return classifier.trace(example[0], fit=example[1])
    return classifier.trace(example)


def _average(trace: Trace) -> dict[str, np.ndarray]:
    found = {}
    for module, maps in trace.modules.items():
        mean = maps.double().mean((1, 2))
        found[module] = mean.numpy()
        found |= {f"{module}/{b}": part.numpy() for b, part in trace.split(module, mean).items()}
    return found


def square(picture: Picture, fit: Fit | Crop = "crop") -> Image.Image:
    """The part of a picture that a network sees, 224 pixels a side: an example to keep.

    To be traced again with the fit "squash", which keeps all of it.
    """
    return fit_image(picture.image, fitting(picture.size, _SIDE, fit), (124, 117, 104))


def others() -> list[tuple[Picture, Fit | Crop]]:
    """Photos of other things: crops of the sample photos that come along, always the same."""
    random = np.random.default_rng(0)
    pictures = map(read_picture, sorted(_SAMPLES.glob("*.jpg")))
    return [
        (picture, Crop(*random.uniform((0.2, 0.2, 0.4), (0.8, 0.8, 0.9)).tolist()))
        for picture in pictures
        for _ in range(_CROPS)
    ]


def textures(kind: Texture, count: int, *, seed: int = 0) -> list[Image.Image]:
    """Pictures of one texture, made by rule, in random colours, sizes and angles."""
    random = np.random.default_rng((seed, sum(map(ord, kind))))
    return [_texture(kind, random) for _ in range(count)]


def _texture(kind: Texture, random: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[:_SIDE, :_SIDE].astype(float)
    angle, period = random.uniform(0, np.pi), random.uniform(14, 40)
    along = x * np.cos(angle) + y * np.sin(angle) + random.uniform(0, period)
    across = -x * np.sin(angle) + y * np.cos(angle) + random.uniform(0, period)
    u, v = (np.sin(2 * np.pi * place / period) for place in (along, across))
    ink = {"stripes": u > 0, "dots": u + v > 1, "checks": u * v > 0}[kind]
    dark, light = random.uniform(0, 110, 3), random.uniform(145, 255, 3)
    if random.random() < 0.5:
        dark, light = light, dark
    colours = np.where(ink[..., None], dark, light) + random.normal(0, 6, (_SIDE, _SIDE, 1))
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))
