"""Many users on one server: errors, mixed-up results, waiting times, memory.

    python benchmarks/classroom.py lesson                       # thirty pupils, ten minutes
    python benchmarks/classroom.py lesson --pupils 10 --minutes 2
    python benchmarks/classroom.py crowd                        # one to thirty pupils
    python benchmarks/classroom.py soak users
    python benchmarks/classroom.py counted                      # two classes, counted live

Every pupil has photos that nobody else has and checks after each step that the page shows the
answers to them. Pupils pause between steps as people do (exponentially distributed). Memory of a
lesson is level once everybody has been everywhere, which takes some five minutes; a soak's first
fifth is warm-up.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import fmean, median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.views import CLASS_PAGE
from benchmarks.counted import hold, judged
from benchmarks.harness import Row, in_browser, measure, megabytes, new_tab, running, visit
from benchmarks.pupil import Own, Pupil, Step, own_photos
from benchmarks.visitor import Visitor

PHOTOS_EACH = 2
ARRIVAL_SECONDS = 30.0  # within which all have opened the page
SESSION_SECONDS = 125  # for which Streamlit keeps what a closed tab leaves behind
SIZES = (1, 5, 10, 20, 30)  # of a crowd
PHOTOS = ("cat", "espresso", "rocket", "astronaut", "goldfish", "uniform", "raccoon", "moose")
PAGES = ("?metric=contribution&", "branches?module=4c&", "grad-cam?")


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
    def waits(self) -> tuple[float, float]:
        """The median step until all of it was there, and what 95 % stay within."""
        return percentiles([step.seconds for step in self.steps])

    @property
    def megabytes(self) -> float:
        """Resident memory of the server, at most."""
        return max(level for _, level in self.levels)

    def by_tenth(self) -> list[float]:
        """The highest level of memory in each tenth of the lesson."""
        whole = self.levels[-1][0] + 1e-9
        return [
            max((level for at, level in self.levels if int(10 * at / whole) == part), default=0.0)
            for part in range(10)
        ]


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


def lesson(options: argparse.Namespace) -> Iterator[Row]:
    """One class for a whole lesson, and what is left of it."""
    with running() as address:
        held = teach(address, options.pupils, options.minutes, options.pause, options.seed)
        yield from report(held)
        time.sleep(SESSION_SECONDS)
        for _ in range(2):  # whoever leaves lets the server forget those who left before
            with Visitor(address) as visitor:
                visitor.open()
            time.sleep(12)
        yield Row("memory, when all have left", megabytes(), "MB")


def report(lesson: Lesson) -> Iterator[Row]:
    """Waiting times by kind of step, then the claims."""
    by_action: dict[str, list[float]] = defaultdict(list)
    for step in lesson.steps:
        by_action[step.action].append(step.seconds)
    for action, taken in sorted(by_action.items()):
        middle, late = percentiles(taken)
        figures = f"{len(taken)} times, 95 % in {late:.2f} s, longest {max(taken):.2f} s"
        yield Row(f"step: {action}", middle, "s", "", figures)
    for text in lesson.failures[:10]:
        print(f"failed: {text[:300]}")
    mixed = sum(text.startswith("MixedUp") for text in lesson.failures)
    steps = f"in {len(lesson.steps)} steps"
    yield Row("errors", len(lesson.failures) - mixed, "", "≤ 0", steps)
    yield Row("mixed-up results", mixed, "", "≤ 0", steps)
    middle, late = lesson.waits
    yield Row("median until all is there", middle, "s", "≤ 1.5")
    yield Row("95 % of the steps within", late, "s", "≤ 5")
    signs = [step.first_sign for step in lesson.steps]
    yield Row("median until the first sign", median(signs), "s")
    tenths = lesson.by_tenth()
    figures = f"by tenths of the lesson: {', '.join(f'{level:.0f}' for level in tenths)} MB"
    yield Row("memory, most", lesson.megabytes, "MB", "≤ 2500", figures)
    growth = max(tenths[7:]) / max(tenths[4:7])
    yield Row("memory, last three tenths / those before", growth, "", "≤ 1.05")


def percentiles(values: list[float]) -> tuple[float, float]:
    """The median, and what 95 % of the values stay within."""
    cuts = quantiles([*values, *values], n=20)  # twice: it wants at least two
    return cuts[9], cuts[18]


def crowd(options: argparse.Namespace) -> Iterator[Row]:
    """How waiting grows with the class: each size on a server of its own."""
    for pupils in SIZES:
        with running() as address:
            held = teach(address, pupils, options.crowd_minutes, options.pause, options.seed)
        middle, late = held.waits
        what = f"pupils {pupils}: {len(held.steps)} steps, {len(held.failures)} failed"
        figures = f"95 % in {late:.2f} s, {held.megabytes:.0f} MB"
        yield Row(what, middle, "s", "≤ 1.5", figures)


def soak(options: argparse.Namespace) -> Iterator[Row]:
    """Many steps in one session: does the server grow, does it slow down?"""
    seconds: list[float] = []
    levels: list[float] = []
    photos = own_photos(6, options.seed)
    with running() as address, Visitor(address) as visitor:
        pupil = Pupil(visitor, photos, random.Random(options.seed))
        for step in islice(pupil.lesson(), options.steps):
            seconds.append(step.seconds)
            levels.append(megabytes())
    fifth = len(seconds) // 5
    parts = [slice(part * fifth, (part + 1) * fifth) for part in range(5)]
    for part in parts:
        figures = (
            f"mean {fmean(seconds[part]):.3f} s; memory {fmean(levels[part]):.0f} MB, "
            f"most {max(levels[part]):.0f} MB"
        )
        what = f"steps {part.start + 1} to {part.stop}, median"
        yield Row(what, median(seconds[part]), "s", "", figures)
    second, last = parts[1], parts[4]
    growth = fmean(levels[last]) / fmean(levels[second])
    yield Row("memory, last fifth / the second", growth, "", "≤ 1.05")
    slower = median(seconds[last]) / median(seconds[second])
    yield Row("median step, last fifth / second", slower, "", "≤ 1")


def users(_: argparse.Namespace) -> Iterator[Row]:
    """Memory at the start, for each further user in a browser, and when they have left."""
    with in_browser() as (address, chromium):
        yield Row("memory, started", megabytes(), "MB")
        tabs, levels = [], []
        for photo in PHOTOS:
            tabs.append(new_tab(chromium))
            for path in PAGES:
                visit(tabs[-1], f"{address}/{path}image={photo}")
            levels.append(megabytes())
            yield Row(f"memory, {len(tabs)} users, three pages each", levels[-1], "MB")
        yield Row("memory of a further user", (levels[-1] - levels[0]) / (len(tabs) - 1), "MB")
        for tab in tabs:
            tab.context.close()
        yield Row("memory, all have left", megabytes(), "MB")


def counted(options: argparse.Namespace) -> Iterator[Row]:
    """Two classes at once, all questions of *Learn*: is each answer counted once, and how soon?"""
    with in_browser() as (address, chromium):
        tab = new_tab(chromium)
        visit(tab, f"{address}/{CLASS_PAGE}")
        yield from judged(hold(tab, address, options.pupils, options.pause, options.seed))


if __name__ == "__main__":
    measure(
        __doc__,
        {"lesson": lesson, "crowd": crowd, "soak": soak, "users": users, "counted": counted},
        pupils=30,
        minutes=10.0,
        crowd_minutes=1.5,
        pause=8.0,
        steps=2000,
        seed=0,
    )
