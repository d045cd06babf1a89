"""Progress of a training on the terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from tqdm import tqdm

from inception_viz.training.run import Row, Status


class Console:
    """Progress bars with pictures a second and time left; plain lines where there is no terminal.

    Use it in a ``with``.
    """

    def __init__(self, *, silent: bool = False) -> None:
        """Nothing is shown before the first call, and nothing at all if ``silent``."""
        self._silent = silent
        self._bar: Any = None
        self._epochs_said = 0

    def __enter__(self) -> Console:
        """Return itself."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Leave the terminal in order."""
        self._close()

    def say(self, text: str) -> None:
        """A line of text."""
        if not self._silent:
            tqdm.write(text)

    def reading(self, done: int, total: int) -> None:
        """How many pictures are read."""
        if self._bar is None:
            self._bar = tqdm(
                total=total, unit=" pictures", desc="reading", mininterval=0.5, disable=self._silent
            )
        self._bar.update(done - self._bar.n)
        if done == total:
            self._close()

    def task(self, name: str, done: int, total: int | None) -> None:
        """How much of a named task is done."""
        if self._bar is None or self._bar.desc != name or self._bar.total != total:
            self._close()
            self._bar = tqdm(total=total, desc=name, mininterval=0.5, disable=self._silent)
            self._bar.desc = name
        self._bar.update(done - self._bar.n)

    def report(self, status: Status, row: Row) -> None:
        """How the training goes."""
        if self._bar is None:
            self._bar = tqdm(
                total=status.steps,
                initial=status.step,
                unit="step",
                bar_format="{desc} {percentage:3.0f}% |{bar}|{postfix}",
                mininterval=0.5,
                disable=self._silent,
            )
        self._bar.set_description_str(f"epoch {status.epoch}/{status.epochs} {status.size} px")
        parts = [f"{status.images_per_second:.0f} images/s"]
        if status.seconds_left is not None:
            parts.append(f"{_duration(status.seconds_left)} left")
        parts += [
            f"{key.removeprefix('train_loss_')} {value:.3f}"
            for key, value in row.items()
            if key.startswith("train_loss_") and value is not None
        ]
        self._bar.set_postfix_str(", ".join(parts), refresh=False)
        self._bar.update(status.step - self._bar.n)
        for warning in status.warnings:
            if status.epoch > self._epochs_said:
                self.say(warning)
        self._epochs_said = status.epoch

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
