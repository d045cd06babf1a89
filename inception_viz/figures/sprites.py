"""All channels of a layer in one small picture."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image

from inception_viz.explain.channels import Layer
from inception_viz.figures.colours import SEQUENTIAL, lookup_table

SPRITE_COLUMNS = 16
_COLOURS = 96  # of the scale's 256: no eye tells more apart in a tile
_NOTHING = "#1C1E24"  # a tile without a picture
MAX_CELL = 32  # pixels; the stem's maps of 112 × 112 are reduced to this


@dataclass(frozen=True)
class Sprite:
    """Channels as tiles of one picture, row by row; tile ``i`` is ``channels[i]``."""

    encoded: bytes
    kind: str  # "png", "webp"
    columns: int
    rows: int
    channels: tuple[int, ...]


def channel_sprite(layer: Layer, channels: np.ndarray, maximum: float | None = None) -> Sprite:
    """Draw ``channels`` (indices, in order) of a layer without gaps.

    Without ``maximum`` each map is stretched from 0 to its own maximum; with it, all are drawn from
    0 to ``maximum`` and can be compared. A silent channel stays dark in both.
    """
    maps = layer.maps[channels]
    top = layer.maximum[channels] if maximum is None else np.full(len(maps), maximum)
    levels = np.divide(
        maps, top[:, None, None], out=np.zeros_like(maps), where=top[:, None, None] > 0
    )
    cell = levels.shape[1]
    if cell > MAX_CELL:
        step = ceil(cell / MAX_CELL)
        levels = levels[:, : cell - cell % step, : cell - cell % step]
        side = levels.shape[1] // step
        levels = levels.reshape(len(maps), side, step, side, step).max(axis=(2, 4))
        cell = side
    columns = min(SPRITE_COLUMNS, len(maps))
    rows = ceil(len(maps) / columns)
    sheet = np.zeros((rows * columns, cell, cell), levels.dtype)
    sheet[: len(maps)] = levels
    sheet = sheet.reshape(rows, columns, cell, cell).transpose(0, 2, 1, 3)
    png = _palette_png(sheet.reshape(rows * cell, columns * cell))
    return Sprite(png, "png", columns, rows, tuple(int(c) for c in channels))


def picture_sprite(
    channels: Sequence[int], pictures: Mapping[int, Image.Image], *, side: int = 64
) -> Sprite:
    """The painted pictures of ``channels``, in order; dark where there is none."""
    columns = min(SPRITE_COLUMNS, len(channels))
    rows = ceil(len(channels) / columns)
    sheet = Image.new("RGB", (columns * side, rows * side), _NOTHING)
    for place, channel in enumerate(channels):
        if channel in pictures:
            row, column = divmod(place, columns)
            tile = pictures[channel].resize((side, side), Image.Resampling.LANCZOS)
            sheet.paste(tile, (column * side, row * side))
    file = io.BytesIO()
    sheet.save(file, "WEBP", quality=70, method=1)
    return Sprite(file.getvalue(), "webp", columns, rows, tuple(int(c) for c in channels))


def _palette_png(levels: np.ndarray) -> bytes:
    """Levels between 0 and 1 as a PNG with the colour scale as its palette: one byte a pixel.

    Fewer colours than the scale has: the file is a fifth smaller and looks the same.
    """
    image = Image.fromarray((levels * (_COLOURS - 1)).round().astype(np.uint8)).convert("P")
    steps = np.linspace(0, 255, _COLOURS).round().astype(int)
    image.putpalette(lookup_table(SEQUENTIAL)[steps].tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
