"""Downloads from a local server that misbehaves."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from inception_viz import DownloadError, FileError
from inception_viz.files import download
from tests.conftest import ROOT
from tests.misbehaving import CONTENT, Behaviour, serving

QUARTER = len(CONTENT) // 4
CHECKSUM = f"sha1:{hashlib.sha1(CONTENT).hexdigest()}"


@pytest.fixture
def host() -> Iterator[Behaviour]:
    with serving() as behaviour:
        yield behaviour


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "model"


def leftovers(target: Path) -> list[str]:
    return sorted(p.name for p in target.parent.iterdir() if not p.name.endswith(".lock"))


def test_whole_file_with_progress(host: Behaviour, target: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    download(host.url, target, checksum=CHECKSUM, progress=lambda *s: seen.append(s))
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == ["model"]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_file_already_there_needs_no_network(host: Behaviour, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"mine")
    download(host.url, target, checksum=CHECKSUM)
    assert target.read_bytes() == b"mine"
    assert host.ranges == []


def test_a_file_already_there_is_used_where_nothing_can_be_written(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise FileError(f"The directory {path.parent} can't be written.")

    target.parent.mkdir()
    target.write_bytes(b"mine")
    monkeypatch.setattr("inception_viz.files.downloads.exclusive", refuse)
    assert download("http://127.0.0.1:9/model", target, checksum=CHECKSUM) == target


@pytest.mark.parametrize("url", ["ftp://host/model", "file:///model", "model", "http://["])
def test_other_addresses_are_refused(target: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="no http or https address"):
        download(url, target, checksum=CHECKSUM)
    assert not target.parent.exists()


def test_resumes_where_it_broke_off(host: Behaviour, target: Path) -> None:
    host.cut_after = QUARTER + 5
    with pytest.raises(DownloadError, match="go on where it stopped"):
        download(host.url, target, checksum=CHECKSUM)
    assert not target.exists()
    part = target.with_name("model.part").stat().st_size
    assert part >= QUARTER
    host.cut_after = None
    seen: list[int] = []
    download(host.url, target, checksum=CHECKSUM, progress=lambda done, _: seen.append(done))
    assert host.ranges == ["", f"bytes={part}-"]
    assert seen[0] >= part and seen[-1] == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert leftovers(target) == ["model"]


@pytest.mark.parametrize("change", ["version", "ranges"])
def test_starts_over_when_it_cannot_resume(host: Behaviour, target: Path, change: str) -> None:
    host.cut_after = QUARTER * 2
    with pytest.raises(DownloadError):
        download(host.url, target, checksum=CHECKSUM)
    host.cut_after = None
    if change == "version":
        host.version, host.content = '"2"', CONTENT[::-1]
    else:
        host.honour_ranges = False
    download(host.url, target, checksum=f"sha1:{hashlib.sha1(host.content).hexdigest()}")
    assert target.read_bytes() == host.content


def test_a_part_that_is_too_long_is_dropped(host: Behaviour, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.part").write_bytes(CONTENT + b"more")
    target.with_name("model.part.version").write_text(host.version)
    download(host.url, target, checksum=CHECKSUM)
    assert target.read_bytes() == CONTENT


def test_wrong_content_never_arrives(host: Behaviour, target: Path) -> None:
    host.content = b"something else"
    with pytest.raises(DownloadError, match="wrong checksum"):
        download(host.url, target, checksum=CHECKSUM)
    assert leftovers(target) == []


def test_a_server_that_promises_more_than_it_sends(host: Behaviour, target: Path) -> None:
    host.announce = str(len(CONTENT) + 10)
    host.cut_after = len(CONTENT) - 10
    with pytest.raises(DownloadError, match="broke off"):
        download(host.url, target, checksum=CHECKSUM)
    assert not target.exists()


def test_too_large_is_refused(host: Behaviour, target: Path) -> None:
    with pytest.raises(DownloadError, match="larger than"):
        download(host.url, target, checksum=CHECKSUM, max_bytes=1000)
    assert leftovers(target) == []


@pytest.mark.parametrize("status", [403, 404, 416, 503])
def test_refusals_name_host_and_way_out(host: Behaviour, target: Path, status: int) -> None:
    host.status = status
    with pytest.raises(DownloadError) as error:
        download(host.url, target, checksum=CHECKSUM)
    for word in (str(status), "127.0.0.1", str(target)):
        assert word in str(error.value)


def test_a_silent_server(host: Behaviour, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inception_viz.files.transfer.TIMEOUT", 0.2)
    host.pause = 1.0
    with pytest.raises(DownloadError, match=r"No answer for 0\.2 seconds"):
        download(host.url, target, checksum=CHECKSUM)


def test_an_unreachable_server(target: Path) -> None:
    with pytest.raises(DownloadError, match="may be offline"):
        download("http://127.0.0.1:9/model", target, checksum=CHECKSUM)


@pytest.mark.parametrize("kind", [ZeroDivisionError, BrokenPipeError, KeyboardInterrupt])
def test_stopping_keeps_the_part(host: Behaviour, target: Path, kind: type[BaseException]) -> None:
    def stop(done: int, total: int | None) -> None:
        raise kind

    with pytest.raises(kind):
        download(host.url, target, checksum=CHECKSUM, progress=stop)
    assert not target.exists()
    download(host.url, target, checksum=CHECKSUM)
    assert target.read_bytes() == CONTENT
    assert host.ranges[1].startswith("bytes=")


def test_many_at_once_download_once(host: Behaviour, target: Path) -> None:
    host.pause = 0.1
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: download(host.url, target, checksum=CHECKSUM), range(8)))
    assert set(paths) == {target}
    assert len(host.ranges) == 1


def test_a_directory_that_cannot_be_made(host: Behaviour, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(FileError, match="model can't be written"):
        download(host.url, tmp_path / "file" / "model", checksum=CHECKSUM)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk(host: Behaviour, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.part").symlink_to("/dev/full")
    with pytest.raises(DownloadError, match="free some space"):
        download(host.url, target, checksum=CHECKSUM)
    target.with_name("model.part").unlink()  # the fault is gone
    assert download(host.url, target, checksum=CHECKSUM).read_bytes() == CONTENT


def test_a_disk_that_fills_up_keeps_what_it_has(host: Behaviour, target: Path) -> None:
    """The system refuses files above a size, in a process of its own."""
    pytest.importorskip("resource")
    code = f"""
import pathlib, resource, signal
from inception_viz.errors import DownloadError
from inception_viz.files.downloads import download
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({QUARTER}, {QUARTER}))
try:
    download({host.url!r}, pathlib.Path({str(target)!r}), checksum={CHECKSUM!r})
except DownloadError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "free some space" in done.stdout
    assert target.with_name("model.part").stat().st_size == QUARTER
    assert download(host.url, target, checksum=CHECKSUM).read_bytes() == CONTENT
    assert host.ranges[1] == f"bytes={QUARTER}-"


def test_a_trickle_is_refused_and_kept(
    host: Behaviour, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.files.transfer.PATIENCE", 0.5)
    host.bite, host.pause = 1, 0.05
    with pytest.raises(DownloadError, match="less than 1 KiB a second") as error:
        download(host.url, target, checksum=CHECKSUM)
    assert "go on where it stopped" in str(error.value)
    host.bite, host.pause = 0, 0.0
    download(host.url, target, checksum=CHECKSUM)
    assert host.ranges[1] >= "bytes=1-"
    assert target.read_bytes() == CONTENT


def test_a_trickle_is_reported_as_it_arrives(host: Behaviour, target: Path) -> None:
    host.bite, host.pause = 1, 0.02
    seen: list[int] = []

    def leave_after_ten(done: int, _total: int | None) -> None:
        seen.append(done)
        if done >= 10:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        download(host.url, target, checksum=CHECKSUM, progress=leave_after_ten)
    assert len(seen) > 3
    assert target.with_name("model.part").stat().st_size == seen[-1]


@pytest.mark.parametrize("after", [0, QUARTER])
def test_a_silent_server_can_be_left_at_once(
    host: Behaviour, target: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.files.transfer.TIMEOUT", 3600)
    host.bite, host.hold_after = QUARTER, after
    asked: list[int] = []

    def leave(done: int, _total: int | None) -> None:
        asked.append(done)
        if asked[-3:] == [after] * 3:  # nothing comes any more
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        download(host.url, target, checksum=CHECKSUM, progress=leave)
    host.hold_after = None
    download(host.url, target, checksum=CHECKSUM)
    assert target.read_bytes() == CONTENT


def test_a_server_that_falls_silent(
    host: Behaviour, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.files.transfer.TIMEOUT", 0.3)
    host.bite, host.hold_after = QUARTER, QUARTER
    with pytest.raises(DownloadError, match=r"No answer for 0\.3 seconds.*where it stopped"):
        download(host.url, target, checksum=CHECKSUM)


def test_a_server_that_promises_more_but_sent_it_all(host: Behaviour, target: Path) -> None:
    host.announce, host.cut_after = str(len(CONTENT) + 10), len(CONTENT)
    download(host.url, target, checksum=CHECKSUM)
    assert target.read_bytes() == CONTENT


def test_a_whole_part_needs_no_server(target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.part").write_bytes(CONTENT)
    download("http://127.0.0.1:9/model", target, checksum=CHECKSUM)
    assert leftovers(target) == ["model"]


@pytest.mark.parametrize("length", ["1000", "0"])
def test_a_server_that_promises_less(host: Behaviour, target: Path, length: str) -> None:
    host.announce = length
    with pytest.raises(DownloadError, match=r"wrong checksum"):
        download(host.url, target, checksum=CHECKSUM)
    host.announce = ""
    assert download(host.url, target, checksum=CHECKSUM).read_bytes() == CONTENT


@pytest.mark.parametrize("length", ["-5", "many", "\xb2", "9" * 5000])
def test_lengths_that_mean_nothing(host: Behaviour, target: Path, length: str) -> None:
    host.announce, host.cut_after = length, len(CONTENT)
    try:
        download(host.url, target, checksum=CHECKSUM)
    except DownloadError as error:
        assert "127.0.0.1" in str(error)
    else:
        assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("span", ["", "bytes \xb2-5/9", "bytes 7-1048575/1048576", "x" * 5000])
def test_ranges_that_mean_nothing(host: Behaviour, target: Path, span: str) -> None:
    host.cut_after = QUARTER
    with pytest.raises(DownloadError):
        download(host.url, target, checksum=CHECKSUM)
    host.cut_after, host.headers = None, {"Content-Range": span}
    with pytest.raises(DownloadError, match="another part"):
        download(host.url, target, checksum=CHECKSUM)
    host.headers = {}
    assert download(host.url, target, checksum=CHECKSUM).read_bytes() == CONTENT


@pytest.mark.parametrize("goal", ["/model", "ftp://elsewhere/x", "http://["])
def test_redirections_that_lead_nowhere(host: Behaviour, target: Path, goal: str) -> None:
    host.status, host.headers = 302, {"Location": goal}
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1"):
        download(host.url, target, checksum=CHECKSUM)
    assert not target.exists()


def test_a_sign_in_page_instead_of_the_file(host: Behaviour, target: Path) -> None:
    host.content, host.headers = b"<html>Pay here", {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(DownloadError, match="sign in first"):
        download(host.url, target, checksum=CHECKSUM)
    assert leftovers(target) == []


def test_a_damaged_note_about_the_part_starts_over(host: Behaviour, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("model.part").write_bytes(b"x" * 100)
    target.with_name("model.part.version").write_bytes(b"\xff\xfe\r\nHost: other")
    download(host.url, target, checksum=CHECKSUM)
    assert host.ranges == [""]
    assert target.read_bytes() == CONTENT


def test_a_directory_that_is_removed_meanwhile(host: Behaviour, target: Path) -> None:
    def remove(done: int, _total: int | None) -> None:
        shutil.rmtree(target.parent, ignore_errors=True)

    with pytest.raises(DownloadError, match=r"cache was removed during the download"):
        download(host.url, target, checksum=CHECKSUM, progress=remove)
    download(host.url, target, checksum=CHECKSUM)
    assert target.read_bytes() == CONTENT


def test_another_program_that_downloads_is_watched(
    host: Behaviour, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be left, and one that hangs isn't waited for without end."""
    monkeypatch.setattr("inception_viz.files.transfer.PATIENCE", 0.3)
    target.parent.mkdir()
    target.with_name("model.part").write_bytes(b"x" * 1000)
    seen: list[int] = []

    def leave(done: int, _total: int | None) -> None:
        seen.append(done)
        raise ZeroDivisionError

    with FileLock(target.with_name(".model.lock"), is_singleton=False):
        with pytest.raises(ZeroDivisionError):
            download(host.url, target, checksum=CHECKSUM, progress=leave)
        with pytest.raises(DownloadError, match="Another program is downloading model"):
            download(host.url, target, checksum=CHECKSUM)
    assert seen == [1000]
    assert download(host.url, target, checksum=CHECKSUM).read_bytes() == CONTENT


def test_nothing_is_left_running(
    host: Behaviour, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inception_viz.files.transfer.TIMEOUT", 0.3)
    host.bite, host.hold_after = QUARTER, QUARTER
    with pytest.raises(DownloadError):
        download(host.url, target, checksum=CHECKSUM)
    host.let_go.set()
    for thread in threading.enumerate():
        if thread.name == "transfer":
            thread.join(10)
            assert not thread.is_alive()
