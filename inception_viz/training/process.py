"""Train in a process of its own, so that whoever started it may leave."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.errors import TrainingError
from inception_viz.files.cache import writing
from inception_viz.training.recipe import Recipe
from inception_viz.training.run import ACTIVE, Run, Status, runs_dir

LOG = "log.txt"
_starting = threading.Lock()


def folders() -> list[Path]:
    """The folders in :func:`runs_dir`, the newest first; one just made holds no run yet."""
    try:
        return sorted(runs_dir().iterdir(), key=lambda path: path.name[-15:], reverse=True)
    except OSError:
        return []


def runs() -> list[Run]:
    """All runs, the newest first."""
    return [Run(path) for path in folders() if (path / "status.json").is_file()]


def active_run() -> Run | None:
    """The run that is training on this computer now, if any."""
    return next((run for run in runs() if run.status().state in ACTIVE), None)


def folder_name(name: str) -> str:
    """``name`` as the name of a folder: letters, digits, hyphens and underscores."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:40] or "run"


def new_run(name: str) -> Run:
    """A new folder in :func:`runs_dir`, named after the data and the time.

    Raises:
        TrainingError: if it can't be made.
    """
    began = datetime.now()
    with writing(runs_dir(), TrainingError):
        runs_dir().mkdir(parents=True, exist_ok=True)
        for later in range(60):  # the second of one name in a second takes the next free one
            moment = began + timedelta(seconds=later)
            path = runs_dir() / f"{folder_name(name)}-{moment:%Y%m%d-%H%M%S}"
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                return Run(path)
    raise TrainingError(f"{runs_dir()} holds too many trainings named {name!r}. Delete some there.")


def start(
    run: Run,
    data: str,
    config: GoogLeNetConfig,
    recipe: Recipe,
    *,
    root: Path | None = None,
    download: bool = False,
    start_from: Path | None = None,
    splits: bool | None = None,
) -> None:
    """Start training in ``run``'s folder; returns at once.

    ``start_from``: a file of weights to begin with instead of random ones; what fits is taken.
    ``splits``: as in :func:`~inception_viz.training.data.open_data`.

    Raises:
        TrainingError: if another training is going on on this computer, or the folder can't be
            written.
    """
    arguments = ["--data", data, "--output", str(run.path)]
    for name, text in (("config", config.to_json()), ("recipe", recipe.to_json())):
        run.write(f"wanted-{name}.json", text)
        arguments += [f"--{name}", str(run.path / f"wanted-{name}.json")]
    arguments += ["--root", str(root)] if root else []
    arguments += ["--download"] if download else []
    arguments += ["--start-from", str(start_from)] if start_from else []
    if splits is not None:
        arguments += ["--folders", "parts" if splits else "classes"]
    _spawn(run, arguments)


def resume(run: Run) -> None:
    """Go on with a run that is paused, was stopped or died.

    Raises:
        TrainingError: if another training is going on, or the folder can't be written.
    """
    if run.is_held():
        run.send("")
        return
    _spawn(run, ["--resume", str(run.path)])


def delete(run: Run) -> None:
    """Remove a run and everything in it.

    Raises:
        TrainingError: if it is training, or can't be removed.
    """
    if run.path.parent != runs_dir():
        raise TrainingError(
            f"{run.path} is not in {runs_dir()}, where trainings started here lie. Remove it "
            "yourself."
        )
    if run.is_held():
        raise TrainingError("This run is training. Stop it first.")
    try:
        shutil.rmtree(run.path)
    except OSError as error:
        raise TrainingError(f"{run.path} can't be removed ({error.strerror}).") from error


def _spawn(run: Run, arguments: list[str]) -> None:
    with _starting:
        busy = active_run()
        if busy is not None:
            raise TrainingError(
                f"{busy.path.name} is training on this computer already. One training at a time "
                "keeps it quick for everybody; wait for it, or stop it."
            )
        run.send("")
        run.set_status(Status(message="Starting."))
        command = [sys.executable, "-m", "inception_viz", "train", "--background", *arguments]
        package = Path(__file__).parents[2]
        try:
            with (run.path / LOG).open("ab") as log:
                child = subprocess.Popen(
                    command,
                    cwd=package,
                    env=os.environ | {"PYTHONUNBUFFERED": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # outlives the app, and gets no Ctrl-C of its terminal
                )
        except OSError as error:
            failure = TrainingError(
                f"The training can't start ({error.strerror or error}). Free some space."
            )
            run.fail(failure)
            raise failure from error
        threading.Thread(target=child.wait, daemon=True).start()  # no zombie when it ends


def ease() -> None:
    """Leave a core and the right of way to whoever works with the app, and the memory, too."""
    import torch

    with contextlib.suppress(OSError):  # where memory runs out, Linux ends this process first
        Path("/proc/self/oom_score_adj").write_text("1000")
    if hasattr(os, "nice"):
        os.nice(10)
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
