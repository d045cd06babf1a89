from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from inception_viz.cli import tensorboard_logs
from inception_viz.errors import TrainingError
from inception_viz.training import Row, Status


def test_every_figure_is_logged_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[tuple[str, float, int]] = []

    class SummaryWriter:
        def __init__(self, folder: str) -> None:
            assert folder == str(tmp_path)

        def add_scalar(self, tag: str, value: float, step: int) -> None:
            logged.append((tag, value, step))

        def flush(self) -> None: ...

    fake = ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = SummaryWriter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    row: Row = {"epoch": 1, "step": 7, "train_loss_main": 1.5, "val_loss_main": None, "size": 96}
    tensorboard_logs(tmp_path)(Status(step=7), row)
    assert logged == [("loss_main/train", 1.5, 7), ("size", 96, 7)]


def test_a_missing_package_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(TrainingError, match="pip install tensorboard"):
        tensorboard_logs(tmp_path)
