"""Pictures are made here, read back, broken, lied about and refused."""

from __future__ import annotations

import hashlib
import io
import os
import random
import struct
import subprocess
import sys
import time
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageCms, features

from inception_viz.errors import ImageError
from inception_viz.pictures import WORKING_SIDE, Limits, Picture, read_picture
from tests.conftest import ROOT

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def scene(width: int = 60, height: int = 40) -> Image.Image:
    """Red, with a green upper left quarter: every mirror image and rotation differs."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (0, 0, width // 2, height // 2))
    return image


def noise(width: int = 60, height: int = 40) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def pixel(picture: Picture, x: int, y: int) -> tuple[int, int, int]:
    value = picture.image.getpixel((x, y))
    assert isinstance(value, tuple)
    return value[0], value[1], value[2]


def near(one: tuple[int, ...], other: tuple[int, ...], tolerance: int = 6) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def refusal(source: Any, **options: Any) -> str:
    """Read what can't be read, and return the message after checking that it is a sentence."""
    with pytest.raises(ImageError) as caught:
        read_picture(source, **options)
    text = str(caught.value)
    assert text.endswith(".") and "; " in text and len(text.split()) > 5
    assert "Traceback" not in text and "Error" not in text and "\n" not in text
    assert options.get("name", "") in text
    return text


# What is read


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_format_gives_its_pixels_size_and_identity(file_format: str) -> None:
    data = encoded(scene(), file_format)
    picture = read_picture(data, name="scene.any")
    assert (picture.image.mode, picture.image.size, picture.size) == ("RGB", (60, 40), (60, 40))
    assert (picture.format, picture.name) == (file_format, "scene.any")
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert near(pixel(picture, 5, 5), GREEN) and near(pixel(picture, 55, 35), RED)


def test_a_png_called_jpg_is_a_png(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(scene(), "PNG"))
    for source in (path, str(path)):
        picture = read_picture(source)
        assert (picture.format, picture.name) == ("PNG", "photo.jpg")
    assert read_picture(path, name="mine.jpg").name == "mine.jpg"


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int, file_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(encoded(scene(), file_format, exif=exif))
    green = {1: "left top", 2: "right top", 3: "right bottom", 4: "left bottom"}
    green |= {5: "left top", 6: "right top", 7: "right bottom", 8: "left bottom"}
    assert picture.size == picture.image.size == ((60, 40) if orientation < 5 else (40, 60))
    for horizontal, x in (("left", 2), ("right", picture.size[0] - 3)):
        for vertical, y in (("top", 2), ("bottom", picture.size[1] - 3)):
            expected = GREEN if green[orientation] == f"{horizontal} {vertical}" else RED
            assert near(pixel(picture, x, y), expected, 12)


def test_broken_exif_is_ignored() -> None:
    assert read_picture(encoded(scene(), "JPEG", exif=b"Exif\0\0II*\0\xff")).size == (60, 40)


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_cmyk_gets_its_colours(file_format: str) -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert near(pixel(read_picture(encoded(ink, file_format)), 8, 8), RED)


def test_hidden_colours_of_transparent_pixels_stay_hidden() -> None:
    rgba = Image.new("RGBA", (4, 4), (*RED, 0))
    rgba.putpixel((1, 1), (*BLUE, 255))
    rgba.putpixel((2, 2), (0, 0, 0, 128))
    for source in (encoded(rgba), encoded(rgba, "WEBP", lossless=True), encoded(rgba, "TIFF")):
        picture = read_picture(source)
        assert (pixel(picture, 0, 0), pixel(picture, 1, 1)) == (WHITE, BLUE)
        assert near(pixel(picture, 2, 2), (127, 127, 127))


@pytest.mark.parametrize("mode", ["LA", "La", "PA", "RGBa"])
def test_other_modes_with_alpha_are_laid_on_white(mode: str) -> None:
    clear = Image.new("RGBA", (4, 4), (90, 90, 90, 0))
    image = (clear.convert("LA") if mode == "La" else clear).convert(mode)
    assert pixel(read_picture(image), 0, 0) == WHITE


@pytest.mark.parametrize(
    ("file_format", "transparency"), [("PNG", 1), ("PNG", b"\xff\x00"), ("GIF", 1), ("TIFF", None)]
)
def test_palette_with_transparency(file_format: str, transparency: int | bytes | None) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*BLUE, *RED])
    image.putpixel((1, 0), 1)
    if transparency is not None:
        picture = read_picture(encoded(image, file_format, transparency=transparency))
        assert (pixel(picture, 0, 0), pixel(picture, 1, 0)) == (BLUE, WHITE)
    assert pixel(read_picture(encoded(image, file_format)), 1, 0) == RED


def test_declared_transparent_colours_of_rgb_and_grey_pngs() -> None:
    red = encoded(Image.new("RGB", (2, 2), RED), transparency=RED)
    assert pixel(read_picture(red), 0, 0) == WHITE
    assert pixel(read_picture(encoded(Image.new("L", (2, 2), 9), transparency=9)), 0, 0) == WHITE
    deep = Image.fromarray(np.array([[0, 9000]], np.uint16))
    picture = read_picture(encoded(deep, transparency=9000))
    assert (pixel(picture, 0, 0), pixel(picture, 1, 0)) == ((0, 0, 0), WHITE)


def test_one_bit() -> None:
    image = Image.new("1", (9, 1))
    image.putpixel((4, 0), 1)
    for file_format in ("PNG", "TIFF", "BMP"):
        picture = read_picture(encoded(image, file_format))
        assert (pixel(picture, 3, 0), pixel(picture, 4, 0)) == ((0, 0, 0), WHITE)


def test_16_bit_grey_is_rescaled_not_cut_off() -> None:
    ramp = np.arange(256, dtype=np.uint16)[None] * 257
    sources: list[Any] = [encoded(Image.fromarray(ramp), name) for name in ("PNG", "TIFF")]
    big_endian = Image.frombytes("I;16B", (256, 1), ramp.astype(">u2").tobytes())
    sources += [big_endian, encoded(big_endian, "TIFF"), Image.fromarray(ramp.astype(np.int32))]
    for source in sources:
        grey = np.asarray(read_picture(source).image)
        assert np.array_equal(grey, np.arange(256)[None, :, None].repeat(3, 2))


def test_16_bit_rgb_png() -> None:
    row = b"\0" + struct.pack(">3H", 65535, 32896, 0)
    picture = read_picture(png(1, 1, row, depth=16, colour=2))
    assert pixel(picture, 0, 0) == (255, 128, 0)


def test_float_with_nan_and_infinity() -> None:
    values = np.array([[0, 0.5, 1, np.nan, np.inf, -np.inf]], np.float32)
    for scale in (1.0, 255.0, 65535.0):
        picture = read_picture(encoded(Image.fromarray(values * np.float32(scale)), "TIFF"))
        assert np.asarray(picture.image)[0, :, 0].tolist() == [0, 128, 255, 0, 255, 0]
    signalling = np.frombuffer(b"\x01\x00\xa0\x7f\0\0\x80\x3f", "<f4")[None]
    assert pixel(read_picture(Image.fromarray(signalling)), 1, 0) == WHITE
    stretched = read_picture(Image.fromarray(np.array([[-3e38, 0, 3e38]], np.float32)))
    assert np.asarray(stretched.image)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -7.0, 0.0, 1e30, -1e-44])
def test_float_of_a_single_value_is_still_a_picture(value: float) -> None:
    image = Image.fromarray(np.full((3, 3), value, np.float32))
    assert len(np.unique(np.asarray(read_picture(image).image))) == 1


@pytest.mark.parametrize("mode", ["LAB", "HSV", "YCbCr", "RGBX", "CMYK", "I", "F", "L", "1", "P"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    white = read_picture(
        Image.new("RGB", (3, 3), "white").convert(mode if mode != "P" else "L").convert(mode)
    )
    assert white.image.mode == "RGB"
    assert near(pixel(white, 1, 1), WHITE)


def test_lab_tiff() -> None:
    lab = Image.new("RGB", (3, 3), RED).convert("LAB")
    assert near(pixel(read_picture(encoded(lab, "TIFF")), 1, 1), RED)


def test_animations_show_their_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE, GREEN)]
    for file_format in ("GIF", "WEBP", "PNG", "TIFF"):
        data = encoded(frames[0], file_format, save_all=True, append_images=frames[1:])
        assert near(pixel(read_picture(data), 4, 4), RED)


def test_colour_profiles_are_applied_and_broken_ones_ignored() -> None:
    # sRGB with red and blue exchanged: what the file calls red is blue.
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    plain = encoded(Image.new("RGB", (8, 8), (200, 90, 30)), icc_profile=bytes(profile))
    assert near(pixel(read_picture(plain), 1, 1), (200, 90, 30), 2)
    red, blue = profile.index(b"rXYZ", 128), profile.index(b"bXYZ", 128)
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    swapped = encoded(Image.new("RGB", (8, 8), RED), icc_profile=bytes(profile))
    assert near(pixel(read_picture(swapped), 1, 1), BLUE, 2)
    for grey_mode in ("L", "LA", "1", "I;16"):
        grey = encoded(Image.new(grey_mode, (8, 8)), icc_profile=bytes(profile))
        assert near(pixel(read_picture(grey), 1, 1), WHITE if grey_mode == "LA" else (0, 0, 0), 2)
    broken = encoded(Image.new("RGB", (8, 8), RED), "JPEG", icc_profile=bytes(profile[:200]))
    assert near(pixel(read_picture(broken), 1, 1), RED)
    for mode in ("CMYK", "L"):  # an RGB profile in a file of another kind
        image = Image.new(mode, (8, 8), 255 if mode == "L" else 0)
        data = encoded(image, "JPEG", icc_profile=bytes(profile))
        assert near(pixel(read_picture(data), 1, 1), WHITE)


# Sizes


@pytest.mark.parametrize("file_format", FORMATS)
def test_one_pixel(file_format: str) -> None:
    picture = read_picture(encoded(Image.new("RGB", (1, 1), BLUE), file_format))
    assert picture.image.size == picture.size == (1, 1)
    assert near(pixel(picture, 0, 0), BLUE)


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("size", [(12_000, 1), (1, 12_000), (12_000, 3)])
def test_thin_pictures_keep_a_pixel_on_each_side(size: tuple[int, int], file_format: str) -> None:
    picture = read_picture(encoded(Image.new("RGB", size, BLUE), file_format))
    assert picture.size == size
    assert max(picture.image.size) == WORKING_SIDE and min(picture.image.size) == 1
    assert near(pixel(picture, 0, 0), BLUE)


def huge(file_format: str) -> bytes:
    """12,000 × 12,000 pixels with a white lower right quarter, made cheaply."""
    image = Image.new("1" if file_format in ("PNG", "TIFF") else "L", (12_000, 12_000))
    image.paste(1 if image.mode == "1" else 255, (6_000, 6_000, 12_000, 12_000))
    return encoded(image, file_format, compression="group4" if file_format == "TIFF" else None)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF"])
def test_144_million_pixels(file_format: str) -> None:
    data = huge(file_format)
    started = time.monotonic()
    picture = read_picture(data)
    assert time.monotonic() - started < 15
    assert (picture.size, picture.image.size) == ((12_000, 12_000), (WORKING_SIDE, WORKING_SIDE))
    assert (pixel(picture, 100, 100), pixel(picture, 1500, 1500)) == ((0, 0, 0), WHITE)


def test_reduction_keeps_colours_and_places() -> None:
    for size in ((4_097, 3_000), (9_001, 500)):
        picture = read_picture(scene(*size))
        width, height = picture.image.size
        assert picture.size == size and width == WORKING_SIDE
        assert abs(width / height - size[0] / size[1]) < 0.02 * size[0] / size[1]
        assert pixel(picture, width // 2 - 9, height // 2 - 9) == GREEN
        assert pixel(picture, width // 2 + 9, height // 2 - 9) == RED
        assert pixel(picture, width // 2 - 9, height // 2 + 9) == RED


def test_reduction_of_a_deep_and_of_a_turned_picture() -> None:
    ramp = np.linspace(0, 65535, 9_000).astype(np.uint16)[None].repeat(9, 0)
    grey = np.asarray(read_picture(Image.fromarray(ramp)).image)[0, :, 0].astype(int)
    assert grey[0] == 0 and grey[-1] == 255 and (np.diff(grey) >= 0).all()
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = read_picture(encoded(scene(6_000, 4_000), "JPEG", exif=exif))
    assert picture.size == (4_000, 6_000)
    assert picture.image.size == (1_365, 2_048)
    assert near(pixel(picture, 1_300, 50), GREEN)


def png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_declared_sizes_are_refused_before_decoding() -> None:
    started = time.monotonic()
    assert "60,000 × 60,000" in refusal(png(60_000, 60_000, b""), name="bomb.png")
    assert "13,000" in refusal(png(13_000, 13_000, b""), name="large.png")
    assert "30,001" in refusal(png(30_001, 1, b""), name="long.png")
    assert "12,001" in refusal(png(12_001, 12_000, b""), name="large.png")
    header = struct.pack("<I2i2H6I", 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0)
    assert "60,000" in refusal(struct.pack("<2sI2HI", b"BM", 0, 0, 0, 54) + header)
    webp = b"VP8X" + struct.pack("<I4s", 10, b"\0") + b"\xff\x3e\0" * 2
    refusal(b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp)
    gif = bytearray(encoded(Image.new("P", (1, 1)), "GIF"))
    gif[6:10] = b"\xff" * 4
    refusal(bytes(gif))
    assert time.monotonic() - started < 2


def test_limits_are_the_callers() -> None:
    data = encoded(scene())
    assert "10 bytes" in refusal(data, name="a.png", limits=Limits(max_bytes=10))
    assert "59 on a side" in refusal(data, name="a.png", limits=Limits(max_side=59))
    assert refusal(scene(), limits=Limits(max_pixels=2_399)).startswith("This picture has 60 × 40")
    assert read_picture(data, limits=Limits(len(data), 2_400, 60)).size == (60, 40)


# Sources


def test_file_objects_are_read_from_the_start_each_time(tmp_path: Path) -> None:
    path = tmp_path / "scene.png"
    path.write_bytes(encoded(scene()))
    with path.open("rb") as file:
        first, second = read_picture(file), read_picture(file)
        assert first == second == read_picture(path)
        assert first.name == "scene.png"
    assert "can't be read" in refusal(file)  # closed by now
    with path.open(encoding="latin-1") as text:
        refusal(text)


class Pipe(io.RawIOBase):
    """Hands out 7 bytes at a time, can't seek, and counts."""

    def __init__(self, data: bytes) -> None:
        self.left, self.given = data, 0

    def read(self, size: int = -1) -> bytes:
        part, self.left = self.left[: min(size, 7)], self.left[min(size, 7) :]
        self.given += len(part)
        return part


def test_pipes_are_read_no_further_than_the_limit() -> None:
    data = encoded(scene())
    assert read_picture(Pipe(data)).size == (60, 40)  # type: ignore[arg-type]
    endless = Pipe(data * 100)
    refusal(endless, limits=Limits(max_bytes=50))
    assert endless.given == 51


def test_nothing_stays_open_or_lazy(tmp_path: Path) -> None:
    path = tmp_path / "scene.jpg"
    path.write_bytes(encoded(scene(), "JPEG"))
    picture = read_picture(path)
    path.unlink()
    assert type(picture.image) is Image.Image and not hasattr(picture.image, "fp")
    assert len(picture.image.tobytes()) == 60 * 40 * 3


def test_a_pil_image_is_copied_and_a_picture_comes_back_as_it_is() -> None:
    image = scene()
    picture = read_picture(image)
    assert (picture.format, picture.name, picture.size) == ("memory", "", (60, 40))
    assert picture.sha256 == read_picture(scene()).sha256 != read_picture(noise()).sha256
    image.paste(BLUE, (0, 0, 60, 40))
    assert pixel(picture, 1, 1) == GREEN
    assert read_picture(picture, name="other") is picture
    assert isinstance(hash(picture), int)


def test_identity_of_pil_images_follows_what_is_seen() -> None:
    digests = set()
    for colour in (RED, BLUE):
        image = Image.new("P", (4, 4))
        image.putpalette([*colour])
        digests.add(read_picture(image).sha256)
    digests |= {read_picture(Image.new("RGB", size, RED)).sha256 for size in ((4, 4), (2, 8))}
    assert len(digests) == 4


@pytest.mark.parametrize(
    "name", ["C:\\photos\\cat.jpg", "/tmp/cat.jpg", "\x1b\x00cat.jpg\n", "a/cat.jpg"]
)
def test_names_are_for_display(name: str) -> None:
    assert read_picture(encoded(scene()), name=name).name == "cat.jpg"
    assert len(read_picture(encoded(scene()), name="x" * 999).name) < 100


def test_what_is_no_source_is_a_type_error() -> None:
    for source in (None, 3, [1], object()):
        with pytest.raises(TypeError, match="can't be read from"):
            read_picture(source)  # type: ignore[arg-type]


# What is refused


FOREIGN = {
    "raw.cr2": (b"II*\0\x10\0\0\0CR\x02\0", "raw"),
    "old.jp2": (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    "new.jxl": (b"\xff\x0a\x00\x10", "JPEG XL"),
    "layers.psd": (b"8BPS\0\x01", "Photoshop"),
    "site.ico": (b"\0\0\x01\0\x01\0", "icon"),
    "page.pdf": (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    "logo.svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "bare.svg": (b"\xef\xbb\xbf\n<svg/>", "SVG"),
    "page.png": (b"<!DOCTYPE html><html><body><svg></svg></body></html>", "text"),
    "film.mp4": (b"\0\0\0\x18ftypisom\0\0\2\0", "video"),
    "film.webm": (b"\x1a\x45\xdf\xa3\x01", "video"),
    "film.avi": (b"RIFF\0\0\0\0AVI LIST", "video"),
    "all.zip": (b"PK\3\4\x14\0", "archive"),
    "notes.jpg": ("Grüße, this is no picture.".encode(), "text"),
    "long.jpg": ("é".encode() * 9_000, "text"),
    "noise.jpg": (bytes(range(256)) * 9, "known format"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_files_are_named_for_what_they_are(name: str) -> None:
    data, kind = FOREIGN[name]
    text = refusal(data, name=name)
    assert kind in text and text.startswith(f"{name} is ")
    assert "JPEG" in text.split(";")[1]


def test_random_bytes() -> None:
    generator = random.Random(0)
    for length in (1, 2, 16, 500, 5_000):
        refusal(generator.randbytes(length), name="random.bin")


@pytest.mark.parametrize("file_format", FORMATS)
def test_truncated_files(file_format: str) -> None:
    data = encoded(noise(200, 200), file_format)
    for share in (0.1, 0.5, 0.9):
        text = refusal(data[: int(len(data) * share)], name="half.jpg")
        assert "damaged or incomplete" in text
    for length in (3, 9, 20, 40):
        refusal(data[:length], name="head.jpg")


def test_files_that_are_not_there_or_not_files(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    assert "is empty" in refusal(tmp_path / "empty.jpg")
    assert "is empty" in refusal(b"") and "is empty" in refusal(io.BytesIO())
    assert refusal(tmp_path).startswith(f"{tmp_path.name} is a folder")
    assert refusal(str(tmp_path / "gone.jpg")).startswith("gone.jpg doesn't exist")
    assert "gone.jpg" in refusal(tmp_path / "no" / "gone.jpg")
    refusal("zero\0byte.jpg")
    refusal("x" * 5_000)
    refusal("")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with named pipes")
def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "no ordinary file" in refusal(tmp_path / "pipe.jpg")


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "secret.jpg"
    path.touch()
    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path).startswith("secret.jpg can't be read")


def test_too_many_bytes(tmp_path: Path) -> None:
    with (tmp_path / "long.jpg").open("wb") as file:
        file.truncate(50 * 2**20 + 1)
    assert "50 MB" in refusal(tmp_path / "long.jpg")


def test_a_picture_without_pixels() -> None:
    assert "no pixels" in refusal(Image.new("RGB", (0, 5)))


@pytest.mark.parametrize("error", [MemoryError, RecursionError, KeyError, struct.error, OSError])
def test_whatever_pillow_raises(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error("secret words")

    monkeypatch.setattr(Image.Image, "crop", fail)
    assert "secret" not in refusal(scene(), name="a.png")


def test_an_interruption_is_no_image_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "crop", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_picture(scene())


IMPORT_AND_READ = """
import sys, warnings
import numpy  # which has filters of its own
from PIL import Image, ImageFile, GifImagePlugin, PngImagePlugin, TiffImagePlugin
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\\.PngImagePlugin")
classes = [Image, ImageFile, GifImagePlugin, PngImagePlugin, TiffImagePlugin]
from PIL.TiffImagePlugin import TiffImageFile
classes += [GifImagePlugin.GifImageFile, PngImagePlugin.PngImageFile, TiffImageFile]
constants = ("MAX_IMAGE_PIXELS", "LOAD_TRUNCATED_IMAGES", "LOADING_STRATEGY")
def look():
    return list(warnings.filters), [
        {k: v for k, v in vars(c).items() if callable(v) or k in constants} for c in classes
    ]
before = look()
import inception_viz as iv
iv.read_picture
assert look() == before, "importing"
iv.read_picture(sys.argv[1])
assert look() == before, "reading"
"""


def test_filters_and_pillow_stay_as_they_were(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.png")
    command = [sys.executable, "-c", IMPORT_AND_READ, str(tmp_path / "a.png")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert not done.returncode, done.stderr


def test_threads_that_read_warn_of_nothing_and_leave_nothing() -> None:
    data = encoded(scene(), "PNG")
    animation = b"acTL" + bytes(8)  # of no frames
    chunk = struct.pack(">I", 8) + animation + struct.pack(">I", zlib.crc32(animation))
    odd = data[:33] + chunk + data[33:]  # behind the header
    with pytest.warns(UserWarning, match="Invalid APNG"):
        Image.open(io.BytesIO(odd)).load()
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:  # here warnings are errors
        assert len(set(pool.map(lambda _: read_picture(odd).sha256, range(64)))) == 1
    assert list(warnings.filters) == before


def fuzzed() -> list[tuple[str, bytes]]:
    generator = random.Random(1)
    tiff = {"compression": "tiff_lzw"}
    makers: dict[str, Callable[[], bytes]] = {
        **{name: lambda name=name: encoded(noise(), name) for name in FORMATS},  # type: ignore[misc]
        "TIFF of floats": lambda: encoded(noise().convert("F"), "TIFF", **tiff),
        "PNG with palette": lambda: encoded(scene().convert("P"), transparency=1),
        "CMYK JPEG": lambda: encoded(noise().convert("CMYK"), "JPEG"),
    }
    cases = []
    for name, make in makers.items():
        data = make()
        for _ in range(25):
            broken = bytearray(data)
            reach = generator.choice([40, 200, len(broken)])  # the head is where it hurts most
            for _ in range(generator.choice([1, 3, 20])):
                broken[generator.randrange(min(reach, len(broken)))] = generator.randrange(256)
            cases.append((name, bytes(broken)))
    return cases


def test_damage_anywhere_gives_a_picture_or_an_image_error() -> None:
    read = 0
    for name, data in fuzzed():
        try:
            picture = read_picture(data, name=name)
        except ImageError as error:
            assert str(error).startswith(name) and str(error).endswith(".")
        else:
            assert picture.image.mode == "RGB" and min(picture.image.size) >= 1
            read += 1
    assert read > 20  # otherwise nothing but the magic bytes was tested


def test_many_threads_at_once() -> None:
    files = [encoded(noise(300, 200), name) for name in FORMATS] * 4
    alone = [read_picture(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(read_picture, files))
    assert together == alone
    for one, other in zip(alone, together, strict=True):
        assert one.image.tobytes() == other.image.tobytes()


# Files built of parts that no picture needs; reading on would take minutes.


def jpeg(*inserted: bytes, size: tuple[int, int] = (16, 16), scans: int = 1) -> bytes:
    """A progressive JPEG with segments in front, a declared size, and copies of its last scan."""
    data = encoded(Image.new("L", (16, 16)), "JPEG", progressive=True)
    frame = data.index(b"\xff\xc2") + 5
    data = data[:frame] + struct.pack(">2H", *size) + data[frame + 4 :]
    last = data.rindex(b"\xff\xda")
    return data[:2] + b"".join(inserted) + data[2:-2] + data[last:-2] * (scans - 1) + data[-2:]


def gif(blocks: bytes, frame: tuple[int, int] = (4, 4)) -> bytes:
    data = encoded(Image.new("P", (4, 4)), "GIF")
    place = data.rindex(b"\x2c\0\0\0\0")
    return (
        data[:place]
        + blocks
        + data[place : place + 5]
        + struct.pack("<2H", *frame)
        + data[place + 9 :]
    )


def run_length_bmp(size: tuple[int, int], content: bytes) -> bytes:
    head = struct.pack("<I2i2H6I", 40, *size, 1, 8, 1, len(content), 0, 0, 2, 0) + bytes(8)
    return struct.pack("<2sI2HI", b"BM", 62 + len(content), 0, 0, 62) + head + content


def tiff_entry(kind: int, count: int) -> bytes:
    data = bytearray(encoded(scene(), "TIFF"))
    place = struct.unpack_from("<I", data, 4)[0] + 2
    struct.pack_into("<HI", data, place + 2, kind, count)
    return bytes(data)


EMPTY_CHUNK = struct.pack(">I4sI", 0, b"teSt", zlib.crc32(b"teSt"))
ELABORATE = {
    "chunks": encoded(scene())[:33] + EMPTY_CHUNK * 60_000 + encoded(scene())[33:],
    "comments": jpeg(b"\xff\xfe\0\2" * 60_000),
    "fill bytes": jpeg(b"\xff" * 100_000),
    "junk": jpeg(b"\xff\xfe\0\2" + bytes(100_000)),
    "notes": jpeg((b"\xff\xe1\xff\xff" + b"Exif\0\0".ljust(65_533)) * 300),
    "scans": jpeg(scans=150),
    "large scans": jpeg(size=(12_000, 12_000), scans=20),
    "GIF blocks": gif(b"\x21\xfe" + b"\1x" * 60_000 + b"\0"),
    "GIF frame": gif(b"", frame=(11_000, 11_000)),
    "runs": run_length_bmp((2, 2), b"\0\0" * (3 * 2**20)),
    "run lines": run_length_bmp((12_000, 12_000), b"\1\0\0\0" * 12_000),
    "strips": tiff_entry(4, 10_000_000),
}


@pytest.mark.parametrize("kind", ELABORATE)
def test_files_of_too_many_parts_are_refused_unread(kind: str) -> None:
    assert "far more parts" in refusal(ELABORATE[kind], name="odd.any")


def test_files_of_many_parts_are_read() -> None:
    chunks = encoded(scene())[:33] + EMPTY_CHUNK * 10_000 + encoded(scene())[33:]
    for data in (
        chunks,
        jpeg(b"\xff\xfe\0\2" * 10_000),
        jpeg(scans=20),
        gif(b"\x21\xfe\1x\0" * 5_000),
    ):
        assert min(read_picture(data).size) >= 4


def test_a_format_whose_decoder_takes_more_memory_may_have_fewer_pixels() -> None:
    assert Limits().pixels("WEBP") < Limits().pixels("PNG") == Limits().max_pixels
    limits = Limits(fewer_pixels={"WEBP": 2_000})
    text = refusal(encoded(scene(), "WEBP"), name="a.webp", limits=limits)
    assert "60 × 40" in text and "0.002 million" in text
    assert read_picture(encoded(scene()), limits=limits).size == (60, 40)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lacks_only_its_end_marker_is_read(progressive: bool) -> None:
    data = noise_jpeg(progressive)
    whole = read_picture(data).image
    for cut in (1, 2):
        assert ImageChops.difference(read_picture(data[:-cut]).image, whole).getbbox() is None
    for cut in (len(data) // 20, len(data) // 2):
        with pytest.raises(ImageError, match="incomplete"):
            read_picture(data[:-cut])


def noise_jpeg(progressive: bool) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", progressive=progressive)
    return out.getvalue()


@pytest.mark.parametrize(("bits", "noted"), [(10, True), (12, True), (14, True), (16, False)])
def test_fewer_bits_in_a_file_of_16_are_stretched_and_said(bits: int, noted: bool) -> None:
    ramp = np.linspace(0, 2**bits - 1, 256).round().astype(np.uint16)[None]
    picture = read_picture(Image.fromarray(ramp))
    seen = np.asarray(picture.image)[0, :, 0].astype(int)
    assert abs(seen - np.arange(256)).max() <= 1
    assert ("taken for white" in picture.note) == noted


def test_a_very_dark_picture_is_said_to_be_dark() -> None:
    assert "very dark" in read_picture(Image.new("RGB", (8, 8), (15, 12, 15))).note
    for colour in ((0, 0, 0), (60, 0, 0)):  # black is meant; this is a dark red
        assert read_picture(Image.new("RGB", (8, 8), colour)).note == ""


def test_avif_is_read_where_pillow_can(monkeypatch: pytest.MonkeyPatch) -> None:
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 40, 30)).save(out, "AVIF")
    picture = read_picture(out.getvalue())
    assert (picture.format, picture.size) == ("AVIF", (40, 30))
    assert abs(pixel(picture, 5, 5)[0] - 200) < 8
    monkeypatch.setattr(features, "check", lambda _name: False)
    with pytest.raises(ImageError, match="is an AVIF picture"):
        read_picture(out.getvalue())


def test_heic_is_read_where_the_library_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    start = b"\0\0\0\x18ftypheic" + bytes(60)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pillow_heif", None)
        with pytest.raises(ImageError, match="HEIC picture, which needs pillow-heif"):
            read_picture(start)
    heif = pytest.importorskip("pillow_heif")
    out = io.BytesIO()
    heif.from_pillow(Image.new("RGB", (64, 48), (30, 160, 60))).save(out)
    picture = read_picture(out.getvalue())
    assert (picture.format, picture.size) == ("HEIF", (64, 48))
    assert abs(pixel(picture, 9, 9)[1] - 160) < 8
    with pytest.raises(ImageError, match="damaged"):
        read_picture(start)
