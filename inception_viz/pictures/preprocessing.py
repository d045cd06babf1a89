"""From a picture to the numbers a network reads, and back to places on the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor

Fit = Literal["crop", "pad", "squash"]
FITS: tuple[Fit, ...] = get_args(Fit)

CROP_MARGIN = 256 / 224  # the shorter side is scaled to 256 for a 224-pixel crop, as is customary
SMALLEST_CROP = 0.05  # of the shorter side
_CROP_TEXT = re.compile("-".join([r"([0-9](?:\.[0-9]{1,6})?)"] * 3))


@dataclass(frozen=True)
class Crop:
    """A square on a picture of any shape; all three are shares, kept to a millionth.

    Where it would stick out, it is moved inside, no further than it must be. As text it is
    ``X-Y-SIDE``, "0.42-0.38-0.5".

    Attributes:
        x: its centre, as a share of the width from the left.
        y: its centre, as a share of the height from the top.
        side: its side, as a share of the picture's shorter side, at least ``SMALLEST_CROP``.

    Raises:
        ValueError: for anything else than such shares.
    """

    x: float
    y: float
    side: float

    def __post_init__(self) -> None:
        """Check and round."""
        for name, least in (("x", 0), ("y", 0), ("side", SMALLEST_CROP)):
            value = getattr(self, name)
            try:
                share = round(float(value), 6) + 0.0  # never −0
            except (TypeError, ValueError, OverflowError):
                share = np.nan
            if not least <= share <= 1:
                raise ValueError(
                    f"The {name} of a crop is {value!r:.40}; it must be from {least} to 1."
                )
            object.__setattr__(self, name, share)

    def __str__(self) -> str:
        """The text that :meth:`parse` reads."""
        return "-".join(f"{n:.6f}".rstrip("0").rstrip(".") for n in (self.x, self.y, self.side))

    @classmethod
    def parse(cls, text: str) -> Crop:
        """Read ``X-Y-SIDE``.

        Raises:
            ValueError: if it is none.
        """
        found = _CROP_TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r:.60} is no crop; write X-Y-SIDE, such as 0.42-0.38-0.5.")
        return cls(*map(float, found.groups()))


CENTRE = Crop(0.5, 0.5, 1 / CROP_MARGIN)  # where "crop" lies; the same pixels as that


@dataclass(frozen=True)
class Fitting:
    """How a picture of any shape became the square input of ``size`` pixels.

    ``x_scale`` and ``y_scale`` are original pixels per input pixel; ``left`` and ``top`` are where
    the input's corner lies on the original, in original pixels (negative where it was padded).
    """

    fit: Fit | Crop
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


def fitting(original: tuple[int, int], size: int, fit: Fit | Crop = "crop") -> Fitting:
    """Lay a square of ``size`` pixels over a picture of ``original`` (width, height) pixels.

    ``crop`` takes the centre, ``pad`` the whole picture with borders, ``squash`` the whole picture
    with its proportions changed, a :class:`Crop` any square of it.

    Raises:
        ValueError: for an unknown ``fit``.
    """
    width, height = original
    if fit == "squash":
        return Fitting(fit, size, original, width / size, height / size, 0.0, 0.0)
    if fit == "pad":
        longer = max(original)
        start = ((width - longer) / 2, (height - longer) / 2)
        return Fitting(fit, size, original, longer / size, longer / size, *start)
    if isinstance(fit, Crop) and fit != CENTRE:
        length = fit.side * min(original)
        left = min(max(fit.x * width - length / 2, 0.0), width - length)
        top = min(max(fit.y * height - length / 2, 0.0), height - length)
        return Fitting(fit, size, original, length / size, length / size, left, top)
    if fit not in ("crop", CENTRE):
        raise ValueError(f'fit is {fit!r:.60}; use "crop", "pad", "squash" or a Crop.')
    # The rounding of torchvision's Resize(256) + CenterCrop(224), so that both see the same pixels.
    least, shorter = min(original), round(size * CROP_MARGIN)
    scaled = [shorter if side == least else int(shorter * side / least) for side in original]
    x_scale, y_scale = width / scaled[0], height / scaled[1]
    column, row = (round((side - size) / 2) for side in scaled)
    return Fitting("crop", size, original, x_scale, y_scale, column * x_scale, row * y_scale)


def fit_image(image: Image.Image, placed: Fitting, background: tuple[int, int, int]) -> Image.Image:
    """Cut and scale ``image`` to the square of ``placed``; ``background`` fills padded borders.

    ``image`` may be a reduced copy of the original that ``placed`` was computed for.
    """
    size = placed.size
    # Only the part inside the picture is resampled, straight to its final size.
    inside = np.clip(placed.box, 0, placed.original * 2)
    sides = (inside[2:] - inside[:2]) / (placed.x_scale, placed.y_scale)
    width, height = np.rint(sides).astype(int).clip(1).tolist()
    reduced = inside * np.tile(np.divide(image.size, placed.original), 2)
    left, top, right, bottom = np.minimum(reduced, image.size * 2).tolist()
    box = (left, top, right, bottom)
    resized = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
    if resized.size == (size, size):
        return resized
    canvas = Image.new("RGB", (size, size), background)
    canvas.paste(resized, ((size - width) // 2, (size - height) // 2))
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
