"""What a run records: rows of figures as CSV, versions and hardware."""

from __future__ import annotations

import csv
import io
import os
import platform
from collections.abc import Sequence
from typing import Any

Row = dict[str, float | int | None]


def as_csv(rows: Sequence[Row]) -> str:
    """Rows with the same columns, of six digits; "" without any."""
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
    return out.getvalue()


def read_csv(text: str) -> list[dict[str, float | None]]:
    """What :func:`as_csv` wrote.

    Raises:
        ValueError, TypeError: if the text is something else.
    """
    rows = csv.DictReader(io.StringIO(text))
    return [{k: float(v) if v else None for k, v in row.items()} for row in rows]


def environment() -> dict[str, Any]:
    """Versions and hardware, for the record."""
    from importlib.metadata import version

    import torch

    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpu": torch.cpu.get_capabilities().get("architecture", platform.machine()),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "processes": int(os.environ.get("WORLD_SIZE", "1")),
        "accelerator": accelerator,
        "packages": {name: version(name) for name in ("torch", "torchvision", "accelerate")},
    }
