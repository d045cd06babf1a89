from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from app.server import jobs
from app.server.jobs import Job, Jobs
from app.server.scheduler import Scheduler, Ticket

Progress = Callable[[float], None]
WAIT = 10


def _jobs(kept: int = 9) -> Jobs:
    return Jobs(kept, scheduler=Scheduler())


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def _without_end(progress: Progress) -> None:
    while True:
        progress(0.1)
        time.sleep(0.001)


def test_slow_work_lets_quick_work_pass() -> None:
    scheduler = Scheduler()
    slow_runs, quick_done = threading.Event(), threading.Event()

    def slow(progress: Progress) -> str:
        slow_runs.set()
        end = time.monotonic() + WAIT
        while not quick_done.is_set() and time.monotonic() < end:
            progress(0.5)
        return "done"

    job = Jobs(9, scheduler=scheduler).get("slow", slow)
    with job.watched():
        assert slow_runs.wait(WAIT)
        scheduler.take_turn(Ticket())  # would wait forever if the slow one kept its turn
        quick_done.set()
        scheduler.end_turn()
        assert job.outcome() == "done"


def test_the_same_work_is_done_once() -> None:
    count = 0
    go = threading.Event()

    def work(_progress: Progress) -> int:
        nonlocal count
        count += 1
        go.wait(WAIT)
        return count

    all_jobs = _jobs()
    asked = [all_jobs.get("key", work) for _ in range(10)]
    found: list[int] = []
    threads = [threading.Thread(target=lambda j=job: found.append(j.outcome())) for job in asked]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(WAIT)
    assert found == [1] * 10
    assert all_jobs.get("key", work).outcome() == 1


def test_work_begins_when_somebody_watches_it() -> None:
    begun = threading.Event()
    job = _jobs().get("key", lambda _progress: begun.set())
    assert not begun.wait(0.05)
    job.outcome()
    assert begun.is_set()


def test_an_error_reaches_who_asks_and_is_tried_anew() -> None:
    all_jobs = _jobs()

    def fail(_progress: Progress) -> None:
        raise ValueError("no")

    for _ in range(2):  # each who raises it gets one of their own
        with pytest.raises(ValueError, match="no"):
            all_jobs.get("key", fail).outcome()
    assert all_jobs.get("key", lambda _progress: "yes").outcome() == "yes"


class _Large:
    """A result, or a tensor on the way to it, that is not to be kept for nobody."""


def test_an_error_says_where_it_happened_and_keeps_nothing_of_it() -> None:
    known: list[weakref.ref[_Large]] = []

    def fail(_progress: Progress) -> None:
        tensor = _Large()
        known.append(weakref.ref(tensor))
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("then") from error

    def page() -> None:
        held = _Large()  # of whoever waits
        known.append(weakref.ref(held))
        with pytest.raises(ValueError, match="then") as caught:
            job.outcome()
        assert "in fail" in caught.value.__notes__[0] and "first" in caught.value.__notes__[0]

    job = _jobs().get("key", fail)
    page()
    page()
    gc.collect()
    assert [held() for held in known] == [None] * 3


def test_an_error_that_cannot_be_copied_reaches_who_asks() -> None:
    class OddError(Exception):
        def __init__(self, first: str, *, second: str) -> None:
            super().__init__(first, second)

    def fail(_progress: Progress) -> None:
        raise OddError("one", second="two")

    with pytest.raises(RuntimeError, match=r"OddError: .*one"):
        _jobs().get("key", fail).outcome()


@pytest.mark.parametrize("error", [SystemExit, MemoryError])
def test_who_waits_is_never_left_waiting(error: type[BaseException]) -> None:
    def fail(_progress: Progress) -> None:
        raise error

    with pytest.raises(error):
        _jobs().get("key", fail).outcome()


def test_who_withdraws_stops_nobody_elses_work() -> None:
    all_jobs = _jobs()
    go = threading.Event()

    def work(progress: Progress) -> int:
        while not go.is_set():
            progress(0.5)
        return 7

    mine, theirs = all_jobs.get("key", work), all_jobs.get("key", work)
    with theirs.watched():
        with mine.watched():
            _until(lambda: mine.share == 0.5)
        mine.withdraw()
        go.set()
        assert theirs.outcome() == 7


def test_work_that_only_one_wanted_stops_when_they_withdraw_and_can_begin_anew() -> None:
    stopped, go = threading.Event(), threading.Event()

    def work(progress: Progress) -> str:
        try:
            while not go.is_set():
                progress(0.1)
        finally:
            stopped.set()
        return "after all"

    job = _jobs().get("key", work)
    with job.watched():
        _until(lambda: job.share > 0)
    job.withdraw()
    assert stopped.wait(WAIT) and not job.finished.is_set()
    go.set()
    assert job.outcome() == "after all"


def test_work_that_nobody_watches_any_more_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ABANDONED_SECONDS", 0.0)
    stopped = threading.Event()

    def work(progress: Progress) -> None:
        try:
            _without_end(progress)
        finally:
            stopped.set()

    job = _jobs().get("key", work)
    with job.watched():
        assert not stopped.wait(0.2)  # goes on while it is watched
    assert stopped.wait(WAIT)


def test_no_broad_except_keeps_abandoned_work_going(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ABANDONED_SECONDS", 0.0)
    caught, stopped = threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        try:
            while not caught.is_set():
                try:
                    progress(0.1)
                except Exception:
                    caught.set()
        finally:
            stopped.set()

    job = _jobs().get("key", work)
    with job.watched():
        _until(lambda: job.share > 0)
    assert stopped.wait(WAIT) and not caught.is_set()


def test_who_comes_while_abandoned_work_ends_has_it_done_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "ABANDONED_SECONDS", 0.0)
    ending, ended = threading.Event(), threading.Event()

    def work(progress: Progress) -> int:
        if ending.is_set():
            return 5
        try:
            _without_end(progress)
        finally:
            ending.set()
            assert ended.wait(WAIT)
        return 4

    all_jobs = _jobs()
    old = all_jobs.get("key", work)
    with old.watched():
        _until(lambda: old.share > 0)
    assert ending.wait(WAIT) and not old.finished.is_set()
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(all_jobs.get("key", work).outcome()))
    waiting.start()
    ended.set()
    waiting.join(WAIT)
    assert found == [5]


def test_watchers_are_counted_right_however_they_come_and_go() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        go = threading.Event()
        job = _jobs().get("key", lambda _progress: go.wait(WAIT))

        def come_and_go() -> None:
            for _ in range(2000):
                with job.watched():
                    pass

        threads = [threading.Thread(target=come_and_go) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert job._watchers == 0
    finally:
        go.set()
        sys.setswitchinterval(interval)


def test_old_results_are_forgotten() -> None:
    all_jobs = _jobs(kept=3)
    asked: list[str] = []

    def ask(key: str) -> None:
        all_jobs.get(key, lambda _progress: asked.append(key)).outcome()

    for key in "abcdef":
        ask(key)
    ask("d")  # now the one that was used last
    ask("g")
    ask("d")
    assert asked == list("abcdefg")
    ask("e")
    assert asked == list("abcdefge")


def test_what_was_asked_for_and_never_begun_is_kept_by_nobody() -> None:
    all_jobs = _jobs()
    trace = _Large()
    known = weakref.ref(trace)
    all_jobs.get("key", lambda _progress, trace=trace: trace)  # type: ignore[misc]
    del trace
    gc.collect()
    assert known() is None


def test_what_a_session_holds_is_found_again_and_what_nobody_holds_is_freed() -> None:
    all_jobs = _jobs(kept=1)

    def ask(key: str) -> _Large:
        return all_jobs.get(key, lambda _progress: _Large()).outcome()

    held, left = ask("held"), weakref.ref(ask("left"))
    ask("new")
    gc.collect()
    assert left() is None
    again = all_jobs.get("held", lambda _progress: _Large())
    assert again.finished.is_set() and again.outcome() is held


def test_a_finished_job_holds_nothing_of_its_work() -> None:
    trace = _Large()
    known = weakref.ref(trace)

    def ask(trace: _Large) -> Job[int]:
        return _jobs().get("key", lambda _progress: len(str(trace)))

    job = ask(trace)
    assert job.outcome() > 0
    del trace
    _until(lambda: (gc.collect(), known() is None)[1])  # its thread ends in a moment
    assert job.outcome() > 0


def test_a_job_knows_how_many_come_before_it() -> None:
    scheduler = Scheduler()
    scheduler.take_turn(Ticket())
    waiting = [Jobs(9, scheduler=scheduler).get(key, lambda _progress: None) for key in range(3)]
    threads = [threading.Thread(target=job.outcome) for job in waiting]
    for thread in threads:
        thread.start()
    _until(lambda: sorted(job.ahead for job in waiting) == [1, 2, 3])
    scheduler.end_turn()
    for job, thread in zip(waiting, threads, strict=True):
        thread.join(WAIT)
        assert job.finished.is_set() and job.ahead == 0


def test_a_result_found_on_the_way_needs_no_work() -> None:
    jobs = Jobs(kept=1)
    jobs.remember("a", 1)
    assert jobs.get("a", lambda _: 2).outcome() == 1
    jobs.remember("b", 3)  # one is kept
    assert jobs.get("a", lambda _: 2).outcome() == 2
