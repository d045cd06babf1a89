"""ZIPs: of training pictures, and the damage that any ZIP can have."""

from __future__ import annotations

import io
import random
import re
import struct
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from PIL import Image

from inception_viz.errors import TrainingError
from inception_viz.training import unpack
from tests.hostile.mutation import NUMBERS, damaged
from tests.hostile.target import Target

NAMES = (
    "../../evil/x.png", "/etc/evil/x.png", "..\\..\\evil\\x.png", "C:\\evil\\x.png",
    "\\\\server\\a\\x.png",
    "a/../../x.png", "a/../b/x.png", "./a/x.png", "a//x.png", "a/b.png\\", "a/x.png/", "a/x.png.",
    "con/x.png", "NUL/x.png", "aux.b/x.png", "com1/x.png", "a /x.png", " a/x.png",
    "a./x.png", "~/x.png",
    "猫/x.png", "👩‍🔬" * 40 + "/x.png", "\u202egpj/x.png", "a\u0000b/x.png", "a\nb/x.png",
    "A/x.PNG",
    "x" * 300 + "/x.png", "a/" + "x" * 300 + ".png", "a/" * 200 + "x.png", "train/val/test/x.png",
    "__MACOSX/a/x.png", ".hidden/x.png", "a/.png", ".png", "train/x.png", "a/x.png:stream",
    "$HOME/x.png",
    "a/x.zip", "a/status.json", "control", "<b>/x.png", "-rf/x.png", "*/x.png", "a?/x.png",
    "|/x.png",
)  # fmt: skip
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def targets() -> list[Target]:
    """ZIPs of class folders."""
    return [Target("photo zip", _make, read, (TrainingError,), 96)]


def read(data: bytes, folder: Path) -> None:
    """Unpack it two folders deep, and see that nothing but numbered pictures appears, inside."""
    inside = folder / "run" / "photos"
    try:
        found = unpack(io.BytesIO(data), inside)
        files = [p for p in inside.rglob("*") if p.is_file() and p.name != ".left_out.json"]
        assert found.pictures == len(files)
        assert all(said.isprintable() for said in found.left_out)
    finally:
        _check(folder, inside)


def _check(folder: Path, inside: Path) -> None:
    places = [p.relative_to(inside) for p in inside.rglob("*")]
    assert not [p for p in folder.rglob("*") if not p.is_relative_to(inside) and p.is_file()]
    assert not [p for p in folder.rglob("*") if p.is_symlink()]
    for place in places:
        if str(place) == ".left_out.json":
            continue
        if re.fullmatch(r"\d{6}", place.name):
            assert 1 <= len(place.parts) - 1 <= 2
        else:
            assert len(place.parts) <= 2 and place.name.isprintable(), place
            assert not re.search(r'[<>:"/\\|?*]|^\.|[. ]$', place.name), place


@cache
def seeds() -> tuple[bytes, ...]:
    """Class folders in all methods, with splits, with a folder around them."""
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(buffer, "PNG")
    made = []
    for method in _METHODS:
        for around in ("", "set/", "train/", "set/val/"):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", method) as archive:
                for name in ("cats/1.png", "cats/2.png", "dogs/1.png", "dogs/words.txt"):
                    archive.writestr(_entry(around + name, method), buffer.getvalue())
            made.append(out.getvalue())
    return tuple(made)


def _make(chance: random.Random) -> bytes:
    data = chance.choice(seeds())
    if chance.random() < 0.5:
        out = io.BytesIO(data)
        with (
            warnings.catch_warnings(),
            zipfile.ZipFile(out, "a", chance.choice(_METHODS)) as archive,
        ):
            warnings.simplefilter("ignore")  # of a name that is there twice
            for _ in range(chance.choice((1, 2, 5))):
                entry = zipfile.ZipInfo(chance.choice(NAMES))
                entry.external_attr = chance.choice((0, 0o120777 << 16, 0o644 << 16, 0x10))
                name = chance.choice(NAMES).encode("utf-8", "replace")
                archive.writestr(entry, chance.choice((b"", name, data, bytes(10**6))))
        data = out.getvalue()
    if chance.random() < 0.6:
        data = bent_zip(data, chance)
    return damaged(data, chance, seeds()) if chance.random() < 0.3 else data


def _entry(name: str, method: int) -> zipfile.ZipInfo:
    """Without the time of day, so that the same chance makes the same bytes."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = method
    return entry


def rebuilt(data: bytes, change: Callable[[str, bytes], bytes], method: int) -> bytes:
    """The same archive with its entries' contents changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", method) as new:
        for name in old.namelist():
            new.writestr(_entry(name, method), change(name, old.read(name)))
    return out.getvalue()


# Where the numbers and names of a ZIP's records lie: (offset, size).
_LOCAL = ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2), (30, 1))
_CENTRAL = (
    (6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4),
    (42, 4), (46, 1),
)  # fmt: skip
_END = ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2))
_RECORDS = {b"PK\x01\x02": _CENTRAL, b"PK\x03\x04": _LOCAL, b"PK\x05\x06": _END}


def bent_zip(data: bytes, chance: random.Random) -> bytes:
    """A field of a record, a record left out, or something put in front or behind."""
    result = bytearray(data)
    for _ in range(chance.choice((1, 1, 2))):
        signature = chance.choice(list(_RECORDS))
        places = [m.start() for m in re.finditer(re.escape(signature), result)]
        if not places:
            continue
        place = chance.choice(places)
        kind = chance.random()
        if kind < 0.7:
            offset, size = chance.choice(_RECORDS[signature])
            number = chance.choice((*NUMBERS, 1, 8, 9, 12, 14, 20, 45, 2048, 93, 99)) % 2 ** (
                8 * size
            )
            result[place + offset : place + offset + size] = number.to_bytes(size, "little")
        elif kind < 0.8:
            extra = struct.pack("<2H3Q", 1, 24, *(chance.choice(NUMBERS) for _ in range(3)))
            result[place + 46 : place + 46] = extra
        elif kind < 0.9:
            result[0:0] = chance.choice((b"x", bytes(100), data[: chance.randrange(len(data))]))
        else:
            result += chance.choice((b"x", bytes(70_000), data[-22:], data))
    return bytes(result)
