"""How much memory a network would take, before anything is built."""

from __future__ import annotations

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.architecture.cost import layers, totals
from inception_viz.architecture.plan import FLOAT_BYTES
from inception_viz.errors import ConfigError

LIMIT = 2 * 2**30  # bytes; a classroom's server has to hold several
_COPIES = 3  # of the weights: as trained, prepared for speed, and packed
_VARIANTS = 256 * 2**20  # of activations under way while something is explained


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
