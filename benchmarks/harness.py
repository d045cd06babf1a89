"""What every benchmark is made of: arguments, functions timed in turns, and rows with claims.

A script measures all of its subjects, or those that are named: `python benchmarks/pages.py weight`.
It prints a row as soon as it is measured, and ends with status 1 if a claim falls short.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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
    "per_class": "photos of each class",
    "workers": "processes at work",
    "minutes": "how long a lesson lasts",
    "crowd_minutes": "how long each lesson of a crowd lasts",
    "pause": "mean seconds between two steps of a pupil",
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
