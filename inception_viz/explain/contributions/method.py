"""What a method is, and what it finds: a score a branch, and the check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from inception_viz.architecture.config import BRANCHES, Branch
from inception_viz.explain.registry import Entry
from inception_viz.explain.rerun import Progress, Question
from inception_viz.explain.saving import save_table
from inception_viz.explain.target import Target

if TYPE_CHECKING:
    import pandas as pd

Promise = Literal["exact", "limit", "first order", "none"]


@dataclass(frozen=True)
class Scores:
    """A score for each (module, branch), and what it took."""

    values: dict[tuple[str, Branch], float]
    variants: int = 0
    backward_passes: int = 0


@dataclass(frozen=True, kw_only=True)
class Method(Entry):
    """A way to score branches.

    Attributes:
        check: what the check beside it says.
        formula: TeX.
        promise: see :class:`Contributions`.
        score: does it.
        units: baseline → the scores' unit, if it isn't the target's own. Such a method has no
            z(none) to be held against, and no gap.
    """

    check: str
    formula: str
    promise: Promise
    score: Callable[[Question, Progress], Scores]
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """What it took.

    Attributes:
        variants: how many other outputs of a module were sent through the network behind it.
        backward_passes: how many backward passes.
        seconds: by the clock.
    """

    variants: int
    backward_passes: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Contributions:
    """A score for each branch of each module.

    Attributes:
        method: key of :data:`~inception_viz.explain.METHODS`.
        target: the output that the scores explain, and ``label``, the same in words.
        baseline: what stood in for a branch that was left out.
        unit: of the scores.
        promise: what a module's scores add up to: ``exact``: z(all) − z(none), within rounding;
            ``limit``: the same, the better the more steps; ``first order``: the same if the network
            behind the module were linear; ``none``: nothing in particular.
        modules: names, the rows of ``values``.
        values: (modules, 4), columns 1×1, 3×3, 5×5, pool; NaN for a branch that doesn't exist or
            that the target's head can't see.
        value: z(all), the target's value in the trace.
        none: (modules,), z(none): its value with the module's whole output at the baseline.
        cost: what it took.
        model, picture: identity of the weights and SHA-256 of the picture's file.
        muted: what the trace had muted.
    """

    method: str
    target: Target
    label: str
    baseline: str
    unit: str
    promise: Promise
    modules: tuple[str, ...]
    values: np.ndarray
    value: float
    none: np.ndarray
    cost: Cost
    model: str
    picture: str
    muted: frozenset[str] = frozenset()

    @property
    def sums(self) -> np.ndarray:
        """(modules,), each module's scores added up; NaN where there are none."""
        missing = np.isnan(self.values).all(axis=1)
        return np.where(missing, np.nan, np.nansum(self.values, axis=1))

    @property
    def gap(self) -> np.ndarray:
        """(modules,), the sum of the scores minus (z(all) − z(none)); NaN without such a sum."""
        return np.asarray(self.sums - (self.value - self.none))

    @property
    def relative_gap(self) -> np.ndarray:
        """(modules,), |gap| / |z(all) − z(none)|."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.abs(self.gap) / np.abs(self.value - self.none))

    def get(self, module: str, branch: str) -> float:
        """One branch's score; NaN if it has none."""
        return float(self.values[self.modules.index(module), BRANCHES.index(branch)])

    @property
    def scores(self) -> dict[tuple[str, str], float]:
        """(module, branch) → its score, for every branch that has one."""
        return {
            (module, branch): score
            for module, row in zip(self.modules, self.values.tolist(), strict=True)
            for branch, score in zip(BRANCHES, row, strict=True)
            if not isnan(score)
        }

    def strongest(self, count: int = 1) -> list[tuple[str, str, float]]:
        """(module, branch, score) of the largest scores by size, up or down."""
        ordered = sorted(self.scores.items(), key=lambda item: -abs(item[1]))
        return [(*place, score) for place, score in ordered[:count]]

    def to_frame(self) -> pd.DataFrame:
        """One row a branch that has a score, with its module's check."""
        import pandas as pd

        checks = {
            "z_none": self.none,
            "module_sum": self.sums,
            "gap": self.gap,
            "relative_gap": self.relative_gap,
        }
        return pd.DataFrame(
            {
                "module": module,
                "branch": branch,
                "score": score,
                "unit": self.unit,
                "method": self.method,
                "baseline": self.baseline,
                "target": self.label,
                "z_all": self.value,
                **{name: values[self.modules.index(module)] for name, values in checks.items()},
            }
            for (module, branch), score in self.scores.items()
        )

    def save(self, path: str | Path) -> None:
        """Write ``NAME.csv`` (the frame) or ``NAME.json`` (everything), whole or not at all.

        Raises:
            ExplainError: for another ending.
            FileError: if it can't be written.
        """
        save_table(path, self.to_frame, self._plain)

    def _plain(self) -> dict[str, object]:
        def numbers(array: np.ndarray) -> list[float | None]:
            return [float(x) if isfinite(x) else None for x in array]

        found = asdict(self) | {
            "branches": BRANCHES,
            "values": [numbers(row) for row in self.values],
            "z_all": self.value,
            "z_none": numbers(self.none),
            "gap": numbers(self.gap),
            "relative_gap": numbers(self.relative_gap),
            "picture_sha256": self.picture,
            "muted": sorted(self.muted),
        }
        renamed = ("value", "none", "picture")
        return {name: value for name, value in found.items() if name not in renamed}
