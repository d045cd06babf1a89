"""A config as short text for links.

A link holds what differs from the paper's network: ``norm=batch;4=192.96.208.16.48.64-160.112…``.
A row is the six columns of the paper's table with dots between them, ``x`` for a pool branch that
is left out; rows are joined by hyphens.
"""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import Any, get_args

from inception_viz.architecture.config import (
    STAGES,
    AuxHeadConfig,
    GoogLeNetConfig,
    HeadPool,
    ModuleRow,
    StemConfig,
)
from inception_viz.architecture.local_response import LrnConfig
from inception_viz.errors import ConfigError
from inception_viz.files.foreign import shown

MAX_TEXT = 4000
PAPER = "paper"
_PLAIN = ("kernel_5x5", "norm", "classes", "dropout", "input_size", "pool4", "padding")


def encode(config: GoogLeNetConfig) -> str:
    """The config in short; ``paper`` for the paper's own."""
    paper = GoogLeNetConfig.paper()
    parts = []
    for stage in STAGES:
        rows = getattr(config, f"stage{stage}")
        if rows != getattr(paper, f"stage{stage}"):
            parts.append(f"{stage}={'-'.join(map(_row_text, rows))}")
    if config.stem != paper.stem:
        parts.append("stem=" + ".".join(map(str, astuple(config.stem))))
    if config.lrn != paper.lrn:
        parts.append("lrn=" + "_".join(map(str, astuple(config.lrn))))
    for name in ("aux1", "aux2"):
        head = getattr(config, name)
        if head != getattr(paper, name):
            parts.append(f"{name}={'x' if head is None else _head_text(head)}")
    parts += [
        f"{name}={getattr(config, name)}"
        for name in _PLAIN
        if getattr(config, name) != getattr(paper, name)
    ]
    return ";".join(parts) or PAPER


def decode(text: str) -> GoogLeNetConfig:
    """Read what :func:`encode` wrote.

    Raises:
        ConfigError: naming the part that makes no sense, or what can't be built.
    """
    if len(text) > MAX_TEXT:
        raise ConfigError(f"The network in the link is longer than {MAX_TEXT:,} characters.")
    values: dict[str, Any] = {}
    for part in text.split(";") if text != PAPER else []:
        name, _, value = part.partition("=")
        try:
            if name in map(str, STAGES):
                values[f"stage{name}"] = tuple(map(_read_row, value.split("-")))
            elif name == "stem":
                conv1, reduce, conv2 = map(_count, value.split("."))
                values["stem"] = StemConfig(conv1, reduce, conv2)
            elif name == "lrn":
                size, *constants = value.split("_")
                values["lrn"] = LrnConfig(_count(size), *map(_number, constants))
            elif name in ("aux1", "aux2"):
                values[name] = None if value == "x" else _read_head(value)
            elif name in _PLAIN:
                values[name] = _read_plain(name, value)
            else:
                raise ValueError
        except (ValueError, TypeError, IndexError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(
                f'The part "{shown(part)}" of the network in the link makes no sense.'
            ) from error
    return GoogLeNetConfig(**values)


def _row_text(row: ModuleRow) -> str:
    return ".".join("x" if count is None else str(count) for count in astuple(row))


def _read_row(text: str) -> ModuleRow:
    f_1x1, f_3x3_r, f_3x3, f_5x5_r, f_5x5, pool = text.split(".")
    counts = map(_count, (f_1x1, f_3x3_r, f_3x3, f_5x5_r, f_5x5))
    return ModuleRow(*counts, f_pp=None if pool == "x" else _count(pool))  # type: ignore[misc]


def _head_text(head: AuxHeadConfig) -> str:
    return (
        f"{head.after}.{head.conv}.{head.fc}.{get_args(HeadPool).index(head.pool)}.{head.dropout}"
    )


def _read_head(text: str) -> AuxHeadConfig:
    after, conv, fc, pool, dropout = text.split(".", 4)
    return AuxHeadConfig(
        after, _count(conv), _count(fc), _number(dropout), get_args(HeadPool)[_count(pool)]
    )


def _read_plain(name: str, text: str) -> str | int | float:
    if name == "dropout":
        return _number(text)
    return text if name in ("kernel_5x5", "norm", "padding") else _count(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 7:
        raise ValueError(text)
    return int(text)
