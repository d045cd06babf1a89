from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inception_viz.errors import TrainingError
from inception_viz.training import checkpoint

CONTENT = {"weights": {"a": torch.arange(1000.0)}, "step": 3, "rows": [{"loss": 1.5, "none": None}]}


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path = checkpoint.save(tmp_path, 3, CONTENT)
    found = checkpoint.newest(tmp_path)
    assert found is not None
    assert found[0] == path
    assert torch.equal(found[1]["weights"]["a"], torch.arange(1000.0))
    assert found[1]["rows"] == [{"loss": 1.5, "none": None}]


def test_the_newest_few_are_kept(tmp_path: Path) -> None:
    for step in (9, 10, 100, 2000):
        checkpoint.save(tmp_path, step, CONTENT)
    assert [int(p.name[5:13]) for p in checkpoint.checkpoints(tmp_path)] == [2000, 100]


@pytest.mark.parametrize("damage", ["cut", "empty", "bit", "nonsense"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path, damage: str) -> None:
    good = checkpoint.save(tmp_path, 1, CONTENT)
    bad = checkpoint.save(tmp_path, 2, CONTENT)
    content = bytearray(bad.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 1
    kept = {"cut": content[:-100], "empty": b"", "bit": content, "nonsense": b"x" * 99}[damage]
    bad.write_bytes(bytes(kept))
    found = checkpoint.newest(tmp_path)
    assert found is not None
    assert found[0] == good


def test_a_half_written_file_is_no_checkpoint(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 1, CONTENT)
    (tmp_path / ".writing.pt.x1y2").write_bytes(b"half")
    (tmp_path / "writing.pt").write_bytes(b"half")
    (tmp_path / "step-00000009-0123456789abcdef.pt.part").write_bytes(b"half")
    found = checkpoint.newest(tmp_path)
    assert found is not None
    assert found[1]["step"] == 3


def test_a_pickle_that_runs_code_is_not_run(tmp_path: Path) -> None:
    import hashlib
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    content = pickle.dumps(Evil())
    name = f"step-00000001-{hashlib.sha256(content).hexdigest()[:16]}.pt"
    (tmp_path / name).write_bytes(content)
    assert checkpoint.newest(tmp_path) is None
    assert not (tmp_path / "ran").exists()


def test_no_checkpoints_at_all(tmp_path: Path) -> None:
    assert checkpoint.newest(tmp_path / "nowhere") is None


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingError, match="can't be written"):
        checkpoint.save(tmp_path / "file" / "checkpoints", 1, CONTENT)
