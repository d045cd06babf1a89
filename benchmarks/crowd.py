"""How waiting grows with the class: one to thirty pupils who do the same kind of things.

    python benchmarks/crowd.py

A server of its own for each size; pupils pause eight seconds on average between steps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.classroom import Lesson, teach
from tests.browser.driver import server

SIZES = (1, 5, 10, 20, 30)


@dataclass(frozen=True)
class Crowd:
    """A class of ``pupils``, and the lesson that they had."""

    pupils: int
    lesson: Lesson

    @property
    def seconds(self) -> list[float]:
        """Of every step, until all of it was there."""
        return [step.seconds for step in self.lesson.steps]

    @property
    def late(self) -> float:
        """Seconds within which 95 % of the steps were done."""
        return quantiles([*self.seconds, *self.seconds], n=20)[18]

    @property
    def megabytes(self) -> float:
        """Resident memory of the server, at most."""
        return max(level for _, level in self.lesson.levels)


def measured(minutes: float = 1.5, pause: float = 8.0) -> Iterator[Crowd]:
    """A lesson of each size on a server of its own; ``pause``: mean seconds between steps."""
    for pupils in SIZES:
        with tempfile.TemporaryDirectory() as cache, server(Path(cache)) as address:
            yield Crowd(pupils, teach(address, pupils, minutes, pause, seed=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.5, help="for each size")
    parser.add_argument("--pause", type=float, default=8.0, help="mean seconds between steps")
    options = parser.parse_args()
    print(
        f"{'pupils':>6}{'steps':>8}{'median':>10}{'95 %':>10}{'memory, most':>15}{'failures':>10}"
    )
    for crowd in measured(options.minutes, options.pause):
        print(
            f"{crowd.pupils:6}{len(crowd.seconds):8}{median(crowd.seconds):8.2f} s"
            f"{crowd.late:8.2f} s{crowd.megabytes:12.0f} MB{len(crowd.lesson.failures):10}",
            flush=True,
        )


if __name__ == "__main__":
    main()
