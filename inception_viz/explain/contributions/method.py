"""What a method is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from inception_viz.architecture.config import Branch
from inception_viz.explain.contributions.result import Promise
from inception_viz.explain.registry import Entry
from inception_viz.explain.rerun import Progress, Question


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
        promise: see :class:`~inception_viz.explain.contributions.result.Contributions`.
        score: does it.
        units: baseline → the scores' unit, if it isn't the target's own. Such a method has no
            z(none) to be held against, and no gap.
    """

    check: str
    formula: str
    promise: Promise
    score: Callable[[Question, Progress], Scores]
    units: Mapping[str, str] = field(default_factory=dict)
