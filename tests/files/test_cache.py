from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from inception_viz import FileError
from inception_viz.files import (
    VARIABLE,
    atomic_write,
    cache_dir,
    cached,
    exclusive,
    is_file,
    is_folder,
    real_path,
    typed_path,
)
from tests.conftest import ROOT


def test_the_variable_moves_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "a"))
    assert cache_dir() == tmp_path / "a"
    assert not cache_dir().exists()
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", "~/models")
    assert cache_dir() == Path.home() / "models"
    monkeypatch.delenv("INCEPTION_VIZ_CACHE")
    assert "inception-viz" in str(cache_dir())


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "/etc/passwd"])
def test_names_stay_inside(name: str) -> None:
    with pytest.raises(ValueError, match="without a path"):
        cached(name)


def test_writes_are_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    with atomic_write(path) as temporary:
        temporary.write_text("first")
        assert not path.exists()
    with pytest.raises(ZeroDivisionError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "first"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("cache", [True, False])
def test_an_unusable_directory_is_named(
    cache: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what lies in the cache may lie elsewhere by a variable; a result has its own place."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path if cache else tmp_path / "cache"))
    remedy = VARIABLE if cache else "choose another folder"
    path = tmp_path / "file" / "x"
    with pytest.raises(FileError, match=rf"{path} can't be written.*{remedy}"), atomic_write(path):
        pass


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, FileError), (errno.ENOENT, FileNotFoundError)]
)
def test_a_full_disk_while_writing(tmp_path: Path, number: int, kind: type[Exception]) -> None:
    with pytest.raises(kind), atomic_write(tmp_path / "x"):
        raise OSError(number, "what the disk said")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_goes_while_it_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "results" / "x"
    with pytest.raises(FileError, match="x can't be written"), atomic_write(path) as temporary:
        shutil.rmtree(path.parent)
        temporary.write_text("whole")


def test_no_folder_takes_a_files_place(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(FileError, match="x can't be written"), atomic_write(tmp_path / "x"):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_what_files_say_is_about_files() -> None:
    """They serve photos, tables and trainings, too."""
    texts = [path.read_text("utf-8") for path in (ROOT / "inception_viz/files").glob("*.py")]
    assert not any("weights" in text.lower() for text in texts)


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("~/photos", Path.home() / "photos"),
        ("~nobody-of-this-name/photos", Path("~nobody-of-this-name/photos")),
        ("photos/~x", Path("photos/~x")),
    ],
)
def test_typed_paths(typed: str, path: Path) -> None:
    assert typed_path(typed) == typed_path(Path(typed)) == path


def test_links_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert real_path(tmp_path / "a" / "x").name == "x"
    assert not is_folder(tmp_path / "a")


def test_one_thread_at_a_time(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        with exclusive(tmp_path / "x"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_lock_that_is_never_given_back_is_a_sentence(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "x"),
        pytest.raises(FileError, match="Another program has been working"),
        exclusive(tmp_path / "x", timeout=0.1),
    ):
        pass
    with exclusive(tmp_path / "x", timeout=0.1):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from inception_viz.files.cache import exclusive\n"
        "with exclusive(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "x")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(FileError), exclusive(tmp_path / "x", timeout=0):
            pass
        process.kill()
    with exclusive(tmp_path / "x", timeout=0):
        pass


@pytest.mark.parametrize("place", ["/proc", "file", "x" * 300])
def test_directories_that_cannot_be_used(tmp_path: Path, place: str) -> None:
    """These refuse also the superuser."""
    (tmp_path / "file").write_text("")
    path = tmp_path / place / "model"
    assert not is_file(path)
    with pytest.raises(FileError, match="Free some space or allow writing"), exclusive(path):
        pass
    with pytest.raises(FileError, match="Free some space or allow writing"), atomic_write(path):
        pass
