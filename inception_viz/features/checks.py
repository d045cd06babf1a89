"""Is a painted picture any good? Measured, not looked at: as strong as photos, and like them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from inception_viz.architecture.receptive_field import receptive_fields
from inception_viz.classifier import Classifier
from inception_viz.features.aim import last_of
from inception_viz.features.photo_index import Index, PhotoUnit
from inception_viz.pictures.preprocessing import fit_image, fitting
from inception_viz.pictures.reading import Picture, read_picture

_SMALLEST = 64  # pixels of a crop; less of a photo shows nothing


def reached(activation: float, what: str, index: Index) -> float | None:
    """A picture's strongest unit over that of the index's best photo.

    At least 1 is wanted. None for what the index doesn't hold, or what no photo makes fire.
    """
    best = index.top(what, 1)[0].value if what in index else 0.0
    return activation / best if best > 0 else None


def transfer(image: Image.Image, what: str, index: Index, judge: Classifier) -> float | None:
    """How much a picture is like what its channel answers, in the eyes of another network.

    Of all pairs of a crop of the channel's strongest photos and one of its weakest, the share in
    which the picture is nearer to the strong one; 0.5 is chance. Near: the cosine between what the
    judge's last module puts out, averaged over the map, less its mean over all crops.

    None for what the index doesn't hold, or where no photo is weak.
    """
    if what not in index:
        return None
    levels = (index.top(what), index.band(what, 0))
    crops = [[crop(index, what, row) for row in rows] for rows in levels]
    if not all(crops):
        return None
    strong, weak = (features_of(judge, images) for images in crops)
    centre = np.concatenate([strong, weak]).mean(axis=0)
    own = _unit(features_of(judge, [image]) - centre)[0]
    near, far = _unit(strong - centre) @ own, _unit(weak - centre) @ own
    return float((near[:, None] > far).mean())


def crop(
    index: Index,
    place: str,
    row: PhotoUnit,
    picture: Picture | None = None,
    *,
    marked: bool = False,
) -> Image.Image:
    """The part of a photo that a unit sees, of what the network saw of it.

    Args:
        index: which found the unit.
        place: the unit's channel.
        row: the unit.
        picture: the photo, where the index is of a list; by default it is read from the folder.
        marked: draw a ring around the unit's place.

    Raises:
        ImageError: if the photo has gone, or can't be read any more.
    """
    layer = place.rpartition(":")[0]
    picture = picture or read_picture(Path(index.folder) / row.picture)
    size = index.config.input_size
    square = fit_image(picture.image, fitting(picture.size, size, index.seen_as), (0, 0, 0))
    field = receptive_fields(index.config)[layer]
    left, top, right, bottom = field.box(row.row, row.column)
    half = min(max(right - left, _SMALLEST), size) / 2
    at = [(a + b) / 2 for a, b in ((left, right), (top, bottom))]
    x, y = (min(max(middle, half), size - half) for middle in at)
    if marked:
        draw, ring = ImageDraw.Draw(square), max(half / 14, 2)
        for radius, colour in ((ring + 1, "black"), (ring, "white")):
            draw.circle(at, radius, outline=colour, width=max(round(half / 40), 1))
    return square.crop((round(x - half), round(y - half), round(x + half), round(y + half)))


def features_of(judge: Classifier, images: list[Image.Image]) -> np.ndarray:
    """(N, channels) of the judge's last module."""
    size = judge.config.input_size
    inputs = [judge.preprocessing.tensor(image.resize((size, size))) for image in images]
    network = judge.inference_network
    with torch.no_grad():
        return np.asarray(last_of(network.walk(torch.cat(inputs))).mean((2, 3)).double())


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
