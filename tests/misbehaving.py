"""A local HTTP server that does what bad hosts and bad networks do."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@dataclass
class Behaviour:
    """What the server does; the ranges it was asked for.

    Attributes:
        content: the file.
        version: its ETag.
        cut_after: hang up after so many bytes.
        hold_after: go silent after so many bytes, until ``let_go``.
        announce: a length, as told to the client.
        honour_ranges: whether a transfer can be resumed.
        status: answer with this instead.
        headers: sent besides, or instead.
        pause: seconds before the answer, and with ``bite`` after each of its bites.
        bite: send so many bytes at a time.
        ranges: what was asked for.
        url: its address.
    """

    content: bytes = CONTENT
    version: str = '"1"'
    cut_after: int | None = None
    hold_after: int | None = None
    announce: str = ""
    honour_ranges: bool = True
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    bite: int = 0
    ranges: list[str] = field(default_factory=list)
    url: str = ""
    let_go: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        does = self.server.behaviour
        asked = self.headers.get("Range", "")
        does.ranges.append(asked)
        start = 0
        if asked and does.honour_ranges and self.headers.get("If-Range") == does.version:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        body = b"" if does.status else does.content[start:]
        if does.status:
            status = does.status
        elif start >= len(does.content):
            status, start = 416, len(does.content)
        else:
            status = 206 if start else 200
        headers = {"Content-Length": str(len(body)), "ETag": does.version}
        if start:
            size = len(does.content)
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        if does.announce:
            headers["Content-Length"] = does.announce
        with contextlib.suppress(OSError):  # the client may leave
            self.send_response(status)
            for name, value in (headers | does.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self._send(body)
        if does.cut_after is not None:
            self.close_connection = True

    def _send(self, body: bytes) -> None:
        does = self.server.behaviour
        time.sleep(does.pause)
        body = body[: does.cut_after]
        bite = does.bite or max(len(body), 1)
        for start in range(0, len(body), bite):
            if does.hold_after is not None and start >= does.hold_after:
                does.let_go.wait(60)
            self.wfile.write(body[start : start + bite])
            if does.bite and does.let_go.wait(does.pause):
                return

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    behaviour: Behaviour
    daemon_threads = True
    block_on_close = False


@contextmanager
def serving(**does: object) -> Iterator[Behaviour]:
    """Run the server; what it does may be changed at any time."""
    server = _Server(("127.0.0.1", 0), _Handler)
    url = f"http://127.0.0.1:{server.server_port}/model"
    server.behaviour = Behaviour(url=url, **does)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.behaviour
    finally:
        server.behaviour.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
