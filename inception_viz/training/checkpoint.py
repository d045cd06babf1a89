"""Checkpoints that are whole or not there.

A checkpoint is written beside its place, synced to disk and renamed; its name carries the SHA-256
of its bytes. So a file that was cut, or changed on the way, is never taken for a good one, and the
one before it is used.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import torch

from inception_viz.errors import FileError, TrainingError
from inception_viz.files.cache import atomic_write
from inception_viz.sources.pickle_check import check_pickles

KEEP = 2
_NAME = re.compile(r"step-(\d{8})-([0-9a-f]{16})\.pt")


def save(folder: Path, step: int, content: dict[str, Any]) -> Path:
    """Write the checkpoint of ``step`` and drop all but the newest ``KEEP``.

    ``content`` holds tensors, numbers, strings, and lists and dictionaries of them.

    Raises:
        TrainingError: if the disk is full or can't be written; older checkpoints are untouched.
    """
    path = folder / "writing.pt"  # renamed below, once its hash is known
    try:
        with atomic_write(path) as temporary:
            torch.save(content, temporary)
            final = folder / f"step-{step:08d}-{_digest(temporary)}.pt"
        path.replace(final)
    except (FileError, OSError, RuntimeError) as error:  # torch's writer raises RuntimeError
        raise TrainingError(
            f"The checkpoint of step {step:,} can't be written to {folder}. Free some space or "
            "allow writing there, then resume: the checkpoint before it is intact."
        ) from error
    for old in checkpoints(folder)[KEEP:]:
        old.unlink(missing_ok=True)
    return final


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints by name, the newest first, whether they are intact or not."""
    return sorted((p for p in folder.glob("step-*.pt") if _NAME.fullmatch(p.name)), reverse=True)


def newest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest intact checkpoint and its content; None if there is none."""
    for path in checkpoints(folder):
        content = read(path)
        if content is not None:
            return path, content
    return None


def read(path: Path) -> dict[str, Any] | None:
    """The content of a checkpoint; None if its bytes are not those that were written."""
    named = _NAME.fullmatch(path.name)
    try:
        if not named or _digest(path) != named[2]:
            return None
        check_pickles(path)
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # gone, unreadable or no checkpoint of ours: as good as none
        return None
    return content


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
