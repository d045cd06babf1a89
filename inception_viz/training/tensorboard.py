"""Optional logs for TensorBoard."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from inception_viz.errors import TrainingError
from inception_viz.training.run import Row, Status


def tensorboard_logs(folder: Path) -> Callable[[Status, Row], None]:
    """A reporter that writes every figure of a row to ``folder``, by step.

    Raises:
        TrainingError: if the package tensorboard isn't installed.
    """
    try:
        writer = import_module("torch.utils.tensorboard").SummaryWriter(str(folder))
    except ImportError as error:
        raise TrainingError(
            "TensorBoard is not installed. Install it with `pip install tensorboard`, or train "
            "without --tensorboard."
        ) from error

    def report(status: Status, row: Row) -> None:
        for name, value in row.items():
            part, _, rest = name.partition("_")
            if value is None or name in ("epoch", "step"):
                continue
            tag = f"{rest}/{part}" if part in ("train", "val") else name
            writer.add_scalar(tag, value, status.step)
        writer.flush()

    return report
