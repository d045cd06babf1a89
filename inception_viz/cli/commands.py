"""The commands, and what becomes of an error."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import inception_viz as iv

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
# Command → a module here that has its function NAME and its options, add_NAME_options; its help.
_COMMANDS = {
    "predict": ("photos", "name what is on a photo"),
    "trace": ("photos", "save what every layer did with a photo, or a folder"),
    "explain": ("explain", "score how much each branch matters to an answer"),
    "gradcam": ("explain", "draw where each module looks"),
    "report": ("explain", "write everything about a photo into one HTML file"),
    "train": ("training", "train GoogLeNet on folders of pictures"),
    "index": ("features", "find the photos that make each channel fire"),
    "atlas": ("features", "paint what every channel looks for; hours, in parts"),
    "specialisation": ("features", "test whether branches prefer different things"),
    "fit-heads": ("heads", "give a trained network auxiliary heads that repeat its answers"),
    "fit-lens": ("lens", "fit read-outs that say what a network believes after every module"),
    "weights": ("weights", "list, fetch, convert or describe weights"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 1 after a message about what went wrong.

    A command may have further ones, which its help names.
    """
    try:
        options = parser().parse_args(arguments)
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

    def __init__(self, *, command: str = "", **rest: Any) -> None:
        super().__init__(**rest)
        self._command = command

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        name, self._command = self._command, ""
        if name:
            module = import_module(f"inception_viz.cli.{_COMMANDS[name][0]}")
            name = name.replace("-", "_")
            self.set_defaults(run=getattr(module, name, None))
            getattr(module, f"add_{name}_options")(self)
        return super().parse_known_args(args, namespace)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m inception_viz",
        description="See how GoogLeNet thinks, branch by branch.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=iv.__version__)
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=_Command)
    for name, (_, words) in _COMMANDS.items():
        commands.add_parser(name, help=words, command=name)
    return top
