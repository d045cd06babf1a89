"""The command line: predict, trace, weights."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import inception_viz as iv
from inception_viz.preprocessing import FITS

_DESCRIPTION = "See how GoogLeNet thinks, branch by branch."
_EPILOG = """examples:
  python -m inception_viz weights fetch bvlc
  python -m inception_viz predict cat.jpg --weights bvlc
  python -m inception_viz predict cat.jpg --weights bvlc_googlenet.caffemodel --head aux1
  python -m inception_viz trace cat.jpg -o cat.npz
  python -m inception_viz weights convert bvlc_googlenet.caffemodel -o bvlc.safetensors
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 1 after a message about what went wrong."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (iv.ImageError, iv.WeightsError, iv.ConfigError, iv.TrainingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inception_viz",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=iv.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    predict = commands.add_parser("predict", help="name what is on a photo")
    _add_photo_options(predict)
    predict.add_argument(
        "--head",
        default="main",
        choices=["main", "aux1", "aux2"],
        help="which classifier answers (default: main)",
    )
    predict.add_argument("-k", type=_positive, default=5, help="how many answers (default: 5)")
    predict.set_defaults(run=_predict)

    trace = commands.add_parser("trace", help="save what every layer did with a photo")
    _add_photo_options(trace)
    trace.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        help="NAME.npz: every map of every layer; NAME.csv: one row a branch",
    )
    trace.set_defaults(run=_trace)

    _add_training_commands(commands)
    weights = commands.add_parser("weights", help="list, fetch, convert or describe weights")
    _add_weights_commands(weights.add_subparsers(required=True, metavar="ACTION"))
    return parser


def _add_training_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> None:
    from inception_viz.training import cli as training

    train = commands.add_parser("train", help="train GoogLeNet on folders of pictures")
    training.add_train_options(train)
    train.set_defaults(run=training.train)
    fit = commands.add_parser(
        "fit-heads", help="give a trained network auxiliary heads that repeat its answers"
    )
    training.add_fit_options(fit)
    fit.set_defaults(run=training.fit)


def _add_photo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", help="JPEG, PNG, WebP, GIF, BMP or TIFF")
    parser.add_argument(
        "--weights",
        default=None,
        metavar="SOURCE",
        help="imagenette, bvlc, torchvision, random, or a .safetensors, .pth or .caffemodel "
        "file (default: the first of these that is on this computer)",
    )
    parser.add_argument(
        "--fit",
        choices=FITS,
        default="crop",
        help="crop the centre, pad the whole photo, or squash it (default: crop)",
    )
    _add_file_options(parser)


def _add_file_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        help="JSON of the network, for a weights file that doesn't say which it belongs to",
    )
    parser.add_argument("--labels", type=Path, help="text file with one class name a line")


def _add_weights_commands(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
) -> None:
    listing = actions.add_parser("list", help="which sources there are, and which are here")
    listing.set_defaults(run=_list_weights)

    fetch = actions.add_parser("fetch", help="download the weights of a source into the cache")
    fetch.add_argument("source", choices=["bvlc", "torchvision"])
    fetch.set_defaults(run=_fetch_weights)

    convert = actions.add_parser("convert", help="write any weights as safetensors")
    convert.add_argument("source", help="a source, or a .caffemodel or .pth file")
    convert.add_argument("-o", "--output", type=Path, required=True, help="NAME.safetensors")
    convert.set_defaults(run=_convert_weights)

    info = actions.add_parser("info", help="describe weights: network, classes, limits")
    info.add_argument("source", help="a source or a file")
    info.set_defaults(run=_describe_weights)


def _load(options: argparse.Namespace) -> iv.Classifier:
    config = options.config and iv.GoogLeNetConfig.from_json(_text(options.config))
    labels = options.labels and _text(options.labels).splitlines()
    if options.weights is not None:
        return iv.load(options.weights, config=config, labels=labels)
    from inception_viz.sources.registry import default_source

    source = default_source()
    if source.id == "random":
        print(
            "note: no trained weights on this computer, so the network is random and its "
            "answers are noise; try: weights fetch bvlc",
            file=sys.stderr,
        )
    return iv.load(source.id)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise iv.WeightsError(f"{path} can't be read as text ({error}).") from error


def _predict(options: argparse.Namespace) -> None:
    classifier = _load(options)
    trace = classifier.trace(options.image, fit=options.fit)
    if options.head not in trace.heads:
        raise iv.WeightsError(
            f"These weights have no trained head {options.head}. "
            f"Use one of: {', '.join(trace.heads)}."
        )
    if options.head in classifier.weights.distilled_heads:
        print(f"({options.head} is distilled: it learned to repeat the main head)")
    for label, probability in trace.predictions(options.k, options.head):
        print(f"{probability:8.3%}  {label}")


def _trace(options: argparse.Namespace) -> None:
    from inception_viz.sources.cache import atomic_write

    suffix = options.output.suffix.lower()
    if suffix not in (".npz", ".csv"):
        raise iv.WeightsError(f"{options.output.name} must end in .npz or .csv.")
    trace = _load(options).trace(options.image, fit=options.fit)
    with atomic_write(options.output) as temporary:
        if suffix == ".npz":
            _write_arrays(trace, temporary)
        else:
            from inception_viz.explain.firing import firing

            firing(trace).to_frame().to_csv(temporary, index=False)
    print(f"wrote {options.output}")


def _write_arrays(trace: iv.Trace, path: Path) -> None:
    """Keys: input, logits/HEAD, STEM_STEP, MODULE/BRANCH, MODULE/BRANCH/reduce."""
    import numpy as np

    arrays = {"input": trace.input[0]}
    arrays |= {f"logits/{head}": value for head, value in trace.heads.items()}
    arrays |= trace.stem
    for module, branches in trace.branches.items():
        arrays |= {f"{module}/{branch}": maps for branch, maps in branches.items()}
    for module, reduces in trace.reduces.items():
        arrays |= {f"{module}/{branch}/reduce": maps for branch, maps in reduces.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, **{k: v.numpy() for k, v in arrays.items()})  # type: ignore[arg-type]


def _list_weights(_options: argparse.Namespace) -> None:
    from inception_viz.sources.cache import cache_dir
    from inception_viz.sources.registry import REGISTRY

    for source in REGISTRY.values():
        here = "here" if source.available() else f"{source.download_bytes / 1e6:.0f} MB to fetch"
        print(f"{source.id:12} {here:15} {source.summary}")
    print(f"\ncache: {cache_dir()}")


def _fetch_weights(options: argparse.Namespace) -> None:
    from tqdm import tqdm

    from inception_viz.sources.registry import REGISTRY

    source = REGISTRY[options.source]
    if source.fetch is None:
        return
    with tqdm(total=source.download_bytes, unit="B", unit_scale=True, desc=source.id) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.total = total or bar.total
            bar.update(done - bar.n)

        source.fetch(progress)
    print(f"{source.id} is here")


def _convert_weights(options: argparse.Namespace) -> None:
    from inception_viz.sources.file import save_weights

    if options.output.suffix != ".safetensors":
        raise iv.WeightsError(f"{options.output.name} must end in .safetensors.")
    save_weights(iv.load(options.source).weights, options.output)
    print(f"wrote {options.output}")


def _describe_weights(options: argparse.Namespace) -> None:
    classifier = iv.load(options.source)
    config, network = classifier.config, classifier.network
    print(f"source        {classifier.source}")
    print(f"parameters    {sum(p.numel() for p in network.parameters()):,}")
    print(f"modules       {' '.join(config.modules)}")
    print(f"5×5 kernel    {config.kernel_5x5}")
    print(f"normalisation {config.norm}")
    print(f"classes       {config.classes}, such as {', '.join(classifier.labels[:3])}")
    distilled = classifier.weights.distilled_heads
    heads = [h + " (distilled)" * (h in distilled) for h in classifier.weights.trained_heads]
    print(f"heads         {', '.join(heads)}")
    for note in classifier.weights.notes:
        print(f"note          {note}")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value
