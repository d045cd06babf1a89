"""The one table: library, start, pages and classes, beside their peers and claims, in one run.

    make bench

A quarter of an hour on two cores; nothing else should run meanwhile.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import classroom, explain, library, pages, waiting
from benchmarks.harness import measure

if __name__ == "__main__":
    subjects = {
        "forwards": library.forwards,
        "explanations": explain.measured,
        "config": library.from_config,
        "growth": library.growth,
        "start": waiting.start,
        "pages": pages.views,
        "classes": classroom.crowd,
    }
    measure(
        __doc__,
        subjects,
        rounds=60,
        slow_rounds=9,
        page_rounds=5,
        weights="imagenette",
        crowd_minutes=1.5,
        pause=8.0,
        seed=1,
    )
