from __future__ import annotations

from pathlib import Path

import pytest

import inception_viz as iv
from tests.conftest import tiny_config


@pytest.fixture(scope="session")
def classifier() -> iv.Classifier:
    """A small network of random weights."""
    return iv.load("random", config=tiny_config(input_size=96))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own for every test."""
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path / "cache"))
