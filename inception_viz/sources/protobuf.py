"""Protocol buffers of files that nobody vouches for: their outline, and messages from a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

Schema = Mapping[str, Mapping[str, tuple[int, str]]]
"""Message → field → (number, type); "*" in front means repeated, "+" repeated and packed."""


def fields_in(
    content: bytes, place: int = 0, end: int | None = None, most: int | None = None
) -> Iterator[tuple[int, int, int, int]]:
    """The fields of a message: number, wire type, start and end of the value.

    Nothing is unpacked; stops at the ``most``-th field, or where it can't go on.
    """
    end = len(content) if end is None else min(end, len(content))

    def varint(place: int) -> tuple[int, int]:
        value = shift = 0
        while place < end and shift < 64:
            byte = content[place]
            value, place, shift = value | (byte & 127) << shift, place + 1, shift + 7
            if byte < 128:
                break
        return value, place

    count = 0
    while place < end and (most is None or count <= most):
        tag, place = varint(place)
        kind, start = tag & 7, place
        if kind == 2:
            length, start = varint(place)
            place = start + length
        elif kind == 0:
            _, place = varint(place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            return
        yield tag >> 3, kind, start, min(place, end)
        count += 1


def messages(schema: Schema, package: str) -> dict[str, type[Message]]:
    """The messages of a schema (proto2) as classes, in a pool that clashes with no other."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"inception_viz_{package}.proto", package=package, syntax="proto2"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, declared in schema.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind) in declared.items():
            field = message.field.add(name=field_name, number=number)
            repeated, bare = kind[0] in "*+", kind.lstrip("*+")
            field.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            if kind[0] == "+":
                field.options.packed = True
            if bare in schema:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".{package}.{bare}"
            else:
                field.type = getattr(kinds, f"TYPE_{bare.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in schema
    }
