from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inception_viz import WeightsError
from inception_viz.sources import caffe_messages, read_caffemodel


def net(**layers: list[tuple[tuple[int, ...], list[float]]]) -> Any:
    """A NetParameter with the newer ``layer`` field and BlobShape."""
    message: Any = caffe_messages()["NetParameter"]()
    for name, blobs in layers.items():
        layer = message.layer.add(name=name)
        for shape, values in blobs:
            blob = layer.blobs.add(data=values)
            blob.shape.dim.extend(shape)
    return message


def write(path: Path, message: Any) -> Path:
    path.write_bytes(message.SerializeToString())
    return path


# Protobuf by hand: (field number << 3 | wire type), length, content. Wire type 2 is
# length-delimited, 0 a varint.
def field(number: int, content: bytes) -> bytes:
    tag = number << 3 | 2
    head = bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return head + length + content


def varint_field(number: int, value: int) -> bytes:
    return bytes([number << 3, value])


FOUR = field(5, struct.pack("<f", 1))
FLOATS = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
NEW_BLOB = field(7, field(1, bytes([2, 3]))) + field(5, FLOATS)
OLD_BLOB = b"".join(varint_field(i, v) for i, v in ((1, 1), (2, 1), (3, 2), (4, 3))) + field(
    5, FLOATS
)


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (field(100, field(1, b"ip") + field(2, b"InnerProduct") + field(7, NEW_BLOB)), (2, 3)),
        (field(100, field(1, b"ip") + field(7, OLD_BLOB)), (1, 1, 2, 3)),
        (field(2, field(4, b"ip") + varint_field(5, 14) + field(6, OLD_BLOB)), (1, 1, 2, 3)),
        (field(2, field(4, b"ip") + field(6, NEW_BLOB)), (2, 3)),
    ],
)
def test_bytes_written_by_hand(tmp_path: Path, content: bytes, shape: tuple[int, ...]) -> None:
    path = tmp_path / "hand.caffemodel"
    path.write_bytes(field(1, b"net") + content)
    (blob,) = read_caffemodel(path)["ip"]
    assert blob.dtype == np.float32
    np.testing.assert_array_equal(blob, np.arange(1, 7, dtype=np.float32).reshape(shape))


def test_doubles_and_layers_without_blobs(tmp_path: Path) -> None:
    message = net(a=[((2,), [1.0, 2.0])])
    message.layer.add(name="relu")
    blob = message.layer.add(name="b").blobs.add(double_data=[3.0, 4.0])
    blob.shape.dim.append(2)
    blobs = read_caffemodel(write(tmp_path / "x.caffemodel", message))
    assert list(blobs) == ["a", "b"]
    assert blobs["b"][0].tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (net(conv=[((2, 2), [1.0, 2.0, 3.0])]), ["conv", "(2, 2)", "4 values", "has 3"]),
        (net(conv=[((-2, 2), [1.0])]), ["conv", "(-2, 2)"]),
        (net(conv=[((2**40, 2**40), [1.0])]), ["conv", "claims the shape"]),
        (net(conv=[((2,), [1.0, float("nan")])]), ["conv", "not finite"]),
        (net(conv=[]), ["no weights"]),
    ],
)
def test_bad_blobs_are_refused_by_name(tmp_path: Path, message: Any, words: list[str]) -> None:
    with pytest.raises(WeightsError) as error:
        read_caffemodel(write(tmp_path / "bad.caffemodel", message))
    assert all(word in str(error.value) for word in [*words, "bad.caffemodel"])


def test_names_are_told_as_written(tmp_path: Path) -> None:
    message = net(Inception_3a=[((2,), [1.0])])
    with pytest.raises(WeightsError) as error:
        read_caffemodel(write(tmp_path / "MyModel.caffemodel", message))
    assert 'Blob 0 of the layer "Inception_3a" in MyModel.caffemodel' in str(error.value)


def test_doubles_beyond_float32_are_refused(tmp_path: Path) -> None:
    message: Any = caffe_messages()["NetParameter"]()
    blob = message.layer.add(name="a").blobs.add(double_data=[1e300])
    blob.shape.dim.append(1)
    with pytest.raises(WeightsError, match="not finite"):
        read_caffemodel(write(tmp_path / "x.caffemodel", message))


def test_a_layer_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.caffemodel"
    path.write_bytes(field(100, field(1, b"\xff\xfe") + field(7, NEW_BLOB)))
    with pytest.raises(WeightsError, match="no text"):
        read_caffemodel(path)


def test_a_layer_twice_and_the_oldest_format(tmp_path: Path) -> None:
    message = net(a=[((1,), [1.0])])
    message.MergeFrom(net(a=[((1,), [2.0])]))
    with pytest.raises(WeightsError, match="twice"):
        read_caffemodel(write(tmp_path / "twice.caffemodel", message))
    oldest: Any = caffe_messages()["NetParameter"]()
    oldest.layers.add().layer.name = "conv"
    for message in (oldest, net(a=[((1,), [1.0])])):  # alone, and beside newer layers
        message.MergeFrom(oldest)
        with pytest.raises(WeightsError, match="upgrade_net_proto_binary"):
            read_caffemodel(write(tmp_path / "old.caffemodel", message))


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", b"\xff" * 100, b"PK\x03\x04" + bytes(50)]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.caffemodel"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"other\.caffemodel"):
        read_caffemodel(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.caffemodel", tmp_path):
        with pytest.raises(WeightsError, match="no file"):
            read_caffemodel(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x12\x00" * 100_000,  # layers with nothing in them
        field(100, field(1, b"x") + b"\x3a\x00" * 50),  # a layer of many empty blobs
        field(100, field(1, b"x") + field(7, field(7, field(1, b"\x01" * 100)) + FOUR)),
    ],
)
def test_swarms_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "swarm.caffemodel"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"swarm\.caffemodel"):
        read_caffemodel(path)


def test_damaged_bytes_give_blobs_or_a_sentence(tmp_path: Path) -> None:
    good = net(a=[((2, 3), [1.0] * 6)], b=[((4,), [2.0] * 4)]).SerializeToString()
    chance = random.Random(0)
    path = tmp_path / "fuzz.caffemodel"
    for _ in range(300):
        damaged = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.randint(1, len(damaged))])
        try:
            assert read_caffemodel(path)
        except WeightsError as error:
            assert "fuzz.caffemodel" in str(error)


def test_the_real_file(caffemodel: Path) -> None:
    blobs = read_caffemodel(caffemodel)
    assert sum(blob.size for layer in blobs.values() for blob in layer) == 6_998_552
    assert blobs["conv1/7x7_s2"][0].shape == (64, 3, 7, 7)
