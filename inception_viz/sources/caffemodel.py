"""Read the blobs of a ``.caffemodel``, Caffe's binary NetParameter.

The messages' field names and numbers are facts of the format (Caffe's caffe.proto, proto2). Only
the fields that carry weights are declared; protobuf skips the rest.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from inception_viz.errors import WeightsError
from inception_viz.files.foreign import shown
from inception_viz.files.paths import is_file

MAX_FILE_BYTES = 2**30
MAX_BLOB_VALUES = 2**28
MAX_DIMENSIONS = 8
MAX_LAYERS = 2000
MAX_BLOBS = 16  # of one layer

# message → field → (number, type); "*" in front means repeated, "+" repeated and packed.
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


def read_caffemodel(path: str | os.PathLike[str]) -> dict[str, tuple[np.ndarray, ...]]:
    """Layer name → its blobs as float32 arrays in their stored shapes; layers without are left out.

    Takes both the field ``layer`` and the older ``layers``, and both ways to state a shape.

    Raises:
        WeightsError: naming the file, and the layer and blob where there is one.
    """
    path = Path(path)
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
    for number, start, end in _messages_in(content, 0, len(content)):
        if number in (2, 100):
            layers += 1
            blobs = sum(n in (6, 7) for n, _, _ in _messages_in(content, start, end, MAX_BLOBS * 8))
            if layers > MAX_LAYERS or blobs > MAX_BLOBS:
                raise WeightsError(f"{name} has far more layers or blobs than a GoogLeNet.")


def _messages_in(
    content: bytes, place: int, end: int, most: int | None = None
) -> Iterator[tuple[int, int, int]]:
    """Field number, start and end of the length-delimited fields; stops where it can't go on."""

    def varint(place: int) -> tuple[int, int]:
        value = shift = 0
        while place < end and shift < 64:
            byte = content[place]
            value, place, shift = value | (byte & 127) << shift, place + 1, shift + 7
            if byte < 128:
                break
        return value, place

    count = 0
    while place < end:
        tag, place = varint(place)
        kind = tag & 7
        if kind == 2:
            length, place = varint(place)
            yield tag >> 3, place, min(place + length, end)
            place += length
        elif kind == 0:
            _, place = varint(place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            return
        count += 1
        if most is not None and count > most:
            return


def _array(blob: Any, where: str) -> np.ndarray:
    if blob.HasField("shape"):
        shape = tuple(blob.shape.dim)
    else:
        shape = tuple(getattr(blob, side) for side in _OLD_SHAPE)
    values = blob.data or blob.double_data
    if not 0 < len(shape) <= MAX_DIMENSIONS or min(shape) < 1 or math.prod(shape) > MAX_BLOB_VALUES:
        raise WeightsError(f"{where} claims the shape {shape}. It is damaged.")
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


@cache
def caffe_messages() -> dict[str, type[Message]]:
    """The schema as protobuf classes, in a pool of its own: another caffe.proto does no harm."""
    file = descriptor_pb2.FileDescriptorProto(
        name="inception_viz_caffe.proto", package="caffe", syntax="proto2"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, declared in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind) in declared.items():
            field = message.field.add(name=field_name, number=number)
            repeated, bare = kind[0] in "*+", kind.lstrip("*+")
            field.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            field.options.packed = kind[0] == "+"
            if bare in _SCHEMA:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".caffe.{bare}"
                field.ClearField("options")
            else:
                field.type = getattr(kinds, f"TYPE_{bare.upper()}")
                if kind[0] != "+":
                    field.ClearField("options")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"caffe.{name}"))
        for name in _SCHEMA
    }
