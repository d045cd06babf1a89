"""Any picture's colours -> opaque sRGB, in bands, so that no second full-size copy is ever made."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_BAND_PIXELS = 2**21


def bands(image: Image.Image, factor: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Yield bands of a multiple of ``factor`` rows, each with the row it starts at."""
    rows = factor * max(1, _BAND_PIXELS // (image.width * factor))
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def flattener(image: Image.Image) -> tuple[Callable[[Image.Image], Image.Image], str]:
    """What turns bands of this picture into opaque L, RGB or CMYK; a sentence for the user."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        black, white = _number_range(image)
        said = f"Its values end below {white:,.0f}, so that is taken for white, not 65,535."
        stretched = image.mode.startswith("I;16") and white < _WHITES[-1]
        return partial(_grey, black=black, white=white), said if stretched else ""
    if image.has_transparency_data:
        return _over_white, ""
    mode = {"1": "L", "L": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    return lambda band: band.convert(mode), ""


def _over_white(band: Image.Image) -> Image.Image:
    """Lay the band on white. Dropping its alpha channel would show the colours it hides."""
    seen = (band.convert("LA") if band.mode == "La" else band).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


@np.errstate(invalid="ignore")  # there are NaNs that give a warning when they are copied
def _numbers(band: Image.Image) -> NDArray[np.float64]:
    return np.asarray(band).astype(np.float64)


def _grey(band: Image.Image, black: float, white: float) -> Image.Image:
    """Rescale 16-bit, 32-bit or float pixels, which Pillow would cut off at 255. NaN is black."""
    numbers = _numbers(band)
    finite = np.nan_to_num(numbers, nan=black, posinf=white, neginf=black)
    grey = np.clip((finite - black) * (255 / (white - black)), 0, 255).round().astype(np.uint8)
    if "transparency" in band.info:  # the one value that a greyscale PNG declares transparent
        grey[numbers == band.info["transparency"]] = 255
    return Image.fromarray(grey)


def _number_range(image: Image.Image) -> tuple[float, float]:
    """Return the pixel values that mean black and white, which modes I and F leave open.

    That is 0 and the first of :data:`_WHITES` that no pixel exceeds; else the lowest and the
    highest finite pixel. So 10, 12 or 14 bits of a camera in a file of 16 are not all but black.
    """
    low, high = math.inf, -math.inf
    for _, band in bands(image):
        numbers = _numbers(band)
        finite = numbers[np.isfinite(numbers)]
        low = min(low, float(finite.min(initial=low)))
        high = max(high, float(finite.max(initial=high)))
    sixteen = image.mode.startswith("I;16")
    for white in _WHITES[1:] if sixteen else _WHITES:
        if low >= 0 and high <= white:
            return 0.0, white
    return (low, high) if low < high else (min(low, 0.0), max(high, 0.0))


# What means white in files that may leave it open: fractions; 8, 10, 12, 14 and 16 bits.
_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)


def srgb_converter(profile: bytes | None) -> Callable[[Image.Image], Image.Image]:
    """Return what turns L, RGB or CMYK into sRGB, by the ICC profile if that is of any use."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        mode = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}[source.profile.xcolor_space]
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, srgb, mode, "RGB")
    except Exception:  # no profile, a broken one, or a Pillow without LittleCMS
        return lambda band: band.convert("RGB")
    # A profile for RGB also suits a grey picture, but one for grey or CMYK suits no other kind.
    return lambda band: (
        transform.apply(band.convert(mode)) if mode in ("RGB", band.mode) else band.convert("RGB")
    )
