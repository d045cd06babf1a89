"""Files of weights: safetensors, PyTorch's ZIPs, older pickles, Caffe's models."""

from __future__ import annotations

import io
import json
import pickle
import random
import re
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

import inception_viz as iv
from inception_viz.architecture import AuxHeadConfig, GoogLeNetConfig, ModuleRow, StemConfig
from inception_viz.sources import FAMILIES, caffe_messages, save_weights
from tests.hostile.archives import bent_zip, rebuilt
from tests.hostile.graphs import bent_graph, bent_onnx
from tests.hostile.mutation import NUMBERS, TEXTS, bent, bent_json, damaged
from tests.hostile.target import Target

MEGABYTES = 96
_ROW = ModuleRow(2, 1, 2, 1, 2, 1)
_LEAN_ROW = ModuleRow(2, 0, 0, 0, 0, None)
_TINY: dict[str, Any] = {
    "stem": StemConfig(2, 2, 2),
    "stage3": (_ROW,),
    "stage4": (_ROW,),
    "stage5": (_ROW,),
    "classes": 3,
    "aux1": AuxHeadConfig("4a", 2, 4),
    "aux2": None,
    "input_size": 96,
}
_LEAN = _TINY | {"stage4": (_LEAN_ROW,), "stage5": (_LEAN_ROW,)}


def targets() -> list[Target]:
    """One a format."""
    plans: list[tuple[str, str, Callable[[random.Random], bytes]]] = [
        ("safetensors", ".safetensors", _safetensors),
        ("pth zip", ".pth", _pth),
        ("pth pickle", ".pth", _pickle),
        ("caffemodel", ".caffemodel", _caffe),
        ("graph", ".pb", bent_graph),
        ("onnx", ".onnx", bent_onnx),
    ]
    return [
        Target(name, make, partial(read, suffix), (iv.WeightsError,), MEGABYTES)
        for name, suffix, make in plans
    ]


def read(suffix: str, data: bytes, folder: Path) -> None:
    """Load it, and see that what comes is a network whose labels can be shown."""
    path = folder / f"weights{suffix}"
    path.write_bytes(data)
    loaded = iv.load(path)
    assert len(loaded.labels) == loaded.config.classes
    assert all(label.isprintable() for label in loaded.labels)
    assert all(p.isfinite().all() and p.device.type == "cpu" for p in loaded.network.parameters())
    assert sorted(p.name for p in folder.iterdir()) == [path.name]


_KINDS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
TORCHVISION = (
    *(f"{layer}.{part}" for layer in ("conv1", "conv2", "conv3") for part in ("conv", "bn")),
    *(
        f"inception{module}.{branch}.{part}"
        for module in ("3a", "4a", "5a")
        for branch in ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")
        for part in ("conv", "bn")
    ),
    "fc",
)
CAFFE = (
    *("conv1/7x7_s2", "conv2/3x3_reduce", "conv2/3x3"),
    *(
        f"inception_{module}/{layer}"
        for module in ("3a", "4a", "5a")
        for layer in ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")
    ),
    *("loss1/conv", "loss1/fc", "loss1/classifier", "loss3/classifier"),
)


def _renamed(
    state: dict[str, torch.Tensor], marker: str, layers: tuple[str, ...]
) -> Iterator[tuple[str, torch.Tensor]]:
    """A state dict of ours under the names of another family of files."""
    (family,) = [family for family in FAMILIES if family.marker == marker]
    for layer in layers:
        for kind in _KINDS:
            value = state.get(f"{family.layer(layer)}.{kind}")
            if value is not None:
                yield f"{layer}.{kind}", value


@cache
def _states() -> tuple[dict[str, torch.Tensor], ...]:
    """State dicts with our names, and with torchvision's."""
    ours = iv.load("random", config=GoogLeNetConfig.paper(**_LEAN)).network.state_dict()
    config = GoogLeNetConfig.torchvision(**{**_LEAN, "aux1": None})
    network = iv.load("random", config=config).network.state_dict()
    theirs = dict(_renamed(network, "inception3a.branch1.conv.weight", TORCHVISION))
    return dict(ours), theirs


@cache
def safetensors_seeds() -> tuple[bytes, ...]:
    """Our own files, with and without everything that metadata can hold."""
    weights = iv.load("random", config=GoogLeNetConfig.paper(**_LEAN)).weights
    made = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.safetensors"
        reference = {
            "mean": {m: {"1x1": 1.0, "3x3": 1.0, "5x5": 1.0, "pool": 1.0} for m in ("3a",
            "4a", "5a")},
            "photos": 3,
            "data": "photos",
        }  # fmt: skip
        reference["std"] = reference["mean"]
        for half in (True, False):
            save_weights(weights, path, half=half, reference=json.dumps(reference))
            made.append(_sorted(path.read_bytes()))
    return tuple(made)


def _sorted(data: bytes) -> bytes:
    """The header in one order: safetensors writes its metadata in any."""
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + length]), sort_keys=True).encode()
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def _safetensors(chance: random.Random) -> bytes:
    data = chance.choice(safetensors_seeds())
    if chance.random() < 0.25:
        return damaged(data, chance, safetensors_seeds())
    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    metadata = header["__metadata__"]
    kind = chance.random()
    if kind < 0.5:
        key = chance.choice(list(metadata))
        try:
            metadata[key] = bent_json(json.loads(metadata[key]), chance)
        except ValueError:
            metadata[key] = bent(metadata[key], chance)
    elif kind < 0.9:
        tensor = chance.choice([name for name in header if name != "__metadata__"])
        field = chance.choice(("dtype", "shape", "data_offsets", "name"))
        if field == "name":
            header[bent(tensor, chance)] = header.pop(tensor)
        elif field == "dtype":
            header[tensor][field] = chance.choice(
                ("F64", "I64", "BOOL", "F8_E5M2", "U8", "F16", "X")
            )
        else:
            header[tensor][field] = json.loads(_numbers(header[tensor][field], chance))
    text = json.dumps(header)
    content = (bent(text, chance) if kind >= 0.9 else text).encode("utf-8", "surrogatepass")
    return len(content).to_bytes(8, "little") + content + data[8 + length :]


def _numbers(values: list[int], chance: random.Random) -> str:
    changed = list(values) or [1]
    changed[chance.randrange(len(changed))] = chance.choice(NUMBERS) * chance.choice((1, 1, -1))
    return json.dumps(changed * chance.choice((1, 1, 1, 2)))


@cache
def pth_seeds(zipped: bool) -> tuple[bytes, ...]:
    """State dicts bare and wrapped, ours and torchvision's."""
    made = []
    ours, theirs = map(_in_one_storage, _states()) if not zipped else _states()
    for content in (theirs, {"epoch": 1, "state_dict": theirs}, ours):
        buffer = io.BytesIO()
        torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
        made.append(_renumbered(buffer.getvalue()))
    return tuple(made)


def _in_one_storage(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Older files order storages by their addresses: with one, the same bytes come each time."""
    floats = {name: value for name, value in state.items() if value.is_floating_point()}
    flat = torch.cat([value.flatten() for value in floats.values()])
    parts = torch.split_with_sizes(flat, [value.numel() for value in floats.values()])
    return {name: part.view(floats[name].shape) for name, part in zip(floats, parts, strict=True)}


def _renumbered(data: bytes) -> bytes:
    """Numbers in place of the addresses that older files call their storages by."""
    numbers: dict[bytes, bytes] = {}

    def number(found: re.Match[bytes]) -> bytes:
        return numbers.setdefault(found[0], b"%0*d" % (len(found[0]), len(numbers)))

    return re.sub(rb"(?<=X[\x0b-\x14]\0\0\0)\d{11,20}", number, data)


def _pth(chance: random.Random) -> bytes:
    data = chance.choice(pth_seeds(True))
    kind = chance.random()
    if kind < 0.2:
        return damaged(data, chance, pth_seeds(True))
    if kind < 0.5:
        return bent_zip(data, chance)

    def change(name: str, content: bytes) -> bytes:
        if name.endswith("data.pkl"):
            return bent_pickle(content, chance)
        return damaged(content, chance) if chance.random() < 0.02 else content

    return rebuilt(data, change, zipfile.ZIP_STORED)


class _Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, ("true",)


_PIECES = (
    b"cos\nsystem\n(X\x04\x00\x00\x00truetR", b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R",
    b"(X\x04\x00\x00\x00trueios\nsystem\n", b"cbuiltins\nexec\n(X\x01\x00\x00\x000tR",
    b"cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R", b"ctorch\nSize\n(J\xff\xff\xff\x7ft\x85R",
    b"ccollections\nOrderedDict\n)R", b"r\xff\xff\xff\x7f", b"q\xff", b"j\xff\xff\xff\x7f",
    b"h\x00",
    b"Px\n", b"Q", b"R", b"b", b"\x81", b"\x92", b"0", b"2", b"1", b"(", b"t", b"l", b"d",
    b"e", b"u", b"s",
    b"}" * 3000, b"(" * 3000, b"\x8b\xff\xff\xff\x7f", b"\x8a\xff" + b"\x7f" * 255, b"\x82\x01",
    b"\x95\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"I1\n", b"L1L\n",
    b"F1e999\n", b"\x97", b"\x98", b"N", b"\x88", b".", b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n", b"ctorch.serialization\nload\n", b"cnumpy\nndarray\n",
)  # fmt: skip


def bent_pickle(content: bytes, chance: random.Random) -> bytes:
    """A pickle with numbers, operations, or whole pieces changed."""
    kind = chance.random()
    if kind < 0.3:
        return damaged(content, chance)
    if kind < 0.35:
        return pickle.dumps({"a": _Harm()}, chance.choice((0, 2, 4)))
    result = bytearray(content)
    places = [i for i, byte in enumerate(result) if byte in b"KMJtRQqhXs\x85\x86\x87"]
    place = chance.choice(places)
    if kind < 0.65:
        number = struct.pack("<i", chance.choice((-1, *NUMBERS[:24])))
        end = place + {75: 2, 77: 3, 74: 5}.get(result[place], 1)
        result[place:end] = b"J" + number
    else:
        result[place:place] = chance.choice(_PIECES)
    return bytes(result)


def _pickle(chance: random.Random) -> bytes:
    data = chance.choice(pth_seeds(False))
    kind = chance.random()
    if kind < 0.3:
        return damaged(data, chance, (*pth_seeds(False), *pth_seeds(True)))
    if kind < 0.35:
        return data + chance.choice(pth_seeds(True))
    if kind < 0.4:
        return pickle.dumps({"a": _Harm()}, chance.choice((0, 1, 2, 3, 4, 5)))
    return bent_pickle(data, chance)


# Caffe --------------------------------------------------------------------------------------------


@cache
def caffe_seeds() -> tuple[bytes, ...]:
    """A whole tiny model, in the newer and in the older way."""
    config = GoogLeNetConfig.paper(**_TINY)
    state = iv.load("random", config=config).network.state_dict()
    made = []
    for old in (False, True):
        net: Any = caffe_messages()["NetParameter"](name="GoogleNet")
        layers: dict[str, list[torch.Tensor]] = {}
        for name, tensor in _renamed(state, "conv1/7x7_s2.weight", CAFFE):
            layers.setdefault(name.rpartition(".")[0], []).append(tensor)
        for name, tensors in layers.items():
            layer = (net.layers if old else net.layer).add(name=name)
            for tensor in tensors:
                blob = layer.blobs.add(data=tensor.flatten().tolist())
                if old:
                    shape = (1, 1, 1, 1, *tensor.shape)[-4:]
                    blob.num, blob.channels, blob.height, blob.width = shape
                else:
                    blob.shape.dim.extend(tensor.shape)
        made.append(net.SerializeToString())
    return tuple(made)


def _caffe(chance: random.Random) -> bytes:
    """Half of it in the messages' meaning, half in their bytes."""
    data = chance.choice(caffe_seeds())
    if chance.random() < 0.5:
        return damaged(data, chance, caffe_seeds())
    net: Any = caffe_messages()["NetParameter"]()
    net.ParseFromString(data)
    layers = net.layer or net.layers
    layer = chance.choice(list(layers))
    blob = chance.choice(list(layer.blobs))
    choice = chance.randrange(7)
    if choice == 0:
        layer.name = chance.choice([t for t in TEXTS if t.isprintable() or t in "\0\n\t\ufeff"])
    elif choice == 1:
        blob.shape.dim.extend(
            chance.choice(NUMBERS[:28]) * chance.choice((1, -1)) for _ in range(2)
        )
    elif choice == 2:
        blob.data.append(chance.choice((0.0, float("nan"), float("inf"), 3e38)))
    elif choice == 3:
        blob.double_data.extend([1e300] * chance.choice((1, len(blob.data))))
        if chance.random() < 0.5:
            blob.ClearField("data")
    elif choice == 4:
        layer.blobs.add().CopyFrom(blob)
    elif choice == 5:
        net.layers.add().layer.name = "x"
    else:
        layers.remove(layer)
    changed: bytes = net.SerializeToString()
    if chance.random() < 0.3:  # a field's tag or length
        place = changed.find(chance.choice((b"\x3a", b"\xa2\x06", b"\x0a", b"\x2a")))
        length = bytes((255,)) * chance.choice((1, 4, 9)) + b"\x01"
        changed = changed[: place + 1] + length + changed[place + 2 :]
    return changed
