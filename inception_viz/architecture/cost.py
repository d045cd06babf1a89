"""What a network costs, from its config alone: parameters, multiply-accumulates, memory, shapes.

A MAC is one multiplication with its addition; FLOPs, where somebody counts them, are 2 × MACs. Only
convolutions and linear layers are counted: pools, norms, ReLU and softmax are below one percent.
Figures are for one picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal

import pandas as pd

from inception_viz.architecture.config import (
    BRANCHES,
    AuxHeadConfig,
    GoogLeNetConfig,
    ModuleRow,
    pooled,
)
from inception_viz.architecture.receptive_field import ReceptiveField, receptive_fields

Kind = Literal["convolution", "max pool", "average pool", "norm", "linear"]
FLOAT_BYTES = 4


@dataclass(frozen=True)
class LayerCost:
    """One layer.

    Attributes:
        name: "conv1", "3a/3x3", "3a/3x3/reduce", "3a/5x5/second" (of two 3×3 convolutions),
            "3a/pool/max", "aux1/fc", "classifier", …
        place: what it belongs to: "stem", a module, "aux1", "aux2", "main"; "" for the pools
            between stages.
        branch: of a module, else "".
        kind: what it does.
        kernel, stride: 0 for linear layers.
        in_channels, out_channels: features for linear layers.
        size: side of its square output map.
        weights, biases, norm: parameters; ``norm`` those of a batch norm behind it.
        macs: multiply-accumulates.
        field: what one of its units sees of the input; None behind a global average.
    """

    name: str
    place: str
    branch: str
    kind: Kind
    kernel: int
    stride: int
    in_channels: int
    out_channels: int
    size: int
    weights: int = 0
    biases: int = 0
    norm: int = 0
    macs: int = 0
    field: ReceptiveField | None = None

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.weights + self.biases + self.norm

    @property
    def activations(self) -> int:
        """Values it puts out."""
        return self.out_channels * self.size**2

    @property
    def bytes(self) -> int:
        """Memory of what it puts out, as 32-bit floats."""
        return FLOAT_BYTES * self.activations


@dataclass(frozen=True)
class Totals:
    """Sums over layers, as in :class:`LayerCost`."""

    parameters: int
    weights: int
    macs: int
    bytes: int


def layers(config: GoogLeNetConfig, input_size: int | None = None) -> list[LayerCost]:
    """Every layer in order: stem, modules, main head, auxiliary heads.

    Raises:
        ConfigError: if the network can't work on pictures of ``input_size`` pixels.
    """
    if input_size is not None:
        config = replace(config, input_size=input_size)
    return [*_stem(config), *_modules(config), *_main(config), *_heads(config)]


def table(config: GoogLeNetConfig, input_size: int | None = None) -> pd.DataFrame:
    """One row a layer.

    Raises:
        ConfigError: as :func:`layers`.
    """
    rows = []
    for layer in layers(config, input_size):
        field = layer.field
        rows.append(
            {
                "layer": layer.name,
                "place": layer.place,
                "branch": layer.branch,
                "kind": layer.kind,
                "kernel": layer.kernel,
                "stride": layer.stride,
                "in_channels": layer.in_channels,
                "out_channels": layer.out_channels,
                "output": f"{layer.out_channels}×{layer.size}×{layer.size}",
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


def totals(found: list[LayerCost], place: str | None = None, branch: str | None = None) -> Totals:
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


def at_inference(found: list[LayerCost]) -> list[LayerCost]:
    """Without the auxiliary heads, which serve in training alone."""
    return [layer for layer in found if not layer.place.startswith("aux")]


def branch_table(config: GoogLeNetConfig, input_size: int | None = None) -> pd.DataFrame:
    """One row a branch: its cost and its share of the network's, without the auxiliary heads.

    Raises:
        ConfigError: as :func:`layers`.
    """
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
                    "field_size": fields[f"{module}/{branch}"].size,
                }
            )
    return pd.DataFrame(rows)


# Layer by layer ---------------------------------------------------------------------------------


def _convolution(
    config: GoogLeNetConfig,
    name: str,
    place: str,
    inputs: int,
    outputs: int,
    kernel: int,
    size: int,
    *,
    branch: str = "",
    stride: int = 1,
    field: ReceptiveField | None = None,
) -> LayerCost:
    batch_norm = config.norm == "batch"
    weights = inputs * outputs * kernel**2
    return LayerCost(
        name,
        place,
        branch,
        "convolution",
        kernel,
        stride,
        inputs,
        outputs,
        size,
        weights,
        0 if batch_norm else outputs,
        2 * outputs if batch_norm else 0,
        weights * size**2,
        field,
    )


def _linear(name: str, place: str, inputs: int, outputs: int) -> LayerCost:
    weights = inputs * outputs
    return LayerCost(
        name, place, "", "linear", 0, 0, inputs, outputs, 1, weights, outputs, 0, weights
    )


def _stem(config: GoogLeNetConfig) -> Iterator[LayerCost]:
    fields = receptive_fields(config)
    stem = config.stem
    half = ceil(config.input_size / 2)
    quarter = pooled(half, 3)

    def convolution(name: str, *numbers: int, stride: int = 1) -> LayerCost:
        return _convolution(config, name, "stem", *numbers, stride=stride, field=fields[name])

    def plain(name: str, kind: Kind, kernel: int, stride: int, width: int, size: int) -> LayerCost:
        return LayerCost(
            name, "stem", "", kind, kernel, stride, width, width, size, field=fields[name]
        )

    yield convolution("conv1", 3, stem.conv1, 7, half, stride=2)
    yield plain("pool1", "max pool", 3, 2, stem.conv1, quarter)
    if config.norm == "lrn":
        yield plain("norm1", "norm", 1, 1, stem.conv1, quarter)
    yield convolution("conv2_reduce", stem.conv1, stem.conv2_reduce, 1, quarter)
    yield convolution("conv2", stem.conv2_reduce, stem.conv2, 3, quarter)
    if config.norm == "lrn":
        yield plain("norm2", "norm", 1, 1, stem.conv2, quarter)
    yield plain("pool2", "max pool", 3, 2, stem.conv2, pooled(quarter, 3))


def _modules(config: GoogLeNetConfig) -> Iterator[LayerCost]:
    fields = receptive_fields(config)
    stage = "3"
    for name, row in config.modules.items():
        inputs, size = config.channels[name][0], config.map_size(name)
        if name[0] != stage:
            kernel = 3 if stage == "3" else config.pool4
            pool = f"pool{stage}"
            yield LayerCost(
                pool, "", "", "max pool", kernel, 2, inputs, inputs, size, field=fields[pool]
            )
            stage = name[0]
        yield from _module(config, name, row, inputs, size, fields)


def _module(
    config: GoogLeNetConfig,
    name: str,
    row: ModuleRow,
    inputs: int,
    size: int,
    fields: dict[str, ReceptiveField],
) -> Iterator[LayerCost]:
    def convolution(branch: str, suffix: str, ins: int, outs: int, kernel: int) -> LayerCost:
        layer = f"{name}/{branch}{suffix}"
        field = fields.get(layer) or fields[f"{name}/{branch}"]
        return _convolution(
            config, layer, name, ins, outs, kernel, size, branch=branch, field=field
        )

    if row.f_1x1:
        yield convolution("1x1", "", inputs, row.f_1x1, 1)
    kernels = tuple(int(k) for k in config.kernel_5x5.split("+"))
    for branch, reduce, filters, steps in (
        ("3x3", row.f_3x3_r, row.f_3x3, (3,)),
        ("5x5", row.f_5x5_r, row.f_5x5, kernels),
    ):
        if not filters:
            continue
        if reduce:
            yield convolution(branch, "/reduce", inputs, reduce, 1)
        current = reduce or inputs
        for place, kernel in enumerate(steps, start=1):
            first_of_two = place < len(steps)
            yield convolution(branch, "/first" if first_of_two else "", current, filters, kernel)
            current = filters
    if row.f_pp is not None:
        field = fields[f"{name}/pool"]
        yield LayerCost(
            f"{name}/pool/max", name, "pool", "max pool", 3, 1, inputs, inputs, size, field=field
        )
        if row.f_pp:
            yield convolution("pool", "", inputs, row.f_pp, 1)


def _main(config: GoogLeNetConfig) -> Iterator[LayerCost]:
    width = config.out_channels
    size = config.map_size(list(config.modules)[-1])
    yield LayerCost("average", "main", "", "average pool", size, 1, width, width, 1)
    yield _linear("classifier", "main", width, config.classes)


def _heads(config: GoogLeNetConfig) -> Iterator[LayerCost]:
    for name, head in config.heads.items():
        yield from _head(config, name, head)


def _head(config: GoogLeNetConfig, name: str, head: AuxHeadConfig) -> Iterator[LayerCost]:
    inputs = config.channels[head.after][1]
    size = head.pooled_size(config.map_size(head.after))
    yield LayerCost(f"{name}/average", name, "", "average pool", 5, 3, inputs, inputs, size)
    yield _convolution(config, f"{name}/conv", name, inputs, head.conv, 1, size)
    yield _linear(f"{name}/fc", name, head.conv * size**2, head.fc)
    yield _linear(f"{name}/classifier", name, head.fc, config.classes)
