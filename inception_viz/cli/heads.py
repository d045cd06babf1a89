"""The command ``fit-heads``."""

from __future__ import annotations

import argparse

from inception_viz.cli.console import Console
from inception_viz.cli.photos import check_ending, loaded
from inception_viz.errors import TrainingError
from inception_viz.files.cache import cache_dir
from inception_viz.files.paths import typed_path
from inception_viz.sources.distilled import save_heads
from inception_viz.sources.file import save_weights
from inception_viz.training import heads
from inception_viz.training.heads import HeadRecipe, photos_in


def add_fit_heads_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``fit-heads``."""
    parser.add_argument(
        "--weights", required=True, metavar="SOURCE", help="bvlc, torchvision, or a weights file"
    )
    parser.add_argument("--images", type=typed_path, required=True, help="a folder of any photos")
    parser.add_argument(
        "--check", type=typed_path, help="measure the agreement on these photos (default: a tenth)"
    )
    parser.add_argument(
        "--views",
        type=int,
        default=HeadRecipe.views,
        help="cuts and mixtures of the photos to learn from; more are better and take longer "
        f"(default: {HeadRecipe.views:,}, some fifteen minutes on two cores); 36 MB of disk a "
        "thousand, until it is done",
    )
    parser.add_argument(
        "--epochs",
        type=int,
        default=HeadRecipe.epochs,
        help=f"passes over them (default: {HeadRecipe.epochs})",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "-o",
        "--output",
        type=typed_path,
        help="NAME.safetensors for the whole network; without it, the heads are kept in the cache "
        "and used wherever these weights are loaded",
    )


def fit_heads(options: argparse.Namespace) -> None:
    """Fit auxiliary heads to a trained trunk."""
    if options.output:
        check_ending(options.output, ".safetensors")
    if options.epochs < 1 or options.views < 1:
        raise TrainingError("Fit for at least one epoch, on at least one view.")
    photos = photos_in(options.images)
    check = photos_in(options.check) if options.check else []
    weights = loaded(options.weights).weights
    recipe = HeadRecipe(views=options.views, epochs=options.epochs, seed=options.seed)
    with Console() as console:
        fitted = heads.fit_heads(
            weights,
            photos,
            data=options.images.name,
            recipe=recipe,
            check=check,
            work=cache_dir(),
            progress=console.task,
        )
    for name in fitted.skipped[:20]:
        print(f"skipped: {name}")
    for head, fit in fitted.weights.fits.items():
        print(
            f"{head} says the same as the main head on {fit.first:.1%} of {fit.judged:,} photos "
            f"that it never saw; on {fit.in_five:.1%} it has it among its first five"
        )
    if options.output:
        save_weights(fitted.weights, options.output)
    print(f"wrote {options.output or save_heads(fitted.weights)}")
