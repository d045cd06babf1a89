"""Four families of pictures made by rule, fixed before anybody looked at a channel.

Orientation and spatial frequency: sine gratings. Curvature: arcs of equal length and contrast, from
straight to a ring. Colour: gratings that vary in hue alone, beside grey ones. All on mid-grey, so
that nothing but the property in question differs within a family.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

ANGLES = 12
PERIODS = (4, 6, 8, 12, 16, 24, 32, 48)  # pixels
BENDS = (0.0, 0.25, 0.5, 1.0)  # of a full turn that an arc makes
HUES = ("light to dark", "red to green", "blue to yellow")
_PHASES = 2
_CONTRAST = 0.4  # around 0.5
# The hues keep luma (Rec. 709: 0.2126 red, 0.7152 green, 0.0722 blue) as it is.
_COLOURS = ((1.0, 1.0, 1.0), (1.0, -0.2973, 0.0), (-0.0778, -0.0778, 1.0))


@dataclass(frozen=True)
class Family:
    """Pictures that differ in one property.

    Attributes:
        title: on screen.
        levels: the property's values, one a level.
        unit: of the levels.
        pictures: (levels, repetitions, 3, size, size), values 0 to 1, for a size in pixels.
        shown: the repetition that stands for all of a level where there is room for one.
    """

    title: str
    levels: tuple[float | str, ...]
    unit: str
    pictures: Callable[[int], Tensor]
    shown: int


def _gratings(size: int, angle: float, period: float, colour: int = 0) -> Tensor:
    """(phases, 3, size, size): waves that run along ``angle``, in radians."""
    place = torch.arange(size) - (size - 1) / 2
    along = place * math.cos(angle) + place[:, None] * math.sin(angle)
    waves = [
        torch.sin(2 * math.pi * (along / period + phase / _PHASES / 2)) for phase in range(_PHASES)
    ]
    direction = torch.tensor(_COLOURS[colour])[:, None, None]
    return (0.5 + _CONTRAST * torch.stack(waves)[:, None] * direction).clamp(0, 1)


def _turned(count: int) -> list[float]:
    return [math.pi * turn / count for turn in range(count)]


def _orientations(size: int) -> Tensor:
    return torch.stack(
        [torch.cat([_gratings(size, angle, p) for p in (8, 16)]) for angle in _turned(ANGLES)]
    )


def _frequencies(size: int) -> Tensor:
    return torch.stack(
        [torch.cat([_gratings(size, angle, period) for angle in _turned(4)]) for period in PERIODS]
    )


def _hues(size: int) -> Tensor:
    each = [(angle, period) for angle in _turned(4) for period in (8, 16, 32)]
    return torch.stack(
        [torch.cat([_gratings(size, a, p, hue) for a, p in each]) for hue in range(len(HUES))]
    )


def _curves(size: int) -> Tensor:
    """Arcs 28 and 56 pixels long, 3 wide, each on a lattice that covers the picture, turned."""
    turns = [(length, 2 * math.pi * turn / 8) for length in (28, 56) for turn in range(8)]
    return torch.stack(
        [torch.stack([_arcs(size, bend, *turn) for turn in turns]) for bend in BENDS]
    )


def _arcs(size: int, bend: float, length: float, angle: float) -> Tensor:
    share = torch.linspace(-0.5, 0.5, 65)
    if bend:
        radius = length / (2 * math.pi * bend)
        turn = 2 * math.pi * bend * share
        points = torch.stack([radius * torch.sin(turn), radius * (1 - torch.cos(turn))], dim=1)
    else:
        points = torch.stack([length * share, torch.zeros_like(share)], dim=1)
    points = points - (points.amax(0) + points.amin(0)) / 2
    cos, sin = math.cos(angle), math.sin(angle)
    points = points @ torch.tensor([[cos, sin], [-sin, cos]])
    pitch = length * 1.25
    place = (torch.arange(size) - (size - 1) / 2 + pitch / 2) % pitch - pitch / 2
    grid = torch.stack(torch.meshgrid(place, place, indexing="xy"), dim=-1)
    distance = torch.cdist(grid.reshape(-1, 2), points).amin(1).view(size, size)
    ink = (2.0 - distance).clamp(0, 1)  # 3 pixels wide, its edge smooth
    return (0.5 - _CONTRAST * ink).expand(3, size, size)


FAMILIES: Mapping[str, Family] = {
    "orientation": Family(
        "Orientation", tuple(180 * turn / ANGLES for turn in range(ANGLES)), "°", _orientations, 2
    ),
    "frequency": Family(
        "Spatial frequency", tuple(map(float, PERIODS)), "px a period", _frequencies, 0
    ),
    "curvature": Family("Curvature", BENDS, "of a turn", _curves, 9),
    "colour": Family("Colour against luminance", HUES, "", _hues, 2),
}
