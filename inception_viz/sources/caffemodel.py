"""Read the blobs of a ``.caffemodel``, Caffe's binary NetParameter.

The messages' field names and numbers are facts of the format (Caffe's caffe.proto, proto2, and
NVIDIA's fork of it). Only the fields that carry weights are declared; protobuf skips the rest.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from google.protobuf.message import DecodeError, Message

from inception_viz.errors import WeightsError
from inception_viz.files.foreign import shown
from inception_viz.files.paths import is_file
from inception_viz.sources.protobuf import fields_in, messages
from inception_viz.sources.stored import State, Stored

MAX_FILE_BYTES = 2**30
MAX_BLOB_VALUES = 2**28
MAX_DIMENSIONS = 8
MAX_LAYERS = 2000
MAX_BLOBS = 16  # of one layer

_SCHEMA = {
    "BlobShape": {"dim": (1, "+int64")},
    "BlobProto": {
        "num": (1, "int32"),
        "channels": (2, "int32"),
        "height": (3, "int32"),
        "width": (4, "int32"),
        "data": (5, "+float"),
        "shape": (7, "BlobShape"),
        "double_data": (8, "+double"),
        "raw_data_type": (10, "int32"),
        "raw_data": (12, "bytes"),
    },
    "V0LayerParameter": {"name": (1, "string")},
    "V1LayerParameter": {
        "layer": (1, "V0LayerParameter"),
        "name": (4, "string"),
        "blobs": (6, "*BlobProto"),
    },
    "LayerParameter": {"name": (1, "string"), "blobs": (7, "*BlobProto")},
    "NetParameter": {
        "name": (1, "string"),
        "layers": (2, "*V1LayerParameter"),
        "layer": (100, "*LayerParameter"),
    },
}
_OLD_SHAPE = ("num", "channels", "height", "width")
_RAW_TYPES = {0: "<f8", 1: "<f4", 2: "<f2"}  # NVIDIA's Caffe: DOUBLE, FLOAT, FLOAT16
_VALUES = ("weight", "bias")


def read_stored(path: Path) -> Stored:
    """The file's tensors, named "<layer>.weight" and "<layer>.bias"; further blobs by number.

    Raises:
        WeightsError: as :func:`read_caffemodel`.
    """
    state: State = {}
    for layer, blobs in read_caffemodel(path).items():
        for index, blob in enumerate(blobs):
            value = _VALUES[index] if index < len(_VALUES) else str(index)
            state[f"{layer}.{value}"] = torch.from_numpy(blob)
    return Stored({"": state})


def read_caffemodel(path: str | Path) -> dict[str, tuple[np.ndarray, ...]]:
    """Layer name → its blobs as float32 arrays in their stored shapes; layers without are left out.

    Takes both the field ``layer`` and the older ``layers``, both ways to state a shape, and
    NVIDIA's raw values of 16, 32 or 64 bits.

    Raises:
        WeightsError: naming the file, and the layer and blob where there is one.
    """
    path = Path(path) if isinstance(path, str) else path
    net = _parse(path)
    if any(layer.HasField("layer") for layer in net.layers):
        raise WeightsError(
            f"{path.name} is of Caffe's oldest format. Convert it with Caffe's "
            "upgrade_net_proto_binary and try again."
        )
    blobs: dict[str, tuple[np.ndarray, ...]] = {}
    for layer in (*net.layer, *net.layers):
        if not layer.blobs:
            continue
        if not isinstance(layer.name, str):  # protobuf gives bytes where it isn't UTF-8
            raise WeightsError(
                f"{path.name} has a layer whose name is no text ({layer.name!r:.60}). "
                "It is damaged."
            )
        if layer.name in blobs:
            raise WeightsError(
                f'{path.name} has the layer "{shown(layer.name)}" twice. It is damaged.'
            )
        blobs[layer.name] = tuple(
            _array(blob, f'Blob {index} of the layer "{shown(layer.name)}" in {path.name}')
            for index, blob in enumerate(layer.blobs)
        )
    if not blobs:
        raise WeightsError(f"{path.name} holds no weights. Use a trained .caffemodel.")
    return blobs


def _parse(path: Path) -> Any:
    try:
        if not is_file(path):
            raise WeightsError(f"There is no file {path}. Check the path.")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise WeightsError(
                f"{path.name} is {size / 2**20:,.0f} MiB; a .caffemodel of at most "
                f"{MAX_FILE_BYTES // 2**20:,} MiB is read."
            )
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} can't be read ({error.strerror}).") from error
    _refuse_swarms(content, path.name)
    net = caffe_messages()["NetParameter"]()
    try:
        net.ParseFromString(content)
    except (DecodeError, UnicodeDecodeError) as error:
        raise WeightsError(
            f"{path.name} is no .caffemodel, or it is truncated. Download it again."
        ) from error
    return net


def _refuse_swarms(content: bytes, name: str) -> None:
    """Count layers and blobs from their tags alone: millions of empty ones fill the memory."""
    layers = 0
    for number, kind, start, end in fields_in(content):
        if number in (2, 100) and kind == 2:
            layers += 1
            own = fields_in(content, start, end, MAX_BLOBS * 8)
            blobs = sum(n in (6, 7) and k == 2 for n, k, _, _ in own)
            if layers > MAX_LAYERS or blobs > MAX_BLOBS:
                raise WeightsError(f"{name} has far more layers or blobs than a GoogLeNet.")


def _array(blob: Any, where: str) -> np.ndarray:
    if blob.HasField("shape"):
        shape = tuple(blob.shape.dim)
    else:
        shape = tuple(getattr(blob, side) for side in _OLD_SHAPE)
    if not 0 < len(shape) <= MAX_DIMENSIONS or min(shape) < 1 or math.prod(shape) > MAX_BLOB_VALUES:
        raise WeightsError(f"{where} claims the shape {shape}. It is damaged.")
    values = _values(blob, where)
    if len(values) != math.prod(shape):
        raise WeightsError(
            f"{where} claims the shape {shape}, which takes {math.prod(shape):,} "
            f"values, but has {len(values):,}. The file is damaged."
        )
    with np.errstate(over="ignore"):  # a double beyond float32 turns infinite and is refused below
        array = np.array(values, dtype=np.float32).reshape(shape)
    if not np.isfinite(array).all():
        raise WeightsError(f"{where} has values that are not finite. It is damaged.")
    return array


def _values(blob: Any, where: str) -> Any:
    if not blob.HasField("raw_data"):
        return blob.data or blob.double_data
    kind = _RAW_TYPES.get(blob.raw_data_type)
    if kind is None:
        raise WeightsError(
            f"{where} holds raw values of type {blob.raw_data_type}, which is not used here. Save "
            "it as 16-bit or 32-bit floats."
        )
    if len(blob.raw_data) % np.dtype(kind).itemsize:
        raise WeightsError(f"{where} ends within a value. The file is damaged.")
    return np.frombuffer(blob.raw_data, dtype=kind)


@cache
def caffe_messages() -> dict[str, type[Message]]:
    """The schema as protobuf classes, in a pool of its own: another caffe.proto does no harm."""
    return messages(_SCHEMA, "caffe")
