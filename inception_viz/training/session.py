"""One training from start to end: folder, data, loop, checkpoints, and what remains of it."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from types import FrameType

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import TrainingError
from inception_viz.network.googlenet import GoogLeNet
from inception_viz.training import checkpoint
from inception_viz.training.card import write_results
from inception_viz.training.data import TrainingData
from inception_viz.training.loop import Trainer
from inception_viz.training.recipe import Recipe
from inception_viz.training.run import Command, Row, Run, State, Status

CHECKPOINT_SECONDS = 120.0
FIRST_SECONDS = 15.0  # so that one can soon look inside
CONTROL_SECONDS = 0.2  # how often the folder is looked at for a wish
STUCK_EPOCHS = 3
STUCK_STEPS = 60

Report = Callable[[Status, Row], None]


def run_training(
    run: Run,
    data: TrainingData,
    config: GoogLeNetConfig,
    recipe: Recipe,
    *,
    resume: bool = False,
    workers: int = 0,
    initial: GoogLeNet | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    report: Report | None = None,
) -> Status:
    """Train ``config`` on ``data`` in the folder ``run``, from its last checkpoint on if resumed.

    The run can be paused, resumed and stopped from outside (:meth:`Run.send`) and with Ctrl-C.
    Stopped or finished, it leaves ``model.safetensors`` and a model card.

    Args:
        run: its folder; locked by the caller (:meth:`Run.locked`).
        data: what to learn from.
        config: the network; its classes must be those of the data.
        recipe: how to train.
        resume: go on from the newest intact checkpoint, if there is one.
        initial: a network to start from instead of random weights; what fits is taken.
        workers: processes that prepare pictures beside the one that computes.
        checkpoint_seconds: at most this much work is lost if the process is killed.
        report: called every few seconds with the status and the newest row of figures.

    Raises:
        TrainingError: in a sentence for the user; the run's status says it too.
    """
    if config.classes != len(data.labels):
        raise TrainingError(
            f"The network has {config.classes} classes, the pictures {len(data.labels)}."
        )
    trainer = Trainer(config, recipe, data.train, data.validation, workers=workers, initial=initial)
    newest = checkpoint.newest(run.checkpoints) if resume else None
    if newest:
        trainer.restore(newest[1])
    return _Session(run, data, trainer, checkpoint_seconds, report).go()


@dataclass
class _Session:
    """What happens around the steps. Only the main process writes."""

    run: Run
    data: TrainingData
    trainer: Trainer
    checkpoint_seconds: float
    report: Report | None
    wish: Command = ""
    looked_at: float = 0.0
    interrupted: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.writes = self.trainer.accelerator.is_main_process
        self.recorded = self.run.exists()
        self.saved_at, self.saved_step = monotonic(), self.trainer.position.step

    def go(self) -> Status:
        try:
            with _on_interrupt(self.interrupted.set):
                if self.writes:
                    self.run.send("")
                    self._publish("training")
                while (ended_by := self.trainer.train(self._after_step, self._command)) == "pause":
                    self._save()
                    self._wait()
                status = self._status("finished")
                if self.writes:
                    status = self._finish(stopped=ended_by == "stop")
                self.trainer.close()
                return status
        except Exception as error:
            if self.writes:
                self.run.fail(error)
            raise

    def _command(self) -> Command:
        if monotonic() - self.looked_at > CONTROL_SECONDS:
            self.looked_at, self.wish = monotonic(), self.run.command()
        return "stop" if self.interrupted.is_set() else self.wish

    def _after_step(self) -> None:
        if not self.writes:
            return
        if self.recorded and not self.run.exists():
            raise TrainingError(
                "The folder of this training was removed while it went on, so it stopped. Start "
                "it again."
            )
        position = self.trainer.position
        self.run.write_history(position.history, position.steps)
        self._publish("training")
        first = not checkpoint.checkpoints(self.run.checkpoints)
        due = min(self.checkpoint_seconds, FIRST_SECONDS) if first else self.checkpoint_seconds
        if monotonic() - self.saved_at > due:
            self._save()

    def _save(self) -> None:
        step = self.trainer.position.step
        if self.writes and step > self.saved_step:
            checkpoint.save(self.run.checkpoints, step, self.trainer.state())
            self.saved_step = step
        self.saved_at = monotonic()

    def _wait(self) -> None:
        """Paused: nothing is computed until somebody wants something else."""
        if self.writes:
            self._publish("paused")
        while self.trainer.agree(self._command()) == "pause":
            time.sleep(CONTROL_SECONDS)
        self.trainer.accelerator.wait_for_everyone()

    def _finish(self, *, stopped: bool) -> Status:
        self._save()
        trainer, position = self.trainer, self.trainer.position
        if stopped and not position.step:
            status = self._status("stopped", "Stopped before the first step; nothing was learned.")
        else:
            write_results(self.run, self.data, trainer.averaged, trainer.recipe, position.history)
            kept = "Stopped. The weights so far are kept, and resume goes on from here."
            status = self._status("stopped", kept) if stopped else self._status("finished")
        self.run.set_status(status)
        return status

    def _publish(self, state: State) -> None:
        status = self._status(state)
        self.run.set_status(status)
        if self.report:
            position = self.trainer.position
            rows = position.history[-1:] + position.steps[-1:]
            self.report(status, max(rows, key=lambda row: row["step"] or 0, default={}))

    def _status(self, state: State, message: str = "") -> Status:
        trainer, position = self.trainer, self.trainer.position
        recipe = trainer.recipe
        rate = float(position.steps[-1]["images_per_second"] or 0) if position.steps else 0.0
        return Status(
            state=state,
            message=message,
            epoch=position.epoch,
            epochs=recipe.epochs,
            step=position.step,
            steps=trainer.total_steps,
            size=recipe.sizes[min(position.epoch, recipe.epochs - 1)],
            images_per_second=rate,
            seconds_left=seconds_left(
                recipe, position.step, trainer.steps_an_epoch, trainer.batch, rate
            ),
            warnings=tuple(
                f"{head} is stuck: after {position.epoch} epochs it guesses no better than chance. "
                "Lower the learning rate, or train on more pictures."
                for head in stuck_heads(position.history, trainer.config.classes)
            ),
        )


def seconds_left(
    recipe: Recipe, step: int, steps_per_epoch: int, batch: int, images_per_second: float
) -> float | None:
    """Time for the rest at the present rate; a picture costs as much as it has pixels."""
    if not images_per_second:
        return None
    epoch = min(step // steps_per_epoch, recipe.epochs - 1)
    pixels = [size**2 for size in recipe.sizes[epoch:]]
    steps = steps_per_epoch * (epoch + sum(pixels) / pixels[0]) - step
    return steps * batch / images_per_second


def stuck_heads(history: Sequence[Row], classes: int) -> list[str]:
    """Heads that have learned nothing: for the last epochs their loss was that of guessing.

    A head that guesses has a cross-entropy of ln(classes) and is right once in ``classes``.
    """
    recent = history[-STUCK_EPOCHS:]
    if len(recent) < STUCK_EPOCHS or (recent[-1]["step"] or 0) < STUCK_STEPS:
        return []
    losses = {key: key.removeprefix("train_loss_") for key in recent[0] if "train_loss_" in key}
    return [
        head
        for loss, head in losses.items()
        if all((row[loss] or 0) > 0.97 * math.log(classes) for row in recent)
        and all((row[f"train_accuracy_{head}"] or 0) < 1.5 / classes for row in recent)
    ]


@contextmanager
def _on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the training in order, the second one at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()
        for each, handler in before.items():
            signal.signal(each, handler)

    before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
