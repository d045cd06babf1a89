"""Work that takes its time: in the background, once for all who ask for it, with turns.

A page that needs a slow result asks for its job and watches it. The page can be left, or the work
cancelled; whoever asks for the same thing meanwhile watches the same job.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

KEPT = 256  # finished jobs whose results are kept; results are small
ABANDONED_SECONDS = 4.0  # after which work that nobody watches any more stops


class Turns:
    """A lock for whoever computes; those who wait are served in the order they came.

    One computation uses all cores, so two at once would only slow each other down.
    """

    def __init__(self) -> None:
        """Nobody computes yet."""
        self._guard = threading.Lock()
        self._busy = False
        self._waiting: deque[threading.Event] = deque()

    def __enter__(self) -> Turns:
        """Wait for one's turn."""
        with self._guard:
            if not self._busy:
                self._busy = True
                return self
            called = threading.Event()
            self._waiting.append(called)
        called.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Call the next."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()  # stays busy: the turn is handed over
            else:
                self._busy = False

    def pass_on(self) -> None:
        """In the middle of slow work: let those who wait go first."""
        if self._waiting:
            self.__exit__()
            self.__enter__()


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

    @property
    def worthless(self) -> bool:
        """Whether it is over without a result, but not because somebody cancelled it."""
        failed = self._stopped or self.error is not None
        return self.finished.is_set() and failed and not self.cancelled

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

    def __init__(self, turns: Turns, kept: int = KEPT) -> None:
        """Work takes ``turns``; ``kept`` finished jobs are remembered."""
        self._turns = turns
        self._kept = kept
        self._guard = threading.Lock()
        self._jobs: OrderedDict[object, Job] = OrderedDict()

    def get(self, key: object, work: Callable[[Callable[[float], None]], Any]) -> Job:
        """The job of ``key``; starts ``work`` if there is none. ``work`` gets a progress call."""
        with self._guard:
            job = self._jobs.get(key)
            if job is None or job.worthless:
                job = self._jobs[key] = Job()
                threading.Thread(target=self._run, args=(job, work), daemon=True).start()
            self._jobs.move_to_end(key)
            done = [k for k, j in self._jobs.items() if j.finished.is_set()]
            for old in done[: max(len(self._jobs) - self._kept, 0)]:
                del self._jobs[old]
            return job

    def _run(self, job: Job, work: Callable[[Callable[[float], None]], Any]) -> None:
        def progress(share: float) -> None:
            if job.cancelled or job.abandoned:
                raise _StoppedError
            job.share = min(max(share, 0.0), 1.0)
            self._turns.pass_on()

        try:
            with self._turns:
                progress(0.0)
                job.result = work(progress)
        except _StoppedError:
            job._stopped = True
        except Exception as error:  # reaches whoever watches
            job.error = error
        finally:
            job.finished.set()
