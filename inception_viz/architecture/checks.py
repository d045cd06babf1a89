"""What makes a config valid: each refusal is a sentence and knows its cell. Reading its JSON."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from inception_viz.architecture.plan import steps
from inception_viz.errors import ConfigError
from inception_viz.files.foreign import shown

if TYPE_CHECKING:  # a config checks itself when it is made
    from inception_viz.architecture.config import GoogLeNetConfig, ModuleRow

T = TypeVar("T")
MAX_FILTERS = 4096
MAX_CLASSES = 100_000
MAX_MODULES_PER_STAGE = len(string.ascii_lowercase)
MAX_JSON_CHARACTERS = 200_000
INPUT_SIZES = range(32, 1025)


def _where(row: str | None) -> str:
    if row is None:
        return "The config"
    if row in ("stem", "lrn"):
        return {"stem": "The stem", "lrn": "The norm"}[row]
    return f"Head {row}" if row.startswith("aux") else f"Module {row}"


def whole(row: str | None, column: str, value: Any, low: int, high: int) -> None:
    """Raise unless ``value`` is a whole number from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int):
        wrong = f"is not a count; use a whole number from {low} to {high}"
        raise _refusal(row, column, value, wrong)
    if not low <= value <= high:
        raise _refusal(row, column, value, f"is out of range; use {low} to {high}")


def fraction(row: str | None, column: str, value: Any) -> None:
    """Raise unless ``value`` is from 0 up to, but not, 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise _refusal(row, column, value, "is no share; use 0 or more and below 1")


def choice(row: str | None, column: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Raise unless ``value`` is one of ``allowed``."""
    if value not in allowed:
        options = ", ".join(f'"{a}"' for a in allowed)
        raise _refusal(row, column, value, f"is unknown; use {options}")


def _refusal(row: str | None, column: str, value: Any, wrong: str) -> ConfigError:
    text = f"{_where(row)}, column {column}: {value!r:.60} {wrong}."
    return ConfigError(text, row=row, column=column)


def check_values(config: GoogLeNetConfig) -> None:
    """Raise unless the numbers of the stem and around the modules are in range."""
    for field in fields(config.stem):
        whole("stem", field.name, getattr(config.stem, field.name), 1, MAX_FILTERS)
    whole(None, "classes", config.classes, 1, MAX_CLASSES)
    whole(None, "input_size", config.input_size, INPUT_SIZES[0], INPUT_SIZES[-1])
    whole(None, "pool4", config.pool4, 2, 3)
    fraction(None, "dropout", config.dropout)


def check_row(name: str, row: ModuleRow) -> None:
    """Raise unless the six counts of module ``name`` describe something that can be built."""
    for field in fields(row):
        if field.name != "f_pp" or row.f_pp is not None:
            whole(name, field.name, getattr(row, field.name), 0, MAX_FILTERS)
    for kernel in ("3x3", "5x5"):
        filters, reduce = getattr(row, f"f_{kernel}"), getattr(row, f"f_{kernel}_r")
        if reduce and not filters:
            raise ConfigError(
                f"Module {name}: f_{kernel}_r is {reduce} but f_{kernel} is 0, so nothing would "
                f"read the reduce layer. Set f_{kernel}_r to 0 or give f_{kernel} filters.",
                row=name,
                column=f"f_{kernel}_r",
            )
    if not (row.f_1x1 or row.f_3x3 or row.f_5x5 or row.f_pp):
        raise ConfigError(
            f"Module {name} has no filters in any branch (all of f_1x1, f_3x3, f_5x5 and f_pp are "
            "0 or empty). Give at least one branch filters, or remove the module.",
            row=name,
        )


def check_heads(config: GoogLeNetConfig) -> None:
    """Raise unless both heads fit the modules, in order, and the maps that they read."""
    order = list(config.modules)
    for name, head in config.heads.items():
        if head.after not in order:
            raise ConfigError(
                f'Head {name}, column after: there is no module "{shown(str(head.after))}". '
                f"Attach it after one of {', '.join(order)}, or remove the head.",
                row=name,
                column="after",
            )
        whole(name, "conv", head.conv, 1, MAX_FILTERS)
        whole(name, "fc", head.fc, 1, MAX_FILTERS)
        fraction(name, "dropout", head.dropout)
    for name, head in config.heads.items():
        pool = steps(config)[name][0]
        if pool.in_size < pool.kernel:
            side = f"{pool.in_size}×{pool.in_size}"
            raise ConfigError(
                f"Head {name} sees a {side} map after {head.after}, too small for its 5×5 average "
                'pool. Raise input_size, attach it earlier, or set its pool to "4x4".',
                row=name,
                column="pool",
            )
    if config.aux1 and config.aux2:
        first, second = config.aux1.after, config.aux2.after
        if order.index(first) >= order.index(second):
            raise ConfigError(
                f"Head aux1 sits after {first}, head aux2 after {second}; aux1 must come first. "
                "Move one of them.",
                row="aux2",
                column="after",
            )


# JSON ---------------------------------------------------------------------------------------------


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


def from_object(cls: type[T], values: object, row: str) -> T:
    """A dataclass from the object of JSON that stands for ``row``; unknown names are refused."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{_where(row)} must be a JSON object, not {values!r:.60}.", row=row)
    refuse_unknown(row, values, {f.name for f in fields(cls)})  # type: ignore[arg-type]
    try:
        return cls(**values)
    except TypeError as error:
        missing = [f.name for f in fields(cls) if f.name not in values]  # type: ignore[arg-type]
        raise ConfigError(f"{_where(row)} lacks {', '.join(missing)}; add it.", row=row) from error


def refuse_unknown(row: str | None, values: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise if ``values`` has names that are not ``known``."""
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(
            f"{_where(row)} has an unknown field {unknown[0]!r:.60}. "
            f"Known fields: {', '.join(sorted(known))}.",
            row=row,
        )
