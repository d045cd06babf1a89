"""The checks that the config's values share, each refusal one sentence, and its JSON reading."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from inception_viz.errors import ConfigError

T = TypeVar("T")
COLUMNS = ("f_1x1", "f_3x3_r", "f_3x3", "f_5x5_r", "f_5x5", "f_pp")
MAX_FILTERS = 4096
MAX_JSON_CHARACTERS = 200_000


def whole(where: str, column: str, value: Any, low: int, high: int) -> None:
    """Raise unless ``value`` is a whole number from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int):
        remedy = f"use a whole number from {low} to {high}"
        raise ConfigError(f"{where}, column {column}: {value!r:.60} is not a count; {remedy}.")
    if not low <= value <= high:
        raise ConfigError(
            f"{where}, column {column}: {value!r:.60} is out of range; use {low} to {high}."
        )


def fraction(where: str, column: str, value: Any) -> None:
    """Raise unless ``value`` is from 0 up to, but not, 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ConfigError(
            f"{where}, column {column}: {value!r:.60} is no share; use 0 or more and below 1."
        )


def choice(column: str, value: Any, allowed: tuple[str, ...], where: str = "The config") -> None:
    """Raise unless ``value`` is one of ``allowed``."""
    if value not in allowed:
        options = ", ".join(f'"{a}"' for a in allowed)
        raise ConfigError(f"{where}, column {column}: {value!r:.60} is unknown; use {options}.")


def check_row(name: str, row: Any) -> None:
    """Raise unless the six counts of module ``name`` describe something that can be built."""
    for column in COLUMNS:
        if column == "f_pp" and row.f_pp is None:
            continue
        whole(f"Module {name}", column, getattr(row, column), 0, MAX_FILTERS)
    for kernel in ("3x3", "5x5"):
        filters, reduce = getattr(row, f"f_{kernel}"), getattr(row, f"f_{kernel}_r")
        if reduce and not filters:
            raise ConfigError(
                f"Module {name}: f_{kernel}_r is {reduce} but f_{kernel} is 0, so nothing would "
                f"read the reduce layer. Set f_{kernel}_r to 0 or give f_{kernel} filters."
            )
    if not (row.f_1x1 or row.f_3x3 or row.f_5x5 or row.f_pp):
        raise ConfigError(
            f"Module {name} has no filters in any branch (all of f_1x1, f_3x3, f_5x5 and f_pp are "
            "0 or empty). Give at least one branch filters, or remove the module."
        )


def json_object(text: str | bytes) -> dict[str, Any]:
    """The object that a JSON text holds."""
    if len(text) > MAX_JSON_CHARACTERS:
        raise ConfigError(
            f"The config is {len(text):,} characters long; {MAX_JSON_CHARACTERS:,} are the limit."
        )
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The config is not valid JSON ({error}). Save it again.") from error
    if not isinstance(values, dict):
        raise ConfigError('The config must be a JSON object such as {"modules": {…}}.')
    return values


def from_object(cls: type[T], values: object, where: str) -> T:
    """A dataclass from an object of JSON; unknown names are refused."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where.capitalize()} must be a JSON object, not {values!r:.60}.")
    refuse_unknown(where, values, {f.name for f in fields(cls)})  # type: ignore[arg-type]
    try:
        return cls(**values)
    except TypeError as error:
        missing = [f.name for f in fields(cls) if f.name not in values]  # type: ignore[arg-type]
        raise ConfigError(f"{where.capitalize()} lacks {', '.join(missing)}; add it.") from error


def refuse_unknown(where: str, values: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise if ``values`` has names that are not ``known``."""
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(
            f"{where.capitalize()} has an unknown field {unknown[0]!r:.60}. "
            f"Known fields: {', '.join(sorted(known))}."
        )
