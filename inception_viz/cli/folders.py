"""The command ``trace`` for a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import inception_viz as iv
from inception_viz.cli.console import Console
from inception_viz.files.paths import typed_path

if TYPE_CHECKING:
    from inception_viz.batch import TracedFolder

NAMED = 20  # unreadable files that the terminal shows
SOME_UNREADABLE = 3  # exit status

_ABOUT = f"""A folder is traced into a table, one row a picture; given again, the same command goes
on where it was stopped. Several processes share it with torchrun or accelerate launch. The exit
status is 0, or {SOME_UNREADABLE} if the table is whole but files in the folder couldn't be read; 1
if there is no table, and 130 after Ctrl-C. Launchers know only 0 and failure; there it is 0 if the
table is whole."""


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Define what concerns folders alone. Left out, they are None, so that a photo has none."""
    from inception_viz.batch.table import NONE, QUICK
    from inception_viz.explain.contributions import METHODS

    group = parser.add_argument_group("for a folder", _ABOUT)
    group.add_argument(
        "--method",
        choices=[*METHODS, NONE],
        help=f"how to score the branches for each picture's first choice (default: {QUICK}, by far "
        f"the quickest but {NONE})",
    )
    group.add_argument("-k", type=int, help="how many answers a picture (default: 5)")
    group.add_argument(
        "--batch", type=int, help="pictures in the network at once (default: 8, on a GPU 32)"
    )
    group.add_argument(
        "--restart",
        action="store_true",
        default=None,
        help="begin anew, whatever was begun or exists under this name",
    )


def is_meant(options: argparse.Namespace) -> bool:
    """Whether the options are about a folder; a BatchError if they are about both."""
    place, table = typed_path(options.image), options.output.suffix.lower() == ".parquet"
    if place.is_dir() or (table and not place.exists()):
        return True
    if table:
        raise iv.BatchError(f"{place} is no folder. A photo goes into NAME.npz or NAME.csv.")
    flags = {"--method": "method", "-k": "k", "--batch": "batch", "--restart": "restart"}
    if given := [flag for flag, name in flags.items() if vars(options)[name] is not None]:
        raise iv.BatchError(f"{', '.join(given)}: this is for folders; {place.name} is none.")
    return False


def trace_folder(
    options: argparse.Namespace, load: Callable[[argparse.Namespace], iv.Classifier]
) -> int:
    """Write the table; only the main process speaks."""
    from inception_viz.batch.table import QUICK
    from inception_viz.batch.work import join, launched
    from inception_viz.errors import StoppedError

    team = join()
    is_main, so_far = team.is_main_process, ""

    def show(done: int, total: int) -> None:
        nonlocal so_far
        so_far = f" after {done:,} of {total:,} pictures"
        console.task("tracing", done, total)

    try:
        with Console(silent=not is_main) as console:
            done = iv.trace_folder(
                load(options),
                options.image,
                options.output,
                fit=options.fit,
                method=options.method or QUICK,
                k=5 if options.k is None else options.k,
                batch=options.batch,
                restart=bool(options.restart),
                progress=show,
            )
        status = _told(done) if done else 0
        # A launcher takes any other status of a process for a crash, and shows a traceback.
        return 0 if launched() else status
    except StoppedError:
        return 1
    except KeyboardInterrupt:
        if is_main:
            print(f"stopped{so_far}; the same command goes on from here", file=sys.stderr)
        return 130
    finally:
        team.destroy_process_group()


def _told(done: TracedFolder) -> int:
    """Say what came of it; return the exit status."""
    if done.ignored:
        print(
            f"note: {_counted(done.ignored, 'picture')} came into the folder after the table was "
            "begun, and --restart would take in what is new"
        )
    print(f"wrote {done.path}: {_counted(done.rows, 'picture')}")
    if not done.unreadable:
        return 0
    print(f"no row for {_counted(len(done.unreadable), 'unreadable file')}:", file=sys.stderr)
    for file in done.unreadable[:NAMED]:
        # Reasons begin with the file's name, which its path says better.
        reason = file.reason.removeprefix(Path(file.path).name)
        print(f"  {file.path}{': ' * (reason == file.reason)}{reason}", file=sys.stderr)
    if len(done.unreadable) > NAMED:
        print("  … the file's metadata names them all", file=sys.stderr)
    return SOME_UNREADABLE


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
