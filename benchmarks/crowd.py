"""How waiting grows with the class: one to thirty pupils who do the same kind of things.

    python benchmarks/crowd.py

A server of its own for each size; pupils pause eight seconds on average between steps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.classroom import teach
from tests.browser.driver import server

SIZES = (1, 5, 10, 20, 30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.5, help="for each size")
    parser.add_argument("--pause", type=float, default=8.0, help="mean seconds between steps")
    options = parser.parse_args()
    print(
        f"{'pupils':>6}{'steps':>8}{'median':>10}{'95 %':>10}{'memory, most':>15}{'failures':>10}"
    )
    for pupils in SIZES:
        with tempfile.TemporaryDirectory() as cache, server(Path(cache)) as address:
            lesson = teach(address, pupils, options.minutes, options.pause, seed=1)
        taken = [step.seconds for step in lesson.steps]
        late = quantiles([*taken, *taken], n=20)[18]
        most = max(level for _, level in lesson.levels)
        print(
            f"{pupils:6}{len(taken):8}{median(taken):8.2f} s{late:8.2f} s{most:12.0f} MB"
            f"{len(lesson.failures):10}",
            flush=True,
        )


if __name__ == "__main__":
    main()
