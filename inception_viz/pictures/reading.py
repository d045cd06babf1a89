"""Any user file -> a safe, upright RGB picture, or an ImageError that says what to do.

Files are judged by their content, never by their name. ``Limits`` are checked on the declared size,
before a pixel is decoded.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from PIL import ExifTags, Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from inception_viz.errors import ImageError
from inception_viz.pictures import kinds
from inception_viz.pictures.colours import bands, flattener, srgb_converter
from inception_viz.pictures.jpeg_end import JPEG_END, lacks_only_its_end

_FEWER_PIXELS = dict.fromkeys(
    ("WEBP", "AVIF", "HEIF"), 50_000_000
)  # 16 bytes each while it is decoded
WORKING_SIDE = 2048  # pixels; the networks see 224, the rest is for looking at

_DARK = 48  # of 255
_SMALLER = "make it smaller and try again"


@dataclass(frozen=True)
class Limits:
    """The largest picture that is read: bytes of the file, pixels in all, pixels on a side.

    ``fewer_pixels`` has the formats whose decoders hold several copies of a picture at once.
    ``benchmarks/hostile.py`` measures what the limits mean in seconds and bytes.
    """

    max_bytes: int = 50 * 2**20
    max_pixels: int = 12_000 * 12_000
    max_side: int = 30_000
    fewer_pixels: Mapping[str, int] = field(default_factory=lambda: _FEWER_PIXELS)

    def pixels(self, file_format: str = "") -> int:
        """How many pixels a picture of this format may have."""
        return min(self.max_pixels, self.fewer_pixels.get(file_format, self.max_pixels))


@dataclass(frozen=True)
class Picture:
    """An upright RGB picture and the identity of the file it came from.

    ``image`` is in memory with no file behind it, so threads may share it. Comparing Pictures
    leaves it out; ``sha256`` stands for it.
    """

    image: Image.Image = field(compare=False)  # mode RGB, at most WORKING_SIDE on its longer side
    size: tuple[int, int]  # width and height of the upright original in pixels
    sha256: str  # of the file's bytes; for a PIL image, of its mode, size and upright RGB pixels
    format: str  # "JPEG", "PNG", "TIFF", "HEIF" …; "memory" for a PIL image
    name: str  # the file's name for display, "" if unknown
    note: str = ""  # what the user must know of how it was read, a sentence


_DEFAULT_LIMITS = Limits()


def read_picture(
    source: str | os.PathLike[str] | bytes | BinaryIO | Image.Image | Picture,
    *,
    name: str = "",
    limits: Limits = _DEFAULT_LIMITS,
) -> Picture:
    """Read a picture from a path, bytes, an open binary file or a PIL image.

    Args:
        source: A file object is read from its start if it can seek. A Picture comes back as is.
        name: What to call the file; without it, the name that the source has, if any.
        limits: What is too large. A PIL image has no bytes to count.

    Raises:
        ImageError: The source is missing, too large, damaged, or no picture of a known format.
        TypeError: The source is none of the kinds above.
    """
    if isinstance(source, Picture):
        return source
    name = _display_name(name or _name_of(source))
    subject = name or ("This picture" if isinstance(source, Image.Image) else "This file")
    try:
        with kinds.silent_readers():
            if isinstance(source, Image.Image):
                return _from_memory(source, name, limits)
            return _from_file(_read_bytes(source, limits.max_bytes), name, limits)
    except kinds.UnfitError as unfit:
        raise ImageError(f"{subject} {unfit}.") from unfit
    except (MemoryError, Image.DecompressionBombError) as error:
        raise ImageError(f"{subject} needs too much memory; {_SMALLER}.") from error
    except Exception as error:  # on damaged files Pillow raises nearly every kind there is
        raise ImageError(f"{subject} is damaged or incomplete; {kinds.CHOOSE}.") from error


def _name_of(source: object) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if not isinstance(source, bytes | Image.Image) and not hasattr(source, "read"):
        raise TypeError(f"A picture can't be read from a {type(source).__name__}.")
    name = getattr(source, "name", "")  # of an open file; a number if that is how it was opened
    return name if isinstance(name, str) else ""


def _display_name(path: str) -> str:
    """Return the last part of any system's path, printable and not too long."""
    last = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
    name = "".join(character for character in last if character.isprintable()).strip()
    return name if len(name) <= 100 else f"{name[:60]}…{name[-30:]}"


def _read_bytes(source: str | os.PathLike[str] | bytes | BinaryIO, max_bytes: int) -> bytes:
    try:
        if isinstance(source, str | os.PathLike):
            data = _read_path(Path(os.fsdecode(source)), max_bytes)
        else:
            data = source if isinstance(source, bytes) else _read_stream(source, max_bytes)
    except FileNotFoundError as error:
        raise kinds.UnfitError("doesn't exist; check the file's name and folder") from error
    except (OSError, ValueError, TypeError) as error:  # a bad name; a file closed or open as text
        raise kinds.UnfitError("can't be read; check that you may open it and try again") from error
    if not data:
        raise kinds.UnfitError("is empty; choose another copy of the picture")
    if len(data) > max_bytes:
        allowed = f"{max_bytes // 2**20} MB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
        raise kinds.UnfitError(f"is larger than the {allowed} allowed; {_SMALLER}")
    return data


def _read_path(path: Path, max_bytes: int) -> bytes:
    if path.is_dir():
        raise kinds.UnfitError("is a folder; choose a picture file in it")
    if path.exists() and not path.is_file():  # a pipe could let us wait for ever
        raise kinds.UnfitError("is no ordinary file; choose a picture file")
    with path.open("rb") as file:
        return file.read(max_bytes + 1)


def _read_stream(stream: BinaryIO, max_bytes: int) -> bytes:
    if getattr(stream, "seekable", lambda: False)():
        stream.seek(0)  # an upload that was read before stands at its end
    data = bytearray()
    while chunk := stream.read(max_bytes + 1 - len(data)):  # a pipe hands out a little at a time
        data += chunk
    return bytes(data)


def _from_file(data: bytes, name: str, limits: Limits) -> Picture:
    reader = kinds.reader_of(data)
    kind = str(reader.format)
    if kinds.asks_for_too_much(kind, data):
        raise kinds.UnfitError(f"is built of far more parts than a picture needs; {kinds.RESAVE}")
    if kind == "JPEG" and lacks_only_its_end(data):
        data += JPEG_END
    with reader(io.BytesIO(data), "") as file:
        size = file.size
        _check_size(size, limits, kind)
        file.draft(None, _working_size(size))  # decodes a large JPEG at 1/2, 1/4 or 1/8 of its size
        if isinstance(file, TiffImageFile):  # Pillow warns above 89 MP when it makes the canvas
            stored = file.tag_v2[ExifTags.Base.ImageWidth], file.tag_v2[ExifTags.Base.ImageLength]
            file.im = Image.new(file.mode, stored).im
        image, sideways, note = _upright_rgb(file)
    digest = hashlib.sha256(data).hexdigest()
    return Picture(image, size[::-1] if sideways else size, digest, str(file.format), name, note)


def _from_memory(source: Image.Image, name: str, limits: Limits) -> Picture:
    _check_size(source.size, limits)
    image, sideways, note = _upright_rgb(source)
    size = source.size[::-1] if sideways else source.size
    # Whatever a palette, transparency, a profile or EXIF do, they have done to the upright pixels.
    digest = hashlib.sha256(f"{source.mode} {size}".encode() + image.tobytes()).hexdigest()
    return Picture(image, size, digest, "memory", name, note)


def _check_size(size: tuple[int, int], limits: Limits, file_format: str = "") -> None:
    width, height = size
    most = limits.pixels(file_format)
    if min(size) < 1:
        raise kinds.UnfitError("has no pixels; choose another picture")
    if max(size) > limits.max_side or width * height > most:
        raise kinds.UnfitError(
            f"has {width:,} × {height:,} pixels, but only {limits.max_side:,} on a side and "
            f"{most / 1e6:g} million in all are allowed; {_SMALLER}"
        )


def _working_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, WORKING_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _orientation(image: Image.Image) -> int:
    """Return EXIF's 1 to 8 of a loaded picture. (Loading has put a TIFF upright: 1.)"""
    try:
        value = image.getexif()[ExifTags.Base.Orientation]
    except Exception:  # no notes about the picture, or broken ones
        return 1
    return value if value in range(2, 9) else 1


def _upright_rgb(image: Image.Image) -> tuple[Image.Image, bool, str]:
    """It upright, over white, in sRGB, of working size; whether it lay on its side; a note.

    Bands are shrunk by a whole factor, to no less than twice the working size; Lanczos does the
    rest and so decides what the picture looks like.
    """
    image.load()
    factor = max(1, max(image.size) // (2 * WORKING_SIDE))
    (flatten, note), to_srgb = flattener(image), srgb_converter(image.info.get("icc_profile"))
    result = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top, band in bands(image, factor):
        result.paste(to_srgb(flatten(band).reduce(factor)), (0, top // factor))
    if max(result.size) > WORKING_SIDE:
        result = result.resize(_working_size(image.size), Image.Resampling.LANCZOS)
    orientation = result.getexif()[ExifTags.Base.Orientation] = _orientation(image)
    return ImageOps.exif_transpose(result), orientation >= 5, note or _darkness(result)


def _darkness(image: Image.Image) -> str:
    """A sentence if nothing in an RGB picture is brighter than a fifth of white."""
    ends = cast(tuple[tuple[int, int], ...], image.getextrema())
    brightest = max(high for _, high in ends)
    if not 0 < brightest < _DARK:
        return ""
    return (
        f"It is very dark: its brightest value is {brightest / 255:.0%} of white. If it comes from "
        "a camera or microscope with more than 8 bits, stretch it before."
    ).replace("%", "\N{NO-BREAK SPACE}%")
