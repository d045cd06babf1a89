"""JPEGs that lack their last bytes, the end marker, and nothing else.

Pillow refuses them. With a marker put behind it, a file that was really cut would be read as well,
its rest grey or coarse; so it is found out first whether its bytes reach to the last block.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.JpegImagePlugin import JpegImageFile

JPEG_END = b"\xff\xd9"
_BLOCK = 16  # rows and columns of the largest usual block
_TAKEN_AWAY = (2, 4, 8, 16, 32, 64, 128)
_MAX_PIXELS = 50_000_000  # it is decoded a few times


def lacks_only_its_end(data: bytes) -> bool:
    """Whether a JPEG has no end marker, but all of the picture.

    Without a few bytes more, something in the picture changes: its last block, at the bottom right,
    if the bytes reached to it; blocks further up, too, if the file was cut before.
    """
    scan = data.find(b"\xff\xda")
    if scan < 0 or data.find(JPEG_END, scan) >= 0:
        return False
    whole = _decoded(data + JPEG_END)
    for count in _TAKEN_AWAY if whole is not None else ():
        shorter = _decoded(data[:-count] + JPEG_END)
        if shorter is None or whole is None:
            return False
        changed = (shorter != whole).any(axis=-1)
        if changed.any():
            above = changed[:-_BLOCK].any()
            return bool(changed[-_BLOCK:, -_BLOCK:].any() and not above)
    return False


def _decoded(data: bytes) -> NDArray[Any] | None:
    """Pixels (height, width, channels); None if they can't be had, or are too many."""
    try:
        with JpegImageFile(io.BytesIO(data), "") as file:
            if file.width * file.height > _MAX_PIXELS:
                return None
            return np.atleast_3d(np.asarray(file))
    except Exception:  # Pillow raises many types on damaged files
        return None
