"""How the process treats the computer that it shares: cores, memory, the garbage collector.

Cores. The threads of a computation spin for a while where they wait for each other. If something
else has the core meanwhile (thirty pages being drawn, a training), each waits for one that can't
run: one forward pass took 1.2 s instead of 50 ms. So they sleep instead. And PyTorch keeps the code
that it makes for each shape of convolution, 1,024 of them; rebuilt networks bring ever new shapes,
so fewer are kept: enough for a network and its batches. Both settings are read when PyTorch is
loaded, so this module is imported before it.

Memory. The C library keeps what was freed for the next time, in each of its arenas, of which every
few threads have one of their own. Computations need many megabytes for a moment, so after a lesson
several hundred of them would belong to nobody. Here there are few arenas, and what is free in them
goes back to the system now and then.

Garbage. Streamlit collects after every run of a page. With torch and its friends loaded that walks
through some 300,000 objects, 0.15 to 0.25 s in which nothing else happens, not even sending what
the page has drawn. Frozen objects are not walked through, so only what a run leaves behind is
looked at. What sessions hold at that moment is frozen with the libraries, and would stay when they
have gone, so now and then everything is thawed, collected and frozen anew.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

if "torch" not in sys.modules:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256")

_THAW_SECONDS = 120.0  # from one time to the next
_GIVE_SECONDS = 10.0  # each takes 10 to 50 ms
_ARENAS = 2
_OWN_PAGES = 2**24  # bytes from which a block goes back as soon as it is free; less is slower
_SPARE = 2**26  # bytes that an arena keeps for the next pass, which else would fetch them anew
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's mallopt

_lock = threading.Lock()
_modules = 0
_thawed_at = 0.0
_given_at = time.monotonic()

_library: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
if hasattr(_library, "mallopt"):
    _library.mallopt(_M_ARENA_MAX, _ARENAS)
    _library.mallopt(_M_MMAP_THRESHOLD, _OWN_PAGES)
    _library.mallopt(_M_TRIM_THRESHOLD, _SPARE)  # set one, and glibc stops adapting the other


@contextmanager
def collector_paused() -> Iterator[None]:
    """For imports: what they load is no garbage, and to look for some takes long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def freeze_libraries() -> None:
    """Freeze what is loaded, if a page has imported something more, or after a while."""
    global _modules, _thawed_at
    with _lock:
        now, first = time.monotonic(), not _modules
        due = now - _thawed_at >= _THAW_SECONDS
        if len(sys.modules) == _modules and not due:
            return
        _modules = len(sys.modules)
        if due:
            _thawed_at = now
            gc.unfreeze()
        if not first:  # then nothing is frozen yet: to look through all of it can wait
            gc.collect()
        gc.freeze()


def give_memory_back() -> None:
    """Let the system have what is free, unless that was done a moment ago."""
    global _given_at
    if not hasattr(_library, "malloc_trim") or not _lock.acquire(blocking=False):
        return
    try:
        if time.monotonic() - _given_at >= _GIVE_SECONDS:
            _given_at = time.monotonic()
            _library.malloc_trim(0)
    finally:
        _lock.release()
