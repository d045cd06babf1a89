"""Compare functions in one run: interleaved, so that whatever slows the machine slows them all.

Every other round goes backwards, so that none always comes after the same one, whose memory and
caches it would find.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

Times = dict[str, list[float]]


def interleaved(functions: Mapping[str, Callable[[], object]], rounds: int) -> Times:
    """Seconds of each function in every round, after three to warm up."""
    taken: Times = {name: [] for name in functions}
    for round_number in range(rounds + 3):
        for name in list(functions)[:: -1 if round_number % 2 else 1]:
            start = time.perf_counter()
            functions[name]()
            if round_number >= 3:
                taken[name].append(time.perf_counter() - start)
    return taken


def medians(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each function over ``rounds``, after three to warm up."""
    return {name: median(times) for name, times in interleaved(functions, rounds).items()}


def ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """Median of ``first / second``, round by round: what slows a whole round drops out."""
    return median(a / b for a, b in zip(first, second, strict=True))
