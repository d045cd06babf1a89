"""Thirty pupils at once on one server: errors, mixed-up results, waiting times, memory.

    python benchmarks/classroom.py                       # ten minutes, thirty pupils
    python benchmarks/classroom.py --minutes 2 --pupils 10

Every pupil has photos that nobody else has and checks after each step that the page shows the
answers to them. Pupils pause between steps as people do (exponentially distributed). Claims: no
error, nothing mixed up, half of all steps within 1.5 s, 95 % within 5 s, under 2.5 GB, and level
once everybody has been everywhere, which takes some five minutes.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.pupil import Own, Pupil, Step, own_photos
from benchmarks.resident import megabytes
from benchmarks.visitor import Visitor
from tests.browser.driver import server

PHOTOS_EACH = 2
ARRIVAL_SECONDS = 30.0  # within which all have opened the page
SESSION_SECONDS = 125  # for which Streamlit keeps what a closed tab leaves behind


@dataclass
class Lesson:
    """What happened, gathered from all pupils."""

    end: float
    pause: float
    steps: list[Step] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    levels: list[tuple[float, float]] = field(default_factory=list)  # (seconds, MB)
    guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def seconds(self) -> list[float]:
        """Of every step, until all of it was there."""
        return [step.seconds for step in self.steps]

    @property
    def megabytes(self) -> float:
        """Resident memory of the server, at most."""
        return max(level for _, level in self.levels)


def attend(lesson: Lesson, address: str, photos: list[Own], seed: int) -> None:
    """One pupil from the first click to the end of the lesson; comes back after a failure."""
    chance = random.Random(seed)
    time.sleep(chance.uniform(0, ARRIVAL_SECONDS))
    while time.monotonic() < lesson.end:
        try:
            with Visitor(address) as visitor:
                for step in Pupil(visitor, photos, chance).lesson():
                    with lesson.guard:
                        lesson.steps.append(step)
                    time.sleep(chance.expovariate(1 / lesson.pause))
                    if time.monotonic() > lesson.end or chance.random() < 0.01:  # closes the tab
                        break
        except Exception as error:  # is counted; the others go on
            with lesson.guard:
                lesson.failures.append(f"{type(error).__name__}: {error}")


def teach(address: str, pupils: int, minutes: float, pause: float, seed: int) -> Lesson:
    """Let all pupils in, and write down memory every two seconds until they have left."""
    photos = own_photos(pupils * PHOTOS_EACH, seed)
    start = time.monotonic()
    lesson = Lesson(end=start + 60 * minutes, pause=pause)
    threads = [
        threading.Thread(
            target=attend, args=(lesson, address, photos[place::pupils], seed + place), daemon=True
        )
        for place in range(pupils)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        lesson.levels.append((time.monotonic() - start, megabytes()))
        time.sleep(2)
    return lesson


def report(lesson: Lesson) -> None:
    """Print waiting times by kind of step, then the claims."""
    by_action: dict[str, list[float]] = defaultdict(list)
    for step in lesson.steps:
        by_action[step.action].append(step.seconds)
    print(f"\n{'step':24}{'times':>6}{'median':>9}{'95 %':>9}{'longest':>9}")
    for action, taken in sorted(by_action.items()):
        middle, late = percentiles(taken)
        print(f"{action:24}{len(taken):6}{middle:8.2f} s{late:7.2f} s{max(taken):7.2f} s")
    middle, late = percentiles(lesson.seconds)
    first, _ = percentiles([step.first_sign for step in lesson.steps])
    mixed = sum(text.startswith("MixedUp") for text in lesson.failures)
    for text in lesson.failures[:10]:
        print(f"failed: {text[:300]}")
    parts = _by_tenth(lesson)
    print(
        f"memory by tenths of the lesson, most: {', '.join(f'{level:.0f}' for level in parts)} MB"
    )
    print(f"\nsteps                              {len(lesson.steps)}")
    print(f"errors                             {len(lesson.failures) - mixed}   (claim: 0)")
    print(f"mixed-up results                   {mixed}   (claim: 0)")
    print(f"median until all is there          {middle:.2f} s   (claim: at most 1.5 s)")
    print(f"95 % of the steps within           {late:.2f} s   (claim: at most 5 s)")
    print(f"median until the first sign        {first:.2f} s")
    print(f"memory, most                       {lesson.megabytes:.0f} MB   (claim: under 2,500 MB)")
    growth = max(parts[7:]) / max(parts[4:7])
    print(f"memory, last three tenths / those before   {growth:.2f}   (claim: at most 1.05)")


def _by_tenth(lesson: Lesson) -> list[float]:
    """The highest level of memory in each tenth of the lesson."""
    whole = lesson.levels[-1][0] + 1e-9
    return [
        max((level for at, level in lesson.levels if int(10 * at / whole) == part), default=0.0)
        for part in range(10)
    ]


def percentiles(values: list[float]) -> tuple[float, float]:
    """The median, and what 95 % of the values stay within."""
    cuts = quantiles([*values, *values], n=20)  # twice: it wants at least two
    return cuts[9], cuts[18]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pupils", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--pause", type=float, default=8.0, help="mean seconds between steps")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache, server(Path(cache)) as address:
        lesson = teach(address, options.pupils, options.minutes, options.pause, options.seed)
        report(lesson)
        time.sleep(SESSION_SECONDS)
        for _ in range(2):  # whoever leaves lets the server forget those who left before
            with Visitor(address) as visitor:
                visitor.open()
            time.sleep(12)
        print(f"memory, when all have left         {megabytes():.0f} MB")


if __name__ == "__main__":
    main()
