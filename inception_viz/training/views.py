"""What fitted heads learn from: cuts from photos at many scales, and several photos in one.

A head that has to repeat another one's answers needs no labels, so whatever can be shown to the
network teaches it something. Cuts and mixtures make many more kinds of pictures than there are
photos (the same idea as MixUp, arXiv 1710.09412, and CutMix, arXiv 1905.04899).
"""

from __future__ import annotations

import random

import numpy as np
from PIL import Image

from inception_viz.training.photos import Photos, Pixels

SMALLEST = 0.1  # of a photo's area
_BLENDED, _INSET, _QUARTERED = 0.3, 0.2, 0.2  # shares of the views; the rest shows one photo
_EDGE = 0.3  # of the side: no part of a mixture is smaller


def view(photos: Photos, size: int, seed: int) -> Pixels:
    """A square of ``size`` pixels that depends on ``seed`` alone: one photo, or two to four.

    Returns:
        uint8 (size, size, 3).
    """
    draw = random.Random(seed)
    kind = draw.random()
    if kind < _BLENDED:
        share = draw.uniform(0.2, 0.8)
        first, second = (_cut(photos, (size, size), draw) for _ in range(2))
        return (first * share + second * (1 - share)).astype(np.uint8)
    if kind < _BLENDED + _INSET:
        return _inset(photos, size, draw)
    if kind < _BLENDED + _INSET + _QUARTERED:
        return _quartered(photos, size, draw)
    return _cut(photos, (size, size), draw)


def _cut(photos: Photos, size: tuple[int, int], draw: random.Random) -> Pixels:
    """A rectangle of any photo, a tenth of its area or more, scaled to width × height."""
    image, _ = photos[draw.randrange(len(photos))]
    area = draw.uniform(SMALLEST, 1.0) * image.width * image.height
    ratio = 2 ** draw.uniform(-0.4, 0.4) * size[0] / size[1]
    width = min(max(round((area * ratio) ** 0.5), 1), image.width)
    height = min(max(round((area / ratio) ** 0.5), 1), image.height)
    left, top = draw.randint(0, image.width - width), draw.randint(0, image.height - height)
    cut = image.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))
    if draw.random() < 0.5:
        cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(cut)


def _inset(photos: Photos, size: int, draw: random.Random) -> Pixels:
    """One photo in front of another."""
    whole = _cut(photos, (size, size), draw).copy()
    width, height = (draw.randint(round(_EDGE * size), round(0.8 * size)) for _ in range(2))
    left, top = draw.randint(0, size - width), draw.randint(0, size - height)
    whole[top : top + height, left : left + width] = _cut(photos, (width, height), draw)
    return whole


def _quartered(photos: Photos, size: int, draw: random.Random) -> Pixels:
    """Four photos side by side."""
    whole = np.empty((size, size, 3), np.uint8)
    x, y = (draw.randint(round(_EDGE * size), round((1 - _EDGE) * size)) for _ in range(2))
    for top, height in ((0, y), (y, size - y)):
        for left, width in ((0, x), (x, size - x)):
            whole[top : top + height, left : left + width] = _cut(photos, (width, height), draw)
    return whole
