"""The table unrolled: every layer of a network, with its shape and parameters, from a config alone.

Whatever builds, counts, draws or checks a network reads this. Nothing else expands the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # a config checks itself with its plan, so it can't be imported here
    from inception_viz.architecture.config import AuxHeadConfig, Branch, GoogLeNetConfig, ModuleRow

Kind = Literal[
    "convolution",
    "norm",
    "max pool",
    "average pool",
    "adaptive pool",
    "concatenation",
    "dropout",
    "linear",
]
FLOAT_BYTES = 4
_KEPT = 64  # plans; one takes 40 kB


@dataclass(frozen=True)
class Layer:
    """One layer; a convolution's batch norm, if any, and its ReLU belong to it.

    Attributes:
        name: "conv1", "aux1/fc", "classifier", …; "3a" are the branches concatenated, "3a/5x5" is
            what a branch puts out; in front of that stand "3a/5x5/reduce", "3a/5x5/first" (of two
            3×3 convolutions) and "3a/pool/max" (in front of a projection).
        place: what it belongs to: "stem", a module, "main", "aux1", "aux2"; "" for the pools
            between stages.
        kind: what it does.
        reads: the layers whose output it reads, by name; none reads the picture.
        inputs, outputs: channels; features for linear layers.
        in_size, size: side of the square maps that it reads and puts out; 1 for linear layers.
        branch: of a module, else "".
        role: its name within the branch, as in the built network: "reduce", "conv", "conv_b",
            "pool", "project"; else "".
        kernel, stride: of its window; 0 where there is none: linear layers, adaptive pools.
        padding: zeros on the left and the top.
        trailing: what is added on the right and the bottom; a pool adds nothing that can win.
        same: whether padding follows from the map's size, as in TensorFlow.
        batch_norm: whether one follows, in place of biases.
        rate: of dropout.
    """

    name: str
    place: str
    kind: Kind
    reads: tuple[str, ...]
    inputs: int
    outputs: int
    in_size: int
    size: int
    branch: Branch | Literal[""] = ""
    role: str = ""
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    trailing: int = 0
    same: bool = False
    batch_norm: bool = False
    rate: float = 0.0

    @property
    def step(self) -> str:
        """The step of the trunk that it is part of; or "main", "aux1", "aux2"."""
        return self.name if self.place in ("stem", "") else self.place

    @property
    def weights(self) -> int:
        """Without biases."""
        if self.kind == "convolution":
            return self.inputs * self.outputs * self.kernel**2
        return self.inputs * self.outputs if self.kind == "linear" else 0

    @property
    def biases(self) -> int:
        """One an output, unless a batch norm follows."""
        return self.outputs if self.weights and not self.batch_norm else 0

    @property
    def norm(self) -> int:
        """Parameters of the batch norm."""
        return 2 * self.outputs if self.batch_norm else 0

    @property
    def parameters(self) -> int:
        """All of them."""
        return self.weights + self.biases + self.norm

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one picture."""
        return self.weights * self.size**2

    @property
    def activations(self) -> int:
        """Values it puts out for one picture."""
        return self.outputs * self.size**2

    @property
    def bytes(self) -> int:
        """Memory of what it puts out, as 32-bit floats."""
        return FLOAT_BYTES * self.activations


@lru_cache(maxsize=_KEPT)
def plan(config: GoogLeNetConfig) -> tuple[Layer, ...]:
    """Every layer in order: stem, modules and pools between their stages, main head, aux1, aux2."""
    layers = [*_stem(config)]
    for stage, modules in groupby(config.modules.items(), key=lambda item: item[0][0]):
        if stage != "3":
            kernel = config.pool4 if stage == "5" else 3
            layers.append(_halving_pool(config, layers[-1], f"pool{int(stage) - 1}", "", kernel))
        for name, row in modules:
            layers += _module(layers[-1], name, row, config)
    ends = {layer.name: layer for layer in layers}
    layers += _main(layers[-1], config)
    for name, head in config.heads.items():
        layers += _head(ends[head.after], name, head, config)
    return tuple(layers)


@lru_cache(maxsize=_KEPT)
def steps(config: GoogLeNetConfig) -> Mapping[str, tuple[Layer, ...]]:
    """Step of the trunk → its layers, in order; then the same for "main", "aux1" and "aux2".

    A module's first layer has its input channels, its last one, the concatenation, its output.
    """
    found = {step: tuple(own) for step, own in groupby(plan(config), key=lambda la: la.step)}
    return MappingProxyType(found)


def branch_widths(layers: Iterable[Layer]) -> dict[Branch, int]:
    """Output channels of every branch among a module's ``layers``."""
    return {layer.branch: layer.outputs for layer in layers if layer.branch}  # the last counts


# From the picture to the answers -----------------------------------------------------------------


def _behind(before: Layer, name: str, kind: Kind, **other: Any) -> Layer:
    """A layer that reads ``before``; it puts out as much, in the same place, but for ``other``."""
    same: dict[str, Any] = {
        "place": before.place,
        "reads": (before.name,),
        "inputs": before.outputs,
        "outputs": before.outputs,
        "in_size": before.size,
        "size": before.size,
    }
    return Layer(name=name, kind=kind, **same | other)


def _convolution(
    config: GoogLeNetConfig,
    before: Layer,
    name: str,
    outputs: int,
    kernel: int,
    stride: int = 1,
    **other: Any,
) -> Layer:
    """Padded so that stride 1 keeps the map's size."""
    shape = {"kernel": kernel, "stride": stride, "outputs": outputs}
    size, batch_norm = (before.size - 1) // stride + 1, config.norm == "batch"
    padding = trailing = kernel // 2
    if config.padding == "same":
        padding, trailing = same_padding(before.size, kernel, stride)
    shape |= {"size": size, "padding": padding, "trailing": trailing}
    other["same"] = config.padding == "same"
    return _behind(before, name, "convolution", batch_norm=batch_norm, **shape, **other)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's "SAME": so much before and behind that ceil(size / stride) windows fit."""
    missing = max((ceil(size / stride) - 1) * stride + kernel - size, 0)
    return missing // 2, missing - missing // 2


def _halving_pool(
    config: GoogLeNetConfig, before: Layer, name: str, place: str, kernel: int
) -> Layer:
    """A max pool with stride 2; with even padding, it rounds up, as in Caffe."""
    size, padding, trailing = ceil((before.size - kernel) / 2) + 1, 0, 0
    if config.padding == "same":
        size = ceil(before.size / 2)
        padding, trailing = same_padding(before.size, kernel, 2)
    elif (size - 1) * 2 >= before.size:  # a window must start inside the map
        size -= 1
    same = config.padding == "same"
    window = {"kernel": kernel, "stride": 2, "padding": padding, "trailing": trailing}
    return _behind(before, name, "max pool", place=place, size=size, same=same, **window)


def _stem(config: GoogLeNetConfig) -> Iterator[Layer]:
    stem, lrn, side = config.stem, config.norm == "lrn", config.input_size
    picture = Layer("", "stem", "concatenation", (), 3, 3, side, side)
    yield (end := _convolution(config, picture, "conv1", stem.conv1, 7, 2, reads=()))
    yield (end := _halving_pool(config, end, "pool1", "stem", 3))
    if lrn:
        yield (end := _behind(end, "norm1", "norm"))
    yield (end := _convolution(config, end, "conv2_reduce", stem.conv2_reduce, 1))
    yield (end := _convolution(config, end, "conv2", stem.conv2, 3))
    if lrn:
        yield (end := _behind(end, "norm2", "norm"))
    yield _halving_pool(config, end, "pool2", "stem", 3)


def _module(before: Layer, name: str, row: ModuleRow, config: GoogLeNetConfig) -> list[Layer]:
    layers: list[Layer] = []
    for branch, reduce, filters, kernels in (
        ("1x1", 0, row.f_1x1, "1"),
        ("3x3", row.f_3x3_r, row.f_3x3, "3"),
        ("5x5", row.f_5x5_r, row.f_5x5, config.kernel_5x5),
    ):
        convolution = partial(_convolution, config, place=name, branch=branch)
        path, end, sizes = f"{name}/{branch}", before, [int(size) for size in kernels.split("+")]
        if reduce:
            layers.append(end := convolution(end, f"{path}/reduce", reduce, 1, role="reduce"))
        if filters and len(sizes) == 2:
            layers.append(end := convolution(end, f"{path}/first", filters, sizes[0], role="conv"))
        if filters:
            role = "conv_b" if len(sizes) == 2 else "conv"
            layers.append(convolution(end, path, filters, sizes[-1], role=role))
    if row.f_pp is not None:
        at: dict[str, Any] = {"place": name, "branch": "pool"}
        path = f"{name}/pool/max" if row.f_pp else f"{name}/pool"
        end = _behind(before, path, "max pool", kernel=3, padding=1, trailing=1, role="pool", **at)
        layers.append(end)
        if row.f_pp:
            path = f"{name}/pool"
            layers.append(_convolution(config, end, path, row.f_pp, 1, role="project", **at))
    ends = {layer.branch: layer for layer in layers}.values()  # the last of each branch
    channels, reads = sum(end.outputs for end in ends), tuple(end.name for end in ends)
    both = {"inputs": channels, "outputs": channels}
    joined = _behind(before, name, "concatenation", place=name, reads=reads, **both)
    return [*layers, joined]


def _linear(before: Layer, name: str, outputs: int) -> Layer:
    """Reads the flattened maps."""
    sides = {"in_size": 1, "size": 1, "kernel": 0, "stride": 0}
    features = before.outputs * before.size**2
    return _behind(before, name, "linear", inputs=features, outputs=outputs, **sides)


def _main(before: Layer, config: GoogLeNetConfig) -> Iterator[Layer]:
    kernel = before.size
    yield (end := _behind(before, "average", "average pool", place="main", kernel=kernel, size=1))
    yield (end := _behind(end, "dropout", "dropout", rate=config.dropout))
    yield _linear(end, "classifier", config.classes)


def _head(
    before: Layer, name: str, head: AuxHeadConfig, config: GoogLeNetConfig
) -> Iterator[Layer]:
    if head.pool == "4x4":
        kind: Kind = "adaptive pool"
        kernel, stride, size = 0, 0, 4
    else:
        kind = "average pool"
        kernel, stride, size = 5, 3, (before.size - 5) // 3 + 1
    window = {"kernel": kernel, "stride": stride, "size": size}
    yield (end := _behind(before, f"{name}/average", kind, place=name, **window))
    yield (end := _convolution(config, end, f"{name}/conv", head.conv, 1))
    yield (end := _linear(end, f"{name}/fc", head.fc))
    yield (end := _behind(end, f"{name}/dropout", "dropout", rate=head.dropout))
    yield _linear(end, f"{name}/classifier", config.classes)
