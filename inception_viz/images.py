"""Any user file -> a safe, upright RGB picture, or an ImageError that says what to do.

Files are judged by their content, never by their name. Pillow's classes for the six formats are
called directly, because ``Image.open`` warns above 89 million pixels and refuses above 179 million,
and neither limit can be changed for one thread alone. Our own ``Limits`` are checked instead, on
the declared size, before a pixel is decoded.

Colours are converted band by band, so that a large 16-bit or palette picture never exists a second
time in full size.
"""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

WORKING_SIDE = 2048  # pixels; the networks see 224, the rest is for looking at
_BAND_PIXELS = 2**21

_TURNS = {  # EXIF orientation → what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPPING_TURNS = (
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)


class ImageError(ValueError):
    """A picture that can't be used. The text is one sentence: what is wrong and what to do."""


@dataclass(frozen=True)
class Limits:
    """The largest file that is read: its size in bytes, its area and longer side in pixels."""

    max_bytes: int = 50 * 2**20
    max_pixels: int = 150_000_000
    max_side: int = 12_000


_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Picture:
    """An upright RGB picture and the identity of the file it came from.

    ``image`` is in memory, with no file behind it, so threads may share it. Two Pictures are equal
    if everything except ``image`` is.
    """

    image: Image.Image = field(compare=False)  # mode RGB, at most WORKING_SIDE on its longer side
    size: tuple[int, int]  # width and height of the upright original in pixels
    sha256: str  # of the file's bytes; for a PIL image, of its mode, size and upright RGB pixels
    format: str  # "JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", or "memory" for a PIL image
    name: str  # file name for display, "" if unknown


def read_picture(
    source: str | os.PathLike[str] | bytes | BinaryIO | Image.Image | Picture,
    *,
    name: str = "",
    limits: Limits = _DEFAULT_LIMITS,
) -> Picture:
    """Read a picture from a path, bytes, an open binary file or a PIL image.

    Args:
        source: A file object is read from its start where it can seek. A Picture comes back as is.
        name: What messages call the file; otherwise the name that the source has, if any.
        limits: What is too large. A PIL image has no bytes to count.

    Raises:
        ImageError: The source is missing, too large, no picture, damaged, or of another format.
        TypeError: The source is none of the kinds above.
    """
    if isinstance(source, Picture):
        return source
    in_memory = isinstance(source, Image.Image)
    if not isinstance(source, str | os.PathLike | bytes | Image.Image | io.IOBase):
        if not hasattr(source, "read"):
            raise TypeError(f"Can't read a picture from a {type(source).__name__}.")
    name = _display_name(name or _name_of(source))
    subject = name or ("This picture" if in_memory else "This file")
    try:
        if isinstance(source, Image.Image):
            return _from_memory(source, name, limits)
        return _from_bytes(_read_bytes(source, limits.max_bytes), name, limits)
    except _Refusal as refusal:
        raise ImageError(f"{subject} {refusal}.") from refusal
    except Image.DecompressionBombError as error:
        raise ImageError(f"{subject} has too many pixels; {_SMALLER}.") from error
    except MemoryError as error:
        raise ImageError(f"{subject} needs more memory than is free; {_SMALLER}.") from error
    except Exception as error:  # on damaged files Pillow raises nearly every kind there is
        text = f"{subject} is damaged or incomplete; {_RESAVE}, or choose another picture."
        raise ImageError(text) from error


_SMALLER = "make it smaller and try again"
_RESAVE = "save it as JPEG or PNG and try again"
_CHOOSE = "choose a JPEG, PNG, WebP, GIF, BMP or TIFF picture instead"


class _Refusal(Exception):
    """The rest of an ImageError's sentence, after the file's name."""


# ---------------------------------------------------------------------------- bytes and names


def _name_of(source: object) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    name = getattr(source, "name", "")  # of a file; the descriptor's number if it was opened by it
    return name if isinstance(name, str) else ""


def _display_name(name: str) -> str:
    """Return the last part of a path of any system, without anything that can't be printed."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable if len(printable) <= 100 else f"{printable[:60]}…{printable[-30:]}"


def _read_bytes(source: str | os.PathLike[str] | bytes | BinaryIO, max_bytes: int) -> bytes:
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str | os.PathLike):
        data = _read_path(Path(os.fsdecode(source)), max_bytes)
    else:
        data = _read_stream(source, max_bytes)
    if not data:
        raise _Refusal("is empty (0 bytes); choose another copy of the picture")
    if len(data) > max_bytes:
        allowed = f"{max_bytes // 2**20} MB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
        raise _Refusal(f"is larger than the {allowed} allowed; {_SMALLER}")
    return data


def _read_path(path: Path, max_bytes: int) -> bytes:
    try:
        if path.is_dir():
            raise _Refusal("is a folder; choose a picture file in it")
        if path.exists() and not path.is_file():  # reading a pipe could wait for ever
            raise _Refusal("is no ordinary file; choose a picture file")
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise _Refusal("doesn't exist; check the file's name and folder") from error
    except PermissionError as error:
        raise _Refusal("may not be read; change its permissions or choose a copy") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise _Refusal("can't be read; check the file's name and try again") from error


def _read_stream(stream: BinaryIO, max_bytes: int) -> bytes:
    """Read a file object, which may hand out less than asked for, as pipes do."""
    data = bytearray()
    try:
        if getattr(stream, "seekable", lambda: False)():
            stream.seek(0)  # an upload that was read before stands at its end
        while chunk := stream.read(max_bytes + 1 - len(data)):
            data += chunk
    except (OSError, ValueError, TypeError) as error:  # closed, or opened as text
        raise _Refusal("can't be read; open it in binary mode and try again") from error
    return bytes(data)


# ---------------------------------------------------------------------------- what a file is


class _FirstFrameGif(GifImageFile):
    """A GIF of which only the first frame is wanted: how to dispose of it needs no preparation.

    Pillow would reserve an area for it, with a warning if the picture is large.
    """

    @property  # type: ignore[override]
    def disposal_method(self) -> int:
        return 0

    @disposal_method.setter
    def disposal_method(self, value: int) -> None:
        pass


_READERS: tuple[tuple[int, bytes, type[ImageFile.ImageFile]], ...] = (
    (0, b"\xff\xd8\xff", JpegImageFile),
    (0, b"\x89PNG\r\n\x1a\n", PngImageFile),
    (8, b"WEBP", WebPImageFile),
    (0, b"GIF8", _FirstFrameGif),
    (0, b"BM", BmpImageFile),
    *((0, magic, TiffImageFile) for magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
)

_OTHER_PICTURES = (
    (4, b"ftyphe", "an HEIC picture"),
    (4, b"ftypmif1", "an HEIC picture"),
    (4, b"ftypmsf1", "an HEIC picture"),
    (4, b"ftypavi", "an AVIF picture"),
    (4, b"ftypcrx", "a camera's raw picture"),
    (8, b"CR\2\0", "a camera's raw picture"),
    (0, b"FUJIFILM", "a camera's raw picture"),
    (4, b"jP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (4, b"JXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"v/1\1", "an OpenEXR picture"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript document"),
)

_NO_PICTURES = (
    (4, b"ftyp", "a video"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (0, b"\0\0\1\xba", "a video"),
    (8, b"AVI ", "a video"),
    (8, b"WAVE", "a sound file"),
    (0, b"ID3", "a sound file"),
    (0, b"OggS", "a sound or video file"),
    (0, b"PK\3\4", "a ZIP archive or an office document"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"\x1f\x8b", "a compressed file"),
)

_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def _reader(data: bytes) -> type[ImageFile.ImageFile]:
    for table, remedy in ((_OTHER_PICTURES, _RESAVE), (_NO_PICTURES, _CHOOSE)):
        for offset, magic, kind in table:
            if data.startswith(magic, offset):
                raise _Refusal(f"is {kind}, which can't be read here; {remedy}")
    start = data[:1024]
    if not _NO_TEXT.search(start) and start.decode("utf-8", "ignore").strip():
        _refuse_text(start.lower(), data)
    for offset, magic, reader in _READERS:
        if data.startswith(magic, offset):
            return reader
    raise _Refusal(f"is no picture of a known format; {_CHOOSE}")
