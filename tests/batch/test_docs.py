"""What the guide to tables of folders says works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from inception_viz.batch import schema
from tests.conftest import ROOT, noise_photo, sample


def test_the_python_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(sample("cat").read_bytes())
    noise_photo(1).save(tmp_path / "photos" / "noise.png")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "folders.md").read_text("utf-8")
    found: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.S):
        exec(compile(block, "folders.md", "exec"), found)
    assert found["done"].rows == 2
    assert len(found["scores"]) == 2 * 36
    assert set(found["scores"].branch) == {"1x1", "3x3", "5x5", "pool"}
    for name in schema(found["clf"], "shapley").names:
        if "." not in name or name.endswith(".4c.5x5"):
            assert f"`{name}`" in text, name
