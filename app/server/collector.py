"""Keeps the garbage collector away from what never becomes garbage.

Streamlit collects after every run of a page. With torch and its friends loaded that walks through
some 300,000 objects, 0.15 to 0.25 s in which nothing else happens, not even sending what the page
has drawn. Frozen objects are not walked through, so only what a run leaves behind is looked at.

What sessions hold at that moment is frozen with the libraries, and would stay when they have gone.
So now and then everything is thawed, collected and frozen anew.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SECONDS = 120.0  # after which it is done anew

_lock = threading.Lock()
_modules = 0
_frozen_at = 0.0


@contextmanager
def paused() -> Iterator[None]:
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
    global _modules, _frozen_at
    with _lock:
        now = time.monotonic()
        if len(sys.modules) == _modules and now - _frozen_at < _SECONDS:
            return
        _modules, _frozen_at = len(sys.modules), now
        gc.unfreeze()
        gc.collect()
        gc.freeze()
