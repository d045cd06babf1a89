"""From a picture to the numbers a network reads, and back to places on the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor

Fit = Literal["crop", "pad", "squash"]
FITS: tuple[Fit, ...] = get_args(Fit)

CROP_MARGIN = 256 / 224  # the shorter side is scaled to 256 for a 224-pixel crop, as is customary


@dataclass(frozen=True)
class Fitting:
    """How a picture of any shape became the square input of ``size`` pixels.

    ``x_scale`` and ``y_scale`` are original pixels per input pixel; ``left`` and ``top`` are where
    the input's corner lies on the original, in original pixels (negative where it was padded).
    """

    fit: Fit
    size: int
    original: tuple[int, int]
    x_scale: float
    y_scale: float
    left: float
    top: float

    def to_original(self, x: float, y: float) -> tuple[float, float]:
        """A point of the input, in input pixels, as a point of the original, in its pixels."""
        return self.left + x * self.x_scale, self.top + y * self.y_scale

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the input's outline in original pixels."""
        return (self.left, self.top, *self.to_original(self.size, self.size))


def fitting(original: tuple[int, int], size: int, fit: Fit = "crop") -> Fitting:
    """Lay a square of ``size`` pixels over a picture of ``original`` (width, height) pixels.

    ``crop`` takes the centre, ``pad`` the whole picture with borders, ``squash`` the whole picture
    with its proportions changed.

    Raises:
        ValueError: for an unknown ``fit``.
    """
    width, height = original
    if fit == "squash":
        return Fitting(fit, size, original, width / size, height / size, 0.0, 0.0)
    if fit == "pad":
        longer = max(width, height)
        scale = longer / size
        return Fitting(
            fit, size, original, scale, scale, (width - longer) / 2, (height - longer) / 2
        )
    if fit == "crop":
        return _centre_crop(original, size)
    raise ValueError(f'fit is {fit!r:.60}; use "crop", "pad" or "squash".')


def _centre_crop(original: tuple[int, int], size: int) -> Fitting:
    # The rounding of torchvision's Resize(256) + CenterCrop(224), so that both see the same pixels.
    shorter = round(size * CROP_MARGIN)
    width, height = (
        shorter if side == min(original) else int(shorter * side / min(original))
        for side in original
    )
    x_scale, y_scale = original[0] / width, original[1] / height
    left, top = round((width - size) / 2), round((height - size) / 2)
    return Fitting("crop", size, original, x_scale, y_scale, left * x_scale, top * y_scale)


def fit_image(image: Image.Image, placed: Fitting, background: tuple[int, int, int]) -> Image.Image:
    """Cut and scale ``image`` to the square of ``placed``; ``background`` fills padded borders.

    ``image`` may be a reduced copy of the original that ``placed`` was computed for.
    """
    x_reduced, y_reduced = image.width / placed.original[0], image.height / placed.original[1]
    left, top, right, bottom = placed.box
    size = placed.size
    # Only the part inside the picture is resampled, straight to its final size.
    inside = (
        max(left, 0),
        max(top, 0),
        min(right, placed.original[0]),
        min(bottom, placed.original[1]),
    )
    target = (
        max(round((inside[2] - inside[0]) / placed.x_scale), 1),
        max(round((inside[3] - inside[1]) / placed.y_scale), 1),
    )
    box = (
        inside[0] * x_reduced,
        inside[1] * y_reduced,
        min(inside[2] * x_reduced, image.width),
        min(inside[3] * y_reduced, image.height),
    )
    resized = image.resize(target, Image.Resampling.BILINEAR, box=box)
    if target == (size, size):
        return resized
    canvas = Image.new("RGB", (size, size), background)
    canvas.paste(resized, ((size - target[0]) // 2, (size - target[1]) // 2))
    return canvas


@dataclass(frozen=True)
class Preprocessing:
    """How a source's weights want their input: (pixel · ``scale`` − ``mean``) / ``std``.

    ``mean`` and ``std`` are in the order of ``channels``; pixels are 0–255.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    scale: float = 1 / 255
    channels: Literal["RGB", "BGR"] = "RGB"

    @property
    def background(self) -> tuple[int, int, int]:
        """The RGB colour that becomes (nearly) zero; it fills padded borders."""
        grey = [round(m / self.scale) for m in self.mean]
        red, green, blue = grey if self.channels == "RGB" else grey[::-1]
        return red, green, blue

    def tensor(self, image: Image.Image) -> Tensor:
        """An RGB image of H × W as a float32 tensor (1, 3, H, W), channels-last in memory."""
        return self.normalise(pixels_of(image)[None])

    def normalise(self, batch: Tensor) -> Tensor:
        """The same of pixels (N, 3, H, W), uint8 RGB."""
        pixels = (batch.flip(1) if self.channels == "BGR" else batch).float()
        mean, std = pixels.new_tensor([self.mean, self.std])[..., None, None]
        values: Tensor = (pixels * self.scale - mean) / std
        return values.contiguous(memory_format=torch.channels_last)


def pixels_of(image: Image.Image) -> Tensor:
    """The pixels of an RGB image, uint8 (3, height, width)."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


IMAGENET = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
CAFFE = Preprocessing(mean=(104.0, 117.0, 123.0), scale=1.0, channels="BGR")
# torchvision's googlenet undoes ImageNet's normalisation in its forward (transform_input) and
# normalises to −1…1 instead; both steps in one are this.
TORCHVISION = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
