"""What kind of file it is by how it begins, and Pillow's class that reads it.

The classes are called directly, because ``Image.open`` warns above 89 million pixels and refuses
above 179 million, and neither can be changed for one thread alone.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from PIL import ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

BEGINNING = 512  # bytes that tell what a file is
RESAVE = "save it as JPEG or PNG and try again"
CHOOSE = "choose a JPEG, PNG, WebP, GIF, BMP or TIFF picture instead"


class UnfitError(Exception):
    """What an ImageError says after the file's name."""


class _FirstFrameGif(GifImageFile):
    """A GIF that prepares nothing for its second frame: Pillow warns if that takes a large area."""

    disposal_method = property(lambda self: 0, lambda self, value: None)


# How files begin: ours, pictures that others can convert, and the rest.
_READERS: dict[bytes, type[ImageFile.ImageFile]] = {
    rb"\xff\xd8\xff": JpegImageFile,
    rb"\x89PNG\r\n\x1a\n": PngImageFile,
    rb"RIFF.{4}WEBP": WebPImageFile,
    rb"GIF8[79]a": _FirstFrameGif,
    rb"BM": BmpImageFile,
    rb"II[*+]\0|MM\0[*+]": TiffImageFile,
}
_CONVERTIBLE = {
    rb".{4}ftyp(he|mif1|msf1)": "an HEIC picture",
    rb".{4}ftypavi": "an AVIF picture",
    rb".{4}ftypcrx|.{8}CR\x02|FUJIFILM": "a camera's raw picture",
    rb".{4}(jP  |JXL )|\xff\x4f\xff\x51|\xff\x0a": "a JPEG 2000 or JPEG XL picture",
    rb"8BPS": "a Photoshop picture",
    rb"\0\0\x01\0": "an icon",
    rb"(\xef\xbb\xbf)?\s*(<[?!](?!doctype html).{,4000})?<svg": "an SVG drawing",
    rb"%PDF": "a PDF document",
}
_NO_PICTURES = {
    rb".{4}ftyp|\x1aE\xdf\xa3|\0\0\x01\xba|RIFF.{4}(AVI |WAVE)|ID3|OggS": "a video or sound file",
    rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b": "an archive or office document",
    rb"\xff\xfe|\xfe\xff|([\t\n\f\r -~]|[\xc2-\xf4][\x80-\xbf]*)+\Z": "a text file",
}


def reader_of(data: bytes) -> type[ImageFile.ImageFile]:
    """Pillow's class for what the file begins with.

    Raises:
        UnfitError: if it is no picture, or one that can't be read here.
    """
    start = data[:5000]
    for kinds, remedy in ((_CONVERTIBLE, RESAVE), (_NO_PICTURES, CHOOSE)):
        for pattern, kind in kinds.items():
            if re.match(pattern, start, re.DOTALL | re.IGNORECASE):
                raise UnfitError(f"is {kind}, which can't be read here; {remedy}")
    for pattern, reader in _READERS.items():
        if re.match(pattern, start, re.DOTALL):
            return reader
    raise UnfitError(f"is no picture of a known format; {CHOOSE}")


def why_unfit(start: bytes) -> str:
    """Why what begins so is no picture that can be read, to follow its name; "" if it is one."""
    if not start:
        return "is empty"
    try:
        reader_of(start)
    except UnfitError as unfit:
        return str(unfit).partition(";")[0]
    return ""


# What Pillow warns of in damaged files helps nobody: the picture comes, or our sentence.
_QUIET = ("ignore", None, UserWarning, re.compile(r"PIL\.(Png|Tiff)ImagePlugin"), 0)
_reading: set[object] = set()
_lock = threading.Lock()


@contextmanager
def silent_readers() -> Iterator[None]:
    """Read without Pillow's warnings; the filters of whoever calls are as before afterwards.

    ``warnings.catch_warnings`` would put back what another thread has changed meanwhile. Here one
    filter is there while any thread reads, and the others are never touched.
    """
    me = object()
    filters = cast(list[object], warnings.filters)
    with _lock:
        if not _reading:
            filters.insert(0, _QUIET)
        _reading.add(me)
    try:
        yield
    finally:
        with _lock:
            _reading.remove(me)
            if not _reading:
                _take_away()


def _take_away() -> None:
    filters = cast(list[object], warnings.filters)  # by now somebody may have put up other ones
    filters[:] = [each for each in filters if each is not _QUIET]
