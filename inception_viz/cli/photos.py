"""The commands ``predict`` and ``trace``, and what every command about a photo asks for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import inception_viz as iv
from inception_viz.architecture.config import HEAD_NAMES
from inception_viz.architecture.places import Place
from inception_viz.cli import folders
from inception_viz.files.paths import readable, typed_path
from inception_viz.sources.labels import read_labels

if TYPE_CHECKING:
    from inception_viz.pictures.preprocessing import Crop, Fit


def add_predict_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``predict``."""
    add_photo_options(parser)
    add_head_option(parser)
    parser.add_argument("-k", type=_positive, default=5, help="how many answers (default: 5)")


def add_trace_options(parser: argparse.ArgumentParser) -> None:
    """Define the options of ``trace``."""
    add_photo_options(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=typed_path,
        required=True,
        help="NAME.npz: every map of every layer; NAME.csv: one row a branch; for a folder "
        "NAME.parquet: one row a picture",
    )
    folders.add_folder_options(parser)


def add_photo_options(parser: argparse.ArgumentParser) -> None:
    """Define a command's photo and the weights to look at it with."""
    parser.add_argument("image", help="JPEG, PNG, WebP, GIF, BMP or TIFF")
    parser.add_argument(
        "--weights",
        metavar="SOURCE",
        help="a source (bvlc, imagenette, torchvision, inception5h, places365, random) or a file "
        "of weights, whatever its ending (default: bvlc, which is bundled)",
    )
    parser.add_argument(
        "--fit",
        type=_fit,
        default="crop",
        metavar="{crop,pad,squash,X-Y-SIDE}",
        help="crop the centre, pad the whole photo, squash it, or take the square around X and Y "
        "(shares of width and height) of SIDE (a share of the shorter side), such as 0.4-0.5-0.3 "
        "(default: crop)",
    )
    add_file_options(parser)


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Define what to say of a file of weights that doesn't say it."""
    parser.add_argument(
        "--config",
        type=typed_path,
        help="JSON of the network, for a weights file that doesn't say which it belongs to",
    )
    parser.add_argument(
        "--labels", type=typed_path, help="class names: text with one a line, or JSON"
    )
    parser.add_argument(
        "--copy", help="which copy to take of a checkpoint with several, such as model_ema"
    )


def add_head_option(parser: argparse.ArgumentParser) -> None:
    """Define which of the network's classifiers is asked."""
    words = "which classifier's answer (default: main)"
    parser.add_argument("--head", default="main", choices=list(HEAD_NAMES), help=words)


def load_classifier(options: argparse.Namespace) -> iv.Classifier:
    """The classifier that the options ask for."""
    if options.weights is not None:
        return load_as_said(options.weights, options)
    from inception_viz.sources.registry import default_source

    source = default_source()
    if source.id == "random":
        print(
            "note: no trained weights on this computer, so the network is random and its "
            "answers are noise; try: weights fetch bvlc",
            file=sys.stderr,
        )
    return load_as_said(source.id, options)


def load_as_said(source: str, options: argparse.Namespace) -> iv.Classifier:
    """A source or a file, with what :func:`add_file_options` lets one say of it."""
    config = options.config and iv.GoogLeNetConfig.from_json(read_text(options.config))
    labels = options.labels and read_labels(options.labels)
    return loaded(source, config=config, labels=labels, copy=options.copy)


def loaded(source: str, **options: Any) -> iv.Classifier:
    """As :func:`inception_viz.load`; weights that stand in for others are named on stderr."""
    classifier = iv.load(source, **options)
    if classifier.weights.trouble:
        print(f"note: {classifier.weights.trouble}", file=sys.stderr)
    return classifier


def check_head(classifier: iv.Classifier, trace: iv.Trace, head: str) -> str:
    """Refuse a head that was never trained; say how good one is that was fitted, else nothing."""
    if head not in trace.heads:
        raise iv.ExplainError(
            f"These weights have no trained head {head}. Use one of: {', '.join(trace.heads)}."
        )
    fits = classifier.weights.fits
    return f"{head}: {fits[head]}" if head in fits else ""


def check_ending(path: Path, *endings: str) -> None:
    """Refuse a name whose ending says nothing, before there is work."""
    if path.suffix.lower() not in endings:
        *others, last = endings
        wanted = f"{', '.join(others)} or {last}" if others else last
        raise iv.FileError(f"{path.name} must end in {wanted}.")


def read_text(path: Path) -> str:
    """The text of a file, or a FileError."""
    with readable(path):
        return path.read_text("utf-8")


def predict(options: argparse.Namespace) -> None:
    """Print the likeliest classes."""
    classifier = load_classifier(options)
    traced = classifier.trace(options.image, fit=options.fit)
    if fit := check_head(classifier, traced, options.head):
        print(f"({fit})")
    for label, probability in traced.predictions(options.k, options.head):
        print(f"{probability:8.3%}  {label}")


def trace(options: argparse.Namespace) -> int:
    """Write every map, a table of the branches, or a table of a folder's pictures."""
    from inception_viz.files.cache import atomic_write

    suffix = options.output.suffix.lower()
    if folders.is_meant(options):
        return folders.trace_folder(options, load_classifier)
    if suffix not in (".npz", ".csv"):
        raise iv.FileError(
            f"{options.output.name} must end in .npz or .csv for a photo, in .parquet for a folder."
        )
    traced = load_classifier(options).trace(options.image, fit=options.fit)
    with atomic_write(options.output) as temporary:
        if suffix == ".npz":
            _write_arrays(traced, temporary)
        else:
            from inception_viz.explain.firing import firing
            from inception_viz.files.foreign import csv_text

            temporary.write_text(csv_text(firing(traced).to_frame()), "utf-8")
    print(f"wrote {options.output}")
    return 0


def _write_arrays(trace: iv.Trace, path: Path) -> None:
    """Keys: input, logits/HEAD, STEM_STEP, MODULE/BRANCH, MODULE/BRANCH/reduce."""
    import numpy as np

    arrays = {"input": trace.input[0]}
    arrays |= {f"logits/{head}": value for head, value in trace.heads.items()}
    arrays |= trace.stem
    for module, branches in trace.branches.items():
        arrays |= {str(Place(module, branch)): maps for branch, maps in branches.items()}
    for module, reduces in trace.reduces.items():
        arrays |= {f"{module}/{branch}/reduce": maps for branch, maps in reduces.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, **{k: v.numpy() for k, v in arrays.items()})  # type: ignore[arg-type]


def _fit(text: str) -> Fit | Crop:
    from inception_viz.pictures.preprocessing import FITS, Crop

    for fit in FITS:
        if text == fit:
            return fit
    try:
        return Crop.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error} Or use {', '.join(FITS)}.") from error


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value
