"""Paths: what somebody typed, and what lies there."""

from __future__ import annotations

import os
from pathlib import Path


def typed_path(text: str | os.PathLike[str]) -> Path:
    """A path as somebody typed it: a "~" in front is a home folder, if there is such a user.

    Where there is none it stays as it is, so that the message is about a file that isn't there.
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111  (Path.expanduser raises then)


def real_path(path: Path) -> Path:
    """The path from the root, links followed as far as they lead somewhere."""
    return Path(os.path.realpath(path))  # (Path.resolve raises on links in a circle)


def is_file(path: Path) -> bool:
    """Whether there is a file; not if it can't be told, as in a directory that can't be read."""
    return os.path.isfile(path)  # noqa: PTH113  (Path.is_file raises on some errors)


def is_folder(path: Path) -> bool:
    """Whether there is a directory; not if it can't be told."""
    return os.path.isdir(path)  # noqa: PTH112
