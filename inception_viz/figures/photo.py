"""Maps drawn on the photo, in the photo's own proportions."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from inception_viz.figures.colours import DIVERGING, SEQUENTIAL, colourise
from inception_viz.pictures.preprocessing import Crop, Fitting
from inception_viz.pictures.reading import Picture

Box = tuple[float, float, float, float]
_VEIL = 190  # of 255, how much a veil hides at most
_MARK = (214, 73, 16)  # orange
_OUTSIDE = 0.35  # brightness of what the network did not see


def overlay(
    picture: Picture,
    fitting: Fitting,
    values: np.ndarray,
    *,
    strength: float = 0.6,
    side: int = 400,
    maximum: float | None = None,
    signed: bool = False,
    box: Box | None = None,
    point: tuple[float, float] | None = None,
) -> Image.Image:
    """Lay a map over the photo; what the network didn't see is darkened.

    The whole photo is drawn; of one with a :class:`Crop`, that and half its side around it.

    Args:
        picture: the photo.
        fitting: where the network's input lies on it.
        values: (height, width), covering the input; of at least 0 unless ``signed``.
        strength: 0 shows the photo alone, 1 the map alone.
        side: longer side of the result in pixels.
        maximum: value of the scale's end; default the map's own maximum, or size if ``signed``.
        signed: colours run from −maximum (blue) to maximum (red) instead of from 0.
        box: left, top, right, bottom in input pixels, drawn as a frame.
        point: x, y in input pixels, drawn as a dot.
    """
    view = _view(fitting)
    scale = side / max(view[2] - view[0], view[3] - view[1])
    photo = _part(picture, view, scale)
    size = photo.size
    left, top, right, bottom = (
        round((edge - start) * scale) for edge, start in zip(fitting.box, view[:2] * 2, strict=True)
    )
    left, top = min(left, size[0] - 1), min(top, size[1] - 1)  # of a tiny square a pixel stays
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    canvas = photo.point(lambda level: level * _OUTSIDE)
    seen = (max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1]))
    heat = _heat(values, maximum, signed).resize(
        (right - left, bottom - top), Image.Resampling.BICUBIC
    )
    part = (seen[0] - left, seen[1] - top, seen[2] - left, seen[3] - top)
    # Under the map the photo fades to grey, so that every colour is the map's.
    under = ImageEnhance.Color(photo.crop(seen)).enhance(max(1 - 2 * strength, 0))
    canvas.paste(Image.blend(under, heat.crop(part), strength), seen[:2])
    _mark(canvas, fitting, view, scale, box, point)
    return canvas


def photo_with_frame(picture: Picture, fitting: Fitting, side: int = 400) -> Image.Image:
    """The photo, with the part that the network doesn't see darkened."""
    return overlay(picture, fitting, np.zeros((1, 1)), strength=0.0, side=side)


def veil(values: np.ndarray) -> bytes:
    """A map (height, width) of at least 0 as a PNG of its own size, to be laid over a picture.

    Where the map is strong it is coloured, where it is 0 nothing is seen of it.
    """
    top = float(values.max())
    levels = values / top if top > 0 else np.zeros_like(values)
    alpha = (np.sqrt(levels) * _VEIL).round().astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([colourise(levels), alpha])).save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(image: Image.Image, quality: int = 76) -> bytes:
    """A picture as JPEG, for pages: a tenth of a PNG's size."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def png(image: Image.Image) -> bytes:
    """A picture as PNG, its pixels exactly; made fast rather than small."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def marked(image: Image.Image, where: np.ndarray) -> Image.Image:
    """A picture in pale grey with the pixels ``where`` (height, width) is true in orange."""
    grey = np.asarray(image.convert("L"))[..., None]
    pale = (160 + 0.35 * grey).astype(np.uint8).repeat(3, axis=2)
    pale[where] = _MARK
    return Image.fromarray(pale)


def data_url(content: bytes, kind: str = "jpeg") -> str:
    """An encoded picture as text, for HTML; ``kind`` is "jpeg", "png" or "svg+xml"."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _view(fitting: Fitting) -> Box:
    """Left, top, right, bottom of what is drawn, in original pixels."""
    width, height = fitting.original
    if not isinstance(fitting.fit, Crop):
        return 0.0, 0.0, float(width), float(height)
    left, top, right, bottom = fitting.box
    around = (right - left) / 2
    return (
        max(left - around, 0.0),
        max(top - around, 0.0),
        min(right + around, width),
        min(bottom + around, height),
    )


def _part(picture: Picture, view: Box, scale: float) -> Image.Image:
    """What lies within ``view``, ``scale`` pixels a pixel of the original."""
    image = picture.image
    width, height = (max(round((view[i + 2] - view[i]) * scale), 1) for i in (0, 1))
    # The image may be a reduced copy of the original.
    reduced = np.multiply(view, np.tile(np.divide(image.size, picture.size), 2))
    left, top, right, bottom = np.minimum(reduced, image.size * 2).tolist()
    box = (left, top, right, bottom)
    return image.resize((width, height), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)


def _heat(values: np.ndarray, maximum: float | None, signed: bool) -> Image.Image:
    top = float(np.abs(values).max() if signed else values.max()) if maximum is None else maximum
    levels = values / top if top > 0 else np.zeros_like(values)
    if signed:
        return Image.fromarray(colourise(levels / 2 + 0.5, DIVERGING))
    return Image.fromarray(colourise(levels, SEQUENTIAL))


def _mark(
    canvas: Image.Image,
    fitting: Fitting,
    view: Box,
    scale: float,
    box: Box | None,
    point: Sequence[float] | None,
) -> None:
    draw = ImageDraw.Draw(canvas)

    def on_canvas(x: float, y: float) -> tuple[float, float]:
        original = fitting.to_original(x, y)
        return (original[0] - view[0]) * scale, (original[1] - view[1]) * scale

    if box is not None:
        inside = [min(max(edge, 0), fitting.size) for edge in box]  # beyond lies padding
        corners = (*on_canvas(inside[0], inside[1]), *on_canvas(inside[2], inside[3]))
        limits = (canvas.width - 1, canvas.height - 1) * 2
        clipped = [min(max(c, 0), limit) for c, limit in zip(corners, limits, strict=True)]
        draw.rectangle(clipped, outline="black", width=4)
        draw.rectangle(clipped, outline="white", width=2)
    if point is not None:
        x, y = on_canvas(point[0], point[1])
        draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill="white", outline="black", width=2)
