"""A config as short text for links, and as a table for spreadsheets.

A link holds what differs from the paper's network: ``norm=batch;4=192.96.208.16.48.64-160.112…``.
A row is the six columns of the paper's table with dots between them, ``x`` for a pool branch that
is left out; rows are joined by hyphens.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any, get_args

from inception_viz.architecture.checks import MAX_FILTERS, check_row, whole
from inception_viz.architecture.config import (
    COLUMNS,
    STAGES,
    AuxHeadConfig,
    GoogLeNetConfig,
    HeadPool,
    ModuleRow,
    StemConfig,
)
from inception_viz.errors import ConfigError
from inception_viz.files.foreign import shown

MAX_TEXT = 4000
PAPER = "paper"
_PLAIN = ("kernel_5x5", "norm", "classes", "dropout", "input_size", "pool4")


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
        after, _count(conv), _count(fc), float(dropout), get_args(HeadPool)[_count(pool)]
    )


def _read_plain(name: str, text: str) -> str | int | float:
    if name == "dropout":
        return float(text)
    return text if name in ("kernel_5x5", "norm") else _count(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 7:
        raise ValueError(text)
    return int(text)


# Tables ------------------------------------------------------------------------------------------


def to_csv(config: GoogLeNetConfig) -> str:
    """The modules as CSV: name and the six columns; an empty cell for a missing pool branch."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["module", *COLUMNS.values()])
    for name, row in config.modules.items():
        writer.writerow([name, *("" if count is None else count for count in astuple(row))])
    return out.getvalue()


def read_rows(text: str) -> list[tuple[str, list[str]]]:
    """Read pasted cells, from CSV or a spreadsheet: (module name or "", six cells) a line.

    A line of titles is skipped; the module's name in front of the six counts may be left out.

    Raises:
        ConfigError: for a line with another number of cells.
    """
    if len(text) > 100_000:
        raise ConfigError("That is more text than a table of modules has.")
    found = []
    for number, line in enumerate(text.strip("\r\n").splitlines(), start=1):
        separator = next((s for s in "\t;," if s in line), None)
        cells = [cell.strip().strip('"') for cell in (line.split(separator))]
        if any("×" in cell or "f_" in cell or cell.lower() in ("module", "type") for cell in cells):
            continue
        name = ""
        if len(cells) == len(COLUMNS) + 1:
            name, *cells = cells
        if len(cells) != len(COLUMNS):
            raise ConfigError(
                f"Line {number} has {len(cells)} cells; a module has {len(COLUMNS)} counts, with "
                "or without its name in front."
            )
        found.append((name.removeprefix("inception").strip(" ()"), cells))
    return found


def rows_of(cells: Iterable[Sequence[str]], names: Iterable[str]) -> list[ModuleRow]:
    """Module rows from text cells.

    Raises:
        ConfigError: naming the module and the column of a cell that is no count.
    """
    return [
        ModuleRow(**{c: _read_cell(name, c, text) for c, text in zip(COLUMNS, texts, strict=True)})  # type: ignore[arg-type]
        for name, texts in zip(names, cells, strict=True)
    ]


def _read_cell(name: str, column: str, text: str) -> int | None:
    if column == "f_pp" and not text.strip():
        return None
    try:
        count = _count(text.strip() or "0")
    except ValueError as error:
        raise ConfigError(
            f"Module {shown(name, 20)}, column {column}: {text[:20]!r} is not a count; "
            f"use a whole number from 0 to {MAX_FILTERS}.",
            row=name,
            column=column,
        ) from error
    whole(name, column, count, 0, MAX_FILTERS)
    return count


def cell_errors(name: str, cells: Sequence[str]) -> dict[str, str]:
    """Column → what is wrong with its cell, for a module's six cells as typed."""
    errors: dict[str, str] = {}
    for column, text in zip(COLUMNS, cells, strict=True):
        try:
            _read_cell(name, column, text)
        except ConfigError as error:
            errors[column] = str(error)
    if errors:
        return errors
    try:
        check_row(name, *rows_of([cells], [name]))
    except ConfigError as error:  # of the whole row: shown at its first cell
        errors[error.column or next(iter(COLUMNS))] = str(error)
    return errors
