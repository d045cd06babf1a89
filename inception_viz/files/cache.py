"""The user's cache directory: where it is, and files that are whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic

from filelock import FileLock, Timeout
from platformdirs import user_cache_dir

from inception_viz.errors import FileError, InceptionVizError
from inception_viz.files.paths import is_file, typed_path

VARIABLE = "INCEPTION_VIZ_CACHE"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what a disk says that takes no more
_LOOK_AGAIN = 0.2  # seconds between two looks at a lock that another one holds


def cache_dir() -> Path:
    """The directory named by INCEPTION_VIZ_CACHE, else the platform's usual one. May not exist."""
    chosen = os.environ.get(VARIABLE)
    return typed_path(chosen) if chosen else Path(user_cache_dir("inception-viz"))


def cached(name: str) -> Path:
    """Where the file ``name`` lies in the cache, whether it exists or not.

    Raises:
        ValueError: if ``name`` is more than a file's name.
    """
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError(f"{name!r} must be a file's name without a path.")
    return cache_dir() / name


@contextmanager
def writing(
    what: Path | str, error: type[InceptionVizError] = FileError, then: str = ""
) -> Iterator[None]:
    """Turn what the disk says while ``what`` is written into a sentence.

    Raises:
        InceptionVizError: of the class ``error``; the sentence goes on with ``then``.
    """
    try:
        yield
    except (OSError, FileError) as raised:
        if isinstance(raised, error):
            raise  # a sentence already
        said = raised.__cause__ if isinstance(raised, FileError) else raised
        if not then:
            cache = isinstance(what, Path) and what.is_relative_to(cache_dir())
            other = f"set {VARIABLE} to another directory" if cache else "choose another folder"
            then = f", or {other}"
        raise error(
            f"{what} can't be written ({getattr(said, 'strerror', None) or said}). Free some "
            f"space or allow writing there{then}."
        ) from raised


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it takes ``path``'s place, synced to disk.

    Raises:
        FileError: if it can't be written.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    temporary = Path(name)
    try:
        try:
            yield temporary
        except OSError as error:
            if error.errno not in _FULL and error.filename != name:
                raise  # about something else
            with writing(path):
                raise
        with writing(path):
            replace_synced(temporary, path)
    finally:
        remove(temporary)


def replace_synced(temporary: Path, path: Path) -> None:
    """Put a finished file in place so that a crash leaves the old file or the new one."""
    with temporary.open("r+b") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())
    temporary.chmod(0o644)  # mkstemp's files are private; a cache may be shared
    temporary.replace(path)


@contextmanager
def exclusive(
    path: Path, *, timeout: float = 10.0, waiting: Callable[[], None] | None = None
) -> Iterator[None]:
    """Let one thread of one process at a time work on ``path``; the others wait.

    The system lets go of what a killed process held. One that hangs is not waited for without end:

    Args:
        path: what is worked on.
        timeout: seconds to wait.
        waiting: called several times a second instead; an exception in it ends the waiting.

    Raises:
        FileError: if the directory can't be written, or after ``timeout``.
    """
    started = monotonic()
    with writing(path):
        while (held := hold(path.with_name(f".{path.name}.lock"), _LOOK_AGAIN)) is None:
            if waiting is not None:
                waiting()
            elif monotonic() - started > timeout:
                raise FileError(
                    f"Another program has been working on {path} for {timeout:g} seconds. Try "
                    "again when it is done; if it hangs, end it."
                )
    with held:
        yield


def hold(place: Path, seconds: float) -> AbstractContextManager[object] | None:
    """A lock through the file ``place``, held until its ``with`` ends; None if another has it.

    Raises:
        OSError: if the file can't be made.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    try:  # a lock object of its own for every caller: threads, too, exclude each other
        return FileLock(place, is_singleton=False).acquire(timeout=seconds)
    except Timeout:
        if not is_file(place):  # FileLock waits, too, where it can't make its file
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
        return None


def remove(path: Path) -> None:
    """Delete a file if it is there and can be deleted."""
    with contextlib.suppress(OSError):
        path.unlink()


def set_aside(path: Path) -> None:
    """Give a file that can't be used another name, if that can be done: it may be somebody's."""
    with contextlib.suppress(OSError):
        path.replace(path.with_name(f"{path.name}.old"))
