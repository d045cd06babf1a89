"""What a 1×1 convolution in front of a larger one saves: the argument of the paper's section 4."""

from __future__ import annotations

from dataclasses import dataclass

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.plan import Layer, plan


@dataclass(frozen=True)
class Reduction:
    """One k×k branch, with and without a reduce layer, in multiply-accumulates.

    Attributes:
        size: side of the map.
        in_channels, filters, kernel: of the k×k convolution, if nothing is reduced.
        reduce: filters of the 1×1 convolution in front; 0 for none.
    """

    size: int
    in_channels: int
    reduce: int
    filters: int
    kernel: int

    @property
    def naive(self) -> int:
        """size² · in · filters · k²."""
        return self.size**2 * self.in_channels * self.filters * self.kernel**2

    @property
    def reduce_cost(self) -> int:
        """The 1×1 convolution: size² · in · reduce."""
        return self.size**2 * self.in_channels * self.reduce

    @property
    def convolution_cost(self) -> int:
        """The k×k convolution behind it: size² · reduce · filters · k²."""
        return self.size**2 * (self.reduce or self.in_channels) * self.filters * self.kernel**2

    @property
    def reduced(self) -> int:
        """Both together."""
        return self.reduce_cost + self.convolution_cost

    @property
    def saved(self) -> float:
        """Part of the naive cost that is saved; negative if reducing costs more."""
        return 1 - self.reduced / self.naive if self.naive else 0.0

    @property
    def break_even(self) -> float:
        """The number of reduce filters at which nothing is saved any more.

        in · r + r · filters · k² = in · filters · k², solved for r. It doesn't depend on the map.
        """
        work = self.filters * self.kernel**2
        return self.in_channels * work / (self.in_channels + work)


PAPER_EXAMPLE = Reduction(size=28, in_channels=192, reduce=16, filters=32, kernel=5)


def reductions(config: GoogLeNetConfig) -> dict[tuple[str, str], Reduction]:
    """(module, "3x3" or "5x5") → its reduction, for every such branch that exists.

    Two 3×3 convolutions in a row are counted as the 5×5 that they replace.
    """
    branches: dict[tuple[str, str], list[Layer]] = {}
    for layer in plan(config):
        if layer.branch in ("3x3", "5x5"):
            branches.setdefault((layer.place, layer.branch), []).append(layer)
    return {
        branch: Reduction(
            size=own[-1].size,
            in_channels=own[0].inputs,
            reduce=own[0].outputs if own[0].role == "reduce" else 0,
            filters=own[-1].outputs,
            kernel=1 + sum(layer.kernel - 1 for layer in own),
        )
        for branch, own in branches.items()
    }


def channel_growth(config: GoogLeNetConfig) -> dict[str, int]:
    """Module → channels that it puts out; naive modules pile up what their pool passes on."""
    return {layer.name: layer.outputs for layer in plan(config) if layer.kind == "concatenation"}
