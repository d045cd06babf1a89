from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from app import jobs
from app.jobs import Job, Jobs, Turns

Progress = Callable[[float], None]
WAIT = 10


def test_turns_are_served_in_the_order_they_were_asked_for() -> None:
    turns, order = Turns(), []
    threads = []
    with turns:
        for number in range(5):

            def work(number: int = number) -> None:
                with turns:
                    order.append(number)

            threads.append(threading.Thread(target=work))
            threads[-1].start()
            while len(turns._waiting) <= number:
                time.sleep(0.001)
        assert order == []
    for thread in threads:
        thread.join(WAIT)
    assert order == list(range(5))
    with turns:  # free again
        pass


def test_never_two_at_a_time() -> None:
    turns = Turns()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with turns:
                inside += 1
                most = max(most, inside)
                time.sleep(0)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert most == 1


def test_slow_work_lets_quick_work_pass() -> None:
    turns = Turns()
    slow_runs, quick_done = threading.Event(), threading.Event()

    def slow(progress: Progress) -> str:
        slow_runs.set()
        end = time.monotonic() + WAIT
        while not quick_done.is_set() and time.monotonic() < end:
            progress(0.5)
        return "done"

    job = Jobs(turns).get("slow", slow)
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

    all_jobs = Jobs(Turns())
    found = {id(all_jobs.get("key", work)) for _ in range(10)}
    go.set()
    job = all_jobs.get("key", work)
    assert job.finished.wait(WAIT)
    assert len(found) == 1 and job.result == 1
    assert all_jobs.get("key", work) is job


def test_an_error_reaches_who_asks_and_is_tried_anew() -> None:
    all_jobs = Jobs(Turns())

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

    all_jobs = Jobs(Turns())
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

    all_jobs = Jobs(Turns())
    job = all_jobs.get("key", endless)
    with job.watched():
        assert not job.finished.wait(0.2)  # goes on while it is watched
    assert job.finished.wait(WAIT)
    assert all_jobs.get("key", lambda _progress: 1) is not job


def test_old_results_are_forgotten() -> None:
    all_jobs = Jobs(Turns(), kept=3)
    found: list[Job] = []
    for key in range(6):
        found.append(all_jobs.get(key, lambda _progress: None))
        assert found[-1].finished.wait(WAIT)
    assert len(all_jobs._jobs) <= 4
    assert all_jobs.get(5, lambda _progress: None) is found[5]
    assert all_jobs.get(0, lambda _progress: None) is not found[0]
