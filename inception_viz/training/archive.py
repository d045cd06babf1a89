"""A ZIP of class folders that somebody uploaded, unpacked without trusting it.

No path of the archive is used as a path: a file's class decides its folder, a number its name. What
a file claims to unpack to is checked before anything is read, and counted again while it is.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inception_viz.errors import DataError
from inception_viz.files.foreign import check_directory, file_name, shown
from inception_viz.pictures.kinds import BEGINNING, why_unfit
from inception_viz.training.arrangement import Arrangement, File, arrange, is_made_by_a_tool
from inception_viz.training.data import LEFT_OUT

MAX_FILES = 50_000
MAX_ENTRIES = 4 * MAX_FILES  # some systems put a hidden file beside each
MAX_BYTES = 4 * 2**30  # of everything, unpacked
MAX_FILE_BYTES = 50 * 2**20
MAX_CLASSES = 1000
_CHUNK = 2**20
_ENCRYPTED = 1  # a flag
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for any amount of memory
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError)


@dataclass(frozen=True)
class Unpacked:
    """Where the class folders lie, how many pictures they hold, what was left out and why.

    ``guessed``: the encoding that the files' names were read in, where the archive doesn't say it.
    """

    folder: Path
    pictures: int
    left_out: tuple[str, ...]
    guessed: str = ""


def look_into(
    file: BinaryIO, *, splits: bool | None = None, names: str | None = None
) -> tuple[Arrangement[zipfile.ZipInfo], str]:
    """Classes, splits and what would be left out of a ZIP; and the encoding guessed for its names.

    Args:
        file: the open archive.
        splits: as in :func:`~inception_viz.training.arrangement.arrange`.
        names: the encoding of names that the archive doesn't mark; None guesses it.

    Raises:
        SplitQuestionError: if it isn't clear whether folders are parts of the data or classes.
        DataError: as :func:`unpack`.
    """
    with _opened(file) as archive:
        return _arranged(archive, splits, names)


def unpack(
    file: BinaryIO, folder: Path, *, splits: bool | None = None, names: str | None = None
) -> Unpacked:
    """Write the pictures of a ZIP into class folders below ``folder``.

    The archive holds one folder per class, or parts of the data with one folder per class each;
    folders around them are fine. Pictures are known by how they begin; the rest is left out, and
    what that was is written beside the class folders.

    Raises:
        DataError: if it is no ZIP, is damaged or encrypted, unpacks to too much, or has no class
            folders.
    """
    with _opened(file) as archive:
        found, guessed = _arranged(archive, splits, names)
        try:
            counts: Counter[tuple[str, ...]] = Counter()
            left = MAX_BYTES
            both = found.validation is not None
            for split, pictures in (("train", found.train), ("val", found.validation or ())):
                for entry, target in pictures:
                    label = file_name(found.labels[target])
                    place = (split, label) if both else (label,)
                    counts[place] += 1
                    left = _write(archive, entry, folder.joinpath(*place), counts[place], left)
            (folder / LEFT_OUT).write_text(json.dumps(found.left_out), "utf-8")
        except OSError as error:
            if isinstance(error, zipfile.BadZipFile):
                raise
            raise DataError(
                f"The pictures can't be written to {folder} ({error.strerror or error}). Free some "
                "space or allow writing there."
            ) from error
    return Unpacked(folder, counts.total(), found.left_out, guessed)


@contextmanager
def _opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The archive; what is wrong with it becomes a sentence."""
    if not check_directory(file, MAX_ENTRIES):
        raise DataError(f"This ZIP has more than {MAX_ENTRIES:,} entries. Make a smaller one.")
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except _DAMAGED as error:
        raise DataError(
            "This file can't be read as a ZIP. It may be damaged or of another kind; make it again."
        ) from error
    except RuntimeError as error:  # what zipfile raises for encrypted files
        if isinstance(error, DataError):
            raise
        raise DataError("This ZIP is encrypted. Make one without a password.") from error


def _arranged(
    archive: zipfile.ZipFile, splits: bool | None, names: str | None
) -> tuple[Arrangement[zipfile.ZipInfo], str]:
    entries = archive.infolist()
    guessed = "" if names else _guess([e for e in entries if _unmarked(e)])
    paths = {id(e): _parts(e, names or guessed or "cp437") for e in entries}
    files = [e for e in entries if not _is_folder(e)]
    kept = [e for e in files if not any(map(is_made_by_a_tool, paths[id(e)]))]
    if any(entry.compress_type not in _METHODS for entry in kept):
        raise DataError("This ZIP is packed in an unusual way. Make it again as a plain ZIP.")
    if len(kept) > MAX_FILES:
        raise DataError(f"This ZIP has more than {MAX_FILES:,} pictures. Make a smaller one.")
    total = sum(entry.file_size for entry in kept)
    if total > MAX_BYTES:
        raise DataError(
            f"This ZIP would unpack to {total / 2**30:.1f} GiB; at most {MAX_BYTES / 2**30:.0f} "
            "are unpacked. Use fewer or smaller pictures."
        )
    known = {id(entry) for entry in kept}
    found = arrange(
        (
            File(paths[id(e)], e, _unfit(archive, e) if id(e) in known else "")
            for e in files
            if paths[id(e)]
        ),
        [paths[id(e)] for e in entries if _is_folder(e)],
        where="This ZIP",
        splits=splits,
    )
    if len(found.labels) > MAX_CLASSES:
        raise DataError(
            f"This ZIP has {len(found.labels):,} classes; {MAX_CLASSES:,} are possible."
        )
    return found, guessed


def _unfit(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    with archive.open(entry) as packed:
        return why_unfit(packed.read(BEGINNING))


# Names --------------------------------------------------------------------------------------------

NAME_ENCODINGS = ("utf-8", "cp437", "cp850", "cp1252", "cp866", "gbk", "shift_jis", "euc-kr")
_UTF8_FLAG, _UNICODE_PATH = 0x800, 0x7075


def _unmarked(entry: zipfile.ZipInfo) -> bool:
    """Whether a name has other letters than ASCII's and nothing says how they are written."""
    marked = entry.flag_bits & _UTF8_FLAG or _unicode_path(entry)
    return not marked and not entry.orig_filename.isascii()


def _unicode_path(entry: zipfile.ZipInfo) -> str:
    """Info-ZIP's Unicode path field, if it is there and belongs to this name."""
    rest = entry.extra
    while len(rest) >= 4:
        kind, size = struct.unpack_from("<2H", rest)
        field, rest = rest[4 : 4 + size], rest[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5 and field[0] == 1:
            (crc,) = struct.unpack_from("<I", field, 1)
            if crc == zlib.crc32(_raw(entry)):
                return field[5:].decode("utf-8", "replace")
    return ""


def _raw(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("cp437", "replace")


def _guess(entries: list[zipfile.ZipInfo]) -> str:
    """The encoding of unmarked names: UTF-8 if all are, else that of the archive's system."""
    if not entries:
        return ""
    try:
        for entry in entries:
            _raw(entry).decode("utf-8")
    except UnicodeDecodeError:
        dos = entries[0].create_system == 0
        return "cp437" if dos else "cp1252"
    return "utf-8"


def _parts(entry: zipfile.ZipInfo, encoding: str) -> tuple[str, ...]:
    name = _unicode_path(entry) or entry.filename
    if _unmarked(entry):
        name = _raw(entry).decode(encoding, "replace").partition("\0")[0]
    return tuple(part for part in re.split(r"[/\\]+", name) if part.strip(". "))


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return not entry.filename or entry.filename.endswith(("/", "\\"))


def _write(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, number: int, left: int
) -> int:
    """Unpack one picture; returns how many bytes may still come."""
    folder.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, (folder / f"{number:06}").open("wb") as copy:
        size = 0
        while chunk := source.read(_CHUNK):
            size, left = size + len(chunk), left - len(chunk)
            if size > MAX_FILE_BYTES or left < 0:  # whatever the archive claimed
                raise DataError(
                    f"{shown(entry.filename, 80)} unpacks to more than "
                    f"{MAX_FILE_BYTES / 2**20:.0f} MiB. Use smaller pictures."
                )
            copy.write(chunk)
    return left
