"""Two results side by side: two photos on one network, or one photo on two networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inception_viz.architecture.config import BRANCHES
from inception_viz.explain.contributions import Contributions
from inception_viz.explain.firing import Firing
from inception_viz.explain.grad_cam import Cams

if TYPE_CHECKING:
    import pandas as pd

Place = tuple[str, str]


@dataclass(frozen=True)
class Comparison:
    """One figure of every branch, twice.

    Attributes:
        first, second: (module, branch) → the figure; a branch that one side lacks is in the other's
            alone, a figure that can't be told is in neither.
        unit: what the figures are measured in; shares are in %.
    """

    first: Mapping[Place, float]
    second: Mapping[Place, float]
    unit: str

    @property
    def difference(self) -> dict[Place, float]:
        """Second minus first, for the branches that both have."""
        return {p: self.second[p] - value for p, value in self.first.items() if p in self.second}

    @property
    def difference_unit(self) -> str:
        """What their differences are measured in."""
        return "percentage points" if self.unit == "%" else self.unit

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that both have, in order."""
        return tuple(dict.fromkeys(module for module, _ in self.difference))

    @property
    def missing(self) -> tuple[Place, ...]:
        """The branches that only one side has."""
        return tuple(p for p in [*self.first, *self.second] if p not in self.difference)

    def largest(self) -> tuple[str, str, float] | None:
        """Module, branch and difference where the sides differ most; None without any in common."""
        found = self.difference
        if not found:
            return None
        module, branch = max(found, key=lambda place: abs(found[place]))
        return module, branch, found[module, branch]

    def to_frame(self) -> pd.DataFrame:
        """One row a branch: both figures and their difference; blank where a side lacks it."""
        import pandas as pd

        rows = [
            {
                "module": module,
                "branch": branch,
                "first": self.first.get((module, branch)),
                "second": self.second.get((module, branch)),
                "difference": self.difference.get((module, branch)),
                "unit": self.unit,
                "difference_unit": self.difference_unit,
            }
            for module, branch in dict.fromkeys([*self.first, *self.second])
        ]
        return pd.DataFrame(rows)


def compare_firing(first: Firing, second: Firing, metric: str) -> Comparison:
    """By ``deviation`` (σ), ``energy_share`` (%) or ``mean`` (activation)."""
    unit = {"deviation": "σ", "energy_share": "%", "mean": "activation"}[metric]
    scale = 100 if unit == "%" else 1
    sides: list[dict[Place, float]] = [
        {
            (b.module, b.branch): scale * value
            for b in side.branches
            if (value := getattr(b, metric)) is not None
        }
        for side in (first, second)
    ]
    return Comparison(sides[0], sides[1], unit)


def compare_contributions(first: Contributions, second: Contributions) -> Comparison:
    """By score, in the unit of the method."""
    sides: list[dict[Place, float]] = [
        {
            (module, branch): float(score)
            for module, row in zip(side.modules, side.values, strict=True)
            for branch, score in zip(BRANCHES, row, strict=True)
            if not np.isnan(score)
        }
        for side in (first, second)
    ]
    return Comparison(sides[0], sides[1], first.unit)


def compare_cams(first: Cams, second: Cams) -> Comparison:
    """By each branch's share of its module's evidence, in %."""
    sides: list[dict[Place, float]] = [
        {(m, b): 100 * share for m in side for b, share in side.shares(m).items()}
        for side in (first, second)
    ]
    return Comparison(sides[0], sides[1], "%")


def same_class(labels: Sequence[str], index: int, others: Sequence[str]) -> int | None:
    """The index among ``others`` of the class that ``labels[index]`` names; None if unknown.

    Labels may list synonyms: "French horn" is "French horn, horn".
    """
    if list(labels) == list(others):
        return index

    def names(label: str) -> set[str]:
        return {name.strip().lower() for name in label.split(",")}

    wanted = names(labels[index])
    found = [i for i, label in enumerate(others) if wanted & names(label)]
    exact = [i for i in found if others[i] == labels[index]]
    return next(iter(exact or found), None)
