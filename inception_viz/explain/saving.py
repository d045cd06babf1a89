"""A result as a file: a table, or everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from inception_viz.errors import ExplainError
from inception_viz.files.cache import atomic_write
from inception_viz.files.foreign import csv_text

if TYPE_CHECKING:
    import pandas as pd


def save_table(
    path: str | Path, frame: Callable[[], pd.DataFrame], plain: Callable[[], object]
) -> None:
    """Write ``NAME.csv`` (the frame) or ``NAME.json`` (plain values), whole or not at all.

    Raises:
        ExplainError: for another ending.
        FileError: if it can't be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".json"):
        raise ExplainError(f'"{path.name}" must end in .csv or .json.')
    with atomic_write(path) as temporary:
        text = csv_text(frame()) if suffix == ".csv" else json.dumps(plain(), indent=1)
        temporary.write_text(text, "utf-8")
