"""Paths: what somebody typed, and what lies there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inception_viz.errors import FileError


def typed_path(text: str | os.PathLike[str]) -> Path:
    """A path as somebody typed it: a "~" in front is a home folder, if there is such a user.

    Where there is none it stays as it is, so that the message is about a file that isn't there.
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111  (Path.expanduser raises then)


def real_path(path: Path) -> Path:
    """The path from the root, links followed as far as they lead somewhere."""
    return Path(os.path.realpath(path))  # (Path.resolve raises on links in a circle)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the disk says while ``path`` is read into a sentence.

    Raises:
        FileError: naming what can't be read.
    """
    try:
        yield
    except (OSError, UnicodeDecodeError) as error:
        where, why = (getattr(error, name, None) for name in ("filename", "strerror"))
        raise FileError(
            f"{where or path} can't be read ({why or error}). Check the path, and that you may "
            "read it."
        ) from error


def is_file(path: Path) -> bool:
    """Whether there is a file; not if it can't be told, as in a directory that can't be read."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # which of them are errors to Path depends on Python's version
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a directory; not if it can't be told."""
    return os.path.isdir(path)  # noqa: PTH112
