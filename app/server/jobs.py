"""What is computed for pages: in the background, once for all who ask for it, with turns.

A page that needs a result asks for its job and watches it. The page can be left, or the work
cancelled; whoever asks for the same thing meanwhile, or later, finds the same job. A few results
are kept for those who come back; the others live as long as some session holds them.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from app.server.scheduler import Ticket, Turns

Progress = Callable[[float], None]

ABANDONED_SECONDS = 4.0  # after which work that nobody watches any more stops


class _StoppedError(Exception):
    """Raised inside the work when it is cancelled or abandoned."""


@dataclass(eq=False)
class Job:
    """Work under way, or done.

    Attributes:
        share: how much is done, 0 to 1.
        result: what came out, once ``finished``.
        error: what went wrong, once ``finished``.
        cancelled: whether somebody asked it to stop; it is not started again by itself.
    """

    share: float = 0.0
    result: Any = None
    error: Exception | None = None
    cancelled: bool = False
    _stopped: bool = False
    finished: threading.Event = field(default_factory=threading.Event)
    _turns: Turns | None = None
    _ticket: Ticket = field(default_factory=Ticket)
    _watchers: int = 0
    _left: float = field(default_factory=time.monotonic)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep the work going while somebody looks at it."""
        self._watchers += 1
        try:
            yield
        finally:
            self._left = time.monotonic()
            self._watchers -= 1

    def outcome(self) -> Any:
        """Wait for the result; an error of the work is raised here."""
        with self.watched():
            self.finished.wait()
        if self.error is not None:
            raise self.error
        return self.result

    @property
    def ahead(self) -> int:
        """How many computations come before this one; 0 once it has begun."""
        return self._turns.ahead(self._ticket) if self._turns and not self.share else 0

    @property
    def worthless(self) -> bool:
        """Whether it is over without a result, but not because somebody cancelled it."""
        failed = self._stopped or (self.finished.is_set() and self.error is not None)
        return failed and not self.cancelled

    def cancel(self) -> None:
        """Stop soon, and stay so until :meth:`allow`."""
        self.cancelled = True

    def allow(self) -> None:
        """Let it start anew when it is asked for again."""
        self.cancelled = False

    @property
    def abandoned(self) -> bool:
        """Whether nobody has watched it for a while."""
        return not self._watchers and time.monotonic() - self._left > ABANDONED_SECONDS


class Jobs:
    """Jobs by what they compute. What failed or was abandoned is tried anew when asked for."""

    def __init__(self, turns: Turns, kept: int) -> None:
        """Work takes ``turns``; so many finished jobs are ``kept``, whoever holds their results."""
        self._turns = turns
        self._kept = kept
        self._guard = threading.Lock()
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self._held: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()

    def get(self, key: Hashable, work: Callable[[Progress], Any]) -> Job:
        """The job of ``key``; starts ``work`` if there is none. ``work`` gets a progress call."""
        with self._guard:
            job = self._jobs.get(key) or self._still_held(key)
            if job is None or job.worthless:
                job = Job(_turns=self._turns)
                threading.Thread(target=self._run, args=(key, job, work), daemon=True).start()
            job._left = time.monotonic()  # whoever asks is about to watch
            self._jobs[key] = job
            self._jobs.move_to_end(key)
            done = [k for k, j in self._jobs.items() if j.finished.is_set()]
            for old in done[: max(len(self._jobs) - self._kept, 0)]:
                del self._jobs[old]
            return job

    def _still_held(self, key: Hashable) -> Job | None:
        """A finished job of what was computed before, if some session still holds the result."""
        result = self._held.get(key)
        if result is None:
            return None
        job = Job(share=1.0, result=result)
        job.finished.set()
        return job

    def _run(self, key: Hashable, job: Job, work: Callable[[Progress], Any]) -> None:
        def progress(share: float) -> None:
            with self._guard:  # nobody can begin to watch it meanwhile
                job._stopped = job.cancelled or job.abandoned
            if job._stopped:
                raise _StoppedError
            job.share = min(max(share, 0.0), 1.0)
            self._turns.pass_on(job._ticket)

        self._turns.take(job._ticket)
        try:
            progress(0.0)
            job.result = work(progress)
            with self._guard:
                self._hold(key, job.result)
        except _StoppedError:
            pass
        except Exception as error:  # reaches whoever watches
            job.error = error
        finally:
            self._turns.give()
            job.finished.set()

    def _hold(self, key: Hashable, result: object) -> None:
        if type(result).__weakrefoffset__:  # numbers and texts are too small to be worth it
            self._held[key] = result
