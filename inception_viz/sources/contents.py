"""What a file is, from its first bytes; its name counts for nothing.

A reader is one file and one entry in :data:`READERS`; what can't be read is told in a sentence.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NamedTuple

from inception_viz.errors import WeightsError
from inception_viz.files.paths import is_file
from inception_viz.sources import caffemodel, graphdef, onnx_file, pytorch_file, state_files
from inception_viz.sources.pickle_check import check_archive
from inception_viz.sources.protobuf import fields_in
from inception_viz.sources.state_files import MAX_FILE_BYTES
from inception_viz.sources.stored import Stored

HEAD = 4096
MAX_TRIED = 8  # files of a ZIP
MIN_BYTES = 4096  # smaller files hold no network
MAX_FIELDS = 50_000  # of a protocol buffer, that are looked at


@dataclass(frozen=True)
class Beginning:
    """What can be seen of a file without reading it."""

    path: Path
    head: bytes

    @cached_property
    def outline(self) -> tuple[tuple[int, int], ...]:
        """Number and wire type of the fields of a protocol buffer; () where it is none."""
        if self.head[:1] not in (b"\x08", b"\x0a", b"\x12", b"\x1a", b"\xa2"):
            return ()
        try:
            small = self.path.stat().st_size <= MAX_FILE_BYTES
            content = self.path.read_bytes() if small else self.head
        except OSError:
            return ()
        return tuple((number, kind) for number, kind, _, _ in fields_in(content, most=MAX_FIELDS))


class Reader(NamedTuple):
    """A format: how its files begin, and what reads them."""

    title: str
    recognises: Callable[[Beginning], bool]
    read: Callable[[Path], Stored]


def _is_safetensors(file: Beginning) -> bool:
    return file.head[8:9] == b"{" and int.from_bytes(file.head[:8], "little") < 2**32


def _is_pytorch(file: Beginning) -> bool:
    if file.head.startswith(b"PK\3\4"):
        return pytorch_file.is_checkpoint(file.path)
    return bool(re.match(rb"\x80[\x02-\x05]", file.head))


def _is_onnx(file: Beginning) -> bool:
    return {(1, 0), (7, 2)} <= set(file.outline)


def _is_caffe(file: Beginning) -> bool:
    found = file.outline
    return (100, 2) in found or (
        (2, 2) in found and not {(1, 0), (7, 2)} & set(found) and found.count((1, 2)) < 2
    )


def _is_graph(file: Beginning) -> bool:
    return (1, 2) in file.outline and (100, 2) not in file.outline


def _is_solver(file: Beginning) -> bool:
    found = set(file.outline)
    return (1, 0) in found and bool({(2, 2), (3, 2)} & found)


READERS: tuple[Reader, ...] = (
    Reader("safetensors", _is_safetensors, state_files.read_stored),
    Reader("PyTorch checkpoint", _is_pytorch, pytorch_file.read_stored),
    Reader("ONNX", _is_onnx, onnx_file.read_stored),
    Reader("Caffe model", _is_caffe, caffemodel.read_stored),
    Reader("TensorFlow graph", _is_graph, graphdef.read_stored),
)

_FORMATS = (
    "a PyTorch checkpoint, safetensors, a .caffemodel, an ONNX file or a frozen TensorFlow graph"
)
_AGAIN = "Download the file itself again."
_OTHERS: tuple[tuple[str, str], ...] = (  # how such a file begins, and what to say of it
    (
        r"version https://git-lfs",
        "is a pointer of Git LFS, not the weights: the large file was left on the server. Fetch it "
        "with git lfs pull, or download it from the page of the repository.",
    ),
    (
        r"\s*(<!doctype html|<html|<head|<\?xml[^>]*>\s*<html)",
        "is a web page that was saved in place of the weights, perhaps a page that asks to confirm "
        f"or to log in. Open the address in a browser. {_AGAIN}",
    ),
    (
        r"\s*(name\s*:|layers?\s*\{|input\s*:|#.*\n)",
        "describes a network in text and has no weights. Give the .caffemodel that belongs to it.",
    ),
    (r"\s*[\[{]", "is JSON text and has no weights. Give the file of weights that belongs to it."),
    (r"\x89HDF", "is an HDF5 file, as Keras saves. Only " + _FORMATS + " can be read."),
    (r"GGUF", "is a GGUF file, for language models. It holds no GoogLeNet."),
    (r"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!", "is compressed. Unpack it and give what is in it."),
    (r"\x93NUMPY", "is a NumPy array. Save all the weights: torch.save(model.state_dict(), path)."),
    (r"\xff\xd8\xff|\x89PNG|GIF8|BM|II\*|MM\x00\*", "is a picture. Choose it as a photo instead."),
    (r"%PDF", "is a PDF. Give the file of weights."),
)


def read(path: Path) -> Stored:
    """What lies in a file of weights, whatever its name; a ZIP may hold that file.

    Raises:
        WeightsError: saying what the file is, if it is none that can be read.
    """
    try:
        if not is_file(path):
            raise WeightsError(f"There is no file {path}. Check the path.")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise WeightsError(f"{path} can't be read ({error.strerror or error}).") from error
    if not head:
        raise WeightsError(f"{path.name} is empty. Copy or download it again.")
    beginning = Beginning(path, head)
    if head.startswith(b"PK\3\4"):
        check_archive(path)
    if head.startswith(b"PK\3\4") and pytorch_file.is_torchscript(path):
        raise WeightsError(
            f"{path.name} is a TorchScript program (torch.jit.save), and reading it would mean "
            "running it. Save the weights alone: torch.save(model.state_dict(), path)."
        )
    for reader in READERS:
        if reader.recognises(beginning):
            return reader.read(path)
    text = head.decode("latin-1")
    for pattern, what in _OTHERS:
        if re.match(pattern, text, re.IGNORECASE):
            raise WeightsError(f"{path.name} {what}")
    if _is_solver(beginning):
        raise WeightsError(
            f"{path.name} holds the state of Caffe's solver, not a network. Give the .caffemodel "
            "that was saved with it."
        )
    if head.startswith(b"PK\3\4"):
        if (stored := _within(path)) is not None:
            return stored
        raise WeightsError(
            f"{path.name} is a ZIP archive without weights of PyTorch. Unpack it and give the file "
            "of weights in it."
        )
    raise WeightsError(f"{path.name or path} is no weights file that can be read. Use {_FORMATS}.")


@dataclass(frozen=True)
class _Member:
    """A file in a ZIP, unpacked into memory: what readers need of a path."""

    name: str
    data: bytes

    def is_file(self) -> bool:
        return True

    def open(self, _mode: str = "rb") -> IO[bytes]:
        return io.BytesIO(self.data)

    def read_bytes(self) -> bytes:
        return self.data

    def stat(self) -> Any:
        return SimpleNamespace(st_size=len(self.data))


def _within(path: Path) -> Stored | None:
    """The file of weights in a ZIP, such as an exported network's; None if there is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [e for e in archive.infolist() if MIN_BYTES < e.file_size <= MAX_FILE_BYTES]
            for entry in entries[:MAX_TRIED]:
                with archive.open(entry) as packed:
                    member: Any = _Member(path.name, packed.read(MAX_FILE_BYTES))
                beginning = Beginning(member, member.data[:HEAD])
                for reader in READERS:
                    if reader.recognises(beginning):
                        return reader.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
        return None  # damaged, encrypted, or packed in a way that Python does not know
    return None
