"""Firing: how active each branch is for one picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.network.googlenet import split
from inception_viz.sources.reference import Reference
from inception_viz.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

_DOUBLE = torch.float64


@dataclass(frozen=True)
class BranchFiring:
    """How active one branch is.

    Attributes:
        module, branch: which one.
        channels: how many channels it has.
        mean: activation averaged over all its units.
        total: activation summed over all its units.
        energy_share: its part of Σa² over the module's units, 0 to 1; a module's parts add up to 1.
            None in a silent module, which has nothing to share.
        deviation: (mean − usual mean) / usual standard deviation, or None without a reference.
    """

    module: str
    branch: Branch
    channels: int
    mean: float
    total: float
    energy_share: float | None
    deviation: float | None


@dataclass(frozen=True)
class Firing:
    """Every branch of a network for one picture, in the network's order."""

    branches: tuple[BranchFiring, ...]
    reference: Reference | None

    def get(self, module: str, branch: str) -> BranchFiring | None:
        """One branch; None if the module has no such branch."""
        return self._index.get((module, branch))

    @property
    def _index(self) -> dict[tuple[str, str], BranchFiring]:
        return {(b.module, b.branch): b for b in self.branches}

    def most_unusual(self) -> BranchFiring | None:
        """The branch furthest from its usual level; None without a reference."""
        known = [b for b in self.branches if b.deviation is not None]
        return max(known, key=lambda b: abs(b.deviation or 0), default=None)

    def strongest(self) -> BranchFiring:
        """The branch that holds most of its module's energy."""
        return max(self.branches, key=lambda b: b.energy_share or 0.0)

    def to_frame(self) -> pd.DataFrame:
        """One row a branch."""
        import pandas as pd

        return pd.DataFrame([vars(b) for b in self.branches])


def firing(trace: Trace, reference: Reference | None = None) -> Firing:
    """Measure every branch of ``trace``; ``reference`` gives each branch's usual level."""
    measured = []
    for module, maps in trace.branches.items():
        widths = {branch: len(values) for branch, values in maps.items()}
        active = activity(trace.modules[module][None], widths)
        silent = not any(shares for _, shares in active.values())
        for branch, (means, shares) in active.items():
            mean = float(means)
            measured.append(
                BranchFiring(
                    module=module,
                    branch=branch,
                    channels=maps[branch].shape[0],
                    mean=mean,
                    total=mean * maps[branch].numel(),
                    energy_share=None if silent else float(shares),
                    deviation=_deviation(mean, module, branch, reference),
                )
            )
    return Firing(tuple(measured), reference)


def activity(output: Tensor, widths: Mapping[Branch, int]) -> dict[Branch, tuple[Tensor, Tensor]]:
    """How active the branches of a module are for N pictures.

    Args:
        output: of the module, (N, channels, height, width).
        widths: each branch's number of channels.

    Returns:
        Each branch's mean activation and its part of the module's Σa², both (N,) in double
        precision; all parts are 0 in a silent module.
    """
    # One sum a channel in single precision, the many channels in double.
    means = split(output.mean((2, 3)).double(), widths)
    energies = output.square().sum((2, 3)).double()
    shares = split(torch.nan_to_num(energies / energies.sum(1, keepdim=True)), widths)
    return {branch: (means[branch].mean(1), shares[branch].sum(1)) for branch in widths}


def measure_reference(traces: Iterable[Trace], data: str) -> Reference:
    """The usual firing over many pictures; each trace is dropped as soon as it is measured.

    Raises:
        ValueError: for fewer than two pictures.
    """
    rows: list[dict[tuple[str, Branch], np.ndarray]] = []
    for trace in traces:
        rows.append(
            {
                (module, branch): maps.mean((1, 2), dtype=_DOUBLE).numpy()
                for module, branches in trace.branches.items()
                for branch, maps in branches.items()
            }
        )
    if len(rows) < 2:
        raise ValueError("Give at least two pictures: one has no deviation.")
    keys = list(rows[0])
    values = np.array([[row[key].mean() for key in keys] for row in rows])
    channels: dict[str, dict[str, list[float]]] = {}
    for module, branch in keys:
        means = np.mean([row[module, branch] for row in rows], axis=0)
        channels.setdefault(module, {})[branch] = [_rounded(x, 4) for x in means]
    return Reference(
        mean=_nested(keys, values.mean(axis=0)),
        std=_nested(keys, values.std(axis=0, ddof=1)),
        photos=len(rows),
        data=data,
        channels=channels,
    )


def _deviation(mean: float, module: str, branch: str, reference: Reference | None) -> float | None:
    if reference is None or branch not in reference.mean.get(module, {}):
        return None
    std = reference.std[module][branch]
    return (mean - reference.mean[module][branch]) / std if std else None


def _nested(keys: list[tuple[str, Branch]], values: np.ndarray) -> dict[str, dict[str, float]]:
    nested: dict[str, dict[str, float]] = {}
    for (module, branch), value in zip(keys, values, strict=True):
        nested.setdefault(module, {})[branch] = _rounded(value, 6)
    return nested


def _rounded(value: float, digits: int) -> float:
    """``value`` to so many significant digits, which keeps files small."""
    return round(float(value), digits - 1 - floor(log10(abs(value)))) if value else 0.0
