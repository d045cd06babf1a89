"""Downloads from a local server that misbehaves."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inception_viz import DownloadError, WeightsError
from inception_viz.sources.download import CHUNK_BYTES, download

CONTENT = bytes(range(256)) * 4096  # 1 MiB, four chunks
SHA1 = hashlib.sha1(CONTENT).hexdigest()


@dataclass
class Behaviour:
    """What the server does; the ranges it was asked for."""

    content: bytes = CONTENT
    version: str = '"1"'
    cut_after: int | None = None
    announce: int | None = None
    honour_ranges: bool = True
    status: int = 0
    pause: float = 0.0
    ranges: list[str] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        does = self.server.behaviour
        asked = self.headers.get("Range", "")
        does.ranges.append(asked)
        start = 0
        if asked and does.honour_ranges and self.headers.get("If-Range") == does.version:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        if does.status:
            self.send_response(does.status)
        elif start >= len(does.content):
            self.send_response(416)
            start = len(does.content)
        else:
            self.send_response(206 if start else 200)
        body = b"" if does.status else does.content[start:]
        self.send_header("Content-Length", str(does.announce or len(body)))
        self.send_header("ETag", does.version)
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{len(does.content) - 1}/{len(does.content)}"
            )
        self.end_headers()
        time.sleep(does.pause)
        with contextlib.suppress(OSError):
            self.wfile.write(body[: does.cut_after])
        if does.cut_after is not None:
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    behaviour: Behaviour
    daemon_threads = True


@pytest.fixture
def host() -> Iterator[Behaviour]:
    server = Server(("127.0.0.1", 0), Handler)
    server.behaviour = Behaviour(url=f"http://127.0.0.1:{server.server_port}/model")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.behaviour
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "model"


def leftovers(target: Path) -> list[str]:
    return sorted(p.name for p in target.parent.iterdir() if not p.name.endswith(".lock"))


def test_whole_file_with_progress(host: Behaviour, target: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    download(host.url, target, sha1=SHA1, progress=lambda *s: seen.append(s))
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == ["model"]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_file_already_there_needs_no_network(host: Behaviour, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"mine")
    download(host.url, target, sha1=SHA1)
    assert target.read_bytes() == b"mine"
    assert host.ranges == []


def test_a_file_already_there_is_used_where_nothing_can_be_written(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise WeightsError(f"The directory {path.parent} can't be written.")

    target.parent.mkdir()
    target.write_bytes(b"mine")
    monkeypatch.setattr("inception_viz.sources.download.exclusive", refuse)
    assert download("http://127.0.0.1:9/model", target, sha1=SHA1) == target


@pytest.mark.parametrize("url", ["ftp://host/model", "file:///model", "model", "http://["])
def test_other_addresses_are_refused(target: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="no http or https address"):
        download(url, target, sha1=SHA1)
    assert not target.parent.exists()


def test_resumes_where_it_broke_off(host: Behaviour, target: Path) -> None:
    host.cut_after = CHUNK_BYTES + 5
    with pytest.raises(DownloadError, match="go on where it stopped"):
        download(host.url, target, sha1=SHA1)
    assert not target.exists()
    part = target.with_name("model.part").stat().st_size
    assert part >= CHUNK_BYTES
    host.cut_after = None
    seen: list[int] = []
    download(host.url, target, sha1=SHA1, progress=lambda done, _: seen.append(done))
    assert host.ranges == ["", f"bytes={part}-"]
    assert seen[0] > part
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == ["model"]


@pytest.mark.parametrize("change", ["version", "ranges"])
def test_starts_over_when_it_cannot_resume(host: Behaviour, target: Path, change: str) -> None:
    host.cut_after = CHUNK_BYTES * 2
    with pytest.raises(DownloadError):
        download(host.url, target, sha1=SHA1)
    host.cut_after = None
    if change == "version":
        host.version, host.content = '"2"', CONTENT[::-1]
    else:
        host.honour_ranges = False
    download(host.url, target, sha1=hashlib.sha1(host.content).hexdigest())
    assert target.read_bytes() == host.content


def test_a_part_that_is_too_long_is_dropped(host: Behaviour, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.part").write_bytes(CONTENT + b"more")
    target.with_name("model.part.version").write_text(host.version)
    download(host.url, target, sha1=SHA1)
    assert target.read_bytes() == CONTENT


def test_wrong_content_never_arrives(host: Behaviour, target: Path) -> None:
    host.content = b"something else"
    with pytest.raises(DownloadError, match="wrong checksum"):
        download(host.url, target, sha1=SHA1)
    assert leftovers(target) == []


def test_a_server_that_promises_more_than_it_sends(host: Behaviour, target: Path) -> None:
    host.announce = len(CONTENT) + 10
    host.cut_after = len(CONTENT)
    with pytest.raises(DownloadError, match="broke off"):
        download(host.url, target, sha1=SHA1)
    assert not target.exists()


def test_too_large_is_refused(host: Behaviour, target: Path) -> None:
    with pytest.raises(DownloadError, match="larger than"):
        download(host.url, target, sha1=SHA1, max_bytes=1000)
    assert leftovers(target) == []


@pytest.mark.parametrize("status", [403, 404, 416, 503])
def test_refusals_name_host_and_way_out(host: Behaviour, target: Path, status: int) -> None:
    host.status = status
    with pytest.raises(DownloadError) as error:
        download(host.url, target, sha1=SHA1)
    for word in (str(status), "127.0.0.1", str(target)):
        assert word in str(error.value)


def test_a_silent_server(host: Behaviour, target: Path) -> None:
    host.pause = 1.0
    with pytest.raises(DownloadError, match=r"No answer for 0\.2 seconds"):
        download(host.url, target, sha1=SHA1, timeout=0.2)


def test_an_unreachable_server(target: Path) -> None:
    with pytest.raises(DownloadError, match="may be offline"):
        download("http://127.0.0.1:9/model", target, sha1=SHA1)


@pytest.mark.parametrize("kind", [ZeroDivisionError, BrokenPipeError, KeyboardInterrupt])
def test_stopping_keeps_the_part(host: Behaviour, target: Path, kind: type[BaseException]) -> None:
    def stop(done: int, total: int | None) -> None:
        raise kind

    with pytest.raises(kind):
        download(host.url, target, sha1=SHA1, progress=stop)
    assert not target.exists()
    download(host.url, target, sha1=SHA1)
    assert target.read_bytes() == CONTENT
    assert host.ranges[1].startswith("bytes=")


def test_many_at_once_download_once(host: Behaviour, target: Path) -> None:
    host.pause = 0.1
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: download(host.url, target, sha1=SHA1), range(8)))
    assert set(paths) == {target}
    assert len(host.ranges) == 1


def test_a_directory_that_cannot_be_made(host: Behaviour, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(WeightsError, match="INCEPTION_VIZ_CACHE"):
        download(host.url, tmp_path / "file" / "model", sha1=SHA1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(host: Behaviour, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.part").symlink_to("/dev/full")
    with pytest.raises(DownloadError, match="free some space"):
        download(host.url, target, sha1=SHA1)
