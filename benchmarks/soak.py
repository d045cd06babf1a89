"""Two thousand steps in one session: does the server grow, does it slow down?

    python benchmarks/soak.py [--steps 2000]

Claims: after warm-up (the first fifth) memory grows by less than 5 %, and the last fifth of the
steps takes no longer than the second.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from itertools import islice
from pathlib import Path
from statistics import fmean, median

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.pupil import Pupil, own_photos
from benchmarks.resident import megabytes
from benchmarks.visitor import Visitor
from tests.browser.driver import server

PHOTOS = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    seconds: list[float] = []
    levels: list[float] = []
    photos = own_photos(PHOTOS, options.seed)
    with (
        tempfile.TemporaryDirectory() as cache,
        server(Path(cache)) as address,
        Visitor(address) as visitor,
    ):
        pupil = Pupil(visitor, photos, random.Random(options.seed))
        for step in islice(pupil.lesson(), options.steps):
            seconds.append(step.seconds)
            levels.append(megabytes())
    fifth = len(seconds) // 5
    print(f"{'steps':>16}{'memory, mean':>14}{'most':>10}{'median step':>14}{'mean step':>12}")
    for part in range(5):
        span = slice(part * fifth, (part + 1) * fifth)
        print(
            f"{span.start + 1:8} to {span.stop:4}"
            f"{fmean(levels[span]):11.0f} MB{max(levels[span]):7.0f} MB"
            f"{median(seconds[span]):12.3f} s{fmean(seconds[span]):10.3f} s"
        )
    second, last = slice(fifth, 2 * fifth), slice(4 * fifth, 5 * fifth)
    growth = fmean(levels[last]) / fmean(levels[second]) - 1
    slower = median(seconds[last]) / median(seconds[second])
    print(f"memory, last fifth against the second      {growth:+.1%}   (claim: under 5 %)")
    print(f"median step, last fifth / second           {slower:.2f}")


if __name__ == "__main__":
    main()
