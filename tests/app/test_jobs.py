from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from app.server import jobs
from app.server.jobs import Job, Jobs
from app.server.scheduler import Turns

Progress = Callable[[float], None]
WAIT = 10


def test_slow_work_lets_quick_work_pass() -> None:
    turns = Turns()
    slow_runs, quick_done = threading.Event(), threading.Event()

    def slow(progress: Progress) -> str:
        slow_runs.set()
        end = time.monotonic() + WAIT
        while not quick_done.is_set() and time.monotonic() < end:
            progress(0.5)
        return "done"

    job = Jobs(turns, kept=9).get("slow", slow)
    with job.watched():
        assert slow_runs.wait(WAIT)
        with turns:  # would wait forever if the slow one kept its turn
            quick_done.set()
        assert job.finished.wait(WAIT)
    assert job.result == "done"


def test_the_same_work_is_done_once() -> None:
    count = 0
    go = threading.Event()

    def work(_progress: Progress) -> int:
        nonlocal count
        count += 1
        go.wait(WAIT)
        return count

    all_jobs = Jobs(Turns(), kept=9)
    found = {id(all_jobs.get("key", work)) for _ in range(10)}
    go.set()
    job = all_jobs.get("key", work)
    assert job.finished.wait(WAIT)
    assert len(found) == 1 and job.result == 1
    assert all_jobs.get("key", work) is job


def test_an_error_reaches_who_asks_and_is_tried_anew() -> None:
    all_jobs = Jobs(Turns(), kept=9)

    def fail(_progress: Progress) -> None:
        raise ValueError("no")

    job = all_jobs.get("key", fail)
    assert job.finished.wait(WAIT)
    assert isinstance(job.error, ValueError)
    again = all_jobs.get("key", lambda _progress: "yes")
    assert again.finished.wait(WAIT)
    assert again.result == "yes"


def test_cancelled_work_stops_and_stays_so_until_allowed() -> None:
    started = threading.Event()

    def endless(progress: Progress) -> None:
        started.set()
        while True:
            progress(0.1)
            time.sleep(0.001)

    all_jobs = Jobs(Turns(), kept=9)
    job = all_jobs.get("key", endless)
    with job.watched():
        assert started.wait(WAIT)
        job.cancel()
        assert job.finished.wait(WAIT)
    assert job.error is None and job.result is None
    assert all_jobs.get("key", endless) is job
    job.allow()
    again = all_jobs.get("key", lambda _progress: 7)
    assert again.finished.wait(WAIT)
    assert again.result == 7


def test_work_that_nobody_watches_any_more_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "ABANDONED_SECONDS", 0.05)

    def endless(progress: Progress) -> None:
        while True:
            progress(0.1)
            time.sleep(0.001)

    all_jobs = Jobs(Turns(), kept=9)
    job = all_jobs.get("key", endless)
    with job.watched():
        assert not job.finished.wait(0.2)  # goes on while it is watched
    assert job.finished.wait(WAIT)
    assert all_jobs.get("key", lambda _progress: 1) is not job


def test_who_comes_while_abandoned_work_ends_gets_a_job_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "ABANDONED_SECONDS", 0.0)
    ending, ended = threading.Event(), threading.Event()

    def abandoned(progress: Progress) -> None:
        try:
            while True:
                progress(0.1)
                time.sleep(0.001)
        finally:
            ending.set()
            assert ended.wait(WAIT)

    all_jobs = Jobs(Turns(), kept=9)
    old = all_jobs.get("key", abandoned)
    with old.watched():  # until it has begun
        while not old.share:
            time.sleep(0.001)
    assert ending.wait(WAIT) and not old.finished.is_set()
    monkeypatch.setattr(jobs, "ABANDONED_SECONDS", 4.0)
    new = all_jobs.get("key", lambda _progress: 5)
    assert new is not old
    ended.set()
    assert new.outcome() == 5


def test_old_results_are_forgotten() -> None:
    all_jobs = Jobs(Turns(), kept=3)
    found: list[Job] = []
    for key in range(6):
        found.append(all_jobs.get(key, lambda _progress: None))
        assert found[-1].finished.wait(WAIT)
    assert len(all_jobs._jobs) <= 4
    assert all_jobs.get(5, lambda _progress: None) is found[5]
    assert all_jobs.get(0, lambda _progress: None) is not found[0]


class _Large:
    """A result that is not to be kept for nobody."""


def test_what_a_session_holds_is_found_again_and_what_nobody_holds_is_freed() -> None:
    all_jobs = Jobs(Turns(), kept=1)
    jobs_before = [all_jobs.get(key, lambda _progress: _Large()) for key in ("held", "left", "x")]
    for job in jobs_before:
        assert job.finished.wait(WAIT)
    held, left = jobs_before[0].result, weakref.ref(jobs_before[1].result)
    del jobs_before, job
    assert all_jobs.get("new", lambda _progress: _Large()).finished.wait(WAIT)
    assert all_jobs.get("newer", lambda _progress: _Large()).finished.wait(WAIT)
    gc.collect()
    assert left() is None
    found = all_jobs.get("held", lambda _progress: _Large())
    assert found.finished.is_set() and found.result is held


def test_a_job_knows_how_many_come_before_it() -> None:
    turns = Turns()
    with turns:
        waiting = [Jobs(turns, kept=9).get(key, lambda _progress: None) for key in range(3)]
        end = time.monotonic() + WAIT
        while sorted(job.ahead for job in waiting) != [1, 2, 3] and time.monotonic() < end:
            time.sleep(0.001)
        assert sorted(job.ahead for job in waiting) == [1, 2, 3]
    for job in waiting:
        assert job.finished.wait(WAIT)
        assert job.ahead == 0
