"""An HTTP answer as it arrives, read in a thread of its own.

Whoever reads from a socket is stuck until something comes. Here somebody else is, so the one who
waits can look at the clock, report progress or leave.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from time import monotonic

import requests

TIMEOUT = 20.0  # seconds without any byte before giving up
PATIENCE = 60.0  # seconds in which a server has to send enough
LEAST_RATE = 1024  # bytes a second; a server that sends less, for so long, has stalled
_CHUNK_BYTES = 2**18
_WAITING_CHUNKS = 16  # at most so many lie between the two threads
_TICK = 0.2  # seconds


def arrivals(url: str, headers: dict[str, str]) -> Generator[requests.Response | bytes | None]:
    """The response, then its bytes as they come; None whenever nothing came for a moment.

    Closing the generator ends the transfer, whatever the server does.

    Raises:
        requests.RequestException, urllib3.exceptions.HTTPError: as they come.
    """
    inbox: queue.Queue[requests.Response | bytes | Exception] = queue.Queue(_WAITING_CHUNKS)
    left = threading.Event()

    def fetch() -> None:
        try:
            with closing(
                requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)
            ) as response:
                inbox.put(response)
                response.raw.enforce_content_length = False  # who waits counts, too
                # As it is sent: undone compression would count other bytes than the server does.
                read = response.raw.read1
                while not left.is_set() and (chunk := read(_CHUNK_BYTES, decode_content=False)):
                    inbox.put(chunk)
            inbox.put(b"")
        except Exception as error:  # raised where the bytes are waited for
            inbox.put(error)

    threading.Thread(target=fetch, daemon=True, name="transfer").start()
    try:
        while True:
            try:
                arrived = inbox.get(timeout=_TICK)
            except queue.Empty:
                yield None
                continue
            if isinstance(arrived, Exception):
                raise arrived
            if arrived == b"":
                return
            yield arrived
    finally:
        left.set()
        with suppress(queue.Empty):  # makes room, so that the reader sees that nobody waits
            while True:
                inbox.get_nowait()


@dataclass
class Pace:
    """Whether a transfer still gets anywhere: bytes ``done``, and when they last became more."""

    done: int = 0
    heard: float = field(default_factory=monotonic)

    def __post_init__(self) -> None:
        """Begin the first stretch of time."""
        self.mark = self.heard, self.done

    def went_on(self, done: int) -> None:
        """Note what arrived."""
        if done != self.done:
            self.done, self.heard = done, monotonic()

    def is_silent(self) -> bool:
        """Whether nothing came for too long."""
        return monotonic() - self.heard > TIMEOUT

    def is_slow(self) -> bool:
        """Whether too little came; asked often, it judges one stretch of time after the other."""
        since, before = self.mark
        if monotonic() - since < PATIENCE:
            return False
        self.mark = (monotonic(), self.done)
        return self.done - before < LEAST_RATE * PATIENCE
