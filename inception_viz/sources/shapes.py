"""The architecture that a dictionary of tensors belongs to, from our names and its shapes alone."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from inception_viz.architecture.config import (
    STAGES,
    AuxHeadConfig,
    GoogLeNetConfig,
    Kernel5x5,
    ModuleRow,
    StemConfig,
)
from inception_viz.architecture.plan import plan
from inception_viz.errors import ConfigError, WeightsError

_KERNELS: dict[int, Kernel5x5] = {5: "5", 3: "3"}


def config_of(state: Mapping[str, Tensor], base: GoogLeNetConfig) -> GoogLeNetConfig:
    """The config whose parameters have the names and shapes of ``state``.

    Widths, modules, heads, kernels, batch norm and classes are read, and the input size where a
    head's hidden layer tells it; the rest (LRN, pools, dropout) is taken from ``base``.

    Raises:
        ConfigError: if that describes no network that can be built.
        WeightsError: if there are no modules, or no classifier.
    """

    def count(name: str) -> int:
        return len(state[name]) if name in state and state[name].dim() else 0

    stem = StemConfig(
        *(count(f"trunk.{n}.conv.weight") for n in ("conv1", "conv2_reduce", "conv2"))
    )
    rows = dict(_rows(state, count, stem.conv2))
    if not rows or "classifier.weight" not in state:
        raise WeightsError("No GoogLeNet: its modules or its classifier are missing.")
    stages = {f"stage{s}": tuple(r for n, r in rows.items() if n[0] == str(s)) for s in STAGES}
    aux1 = _head("aux1", state, base.aux1, rows, stem.conv2)
    behind = [name for name in rows if aux1 is None or name > aux1.after]
    aux2 = _head("aux2", state, base.aux2, rows, stem.conv2, behind)
    norm = base.norm
    if "trunk.conv1.norm.weight" in state:
        norm = "batch"
    elif norm == "batch":
        norm = "none"
    changes: dict[str, Any] = {
        "stem": stem,
        **stages,
        "aux1": aux1,
        "aux2": aux2,
        "norm": norm,
        "kernel_5x5": _kernel(state, base.kernel_5x5),
        "classes": count("classifier.weight"),
    }
    return _sized(replace(base, **changes), state)


def _sized(config: GoogLeNetConfig, state: Mapping[str, Tensor]) -> GoogLeNetConfig:
    """With the input size for which the heads' hidden layers fit, the nearest to the config's."""
    wanted = {
        head: value.shape[1]
        for head in config.heads
        if (value := state.get(f"aux.{head}.fc.weight")) is not None and value.dim() == 2
    }
    if not wanted:
        return config
    sizes = sorted(range(32, 1025, 16), key=lambda size: abs(size - config.input_size))
    for size in (config.input_size, *sizes):
        try:
            fitting = replace(config, input_size=size)
        except ConfigError:  # too small for its heads
            continue
        layers = {layer.name: layer for layer in plan(fitting)}
        if all(layers[f"{head}/fc"].inputs == inputs for head, inputs in wanted.items()):
            return fitting
    return config


def _rows(
    state: Mapping[str, Tensor], count: Callable[[str], int], channels: int
) -> Iterator[tuple[str, ModuleRow]]:
    found = {m[1] for name in state if (m := re.match(r"trunk\.(\d[a-z])\.branches\.", name))}
    for module in (f"{stage}{letter}" for stage in STAGES for letter in string.ascii_lowercase):
        if module not in found:
            continue
        path = f"trunk.{module}.branches"
        row = ModuleRow(
            count(f"{path}.1x1.conv.conv.weight"),
            count(f"{path}.3x3.reduce.conv.weight"),
            count(f"{path}.3x3.conv.conv.weight"),
            count(f"{path}.5x5.reduce.conv.weight"),
            count(f"{path}.5x5.conv.conv.weight"),
            count(f"{path}.pool.project.conv.weight") or None,
        )
        widths = row.f_1x1 + row.f_3x3 + row.f_5x5
        if row.f_pp is None and _reads(state, _next(module, found)) == widths + channels:
            row = replace(row, f_pp=0)  # the pool hands its input on, as in figure 2a
        channels = widths + (channels if row.f_pp == 0 else row.f_pp or 0)
        yield module, row


def _next(module: str, found: set[str]) -> str:
    later = sorted(name for name in found if name > module)
    return later[0] if later else ""


def _reads(state: Mapping[str, Tensor], module: str) -> int:
    """Input channels of a module, or with "" of the classifier."""
    start = f"trunk.{module}.branches." if module else "classifier."
    for name, value in state.items():
        first = not module or name.endswith(
            ("1x1.conv.conv.weight", "reduce.conv.weight", "project.conv.weight")
        )
        if name.startswith(start) and name.endswith("weight") and first and value.dim() > 1:
            return value.shape[1]
    return -1


def _kernel(state: Mapping[str, Tensor], otherwise: Kernel5x5) -> Kernel5x5:
    for name, value in state.items():
        if name.endswith(".branches.5x5.conv_b.conv.weight"):
            return "3+3"
        if name.endswith(".branches.5x5.conv.conv.weight") and value.dim() == 4:
            twin = name.replace(".conv.conv.", ".conv_b.conv.")
            return "3+3" if twin in state else _KERNELS.get(value.shape[-1], otherwise)
    return otherwise


def _head(
    head: str,
    state: Mapping[str, Tensor],
    base: AuxHeadConfig | None,
    rows: Mapping[str, ModuleRow],
    channels: int,
    allowed: Collection[str] | None = None,
) -> AuxHeadConfig | None:
    """Where a head sits follows from how many channels it reads; ``base`` decides among equals."""
    kernel = state.get(f"aux.{head}.conv.conv.weight")
    if kernel is None or kernel.dim() != 4:
        return None
    base = base or AuxHeadConfig("4a" if head == "aux1" else "4d")
    fits = []
    for name, row in rows.items():
        widths = row.f_1x1 + row.f_3x3 + row.f_5x5
        channels = widths + (channels if row.f_pp == 0 else row.f_pp or 0)
        if channels == kernel.shape[1] and (allowed is None or name in allowed):
            fits.append(name)
    after = base.after if base.after in fits or not fits else fits[0]
    hidden = state.get(f"aux.{head}.fc.weight")
    return replace(base, after=after, conv=len(kernel), fc=0 if hidden is None else len(hidden))
