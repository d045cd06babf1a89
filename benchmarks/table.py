"""The one table: library, start, pages and classes, beside their peers and claims, in one run.

    make bench

Library: benchmarks/speed.py. Start: benchmarks/app.py. Pages: benchmarks/interactions.py. Classes:
benchmarks/crowd.py. A quarter of an hour on two cores; nothing else should run meanwhile.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import app, crowd, interactions, speed
from benchmarks.classroom import percentiles
from benchmarks.rows import Row, show
from tests.browser.driver import browser

_IMPORT = """
import time
start = time.perf_counter()
import inception_viz
print(time.perf_counter() - start)
"""


def main() -> None:
    rows: list[Row] = []
    for name, part in (
        ("the library", speed.measured),
        ("its start", start),
        ("pages", pages),
        ("classes", classes),
    ):
        print(f"Measuring {name} …", file=sys.stderr, flush=True)
        rows += part()
    sys.exit(bool(show(rows)))


def start() -> Iterator[Row]:
    """From nothing: the import, and the command until the first answer is drawn."""
    command = [sys.executable, "-c", _IMPORT]
    taken = [float(subprocess.check_output(command, text=True, cwd=sys.path[0])) for _ in range(5)]
    yield _seconds("import inception_viz", taken, "≤ 0.2")
    with tempfile.TemporaryDirectory() as cache, browser() as chromium:
        taken = [app.first_page(chromium.new_page(), Path(cache)) for _ in range(4)]
    yield _seconds("command until the first answer, files cached", taken[1:], "≤ 6")


def pages() -> Iterator[Row]:
    """Every page again, and another photo on it again, from the click until the page is at rest."""
    views = {(view.page, view.name): view for view in interactions.measured()}
    for (page, name), first in views.items():
        again = views.get((page, "again" if name == "first" else f"{name} again"))
        if again is not None:
            yield Row(
                f"{page}: {again.name}",
                f"{first.middle.total:8.2f} s first, {again.middle.kilobytes:.0f} KB again",
                again.middle.total,
                f"≤ {interactions.CLAIM}",
                "s",
            )


def classes() -> Iterator[Row]:
    """One to thirty pupils at once: the median step until all of it is there."""
    for pupils, lesson in crowd.measured():
        middle, late = percentiles(lesson.seconds)
        yield Row(
            f"pupils {pupils}: {len(lesson.steps)} steps, {len(lesson.failures)} failed",
            f"{late:8.2f} s for 95 %, {lesson.megabytes:.0f} MB",
            middle,
            "≤ 1.5",
            "s",
        )


def _seconds(what: str, taken: list[float], claim: str) -> Row:
    return Row(what, f"{min(taken):8.2f} to {max(taken):.2f} s", median(taken), claim, "s")


if __name__ == "__main__":
    main()
