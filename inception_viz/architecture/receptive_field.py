"""Which pixels of the input a unit of any layer can see, from a config alone.

Arithmetic as in Araujo, Norris, Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019: going through a layer with kernel k, stride s and padding p, the size grows by
(k − 1) · stride so far, and the stride is multiplied by s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import plan


@dataclass(frozen=True)
class ReceptiveField:
    """The square of input pixels that can reach one unit.

    ``size`` is its side and ``stride`` the distance between neighbouring units' squares, in input
    pixels; ``start`` is the centre of the first unit's square, 0 being the input's outer edge.
    """

    size: int = 1
    stride: int = 1
    start: float = 0.5

    def through(self, kernel: int, stride: int = 1, padding: int = 0) -> ReceptiveField:
        """The field behind one more convolution or pool."""
        return ReceptiveField(
            size=self.size + (kernel - 1) * self.stride,
            stride=self.stride * stride,
            start=self.start + ((kernel - 1) / 2 - padding) * self.stride,
        )

    def box(self, row: int, column: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of one unit's square in input pixels; it may leave the input."""
        x, y = (self.start + self.stride * index for index in (column, row))
        half = self.size / 2
        return x - half, y - half, x + half, y + half


@lru_cache(maxsize=64)
def receptive_fields(config: GoogLeNetConfig) -> Mapping[str, ReceptiveField]:
    """Layer → field, up to the heads; names as in :class:`~inception_viz.architecture.plan.Layer`.

    A module's own field is that of its widest branch.
    """
    fields: dict[str, ReceptiveField] = {}
    for layer in plan(config):
        if layer.place == "main":  # behind an average over the map a unit has no place
            break
        read = [fields[name] for name in layer.reads] or [ReceptiveField()]
        widest = max(read, key=lambda field: field.size)
        fields[layer.name] = widest.through(layer.kernel, layer.stride, layer.padding)
    return MappingProxyType(fields)
