"""What the garbage collector still looks at, and what memory goes back to the system."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from app.server import tuning


@pytest.fixture(autouse=True)
def _thawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tuning, "_modules", 0)
    monkeypatch.setattr(tuning, "_thawed_at", 0.0)
    yield
    gc.unfreeze()


class _Loop:
    def __init__(self) -> None:
        self.own = self


def test_libraries_are_not_walked_through() -> None:
    before = len(gc.get_objects())
    tuning.freeze_libraries()
    assert gc.get_freeze_count() > 0.9 * before
    assert len(gc.get_objects()) < 0.1 * before


def test_it_pauses_for_imports_and_goes_on_after_errors() -> None:
    with tuning.collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError), tuning.collector_paused():
        raise ImportError
    assert gc.isenabled()
    gc.disable()
    try:
        with tuning.collector_paused():
            pass
        assert not gc.isenabled(), "who has switched it off wants it off"
    finally:
        gc.enable()


def test_what_a_run_leaves_behind_is_still_collected() -> None:
    tuning.freeze_libraries()
    left = weakref.ref(_Loop())
    gc.collect()
    assert left() is None


def test_garbage_is_not_frozen_with_what_a_page_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    tuning.freeze_libraries()
    monkeypatch.setitem(sys.modules, "inception_viz_test_module", ModuleType("m"))
    gc.disable()
    try:
        left = weakref.ref(_Loop())
        tuning.freeze_libraries()
    finally:
        gc.enable()
    assert left() is None


def test_soon_again_only_after_something_was_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    tuning.freeze_libraries()
    kept = [_Loop() for _ in range(1000)]
    count = gc.get_freeze_count()
    tuning.freeze_libraries()
    assert gc.get_freeze_count() == count
    monkeypatch.setitem(sys.modules, "inception_viz_test_module", ModuleType("m"))
    tuning.freeze_libraries()
    assert gc.get_freeze_count() >= count + len(kept)


def test_what_was_frozen_with_a_session_is_freed_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = _Loop()
    left = weakref.ref(kept)
    tuning.freeze_libraries()
    del kept  # frozen, and in a circle: nobody finds it
    gc.collect()
    assert left() is not None
    monkeypatch.setattr(tuning, "_THAW_SECONDS", 0.0)
    tuning.freeze_libraries()
    assert left() is None


_USE_AND_FREE = """
import threading
from app.server import tuning

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def work():
    blocks = [bytearray(100_000) for _ in range(2_000)]  # each below what is mapped by itself
    del blocks[::2]
    kept.append(blocks[-1])

kept = []
for _ in range(4):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
full = resident()
tuning._GIVE_SECONDS = 0.0
tuning.give_memory_back()
print(full - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked to give memory back")
def test_what_is_free_goes_back_to_the_system() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _USE_AND_FREE], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 50e6


_USE_AGAIN = """
import resource
from app.server import tuning

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    blocks = [b"x" * 4_000_000 for _ in range(4)]  # as the maps of one forward pass

work()
before = faults()
for _ in range(50):
    work()
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told what to keep")
def test_the_next_pass_finds_the_memory_of_the_last() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _USE_AGAIN], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 5_000  # pages; 200,000 if each pass fetched its own
