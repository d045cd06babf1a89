"""Progress: bars on the terminal, and logs for TensorBoard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

from tqdm import tqdm

from inception_viz.errors import TrainingError
from inception_viz.training.run import Row, Status


class Console(AbstractContextManager["Console"]):
    """Progress bars with pictures a second and time left; plain lines where there is no terminal.

    Use it in a ``with``.
    """

    def __init__(self, *, silent: bool = False) -> None:
        """Nothing is shown before the first call, and nothing at all if ``silent``."""
        self._silent = silent
        self._task = ""
        self._bar: Any = None
        self._epochs_said = 0

    def __exit__(self, *_: object) -> None:
        """Leave the terminal in order."""
        if self._bar is not None:
            self._bar.close()

    def say(self, text: str) -> None:
        """A line of text."""
        if not self._silent:
            tqdm.write(text)

    def task(self, name: str, done: int, total: int | None, unit: str = " pictures") -> None:
        """How much of a named task is done; what was done at first counts for no speed."""
        self._show(name, done, total=total, unit=unit, unit_scale=unit == "B", desc=name)

    def report(self, status: Status, row: Row) -> None:
        """How the training goes."""
        form = "{desc} {percentage:3.0f}% |{bar}|{postfix}"
        self._show("training", status.step, total=status.steps, unit="step", bar_format=form)
        self._bar.set_description_str(f"epoch {status.epoch}/{status.epochs} {status.size} px")
        parts = [f"{status.images_per_second:.0f} images/s"]
        if status.seconds_left is not None:
            parts.append(f"{tqdm.format_interval(status.seconds_left)} left")
        parts += [
            f"{key.removeprefix('train_loss_')} {value:.3f}"
            for key, value in row.items()
            if key.startswith("train_loss_") and value is not None
        ]
        self._bar.set_postfix_str(", ".join(parts))
        if status.epoch > self._epochs_said:
            for warning in status.warnings:
                self.say(warning)
        self._epochs_said = status.epoch

    def _show(self, task: str, done: int, **options: Any) -> None:
        if task != self._task:
            self.__exit__()
            self._task = task
            self._bar = tqdm(initial=done, mininterval=0.5, disable=self._silent, **options)
        self._bar.total = options["total"]
        self._bar.update(done - self._bar.n)


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
