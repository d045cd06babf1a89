"""The folder of one training run: what it was started with, how it goes, and what it left.

``config.json`` and ``recipe.json`` say what is trained and how, ``data.json`` on what,
``environment.json`` where. ``history.csv`` has a row an epoch, ``steps.csv`` one every few seconds,
``status.json`` the present state, ``control`` a wish from outside. ``checkpoints/`` serves to
resume. ``model.safetensors`` and ``README.md``, its model card, come at the end.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import InceptionVizError, TrainingError
from inception_viz.files.cache import atomic_write, cache_dir, hold, remove, writing
from inception_viz.files.paths import is_file
from inception_viz.training.recipe import Recipe

Row = dict[str, float | int | None]
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

    def create(self, config: GoogLeNetConfig, recipe: Recipe, data: Mapping[str, Any]) -> None:
        """Write what the run starts with.

        Raises:
            TrainingError: if the folder holds a run already or can't be written.
        """
        if self.exists():
            raise TrainingError(
                f"{self.path} holds a run already. Resume it, or choose another folder."
            )
        self.write("config.json", config.to_json())
        self.write("data.json", json.dumps(data, indent=1))
        self.write("environment.json", json.dumps(environment(), indent=1))
        self.write("recipe.json", recipe.to_json())

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
            config, recipe, data = (
                (self.path / f"{name}.json").read_text("utf-8")
                for name in ("config", "recipe", "data")
            )
            return GoogLeNetConfig.from_json(config), Recipe.from_json(recipe), json.loads(data)
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
        with writing(self.path, TrainingError):
            held = hold(self._lock, 1)  # somebody may be looking whether it is free
        if held is None:
            raise TrainingError(f"Another process is training in {self.path}.")
        with held:
            for folder in (self.path, self.checkpoints):
                for path in folder.glob(".*"):  # what a process that was killed was writing
                    if path != self._lock and path.is_file():
                        remove(path)
            yield

    def status(self) -> Status:
        """The present state. A run that ended without saying so is "stopped"."""
        try:
            values = json.loads((self.path / "status.json").read_text("utf-8"))
            known = {k: v for k, v in values.items() if k in Status.__dataclass_fields__}
            status = replace(Status(**known), warnings=tuple(values.get("warnings", ())))
            age = abs(time.time() - values["updated"])  # a clock may be set back
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # or not written by us
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
        try:
            held = hold(self._lock, 0)
        except OSError as error:  # somebody else's folder, or one that nobody can write to
            return error.errno not in (errno.EROFS, errno.ENOENT)
        with held or contextlib.nullcontext():
            return held is None

    def set_status(self, status: Status) -> None:
        """Publish the present state."""
        self.write("status.json", json.dumps(asdict(replace(status, updated=time.time()))))

    def fail(self, error: Exception) -> None:
        """Publish why the run could not go on, if the disk still takes it."""
        unforeseen = f"The training failed: {type(error).__name__}: {str(error)[:300]}."
        message = str(error) if isinstance(error, InceptionVizError) else unforeseen
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
        self.write("control", command)

    def history(self) -> list[dict[str, float | None]]:
        """A row an epoch."""
        return self._rows("history.csv")

    def steps(self) -> list[dict[str, float | None]]:
        """A row every few seconds."""
        return self._rows("steps.csv")

    def write_history(self, rows: Sequence[Row], steps: Sequence[Row]) -> None:
        """Replace both tables."""
        import pandas as pd

        for name, table in (("history.csv", rows), ("steps.csv", steps)):
            text = pd.DataFrame(table).to_csv(index=False, float_format="%.6g") if table else ""
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Put a text into the folder.

        Raises:
            TrainingError: if it can't be written.
        """
        then = ", then resume: the last checkpoint is intact"
        with writing(self.path / name, TrainingError, then), atomic_write(self.path / name) as file:
            file.write_text(text, "utf-8")

    @property
    def _lock(self) -> Path:
        return self.path / ".lock"

    def _rows(self, name: str) -> list[dict[str, float | None]]:
        import pandas as pd

        try:
            rows = pd.read_csv(io.StringIO((self.path / name).read_text("utf-8"))).astype(float)
        except (OSError, ValueError):
            return []
        return rows.astype(object).where(rows.notna(), None).to_dict("records")  # type: ignore[return-value]


def environment() -> dict[str, Any]:
    """Versions and hardware, for the record."""
    import torch

    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpu": torch.cpu.get_capabilities().get("architecture", platform.machine()),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "processes": int(os.environ.get("WORLD_SIZE", "1")),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "packages": {name: version(name) for name in ("torch", "torchvision", "accelerate")},
    }
