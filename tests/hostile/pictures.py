"""Pictures of six formats, damaged inside their structure."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from inception_viz.errors import ImageError
from inception_viz.pictures import WORKING_SIDE, Limits, read_picture
from tests.hostile.mutation import NUMBERS, damaged
from tests.hostile.target import Target

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
MEGABYTES = 1280  # of a picture within the limits, whose declared size costs nothing to write


def targets() -> list[Target]:
    """One a format."""
    return [Target(f.lower(), partial(_make, f), read, (ImageError,), MEGABYTES) for f in FORMATS]


def read(data: bytes, _folder: Path) -> None:
    """Read it, and see that what comes is a small upright RGB picture with a name."""
    picture = read_picture(data, name="photo")
    image = picture.image
    assert image.mode == "RGB" and min(image.size) >= 1 and max(image.size) <= WORKING_SIDE
    assert picture.size[0] * picture.size[1] <= Limits().max_pixels
    assert len(picture.sha256) == 64 and picture.format in FORMATS
    image.getpixel((image.width - 1, image.height - 1))


def _make(file_format: str, chance: random.Random) -> bytes:
    data = chance.choice(seeds(file_format))
    if chance.random() < 0.5:
        data = _STRUCTURES[file_format](data, chance)
    if chance.random() < 0.6:
        data = damaged(data, chance, seeds(file_format))
    return data


@cache
def seeds(file_format: str) -> tuple[bytes, ...]:
    """Small valid files of all modes and options that the format knows."""
    pixels = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    rgb = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "words"
    made_now = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = made_now[:24] + bytes(12) + made_now[36:]  # without the time of day
    more: dict[str, Any] = {"exif": exif, "icc_profile": profile}
    frames: dict[str, Any] = {"save_all": True, "append_images": [rgb.rotate(180)]}
    lab = rgb.convert("LAB")
    lab.info.clear()  # of a profile with the time of day
    grey, palette = rgb.convert("L"), rgb.quantize(16)
    deep = Image.fromarray(np.arange(117, dtype=np.uint16).reshape(9, 13) * 500)
    number = Image.fromarray(pixels[..., 0].astype(np.float32))
    plans: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "JPEG": [
            (rgb, {}), (rgb, more), (rgb, {"progressive": True, **more}), (grey, {}),
            (rgb.convert("CMYK"), {}), (rgb, {"restart_marker_blocks": 1, "comment": b"words"}),
        ],
        "PNG": [
            (rgb, more), (grey, {}), (palette, {"transparency": 3}), (deep, {}),
            (rgb.convert("1"), {}),
            (rgb.convert("RGBA"), {}), (rgb.convert("LA"), {}), (rgb, frames),
        ],
        "WEBP": [
            (rgb, more), (rgb.convert("RGBA"), {"lossless": True}), (rgb, {"lossless": True}),
            (rgb.convert("RGBA"), frames),
        ],
        "GIF": [(palette, {}), (palette, {"transparency": 2, "comment": b"words"}), (grey, {}),
                (palette, {"save_all": True, "append_images": [palette.rotate(180)]})],
        "BMP": [(rgb, {}), (grey, {}), (palette, {}), (rgb.convert("1"), {}),
        (rgb.convert("RGBA"), {})],
        "TIFF": [
            (rgb, more), (rgb.convert("CMYK"), {}), (number, {}), (deep, {}), (palette, {}),
            (lab, {}), (rgb, {"big_tiff": True}), (rgb.convert("RGBA"), {}),
            (rgb, frames),
            *((rgb, {"compression": c}) for c in ("tiff_lzw", "tiff_adobe_deflate",
            "packbits", "jpeg")),
            (rgb.convert("1"), {"compression": "group4"}), (rgb, {"compression": "tiff_lzw",
            **more}),
        ],
    }  # fmt: skip
    made = []
    for image, options in plans[file_format]:
        buffer = io.BytesIO()
        image.save(buffer, file_format, **options)
        made.append(buffer.getvalue())
    return (*made, *(_run_length_bmps() if file_format == "BMP" else ()))


def _run_length_bmps() -> list[bytes]:
    """Pillow reads these, but writes none."""
    rows = b"\x05\x01\x00\x03\x01\x02\x03\x00\x00\x00\x04\x02\x00\x02\x01\x00\x00\x01"
    made = []
    for bits, kind in ((8, 1), (4, 2)):
        head = struct.pack("<I2i2H6I", 40, 9, 4, 1, bits, kind, len(rows), 0, 0, 16, 0)
        body = head + bytes(range(64)) + rows
        made.append(struct.pack("<2sI2HI", b"BM", 14 + len(body), 0, 0, 14 + 40 + 64) + body)
    return made


# Structures ---------------------------------------------------------------------------------------


def _png(data: bytes, chance: random.Random) -> bytes:
    """Chunks swapped, doubled, dropped or changed, their checksums right again."""
    chunks, place = [], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    index = chance.randrange(len(chunks))
    kind, body = chunks[index]
    choice = chance.randrange(7)
    if choice == 0:
        chunks.insert(chance.randrange(len(chunks) + 1), chunks[index])
    elif choice == 1:
        del chunks[index]
    elif choice == 2 and kind == b"IDAT":
        chunks[index] = kind, zlib.compress(damaged(zlib.decompress(body), chance))
    elif choice == 3:
        words = zlib.compress(bytes(chance.choice((10, 10**6, 2 * 10**6))))
        extra = chance.choice(
            (b"zTXta\0\0", b"iCCPa\0\0", b"iTXta\0\1\0\0\0", b"eXIf", b"fcTL", b"xxXx")
        )
        chunks.insert(index, (extra[:4], extra[4:] + words))
    elif choice == 4:
        header = bytearray(chunks[0][1])
        if len(header) >= 13:
            header[8:] = bytes(chance.choice((0, 1, 2, 3, 4, 6, 8, 16)) for _ in header[8:])
            chunks[0] = chunks[0][0], bytes(header)
    else:
        chunks[index] = kind, damaged(body, chance)
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def _jpeg(data: bytes, chance: random.Random) -> bytes:
    """Segments swapped, doubled, dropped or changed, their lengths right again."""
    segments, place = [], 2
    while place + 4 <= len(data) and data[place + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, place + 2)
        segments.append((data[place + 1], data[place + 4 : place + 2 + length]))
        place += 2 + length
    rest = data[place:]
    index = chance.randrange(len(segments))
    kind, body = segments[index]
    choice = chance.randrange(6)
    if choice == 0:
        segments.insert(chance.randrange(len(segments) + 1), segments[index])
    elif choice == 1:
        del segments[index]
    elif choice == 2:
        segments[index] = (
            chance.choice((0xC0, 0xC2, 0xC3, 0xC4, 0xC9, 0xDB, 0xE1, 0xED, kind)),
            body,
        )
    elif choice == 3:
        end = rest.rfind(b"\xff\xd9")
        rest = rest[:end] * chance.choice((2, 3, 20)) + rest[end:]
    else:
        segments[index] = kind, damaged(body, chance)[:65_000]
    head = b"".join(
        bytes((255, kind)) + struct.pack(">H", len(body) + 2) + body for kind, body in segments
    )
    return data[:2] + head + rest


def _webp(data: bytes, chance: random.Random) -> bytes:
    """Chunks swapped, doubled, dropped or changed, the lengths right again."""
    chunks, place = [], 12
    while place + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, place + 4)
        chunks.append((data[place : place + 4], data[place + 8 : place + 8 + length]))
        place += 8 + length + length % 2
    index = chance.randrange(len(chunks))
    kind, body = chunks[index]
    choice = chance.randrange(4)
    if choice == 0:
        chunks.insert(chance.randrange(len(chunks) + 1), chunks[index])
    elif choice == 1:
        del chunks[index]
    else:
        chunks[index] = kind, damaged(body, chance)
    content = b"".join(
        kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for kind, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(content) + 4) + b"WEBP" + content


def _gif(data: bytes, chance: random.Random) -> bytes:
    """Numbers of the screen, or of the first frame, or an extension in front of it."""
    result = bytearray(data)
    frame = data.find(b",", 13 + 48)
    place = chance.choice((6, 8, frame + 1, frame + 3, frame + 5, frame + 7))
    if chance.random() < 0.3:
        blocks = bytes((33, chance.choice((249, 254, 255, 1)))) + b"\x02ab" * chance.choice(
            (1, 500)
        )
        return bytes(result[:frame] + blocks + b"\0" + result[frame:])
    result[place : place + 2] = struct.pack("<H", chance.choice(NUMBERS) % 65536)
    return bytes(result)


def _bmp(data: bytes, chance: random.Random) -> bytes:
    """One of the header's numbers."""
    result = bytearray(data)
    place = chance.choice((10, 14, 18, 22, 26, 28, 30, 34, 46, 50))
    size = 2 if place in (26, 28) else 4
    few = (1, 2, 3, 4, 6, 8, 16, 24, 32, 40, 124) if place >= 26 else NUMBERS
    number = chance.choice(few) * chance.choice((1, 1, 1, -1)) % 2 ** (8 * size)
    result[place : place + size] = number.to_bytes(size, "little")
    return bytes(result)


def _tiff(data: bytes, chance: random.Random) -> bytes:
    """An entry of the directory: tag, type, count or value."""
    big = data[2] == 43
    start = struct.unpack_from("<Q", data, 8)[0] if big else struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<Q" if big else "<H", data, start)[0]
    step, first = (20, start + 8) if big else (12, start + 2)
    entry = first + step * chance.randrange(max(1, min(count, 50)))
    result = bytearray(data)
    field, size = chance.choice(((0, 2), (2, 2), (4, 4), (8, 4), (8, 2)))
    number = chance.choice((*NUMBERS, *range(1, 18), 254, 256, 257, 259, 277, 322, 330, 34665))
    result[entry + field : entry + field + size] = (number % 2 ** (8 * size)).to_bytes(
        size, "little"
    )
    return bytes(result)


_STRUCTURES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "JPEG": _jpeg, "PNG": _png, "WEBP": _webp, "GIF": _gif, "BMP": _bmp, "TIFF": _tiff,
}  # fmt: skip
