"""Frames of cameras: all viewers' in one queue, of which one at a time stands among pages' work.

A camera asks for the next frame as soon as it has an answer, so thirty of them always wait. In one
queue each of them gets the same share, and a page that is opened meanwhile waits for one frame and
not for thirty.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.server.scheduler import SHARED, Ticket

T = TypeVar("T")
_worker = ThreadPoolExecutor(1, "frames")


def compute(work: Callable[[], T]) -> T:
    """Wait for the turn, do ``work``; its errors are raised here. Not for the inside of a job."""
    return _worker.submit(_in_turn, work).result()


def _in_turn(work: Callable[[], T]) -> T:
    SHARED.take_turn(Ticket())
    try:
        return work()
    finally:
        SHARED.end_turn()
