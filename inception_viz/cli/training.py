"""The command ``train``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import get_args, get_type_hints

from inception_viz.architecture.config import GoogLeNetConfig
from inception_viz.cli.console import Console, tensorboard_logs
from inception_viz.cli.photos import loaded, read_text
from inception_viz.errors import InceptionVizError, TrainingError
from inception_viz.files.paths import real_path, typed_path
from inception_viz.training.datasets import NAMED
from inception_viz.training.recipe import PRESETS, Recipe, for_size, parse_phases, read_network
from inception_viz.training.run import Row, Run, Status, runs_dir

FOLDERS = {"parts": True, "classes": False}


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``train``; those of the recipe have its names and defaults."""
    recipe = Recipe()
    parser.add_argument("--data", help=f"{', '.join(NAMED)}, or a folder of class folders")
    parser.add_argument(
        "--folders",
        choices=FOLDERS,
        help="what folders called like train and test are: parts of the data, or classes "
        "(default: told by what lies in them)",
    )
    parser.add_argument("--root", type=typed_path, help="where the named dataset lies")
    parser.add_argument("--download", action="store_true", help="fetch the named dataset")
    parser.add_argument(
        "--config", default="paper", help=f"{', '.join(PRESETS)}, or a JSON file (default: paper)"
    )
    parser.add_argument(
        "--input-size",
        type=int,
        help="pixels that the finished model looks at (default: those of the last phase)",
    )
    parser.add_argument(
        "-o", "--output", type=typed_path, help="the run's folder, a new one by default"
    )
    parser.add_argument(
        "--start-from",
        metavar="SOURCE",
        help="begin with the weights of imagenette, bvlc, … or of a file instead of random ones",
    )
    parser.add_argument("--resume", type=typed_path, metavar="RUN", help="go on with this run")
    parser.add_argument(
        "--recipe",
        type=typed_path,
        help="a run's recipe.json, in place of the defaults of what follows",
    )
    parser.add_argument(
        "--phases",
        type=parse_phases,
        help="SIZE:EPOCHS,… picture sizes in pixels "
        f"(default: {','.join(f'{p.size}:{p.epochs}' for p in recipe.phases)})",
    )
    kinds = get_type_hints(Recipe)
    for name, value in vars(recipe).items():
        if name != "phases":
            choices, words = get_args(kinds[name]) or None, f"default: {value}"
            flag = f"--{name.replace('_', '-')}"
            parser.add_argument(flag, type=type(value), choices=choices, help=words)
    parser.add_argument("--workers", type=int, default=0, help="processes that prepare pictures")
    parser.add_argument("--tensorboard", action="store_true", help="also write TensorBoard logs")
    parser.add_argument(
        "--background", action="store_true", help="leave a core to whatever else runs here"
    )
    parser.add_argument("--checkpoint-seconds", type=float, default=120.0)


@dataclass(frozen=True)
class _Order:
    """What to train, on what, how, and in which folder."""

    run: Run
    network: GoogLeNetConfig
    recipe: Recipe
    source: str
    root: Path | None
    download: bool
    start_from: str | None
    folders: str | None


def train(options: argparse.Namespace) -> None:
    """Train, with a progress bar on the terminal."""
    try:
        order = _resumed(Run(options.resume)) if options.resume else _ordered(options)
    except InceptionVizError as error:
        if options.background:  # nobody reads the terminal
            Run(options.resume or options.output).fail(error)
        raise
    run = order.run
    if not _is_main():
        with Console(silent=True) as console:
            _train(options, order, console)
        return
    try:
        with run.locked(), Console() as console:
            status = _train(options, order, console)
    except Exception as error:
        if options.background or options.resume:
            run.fail(error)
        elif isinstance(error, InceptionVizError):
            run.discard()  # the message is on the terminal; an empty folder helps nobody
        raise
    print(f"{status.state}: {status.message or run.model}")


def _is_main() -> bool:
    """Whether this is the process that writes; several are started with a rank each."""
    return os.environ.get("RANK", "0") == "0"


def _resumed(run: Run) -> _Order:
    from inception_viz.training.checkpoint import checkpoints

    config, recipe, record = run.start()
    root = Path(record["root"]) if record["root"] else None
    begins = not checkpoints(run.checkpoints)
    start_from = record.get("started_from") if begins else None
    source, folders = str(record["source"]), record.get("folders")
    return _Order(run, config, recipe, source, root, False, start_from, folders)


def _ordered(options: argparse.Namespace) -> _Order:
    if not options.data:
        raise TrainingError(f"Say what to train on: --data {', '.join(NAMED)} or a folder.")
    new = f"{Path(options.data).name}-{datetime.now():%Y%m%d-%H%M%S}"
    run = Run(options.output or runs_dir() / new)
    if run.exists() and _is_main():  # the others may come after it was made
        raise TrainingError(f"{run.path} holds a run already. Use --resume {run.path}.")
    recipe = _recipe(options)
    network = read_network(options.config)
    if options.input_size or options.config in PRESETS:
        network = for_size(network, options.input_size or recipe.sizes[-1])
    source = options.data
    if source not in NAMED:
        source = str(real_path(typed_path(source)))
    root = real_path(options.root) if options.root else None
    return _Order(
        run, network, recipe, source, root, options.download, options.start_from, options.folders
    )


def _train(options: argparse.Namespace, order: _Order, console: Console) -> Status:
    import inception_viz as iv
    from inception_viz.pictures.preprocessing import CROP_MARGIN
    from inception_viz.training.data import open_data
    from inception_viz.training.process import ease
    from inception_viz.training.session import run_training

    run, recipe = order.run, order.recipe
    load = loaded if _is_main() else iv.load
    if _is_main():
        run.set_status(Status(message="Reading the pictures."))
    if options.background:
        ease()
    data = open_data(
        order.source,
        root=order.root,
        download=order.download,
        shorter_side=round(max(recipe.sizes) * CROP_MARGIN),
        seed=recipe.seed,
        splits=FOLDERS.get(order.folders or ""),
        progress=partial(console.task, "reading"),
        fetching=_fetching(run, console),
    )
    for note in data.notes:
        console.say(note)
    config = replace(order.network, classes=len(data.labels))
    if _is_main() and not options.resume:
        where = {"source": order.source, "root": str(order.root) if order.root else None}
        where |= {"started_from": order.start_from, "folders": order.folders}
        run.create(config, recipe, data.describe() | where)
    board = tensorboard_logs(run.path / "tensorboard") if options.tensorboard else None

    def report(status: Status, row: Row) -> None:
        console.report(status, row)
        if board:
            board(status, row)

    return run_training(
        run,
        data,
        config,
        recipe,
        resume=bool(options.resume),
        workers=options.workers,
        initial=load(order.start_from).network if order.start_from else None,
        checkpoint_seconds=options.checkpoint_seconds,
        report=report,
    )


def _fetching(run: Run, console: Console) -> Callable[[int, int | None], None]:
    """Says how the download goes, and ends it when the run is to stop."""
    said = 0.0

    def tell(done: int, total: int | None) -> None:
        nonlocal said
        console.task("downloading", done, total, "B")
        if monotonic() - said < 1:
            return
        said = monotonic()
        of = f" of {total / 1e6:.0f}" if total else ""
        run.set_status(Status(message=f"Downloading the pictures: {done / 1e6:.0f}{of} MB."))
        if run.command() == "stop":
            raise TrainingError("Stopped. The next download goes on where this one did.")

    return tell


def _recipe(options: argparse.Namespace) -> Recipe:
    recipe = Recipe.from_json(read_text(options.recipe)) if options.recipe else Recipe()
    given = {name: getattr(options, name) for name in vars(recipe)}
    return replace(recipe, **{name: value for name, value in given.items() if value is not None})
