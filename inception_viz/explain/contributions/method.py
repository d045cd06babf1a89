"""What a method is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from inception_viz.architecture.config import Branch
from inception_viz.explain.contributions.baseline import Baseline
from inception_viz.explain.contributions.result import Promise
from inception_viz.explain.rerun import Progress, Question


@dataclass(frozen=True)
class Scores:
    """A score for each (module, branch), and what it took."""

    values: dict[tuple[str, Branch], float]
    variants: int = 0
    backward_passes: int = 0


def no_unit(_baseline: Baseline) -> str:
    """The scores are in the target's unit."""
    return ""


@dataclass(frozen=True)
class Method:
    """A way to score branches.

    Attributes:
        id: its name in the API and in links.
        title: its name on screen.
        words: what it does, for a student.
        check: what the check beside it says.
        formula: TeX.
        promise: see :class:`~inception_viz.explain.contributions.result.Contributions`.
        score: does it.
        baselines: which ones it knows.
        unit: of the scores for a baseline; empty for the target's own. A method with a unit of
            its own has no z(none) to be held against, and no gap.
    """

    id: str
    title: str
    words: str
    check: str
    formula: str
    promise: Promise
    score: Callable[[Question, Progress], Scores]
    baselines: tuple[Baseline, ...] = ("zero", "reference")
    unit: Callable[[Baseline], str] = field(default=no_unit)
