from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import inception_viz as iv
from inception_viz.batch import find_pictures
from inception_viz.training import ahead


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_pictures_below_a_folder_are_found_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.JPG", "a/z.png", "a/é.webp", "a.txt", ".hidden.jpg", ".git/c.jpg", "B.tiff")
    make(tmp_path, "a-b/c.gif")
    assert find_pictures(tmp_path) == ("B.tiff", "a-b/c.gif", "a/z.png", "a/é.webp", "b.JPG")


def test_links_are_followed_but_never_round_and_round(tmp_path: Path) -> None:
    make(tmp_path / "elsewhere", "far.jpg")
    make(tmp_path / "photos", "one/a.jpg", "two/b.jpg")
    (tmp_path / "photos" / "one" / "up").symlink_to("..")
    (tmp_path / "photos" / "one" / "across").symlink_to(Path("..", "two"))
    (tmp_path / "photos" / "two" / "across").symlink_to(Path("..", "one"))
    (tmp_path / "photos" / "far").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "nowhere").symlink_to("gone")
    (tmp_path / "photos" / "self").symlink_to("self")
    found = find_pictures(tmp_path / "photos")
    assert [path.rsplit("/")[-1] for path in found] == ["far.jpg", "a.jpg", "b.jpg"]


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt")
    with pytest.raises(iv.BatchError, match=r"no pictures in"):
        find_pictures(tmp_path)
    with pytest.raises(iv.BatchError, match="no folder"):
        find_pictures(tmp_path / "gone")
    with pytest.raises(iv.BatchError, match="no folder"):
        find_pictures(tmp_path / "notes.txt")


def test_a_folder_that_may_not_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.jpg", "secret/b.jpg")
    scandir = os.scandir

    def guarded(path: str | Path) -> object:
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(iv.BatchError, match=r"secret can't be read \(Permission denied\)"):
        find_pictures(tmp_path)


def test_only_a_few_are_read_ahead_however_many_there_are() -> None:
    """What bounds the memory: started − taken never exceeds ``most``."""
    lock, started, taken, largest = threading.Lock(), 0, 0, 0

    def read(number: int) -> int:
        nonlocal largest
        with lock:
            largest = max(largest, started - taken)
        return number * 2

    def endless() -> Iterator[int]:
        nonlocal started
        while True:
            with lock:
                started += 1
            yield started - 1

    stream = ahead(read, endless(), workers=3, most=10)
    for expected in range(300):
        assert next(stream) == expected * 2
        with lock:
            taken += 1
            assert started - taken <= 10
    stream.close()
    assert largest <= 10


def test_reading_ahead_ends_with_whoever_reads() -> None:
    read: list[int] = []

    def slow(number: int) -> int:
        time.sleep(0.01)
        read.append(number)
        return number

    stream = ahead(slow, range(1000), workers=2, most=50)
    next(stream)
    stream.close()
    after = len(read)
    time.sleep(0.05)
    assert len(read) == after < 50
    assert not [t for t in threading.enumerate() if t.name.startswith("reading")]


def test_what_reading_raises_is_raised() -> None:
    stream = ahead(lambda n: 1 // n, [1, 0, 1], workers=1, most=2)
    assert next(stream) == 1
    with pytest.raises(ZeroDivisionError):
        next(stream)
