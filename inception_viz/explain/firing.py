"""Firing: how active each branch is for one picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from inception_viz.architecture.config import Branch
from inception_viz.network.googlenet import split
from inception_viz.sources.reference import Reference
from inception_viz.trace import Trace

if TYPE_CHECKING:
    import pandas as pd


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
        return next((b for b in self.branches if (b.module, b.branch) == (module, branch)), None)

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
            mean, deviation = float(means), None
            if reference is not None and branch in reference.mean.get(module, {}):
                std = reference.std[module][branch]
                deviation = (mean - reference.mean[module][branch]) / std if std else None
            total, share = mean * maps[branch].numel(), None if silent else float(shares)
            row = BranchFiring(module, branch, widths[branch], mean, total, share, deviation)
            measured.append(row)
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
    rows = [
        {
            (module, branch): maps.mean((1, 2), dtype=torch.float64).numpy()
            for module, branches in trace.branches.items()
            for branch, maps in branches.items()
        }
        for trace in traces
    ]
    if len(rows) < 2:
        raise ValueError("Give at least two pictures: one has no deviation.")
    mean, std, channels = (defaultdict[str, dict[str, Any]](dict) for _ in range(3))
    for module, branch in rows[0]:
        each = np.array([row[module, branch] for row in rows])
        levels = each.mean(axis=1)
        mean[module][branch] = _rounded(levels.mean(), 6)
        std[module][branch] = _rounded(levels.std(ddof=1), 6)
        channels[module][branch] = [_rounded(x, 4) for x in each.mean(axis=0)]
    return Reference(dict(mean), dict(std), len(rows), data, dict(channels))


def _rounded(value: float, digits: int) -> float:
    """``value`` to so many significant digits, which keeps files small."""
    return round(float(value), digits - 1 - floor(log10(abs(value)))) if value else 0.0
