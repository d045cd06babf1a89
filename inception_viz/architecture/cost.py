"""What a network costs, from its config alone: parameters, multiply-accumulates, memory, shapes.

A MAC is one multiplication with its addition; FLOPs, where somebody counts them, are 2 × MACs. Only
convolutions and linear layers are counted: pools, norms, ReLU and softmax are below one percent.
Figures are for one picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inception_viz.architecture.config import BRANCHES, GoogLeNetConfig
from inception_viz.architecture.places import Place
from inception_viz.architecture.plan import Layer, plan
from inception_viz.architecture.receptive_field import receptive_fields

if TYPE_CHECKING:
    import pandas as pd


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

    fields = receptive_fields(config)
    rows = []
    for layer in layers(config, input_size):
        field = fields.get(layer.name)
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
    return Totals(
        sum(layer.parameters for layer in chosen),
        sum(layer.weights for layer in chosen),
        sum(layer.macs for layer in chosen),
        sum(layer.bytes for layer in chosen),
    )


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
    fields = receptive_fields(config)
    whole = totals(found)
    rows = []
    for module in config.modules:
        of_module = totals(found, module)
        for branch in BRANCHES:
            if not any(layer.place == module and layer.branch == branch for layer in found):
                continue
            cost = totals(found, module, branch)
            rows.append(
                {
                    "module": module,
                    "branch": branch,
                    "parameters": cost.parameters,
                    "macs": cost.macs,
                    "bytes": cost.bytes,
                    "share_of_module": cost.macs / of_module.macs if of_module.macs else 0.0,
                    "share_of_network": cost.macs / whole.macs,
                    "field_size": fields[str(Place(module, branch))].size,
                }
            )
    return pd.DataFrame(rows)
