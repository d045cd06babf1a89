"""A config as short text for links.

A link holds what differs from the paper's network: ``norm=batch;4=192.96.208.16.48.64-160.112…``.
A row is the six columns of the paper's table with dots between them, ``x`` for a pool branch that
is left out; rows are joined by hyphens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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


def encode(config: GoogLeNetConfig) -> str:
    """The config in short; ``paper`` for the paper's own."""
    paper = GoogLeNetConfig.paper()
    parts = [
        f"{name}={write(getattr(config, field))}"
        for name, (field, write, _) in _PARTS.items()
        if getattr(config, field) != getattr(paper, field)
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
            field, _, read = _PARTS[name]
            values[field] = read(value)
        except (ValueError, TypeError, LookupError) as error:
            raise ConfigError(
                f'The part "{shown(part)}" of the network in the link makes no sense.'
            ) from error
    return GoogLeNetConfig(**values)


def _rows_text(rows: Iterable[ModuleRow]) -> str:
    return "-".join(_joined("x" if n is None else n for n in astuple(row)) for row in rows)


def _read_row(text: str) -> ModuleRow:
    *counts, pool = text.split(".")
    return ModuleRow(*map(_count, counts), f_pp=None if pool == "x" else _count(pool))  # type: ignore[misc]


def _read_stem(text: str) -> StemConfig:
    conv1, reduce, conv2 = map(_count, text.split("."))
    return StemConfig(conv1, reduce, conv2)


def _read_lrn(text: str) -> LrnConfig:
    size, *constants = text.split("_")
    return LrnConfig(_count(size), *map(_number, constants))


def _head_text(head: AuxHeadConfig | None) -> str:
    if head is None:
        return "x"
    pool = get_args(HeadPool).index(head.pool)
    return _joined((head.after, head.conv, head.fc, pool, head.dropout))


def _read_head(text: str) -> AuxHeadConfig | None:
    if text == "x":
        return None
    after, conv, fc, pool, dropout = text.split(".", 4)
    kind = get_args(HeadPool)[_count(pool)]
    return AuxHeadConfig(after, _count(conv), _count(fc), _number(dropout), kind)


def _joined(values: Iterable[object]) -> str:
    return ".".join(map(str, values))


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 7:
        raise ValueError(text)
    return int(text)


_Part = tuple[str, Callable[[Any], str], Callable[[str], Any]]
_PARTS: dict[str, _Part] = {  # name in a link → the config's field, how to write and read it
    **{
        str(stage): (f"stage{stage}", _rows_text, lambda text: (*map(_read_row, text.split("-")),))
        for stage in STAGES
    },
    "stem": ("stem", lambda stem: _joined(astuple(stem)), _read_stem),
    "lrn": ("lrn", lambda lrn: "_".join(map(str, astuple(lrn))), _read_lrn),
    "aux1": ("aux1", _head_text, _read_head),
    "aux2": ("aux2", _head_text, _read_head),
    "kernel_5x5": ("kernel_5x5", str, str),
    "norm": ("norm", str, str),
    "classes": ("classes", str, _count),
    "dropout": ("dropout", str, _number),
    "input_size": ("input_size", str, _count),
    "pool4": ("pool4", str, _count),
    "padding": ("padding", str, str),
}
