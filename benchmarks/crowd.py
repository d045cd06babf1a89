"""How waiting grows with the class: one to thirty pupils who do the same kind of things.

    python benchmarks/crowd.py

A server of its own for each size; pupils pause eight seconds on average between steps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.classroom import Lesson, percentiles, teach
from tests.browser.driver import server

SIZES = (1, 5, 10, 20, 30)


def measured(minutes: float = 1.5, pause: float = 8.0) -> Iterator[tuple[int, Lesson]]:
    """Pupils, and their lesson on a server of its own; ``pause``: mean seconds between steps."""
    for pupils in SIZES:
        with tempfile.TemporaryDirectory() as cache, server(Path(cache)) as address:
            yield pupils, teach(address, pupils, minutes, pause, seed=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.5, help="for each size")
    parser.add_argument("--pause", type=float, default=8.0, help="mean seconds between steps")
    options = parser.parse_args()
    print(
        f"{'pupils':>6}{'steps':>8}{'median':>10}{'95 %':>10}{'memory, most':>15}{'failures':>10}"
    )
    for pupils, lesson in measured(options.minutes, options.pause):
        middle, late = percentiles(lesson.seconds)
        print(
            f"{pupils:6}{len(lesson.steps):8}{middle:8.2f} s{late:8.2f} s"
            f"{lesson.megabytes:12.0f} MB{len(lesson.failures):10}",
            flush=True,
        )


if __name__ == "__main__":
    main()
