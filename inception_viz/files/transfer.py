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

Arrival = requests.Response | bytes | None

LEAST_RATE = 1024  # bytes a second; a server that sends less, for a minute, has stalled
_CHUNK_BYTES = 2**18
_WAITING_CHUNKS = 16  # at most so many lie between the two threads
_TICK = 0.2  # seconds


class _LeftError(Exception):
    """Nobody waits for the answer any more."""


def arrivals(
    url: str, headers: dict[str, str], *, timeout: float, tick: float = _TICK
) -> Generator[Arrival, None, None]:
    """The response, then its bytes as they come; None whenever nothing came for ``tick`` seconds.

    Closing the generator ends the transfer, whatever the server does.

    Args:
        url: http or https address.
        headers: to send.
        timeout: seconds after which a silent server is given up.
        tick: how long to wait for news.

    Raises:
        requests.RequestException, urllib3.exceptions.HTTPError: as they come.
    """
    inbox: queue.Queue[requests.Response | bytes | Exception] = queue.Queue(_WAITING_CHUNKS)
    left = threading.Event()

    def hand_over(item: requests.Response | bytes | Exception) -> None:
        while not left.is_set():
            try:
                inbox.put(item, timeout=tick)
                return
            except queue.Full:
                pass
        raise _LeftError

    def read() -> None:
        try:
            with closing(
                requests.get(url, headers=headers, stream=True, timeout=timeout)
            ) as response:
                hand_over(response)
                response.raw.enforce_content_length = False  # who waits counts, too
                # As it is sent: undone compression would count other bytes than the server does.
                while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=False):
                    hand_over(chunk)
            hand_over(b"")
        except _LeftError:
            pass
        except Exception as error:  # raised where the bytes are waited for
            with suppress(_LeftError):
                hand_over(error)

    threading.Thread(target=read, daemon=True, name="transfer").start()
    try:
        while True:
            try:
                arrived = inbox.get(timeout=tick)
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


@dataclass
class Pace:
    """Whether a transfer still gets anywhere: ``timeout`` and ``patience`` are seconds."""

    timeout: float
    patience: float
    done: int = 0
    heard: float = field(default_factory=monotonic)
    mark: tuple[float, int] = field(default_factory=lambda: (monotonic(), 0))

    def went_on(self, done: int) -> None:
        """Note what arrived."""
        if done != self.done:
            self.done, self.heard = done, monotonic()

    def is_silent(self) -> bool:
        """Whether nothing came for too long."""
        return monotonic() - self.heard > self.timeout

    def is_slow(self) -> bool:
        """Whether too little came; asked often, it judges one stretch of time after the other."""
        since, before = self.mark
        if monotonic() - since < self.patience:
            return False
        self.mark = (monotonic(), self.done)
        return self.done - before < LEAST_RATE * self.patience
