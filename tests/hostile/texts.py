"""Text that users bring: configs as JSON, CSV, pasted cells and links; labels."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path

import inception_viz as iv
from app.session.lab_draft import draft_in_file, draft_of, meaning, pasted
from inception_viz.architecture import (
    GoogLeNetConfig,
    check_budget,
    decode,
    encode,
    read_lines,
    rows_of,
    to_csv,
)
from inception_viz.sources import check_labels, read_labels
from tests.hostile.mutation import NUMBERS, TEXTS, bent, bent_json, damaged
from tests.hostile.target import Target

_WORDS = (
    "paper", "stem", "aux1", "aux2", "x", "norm=batch", "dropout=", "classes=10", "4=", ";",
    "-", ".", "=",
    "kernel_5x5=3+3", "input_size=", "pool4=2", ",", "\t", "3a", "5z", "inception", "f_1x1",
    "×", "module",
)  # fmt: skip


def targets() -> list[Target]:
    """One a kind of text."""
    errors = (iv.ConfigError,)
    return [
        Target("config json", _json, _read_json, errors),
        Target("config csv", _csv, _read_csv, errors),
        Target("pasted cells", _cells, _read_cells, errors),
        Target("config link", _link, _read_link, errors),
        Target("labels file", _labels, _read_labels, (iv.WeightsError,)),
    ]


@cache
def configs() -> tuple[GoogLeNetConfig, ...]:
    """All presets, and something without heads."""
    presets = ("paper", "torchvision", "naive", "half_width", "without_5x5", "without_projection")
    made = tuple(getattr(GoogLeNetConfig, name)() for name in presets)
    return (*made, GoogLeNetConfig.paper(aux1=None, aux2=None, classes=10, input_size=96))


def _json(chance: random.Random) -> bytes:
    text = bent_json(json.loads(chance.choice(configs()).to_json()), chance)
    data = text.encode("utf-8", "surrogatepass")
    return damaged(data, chance) if chance.random() < 0.2 else data


def _read_json(data: bytes, _folder: Path) -> None:
    """As the lab and the Train page do, and from bytes."""
    found = meaning(draft_in_file(data, draft_of(GoogLeNetConfig.paper()), ()))
    if found.config is None:
        raise iv.ConfigError(found.message)
    assert GoogLeNetConfig.from_json(found.config.to_json()) == found.config
    check_budget(found.config)


def _csv(chance: random.Random) -> bytes:
    text = bent(to_csv(chance.choice(configs())), chance, _WORDS)
    data = text.encode("utf-8", "surrogatepass")
    return damaged(data, chance) if chance.random() < 0.2 else data


def _read_csv(data: bytes, _folder: Path) -> None:
    """As the lab does: into its table, whose cells may be wrong, and then its message is said."""
    found = meaning(draft_in_file(data, draft_of(GoogLeNetConfig.paper()), ()))
    if found.config is None:
        raise iv.ConfigError(found.message)
    assert decode(encode(found.config)) == found.config


def _cells(chance: random.Random) -> str:
    separator = chance.choice(("\t", ",", ";", " "))
    cells = [
        str(chance.choice((*NUMBERS[:20], *TEXTS))) for _ in range(chance.choice((5, 6, 7, 60)))
    ]
    good = separator.join(chance.choice(("64", "128", "0", "")) for _ in range(6))
    line = separator.join(cells) if chance.random() < 0.3 else good
    return bent("\n".join([line, good]), chance, _WORDS) if chance.random() < 0.9 else line


def _read_cells(text: str, _folder: Path) -> None:
    draft = pasted(text, draft_of(GoogLeNetConfig.paper()), 2, 3)
    assert len(draft.rows) == 9
    for line in read_lines(text):
        if len(line.cells) == 6:
            (row,) = rows_of([list(line.cells.values())], [line.name or "a row"])
            assert all(value is None or isinstance(value, int) for value in vars(row).values())


def _link(chance: random.Random) -> str:
    return bent(encode(chance.choice(configs())), chance, _WORDS)


def _read_link(text: str, _folder: Path) -> None:
    config = decode(text)
    assert decode(encode(config)) == config
    check_budget(config)


def _labels(chance: random.Random) -> bytes:
    lines = [
        chance.choice((*TEXTS, "cat", "dog", "mouse"))
        for _ in range(chance.choice((3, 3, 3, 1000)))
    ]
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    return damaged(data, chance) if chance.random() < 0.3 and data else data


def _read_labels(data: bytes, folder: Path) -> None:
    path = folder / "labels.txt"
    path.write_bytes(data)
    labels = read_labels(path)
    found = check_labels(labels, 3, "weights.pth")
    assert len(found) == 3 and all(label.isprintable() and len(label) <= 400 for label in found)
