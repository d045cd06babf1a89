"""Five ways to change a picture: patch, paint, blur, turn, cut. Each is exact about its pixels.

A change is in whole pixels of a square, such as the one that a network sees: ``x`` to the right and
``y`` down, from 0 at the top left.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from inception_viz.errors import ChangeError

Colour = tuple[int, int, int]  # red, green, blue, 0 to 255 each

MOST_POINTS = 300  # of a stroke
MOST_RADIUS = 64  # pixels
MOST_SIGMA = 32.0  # pixels
MOST_SIDE = 4096


@dataclass(frozen=True)
class _Rectangle:
    """What all changes of a rectangle share.

    Raises:
        ChangeError: for anything but whole numbers that make a rectangle.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        """Check."""
        for name, least in (("x", 0), ("y", 0), ("width", 1), ("height", 1)):
            whole(name, getattr(self, name), least, MOST_SIDE)

    @property
    def place(self) -> tuple[slice, slice]:
        """Its rows and columns."""
        return _place(self.x, self.y, self)

    def reach(self) -> tuple[int, int]:
        """How far it reaches: the first column and the first row behind it."""
        return self.x + self.width, self.y + self.height


@dataclass(frozen=True)
class Patch(_Rectangle):
    """A rectangle is copied to another place, whose left top corner is (``to_x``, ``to_y``)."""

    to_x: int
    to_y: int

    def __post_init__(self) -> None:
        """Check."""
        super().__post_init__()
        for name in ("to_x", "to_y"):
            whole(name, getattr(self, name), 0, MOST_SIDE)

    def reach(self) -> tuple[int, int]:
        """How far both places reach."""
        return max(self.x, self.to_x) + self.width, max(self.y, self.to_y) + self.height

    def apply_to(self, pixels: np.ndarray) -> None:
        """Change ``pixels`` (side, side, 3), uint8."""
        pixels[_place(self.to_x, self.to_y, self)] = pixels[self.place].copy()


@dataclass(frozen=True)
class Paint:
    """A stroke: every pixel within ``radius`` of a line, one pixel wide, through all ``points``.

    Raises:
        ChangeError: for anything but 1 to ``MOST_POINTS`` points (x, y), a radius of 0 to
            ``MOST_RADIUS`` and a colour.
    """

    points: tuple[tuple[int, int], ...]
    radius: int
    colour: Colour

    def __post_init__(self) -> None:
        """Check."""
        object.__setattr__(self, "points", _points(self.points))
        whole("radius", self.radius, 0, MOST_RADIUS)
        object.__setattr__(self, "colour", _colour(self.colour))

    def reach(self) -> tuple[int, int]:
        """How far its points reach; what of the width sticks out is left out."""
        return max(x for x, _ in self.points) + 1, max(y for _, y in self.points) + 1

    def apply_to(self, pixels: np.ndarray) -> None:
        """Change ``pixels`` (side, side, 3), uint8."""
        line = Image.new("L", pixels.shape[1::-1])
        draw = ImageDraw.Draw(line)
        draw.line(self.points, fill=1)
        draw.point(self.points, fill=1)
        pixels[_grown(np.asarray(line), self.radius)] = self.colour


@dataclass(frozen=True)
class Blur(_Rectangle):
    """A rectangle takes the pixels of the picture blurred by ``sigma`` pixels.

    Pillow's approximation of a Gaussian, by three box filters.
    """

    sigma: float

    def __post_init__(self) -> None:
        """Check."""
        super().__post_init__()
        object.__setattr__(self, "sigma", _number("sigma", self.sigma, 0.1, MOST_SIGMA))

    def apply_to(self, pixels: np.ndarray) -> None:
        """Change ``pixels`` (side, side, 3), uint8."""
        blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(self.sigma))
        pixels[self.place] = np.asarray(blurred)[self.place]


@dataclass(frozen=True)
class Turn(_Rectangle):
    """What is in a rectangle is turned clockwise about its middle, by ``degrees`` of −180 to 180.

    What leaves the rectangle is cut off; where nothing comes, the picture stays.
    """

    degrees: int

    def __post_init__(self) -> None:
        """Check."""
        super().__post_init__()
        whole("degrees", self.degrees, -180, 180)

    def apply_to(self, pixels: np.ndarray) -> None:
        """Change ``pixels`` (side, side, 3), uint8."""
        part = Image.fromarray(pixels[self.place])
        turned = part.rotate(-self.degrees, Image.Resampling.BILINEAR)
        covered = Image.new("L", part.size, 1).rotate(-self.degrees)
        where = np.asarray(covered, bool)
        pixels[self.place][where] = np.asarray(turned)[where]


@dataclass(frozen=True)
class Cut(_Rectangle):
    """A rectangle is filled with ``colour``; None is the mean colour of the picture before."""

    colour: Colour | None = None

    def __post_init__(self) -> None:
        """Check."""
        super().__post_init__()
        if self.colour is not None:
            object.__setattr__(self, "colour", _colour(self.colour))

    def apply_to(self, pixels: np.ndarray) -> None:
        """Change ``pixels`` (side, side, 3), uint8."""
        mean = np.rint(pixels.mean((0, 1)))
        pixels[self.place] = mean if self.colour is None else self.colour


Change = Patch | Paint | Blur | Turn | Cut


def _place(x: int, y: int, size: _Rectangle) -> tuple[slice, slice]:
    return slice(y, y + size.height), slice(x, x + size.width)


def _grown(line: np.ndarray, radius: int) -> np.ndarray:
    """All pixels within ``radius`` of one that is set in ``line`` (height, width)."""
    height, width = line.shape
    # Sums along the rows: how many are set within a span is the difference of two of them.
    sums = np.pad(line, (radius, radius)).cumsum(1, dtype=np.int32)
    sums = np.pad(sums, ((0, 0), (1, 0)))
    grown = np.zeros(line.shape, bool)
    for down in range(2 * radius + 1):
        half = isqrt(radius**2 - (down - radius) ** 2)
        rows = sums[down : down + height]
        last, first = radius + half + 1, radius - half
        grown |= rows[:, last : last + width] > rows[:, first : first + width]
    return grown


def whole(name: str, value: object, least: int, most: int) -> int:
    """``value``, if it is a whole number from ``least`` to ``most``.

    Raises:
        ChangeError: if it isn't.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        words = f"The {name} must be a whole number from {least} to {most}."
        raise ChangeError(words.replace("-", "−"))
    return value


def _number(name: str, value: Any, least: float, most: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not least <= value <= most:
        raise ChangeError(f"The {name} must be a number from {least:g} to {most:g}.")
    return float(value)


def _colour(value: object) -> Colour:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise ChangeError("A colour is three whole numbers: red, green and blue.")
    red, green, blue = (whole("colour", part, 0, 255) for part in value)
    return red, green, blue


def _points(value: object) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_POINTS:
        raise ChangeError(f"A stroke has 1 to {MOST_POINTS} points.")
    points = []
    for point in value:
        if not isinstance(point, list | tuple) or len(point) != 2:
            raise ChangeError("A point of a stroke is two whole numbers: x and y.")
        x, y = (whole("place of a point", part, 0, MOST_SIDE) for part in point)
        points.append((x, y))
    return tuple(points)
