"""How often somebody may try: so many at once, and one more every few seconds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

T = TypeVar("T")


class Allowance:
    """Counts tries by who makes them; thread-safe, and bounded whoever comes."""

    def __init__(
        self,
        at_once: int,
        seconds: float,
        most: int = 2000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``at_once`` tries, then one every so many ``seconds``; for up to ``most`` at a time.

        Beyond that, who has tried least recently is forgotten.
        """
        self._at_once, self._seconds, self._most, self._clock = at_once, seconds, most, clock
        self._guard = threading.Lock()
        self._used: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # tries, and when

    def wait(self, who: Hashable) -> float:
        """Seconds until ``who`` may try again; 0 if at once."""
        with self._guard:
            return max(0.0, (self._now(who) - self._at_once + 1) * self._seconds)

    def use(self, who: Hashable) -> None:
        """Count a try of ``who``."""
        with self._guard:
            self._used[who] = (self._now(who) + 1, self._clock())
            self._used.move_to_end(who)
            while len(self._used) > self._most:
                self._used.popitem(last=False)

    def _now(self, who: Hashable) -> float:
        """How many tries are held against ``who``."""
        tries, at = self._used.get(who, (0.0, 0.0))
        return max(0.0, tries - (self._clock() - at) / self._seconds)


def in_words(seconds: float) -> str:
    """So long, for who has to wait."""
    if seconds > 90:
        return f"{round(seconds / 60)} minutes"
    return f"{max(1, -int(-seconds // 1))} seconds" if seconds > 1 else "a second"
