from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.server.scheduler import Scheduler, Ticket

WAIT = 10


def test_turns_are_served_in_the_order_they_were_asked_for() -> None:
    scheduler = Scheduler()
    order: list[str] = []
    with _computing(scheduler):
        threads = [_in_line(scheduler, Ticket(), order, name) for name in "abcde"]
        assert order == []
    for thread in threads:
        thread.join(WAIT)
    assert order == list("abcde")
    with _computing(scheduler):  # free again
        pass


def test_never_two_at_a_time() -> None:
    scheduler = Scheduler()
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with _computing(scheduler):
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


def _in_line(scheduler: Scheduler, ticket: Ticket, order: list[str], name: str) -> threading.Thread:
    """Somebody who waits with ``ticket`` and writes down when the turn comes."""

    def work() -> None:
        scheduler.take_turn(ticket)
        order.append(name)
        scheduler.end_turn()

    before = len(scheduler._waiting)
    thread = threading.Thread(target=work)
    thread.start()
    while len(scheduler._waiting) == before:
        time.sleep(0.001)
    return thread


@contextmanager
def _computing(scheduler: Scheduler) -> Iterator[Ticket]:
    ticket = Ticket()
    scheduler.take_turn(ticket)
    yield ticket
    scheduler.end_turn()


def _has_computed(seconds: float) -> Ticket:
    ticket = Ticket()
    ticket._began = time.monotonic() - seconds
    ticket.spend()
    return ticket


def test_a_click_goes_before_work_that_was_begun() -> None:
    scheduler = Scheduler()
    order: list[str] = []
    with _computing(scheduler):
        threads = [
            _in_line(scheduler, _has_computed(30.0), order, "long"),
            _in_line(scheduler, _has_computed(1.0), order, "begun"),
            _in_line(scheduler, Ticket(), order, "click"),
        ]
    for thread in threads:
        thread.join(WAIT)
    assert order == ["click", "begun", "long"]


def test_nobody_waits_for_ever() -> None:
    scheduler = Scheduler()
    order: list[str] = []
    begun = _has_computed(1.0)
    begun.due -= 60.0  # it has waited for a minute
    with _computing(scheduler):
        threads = [
            _in_line(scheduler, Ticket(), order, "click"),
            _in_line(scheduler, begun, order, "begun"),
        ]
    for thread in threads:
        thread.join(WAIT)
    assert order == ["begun", "click"]


def test_slow_work_passes_its_turn_on_to_a_click_and_gets_it_back() -> None:
    scheduler = Scheduler()
    order: list[str] = []
    with _computing(scheduler) as slow:
        slow._began -= 5.0
        click = _in_line(scheduler, Ticket(), order, "click")
        scheduler.yield_turn(slow)
        order.append("slow")
    click.join(WAIT)
    assert order == ["click", "slow"]
    assert slow.used > 5.0


def test_work_that_has_hardly_begun_goes_on() -> None:
    scheduler = Scheduler()
    order: list[str] = []
    with _computing(scheduler) as first:
        other = _in_line(scheduler, Ticket(), order, "other")
        scheduler.yield_turn(first)
        order.append("first")
    other.join(WAIT)
    assert order == ["first", "other"]


def test_everybody_knows_how_many_come_before() -> None:
    scheduler = Scheduler()
    order: list[str] = []
    tickets = [Ticket(), Ticket(), _has_computed(9.0), Ticket()]
    with _computing(scheduler) as busy:
        threads = [_in_line(scheduler, ticket, order, "") for ticket in tickets]
        assert scheduler.ahead(busy) == 0
        assert [scheduler.ahead(ticket) for ticket in tickets] == [1, 2, 4, 3]
    for thread in threads:
        thread.join(WAIT)
    assert [scheduler.ahead(ticket) for ticket in tickets] == [0, 0, 0, 0]
