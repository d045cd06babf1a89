"""How much work a picture's file asks for, before Pillow reads it.

Pillow walks through a file's parts in Python, one by one, and decodes each scan of a JPEG in full.
A file of 50 MB may consist of millions of empty parts, or of thousands of scans of 144 million
pixels: minutes or hours. No picture needs that.
"""

from __future__ import annotations

import re
import struct
from itertools import islice

MAX_PARTS = 50_000  # chunks, segments, blocks; fill bytes between them count as well
MAX_NOTES = 16 * 2**20  # bytes of a JPEG before its first scan: profile, EXIF, thumbnails
MAX_SCANS = 100  # of a progressive JPEG; ten are usual
MAX_SCANNED = 2_000_000_000  # pixels times scans
MAX_VALUES = 200_000  # numbers of one entry in a TIFF's directory, such as the places of its strips
MAX_BEYOND_SCREEN = 16_000_000  # pixels of a GIF whose first frame leaves its screen
MAX_RUN_LENGTH_BYTES = 4 * 2**20  # of a BMP that is decoded in Python
MAX_RUN_LENGTH_PIXELS = 16_000_000


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
