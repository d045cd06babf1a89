"""Saved concepts."""

from __future__ import annotations

import json
import random
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: F401 (to_frame's import must not count as an input's memory)
import safetensors
from safetensors.numpy import save_file

import inception_viz as iv
from inception_viz.figures import concept_sentence, paint_concept
from tests.hostile.mutation import bent, bent_json, damaged
from tests.hostile.target import Target


def targets() -> list[Target]:
    """A file of ours, bent."""
    return [Target("concept", _make, read, (iv.FileError,))]


@cache
def _seeds() -> tuple[bytes, bytes]:
    """A file of this version and one of the first."""
    places, chance = {"3a": 6, "3a/1x1": 4, "3a/pool": 2}, np.random.default_rng(0)
    found = iv.Concept(
        "stripes",
        "0" * 24,
        {place: chance.normal(size=n) for place, n in places.items()},
        {place: chance.normal(size=n) for place, n in places.items()},
        {place: float(chance.normal()) for place in places},
        {place: float(chance.random()) for place in places},
        chance.random(100),
        10,
        10,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.safetensors"
        found.save(path)
        new = path.read_bytes()
        with safetensors.safe_open(path, framework="np") as file:
            about = {k: v for k, v in file.metadata().items() if k != "version"}
        first = {"chance": found.chance}
        for place in places:
            first |= {f"direction:{place}": chance.normal(size=places[place])}
            first |= {f"means:{place}": chance.normal(size=2)}
        save_file(first, path, metadata=about)
        return new, path.read_bytes()


def _make(chance: random.Random) -> bytes:
    data = chance.choice(_seeds())
    if chance.random() < 0.3:
        return damaged(data, chance)
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    about = header["__metadata__"]
    key = chance.choice(sorted(about))
    try:
        about[key] = bent_json(json.loads(about[key]), chance)
    except ValueError:
        about[key] = bent(about[key], chance)
    if chance.random() < 0.3:
        tensor = chance.choice(sorted(name for name in header if name != "__metadata__"))
        header[bent(tensor, chance)] = header.pop(tensor)
    text = json.dumps(header, sort_keys=True).encode("utf-8", "replace")
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def read(data: bytes, folder: Path) -> None:
    """Load it; what comes can be shown."""
    path = folder / "x.safetensors"
    path.write_bytes(data)
    found = iv.Concept.load(path)
    assert found.best in found.accuracy and len(found.name) <= 80
    assert "<script" not in concept_sentence(found)
    paint_concept(found)
    found.to_frame()
