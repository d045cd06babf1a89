"""What every benchmark is made of: arguments, functions timed in turns, rows with claims, a server.

A script measures all of its subjects, or those that are named: `python benchmarks/pages.py weight`.
It prints a row as soon as it is measured, and ends with status 1 if a claim falls short. This one
measures what `make bench` shows: library, start, pages and classes in one table. It takes a quarter
of an hour on two cores; nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "assets" / "samples"
VARIABLE = "INCEPTION_VIZ_DATA"
DATA = Path(os.environ.get(VARIABLE, "data"))

Functions = dict[str, Callable[[], object]]
Times = dict[str, list[float]]

# Arguments that mean the same in every script.
HELP = {
    "rounds": "how often what takes milliseconds is measured",
    "slow_rounds": "how often what takes longer is measured",
    "page_rounds": "how often a view that was seen before is measured",
    "data": f"folder with imagenette2-160; default: ${VARIABLE}, else data",
    "photos": "folder with photos of any kind",
    "weights": "a source or a file",
    "maps_of": "a source or a file whose maps are judged",
    "sizes": "of the training pictures in pixels",
    "batch_rounds": "how often each way to trace a folder is measured",
    "per_class": "photos of each class",
    "workers": "processes at work",
    "minutes": "how long a lesson lasts",
    "crowd_minutes": "how long each lesson of a crowd lasts",
    "pause": "mean seconds between two steps of a pupil",
    "channels": "of each module",
    "seed": "of everything that is left to chance",
}


@dataclass(frozen=True)
class Row:
    """One line: what was measured, its value, a claim such as "≤ 1.6", and the figures behind."""

    what: str
    value: float
    unit: str = ""
    claim: str = ""
    figures: str = ""

    @property
    def holds(self) -> bool:
        """Whether the claim does."""
        sign, _, bound = self.claim.partition(" ")
        if not sign:
            return True
        return self.value <= float(bound) if sign == "≤" else self.value >= float(bound)

    def __str__(self) -> str:
        """The line of the table."""
        mark = ("pass" if self.holds else "FALLS SHORT") if self.claim else ""
        size = abs(self.value)
        digits = ",.2f" if size >= 1 or not size else ".3f" if size >= 0.005 else ".1e"
        measured = f"{self.what:52}{self.value:>9{digits}} {self.unit:9}"
        return f"{measured}{self.claim:9}{mark:13}{self.figures}".rstrip()


def show(rows: Iterable[Row]) -> int:
    """Print the table, row by row; return how many claims fall short."""
    claims = short = 0
    for number, row in enumerate(rows):
        if not number:
            print(f"\n{'':52}{'value':>9} {'':9}{'claim':9}{'':13}measured")
        print(row, flush=True)
        claims += bool(row.claim)
        short += not row.holds
    print(f"{short} of {claims} claims fall short.")
    return short


def seconds(what: str, taken: Sequence[float], claim: str = "") -> Row:
    """The median of several waits, and their extremes."""
    return Row(what, median(taken), "s", claim, f"{min(taken):.2f} to {max(taken):.2f} s")


def interleaved(functions: Mapping[str, Callable[[], object]], rounds: int, warm: int = 3) -> Times:
    """Seconds of each function in every round, after ``warm`` rounds to warm up.

    All take turns, so that whatever slows the machine slows them all. Every other round goes
    backwards, so that none always comes after the same one, whose memory and caches it would find.
    """
    taken: Times = {name: [] for name in functions}
    for number in range(rounds + warm):
        for name in list(functions)[:: -1 if number % 2 else 1]:
            start = time.perf_counter()
            functions[name]()
            if number >= warm:
                taken[name].append(time.perf_counter() - start)
    return taken


def ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """Median of ``first / second``, round by round: what slows a whole round drops out."""
    return median(a / b for a, b in zip(first, second, strict=True))


def beside(what: str, taken: Times, over: str, under: str, claim: str = "") -> Row:
    """How many times as long one function takes as another."""
    value = ratio(taken[over], taken[under])
    return Row(what, value, "", claim, both(median(taken[over]), median(taken[under])))


def both(over: float, under: float) -> str:
    """Two times of a ratio, in milliseconds."""
    digits = 3 if min(over, under) < 1e-3 else 1
    return f"{1000 * over:.1f} / {1000 * under:.{digits}f} ms"


Subject = Callable[[argparse.Namespace], Iterable[Row]]


def parse(doc: str | None, subjects: Iterable[str], **defaults: object) -> argparse.Namespace:
    """Read the command line: names of subjects, and an option for each default."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = list(subjects)
    words = f"any of {', '.join(known)}; default: all"
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=words)
    for name, default in defaults.items():
        flag, words = f"--{name.replace('_', '-')}", HELP.get(name, "")
        if isinstance(default, bool):
            parser.add_argument(flag, action="store_true", help=words)
        elif isinstance(default, tuple):
            kind = type(default[0])
            parser.add_argument(flag, type=kind, nargs="+", default=default, help=words)
        else:
            parser.add_argument(flag, type=type(default), default=default, help=words)
    options = parser.parse_args()
    if unknown := set(options.subjects) - set(known):
        parser.error(f"no subject is called {min(unknown)}; there are {', '.join(known)}")
    return options


def measure(doc: str | None, subjects: Mapping[str, Subject], **defaults: object) -> None:
    """Measure the subjects that the command line names; exit with 1 if a claim falls short."""
    options = parse(doc, subjects, **defaults)

    def rows() -> Iterator[Row]:
        for name in options.subjects or subjects:
            print(f"Measuring {name} …", file=sys.stderr, flush=True)
            yield from subjects[name](options)

    sys.exit(bool(show(rows())))


@contextmanager
def running() -> Iterator[str]:
    """Run the app with an empty cache; yield its address."""
    from tests.browser import driver

    with tempfile.TemporaryDirectory() as cache, driver.server(Path(cache)) as address:
        yield address


@contextmanager
def in_browser() -> Iterator[tuple[str, Browser]]:
    """Run the app, and a browser; yield the address and the browser."""
    from tests.browser import driver

    with running() as address, driver.browser() as chromium:
        yield address, chromium


def new_tab(chromium: Browser, **options: Any) -> Page:
    """A tab that shares nothing with others; ``options`` are those of Playwright's contexts."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(90_000)
    return page


def visit(page: Page, address: str) -> None:
    """Open an address and wait until the app has nothing left to do."""
    from tests.browser import driver

    page.goto(address)
    driver.settle(page)


def megabytes() -> float:
    """Resident memory of the server that this process started."""
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "rss=,args="], capture_output=True, text=True
    ).stdout.splitlines()
    return sum(int(line.split()[0]) for line in children if "streamlit run" in line) / 1000


def the_table() -> None:
    """Library, start, pages and classes, beside their peers and claims, in one run."""
    from benchmarks import classroom, explain, library, pages, waiting

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


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    the_table()
