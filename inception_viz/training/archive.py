"""A ZIP of class folders that somebody uploaded, unpacked without trusting it.

No path of the archive is used as a path: a file's class decides its folder, a number its name. What
a file claims to unpack to is checked before anything is read, and counted again while it is.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from inception_viz.errors import DataError
from inception_viz.files.cache import writing
from inception_viz.files.foreign import check_directory, file_name, shown
from inception_viz.training.data import SUFFIXES

MAX_FILES = 50_000
MAX_ENTRIES = 4 * MAX_FILES  # some systems put a hidden file beside each
MAX_BYTES = 4 * 2**30  # of everything, unpacked
MAX_FILE_BYTES = 50 * 2**20
MAX_CLASSES = 1000
_SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "val"}
_CHUNK = 2**20
_ENCRYPTED = 1  # a flag
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for any amount of memory
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError)

Placed = tuple[zipfile.ZipInfo, tuple[str, ...]]  # an entry and the folders it goes to


def unpack(file: BinaryIO, folder: Path) -> int:
    """Write the pictures of a ZIP into class folders below ``folder``.

    The archive holds one folder per class, or ``train`` and ``val`` with one folder per class each;
    folders around them are fine. What is no picture by its name is left out. Returns how many
    pictures there are.

    Raises:
        DataError: if it is no ZIP, is damaged or encrypted, unpacks to too much, or has no class
            folders.
    """
    if not check_directory(file, MAX_ENTRIES):
        raise DataError(f"This ZIP has more than {MAX_ENTRIES:,} entries. Make a smaller one.")
    try:
        with writing(f"The pictures in {folder}", DataError), zipfile.ZipFile(file) as archive:
            entries = _pictures(archive)
            _write(archive, entries, folder)
    except _DAMAGED as error:
        raise DataError(
            "This file can't be read as a ZIP. It may be damaged or of another kind; make it again."
        ) from error
    return len(entries)


def _pictures(archive: zipfile.ZipFile) -> list[Placed]:
    """Entries to unpack, each with the folders it goes to: (class,) or (split, class)."""
    entries: list[Placed] = []
    for entry in archive.infolist():
        path = _path(entry)
        hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
        folder = not entry.filename or entry.filename.endswith(("/", "\\"))
        if folder or hidden or path.suffix.lower() not in SUFFIXES:
            continue
        if entry.flag_bits & _ENCRYPTED:
            raise DataError("This ZIP is encrypted. Make one without a password.")
        if entry.compress_type not in _METHODS:
            raise DataError("This ZIP is packed in an unusual way. Make it again as a plain ZIP.")
        entries.append((entry, path.parts[:-1]))
        if len(entries) > MAX_FILES:
            raise DataError(f"This ZIP has more than {MAX_FILES:,} pictures. Make a smaller one.")
    total = sum(entry.file_size for entry, _ in entries)
    if total > MAX_BYTES:
        raise DataError(
            f"This ZIP would unpack to {total / 2**30:.1f} GiB; at most {MAX_BYTES / 2**30:.0f} "
            "are unpacked. Use fewer or smaller pictures."
        )
    while entries and all(len(f) > 1 for _, f in entries) and len({f[0] for _, f in entries}) == 1:
        entries = [(entry, folders[1:]) for entry, folders in entries]  # a folder around everything
    placed = [(entry, _place(*folders)) for entry, folders in entries if folders]
    classes = {folders[-1] for _, folders in placed}
    if len(classes) < 2:
        raise DataError(
            "This ZIP has no class folders. Put the pictures of each class in a folder of its own, "
            "at least two classes, and zip those folders."
        )
    if len(classes) > MAX_CLASSES:
        raise DataError(f"This ZIP has {len(classes):,} classes; {MAX_CLASSES:,} are possible.")
    return placed


def _place(first: str, *inside: str) -> tuple[str, ...]:
    if inside and first.lower() in _SPLITS:
        return _SPLITS[first.lower()], file_name(inside[0])
    return (file_name(first),)


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename.replace("\\", "/"))


def _write(archive: zipfile.ZipFile, entries: list[Placed], folder: Path) -> None:
    counts: Counter[tuple[str, ...]] = Counter()
    left = MAX_BYTES
    for entry, folders in entries:
        counts[folders] += 1
        target = folder.joinpath(*folders)
        target.mkdir(parents=True, exist_ok=True)
        name = f"{counts[folders]:06}{_path(entry).suffix.lower()}"
        with archive.open(entry) as source, (target / name).open("wb") as copy:
            size = 0
            while chunk := source.read(_CHUNK):
                size, left = size + len(chunk), left - len(chunk)
                if size > MAX_FILE_BYTES or left < 0:  # whatever the archive claimed
                    raise DataError(
                        f"{shown(entry.filename, 80)} unpacks to more than "
                        f"{MAX_FILE_BYTES / 2**20:.0f} MiB. Use smaller pictures."
                    )
                copy.write(chunk)
