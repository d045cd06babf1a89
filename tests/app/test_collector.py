"""What the garbage collector still looks at after the libraries are frozen."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from app.server import collector


@pytest.fixture(autouse=True)
def _thawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(collector, "_modules", 0)
    yield
    gc.unfreeze()


class _Loop:
    def __init__(self) -> None:
        self.own = self


def test_libraries_are_not_walked_through() -> None:
    before = len(gc.get_objects())
    collector.freeze_libraries()
    assert gc.get_freeze_count() > 0.9 * before
    assert len(gc.get_objects()) < 0.1 * before


def test_it_pauses_for_imports_and_goes_on_after_errors() -> None:
    with collector.paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ImportError), collector.paused():
        raise ImportError
    assert gc.isenabled()
    gc.disable()
    try:
        with collector.paused():
            pass
        assert not gc.isenabled(), "who has switched it off wants it off"
    finally:
        gc.enable()


def test_what_a_run_leaves_behind_is_still_collected() -> None:
    collector.freeze_libraries()
    left = weakref.ref(_Loop())
    gc.collect()
    assert left() is None


def test_garbage_is_never_frozen() -> None:
    gc.disable()
    try:
        left = weakref.ref(_Loop())
        collector.freeze_libraries()
    finally:
        gc.enable()
    assert left() is None


def test_soon_again_only_after_something_was_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    collector.freeze_libraries()
    kept = [_Loop() for _ in range(1000)]
    count = gc.get_freeze_count()
    collector.freeze_libraries()
    assert gc.get_freeze_count() == count
    monkeypatch.setitem(sys.modules, "inception_viz_test_module", ModuleType("m"))
    collector.freeze_libraries()
    assert gc.get_freeze_count() >= count + len(kept)


def test_what_was_frozen_with_a_session_is_freed_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = _Loop()
    left = weakref.ref(kept)
    collector.freeze_libraries()
    del kept  # frozen, and in a circle: nobody finds it
    gc.collect()
    assert left() is not None
    monkeypatch.setattr(collector, "_SECONDS", 0.0)
    collector.freeze_libraries()
    assert left() is None
