"""The command ``fit-lens``."""

from __future__ import annotations

import argparse

from inception_viz.cli.console import Console
from inception_viz.cli.photos import check_ending, loaded
from inception_viz.errors import TrainingError
from inception_viz.explain.lens import lens_file
from inception_viz.files.cache import cache_dir
from inception_viz.files.paths import typed_path
from inception_viz.training.heads import photos_in
from inception_viz.training.lens import LensRecipe
from inception_viz.training.lens import fit_lens as fit


def add_fit_lens_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``fit-lens``."""
    parser.add_argument("weights", metavar="MODEL", help="a source, or a file of weights")
    parser.add_argument(
        "photos",
        type=typed_path,
        nargs="+",
        metavar="PHOTOS",
        help="folders of photos of any kind; a thousand do, more are better",
    )
    parser.add_argument(
        "--rank",
        type=int,
        default=LensRecipe.rank,
        help=f"how many numbers a read-out passes on, at most (default: {LensRecipe.rank})",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=typed_path,
        help="NAME.safetensors; without it, the lens is kept in the cache and used wherever this "
        "network is loaded",
    )


def fit_lens(options: argparse.Namespace) -> None:
    """Fit read-outs that say what the network believes after every module."""
    if options.output:
        check_ending(options.output, ".safetensors")
    if options.rank < 1:
        raise TrainingError(f"The rank is {options.rank}; it must be at least 1.")
    photos = [photo for folder in options.photos for photo in photos_in(folder)]
    classifier = loaded(options.weights)
    with Console() as console:
        fitted = fit(
            classifier,
            photos,
            data=", ".join(folder.name for folder in options.photos),
            recipe=LensRecipe(rank=options.rank),
            work=cache_dir(),
            progress=console.task,
        )
    for reason in fitted.skipped[:20]:
        print(f"skipped: {reason}")
    for module, readout in fitted.lens.readouts.items():
        found = readout.fit
        print(
            f"after {module}: says the same as the network on {found.first:.1%} of "
            f"{found.judged:,} photos that it never saw"
        )
    path = options.output or lens_file(classifier)
    fitted.lens.save(path)
    print(f"wrote {path}")
