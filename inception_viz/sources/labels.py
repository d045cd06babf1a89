"""The 1000 class names of ImageNet (ILSVRC 2012), in the order in which networks number them."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path

from inception_viz.errors import WeightsError

MAX_FILE_BYTES = 4 * 2**20


@cache
def imagenet_labels() -> tuple[str, ...]:
    """The names as in torchvision's metadata. Two names ("crane", "maillot") occur twice."""
    text = (
        resources.files("inception_viz.sources").joinpath("imagenet_labels.json").read_text("utf-8")
    )
    return tuple(json.loads(text))


def read_labels(path: Path) -> tuple[str, ...]:
    """The class names of a text file, one a line; empty lines at its end are no names.

    Raises:
        WeightsError: if it can't be read, is too large, or holds what can't be shown.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        lines = content.decode("utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} can't be read as text ({error}).") from error
    if len(content) > MAX_FILE_BYTES:
        raise WeightsError(f"{path} is too large for a list of labels. Give one name a line.")
    for number, line in enumerate(lines, start=1):
        if not line.isprintable():
            raise WeightsError(f"Line {number} of {path} is no plain text. Give one name a line.")
    return tuple(line.strip() for line in lines)
