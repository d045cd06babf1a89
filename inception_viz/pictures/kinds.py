"""A picture's file before Pillow reads it: what kind it is, and how much work it asks for.

Pillow's classes are called directly, because ``Image.open`` warns above 89 million pixels and
refuses above 179 million, and neither can be changed for one thread alone.

Pillow walks through a file's parts in Python, one by one, and decodes each scan of a JPEG in full.
A file of 50 MB may consist of millions of empty parts, or of thousands of scans of 144 million
pixels: minutes or hours. No picture needs that.
"""

from __future__ import annotations

import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from typing import cast

from PIL import ImageFile, features
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

BEGINNING = 512  # bytes that tell what a file is
RESAVE = "save it as JPEG or PNG and try again"
CHOOSE = "choose a JPEG, PNG, WebP, GIF, BMP or TIFF picture instead"
MAX_PARTS = 50_000  # chunks, segments, blocks; fill bytes between them count as well
MAX_NOTES = 16 * 2**20  # bytes of a JPEG before its first scan: profile, EXIF, thumbnails
MAX_SCANS = 100  # of a progressive JPEG; ten are usual
MAX_SCANNED = 2_000_000_000  # pixels times scans
MAX_VALUES = 200_000  # numbers of one entry in a TIFF's directory, such as the places of its strips
MAX_BEYOND_SCREEN = 16_000_000  # pixels of a GIF whose first frame leaves its screen
MAX_RUN_LENGTH_BYTES = 4 * 2**20  # of a BMP that is decoded in Python
MAX_RUN_LENGTH_PIXELS = 16_000_000


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
    if (modern := _modern_reader(start)) is not None:
        return modern
    for kinds, remedy in ((_CONVERTIBLE, RESAVE), (_NO_PICTURES, CHOOSE)):
        for pattern, kind in kinds.items():
            if re.match(pattern, start, re.DOTALL | re.IGNORECASE):
                raise UnfitError(f"is {kind}, which can't be read here; {remedy}")
    for pattern, reader in _READERS.items():
        if re.match(pattern, start, re.DOTALL):
            return reader
    raise UnfitError(f"is no picture of a known format; {CHOOSE}")


def _modern_reader(start: bytes) -> type[ImageFile.ImageFile] | None:
    """Of phones' formats: AVIF where Pillow was built with it, HEIC where pillow-heif is there."""
    if re.match(rb".{4}ftypavi[fs]", start, re.DOTALL) and features.check("avif"):
        from PIL.AvifImagePlugin import AvifImageFile

        return AvifImageFile
    if re.match(rb".{4}ftyp(he|mif1|msf1)", start, re.DOTALL):
        try:
            heif = import_module("pillow_heif")  # an extra: heic
        except ImportError as error:
            raise UnfitError(
                "is an HEIC picture, which needs pillow-heif (pip install pillow-heif); or save it "
                "as JPEG and try again"
            ) from error
        return cast(type[ImageFile.ImageFile], heif.HeifImageFile)
    return None


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
_reading = 0  # threads
_lock = threading.Lock()


@contextmanager
def silent_readers() -> Iterator[None]:
    """Read without Pillow's warnings; the filters of whoever calls are as before afterwards.

    ``warnings.catch_warnings`` would put back what another thread has changed meanwhile. Here one
    filter is there while any thread reads, and the others are never touched.
    """
    global _reading
    with _lock:
        if not _reading:
            warnings.filters.insert(0, _QUIET)  # type: ignore[attr-defined]
        _reading += 1
    try:
        yield
    finally:
        with _lock:
            _reading -= 1
            if not _reading:  # by now somebody may have put up other filters
                kept = [each for each in warnings.filters if each is not _QUIET]
                warnings.filters[:] = kept  # type: ignore[index]


def asks_for_too_much(file_format: str, data: bytes) -> bool:
    """Whether the file is built of more parts than a picture of its format needs.

    Damage is no concern here: where a walk can't go on, it ends.
    """
    check = _CHECKS.get(file_format)
    try:
        return check is not None and check(data)
    except (struct.error, IndexError):  # it ends in the middle of a part
        return False


def _jpeg(data: bytes) -> bool:
    place, parts, notes, pixels = 2, 0, 0, 0
    while parts <= MAX_PARTS and notes <= MAX_NOTES:
        parts += 1
        if data[place] != 0xFF or data[place + 1] in (0x00, 0xFF):
            place += 1  # junk, or a byte that fills up
            continue
        kind = data[place + 1]
        if kind == 0xDA:
            return _too_many_scans(data, place, pixels)
        if kind in _ALONE:
            place += 2
            continue
        (length,) = struct.unpack_from(">H", data, place + 2)
        if kind in _FRAMES:
            height, width = struct.unpack_from(">2H", data, place + 5)
            pixels = max(pixels, height * width)
        notes += length
        place += 2 + length
    return True


_ALONE = {0x01, *range(0xD0, 0xDA)}  # markers without content
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_SCAN = re.compile(rb"\xff\xda")


def _too_many_scans(data: bytes, start: int, pixels: int) -> bool:
    """Inside scans, 0xFF is followed by 0 or a restart's number, so a scan's marker is one."""
    end = data.find(b"\xff\xd9", start)
    scans = _SCAN.finditer(data, start, len(data) if end < 0 else end)
    count = sum(1 for _ in islice(scans, MAX_SCANS + 1))
    return count > MAX_SCANS or (count > 1 and count * pixels > MAX_SCANNED)


def _png(data: bytes) -> bool:
    place = 8
    for _ in range(MAX_PARTS):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"IEND":
            return False
        place += 12 + length
    return True


def _gif(data: bytes) -> bool:
    """Up to the first frame; and whether that is larger than the screen, which Pillow enlarges."""
    place = 13 + (3 << (data[10] & 7) + 1 if data[10] & 128 else 0)
    parts = 0
    while parts <= MAX_PARTS:
        parts += 1
        kind = data[place]
        if kind == 0x3B:
            return False
        if kind == 0x2C:
            left, top, width, height = struct.unpack_from("<4H", data, place + 1)
            screen: tuple[int, ...] = struct.unpack_from("<2H", data, 6)
            enlarged = max(left + width, screen[0]), max(top + height, screen[1])
            return enlarged != screen and enlarged[0] * enlarged[1] > MAX_BEYOND_SCREEN
        place += 1
        if kind != 0x21:
            continue
        place += 1
        while (length := data[place]) and parts <= MAX_PARTS:
            parts, place = parts + 1, place + 1 + length
        place += 1
    return True


def _bmp(data: bytes) -> bool:
    width, height, _, _, packing = struct.unpack_from("<2i2HI", data, 18)
    large = len(data) > MAX_RUN_LENGTH_BYTES or abs(width * height) > MAX_RUN_LENGTH_PIXELS
    return packing in (1, 2) and large


def _tiff(data: bytes) -> bool:
    """Its first directory: other ones are not read."""
    order, big = "<>"[data[:2] == b"MM"], data[2:4] in (b"+\0", b"\0+")
    (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    (entries,) = struct.unpack_from(order + ("Q" if big else "H"), data, place)
    place += 8 if big else 2
    if entries > MAX_PARTS:
        return True
    for _ in range(entries):
        _, kind, count = struct.unpack_from(order + ("2HQ" if big else "2HI"), data, place)
        if kind not in _BYTES and count > MAX_VALUES:
            return True
        place += 20 if big else 12
    return False


_BYTES = {1, 2, 6, 7}  # a TIFF's types that Pillow keeps as bytes

_CHECKS = {"JPEG": _jpeg, "PNG": _png, "GIF": _gif, "BMP": _bmp, "TIFF": _tiff}
