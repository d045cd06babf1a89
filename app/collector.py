"""Keeps the garbage collector away from what never becomes garbage.

Streamlit collects after every run of a page. With torch and its friends loaded that walks through
some 300,000 objects, 0.15 to 0.25 s in which nothing else happens, not even sending what the page
has drawn. Frozen objects are not walked through, so only what a run leaves behind is looked at.
"""

from __future__ import annotations

import gc
import sys
import threading

_lock = threading.Lock()
_modules = 0


def freeze_libraries() -> None:
    """Freeze what is loaded, whenever a page has imported something more."""
    global _modules
    with _lock:
        if len(sys.modules) == _modules:
            return
        _modules = len(sys.modules)
        gc.unfreeze()
        gc.collect()
        gc.freeze()
