"""Two results side by side: two photos on one network, or one photo on two networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inception_viz.explain.contributions import Contributions
from inception_viz.explain.firing import Firing
from inception_viz.explain.grad_cam import Cams

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, str]  # a module and a branch


@dataclass(frozen=True)
class Comparison:
    """One figure of every branch, twice.

    Attributes:
        first, second: (module, branch) → the figure; a branch that one side lacks is in the other's
            alone, a figure that can't be told is in neither.
        unit: what the figures are measured in; shares are in %.
    """

    first: Mapping[Key, float]
    second: Mapping[Key, float]
    unit: str

    @property
    def difference(self) -> dict[Key, float]:
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
    def missing(self) -> tuple[Key, ...]:
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

        sides = (self.first, self.second, self.difference)
        rows = [
            (*place, *(side.get(place) for side in sides), self.unit, self.difference_unit)
            for place in dict.fromkeys([*self.first, *self.second])
        ]
        columns = ["module", "branch", "first", "second", "difference", "unit", "difference_unit"]
        return pd.DataFrame(rows, columns=columns)


def compare_firing(first: Firing, second: Firing, metric: str) -> Comparison:
    """By ``deviation`` (σ), ``energy_share`` (%) or ``mean`` (activation)."""
    unit = {"deviation": "σ", "energy_share": "%", "mean": "activation"}[metric]
    scale = 100 if unit == "%" else 1

    def side(found: Firing) -> dict[Key, float]:
        figures = {(b.module, b.branch): getattr(b, metric) for b in found.branches}
        return {place: scale * value for place, value in figures.items() if value is not None}

    return Comparison(side(first), side(second), unit)


def compare_contributions(first: Contributions, second: Contributions) -> Comparison:
    """By score, in the unit of the method."""
    return Comparison(first.scores, second.scores, first.unit)


def compare_cams(first: Cams, second: Cams) -> Comparison:
    """By each branch's share of its module's evidence, in %."""

    def side(cams: Cams) -> dict[Key, float]:
        return {(m, b): 100 * share for m in cams for b, share in cams.shares(m).items()}

    return Comparison(side(first), side(second), "%")


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
