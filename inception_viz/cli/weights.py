"""The command ``weights``."""

from __future__ import annotations

import argparse

from inception_viz.cli.console import Console
from inception_viz.cli.photos import add_file_options, check_ending, load_as_said
from inception_viz.errors import WeightsError
from inception_viz.files.paths import typed_path


def add_weights_options(parser: argparse.ArgumentParser) -> None:
    """Define the actions."""
    actions = parser.add_subparsers(
        required=True, metavar="ACTION", parser_class=argparse.ArgumentParser
    )
    listing = actions.add_parser("list", help="which sources there are, and which are here")
    listing.set_defaults(run=_list_weights)

    fetch = actions.add_parser("fetch", help="download the weights of a source into the cache")
    fetch.add_argument("source", help="its id, as `weights list` has it")
    fetch.set_defaults(run=_fetch_weights)

    convert = actions.add_parser("convert", help="write any weights as safetensors")
    convert.add_argument("source", help="a source, or a file of weights, whatever its ending")
    add_file_options(convert)
    convert.add_argument("-o", "--output", type=typed_path, required=True, help="NAME.safetensors")
    convert.set_defaults(run=_convert_weights)

    info = actions.add_parser("info", help="describe weights: network, classes, limits")
    info.add_argument("source", help="a source or a file")
    add_file_options(info)
    info.set_defaults(run=_describe_weights)


def _list_weights(_options: argparse.Namespace) -> None:
    from inception_viz.files.cache import cache_dir
    from inception_viz.sources.registry import REGISTRY

    ready = sorted(REGISTRY.values(), key=lambda source: not source.available())
    for source in ready:
        size = f"{source.download_bytes / 1e6:.0f} MB"
        here = "here" if source.available() else f"{size} to fetch"
        print(f"{source.id:12} {here:15} {source.summary}")
        if source.adds and not source.fetched():
            print(f"{'':28} weights fetch {source.id} ({size}): {source.adds}")
    print(f"\ncache: {cache_dir()}")


def _fetch_weights(options: argparse.Namespace) -> None:
    from inception_viz.sources.registry import REGISTRY

    source = REGISTRY.get(options.source)
    if source is None or source.fetch is None:
        ids = ", ".join(known.id for known in REGISTRY.values() if known.fetch)
        raise WeightsError(f'"{options.source}" can\'t be downloaded; there are {ids}.')
    expected = source.download_bytes
    with Console() as console:
        source.fetch(lambda done, total: console.task(source.id, done, total or expected, "B"))
    print(f"{source.id} is here")


def _convert_weights(options: argparse.Namespace) -> None:
    from inception_viz.sources.file import save_weights

    check_ending(options.output, ".safetensors")
    save_weights(load_as_said(options.source, options).weights, options.output)
    print(f"wrote {options.output}")


def _describe_weights(options: argparse.Namespace) -> None:
    classifier = load_as_said(options.source, options)
    config, network = classifier.config, classifier.network
    print(f"source        {classifier.source}")
    print(f"parameters    {sum(p.numel() for p in network.parameters()):,}")
    print(f"modules       {' '.join(config.modules)}")
    print(f"5×5 kernel    {config.kernel_5x5}")
    print(f"normalisation {config.norm}")
    print(f"classes       {config.classes}, such as {', '.join(classifier.labels[:3])}")
    print(f"heads         {', '.join(classifier.weights.trained_heads)}")
    for head, fit in classifier.weights.fits.items():
        print(f"{head:13} {fit}")
    for note in classifier.weights.notes:
        print(f"note          {note}")
