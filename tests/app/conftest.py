"""What tests of pages share."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.server.classrooms import Classrooms


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for every test: no weights, no network."""
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Classrooms:
    """Classes of a test alone."""
    fresh = Classrooms()
    for module in ("app.session.classroom", "app.session.teaching", "app.widgets.class_line"):
        monkeypatch.setattr(f"{module}.SHARED", fresh)
    monkeypatch.setattr("app.session.channels._STEPS", 1)
    return fresh
