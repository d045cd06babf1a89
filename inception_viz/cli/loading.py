"""What commands read and write: weights, with what must be said about them; names of files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import inception_viz as iv
from inception_viz.files.paths import readable


def loaded(source: str, **options: Any) -> iv.Classifier:
    """As :func:`inception_viz.load`; weights that stand in for others are named on stderr.

    Raises:
        WeightsError: as :func:`inception_viz.load` does.
    """
    classifier = iv.load(source, **options)
    if classifier.weights.trouble:
        print(f"note: {classifier.weights.trouble}", file=sys.stderr)
    return classifier


def check_ending(path: Path, *endings: str) -> None:
    """Refuse a name whose ending says nothing, before there is work.

    Raises:
        FileError: naming the endings.
    """
    if path.suffix.lower() not in endings:
        *others, last = endings
        wanted = f"{', '.join(others)} or {last}" if others else last
        raise iv.FileError(f"{path.name} must end in {wanted}.")


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        FileError: if it can't be read.
    """
    with readable(path):
        return path.read_text("utf-8")
