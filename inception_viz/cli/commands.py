"""The commands, and what becomes of an error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import inception_viz as iv
from inception_viz.cli import explain, photos, weights

_DESCRIPTION = "See how GoogLeNet thinks, branch by branch."
_EPILOG = """examples:
  python -m inception_viz predict cat.jpg
  python -m inception_viz predict cat.jpg --weights bvlc_googlenet.caffemodel -k 3
  python -m inception_viz trace cat.jpg -o cat.npz
  python -m inception_viz trace photos/ -o photos.parquet
  python -m inception_viz explain cup.jpg --weights bvlc --target espresso -o cup.png
  python -m inception_viz gradcam cup.jpg -o strip.png
  python -m inception_viz report cup.jpg -o report.html
  python -m inception_viz weights fetch bvlc
  python -m inception_viz weights convert bvlc_googlenet.caffemodel -o bvlc.safetensors
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 1 after a message about what went wrong.

    A command may have further ones, which its help names.
    """
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options) or 0
        sys.stdout.flush()
        return status
    except iv.InceptionVizError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output has had enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # what no part of the library speaks of, such as a full disk
        place = f" ({error.filename})" if error.filename else ""
        print(f"error: {error.strerror or error}{place}. Check the disk.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


class _Command(argparse.ArgumentParser):
    """A command that defines its options when it is used: some list choices that need PyTorch."""

    def __init__(
        self, *, define: Callable[[argparse.ArgumentParser], None] | None = None, **rest: Any
    ) -> None:
        super().__init__(**rest)
        self._define = define

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        define, self._define = self._define, None
        if define is not None:
            define(self)
        return super().parse_known_args(args, namespace)


def _define_fit_heads(command: argparse.ArgumentParser) -> None:
    from inception_viz.cli import heads  # needs PyTorch

    heads.add_options(command)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    from inception_viz.cli import training

    top = argparse.ArgumentParser(
        prog="python -m inception_viz",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=iv.__version__)
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=_Command)
    for name, words, define in (
        ("predict", "name what is on a photo", photos.add_predict_options),
        ("trace", "save what every layer did with a photo, or a folder", photos.add_trace_options),
        (
            "explain",
            "score how much each branch matters to an answer",
            explain.add_explain_options,
        ),
        ("gradcam", "draw where each module looks", explain.add_gradcam_options),
        (
            "report",
            "write everything about a photo into one HTML file",
            explain.add_report_options,
        ),
    ):
        commands.add_parser(name, help=words, define=define)
    train = commands.add_parser("train", help="train GoogLeNet on folders of pictures")
    training.add_train_options(train)
    train.set_defaults(run=training.train)
    commands.add_parser(
        "fit-heads",
        help="give a trained network auxiliary heads that repeat its answers",
        define=_define_fit_heads,
    )
    about = commands.add_parser("weights", help="list, fetch, convert or describe weights")
    actions = about.add_subparsers(
        required=True, metavar="ACTION", parser_class=argparse.ArgumentParser
    )
    weights.add_weights_commands(actions)
    return top
