"""The commands ``atlas`` and ``index``: what channels look for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from inception_viz.cli.console import Console
from inception_viz.cli.photos import check_ending, loaded
from inception_viz.files.paths import typed_path
from inception_viz.sources.registry import default_source

if TYPE_CHECKING:
    from inception_viz.features import Index


def add_atlas_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``atlas``."""
    parser.add_argument("weights", metavar="MODEL", help="a source, or a file of weights")
    parser.add_argument(
        "-o", "--output", type=typed_path, help="NAME.zip, for all pictures in one file"
    )


def atlas(options: argparse.Namespace) -> None:
    """Paint every channel of every branch. Stopped, the same command goes on."""
    from inception_viz.features import make_atlas

    if options.output is not None:
        check_ending(options.output, ".zip")
    classifier = loaded(options.weights)
    count = sum(sum(m.widths.values()) for m in classifier.network.modules_by_name.values())
    with Console() as console:
        make_atlas(
            classifier,
            options.output,
            progress=lambda share: console.task("painting", int(count * share), count),
        )
    where = f"in {options.output}" if options.output else "kept; the app shows them"
    print(f"{count:,} pictures, {where}")


def add_index_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``index``."""
    parser.add_argument("photos", type=typed_path, help="a folder of photos")
    parser.add_argument("--weights", metavar="SOURCE", help="as for predict (default: bvlc)")
    parser.add_argument(
        "-o", "--output", type=typed_path, help="NAME.npz; without it, the app finds the index"
    )
    parser.add_argument("--restart", action="store_true", help="begin anew")


def index(options: argparse.Namespace) -> None:
    """Find the photos that make each channel fire. Stopped, the same command goes on."""
    from inception_viz.features import index as make_index

    if options.output is not None:
        check_ending(options.output, ".npz")
    with Console() as console:
        made: Index | None = make_index(
            loaded(options.weights or default_source().id),
            options.photos,
            options.output,
            restart=options.restart,
            progress=lambda done, total: console.task("looking", done, total),
        )
    if made is not None:
        bad = f"; {made.unreadable} files can't be read" if made.unreadable else ""
        channels = sum(made.layers.values())
        where = options.output or "kept for the app"
        print(f"{channels:,} channels on {len(made.pictures):,} photos{bad}: {where}")
