"""What keeps a painted picture from being noise: it must hold when moved, scaled and turned.

Source: Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017, section
"Transformation Robustness".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

MARGIN = 8  # grey pixels around the picture, so that a layer's padding isn't mistaken for its edge
_SHIFT, _SCALE, _TURN = 6.0, 0.1, math.radians(10)


class Shaker:
    """Moves, scales and turns N pictures a little, each by its own random numbers."""

    def __init__(self, seeds: Sequence[int]) -> None:
        """One generator a picture, so that its company changes nothing."""
        self._generators = [torch.Generator().manual_seed(seed + 1) for seed in seeds]

    def shaken(self, pictures: Tensor) -> Tensor:
        """(N, 3, size, size), values 0 to 1, as (N, 3, size + 2 · MARGIN, …); grey around them."""
        numbers = torch.stack([torch.rand(4, generator=one) for one in self._generators])
        across, down, scale, turn = (2 * numbers - 1).unbind(1)
        size = pictures.shape[-1]
        wide = size + 2 * MARGIN
        zoom = wide / size / (1 + _SCALE * scale)  # of the grid: larger steps, a smaller picture
        cos, sin = zoom * torch.cos(_TURN * turn), zoom * torch.sin(_TURN * turn)
        shift = 2 * _SHIFT / size
        rows = (cos, -sin, shift * across, sin, cos, shift * down)
        grid = F.affine_grid(
            torch.stack(rows, dim=1).view(-1, 2, 3),
            [len(pictures), 3, wide, wide],
            align_corners=False,
        )
        return F.grid_sample(pictures - 0.5, grid, align_corners=False) + 0.5


def framed(pictures: Tensor) -> Tensor:
    """The pictures as they are, grey around them: (N, 3, size + 2 · MARGIN, …)."""
    return F.pad(pictures, [MARGIN] * 4, value=0.5)
