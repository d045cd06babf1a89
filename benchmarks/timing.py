"""Compare functions in one run: interleaved, so that whatever slows the machine slows them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median


def medians(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each function over ``rounds``, after three to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for round_number in range(rounds + 3):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if round_number >= 3:
                taken[name].append(time.perf_counter() - start)
    return {name: median(times) for name, times in taken.items()}
