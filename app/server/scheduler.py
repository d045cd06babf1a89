"""Who computes when: one at a time, and whoever has computed little goes before who has much.

One computation uses all cores, so two at once would only slow each other down. A forward pass takes
50 ms, an explanation a second or ten: in the order of coming, a click would wait for whatever
somebody else has begun. So slow work yields its turn again and again, and who waits is called by
when they are *due*: new work at once, work that has computed for a while later, in proportion to
how long that was. Nobody waits for ever, since every due time comes.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

_FIRST_STEP = 0.25  # seconds of computing after which work stands behind newcomers
_NEXT_STEP = 4  # times as much, until it moves back once more
_BACK = 2  # times what it has computed: so many seconds of newcomers go before it


@dataclass(eq=False)
class Ticket:
    """One piece of work's claim to compute.

    Attributes:
        due: when it should have its turn; who is due first goes first.
        used: seconds that it has computed.
    """

    due: float = field(default_factory=time.monotonic)
    used: float = 0.0
    _began: float = 0.0
    _step: float = _FIRST_STEP
    _called: threading.Event = field(default_factory=threading.Event)

    def spend(self) -> None:
        """Count what was computed since the turn began; who has used much moves back."""
        now = time.monotonic()
        self.used += now - self._began
        self._began = now
        if self.used >= self._step:
            self._step = _NEXT_STEP * self.used
            self.due = now + _BACK * self.used


class Scheduler:
    """A lock whose holder yields it to whoever is due first."""

    def __init__(self) -> None:
        """Nobody computes yet."""
        self._guard = threading.Lock()
        self._busy = False
        self._waiting: list[Ticket] = []

    def take_turn(self, ticket: Ticket) -> None:
        """Wait until it is ``ticket``'s turn."""
        with self._guard:
            wait = self._busy
            if wait:
                ticket._called.clear()
                self._waiting.append(ticket)
            self._busy = True
        if wait:
            ticket._called.wait()
        ticket._began = time.monotonic()

    def end_turn(self) -> None:
        """End the turn: call who is due first."""
        with self._guard:
            if not self._waiting:
                self._busy = False
                return
            following = min(self._waiting, key=lambda ticket: ticket.due)
            self._waiting.remove(following)  # stays busy: the turn is handed over
        following._called.set()

    def yield_turn(self, ticket: Ticket) -> None:
        """In the middle of slow work: let those go first who are due before ``ticket``."""
        ticket.spend()
        with self._guard:
            others = any(waiting.due < ticket.due for waiting in self._waiting)
        if others:
            self.end_turn()
            self.take_turn(ticket)

    def ahead(self, ticket: Ticket) -> int:
        """How many will have their turn before ``ticket``; 0 if it is computing, or has done so."""
        with self._guard:
            if ticket not in self._waiting:
                return 0
            return 1 + sum(other.due < ticket.due for other in self._waiting)


SHARED = Scheduler()  # of this process: all its computations want the same cores
