"""What a network costs, from its config alone, and what a 1×1 convolution saves (section 4).

A MAC is one multiplication with its addition; FLOPs, where somebody counts them, are 2 × MACs. Only
convolutions and linear layers are counted: pools, norms, ReLU and softmax are below one percent.
Figures are for one picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.places import Place
from inception_viz.architecture.plan import FLOAT_BYTES, Layer, plan
from inception_viz.architecture.receptive_field import receptive_fields
from inception_viz.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


LIMIT = 2 * 2**30  # bytes; a classroom's server has to hold several
_COPIES = 3  # of the weights: as trained, prepared for speed, and packed
_VARIANTS = 256 * 2**20  # of activations under way while something is explained


@dataclass(frozen=True)
class Totals:
    """Sums over layers, as in :class:`~inception_viz.architecture.plan.Layer`."""

    parameters: int
    weights: int
    macs: int
    bytes: int


def layers(config: GoogLeNetConfig, input_size: int | None = None) -> list[Layer]:
    """Every layer that computes something, in order: stem, modules, main head, auxiliary heads.

    Raises:
        ConfigError: if the network can't work on pictures of ``input_size`` pixels.
    """
    if input_size is not None:
        config = replace(config, input_size=input_size)
    return [layer for layer in plan(config) if layer.kind not in ("concatenation", "dropout")]


def table(config: GoogLeNetConfig, input_size: int | None = None) -> pd.DataFrame:
    """One row a layer; ``field_…``: what a unit sees of the input, nothing for those of the heads.

    Raises:
        ConfigError: as :func:`layers`.
    """
    import pandas as pd

    seen = receptive_fields(config)
    rows = []
    for layer in layers(config, input_size):
        field = seen.get(layer.name)
        rows.append(
            {
                "layer": layer.name,
                "place": layer.place,
                "branch": layer.branch,
                "kind": layer.kind,
                "kernel": layer.kernel,
                "stride": layer.stride,
                "in_channels": layer.inputs,
                "out_channels": layer.outputs,
                "output": f"{layer.outputs}×{layer.size}×{layer.size}",
                "weights": layer.weights,
                "biases": layer.biases,
                "norm": layer.norm,
                "parameters": layer.parameters,
                "macs": layer.macs,
                "bytes": layer.bytes,
                "field_size": field.size if field else None,
                "field_stride": field.stride if field else None,
                "field_start": field.start if field else None,
            }
        )
    frame = pd.DataFrame(rows)
    columns = ["field_size", "field_stride"]
    frame[columns] = frame[columns].astype("Int64")
    return frame


def totals(found: Iterable[Layer], place: str | None = None, branch: str | None = None) -> Totals:
    """Sums over all layers, or over those of a place or branch."""
    chosen = [
        layer for layer in found if place in (None, layer.place) and branch in (None, layer.branch)
    ]
    sums = (sum(getattr(layer, f.name) for layer in chosen) for f in fields(Totals))
    return Totals(*sums)


def at_inference(found: Iterable[Layer]) -> list[Layer]:
    """Without the auxiliary heads, which serve in training alone."""
    return [layer for layer in found if not layer.place.startswith("aux")]


def branch_table(config: GoogLeNetConfig, input_size: int | None = None) -> pd.DataFrame:
    """One row a branch: its cost and its share of the network's, without the auxiliary heads.

    Raises:
        ConfigError: as :func:`layers`.
    """
    import pandas as pd

    found = at_inference(layers(config, input_size))
    seen = receptive_fields(config)
    whole = totals(found)
    rows = []
    for module, branch in dict.fromkeys((la.place, la.branch) for la in found if la.branch):
        of_module, cost = totals(found, module), totals(found, module, branch)
        rows.append(
            {
                "module": module,
                "branch": branch,
                "parameters": cost.parameters,
                "macs": cost.macs,
                "bytes": cost.bytes,
                "share_of_module": cost.macs / of_module.macs if of_module.macs else 0.0,
                "share_of_network": cost.macs / whole.macs,
                "field_size": seen[str(Place(module, branch))].size,
            }
        )
    return pd.DataFrame(rows)


def memory(config: GoogLeNetConfig) -> int:
    """Bytes that a classifier of this network takes while it is looked at, roughly."""
    every = layers(config)
    found = totals(every)
    largest = max(layer.bytes for layer in every)
    return _COPIES * FLOAT_BYTES * found.parameters + found.bytes + max(_VARIANTS, 4 * largest)


def check_budget(config: GoogLeNetConfig, limit: int = LIMIT) -> None:
    """Refuse what wouldn't fit.

    Raises:
        ConfigError: with the estimate, and what takes most.
    """
    needed = memory(config)
    if needed <= limit:
        return
    found = layers(config)
    largest = max(found, key=lambda layer: _COPIES * layer.parameters + layer.activations)
    raise ConfigError(
        f"This network would take about {needed / 2**30:.1f} GB of memory "
        f"({totals(found).parameters / 1e6:,.0f} million parameters); the limit is "
        f"{limit / 2**30:.1f} GB. The largest layer is {largest.name}: lower its filters, or those "
        "in front of it."
    )


# What a reduce layer saves ------------------------------------------------------------------------


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
