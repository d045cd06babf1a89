"""Gives memory back to the system that computations have let go of.

The C library keeps what was freed for the next time, and does so in each of its arenas, of which
every few threads have one of their own. Computations need many megabytes for a moment, so after a
lesson several hundred of them would belong to nobody. Here there are few arenas, and what is free
in them is given back now and then.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from typing import Any

_ARENAS = 2
_SECONDS = 10.0  # from one time to the next; each takes 10 to 50 ms
_OWN_PAGES = 2**24  # bytes from which a block goes back as soon as it is free; less is slower
_SPARE = 2**26  # bytes that an arena keeps for the next pass, which else would fetch them anew
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's mallopt

_lock = threading.Lock()
_last = time.monotonic()
_library: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
if hasattr(_library, "mallopt"):
    _library.mallopt(_M_ARENA_MAX, _ARENAS)
    _library.mallopt(_M_MMAP_THRESHOLD, _OWN_PAGES)
    _library.mallopt(_M_TRIM_THRESHOLD, _SPARE)  # set one, and glibc stops adapting the other


def give_back() -> None:
    """Let the system have what is free, unless that was done a moment ago."""
    global _last
    if not hasattr(_library, "malloc_trim") or not _lock.acquire(blocking=False):
        return
    try:
        if time.monotonic() - _last >= _SECONDS:
            _last = time.monotonic()
            _library.malloc_trim(0)
    finally:
        _lock.release()
