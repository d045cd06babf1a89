"""The folder of one training run: what it was started with, how it goes, and what it left.

``config.json`` and ``recipe.json`` say what is trained and how, ``data.json`` on what,
``environment.json`` where. ``history.csv`` has a row an epoch, ``steps.csv`` one every few seconds,
``status.json`` the present state, ``control`` a wish from outside. ``checkpoints/`` serves to
resume. ``model.safetensors`` and ``README.md``, its model card, come at the end.
"""

from __future__ import annotations

import contextlib
import errno
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import FileError, TrainingError
from inception_viz.files.cache import atomic_write, cache_dir, remove
from inception_viz.files.paths import is_file
from inception_viz.training.recipe import Recipe
from inception_viz.training.record import Row, as_csv, environment, read_csv

State = Literal["preparing", "training", "paused", "finished", "stopped", "failed"]
Command = Literal["", "pause", "stop"]
STARTING_SECONDS = 60.0  # how long a new process may take until it holds its folder
ACTIVE: tuple[State, ...] = ("preparing", "training", "paused")


@dataclass(frozen=True)
class Status:
    """How a run is going.

    Attributes:
        state: what it is doing.
        message: what to tell the user, such as why it failed.
        epoch, epochs: epochs done, and in all.
        step, steps: steps done, and in all.
        size: side of the pictures now, in pixels.
        images_per_second: lately.
        seconds_left: estimated; None before there is an estimate.
        warnings: such as a head stuck at chance.
        updated: Unix time.
    """

    state: State = "preparing"
    message: str = ""
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    size: int = 0
    images_per_second: float = 0.0
    seconds_left: float | None = None
    warnings: tuple[str, ...] = ()
    updated: float = field(default_factory=time.time)


def runs_dir() -> Path:
    """Where runs go unless told otherwise: ``runs`` in the cache directory."""
    return cache_dir() / "runs"


@dataclass(frozen=True)
class Run:
    """One run's folder. Reading never raises for what isn't there yet."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """The finished weights."""
        return self.path / "model.safetensors"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / "README.md"

    def create(self, config: GoogLeNetConfig, recipe: Recipe, data: Mapping[str, Any]) -> None:
        """Write what the run starts with.

        Raises:
            TrainingError: if the folder holds a run already or can't be written.
        """
        if self.exists():
            raise TrainingError(
                f"{self.path} holds a run already. Resume it, or choose another folder."
            )
        self._write("config.json", config.to_json())
        self._write("data.json", json.dumps(data, indent=1))
        self._write("environment.json", json.dumps(environment(), indent=1))
        self._write("recipe.json", recipe.to_json())

    def exists(self) -> bool:
        """Whether something was started in this folder."""
        return is_file(self.path / "recipe.json")

    def discard(self) -> None:
        """Remove the folder if nothing was started in it."""
        if not self.exists():
            for name in ("status.json", "control", ".lock"):
                remove(self.path / name)
            with contextlib.suppress(OSError):  # there is something else in it
                self.path.rmdir()

    def start(self) -> tuple[GoogLeNetConfig, Recipe, dict[str, Any]]:
        """What the run was started with.

        Raises:
            TrainingError: if the folder holds no run.
        """
        try:
            texts = [
                (self.path / name).read_text("utf-8")
                for name in ("config.json", "recipe.json", "data.json")
            ]
            return (
                GoogLeNetConfig.from_json(texts[0]),
                Recipe.from_json(texts[1]),
                json.loads(texts[2]),
            )
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"{self.path} holds no training run that can be read. Check the folder."
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; the system lets go of it when the process ends, however it ends.

        Raises:
            TrainingError: if another process trains here, or the folder can't be written.
        """
        lock = FileLock(self._lock, is_singleton=False)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=1)  # somebody may be looking whether it is free
        except Timeout as error:
            if is_file(self._lock):
                raise TrainingError(f"Another process is training in {self.path}.") from error
            raise _cannot_write(self.path) from error  # FileLock waits, too, where it can't write
        except OSError as error:
            raise _cannot_write(self.path) from error
        try:
            self._sweep()
            yield
        finally:
            lock.release()

    def status(self) -> Status:
        """The present state. A run that ended without saying so is "stopped"."""
        values = self._json("status.json")
        known = {k: v for k, v in values.items() if k in Status.__dataclass_fields__}
        try:
            status = replace(Status(**known), warnings=tuple(values.get("warnings", ())))
            age = abs(time.time() - status.updated)  # a clock may be set back
        except TypeError:  # not written by us
            values = {}
        if not values:
            return Status(state="stopped", message="This folder says nothing about its training.")
        fresh = status.state == "preparing" and age < STARTING_SECONDS
        if status.state in ACTIVE and not fresh and not self.is_held():
            return replace(status, state="stopped", message=self._after_an_end())
        return status

    def _after_an_end(self) -> str:
        if not self.exists():
            return "The process ended before the training began. Start it again."
        if not any(self.checkpoints.glob("step-*.pt")):
            return (
                "The process ended unexpectedly, before its first checkpoint. Resume begins anew."
            )
        return "The process ended unexpectedly. Resume goes on from the last checkpoint."

    def is_held(self) -> bool:
        """Whether a process is training in this folder now."""
        if not is_file(self._lock):
            return False
        lock = FileLock(self._lock, is_singleton=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return is_file(self._lock)
        except OSError as error:  # somebody else's folder, or one that nobody can write to
            return error.errno != errno.EROFS
        lock.release()
        return False

    def set_status(self, status: Status) -> None:
        """Publish the present state."""
        self._write("status.json", json.dumps(asdict(replace(status, updated=time.time()))))

    def fail(self, message: str) -> None:
        """Publish why the run could not go on, if the disk still takes it."""
        with contextlib.suppress(TrainingError):
            self.set_status(replace(self.status(), state="failed", message=message))

    def command(self) -> Command:
        """What somebody wants this run to do: pause, stop, or nothing in particular."""
        try:
            text = (self.path / "control").read_text("utf-8").strip()
        except OSError:
            return ""
        return text if text in ("pause", "stop") else ""  # type: ignore[return-value]

    def send(self, command: Command) -> None:
        """Ask the run to pause, to stop, or (with "") to go on."""
        self._write("control", command)

    def history(self) -> list[dict[str, float | None]]:
        """A row an epoch."""
        return self._rows("history.csv")

    def steps(self) -> list[dict[str, float | None]]:
        """A row every few seconds."""
        return self._rows("steps.csv")

    def write_history(self, rows: Sequence[Row], steps: Sequence[Row]) -> None:
        """Replace both tables."""
        for name, table in (("history.csv", rows), ("steps.csv", steps)):
            self._write(name, as_csv(table))

    def write_card(self, text: str) -> None:
        """Write the model card."""
        self._write("README.md", text)

    @property
    def _lock(self) -> Path:
        return self.path / ".lock"

    def _sweep(self) -> None:
        """Remove what a process that was killed while writing left behind."""
        for folder in (self.path, self.checkpoints):
            for path in folder.glob(".*"):
                if path.name != ".lock" and path.is_file():
                    path.unlink(missing_ok=True)

    def _rows(self, name: str) -> list[dict[str, float | None]]:
        try:
            return read_csv((self.path / name).read_text("utf-8"))
        except (OSError, ValueError, TypeError):
            return []

    def _json(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads((self.path / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def _write(self, name: str, text: str) -> None:
        try:
            with atomic_write(self.path / name) as temporary:
                temporary.write_text(text, "utf-8")
        except (FileError, OSError) as error:
            raise TrainingError(
                f"{name} can't be written to {self.path}. Free some space or allow writing there, "
                "then resume: the last checkpoint is intact."
            ) from error


def _cannot_write(path: Path) -> TrainingError:
    return TrainingError(
        f"{path} can't be written. Free some space, allow writing there, or choose another folder."
    )
