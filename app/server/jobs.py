"""What is computed for pages: in the background, once for all who ask for it, with turns.

A page that needs a result asks for its job and watches it: the work begins with the first watcher,
and stops a little after the last has gone. So the page can be left, and who cancels only ceases to
watch; whoever asks for the same thing meanwhile, or later, finds the same job. A few results are
kept for those who come back; the others live as long as some session holds them.
"""

from __future__ import annotations

import copy
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, cast
from weakref import WeakValueDictionary

from app.server.scheduler import SHARED, Scheduler, Ticket

T = TypeVar("T")
Progress = Callable[[float], None]

ABANDONED_SECONDS = 4.0  # after which work that nobody watches any more stops


class _AbandonedError(BaseException):
    """Raised inside work that nobody watches any more; no ``except Exception`` there catches it."""


class Job(Generic[T]):
    """Work that may be under way, or done.

    Attributes:
        key: what is computed.
        words: what is being done, "Reading the photo …".
        share: how much is done, 0 to 1.
        finished: set when there is a result or an error, and never otherwise.
        error: what went wrong, once ``finished``; without what a traceback holds, see
            :func:`_without_frames`.
    """

    def __init__(
        self,
        key: Hashable,
        work: Callable[[Progress], T],
        done: Callable[[Job[T]], None],
        scheduler: Scheduler = SHARED,
        words: str = "",
    ) -> None:
        """Not begun; ``done`` is called with it when there is a result or an error."""
        self.key = key
        self.words = words
        self.share = 0.0
        self.finished = threading.Event()
        self.error: BaseException | None = None
        self._result: T | None = None
        self._plan: tuple[Callable[[Progress], T], Callable[[Job[T]], None]] | None = (work, done)
        self._scheduler = scheduler
        self._ticket = Ticket()
        self._guard = threading.Lock()  # of what follows
        self._running = False
        self._watchers = 0
        self._left = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Begin the work, unless that was done, and keep it going while somebody looks at it."""
        with self._guard:
            self._watchers += 1
            if not self._running and not self.finished.is_set():
                self._running = True
                self._ticket = Ticket()
                threading.Thread(target=self._run, args=(self._ticket,), daemon=True).start()
        try:
            yield
        finally:
            with self._guard:
                self._watchers -= 1
                self._left = time.monotonic()

    def outcome(self) -> T:
        """Wait for the result; an error of the work is raised here."""
        with self.watched():
            self.finished.wait()
        if self.error is not None:
            raise copy.copy(self.error)  # each who raises it adds frames of their own
        return cast("T", self._result)

    def withdraw(self) -> None:
        """Whoever watched it wants it no more: unless somebody else does, it stops soon."""
        with self._guard:
            if not self._watchers:
                self._left = -ABANDONED_SECONDS

    @property
    def ahead(self) -> int:
        """How many computations come before this one; 0 once it has begun."""
        return 0 if self.share else self._scheduler.ahead(self._ticket)

    def _run(self, ticket: Ticket) -> None:
        def progress(share: float) -> None:
            self._stop_if_abandoned()
            self.share = min(max(share, 0.0), 1.0)
            self._scheduler.yield_turn(ticket)

        assert self._plan is not None  # it goes when the job is finished
        work, done = self._plan
        self._scheduler.take_turn(ticket)
        try:
            progress(0.0)
            self._result = work(progress)
        except _AbandonedError:
            return
        except BaseException as error:  # reaches whoever watches
            self.error = _without_frames(error)
        finally:
            self._scheduler.end_turn()
        self._plan = None  # with all that the work knew
        done(self)
        self.finished.set()

    def _stop_if_abandoned(self) -> None:
        with self._guard:  # nobody can begin to watch it meanwhile
            if self._watchers or time.monotonic() - self._left <= ABANDONED_SECONDS:
                return
            self._running = False  # who comes now begins it anew
            self.share = 0.0
        raise _AbandonedError


def _without_frames(error: BaseException) -> BaseException:
    """The error with its traceback as text: as frames it would keep all that they knew, tensors."""
    try:
        bare = copy.copy(error)  # has no traceback, no cause and no context
    except Exception:  # it can't be made from its arguments
        bare = RuntimeError(f"{type(error).__name__}: {error}")
    bare.add_note("".join(traceback.format_exception(error)))
    return bare


class Jobs:
    """Jobs by what they compute. What failed or was abandoned is tried anew when asked for."""

    def __init__(self, kept: int, words: str = "", scheduler: Scheduler = SHARED) -> None:
        """So many results are ``kept``, whoever holds them; ``words`` say what is being done."""
        self._most = kept
        self._words = words
        self._scheduler = scheduler
        self._guard = threading.Lock()  # of what follows
        self._known: WeakValueDictionary[Hashable, Job[Any]] = WeakValueDictionary()
        self._results: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self._kept: OrderedDict[Hashable, Job[Any]] = OrderedDict()

    def get(self, key: Hashable, work: Callable[[Progress], T]) -> Job[T]:
        """The job of ``key``, which does ``work`` if it is new. ``work`` gets a progress call."""
        with self._guard:
            job = self._known.get(key)
            if job is None or job.error is not None:
                job = self._done_before(key) or Job(
                    key, work, self._keep, self._scheduler, self._words
                )
                self._known[key] = job
            if key in self._kept:
                self._kept.move_to_end(key)
            return job

    def remember(self, key: Hashable, result: object) -> None:
        """Keep a result of ``key`` that was found on the way to another."""
        job = finished(result, key)
        with self._guard:
            self._known.setdefault(key, job)
        self._keep(job)

    def _done_before(self, key: Hashable) -> Job[Any] | None:
        """A finished job of what was computed before, if some session still holds the result."""
        result = self._results.get(key)
        return None if result is None else finished(result, key)

    def _keep(self, job: Job[Any]) -> None:
        if job.error is not None:
            return
        with self._guard:
            if type(job._result).__weakrefoffset__:  # numbers and texts are small
                self._results[job.key] = job._result
            self._kept[job.key] = job
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


def finished(result: T, key: Hashable = None) -> Job[T]:
    """A job that is done: for what needs no computing."""
    job = Job(key, lambda _progress: result, lambda _job: None)
    job._result, job._plan, job.share = result, None, 1.0
    job.finished.set()
    return job
