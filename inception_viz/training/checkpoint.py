"""Checkpoints that are whole or not there.

A checkpoint is written beside its place, synced to disk and renamed; its name carries the SHA-256
of its bytes. So a file that was cut, or changed on the way, is never taken for a good one, and the
one before it is used.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from inception_viz.errors import TrainingError
from inception_viz.files.cache import atomic_write, remove, writing
from inception_viz.sources.pickle_check import check_pickles

KEEP = 2


def save(folder: Path, step: int, content: dict[str, Any]) -> Path:
    """Write the checkpoint of ``step`` and drop all but the newest ``KEEP``.

    ``content`` holds tensors, numbers, strings, and lists and dictionaries of them.

    Raises:
        TrainingError: if the disk is full or can't be written; older checkpoints are untouched.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    path = folder / f"step-{step:08d}-{_digest(buffer.getvalue())}.pt"
    then = ", then resume: the checkpoint before it is intact"
    with writing(path, TrainingError, then), atomic_write(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())
    for old in checkpoints(folder)[KEEP:]:
        remove(old)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints by name, the newest first, whether they are intact or not."""
    return sorted(folder.glob(f"step-{'[0-9]' * 8}-{'[0-9a-f]' * 16}.pt"), reverse=True)


def newest(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The newest intact checkpoint and its content; None if there is none."""
    for path in checkpoints(folder):
        with suppress(Exception):  # gone, unreadable or no checkpoint of ours: as good as none
            data = path.read_bytes()
            if path.stem.endswith(_digest(data)):
                check_pickles(path)
                return path, torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
